//! `cargo xtask run`: from a fresh clone to the running app.

use anyhow::Result;

use crate::setup::{self, Wanted};
use crate::shell::{cargo, run as run_command, say, target};

/// Installs, builds and starts.
pub(crate) fn run(release: bool, rest: &[String]) -> Result<()> {
    setup::packages(Wanted::Run)?;
    setup::console()?;
    let has_display =
        ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    let mut build = cargo(&["build", "-p", "membrane-cli"]);
    if has_display {
        build.args(["-p", "membrane-desktop", "--features", "membrane-desktop/custom-protocol"]);
    }
    if release {
        build.arg("--release");
    }
    run_command(&mut build)?;
    let folder = target().join(if release { "release" } else { "debug" });
    let command_line = folder.join("membrane");
    if has_display {
        say(&format!("the command line is {}", command_line.display()));
        return run_command(std::process::Command::new(folder.join("membrane-desktop")).args(rest));
    }
    say("there is no display, so the engine starts without a window. In another terminal:");
    say(&format!("  alias membrane={}", command_line.display()));
    say("  membrane vault init --passphrase                      # where there is no keychain");
    say("  membrane connect --integrationKey membrane-sandbox    # nothing to register");
    say("  membrane connection list");
    run_command(std::process::Command::new(command_line).arg("serve").args(rest))
}
