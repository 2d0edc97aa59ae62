//! What renewing and handing out tokens takes, one at a time and ten thousand at once, against a provider of our own.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};

use super::engine::{Engine, Home, resident};
use super::http::{request, request_over};
use super::{Row, Times, built};

const CALLS: usize = 200;
const STORM: usize = 10_000;
/// What the provider of the storm takes for a request, and how many it works on at once.
const STORM_LATENCY_MS: usize = 20;
const STORM_PLACES: usize = 8;
const WAKES: usize = 200;
const IDLE: Duration = Duration::from_secs(10);

/// The programs that measuring takes.
struct Programs {
    membrane: PathBuf,
    provider: PathBuf,
    fill: PathBuf,
}

impl Programs {
    fn find(binaries: &Path) -> Result<Self> {
        let find = |name: &str| built(&binaries.join(name)).map(|()| binaries.join(name));
        Ok(Self { membrane: find("membrane")?, provider: find("fault-provider")?, fill: find("fill-home")? })
    }
}

/// A provider in a process of its own; it ends with this value.
struct Provider {
    child: Child,
    _input: Option<ChildStdin>,
    origin: String,
}

impl Provider {
    fn start(programs: &Programs, latency_ms: usize, places: usize) -> Result<Self> {
        let mut child = Command::new(&programs.provider)
            .args([latency_ms.to_string(), places.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut origin = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut origin)?;
        Ok(Self { _input: child.stdin.take(), child, origin: origin.trim().to_owned() })
    }

    fn connect(&self) -> Result<TcpStream> {
        Ok(TcpStream::connect(self.origin.trim_start_matches("http://"))?)
    }

    /// Returns how many refreshes it was asked for, how many it answered well, and how many spent tokens came back.
    fn stats(&self) -> Result<(usize, usize, usize)> {
        let body: serde_json::Value =
            serde_json::from_slice(&request_over(self.connect()?, "GET", "/stats", None, None)?)?;
        let number = |name: &str| body[name].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
        Ok((number("refreshes"), number("good"), number("reuse")))
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // It ends by itself as well, with its input.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn fill(programs: &Programs, home: &Home, provider: &Provider, count: usize, due_in: u64) -> Result<()> {
    let status = home
        .command(&programs.fill)
        .arg(&home.0)
        .args([provider.origin.clone(), count.to_string(), due_in.to_string()])
        .status()?;
    ensure!(status.success(), "the home could not be filled");
    Ok(())
}

/// Measures everything.
pub(super) fn rows(binaries: &Path) -> Vec<Row> {
    let programs = Programs::find(binaries);
    let with = |measure: fn(&Programs) -> Result<(String, String)>| match &programs {
        Ok(programs) => measure(programs),
        Err(error) => Err(anyhow!("{error:#}")),
    };
    vec![
        Row::new("a forced renewal, over the provider's own time", "≤ 5 ms", with(forced)),
        Row::new("a cached token over the socket", "≤ 0.5 ms", with(socket)),
        Row::new("a cached token by `membrane connection token`", "≤ 1.5 × `oidc-token`", with(command_line)),
        Row::new("10,000 renewals due at once", "≤ 1.3 × floor", with(storm)),
        Row::new("1,000 scheduled", "", with(|programs| scheduled(programs, 1000))),
        Row::new("10,000 scheduled", "", with(|programs| scheduled(programs, 10_000))),
        Row::new("100,000 scheduled", "≤ 150 MB, idle CPU ≈ 0", with(|programs| scheduled(programs, 100_000))),
    ]
}

fn forced(programs: &Programs) -> Result<(String, String)> {
    let provider = Provider::start(programs, 0, 0)?;
    let home = Home::make("forced")?;
    fill(programs, &home, &provider, CALLS, 3600)?;
    let (_engine, _) = Engine::start(&home, &programs.membrane)?;
    let mut numbers = 0..CALLS;
    let ours = Times::take(CALLS, || {
        let number = numbers.next().context("no connection left")?;
        request(&home.socket(), "POST", &format!("/connections/seed-{number}/refresh-credentials"), None).map(drop)
    })?;
    let mut numbers = 0..CALLS;
    let its_own = Times::take(CALLS, || {
        let number = numbers.next().context("no token left")?;
        let form = format!("grant_type=refresh_token&client_id=native&refresh_token=seed-x{number}");
        request_over(provider.connect()?, "POST", "/token", Some("application/x-www-form-urlencoded"), Some(&form))
            .map(drop)
    })?;
    let over = ours.middle() - its_own.middle();
    Ok((format!("{over:.2} ms"), format!("{} in all, the provider alone {}", ours.spread(), its_own.spread())))
}

fn socket(programs: &Programs) -> Result<(String, String)> {
    let provider = Provider::start(programs, 0, 0)?;
    let home = Home::make("socket")?;
    fill(programs, &home, &provider, 1, 3600)?;
    let (_engine, _) = Engine::start(&home, &programs.membrane)?;
    let token = Times::take(CALLS, || request(&home.socket(), "GET", "/connections/seed-0/token", None).map(drop))?;
    let nothing = Times::take(CALLS, || request(&home.socket(), "GET", "/health", None).map(drop))?;
    Ok((format!("{:.2} ms (n={CALLS})", token.middle()), format!("`GET /health` {:.2} ms", nothing.middle())))
}

fn command_line(programs: &Programs) -> Result<(String, String)> {
    let provider = Provider::start(programs, 0, 0)?;
    let home = Home::make("token")?;
    fill(programs, &home, &provider, 1, 3600)?;
    let (_engine, _) = Engine::start(&home, &programs.membrane)?;
    let peer = Peer::start(&home, &provider);
    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    // In turn, so that both meet the same computer.
    for _ in 0..CALLS {
        let started = Instant::now();
        let status = home.command(&programs.membrane).args(["connection", "token", "seed-0"]).status()?;
        ours.push(started.elapsed());
        ensure!(status.success(), "no token came");
        if let Ok(peer) = &peer {
            let started = Instant::now();
            let status = peer.command("oidc-token").arg("bench").status()?;
            theirs.push(started.elapsed());
            ensure!(status.success(), "oidc-token gave no token");
        }
    }
    let ours = Times::of(ours);
    let beside = match peer {
        Ok(_) => {
            let theirs = Times::of(theirs);
            format!("`oidc-token` {}; ratio {:.2}", theirs.spread(), ours.middle() / theirs.middle())
        }
        Err(error) => format!("no peer: {error:#}"),
    };
    Ok((ours.spread(), beside))
}

/// An `oidc-agent` that holds a token of the same provider.
struct Peer {
    home: PathBuf,
    socket: String,
    pid: String,
}

impl Peer {
    fn start(home: &Home, provider: &Provider) -> Result<Self> {
        let folder = home.0.join("peer");
        std::fs::create_dir(&folder)?;
        let said = Command::new("oidc-agent").env("HOME", &folder).output().context("oidc-agent is not there")?;
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        let value = |name: &str| {
            let rest = text.split(&format!("{name}=")).nth(1)?;
            rest.split(';').next().map(str::to_owned)
        };
        let socket = value("OIDC_SOCK").context("oidc-agent named no socket")?;
        let peer = Self { home: folder, socket, pid: value("OIDCD_PID").unwrap_or_default() };
        let made = peer
            .command("oidc-gen")
            .args([
                "bench",
                "--iss",
                &provider.origin,
                "--client-id",
                "native",
                "--client-secret",
                "",
                "--rt",
                "seed-peer",
            ])
            .args(["--scope", "openid offline_access", "--pw-env=PW", "--flow=refresh", "-m", "--prompt=none"])
            .args(["--redirect-uri", "http://localhost:4242"])
            .env("PW", "for measuring only")
            .status()?;
        ensure!(made.success(), "oidc-gen made no account");
        Ok(peer)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("HOME", &self.home).env("OIDC_SOCK", &self.socket).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ended = Command::new("kill").arg(&self.pid).status();
    }
}

fn storm(programs: &Programs) -> Result<(String, String)> {
    let provider = Provider::start(programs, STORM_LATENCY_MS, STORM_PLACES)?;
    let home = Home::make("storm")?;
    fill(programs, &home, &provider, STORM, 0)?;
    let started = Instant::now();
    let (engine, _) = Engine::start(&home, &programs.membrane)?;
    let mut stats = provider.stats()?;
    while stats.1 < STORM {
        ensure!(started.elapsed() < Duration::from_secs(300), "only {} of {STORM} were renewed in 300 s", stats.1);
        std::thread::sleep(Duration::from_millis(50));
        stats = provider.stats()?;
    }
    let took = started.elapsed().as_secs_f64();
    let floor = (STORM * STORM_LATENCY_MS / STORM_PLACES) as f64 / 1e3;
    let peak = status_of(engine.pid(), "VmHWM:")?;
    let (asked, good, reuse) = stats;
    ensure!(reuse == 0, "{reuse} spent tokens were sent");
    Ok((
        format!("{took:.1} s = {:.2} × floor, {} duplicates, peak {peak:.1} MB", took / floor, asked - good),
        format!("floor {floor:.1} s: {STORM_PLACES} at once, {STORM_LATENCY_MS} ms each"),
    ))
}

fn scheduled(programs: &Programs, count: usize) -> Result<(String, String)> {
    let provider = Provider::start(programs, 0, 0)?;
    let home = Home::make("scheduled")?;
    fill(programs, &home, &provider, count, 3600)?;
    let (engine, started) = Engine::start(&home, &programs.membrane)?;
    std::thread::sleep(Duration::from_secs(2));
    let megabytes = resident(engine.pid())?;
    let before = cpu_of(engine.pid())?;
    std::thread::sleep(IDLE);
    let idle = cpu_of(engine.pid())? - before;
    // Resuming what does not rest changes nothing and makes the scheduler look.
    let before = cpu_of(engine.pid())?;
    for _ in 0..WAKES {
        request(&home.socket(), "POST", "/connections/seed-0/resume", None)?;
    }
    let wake = (cpu_of(engine.pid())? - before) / WAKES as f64;
    Ok((
        format!(
            "{megabytes:.1} MB, idle {:.2} % CPU, {:.2} ms CPU a wake",
            idle / IDLE.as_secs_f64() * 100.0,
            wake * 1e3
        ),
        format!("ready after {:.0} ms", started.as_secs_f64() * 1e3),
    ))
}

/// Returns a figure of `/proc/PID/status` in MB.
fn status_of(pid: u32, name: &str) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).context("the process is gone")?;
    let kilobytes: f64 = line.split_whitespace().next().and_then(|n| n.parse().ok()).context("no number")?;
    Ok(kilobytes / 1024.0)
}

/// Returns the CPU time that a process has used, in seconds; Linux counts it in hundredths.
fn cpu_of(pid: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, rest) = stat.rsplit_once(')').context("an odd line")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).and_then(|n| n.parse::<f64>().ok()).context("no number");
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}
