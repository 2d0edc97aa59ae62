//! Bodies on their way through: small ones are held, so that they can be sent a second time; large ones only pass.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyDataStream, BodyExt, combinators::UnsyncBoxBody};
use membrane_model::{ErrorCode, Fault};

/// Anything that can go wrong with a body.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The largest body that is held, in bytes.
const HELD_MAX: usize = 256 * 1024;

/// A caller's body.
pub type CallBody = UnsyncBoxBody<Bytes, Failure>;

/// A body on its way to the app.
pub(crate) enum Outgoing {
    /// All of it is here; it can be sent again.
    Held(Bytes),
    /// The beginning is here, the rest is still to come; it can be sent once.
    Passing(Option<Passing>),
}

/// A body of which only the beginning is here.
pub(crate) struct Passing {
    begun: Bytes,
    rest: CallBody,
    length: Option<u64>,
}

impl Outgoing {
    /// Reads a body as far as it may be held.
    ///
    /// # Errors
    /// `BadRequest` when it breaks off.
    pub(crate) async fn take(mut body: CallBody) -> Result<Self, Fault> {
        let length = body.size_hint().exact();
        let mut begun = BytesMut::new();
        if length.is_none_or(|length| length <= HELD_MAX as u64) {
            while begun.len() <= HELD_MAX {
                let Some(frame) = body.frame().await else { return Ok(Self::Held(begun.freeze())) };
                let frame = frame.map_err(|_| Fault::new(ErrorCode::BadRequest, "the body broke off"))?;
                if let Ok(data) = frame.into_data() {
                    begun.extend_from_slice(&data);
                }
            }
        }
        Ok(Self::Passing(Some(Passing { begun: begun.freeze(), rest: body, length })))
    }

    /// Returns what to send, and the length of what doesn't tell by itself; none when it passed already.
    pub(crate) fn give(&mut self) -> Option<(reqwest::Body, Option<u64>)> {
        match self {
            Self::Held(bytes) => Some((reqwest::Body::from(bytes.clone()), None)),
            Self::Passing(passing) => {
                let Passing { begun, rest, length } = passing.take()?;
                let begun = stream::iter((!begun.is_empty()).then_some(Ok::<_, Failure>(begun)));
                Some((reqwest::Body::wrap_stream(begun.chain(BodyDataStream::new(rest))), length))
            }
        }
    }

    /// Tells whether it can be sent once more.
    pub(crate) fn can_be_given(&self) -> bool {
        match self {
            Self::Held(_) => true,
            Self::Passing(passing) => passing.is_some(),
        }
    }
}

/// The body of an app's answer; breaks off when it is longer than allowed.
pub struct AnswerBody {
    inner: reqwest::Body,
    left: u64,
}

impl AnswerBody {
    pub(crate) fn new(inner: reqwest::Body, most: u64) -> Self {
        Self { inner, left: most }
    }
}

/// An app's answer broke off, or was longer than allowed.
#[derive(Debug, thiserror::Error)]
pub enum BrokenAnswer {
    /// The connection to the app broke.
    #[error("the app's answer broke off")]
    Broken,
    /// It is longer than the setting `proxyAnswerMaxMb` allows.
    #[error("the app's answer is longer than the setting proxyAnswerMaxMb allows")]
    TooLong,
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BrokenAnswer;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenAnswer>>> {
        let frame = match std::task::ready!(Pin::new(&mut self.inner).poll_frame(context)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => {
                tracing::debug!("an app's answer broke off: {}", error.without_url());
                return Poll::Ready(Some(Err(BrokenAnswer::Broken)));
            }
            None => return Poll::Ready(None),
        };
        let size = frame.data_ref().map_or(0, |data| data.len() as u64);
        match self.left.checked_sub(size) {
            Some(left) => self.left = left,
            None => return Poll::Ready(Some(Err(BrokenAnswer::TooLong))),
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::{Full, StreamBody};

    fn chunks(count: usize, size: usize) -> CallBody {
        let chunk = Bytes::from(vec![7_u8; size]);
        let frames = stream::iter((0..count).map(move |_| Ok::<_, Failure>(Frame::data(chunk.clone()))));
        StreamBody::new(frames).boxed_unsync()
    }

    async fn read(body: reqwest::Body) -> usize {
        body.collect().await.unwrap().to_bytes().len()
    }

    #[tokio::test]
    async fn small_bodies_can_be_sent_again() {
        for body in
            [chunks(3, 10), Full::new(Bytes::from(vec![7_u8; 30])).map_err(|never| match never {}).boxed_unsync()]
        {
            let mut body = Outgoing::take(body).await.unwrap();
            for _ in 0..2 {
                let (sent, length) = body.give().unwrap();
                assert_eq!((read(sent).await, length), (30, None));
            }
            assert!(body.can_be_given());
        }
    }

    #[tokio::test]
    async fn large_bodies_pass_once_and_whole() {
        let mut body = Outgoing::take(chunks(100, 10_000)).await.unwrap();
        assert!(body.can_be_given());
        let (sent, length) = body.give().unwrap();
        assert_eq!((read(sent).await, length), (1_000_000, None));
        assert!(!body.can_be_given() && body.give().is_none());
    }

    #[tokio::test]
    async fn r67_an_answer_that_is_too_long_breaks_off() {
        let answer = |most| AnswerBody::new(reqwest::Body::from(vec![0_u8; 1000]), most).collect();
        assert_eq!(answer(1000).await.unwrap().to_bytes().len(), 1000);
        assert!(matches!(answer(999).await, Err(BrokenAnswer::TooLong)));
    }
}
