//! The least of HTTP/1.1 that a server needs which has to be able to break it.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A request.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: HashMap<String, String>,
    pub(super) headers: HashMap<String, String>,
    pub(super) form: HashMap<String, String>,
}

/// Reads the next request; `None` = the other side is done.
pub(super) async fn read(stream: &mut TcpStream, rest: &mut Vec<u8>) -> Result<Option<Request>> {
    let end = loop {
        if let Some(end) = rest.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if !more(stream, rest).await? {
            return Ok(None);
        }
        // Somebody begins with TLS: what an intercepting proxy answers is no certificate that can be trusted either.
        if rest.first() == Some(&0x16) {
            Answer::json(400, "{}").write(stream).await?;
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&rest[..end]).into_owned();
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (words.next().context("no method")?.to_owned(), words.next().context("no target")?);
    let headers: HashMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.get("content-length").and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
    if length > 1024 * 1024 {
        bail!("a body of {length} bytes");
    }
    while rest.len() < end + length {
        if !more(stream, rest).await? {
            return Ok(None);
        }
    }
    let body = rest[end..end + length].to_vec();
    rest.drain(..end + length);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let pairs = |bytes: &[u8]| url::form_urlencoded::parse(bytes).into_owned().collect();
    Ok(Some(Request { method, path: path.to_owned(), query: pairs(query.as_bytes()), headers, form: pairs(&body) }))
}

async fn more(stream: &mut TcpStream, rest: &mut Vec<u8>) -> Result<bool> {
    let mut chunk = [0; 4096];
    let count = stream.read(&mut chunk).await?;
    rest.extend_from_slice(&chunk[..count]);
    Ok(count > 0)
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn json(status: u16, body: impl Into<String>) -> Self {
        Self::of(status, "application/json", body)
    }

    pub(super) fn of(status: u16, content_type: &str, body: impl Into<String>) -> Self {
        Self { status, headers: vec![("Content-Type", content_type.to_owned())], body: body.into() }
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut text = format!("HTTP/1.1 {} Said\r\nContent-Length: {}\r\n", self.status, self.body.len());
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        text.push_str(&self.body);
        text.into_bytes()
    }

    pub(super) async fn write(&self, stream: &mut TcpStream) -> Result<()> {
        Ok(stream.write_all(&self.bytes()).await?)
    }
}
