//! The API under load, beside a bare handler that answers with the same bytes; the event stream; the connect page.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};

use super::engine::{Engine, Home, fill};
use super::http::request;
use super::screen::Guard;
use super::{Row, Times, built};
use crate::shell::{command, output, root};

const CONNECTIONS: usize = 10_000;
const ROUTE: &str = "/connections?limit=100";
const CALLS: usize = 2000;
const LOAD: Duration = Duration::from_secs(4);
const THREADS: usize = 4;
const LISTENERS: usize = 100;
const CHANGES: usize = 50;

/// Measures the API and the connect page.
pub(super) fn rows(binaries: &Path) -> Vec<Row> {
    let membrane = binaries.join("membrane");
    let filled = built(&membrane).and_then(|()| {
        let home = Home::make("api")?;
        let (engine, _) = Engine::start(&home, &membrane)?;
        fill(&home.socket(), CONNECTIONS)?;
        Ok((home, engine))
    });
    let with = |measure: &dyn Fn(&Home) -> Result<(String, String)>| match &filled {
        Ok((home, _)) => measure(home),
        Err(error) => Err(anyhow!("{error:#}")),
    };
    vec![
        Row::new("`GET /connections`, 100 of 10,000: p50, p99", "p99 ≤ 2 ms", with(&|home| latency(home, binaries))),
        Row::new("the same, requests per second", "≥ 60 % of bare", with(&|home| rate(home, binaries))),
        Row::new("a change, heard by 100 listeners", "", with(&fan_out)),
        Row::new("connect page, gzip", "≤ 60 KB", page_weight()),
        Row::new("connect page, until it can be used", "", with(&page_time)),
    ]
}

/// A connection that is kept for many requests.
struct Wire(BufReader<UnixStream>);

impl Wire {
    fn open(socket: &Path) -> Result<Self> {
        Ok(Self(BufReader::with_capacity(256 * 1024, UnixStream::connect(socket)?)))
    }

    fn ask(&mut self, body: &mut Vec<u8>) -> Result<()> {
        let ask = format!("GET {ROUTE} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        self.0.get_mut().write_all(ask.as_bytes())?;
        let (mut length, mut line, mut first) = (0, String::new(), true);
        loop {
            line.clear();
            self.0.read_line(&mut line)?;
            if first {
                ensure!(line.contains(" 200 "), "it answered {line}");
                first = false;
            }
            let text = line.trim_end();
            if text.is_empty() {
                break;
            }
            if let Some((name, value)) = text.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse()?;
            }
        }
        body.resize(length, 0);
        self.0.read_exact(body)?;
        Ok(())
    }
}

