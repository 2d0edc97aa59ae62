//! `cargo xtask fuzz`: every fuzz target for a while, guided by coverage, from the corpus that is kept.
//!
//! The targets are built as cargo-fuzz builds them but for the sanitizers, which only nightly compilers have: memory is
//! safe here by the language, and what is looked for are panics, overflows, endless loops and broken promises. So it takes
//! nothing but the compiler that is there anyway.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::shell::{cargo, command, output, root, run as run_command, say, target};

/// What is fuzzed.
const TARGETS: &[&str] = &["token_reply", "callback", "deep_link", "metadata", "challenge"];
/// What makes the compiler count the ways that an input takes, as libFuzzer reads them.
const COVERAGE: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
    "--cfg=fuzzing",
];

/// Runs every target for so many seconds.
pub(crate) fn run(seconds: u32) -> Result<()> {
    let folder = target().join("fuzz");
    let host = host()?;
    // A target is named although it is this computer: build scripts and macros stay as they are then.
    let mut build = cargo(&["build", "--quiet", "--locked", "--manifest-path", "fuzz/Cargo.toml", "--target", &host]);
    build.env("RUSTFLAGS", COVERAGE.join(" ")).env("CARGO_TARGET_DIR", &folder);
    run_command(&mut build).context("the fuzz targets can't be built")?;
    for name in TARGETS {
        let program = folder.join(&host).join("debug").join(name);
        let said = fuzz(&program, name, &folder, seconds)?;
        say(&format!("fuzzed {name}: {said}"));
    }
    Ok(())
}

/// Runs one target and says how many inputs it was given.
fn fuzz(program: &Path, name: &str, folder: &Path, seconds: u32) -> Result<String> {
    // What is found on the way is kept apart from what belongs to the project.
    let found = folder.join("found").join(name);
    std::fs::create_dir_all(&found)?;
    let broken = folder.join(format!("broken-{name}-"));
    let mut fuzz = command(&program.to_string_lossy(), &[]);
    fuzz.arg(&found).arg(root().join("fuzz/corpus").join(name));
    fuzz.args([&format!("-max_total_time={seconds}"), "-max_len=4096", "-timeout=10", "-print_final_stats=1"]);
    fuzz.arg(format!("-artifact_prefix={}", broken.display()));
    let done = fuzz.output().with_context(|| format!("{name} did not start"))?;
    let said = String::from_utf8_lossy(&done.stderr);
    if !done.status.success() {
        let last: Vec<&str> = said.lines().rev().take(40).collect();
        last.iter().rev().for_each(|line| say(line));
        bail!("{name} broke; the input is in {}*. Keep it in fuzz/corpus/{name} once it is mended", broken.display());
    }
    let runs = runs(&said).with_context(|| format!("{name} did not say how much it did"))?;
    if runs < 1000 {
        bail!("{name} was given {runs} inputs in {seconds} s; that finds nothing");
    }
    Ok(format!("{runs} inputs in {seconds} s"))
}

/// Reads libFuzzer's count of inputs.
fn runs(said: &str) -> Option<u64> {
    said.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))?.trim().parse().ok()
}

/// Returns the compiler's name for this computer.
fn host() -> Result<String> {
    let said = output(&mut command("rustc", &["-vV"]))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not say what this computer is")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_of_inputs_is_read() {
        let said = "Done 5 runs\nstat::number_of_executed_units: 4711\nstat::average_exec_per_sec:     500\n";
        assert_eq!(runs(said), Some(4711));
        assert_eq!(runs("Done"), None);
    }

    #[test]
    fn every_target_has_its_file_and_something_to_start_from() {
        let mut files: Vec<String> = std::fs::read_dir(root().join("fuzz/fuzz_targets"))
            .unwrap()
            .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        files.sort();
        let mut targets = TARGETS.to_vec();
        targets.sort_unstable();
        assert_eq!(files, targets);
        for name in TARGETS {
            assert!(std::fs::read_dir(root().join("fuzz/corpus").join(name)).unwrap().count() >= 3, "{name}");
        }
    }
}
