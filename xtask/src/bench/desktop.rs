//! The window, on a screen in memory.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};

use super::engine::Home;
use super::screen::{Guard, Screen};
use super::{Row, Times, built};

const STARTS: usize = 10;

/// Measures start to first paint, and memory.
pub(super) fn rows(binaries: &Path) -> Vec<Row> {
    let (paint, memory) = match measure(&binaries.join("membrane-desktop")) {
        Ok((paints, memory)) => (Ok((paints.spread(), String::new())), Ok(memory)),
        Err(error) => (Err(anyhow::anyhow!("{error:#}")), Err(error)),
    };
    let memory = memory.map(|memory| (format!("{memory:.0} MB"), "proportional set size; mostly WebKit's".to_owned()));
    vec![
        Row::new("desktop start to first paint", "≤ 700 ms", paint),
        Row::new("memory with the window open, all its processes", "", memory),
    ]
}

fn measure(desktop: &Path) -> Result<(Times, f64)> {
    built(desktop)?;
    let screen = Screen::start()?;
    let home = Home::make("window")?;
    let mut paints = Vec::new();
    let mut memory = Vec::new();
    for _ in 0..STARTS {
        let (paint, megabytes) = start(desktop, &screen, &home)?;
        paints.push(paint);
        memory.push(megabytes);
    }
    memory.sort_by(f64::total_cmp);
    Ok((Times::of(paints), memory[memory.len() / 2]))
}

/// Starts the app once; returns the time to its first frame, and its memory in MB a little later.
fn start(desktop: &Path, screen: &Screen, home: &Home) -> Result<(Duration, f64)> {
    let trace = home.0.join("paint");
    let _none = std::fs::remove_file(&trace);
    let mut command = home.command(desktop);
    screen.show(&mut command);
    command.env("MEMBRANE_TRACE_PAINT", &trace);
    let started = SystemTime::now();
    let mut app = Guard(command.spawn()?);
    let limit = Instant::now();
    let painted = loop {
        if let Some(at) = std::fs::read_to_string(&trace).ok().and_then(|text| text.trim().parse::<u64>().ok()) {
            break UNIX_EPOCH + Duration::from_nanos(at);
        }
        if let Some(status) = app.0.try_wait()? {
            anyhow::bail!("the app ended with {status} before it painted");
        }
        ensure!(limit.elapsed() < Duration::from_secs(30), "the window did not paint within 30 s");
        std::thread::sleep(Duration::from_millis(1));
    };
    let took = painted.duration_since(started).context("the app wrote a time before its start")?;
    std::thread::sleep(Duration::from_secs(1));
    Ok((took, family(app.0.id())))
}

/// Returns the proportional memory of a process and all its children, in MB.
fn family(pid: u32) -> f64 {
    let mut total = 0.0;
    let mut left = vec![pid];
    while let Some(pid) = left.pop() {
        let maps = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
        let kilobytes = maps
            .lines()
            .find_map(|line| line.strip_prefix("Pss:"))
            .and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
        total += kilobytes.unwrap_or(0.0) / 1024.0;
        // A child belongs to the thread that started it, whichever that was.
        for thread in std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
            let children = std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            left.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        }
    }
    total
}
