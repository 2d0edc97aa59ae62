//! `cargo xtask fuzz`: every fuzz target for a while, from the corpus that is kept.

use anyhow::{Context, Result, bail};

use crate::shell::{cargo, command, output, root, run as run_command, say};

/// What is fuzzed.
const TARGETS: &[&str] = &["token_reply", "callback", "deep_link"];

/// Runs every target for so many seconds.
pub(crate) fn run(seconds: u32) -> Result<()> {
    if output(&mut command("cargo", &["fuzz", "--version"])).is_err() {
        bail!("cargo-fuzz is not there: cargo install cargo-fuzz --locked");
    }
    for target in TARGETS {
        say(&format!("fuzzing {target} for {seconds} s"));
        let limit = format!("-max_total_time={seconds}");
        // The sanitizers are for nightly compilers only; this lets the usual one do.
        let mut fuzz = cargo(&["fuzz", "run", target, "--", &limit, "-max_len=4096", "-print_final_stats=0"]);
        fuzz.env("RUSTC_BOOTSTRAP", "1").current_dir(root());
        run_command(&mut fuzz).with_context(|| format!("{target} found something; see fuzz/artifacts/{target}"))?;
    }
    Ok(())
}
