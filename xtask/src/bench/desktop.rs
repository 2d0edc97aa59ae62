//! The window, on a screen in memory.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};

use super::engine::Home;
use super::{Row, spread};

const STARTS: usize = 10;
const DISPLAY: &str = ":87";

/// A child that is ended when it is dropped.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ended = Command::new("kill").arg(self.0.id().to_string()).status();
        let _reaped = self.0.wait();
    }
}

/// Measures start to first paint, and memory.
pub(super) fn rows(binaries: &Path) -> Result<Vec<Row>> {
    let screen = Command::new("Xvfb").args([DISPLAY, "-screen", "0", "1280x800x24"]).stderr(Stdio::null()).spawn();
    let _screen = Guard(screen.context("Xvfb could not be started")?);
    let home = Home::make("window")?;
    let trace = home.0.join("paint");
    let mut paints = Vec::new();
    let mut memory = Vec::new();
    for _ in 0..STARTS {
        let _none = std::fs::remove_file(&trace);
        let started = SystemTime::now();
        let mut command = home.command(&binaries.join("membrane-desktop"));
        command
            .env("DISPLAY", DISPLAY)
            .env("GDK_BACKEND", "x11")
            .env("NO_AT_BRIDGE", "1")
            .env("LIBGL_ALWAYS_SOFTWARE", "1");
        command
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .env("MEMBRANE_TRACE_PAINT", &trace);
        let app = Guard(command.spawn()?);
        let limit = Instant::now();
        let painted = loop {
            if let Some(at) = std::fs::read_to_string(&trace).ok().and_then(|text| text.trim().parse::<u64>().ok()) {
                break UNIX_EPOCH + Duration::from_nanos(at);
            }
            ensure!(limit.elapsed() < Duration::from_secs(30), "the window did not paint within 30 s");
            std::thread::sleep(Duration::from_millis(1));
        };
        paints.push(painted.duration_since(started)?);
        std::thread::sleep(Duration::from_secs(1));
        memory.push(family(app.0.id())?);
    }
    memory.sort_by(f64::total_cmp);
    Ok(vec![
        Row { what: "desktop start to first paint", value: spread(paints), aim: "≤ 700 ms", peer: String::new() },
        Row {
            what: "memory with the window open, all its processes",
            value: format!("{:.0} MB", memory[memory.len() / 2]),
            aim: "",
            peer: "proportional set size; mostly WebKit's".to_owned(),
        },
    ])
}

/// Returns the proportional memory of a process and all its children, in MB.
fn family(pid: u32) -> Result<f64> {
    let mut total = 0.0;
    let mut left = vec![pid];
    while let Some(pid) = left.pop() {
        let maps = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
        let kilobytes = maps
            .lines()
            .find_map(|line| line.strip_prefix("Pss:"))
            .and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
        total += kilobytes.unwrap_or(0.0) / 1024.0;
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        left.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
    }
    Ok(total)
}
