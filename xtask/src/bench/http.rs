//! The least of HTTP that asking the engine over its socket takes.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// Makes a request and returns the body of a good answer.
pub(crate) fn request(socket: &Path, method: &str, path: &str, body: Option<&str>) -> Result<Vec<u8>> {
    let stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    request_over(stream, method, path, None, body)
}

/// The same over a stream that is open already; the body is JSON unless told otherwise.
pub(crate) fn request_over(
    mut stream: impl Read + Write,
    method: &str,
    path: &str,
    content_type: Option<&str>,
    body: Option<&str>,
) -> Result<Vec<u8>> {
    let body = body.unwrap_or_default();
    let content_type = content_type.unwrap_or("application/json");
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply)?;
    let head = reply.windows(4).position(|window| window == b"\r\n\r\n").context("the answer has no head")?;
    let status = String::from_utf8_lossy(&reply[..head]).lines().next().unwrap_or_default().to_owned();
    if !status.contains(" 200 ") {
        bail!("{method} {path}: {status}: {}", String::from_utf8_lossy(&reply[head..]).trim());
    }
    Ok(reply[head + 4..].to_vec())
}
