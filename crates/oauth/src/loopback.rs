//! The loopback redirect (RFC 8252 section 7.3): a listener that lives as long as one sign-in.

use std::future::Future;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::pages;

/// The path that providers are given.
const PATH: &str = "/oauth-callback";
/// A longer head is not read.
const HEAD_MAX: usize = 8 * 1024;
/// A browser that says nothing for this long is let go of.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a query came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It finished the sign-in; the listener ends.
    Accepted,
    /// It ended the sign-in without success; the listener ends.
    Ended,
    /// It was taken, and the browser goes on to this page of ours; the listener ends.
    GoTo(String),
    /// It belongs to no sign-in; the listener goes on, so that no page can end a sign-in by guessing.
    Refused,
}

/// A listener on this computer's own addresses.
pub struct Listener {
    sockets: Vec<TcpListener>,
    host: &'static str,
    port: u16,
}

impl Listener {
    /// Listens on 127.0.0.1, and on `[::1]` too where the provider insists on the name `localhost`.
    ///
    /// # Errors
    /// The port is taken, or the system has none to give.
    pub async fn bind(port: Option<u16>, localhost: bool) -> std::io::Result<Self> {
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, port.unwrap_or(0))).await?;
        let port = first.local_addr()?.port();
        let mut sockets = vec![first];
        if localhost {
            match TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
                Ok(second) => sockets.push(second),
                // Without IPv6 the name can only mean 127.0.0.1.
                Err(error) if error.kind() == std::io::ErrorKind::AddrNotAvailable => {}
                Err(error) if error.raw_os_error() == Some(97) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self { sockets, host: if localhost { "localhost" } else { "127.0.0.1" }, port })
    }

    /// Returns the redirect URI that leads here.
    #[must_use]
    pub fn redirect_uri(&self) -> String {
        format!("http://{}:{}{PATH}", self.host, self.port)
    }

    /// Serves until an answer was accepted or ended the sign-in.
    pub async fn run<F, A>(self, answer: F)
    where
        F: Fn(String) -> A,
        A: Future<Output = Answer>,
    {
        let hosts = [format!("{}:{}", self.host, self.port), format!("127.0.0.1:{}", self.port)];
        loop {
            let Some(stream) = accept(&self.sockets).await else { continue };
            if let Some(Answer::Accepted | Answer::Ended | Answer::GoTo(_)) = serve(stream, &hosts, &answer).await {
                return;
            }
        }
    }
}

async fn accept(sockets: &[TcpListener]) -> Option<TcpStream> {
    let accepted = match sockets {
        [one, two] => tokio::select! {
            accepted = one.accept() => accepted,
            accepted = two.accept() => accepted,
        },
        [one, ..] => one.accept().await,
        [] => std::future::pending().await,
    };
    match accepted {
        Ok((stream, _)) => Some(stream),
        Err(error) => {
            tracing::debug!("no connection was accepted: {}", error.kind());
            // Out of file handles, mostly; the next accept fails at once again.
            tokio::time::sleep(Duration::from_millis(100)).await;
            None
        }
    }
}

async fn serve<F, A>(mut stream: TcpStream, hosts: &[String], answer: &F) -> Option<Answer>
where
    F: Fn(String) -> A,
    A: Future<Output = Answer>,
{
    let request = tokio::time::timeout(PATIENCE, read(&mut stream, hosts)).await.ok()?;
    let mut next = None;
    let (answer, status, page) = match request {
        Ok(query) => match answer(query).await {
            Answer::Accepted => (Some(Answer::Accepted), "200 OK", pages::done()),
            Answer::Ended => (Some(Answer::Ended), "200 OK", pages::ended()),
            Answer::GoTo(page) => {
                next = Some(page.clone());
                (Some(Answer::GoTo(page)), "303 See Other", pages::done())
            }
            Answer::Refused => (Some(Answer::Refused), "400 Bad Request", pages::refused()),
        },
        Err(status) => (None, status, pages::refused()),
    };
    let mut reply = format!("HTTP/1.1 {status}\r\n");
    for (name, value) in pages::HEADERS {
        reply.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Some(next) = next {
        reply.push_str(&format!("location: {next}\r\n"));
    }
    reply.push_str(&format!("content-length: {}\r\nconnection: close\r\n\r\n{page}", page.len()));
    let sent = async {
        stream.write_all(reply.as_bytes()).await?;
        stream.shutdown().await
    };
    // Whether the browser shows the page changes nothing: the answer is taken.
    let _shown = tokio::time::timeout(PATIENCE, sent).await;
    answer
}

/// Reads a request's head and returns the query, or the status to refuse it with.
async fn read(stream: &mut TcpStream, hosts: &[String]) -> Result<String, &'static str> {
    let mut head = Vec::with_capacity(1024);
    loop {
        let mut chunk = [0_u8; 1024];
        let count = stream.read(&mut chunk).await.map_err(|_| "400 Bad Request")?;
        head.extend_from_slice(&chunk[..count]);
        if head.windows(4).any(|window| window == b"\r\n\r\n") {
            break;
        }
        if count == 0 {
            return Err("400 Bad Request");
        }
        if head.len() > HEAD_MAX {
            return Err("431 Request Header Fields Too Large");
        }
    }
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    request.parse(&head).map_err(|_| "400 Bad Request")?;
    if request.method != Some("GET") {
        return Err("405 Method Not Allowed");
    }
    let mut named = request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case("host"));
    let host = named.next().and_then(|header| std::str::from_utf8(header.value).ok()).unwrap_or_default();
    // Another name that leads here is somebody else's page (DNS rebinding).
    if named.next().is_some() || !hosts.iter().any(|own| own == host) {
        return Err("403 Forbidden");
    }
    let target = request.path.unwrap_or_default();
    match target.split_once('?') {
        Some((PATH, query)) => Ok(query.to_owned()),
        _ => Err("404 Not Found"),
    }
}
