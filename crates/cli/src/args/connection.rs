//! What the commands about connections take.

use clap::{Args, Subcommand, ValueEnum};

#[derive(Args)]
pub(crate) struct Connect {
    /// What you want to connect, in your words: "CRM", "my calendar"
    #[arg(long, group = "what")]
    pub intent: Option<String>,
    /// The app's key, as `membrane app list` shows it
    #[arg(long = "integrationKey", value_name = "KEY", group = "what",
        visible_aliases = ["integrationId", "connectorKey", "connectorId"])]
    pub integration_key: Option<String>,
    /// The connection to reconnect, by id or key
    #[arg(long = "connectionId", value_name = "ID", group = "what")]
    pub connection_id: Option<String>,
    /// A key of your own for the new connection
    #[arg(long = "connectionKey", value_name = "KEY", conflicts_with = "connection_id")]
    pub connection_key: Option<String>,
    /// What to call the connection
    #[arg(long)]
    pub name: Option<String>,
    /// Make one more connection of an app that has one
    #[arg(long = "allowMultipleConnections")]
    pub allow_multiple: bool,
    /// Which of the app's ways to connect
    #[arg(long = "authMethod", value_name = "KEY")]
    pub auth_method: Option<String>,
    /// A value of the app's form that is no secret, like subdomain=acme; may be given several times
    #[arg(long, value_name = "FIELD=VALUE")]
    pub input: Vec<String>,
    /// Read secret values of the form as JSON from standard input, like {"key": "…"}
    #[arg(long = "secretsFromStdin")]
    pub secrets_from_stdin: bool,
    /// Ask for this scope too; may be given several times
    #[arg(long)]
    pub scope: Vec<String>,
    /// How the browser comes back
    #[arg(long, value_enum)]
    pub redirect: Option<Redirect>,
    /// Print the sign-in address and don't open the browser
    #[arg(long = "noBrowser")]
    pub no_browser: bool,
    /// Print the started attempt and don't wait for it
    #[arg(long = "noWait")]
    pub no_wait: bool,
    /// Finish with the address that a browser on another computer ended at: paste it, or pipe it in
    #[arg(long, conflicts_with_all = ["no_wait", "secrets_from_stdin", "non_interactive"])]
    pub paste: bool,
    /// Never ask or wait: print a link for the person and the id of the request that it answers
    #[arg(long = "non-interactive", alias = "nonInteractive")]
    pub non_interactive: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Redirect {
    /// Through the app's own link scheme
    DeepLink,
    /// Through a port on this computer
    Loopback,
}

