//! The event stream of the API, read on a thread.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// What the stream said so far and will say.
#[derive(Debug)]
pub struct Events {
    incoming: Receiver<Value>,
    seen: Vec<Value>,
}

impl Events {
    /// Follows `GET /events` on a Unix socket.
    ///
    /// # Errors
    /// Fails when nobody listens.
    pub fn follow(socket: &Path) -> Result<Self> {
        let mut wire = UnixStream::connect(socket).with_context(|| format!("connect to {}", socket.display()))?;
        wire.write_all(b"GET /events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")?;
        let (tell, incoming) = channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(wire).lines().map_while(std::result::Result::ok);
            let messages = lines.filter_map(|line| serde_json::from_str(line.strip_prefix("data:")?.trim()).ok());
            for message in messages {
                if tell.send(message).is_err() {
                    break;
                }
            }
        });
        Ok(Self { incoming, seen: Vec::new() })
    }

    /// Waits for the next message that fits.
    ///
    /// # Errors
    /// Fails with `what` and all that came when none does in time.
    pub fn next(&mut self, what: &str, limit: Duration, fits: impl Fn(&Value) -> bool) -> Result<Value> {
        let end = Instant::now() + limit;
        loop {
            match self.incoming.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(message) => {
                    self.seen.push(message.clone());
                    if fits(&message) {
                        return Ok(message);
                    }
                }
                Err(RecvTimeoutError::Timeout) => bail!("waited in vain for {what}; came: {}", self.summary()),
                Err(RecvTimeoutError::Disconnected) => {
                    bail!("the stream ended before {what}; came: {}", self.summary())
                }
            }
        }
    }

    /// Returns all messages so far.
    pub fn all(&mut self) -> &[Value] {
        self.seen.extend(self.incoming.try_iter());
        &self.seen
    }

    fn summary(&self) -> String {
        self.seen
            .iter()
            .map(|message| message.to_string().chars().take(160).collect::<String>())
            .collect::<Vec<_>>()
            .join("\n")
    }
}
