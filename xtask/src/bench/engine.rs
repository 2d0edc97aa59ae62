//! The engine without a screen, and the command line.

use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};

use super::http::request;
use super::screen::Guard;
use super::{Row, Times, built};

const STARTS: usize = 20;
const CALLS: usize = 40;
const CONNECTIONS: usize = 1000;

/// A home folder of its own with an injected key, so that no keychain is asked.
pub(super) struct Home(pub(super) PathBuf);

impl Home {
    pub(super) fn make(name: &str) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("membrane-bench-{name}-{}", std::process::id()));
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let mut key =
            std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(folder.join("key"))?;
        // Any 32 bytes do: nothing of worth is sealed with them.
        std::io::Write::write_all(&mut key, b"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")?;
        Ok(Self(folder))
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.0.join("run/api.sock")
    }

    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env("MEMBRANE_HOME", &self.0).env("MEMBRANE_VAULT_KEY_FILE", self.0.join("key"));
        // Nothing of the person's own desktop is read or written, link handlers and web caches neither.
        command.env("HOME", &self.0).env("XDG_RUNTIME_DIR", &self.0);
        for folder in ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"] {
            command.env_remove(folder);
        }
        command.env_remove("MEMBRANE_VAULT_KEY").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // Left behind it would do no harm: it is in the temporary folder.
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

/// An engine that listens, ended when it is dropped.
pub(super) struct Engine(Guard);

impl Engine {
    /// Starts one and returns it with the time until its socket answered.
    pub(super) fn start(home: &Home, membrane: &Path) -> Result<(Self, Duration)> {
        let started = Instant::now();
        let mut engine = Self(Guard(home.command(membrane).arg("serve").spawn()?));
        while request(&home.socket(), "GET", "/health", None).is_err() {
            if let Some(status) = engine.0.0.try_wait()? {
                bail!("the engine ended with {status} before it listened");
            }
            ensure!(started.elapsed() < Duration::from_secs(20), "the engine did not listen within 20 s");
            std::thread::sleep(Duration::from_micros(200));
        }
        Ok((engine, started.elapsed()))
    }

    pub(super) fn pid(&self) -> u32 {
        self.0.0.id()
    }
}

impl Engine {}

/// Measures the engine and the command line.
pub(super) fn rows(binaries: &Path) -> Vec<Row> {
    let membrane = binaries.join("membrane");
    let ready = built(&membrane).and_then(|()| Home::make("engine"));
    let with = |measure: fn(&Home, &Path) -> Result<(String, String)>| match &ready {
        Ok(home) => measure(home, &membrane),
        Err(error) => Err(anyhow!("{error:#}")),
    };
    vec![
        Row::new("engine start to socket ready", "≤ 50 ms", with(starts)),
        Row::new("resident memory without a screen", "≤ 25 MB", with(memory)),
        Row::new("`membrane connection list`", "≤ 10 ms", with(list)),
        // Last, because the connections stay in the home folder.
        Row::new("1,000 connections through the API", "", with(thousand)),
    ]
}

fn starts(home: &Home, membrane: &Path) -> Result<(String, String)> {
    let mut took = Vec::new();
    for _ in 0..STARTS {
        let (engine, time) = Engine::start(home, membrane)?;
        drop(engine);
        took.push(time);
    }
    Ok((Times::of(took).spread(), String::new()))
}

fn memory(home: &Home, membrane: &Path) -> Result<(String, String)> {
    let (engine, _) = Engine::start(home, membrane)?;
    std::thread::sleep(Duration::from_secs(2));
    let megabytes = resident(engine.0.0.id())?;
    Ok((format!("{megabytes:.1} MB"), "before the first search".to_owned()))
}

fn list(home: &Home, membrane: &Path) -> Result<(String, String)> {
    let (_engine, _) = Engine::start(home, membrane)?;
    let list = Times::take(CALLS, || {
        ensure!(home.command(membrane).args(["connection", "list"]).status()?.success(), "the list failed");
        Ok(())
    })?;
    let curl = Times::take(CALLS, || {
        let mut curl = Command::new("curl");
        curl.args(["-sf", "-o", "/dev/null", "--unix-socket"]).arg(home.socket()).arg("http://localhost/connections");
        ensure!(curl.status()?.success(), "curl failed");
        Ok(())
    });
    let beside = match curl {
        Ok(curl) => {
            format!("`curl` on the same route {:.1} ms; ratio {:.2}", curl.middle(), list.middle() / curl.middle())
        }
        Err(error) => format!("no peer: {error:#}"),
    };
    Ok((list.spread(), beside))
}

fn thousand(home: &Home, membrane: &Path) -> Result<(String, String)> {
    let (_engine, _) = Engine::start(home, membrane)?;
    let socket = home.socket();
    fill(&socket, CONNECTIONS)?;
    let route = format!("/connections?limit={CONNECTIONS}");
    let body = request(&socket, "GET", &route, None)?;
    let page: serde_json::Value = serde_json::from_slice(&body)?;
    let count = page["items"].as_array().map_or(0, Vec::len);
    ensure!(count == CONNECTIONS, "the list has {count} connections instead of {CONNECTIONS}");
    let whole = Times::take(CALLS, || request(&socket, "GET", &route, None).map(drop))?;
    let nothing = Times::take(CALLS, || request(&socket, "GET", "/health", None).map(drop))?;
    Ok((
        format!("{}, {:.1} MB of JSON", whole.spread(), body.len() as f64 / 1e6),
        format!("`GET /health` {:.2} ms; ratio {:.0}", nothing.middle(), whole.middle() / nothing.middle()),
    ))
}

/// Connects the sandbox by user name and password, as often as it takes: nothing to register, no browser.
pub(super) fn fill(socket: &Path, count: usize) -> Result<()> {
    for number in 0..count {
        let body = format!(
            r#"{{"appKey":"membrane-sandbox","authMethod":"basic","name":"Connection {number}","input":{{"username":"ada","password":"sandbox"}}}}"#
        );
        request(socket, "POST", "/connect-sessions", Some(&body)).context("the sandbox could not be connected")?;
    }
    Ok(())
}

/// Returns a process's resident memory in MB.
pub(super) fn resident(pid: u32) -> Result<f64> {
    memory_of(pid, "VmRSS:")
}

/// Returns the most memory that a process ever had, in MB.
pub(super) fn peak(pid: u32) -> Result<f64> {
    memory_of(pid, "VmHWM:")
}

fn memory_of(pid: u32, name: &str) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).context("the process is gone")?;
    let kilobytes: f64 = line.split_whitespace().next().and_then(|n| n.parse().ok()).context("no number")?;
    Ok(kilobytes / 1024.0)
}
