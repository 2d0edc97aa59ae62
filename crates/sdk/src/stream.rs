//! The event stream: one snapshot, then deltas (server-sent events).

use std::collections::VecDeque;

use futures_util::stream::{self, Stream};
use http::Method;
use http_body_util::BodyExt;
use membrane_model::StreamMessage;

use crate::transport::Incoming;
use crate::{Client, SdkError};

/// A message longer than this is no message of ours.
const LINE_MAX: usize = 64 * 1024 * 1024;

/// An open stream.
pub struct Events {
    body: Incoming,
    rest: Vec<u8>,
    ready: VecDeque<StreamMessage>,
}

impl Client {
    /// Opens the event stream.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn events(&self) -> Result<Events, SdkError> {
        let body = self.open(Method::GET, "/events", None::<&()>).await?;
        Ok(Events { body, rest: Vec::new(), ready: VecDeque::new() })
    }
}

impl Events {
    /// Turns it into a stream that ends with the engine.
    pub fn into_stream(self) -> impl Stream<Item = Result<StreamMessage, SdkError>> {
        stream::try_unfold(self, |mut events| async move { Ok(events.next().await?.map(|message| (message, events))) })
    }

    /// Waits for the next message; `None` when the engine ended.
    ///
    /// # Errors
    /// `Broken` when the connection broke or a message can't be read.
    pub async fn next(&mut self) -> Result<Option<StreamMessage>, SdkError> {
        loop {
            if let Some(message) = self.ready.pop_front() {
                return Ok(Some(message));
            }
            let Some(frame) = self.body.frame().await else { return Ok(None) };
            if let Some(data) = frame?.data_ref() {
                self.rest.extend_from_slice(data);
                self.read_lines()?;
            }
        }
    }

    fn read_lines(&mut self) -> Result<(), SdkError> {
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            // Each message is one line of data; comments keep the connection alive.
            if let Some(data) = line.strip_prefix(b"data:") {
                let message = serde_json::from_slice(data).map_err(|error| SdkError::Broken(error.to_string()))?;
                self.ready.push_back(message);
            }
        }
        if self.rest.len() > LINE_MAX {
            return Err(SdkError::Broken("a message without end".to_owned()));
        }
        Ok(())
    }
}
