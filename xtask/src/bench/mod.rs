//! `cargo xtask bench`: one table of what the release build takes, beside a peer in the same run where there is one.

mod console;
mod desktop;
mod engine;
mod http;
mod proxy;
mod screen;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::setup::{self, Wanted};
use crate::shell::{self, FEATURES, cargo, run as run_command, target};

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Build everything anew in a folder of its own too, and say how long that takes
    #[arg(long)]
    cold: bool,
    /// Measure what is built already
    #[arg(long)]
    no_build: bool,
    /// The cargo profile; figures for the table of record are those of release
    #[arg(long, default_value = "release", value_parser = ["release", "quick", "dev"])]
    profile: String,
    /// Measure one part only
    #[arg(long, value_parser = ["engine", "proxy", "desktop", "console", "sizes"])]
    only: Option<String>,
}

/// One line of the table.
#[derive(Debug)]
struct Row {
    what: &'static str,
    value: String,
    aim: &'static str,
    peer: String,
}

impl Row {
    fn new(what: &'static str, aim: &'static str, measured: Result<(String, String)>) -> Self {
        let (value, peer) = measured.unwrap_or_else(|error| (format!("{error:#}"), String::new()));
        Self { what, value, aim, peer }
    }
}

/// What measures a part, given the folder of the programs.
type Part = fn(&Path) -> Vec<Row>;

/// Measures everything and prints the table.
pub(crate) fn run(options: &Options) -> Result<()> {
    if !options.no_build {
        setup::packages(Wanted::Bench)?;
        setup::console()?;
        let build = ["build", "--profile", &options.profile, "-p", "membrane-cli", "-p", "membrane-desktop"];
        run_command(cargo(&build).args(["--features", FEATURES]))?;
    }
    let binaries = shell::binaries(&options.profile);
    let parts: [(&str, Part); 5] = [
        ("engine", engine::rows),
        ("proxy", proxy::rows),
        ("desktop", desktop::rows),
        ("console", console::rows),
        ("sizes", sizes),
    ];
    let wanted = |name: &str| options.only.as_deref().is_none_or(|only| only == name);
    let mut rows = Vec::new();
    for (_, part) in parts.iter().filter(|(name, _)| wanted(name)) {
        rows.extend(part(&binaries));
    }
    if options.cold {
        rows.push(Row::new("cold debug build", "", cold_build()));
    }
    println!("| What | Measured | Aim | Beside |\n|---|---|---|---|");
    for Row { what, value, aim, peer } in rows {
        println!("| {what} | {value} | {aim} | {peer} |");
    }
    Ok(())
}

/// Fails in two words when a program is not there.
fn built(program: &Path) -> Result<()> {
    ensure!(program.is_file(), "not built");
    Ok(())
}

fn sizes(binaries: &Path) -> Vec<Row> {
    let megabytes = |file: &Path| -> Result<(String, String)> {
        built(file)?;
        Ok((format!("{:.1} MB", std::fs::metadata(file)?.len() as f64 / 1e6), String::new()))
    };
    let both = built(&binaries.join("membrane")).and_then(|()| built(&binaries.join("membrane-desktop")));
    let package = both.and_then(|()| crate::dist::pack(binaries, &target().join("bench"), crate::dist::Packing::Small));
    vec![
        Row::new("`membrane-desktop`", "", megabytes(&binaries.join("membrane-desktop"))),
        Row::new("`membrane`", "", megabytes(&binaries.join("membrane"))),
        Row::new("the `.deb`", "", package.and_then(|package| megabytes(&package))),
    ]
}

fn cold_build() -> Result<(String, String)> {
    let folder = target().join("bench-cold");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let build = ["build", "-p", "membrane-cli", "-p", "membrane-desktop", "--features", FEATURES];
    let started = Instant::now();
    run_command(cargo(&build).env("CARGO_TARGET_DIR", &folder)).context("the build failed")?;
    let took = started.elapsed();
    std::fs::remove_dir_all(&folder)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Ok((format!("{:.0} s", took.as_secs_f64()), format!("{cores} cores")))
}

/// Several measurements of one thing, in milliseconds, sorted.
struct Times(Vec<f64>);

impl Times {
    fn of(times: impl IntoIterator<Item = Duration>) -> Self {
        let mut times: Vec<f64> = times.into_iter().map(|time| time.as_secs_f64() * 1e3).collect();
        times.sort_by(f64::total_cmp);
        Self(times)
    }

    /// Calls something several times.
    fn take(count: usize, mut call: impl FnMut() -> Result<()>) -> Result<Self> {
        let mut times = Vec::new();
        for _ in 0..count {
            let started = Instant::now();
            call()?;
            times.push(started.elapsed());
        }
        Ok(Self::of(times))
    }

    fn middle(&self) -> f64 {
        match self.0.len() {
            0 => 0.0,
            n if n % 2 == 0 => f64::midpoint(self.0[n / 2 - 1], self.0[n / 2]),
            n => self.0[n / 2],
        }
    }

    /// Returns the time that such a part of them stays within: 0.99 for all but the slowest of a hundred.
    fn part(&self, part: f64) -> f64 {
        let place = (self.0.len() as f64 * part).ceil() as usize;
        self.0.get(place.saturating_sub(1)).copied().unwrap_or(0.0)
    }

    /// Says the middle and the spread: "12.3 ms (11.9–14.0, n=20)".
    fn spread(&self) -> String {
        let (least, most) = (self.0.first().copied().unwrap_or(0.0), self.0.last().copied().unwrap_or(0.0));
        format!("{:.1} ms ({least:.1}–{most:.1}, n={})", self.middle(), self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_spread_are_said() {
        let times = Times::of([30, 10, 20, 90].map(Duration::from_millis));
        assert_eq!(times.spread(), "25.0 ms (10.0–90.0, n=4)");
        assert!((Times::of([3, 1, 2].map(Duration::from_millis)).middle() - 2.0).abs() < 1e-9);
    }

    #[test]
    fn a_part_is_what_so_many_stay_within() {
        let times = Times::of((1..=200).map(Duration::from_millis));
        assert!((times.part(0.99) - 198.0).abs() < 1e-9 && (times.part(0.5) - 100.0).abs() < 1e-9);
        assert!(Times::of([]).part(0.99).abs() < 1e-9);
    }

    #[test]
    fn what_is_not_built_is_said_and_stops_nothing() {
        let nowhere = Path::new("/nonexistent");
        let mut rows = engine::rows(nowhere);
        rows.extend(desktop::rows(nowhere));
        rows.extend(proxy::rows(nowhere));
        rows.extend(sizes(nowhere));
        assert!(rows.len() >= 13);
        assert!(rows.iter().all(|row| row.value == "not built"), "{rows:#?}");
    }
}