/// The bare handler, answering with what the engine answers.
fn bare(home: &Home, binaries: &Path) -> Result<(Guard, std::path::PathBuf)> {
    let program = binaries.join("examples/bare");
    built(&program)?;
    let (socket, file) = (home.0.join("bare.sock"), home.0.join("bare.json"));
    std::fs::write(&file, request(&home.socket(), "GET", ROUTE, None)?)?;
    let _old = std::fs::remove_file(&socket);
    let guard = Guard(Command::new(program).arg(&socket).arg(&file).stdin(Stdio::null()).spawn()?);
    let started = Instant::now();
    while UnixStream::connect(&socket).is_err() {
        ensure!(started.elapsed() < Duration::from_secs(10), "the bare handler did not listen");
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok((guard, socket))
}

fn latency(home: &Home, binaries: &Path) -> Result<(String, String)> {
    let times = |socket: &Path| -> Result<(f64, f64, usize)> {
        let (mut wire, mut body) = (Wire::open(socket)?, Vec::new());
        for _ in 0..CALLS / 10 {
            wire.ask(&mut body)?;
        }
        let times = Times::take(CALLS, || wire.ask(&mut body))?;
        Ok((times.middle(), times.at(0.99), body.len()))
    };
    let (p50, p99, bytes) = times(&home.socket())?;
    let (_guard, socket) = bare(home, binaries)?;
    let (bare50, bare99, _) = times(&socket)?;
    Ok((
        format!("{p50:.3} ms, {p99:.3} ms ({} KB of JSON)", bytes / 1000),
        format!("bare axum {bare50:.3} ms, {bare99:.3} ms"),
    ))
}

fn rate(home: &Home, binaries: &Path) -> Result<(String, String)> {
    let count = |socket: &Path| -> Result<f64> {
        let started = Instant::now();
        let counts: Vec<Result<usize>> = std::thread::scope(|scope| {
            let work = || -> Result<usize> {
                let (mut wire, mut body, mut count) = (Wire::open(socket)?, Vec::new(), 0);
                while started.elapsed() < LOAD {
                    wire.ask(&mut body)?;
                    count += 1;
                }
                Ok(count)
            };
            let running: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
            running.into_iter().map(|one| one.join().unwrap_or_else(|_| bail!("a thread ended"))).collect()
        });
        let total: usize = counts.into_iter().sum::<Result<usize>>()?;
        Ok(f64::from(u32::try_from(total)?) / started.elapsed().as_secs_f64())
    };
    let ours = count(&home.socket())?;
    let (_guard, socket) = bare(home, binaries)?;
    let theirs = count(&socket)?;
    Ok((format!("{ours:.0}/s"), format!("bare axum {theirs:.0}/s; ratio {:.0} %", 100.0 * ours / theirs)))
}

fn fan_out(home: &Home) -> Result<(String, String)> {
    let page: serde_json::Value =
        serde_json::from_slice(&request(&home.socket(), "GET", "/connections?limit=1", None)?)?;
    let id = page["items"][0]["id"].as_str().context("no connection")?.to_owned();
    let (tell, heard) = channel();
    for _ in 0..LISTENERS {
        let mut wire = UnixStream::connect(home.socket())?;
        wire.write_all(b"GET /events HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\r\n")?;
        let tell = tell.clone();
        std::thread::spawn(move || {
            let lines = BufReader::new(wire).lines().map_while(std::result::Result::ok);
            for line in lines {
                let kind = if line.starts_with("data: {\"type\":\"snapshot\"") {
                    "ready"
                } else if line.starts_with("data: {\"type\":\"connection\",") {
                    "changed"
                } else {
                    continue;
                };
                if tell.send((kind, Instant::now())).is_err() {
                    return;
                }
            }
        });
    }
    let all = |kind: &str| -> Result<Instant> {
        let mut last = Instant::now();
        for _ in 0..LISTENERS {
            let (told, at) = heard.recv_timeout(Duration::from_secs(120)).context("a listener heard nothing")?;
            ensure!(told == kind, "a listener heard {told} instead of {kind}");
            last = last.max(at);
        }
        Ok(last)
    };
    all("ready")?;
    let mut took = Vec::new();
    for number in 0..CHANGES {
        let started = Instant::now();
        let body = format!(r#"{{"name":"Changed {number}"}}"#);
        request(&home.socket(), "PATCH", &format!("/connections/{id}"), Some(&body))?;
        took.push(all("changed")?.duration_since(started));
    }
    let times = Times::of(took);
    let text = format!("p50 {:.1} ms, p99 {:.1} ms until the last has it", times.middle(), times.at(0.99));
    Ok((text, "from the request to the last listener, the write to disk included".to_owned()))
}

fn page_weight() -> Result<(String, String)> {
    let folder = root().join("ui/dist-embed/assets");
    let mut total = 0.0;
    for entry in std::fs::read_dir(&folder).context("the connect page is not built")? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("embed-")) {
            let packed = Command::new("gzip").arg("-9c").arg(&path).output()?.stdout;
            total += f64::from(u32::try_from(packed.len())?);
        }
    }
    ensure!(total > 0.0, "the connect page is not built");
    Ok((format!("{:.1} KB", total / 1000.0), "script and style; the page itself is below 1 KB".to_owned()))
}

/// Opens the page in Chromium and asks it when its first app could be chosen.
fn page_time(home: &Home) -> Result<(String, String)> {
    let client = request(&home.socket(), "POST", "/clients", Some(r#"{"name":"bench"}"#))?;
    let client: serde_json::Value = serde_json::from_slice(&client)?;
    let status: serde_json::Value = serde_json::from_slice(&request(&home.socket(), "GET", "/status", None)?)?;
    let mut node = command("node", &["bench.mjs"]);
    node.current_dir(root().join("tests/contract"));
    node.env("API", status["apiUri"].as_str().unwrap_or_default());
    node.env("TOKEN", client["token"].as_str().unwrap_or_default());
    let said = output(&mut node).context("run `cargo xtask test` once: it installs the browser's driver")?;
    Ok((said.trim().to_owned(), "from the navigation to the first app that can be chosen, in Chromium".to_owned()))
}
