//! The engine without a screen, and the command line.

use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::http::request;
use super::{Row, middle, spread};

const STARTS: usize = 20;
const CALLS: usize = 40;
const CONNECTIONS: usize = 1000;

/// A home folder of its own with an injected key, so that no keychain is asked.
pub(super) struct Home(pub(super) PathBuf);

impl Home {
    pub(super) fn make(name: &str) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("membrane-bench-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
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
struct Engine(Child);

impl Engine {
    /// Starts one and returns it with the time until its socket answered.
    fn start(home: &Home, membrane: &Path) -> Result<(Self, Duration)> {
        let started = Instant::now();
        let child = home.command(membrane).arg("serve").spawn()?;
        let engine = Self(child);
        while request(&home.socket(), "GET", "/health", None).is_err() {
            anyhow::ensure!(started.elapsed() < Duration::from_secs(20), "the engine did not listen within 20 s");
            std::thread::sleep(Duration::from_micros(200));
        }
        Ok((engine, started.elapsed()))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ended = Command::new("kill").arg(self.0.id().to_string()).status();
        let _reaped = self.0.wait();
    }
}

/// Measures the engine.
pub(super) fn rows(binaries: &Path) -> Result<Vec<Row>> {
    let membrane = binaries.join("membrane");
    let home = Home::make("engine")?;
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let (engine, took) = Engine::start(&home, &membrane)?;
        starts.push(took);
        drop(engine);
    }
    let (engine, _) = Engine::start(&home, &membrane)?;
    std::thread::sleep(Duration::from_secs(2));
    let memory = resident(engine.0.id())?;
    let socket = home.socket();

    let list = times(CALLS, || {
        anyhow::ensure!(home.command(&membrane).args(["connection", "list"]).status()?.success(), "the list failed");
        Ok(())
    })?;
    let curl = times(CALLS, || {
        let mut curl = Command::new("curl");
        curl.args(["-s", "-o", "/dev/null", "--unix-socket"])
            .arg(&socket)
            .arg("http://localhost/connections?limit=1000");
        anyhow::ensure!(curl.status()?.success(), "curl failed");
        Ok(())
    });
    let beside = curl.map_or_else(
        |_| "curl is not there".to_owned(),
        |curl| {
            let (mut list, mut curl) = (list.clone(), curl);
            list.sort();
            curl.sort();
            format!("curl on the same route {:.1} ms; ratio {:.2}", middle(&curl), middle(&list) / middle(&curl))
        },
    );

    fill(&socket)?;
    let mut whole = times(CALLS, || request(&socket, "GET", "/connections?limit=1000", None).map(drop))?;
    let mut nothing = times(CALLS, || request(&socket, "GET", "/health", None).map(drop))?;
    let bytes = request(&socket, "GET", "/connections?limit=1000", None)?.len();
    let thousand = spread(whole.clone());
    whole.sort();
    nothing.sort();
    Ok(vec![
        Row { what: "engine start to socket ready", value: spread(starts), aim: "≤ 50 ms", peer: String::new() },
        Row {
            what: "resident memory without a screen",
            value: format!("{memory:.1} MB"),
            aim: "≤ 25 MB",
            peer: "before the first search".to_owned(),
        },
        Row { what: "`membrane connection list`", value: spread(list), aim: "≤ 10 ms", peer: beside },
        Row {
            what: "1,000 connections through the API",
            value: format!("{thousand}, {:.1} MB of JSON", bytes as f64 / 1e6),
            aim: "",
            peer: format!("`GET /health` {:.2} ms; ratio {:.0}", middle(&nothing), middle(&whole) / middle(&nothing)),
        },
    ])
}

/// Connects the sandbox by name and password, as often as it takes.
fn fill(socket: &Path) -> Result<()> {
    for number in 0..CONNECTIONS {
        let body = format!(
            r#"{{"appKey":"membrane-sandbox","authMethod":"basic","name":"Connection {number}","input":{{"username":"ada","password":"sandbox"}}}}"#
        );
        request(socket, "POST", "/connect-sessions", Some(&body)).context("the sandbox could not be connected")?;
    }
    Ok(())
}

fn times(count: usize, mut call: impl FnMut() -> Result<()>) -> Result<Vec<Duration>> {
    (0..count)
        .map(|_| {
            let started = Instant::now();
            call()?;
            Ok(started.elapsed())
        })
        .collect()
}

/// Returns a process's resident memory in MB.
pub(super) fn resident(pid: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("the process is gone")?;
    let kilobytes: f64 = line.split_whitespace().next().and_then(|n| n.parse().ok()).context("no number")?;
    Ok(kilobytes / 1024.0)
}
