//! What `membrane mcp` takes.

use clap::{Args, Subcommand};

#[derive(Args)]
pub(crate) struct Mcp {
    #[command(subcommand)]
    pub command: Option<McpCommand>,
}

#[derive(Subcommand)]
pub(crate) enum McpCommand {
    /// Write the server into the configuration of the AI clients on this computer; shows the change first
    Install(Install),
}

#[derive(Args)]
pub(crate) struct Install {
    /// Only this client, even where it wasn't found; may be given several times
    #[arg(long, value_name = "CLIENT")]
    pub client: Vec<String>,
    /// Apply the change without asking
    #[arg(long, short)]
    pub yes: bool,
}
