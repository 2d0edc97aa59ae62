//! `cargo xtask shots`: a picture of every state of the console, in both themes and two sizes, reached on a real engine.

use anyhow::Result;

use crate::setup::{self, Wanted};
use crate::shell::{binaries, cargo, command, root, run as run_command, target};

/// What to take pictures of.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only states whose name has this text
    #[arg(default_value = "all")]
    only: String,
    /// The sizes of the window
    #[arg(long = "size", value_name = "WIDTHxHEIGHT")]
    sizes: Vec<String>,
}

/// Builds what is missing and takes them.
pub(crate) fn run(options: &Options) -> Result<()> {
    setup::packages(Wanted::Test)?;
    setup::console()?;
    setup::npm("tests/console")?;
    run_command(&mut cargo(&["build", "--quiet", "-p", "membrane-cli"]))?;
    let folder = target().join("shots");
    let mut shots = command("node", &["shots.mjs"]);
    shots.arg(&folder).arg(&options.only).args(&options.sizes);
    shots.current_dir(root().join("tests/console")).env("MEMBRANE_TEST_BIN_DIR", binaries("dev"));
    run_command(&mut shots)
}
