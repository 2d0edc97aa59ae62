//! What the command takes; the texts of `--help`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

mod account;
mod connection;
mod mcp;

pub(crate) use account::{Credentials, Login, LoginStep};
pub(crate) use connection::{
    Connect, Connection, ConnectionRequest, Events, ExternalApp, Integration, Listed, Redirect, Token,
};
pub(crate) use mcp::{Install, Mcp, McpCommand};

const EXIT_CODES: &str = "Exit codes: 0 done · 1 internal · 2 wrong use · 3 no engine runs · 4 not found · 5 not allowed · \
6 the app or the network isn't answering · 7 vault · 8 the connection needs you · 9 an OAuth client is missing or refused · \
10 the sign-in ended without success · 11 data folder";

/// Connect an app once; every tool on this computer can use it.
#[derive(Parser)]
#[command(name = "membrane", version, about, after_help = EXIT_CODES, disable_help_subcommand = true)]
pub(crate) struct Args {
    /// Print one JSON document instead of text; errors too, on stderr
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Connect an app, or reconnect a connection
    Connect(Connect),
    /// List, look at, use and archive connections
    #[command(subcommand)]
    Connection(Connection),
    /// Call an app with a connection's credential
    Request(crate::command::request::Request),
    /// Call an app as one JSON object says, and print what it answered
    Act(crate::command::act::Act),
    /// Addresses that are told of events
    #[command(subcommand)]
    Webhook(crate::command::webhook::Webhook),
    /// Ask a person to connect an app, and hear what came of it
    #[command(name = "connection-request", subcommand)]
    ConnectionRequest(ConnectionRequest),
    /// Look at the apps that can be connected
    #[command(subcommand)]
    Integration(Integration),
    /// Look at the apps that can be connected, under their other name
    #[command(name = "external-app", subcommand)]
    ExternalApp(ExternalApp),
    /// Show what happens to connections
    Events(Events),
    /// Sign a token for a tenant of a workspace
    Token(Token),
    /// Serve an AI agent on standard input and output (MCP)
    Mcp(Mcp),
    /// Find the app that fits an intent
    Search {
        /// What you want to connect, in your words
        #[arg(required_unless_present = "batch")]
        intent: Vec<String>,
        /// Read intents from a file, one a line: a JSON text, or an object with "intent"; - is standard input
        #[arg(long, value_name = "FILE", conflicts_with = "intent")]
        batch: Option<PathBuf>,
        /// Only what is of this type; everything here is a connector
        #[arg(long = "elementType", value_name = "TYPE")]
        element_type: Option<String>,
        /// So many at most
        #[arg(long, value_parser = clap::value_parser!(u16).range(1..=100))]
        limit: Option<u16>,
    },
    /// Look at apps, set their OAuth client, add your own
    #[command(subcommand)]
    App(App),
    /// Programs that may use the API with a token
    #[command(subcommand)]
    Client(Client),
    /// Web pages that may show Membrane's own pages in a frame
    #[command(subcommand)]
    Origin(Origin),
    /// Show the engine and the vault
    Status,
    /// Make sure that the engine runs; on your own computer there is no account to log in to
    Login(Login),
    /// Say what to do instead: there is no account to log out of
    Logout,
    /// Show where the API is
    Credentials(Credentials),
    /// Look at keychain, links, port, clock, network and permissions, and say what to do
    Doctor {
        /// Write a support bundle without names, accounts, ids and secrets to your downloads instead
        #[arg(long)]
        bundle: bool,
    },
    /// Open the app's window in a browser, where there is no desktop app
    Console {
        /// Print the one-time address and open nothing
        #[arg(long)]
        print: bool,
    },
    /// Run the engine without a screen, in the foreground
    Serve(Serve),
    /// End the engine that runs without a screen
    Stop,
    /// Where secrets are sealed: unlock, lock, use a passphrase
    #[command(subcommand)]
    Vault(Vault),
    /// Play with the sandbox: revocation, expiry, outage
    #[command(subcommand)]
    Sandbox(Sandbox),
    /// Follow a membrane:// link
    Open {
        /// The link
        url: String,
    },
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Print the manual page
    Man {
        /// Write the pages of all commands into this folder instead
        #[arg(long, value_name = "FOLDER")]
        dir: Option<PathBuf>,
    },
}

