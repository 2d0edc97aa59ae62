//! Counting what passed and failed, whichever runner says it.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::shell::say;

/// What has passed and failed so far.
#[derive(Default)]
pub(crate) struct Tally {
    passed: usize,
    failed: usize,
    names: Vec<String>,
    /// A program of tests has begun and not said yet how it went.
    open: bool,
}

impl Tally {
    /// Counts a check that either passes or fails.
    pub(crate) fn check(&mut self, name: &str, outcome: Result<()>) {
        if outcome.is_ok() {
            self.passed += 1;
        }
        self.must(name, outcome);
    }

    /// Counts a step only when it fails.
    pub(crate) fn must(&mut self, name: &str, outcome: Result<()>) {
        if let Err(error) = outcome {
            say(&format!("{name}: {error:#}"));
            self.fail(name);
        }
    }

    /// Runs a test command, shows its output and counts its results.
    pub(crate) fn tests(&mut self, name: &str, command: &mut Command) {
        let before = self.failed;
        let outcome = self.stream(command);
        self.close();
        match outcome {
            // It ended before it could say what failed: it did not compile, for one.
            Ok(false) if self.failed == before => self.fail(name),
            Ok(_) => {}
            Err(error) => self.must(name, Err(error)),
        }
    }

    /// Names what failed, and prints the summary as the last line of all; returns whether all passed.
    pub(crate) fn finish(self) -> bool {
        for name in &self.names {
            println!("failed: {name}");
        }
        println!("{}", self.summary());
        self.failed == 0
    }

    fn summary(&self) -> String {
        format!("{} passed, {} failed", self.passed, self.failed)
    }

    fn fail(&mut self, name: &str) {
        self.failed += 1;
        self.names.push(name.to_owned());
    }

    fn stream(&mut self, command: &mut Command) -> Result<bool> {
        let name = command.get_program().display().to_string();
        let mut child =
            command.stdout(Stdio::piped()).spawn().with_context(|| format!("{name} could not be started"))?;
        if let Some(output) = child.stdout.take() {
            // A test may print bytes that are no text.
            for line in BufReader::new(output).split(b'\n') {
                let line = String::from_utf8_lossy(&line?).into_owned();
                println!("{line}");
                self.read(&line);
            }
        }
        Ok(child.wait()?.success())
    }

    /// Reads one line of a test runner's output.
    fn read(&mut self, line: &str) {
        if line.starts_with("running ") && line.trim_end_matches('s').ends_with(" test") {
            self.close();
            self.open = true;
        } else if let Some((passed, failed)) = counts(line) {
            self.open = false;
            self.passed += passed;
            self.failed += failed;
        } else if let Some(name) = failing(line) {
            self.names.push(name.to_owned());
        }
    }

    /// Counts a program of tests that began and never said how it went: it crashed.
    fn close(&mut self) {
        if std::mem::take(&mut self.open) {
            self.fail("a program of tests that ended before its summary");
        }
    }
}

/// Reads a summary of cargo's runner (`test result: ok. 3 passed; 1 failed; …`) or vitest's (`  Tests  1 failed | 3 passed (4)`).
fn counts(line: &str) -> Option<(usize, usize)> {
    let summary = line.strip_prefix("test result: ").or_else(|| line.trim().strip_prefix("Tests  "))?;
    let before = |word: &str| {
        let place = summary.find(word)?;
        summary[..place].trim_end().rsplit([' ', ';', '|', '.']).next()?.parse::<usize>().ok()
    };
    Some((before("passed").unwrap_or(0), before("failed").unwrap_or(0)))
}

/// Reads the name in cargo's `test NAME ... FAILED` or vitest's ` FAIL  FILE > NAME`.
fn failing(line: &str) -> Option<&str> {
    let cargo = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED"));
    cargo.or_else(|| line.trim().strip_prefix("FAIL  "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Tally {
        let mut tally = Tally::default();
        lines.iter().for_each(|line| tally.read(line));
        tally.close();
        tally
    }

    #[test]
    fn summaries_of_both_runners_are_read() {
        assert_eq!(counts("test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured"), Some((12, 0)));
        assert_eq!(counts("test result: FAILED. 3 passed; 2 failed; 0 ignored"), Some((3, 2)));
        assert_eq!(counts("      Tests  4 passed (4)"), Some((4, 0)));
        assert_eq!(counts("      Tests  1 failed | 3 passed (4)"), Some((3, 1)));
        assert_eq!(counts("      Tests  no tests"), Some((0, 0)));
        assert_eq!(counts("running 3 tests"), None);
        assert_eq!(counts(" Test Files  5 passed (5)"), None);
    }

    #[test]
    fn failing_tests_are_named() {
        let tally = read(&[
            "running 2 tests",
            "test state::a_thing_works ... FAILED",
            "test state::another ... ok",
            "test result: FAILED. 1 passed; 1 failed; 0 ignored",
            " FAIL  tests/form.test.ts > a field is checked",
            "      Tests  1 failed | 3 passed (4)",
        ]);
        assert_eq!(tally.summary(), "4 passed, 2 failed");
        assert_eq!(tally.names, ["state::a_thing_works", "tests/form.test.ts > a field is checked"]);
    }

    #[test]
    fn a_program_that_crashes_beside_one_that_fails_counts_too() {
        let tally = read(&[
            "running 1 test",
            "test one ... FAILED",
            "test result: FAILED. 0 passed; 1 failed; 0 ignored",
            "running 7 tests",
            "running 2 tests",
            "test result: ok. 2 passed; 0 failed; 0 ignored",
        ]);
        assert_eq!(tally.summary(), "2 passed, 2 failed");
    }

    #[test]
    fn a_command_that_says_nothing_counts_once() {
        let mut tally = Tally::default();
        tally.tests("broken", &mut Command::new("false"));
        tally.tests("quiet", &mut Command::new("true"));
        tally.tests("absent", &mut Command::new("no-such-program-anywhere"));
        assert_eq!(tally.summary(), "0 passed, 2 failed");
        assert_eq!(tally.names, ["broken", "absent"]);
    }

    #[test]
    fn a_failed_step_and_checks_add_up() {
        let mut tally = Tally::default();
        tally.must("packages", Ok(()));
        tally.check("format", Ok(()));
        tally.check("tidy", Err(anyhow::anyhow!("a rule is broken")));
        assert_eq!(tally.summary(), "1 passed, 1 failed");
        assert!(!tally.finish());
    }
}
