//! The proxy beside a direct call and beside nginx, in the same run: one app behind all three, over kept connections.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};

use super::engine::{Engine, Home, peak};
use super::http::request;
use super::screen::Guard;
use super::{Row, Times, built};

/// Calls that are timed, one after another.
const CALLS: usize = 3000;
/// Rounds in which the three take turns, so that what else goes on meets all of them.
const ROUNDS: usize = 6;
/// Connections that are busy at once when the rate is measured.
const AT_ONCE: usize = 16;
/// For how long a rate is measured, in each round.
const RATE_TIME: Duration = Duration::from_secs(1);
/// What is streamed.
const LARGE: u64 = 1 << 30;

/// Measures the proxy.
pub(super) fn rows(binaries: &Path) -> Vec<Row> {
    let membrane = binaries.join("membrane");
    let measured = built(&membrane).and_then(|()| measure(&membrane));
    let one = |pick: fn(&Figures) -> (String, String)| match &measured {
        Ok(figures) => Ok(pick(figures)),
        Err(error) => Err(anyhow!("{error:#}")),
    };
    vec![
        Row::new("proxy, one call, middle", "≤ +0.3 ms", one(|figures| figures.added(0.5))),
        Row::new("proxy, one call, 99 of 100", "≤ +1.5 ms", one(|figures| figures.added(0.99))),
        Row::new("proxy, 16 at once", "≥ 50 % of nginx", one(Figures::rate)),
        Row::new("proxy, 1 GB streamed", "flat memory", one(|figures| figures.large.clone())),
    ]
}

struct Figures {
    direct: Times,
    ours: Times,
    nginx: Times,
    ours_rate: f64,
    nginx_rate: f64,
    large: (String, String),
}

impl Figures {
    fn added(&self, part: f64) -> (String, String) {
        let (direct, ours, nginx) = (self.direct.at(part), self.ours.at(part), self.nginx.at(part));
        let value = format!("+{:.2} ms ({ours:.2} ms, n={})", ours - direct, CALLS);
        (value, format!("direct {direct:.2} ms; nginx +{:.2} ms ({nginx:.2} ms)", nginx - direct))
    }

    fn rate(&self) -> (String, String) {
        let beside = format!("nginx {:.0}/s; ratio {:.2}", self.nginx_rate, self.ours_rate / self.nginx_rate);
        (format!("{:.0}/s", self.ours_rate), beside)
    }
}

fn measure(membrane: &Path) -> Result<Figures> {
    let home = Home::make("proxy")?;
    let app = Nginx::app(&home.0)?;
    let nginx = Nginx::proxy(&home.0, app.port)?;
    let (engine, _) = Engine::start(&home, membrane)?;
    let id = connect(&home.socket(), app.port)?;

    let direct = || Wire::tcp(app.port, "/api/small");
    let ours = || Wire::unix(&home.socket(), &format!("/connections/{id}/proxy/small"));
    let beside = || Wire::unix(&nginx.socket, "/api/small");
    let (mut direct_times, mut our_times, mut nginx_times) = (Vec::new(), Vec::new(), Vec::new());
    let (mut our_rate, mut nginx_rate) = (0.0, 0.0);
    for _ in 0..ROUNDS {
        direct_times.extend(timed(direct()?)?);
        our_times.extend(timed(ours()?)?);
        nginx_times.extend(timed(beside()?)?);
        our_rate += rate(&ours)?;
        nginx_rate += rate(&beside)?;
    }
    Ok(Figures {
        direct: Times::of(direct_times),
        ours: Times::of(our_times),
        nginx: Times::of(nginx_times),
        ours_rate: our_rate / ROUNDS as f64,
        nginx_rate: nginx_rate / ROUNDS as f64,
        large: large(&engine, &home.socket(), &nginx.socket, &id)?,
    })
}

/// Adds the app and connects it; returns the connection's id.
fn connect(socket: &Path, port: u16) -> Result<String> {
    let file = include_str!("app.toml").replace("PORT", &port.to_string());
    let body = serde_json::json!({ "name": "bench.toml", "text": file }).to_string();
    request(socket, "POST", "/apps", Some(&body)).context("the app could not be added")?;
    let body = r#"{"appKey":"bench","authMethod":"key","input":{"key":"any"}}"#;
    request(socket, "POST", "/connect-sessions", Some(body)).context("the app could not be connected")?;
    let connection: serde_json::Value = serde_json::from_slice(&request(socket, "GET", "/connections/bench", None)?)?;
    Ok(connection["id"].as_str().context("no id")?.to_owned())
}

fn timed(mut wire: Wire) -> Result<Vec<Duration>> {
    for _ in 0..20 {
        wire.call()?;
    }
    let mut times = Vec::with_capacity(CALLS / ROUNDS);
    for _ in 0..CALLS / ROUNDS {
        let started = Instant::now();
        wire.call()?;
        times.push(started.elapsed());
    }
    Ok(times)
}

fn rate(open: &(dyn Fn() -> Result<Wire> + Sync)) -> Result<f64> {
    let started = Instant::now();
    let counts: Vec<Result<usize>> = std::thread::scope(|scope| {
        let busy = (0..AT_ONCE).map(|_| {
            scope.spawn(|| {
                let (mut wire, mut count) = (open()?, 0);
                while started.elapsed() < RATE_TIME {
                    wire.call()?;
                    count += 1;
                }
                Ok(count)
            })
        });
        let busy: Vec<_> = busy.collect();
        busy.into_iter().map(|one| one.join().unwrap_or_else(|_| Err(anyhow!("a caller panicked")))).collect()
    });
    let total: usize = counts.into_iter().sum::<Result<usize>>()?;
    Ok(total as f64 / started.elapsed().as_secs_f64())
}

