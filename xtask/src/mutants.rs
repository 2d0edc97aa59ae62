//! `cargo xtask mutants`: changes what decides over tokens, bit by bit, and wants a test to fail each time.

use anyhow::{Context, Result, bail};

use crate::shell::{cargo, command, output, run as run_command, say, target};

/// A package, what of it is changed, and what of its tests is run.
type Part = (&'static str, &'static [&'static str], &'static [&'static str]);

/// What tells the weather from the end, what is on the disk when, and both state machines.
const PARTS: &[Part] = &[
    ("membrane-oauth", &["crates/oauth/src/classify.rs", "crates/oauth/src/reply.rs"], &[]),
    (
        "membrane-store",
        &["crates/store/src/table/journal.rs", "crates/store/src/flight.rs", "crates/store/src/marks.rs"],
        &[],
    ),
    (
        "membrane-engine",
        &[
            "crates/engine/src/connection/transition.rs",
            "crates/engine/src/session/transition.rs",
            "crates/engine/src/refresh/attempt.rs",
        ],
        &["--", "--lib"],
    ),
];

/// Runs cargo-mutants on every part; installs it where it is missing.
pub(crate) fn run() -> Result<()> {
    if output(&mut command("cargo", &["mutants", "--version"])).is_err() {
        say("cargo-mutants is missing and is installed now, with cargo");
        run_command(&mut cargo(&["install", "--quiet", "--locked", "cargo-mutants"]))?;
    }
    for (package, files, tests) in PARTS {
        say(&format!("changing {package}"));
        let report = target().join("mutants").join(package);
        std::fs::create_dir_all(&report)?;
        let mut mutants = cargo(&["mutants", "--package", package, "--colors", "never", "--no-times", "--output"]);
        mutants.arg(&report).args(files.iter().flat_map(|file| ["--file", file])).args(*tests);
        let status = mutants.status().context("cargo-mutants did not start")?;
        match status.code() {
            // A change that makes a test wait for ever was noticed, too.
            Some(0 | 3) => {}
            Some(2) => bail!("{package}: the tests passed with a change; {}", missed(&report.join("mutants.out"))),
            _ => bail!("{package}: cargo-mutants ended with {status}"),
        }
    }
    Ok(())
}

/// Says which changes no test noticed.
fn missed(report: &std::path::Path) -> String {
    let missed = std::fs::read_to_string(report.join("missed.txt")).unwrap_or_default();
    missed.lines().collect::<Vec<_>>().join("; ")
}
