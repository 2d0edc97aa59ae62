//! `cargo xtask bench`: one table of what the release build takes, beside a peer in the same run where there is one.

mod desktop;
mod engine;
mod http;
mod refresh;
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
    /// Only one group of figures
    #[arg(long, value_parser = ["engine", "refresh", "desktop", "sizes"])]
    only: Option<String>,
    /// The cargo profile; figures for the table of record are those of release
    #[arg(long, default_value = "release", value_parser = ["release", "quick", "dev"])]
    profile: String,
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

/// Measures everything and prints the table.
pub(crate) fn run(options: &Options) -> Result<()> {
    if !options.no_build {
        setup::packages(Wanted::Bench)?;
        setup::console()?;
        let build = ["build", "--profile", &options.profile, "-p", "membrane-cli", "-p", "membrane-desktop"];
        run_command(cargo(&build).args(["--features", FEATURES]))?;
        run_command(&mut cargo(&["build", "--profile", &options.profile, "-p", "membrane-tests", "--bins"]))?;
    }
    let binaries = shell::binaries(&options.profile);
    let wanted = |group: &str| options.only.as_deref().is_none_or(|only| only == group);
    let groups: [(&str, fn(&Path) -> Vec<Row>); 4] =
        [("engine", engine::rows), ("refresh", refresh::rows), ("desktop", desktop::rows), ("sizes", sizes)];
    let wanted = groups.into_iter().filter(|(group, _)| wanted(group));
    let mut rows: Vec<Row> = wanted.flat_map(|(_, measure)| measure(&binaries)).collect();
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
    let package = both.and_then(|()| crate::dist::pack(binaries, &target().join("bench")));
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
    fn what_is_not_built_is_said_and_stops_nothing() {
        let nowhere = Path::new("/nonexistent");
        let mut rows = engine::rows(nowhere);
        rows.extend(refresh::rows(nowhere));
        rows.extend(desktop::rows(nowhere));
        rows.extend(sizes(nowhere));
        assert!(rows.len() >= 16);
        assert!(rows.iter().all(|row| row.value == "not built"), "{rows:#?}");
    }
}
