//! `cargo xtask test`: every check and every test, headless, with one summary at the end.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::setup::{self, Wanted};
use crate::shell::{cargo, command, root, run as run_command, say, target};
use crate::tidy;

/// What has passed and failed so far.
#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
    names: Vec<String>,
}

impl Tally {
    /// Counts a check that either passes or fails.
    fn check(&mut self, name: &str, outcome: Result<()>) {
        match outcome {
            Ok(()) => self.passed += 1,
            Err(error) => {
                say(&format!("{name}: {error:#}"));
                self.failed += 1;
                self.names.push(name.to_owned());
            }
        }
    }

    /// Reads one line of a test runner's output.
    fn read(&mut self, line: &str) {
        if let Some((passed, failed)) = counts(line) {
            self.passed += passed;
            self.failed += failed;
        } else if let Some(name) = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED")) {
            self.names.push(name.to_owned());
        }
    }

    /// Runs a test command, shows its output and counts its results.
    fn tests(&mut self, name: &str, command: &mut Command) -> Result<()> {
        let before = self.failed;
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        if let Some(output) = child.stdout.take() {
            for line in BufReader::new(output).lines() {
                let line = line?;
                eprintln!("{line}");
                self.read(&line);
            }
        }
        if !child.wait()?.success() && self.failed == before {
            // It ended before it could say what failed: it did not compile, or crashed.
            self.failed += 1;
            self.names.push(name.to_owned());
        }
        Ok(())
    }
}

/// Reads a summary of cargo's runner (`test result: ok. 3 passed; 1 failed; …`) or vitest's (`Tests  1 failed | 3 passed (4)`).
fn counts(line: &str) -> Option<(usize, usize)> {
    let line = line.trim();
    let summary = line.strip_prefix("test result: ").or_else(|| line.strip_prefix("Tests  "))?;
    let before = |word: &str| {
        let place = summary.find(word)?;
        summary[..place].trim_end().rsplit([' ', ';', '|', '.']).next()?.parse::<usize>().ok()
    };
    Some((before("passed").unwrap_or(0), before("failed").unwrap_or(0)))
}

/// Installs what is missing and runs everything; fails when anything did.
pub(crate) fn run(long: bool, filter: Option<&str>) -> Result<()> {
    setup::packages(Wanted::Test)?;
    setup::console()?;
    setup::npm("tests/provider")?;
    let mut tally = Tally::default();
    let npm = |script: &str| {
        let mut npm = command("npm", &["run", "--silent", script]);
        npm.current_dir(root().join("ui")).env("NO_COLOR", "1").env("CI", "1");
        npm
    };
    if filter.is_none() {
        tally.check("format", run_command(&mut cargo(&["fmt", "--all", "--check"])));
        tally.check("house rules", tidy::run());
        tally.check("console types", run_command(&mut npm("check")));
        tally.tests("console", &mut npm("test"))?;
        let clippy =
            ["clippy", "--quiet", "--workspace", "--all-targets", "--features", FEATURES, "--", "-D", "warnings"];
        tally.check("clippy", run_command(&mut cargo(&clippy)));
    }
    // The whole-system tests start these as anybody would.
    tally.check(
        "build",
        run_command(&mut cargo(&["build", "-p", "membrane-cli", "-p", "membrane-desktop", "--features", FEATURES])),
    );
    let mut tests = cargo(&["test", "--quiet", "--workspace", "--no-fail-fast", "--features", FEATURES]);
    tests.arg("--").args(["--format=pretty"]).args(filter);
    tests.env("MEMBRANE_TEST_BIN_DIR", target().join("debug"));
    if long {
        tests.env("MEMBRANE_TEST_LONG", "1");
    }
    tally.tests("tests", &mut tests)?;
    for name in &tally.names {
        eprintln!("failed: {name}");
    }
    // The last line is the summary, for people and for programs that read it.
    println!("{} passed, {} failed", tally.passed, tally.failed);
    if tally.failed > 0 {
        bail!("{} of the checks and tests failed", tally.failed);
    }
    Ok(())
}

/// The app as it is shipped: with the console inside.
const FEATURES: &str = "membrane-desktop/custom-protocol";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_of_both_runners_are_read() {
        assert_eq!(counts("test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured"), Some((12, 0)));
        assert_eq!(counts("test result: FAILED. 3 passed; 2 failed; 0 ignored"), Some((3, 2)));
        assert_eq!(counts("      Tests  4 passed (4)"), Some((4, 0)));
        assert_eq!(counts("      Tests  1 failed | 3 passed (4)"), Some((3, 1)));
        assert_eq!(counts("running 3 tests"), None);
    }

    #[test]
    fn failing_tests_are_named() {
        let mut tally = Tally::default();
        tally.read("test state::a_thing_works ... FAILED");
        tally.read("test state::another ... ok");
        tally.read("test result: FAILED. 1 passed; 1 failed; 0 ignored");
        assert_eq!(
            (tally.passed, tally.failed, tally.names.as_slice()),
            (1, 1, ["state::a_thing_works".to_owned()].as_slice())
        );
    }
}
