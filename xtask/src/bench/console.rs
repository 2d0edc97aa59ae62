//! The console in headless Chromium, on an engine with a thousand connections.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::{Row, built};
use crate::setup;
use crate::shell::{command, output, root};

/// Measures weight, first list, places, typing, filtering and scrolling.
pub(super) fn rows(binaries: &Path) -> Vec<Row> {
    let measured = measure(binaries);
    let row = |what, aim, say: &dyn Fn(&Value) -> Option<(String, String)>| {
        let said = match &measured {
            Ok(all) => say(all).context("it printed something else"),
            Err(error) => Err(anyhow::anyhow!("{error:#}")),
        };
        Row::new(what, aim, said)
    };
    vec![
        row("console, JavaScript and CSS, gzip", "≤ 150 KB", &|all| {
            let kilobytes = |name: &str| Some(all[name].as_f64()? / 1000.0);
            let more = format!("another language: {:.0} KB more", kilobytes("language")?);
            Some((format!("{:.0} KB", kilobytes("gzip")?), more))
        }),
        row("console, reload to first paint, 1,000 connections", "≤ 500 ms", &|all| {
            Some((format!("{:.0} ms", all["paint"].as_f64()?), format!("layout shift {}", all["shift"])))
        }),
        row("console, reload to usable list, 1,000 connections", "≤ 500 ms", &|all| spread(&all["list"])),
        row("console, change of place to its frame", "≤ 50 ms", &|all| {
            let (said, _) = spread(&all["route"])?;
            Some((said, format!("slowest: {}", all["route"]["slowest"].as_str()?)))
        }),
        row("console, key to results of a search", "≤ 50 ms", &|all| spread(&all["typing"])),
        row("console, key to filtered list of 1,000", "≤ 50 ms", &|all| spread(&all["filtering"])),
        row("console, frames while scrolling 1,000", "no frame over 34 ms", &|all| {
            let frames = &all["frames"];
            let late = format!("{} of {} over 34 ms", frames["late"], frames["count"]);
            Some((format!("{:.1} ms, p95 {:.1} ms", frames["middle"].as_f64()?, frames["p95"].as_f64()?), late))
        }),
    ]
}

fn spread(times: &Value) -> Option<(String, String)> {
    let (middle, p95, worst) = (times["middle"].as_f64()?, times["p95"].as_f64()?, times["worst"].as_f64()?);
    Some((format!("{middle:.0} ms (p95 {p95:.0}, worst {worst:.0}, n={})", times["count"]), String::new()))
}

fn measure(binaries: &Path) -> Result<Value> {
    built(&binaries.join("membrane"))?;
    setup::npm("tests/console")?;
    let mut bench = command("node", &["bench.mjs"]);
    bench.current_dir(root().join("tests/console")).env("MEMBRANE_TEST_BIN_DIR", binaries);
    serde_json::from_str(&output(&mut bench)?).context("it printed no JSON")
}