fn large(engine: &Engine, socket: &Path, nginx: &Path, id: &str) -> Result<(String, String)> {
    let before = peak(engine.pid())?;
    let ours = stream(Wire::unix(socket, &format!("/connections/{id}/proxy/large"))?)?;
    let grown = peak(engine.pid())? - before;
    let beside = stream(Wire::unix(nginx, "/api/large")?)?;
    let speed = |took: Duration| LARGE as f64 / 1e6 / took.as_secs_f64();
    Ok((
        format!("{:.0} MB/s, peak memory +{grown:.1} MB (at {:.1} MB before)", speed(ours), before),
        format!("nginx {:.0} MB/s", speed(beside)),
    ))
}

fn stream(mut wire: Wire) -> Result<Duration> {
    let started = Instant::now();
    let length = wire.begin()?;
    ensure!(length == LARGE, "{length} bytes instead of {LARGE}");
    let copied = std::io::copy(&mut wire.incoming.by_ref().take(length), &mut std::io::sink())?;
    ensure!(copied == LARGE, "{copied} bytes came");
    Ok(started.elapsed())
}

trait Line: Read + Write + Send {}
impl<T: Read + Write + Send> Line for T {}

/// A kept connection that makes one call again and again.
struct Wire {
    incoming: BufReader<Box<dyn Line>>,
    request: Vec<u8>,
}

impl Wire {
    fn tcp(port: u16, path: &str) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        Ok(Self::new(Box::new(stream), path))
    }

    fn unix(socket: &Path, path: &str) -> Result<Self> {
        Ok(Self::new(Box::new(UnixStream::connect(socket)?), path))
    }

    fn new(line: Box<dyn Line>, path: &str) -> Self {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n").into_bytes();
        Self { incoming: BufReader::with_capacity(256 * 1024, line), request }
    }

    /// Makes the call and reads its answer.
    fn call(&mut self) -> Result<()> {
        let length = self.begin()?;
        let mut body = vec![0; usize::try_from(length)?];
        self.incoming.read_exact(&mut body)?;
        Ok(())
    }

    /// Makes the call, reads the head of its answer and returns the body's length.
    fn begin(&mut self) -> Result<u64> {
        self.incoming.get_mut().write_all(&self.request)?;
        let (mut line, mut length, mut status) = (String::new(), None, None);
        loop {
            line.clear();
            ensure!(self.incoming.read_line(&mut line)? > 0, "the connection was closed");
            let text = line.trim_end();
            if text.is_empty() {
                break;
            }
            status.get_or_insert_with(|| text.to_owned());
            if let Some((name, value)) = text.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().ok();
            }
        }
        let status = status.unwrap_or_default();
        ensure!(status.contains(" 200"), "the answer is {status:?}");
        length.context("the answer has no length")
    }
}

/// A running nginx, ended when it is dropped.
struct Nginx {
    _process: Guard,
    port: u16,
    socket: PathBuf,
}

impl Nginx {
    /// Plays the app: a small answer, and a large file.
    fn app(home: &Path) -> Result<Self> {
        let files = home.join("files");
        std::fs::create_dir_all(files.join("api"))?;
        std::fs::File::create(files.join("api/large"))?.set_len(LARGE)?;
        let server = format!(
            "server {{ listen 127.0.0.1:PORT; root {}; default_type application/json;
             location = /api/small {{ return 200 '{{\"items\": [{{\"id\": 1, \"name\": \"Mira Castell\"}}]}}'; }} }}",
            files.display()
        );
        Self::start(home, "app", &server)
    }

    /// Does what the proxy does: adds a key and passes the call on.
    fn proxy(home: &Path, app: u16) -> Result<Self> {
        let server = format!(
            "upstream app {{ server 127.0.0.1:{app}; keepalive 64; keepalive_requests 100000000; }}
             server {{ listen unix:SOCKET; location / {{
                proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ''; proxy_set_header Host app;
                proxy_set_header X-Api-Key any; proxy_max_temp_file_size 0; }} }}"
        );
        Self::start(home, "proxy", &server)
    }

    fn start(home: &Path, name: &str, server: &str) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let (socket, folder) = (home.join(format!("{name}.sock")), home.join(format!("nginx-{name}")));
        std::fs::create_dir_all(&folder)?;
        let server = server.replace("PORT", &port.to_string()).replace("SOCKET", &socket.display().to_string());
        let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|kind| format!("{kind}_temp_path {}/{kind};\n", folder.display()))
            .collect();
        // As root the workers would be somebody else, who may not read the folder.
        let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
        let text = format!(
            "daemon off; master_process on; {user} worker_processes 2; pid {0}/pid; error_log {0}/error.log;
             events {{ worker_connections 1024; }}
             http {{ access_log off; sendfile on; tcp_nodelay on; keepalive_requests 100000000; {paths} {server} }}",
            folder.display()
        );
        let file = folder.join("nginx.conf");
        std::fs::write(&file, text)?;
        let mut nginx = Command::new("nginx");
        nginx.arg("-p").arg(&folder).arg("-c").arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
        let process = Guard(nginx.spawn().context("nginx could not be started; apt-get install nginx-light")?);
        let started = Instant::now();
        let there = || match socket.exists() {
            true => UnixStream::connect(&socket).is_ok(),
            false => TcpStream::connect(("127.0.0.1", port)).is_ok(),
        };
        while !there() {
            ensure!(started.elapsed() < Duration::from_secs(10), "nginx did not listen within 10 s");
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(Self { _process: process, port, socket })
    }
}