#[derive(Subcommand)]
pub(crate) enum Connection {
    /// List connections
    List {
        /// Only this app
        #[arg(long = "integrationKey", value_name = "KEY")]
        integration_key: Option<String>,
        /// Only those that need you
        #[arg(long)]
        disconnected: bool,
        /// Part of a name, an account or an app
        #[arg(long)]
        search: Option<String>,
        /// Archived ones too
        #[arg(long)]
        archived: bool,
        /// One page of so many; with --json as {"items", "cursor"}
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: Option<u32>,
        /// Where the page starts, from the page before
        #[arg(long, requires = "limit")]
        cursor: Option<String>,
    },
    /// Show a connection
    Get {
        /// Its id or key, or its app's key
        id: String,
        /// Wait until it is connected or failed
        #[arg(long)]
        wait: bool,
        /// For how many seconds
        #[arg(long, default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=3600))]
        timeout: u32,
    },
    /// Find the connection of the app at an address; start one when there is none
    Ensure {
        /// A web address or a bare domain
        url: String,
        /// What to call a connection that is made
        #[arg(long)]
        name: Option<String>,
        /// Print where to sign in and don't wait for it
        #[arg(long = "noWait")]
        no_wait: bool,
        /// Never ask anything on the terminal
        #[arg(long = "non-interactive", alias = "nonInteractive")]
        non_interactive: bool,
    },
    /// Change a connection's name, key or metadata
    Patch {
        /// Its id or key, or its app's key
        id: String,
        /// The changes, like {"name": "Work", "key": "work", "meta": {}}
        #[arg(long, value_name = "JSON")]
        data: String,
    },
    /// Print an access token, for a tool that takes one
    Token {
        /// The connection's id or key, or its app's key
        id: String,
        /// How many seconds it must still be good for
        #[arg(long = "minValid", default_value_t = 60, value_name = "SECONDS")]
        min_valid: u32,
    },
    /// Archive a connection: revoke it at the app and destroy its credential
    #[command(visible_alias = "delete")]
    Archive {
        /// Its id or key, or its app's key
        id: String,
        /// Don't ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Bring an archived connection back; it needs a reconnect then
    Restore {
        /// Its id
        id: String,
    },
    /// Change what a connection is called
    Rename {
        /// Its id or key, or its app's key
        id: String,
        /// The new name
        name: String,
    },
    /// Renew a connection's access now
    Refresh {
        /// Its id or key, or its app's key
        id: String,
    },
    /// Say when a key ends, so that you are told a week before
    End {
        /// Its id or key, or its app's key
        id: String,
        /// A day like 2027-01-31, a time like 2027-01-31T12:00:00Z, or never
        when: String,
    },
    /// Ask the app whether a connection works
    Test {
        /// Its id or key, or its app's key
        id: String,
    },
    /// Let a connection rest
    Pause {
        /// Its id or key, or its app's key
        id: String,
        /// For how long; until resumed unless told
        #[arg(long)]
        minutes: Option<u32>,
    },
    /// Wake a connection that rests
    Resume {
        /// Its id or key, or its app's key
        id: String,
    },
    /// Show what happened to a connection, newest first
    Events {
        /// Its id or key, or its app's key
        id: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum ConnectionRequest {
    /// Ask a person to connect: prints a link for them and the request's id
    Create {
        /// The app's key
        #[arg(long = "integrationKey", value_name = "KEY", visible_aliases = ["integrationId", "connectorKey", "connectorId"])]
        integration_key: Option<String>,
        /// The connection to reconnect, by id or key
        #[arg(long = "connectionId", value_name = "ID")]
        connection_id: Option<String>,
        /// A key for the new connection
        #[arg(long = "connectionKey", value_name = "KEY")]
        connection_key: Option<String>,
        /// What to call the new connection
        #[arg(long)]
        name: Option<String>,
        /// What it is for, in one sentence that the person reads
        #[arg(long)]
        prompt: Option<String>,
        /// Make one more connection of an app that has one; else that one is signed in to again
        #[arg(long = "allowMultipleConnections")]
        allow_multiple: bool,
        /// Wait for the person's answer
        #[arg(long)]
        wait: bool,
        /// For how many seconds
        #[arg(long, default_value_t = 300, value_name = "SECONDS", requires = "wait", value_parser = clap::value_parser!(u32).range(1..=3600))]
        timeout: u32,
    },
    /// Say what came of a request
    Get {
        /// Its id
        #[arg(value_name = "REQUEST")]
        id: String,
        /// Wait for the person's answer
        #[arg(long)]
        wait: bool,
        /// For how many seconds
        #[arg(long, default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=3600))]
        timeout: u32,
    },
}

#[derive(Subcommand)]
pub(crate) enum Integration {
    /// List apps that can be connected
    List(Listed),
}

#[derive(Subcommand)]
pub(crate) enum ExternalApp {
    /// List apps that can be connected
    List(Listed),
}

#[derive(Args)]
pub(crate) struct Listed {
    /// Part of a name
    #[arg(long)]
    pub search: Option<String>,
    /// Only this category, like crm
    #[arg(long)]
    pub category: Option<String>,
    /// So many at most
    #[arg(long)]
    pub limit: Option<usize>,
    /// Accepted: an integration, a connector and an external app are one and the same here
    #[arg(long, hide = true, num_args = 0..=1, value_name = "1")]
    connectors: Option<Option<String>>,
    /// See connectors
    #[arg(long = "externalApps", hide = true, num_args = 0..=1, value_name = "1")]
    external_apps: Option<Option<String>>,
}

#[derive(Args)]
pub(crate) struct Events {
    /// Go on until Ctrl-C; with --json one document a line
    #[arg(long)]
    pub follow: bool,
    /// How many past events
    #[arg(long, default_value_t = 20)]
    pub limit: usize,
}

#[derive(Args)]
pub(crate) struct Token {
    /// The workspace's key, as `membrane client create --workspace` printed it
    #[arg(long = "workspaceKey", env = "MEMBRANE_WORKSPACE_KEY", value_name = "KEY")]
    pub workspace_key: String,
    /// The tenant that the token is for
    #[arg(long = "tenantKey", value_name = "KEY")]
    pub tenant_key: String,
    /// For how long it is good, like 30s, 5m, 2h
    #[arg(long = "expiresIn", default_value = "5m", value_name = "TIME")]
    pub expires_in: String,
}
