//! `cargo xtask run`: from a fresh clone to the running app.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::setup::{self, Wanted};
use crate::shell::{FEATURES, binaries, cargo, run as run_command, say};

/// Installs, builds and starts.
pub(crate) fn run(release: bool, rest: &[String]) -> Result<()> {
    setup::packages(Wanted::Run)?;
    setup::console()?;
    let profile = if release { "release" } else { "dev" };
    let build = ["build", "--profile", profile, "-p", "membrane-cli", "-p", "membrane-desktop", "--features", FEATURES];
    run_command(&mut cargo(&build))?;
    let folder = binaries(profile);
    let membrane = folder.join("membrane");
    let has_display =
        ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    if has_display {
        say(&format!("the command line is {}", membrane.display()));
        return become_program(Command::new(folder.join("membrane-desktop")).args(rest));
    }
    say("there is no display, so the engine starts without a window. In another terminal:");
    say(&format!("  alias membrane={}", membrane.display()));
    say("  membrane vault init --passphrase                      # where there is no keychain");
    say("  membrane connect --integrationKey membrane-sandbox    # nothing to register");
    say("  membrane connection list");
    become_program(Command::new(membrane).arg("serve").args(rest))
}

/// Makes this process the program, so that signals reach it and its exit code is ours.
fn become_program(command: &mut Command) -> Result<()> {
    Err(command.exec()).with_context(|| format!("failed to start {}", command.get_program().display()))
}
