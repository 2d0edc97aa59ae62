//! Plain HTTP/1.1 over TCP or a Unix socket, one exchange per connection; what is sent is what was written, good or bad.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use url::Url;

const PATIENCE: Duration = Duration::from_secs(40);

/// Where to connect.
#[derive(Debug, Clone)]
pub enum Address {
    /// A TCP port.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix(PathBuf),
}

impl Address {
    /// Returns the address that an `http://` URL with an IP literal or `localhost` means.
    ///
    /// # Errors
    /// Fails for other URLs.
    pub fn of(url: &Url) -> Result<Self> {
        let host = url.host_str().context("the URL has no host")?;
        let host = if host == "localhost" { "127.0.0.1" } else { host };
        let port = url.port_or_known_default().context("the URL has no port")?;
        Ok(Self::Tcp(SocketAddr::new(host.trim_matches(['[', ']']).parse()?, port)))
    }
}

trait Wire: Read + Write + Send {}
impl<T: Read + Write + Send> Wire for T {}

fn open(address: &Address) -> Result<Box<dyn Wire>> {
    match address {
        Address::Tcp(address) => {
            let stream =
                TcpStream::connect_timeout(address, PATIENCE).with_context(|| format!("connect to {address}"))?;
            stream.set_read_timeout(Some(PATIENCE))?;
            Ok(Box::new(stream))
        }
        Address::Unix(path) => {
            let stream = UnixStream::connect(path).with_context(|| format!("connect to {}", path.display()))?;
            stream.set_read_timeout(Some(PATIENCE))?;
            Ok(Box::new(stream))
        }
    }
}

/// Sends bytes as they are and returns all that comes back until the other side closes.
///
/// # Errors
/// Fails when nobody listens, or when the other side stays silent for too long.
pub fn send_raw(address: &Address, bytes: &[u8]) -> Result<Vec<u8>> {
    let mut wire = open(address)?;
    // A server may refuse before it has read everything.
    let written = wire.write_all(bytes).and_then(|()| wire.flush());
    let mut answer = Vec::new();
    match wire.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(_) if !answer.is_empty() => {}
        Err(error) => {
            written?;
            return Err(error.into());
        }
    }
    Ok(answer)
}

/// A request to be sent.
#[derive(Debug, Clone)]
pub struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    /// Starts a request; `target` is the path and query.
    #[must_use]
    pub fn new(method: &str, target: &str) -> Self {
        Self { method: method.to_owned(), target: target.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    /// Sends it to another target.
    #[must_use]
    pub fn at(&self, target: &str) -> Self {
        Self { target: target.to_owned(), ..self.clone() }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.header("Content-Type", "application/json").body(body.to_string().into_bytes())
    }

    /// Adds a form body.
    #[must_use]
    pub fn form(self, fields: &[(String, String)]) -> Self {
        let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.header("Content-Type", "application/x-www-form-urlencoded").body(text.into_bytes())
    }

    /// Sets the body's bytes.
    #[must_use]
    pub fn body(mut self, bytes: Vec<u8>) -> Self {
        self.body = bytes;
        self
    }

    fn bytes(&self, host: &str) -> Vec<u8> {
        let has = |name: &str| self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        if !has("host") {
            head.push_str(&format!("Host: {host}\r\n"));
        }
        if !has("content-length") && (!self.body.is_empty() || self.method != "GET") {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("Connection: close\r\n\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Sends it and reads the whole answer.
    ///
    /// # Errors
    /// Fails when nobody listens or the answer is no HTTP.
    pub fn send(&self, address: &Address) -> Result<Reply> {
        let host = match address {
            Address::Tcp(address) => address.to_string(),
            Address::Unix(_) => "localhost".to_owned(),
        };
        let answer =
            send_raw(address, &self.bytes(&host)).with_context(|| format!("{} {}", self.method, self.target))?;
        Reply::parse(&answer).with_context(|| format!("the answer to {} {}", self.method, self.target))
    }

    /// Sends it to the host of an absolute URL.
    ///
    /// # Errors
    /// As [`Request::send`].
    pub fn send_to(method: &str, url: &Url) -> Result<Reply> {
        Self::new(method, &target_of(url)).send(&Address::of(url)?)
    }
}

/// Returns the path and query of a URL.
#[must_use]
pub fn target_of(url: &Url) -> String {
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The headers as they came.
    pub headers: Vec<(String, String)>,
    /// The body, without transfer encoding.
    pub body: Vec<u8>,
}

impl Reply {
    fn parse(bytes: &[u8]) -> Result<Self> {
        let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").context("no end of the head")?;
        let head = std::str::from_utf8(&bytes[..end])?;
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).context("no status line")?.parse()?;
        let headers: Vec<_> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        let mut reply = Self { status, headers, body: bytes[end + 4..].to_vec() };
        if reply.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
            reply.body = joined(&reply.body)?;
        }
        Ok(reply)
    }

    /// Returns the first header of that name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Returns the body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Returns the body as JSON.
    ///
    /// # Errors
    /// Fails with the body's text when it is none.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| format!("status {}, body: {}", self.status, self.text()))
    }

    /// Returns the JSON body of a success.
    ///
    /// # Errors
    /// Fails with the body's text for other answers.
    pub fn ok(&self) -> Result<Value> {
        if !(200..300).contains(&self.status) {
            bail!("status {}: {}", self.status, self.text());
        }
        if self.body.is_empty() { Ok(Value::Null) } else { self.json() }
    }
}

/// Joins the chunks of a chunked body; a cut-off end is an error.
fn joined(mut rest: &[u8]) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|w| w == b"\r\n").context("a chunk without size")?;
        let size = std::str::from_utf8(&rest[..line])?.split(';').next().unwrap_or_default().trim().to_owned();
        let size = usize::from_str_radix(&size, 16)?;
        rest = &rest[line + 2..];
        if size == 0 {
            return Ok(body);
        }
        body.extend_from_slice(rest.get(..size).context("a chunk was cut off")?);
        rest = rest.get(size + 2..).context("a chunk was cut off")?;
    }
}
