//! `cargo xtask bench`: one table of what the release build takes, beside a peer in the same run where there is one.

mod desktop;
mod engine;
mod http;

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::setup::{self, Wanted};
use crate::shell::{cargo, run as run_command, say, target};

/// One line of the table.
struct Row {
    what: &'static str,
    value: String,
    aim: &'static str,
    peer: String,
}

/// Measures everything and prints the table.
pub(crate) fn run(cold: bool) -> Result<()> {
    setup::packages(Wanted::Test)?;
    setup::console()?;
    let features = "membrane-desktop/custom-protocol";
    run_command(&mut cargo(&[
        "build",
        "--release",
        "-p",
        "membrane-cli",
        "-p",
        "membrane-desktop",
        "--features",
        features,
    ]))?;
    let binaries = target().join("release");
    let mut rows = engine::rows(&binaries)?;
    match desktop::rows(&binaries) {
        Ok(more) => rows.extend(more),
        Err(error) => say(&format!("the window was not measured: {error:#}")),
    }
    rows.extend(sizes(&binaries)?);
    if cold {
        rows.push(cold_build()?);
    }
    println!("| What | Measured | Aim | Beside |\n|---|---|---|---|");
    for Row { what, value, aim, peer } in rows {
        println!("| {what} | {value} | {aim} | {peer} |");
    }
    Ok(())
}

fn sizes(binaries: &std::path::Path) -> Result<Vec<Row>> {
    let megabytes = |file: &std::path::Path| -> Result<String> {
        Ok(format!("{:.1} MB", std::fs::metadata(file)?.len() as f64 / 1e6))
    };
    let package = crate::dist::run("release")?;
    Ok(vec![
        Row {
            what: "`membrane-desktop`",
            value: megabytes(&binaries.join("membrane-desktop"))?,
            aim: "",
            peer: String::new(),
        },
        Row { what: "`membrane`", value: megabytes(&binaries.join("membrane"))?, aim: "", peer: String::new() },
        Row { what: "the `.deb`", value: megabytes(&package)?, aim: "", peer: String::new() },
    ])
}

fn cold_build() -> Result<Row> {
    let folder = target().join("bench-cold");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let started = Instant::now();
    let build =
        ["build", "-p", "membrane-cli", "-p", "membrane-desktop", "--features", "membrane-desktop/custom-protocol"];
    run_command(cargo(&build).env("CARGO_TARGET_DIR", &folder))?;
    let took = started.elapsed();
    std::fs::remove_dir_all(&folder)?;
    Ok(Row { what: "cold debug build", value: format!("{:.0} s", took.as_secs_f64()), aim: "", peer: String::new() })
}

/// Returns the middle of some times and their spread: "12.3 ms (11.9–14.0)".
fn spread(mut times: Vec<Duration>) -> String {
    times.sort();
    let ms = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1e3);
    format!("{:.1} ms ({:.1}–{:.1}, n={})", middle(&times), ms(times.first()), ms(times.last()), times.len())
}

/// Returns the middle of sorted times, in milliseconds.
fn middle(times: &[Duration]) -> f64 {
    times.get(times.len() / 2).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}
