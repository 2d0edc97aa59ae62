//! What scripts for the hosted product type first: login, logout, credentials. Here there is no account.

use clap::{Args, Subcommand};

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Login {
    #[command(subcommand)]
    pub step: Option<LoginStep>,
    /// Accepted; a tenant's token comes from `membrane token`
    #[arg(long, hide = true, num_args = 0..=1, value_name = "KEY")]
    pub tenant: Option<Option<String>>,
    /// Where the engine is; only this computer's own can be meant
    #[arg(long = "apiUri", value_name = "URL")]
    pub api_uri: Option<String>,
    /// Accepted; nothing is asked anyway
    #[arg(long = "non-interactive", alias = "nonInteractive")]
    pub non_interactive: bool,
    /// Accepted; a program gets a name with `membrane client create`
    #[arg(long = "clientName", value_name = "NAME")]
    pub client_name: Option<String>,
}

#[derive(Subcommand)]
pub(crate) enum LoginStep {
    /// The same as `membrane login`
    Start,
    /// There is nothing to complete here
    Complete {
        /// The code
        code: Option<String>,
    },
}

#[derive(Args)]
pub(crate) struct Credentials {
    /// Print lines for a shell: eval "$(membrane credentials --shell)"
    #[arg(long)]
    pub shell: bool,
}