#[derive(Subcommand)]
pub(crate) enum App {
    /// List apps
    List {
        /// Only those that connect with nothing to register; those with nothing but an MCP server are marked
        #[arg(long)]
        ready: bool,
    },
    /// Show how an app is connected and what to register for it
    Show {
        /// The app's key
        key: String,
    },
    /// Add an app of your own from a file (docs/catalog.md describes the format)
    Add {
        /// The file; - reads standard input
        file: PathBuf,
    },
    /// Print an app's file, to keep it, change it, or give it to somebody
    Export {
        /// The app's key
        key: String,
        /// Write it here instead; a file that is there is not overwritten
        #[arg(long = "to", value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Show how to make your own OAuth client for an app, and set it
    Client {
        /// The app's key
        key: String,
        /// The client's id; asked for unless given
        #[arg(long = "clientId", value_name = "ID")]
        client_id: Option<String>,
        /// A file that holds the client's secret; - reads standard input
        #[arg(long = "clientSecretFile", value_name = "FILE")]
        client_secret_file: Option<PathBuf>,
        /// Forget the client
        #[arg(long, conflicts_with_all = ["client_id", "client_secret_file"])]
        remove: bool,
    },
}

#[derive(Subcommand)]
pub(crate) enum Client {
    /// Let a program in: prints its token, this one time
    Create {
        /// What to call it
        name: String,
        /// Keep access tokens from it
        #[arg(long = "noTokens")]
        no_tokens: bool,
        /// Let it sign tokens for tenants of its own: prints a workspace key and secret instead
        #[arg(long)]
        workspace: bool,
    },
    /// List the programs that may use the API
    List,
    /// End a program's token
    Revoke {
        /// Its id or name
        id: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum Origin {
    /// Let the pages of an origin call the API with a token, and show Membrane's pages in a frame
    Allow {
        /// Scheme, host and port, like http://localhost:3000
        origin: String,
    },
    /// List the origins that are allowed
    List,
    /// Take it back
    Remove {
        /// The origin
        origin: String,
    },
}

#[derive(ClapArgs)]
pub(crate) struct Serve {
    /// The port to listen on; the saved or next free one unless told
    #[arg(long)]
    pub port: Option<u16>,
    /// Leave the terminal once it listens
    #[arg(long, hide = true)]
    pub background: bool,
}

#[derive(Subcommand)]
pub(crate) enum Vault {
    /// Show the vault
    Status,
    /// Keep the master key in a file under a passphrase, where there is no keychain
    Init {
        /// Protect it with a passphrase, asked for or read from standard input
        #[arg(long, required = true)]
        passphrase: bool,
    },
    /// Unlock; asks for the passphrase where there is one
    Unlock,
    /// Lock until it is unlocked again
    Lock,
    /// Give up all credentials and start with a new key
    Reset {
        /// Don't ask
        #[arg(long, short)]
        yes: bool,
    },
}

#[derive(Subcommand)]
pub(crate) enum Sandbox {
    /// Show the sandbox and what it plays
    Status,
    /// End access at the sandbox, as if somebody signed you out there
    Revoke,
    /// Let all access tokens run out now
    Expire,
    /// Stop answering for a while
    Outage {
        /// For how long
        #[arg(long, default_value_t = 2)]
        minutes: u32,
        /// How it fails
        #[arg(long, value_enum, default_value_t = Outage::Unavailable)]
        kind: Outage,
    },
    /// End an outage
    Recover,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Outage {
    /// Answers 503
    #[value(name = "503")]
    Unavailable,
    /// Says nothing
    Hang,
    /// Answers a page, like a captive portal
    Html,
}

impl Outage {
    /// The name that the sandbox knows it by.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unavailable => "503",
            Self::Hang => "hang",
            Self::Html => "html",
        }
    }
}
