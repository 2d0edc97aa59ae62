//! The event stream: a snapshot, then deltas, as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use membrane_engine::{Deltas, Engine};

use crate::error::ApiError;
use crate::extract::From;

/// How often a comment keeps an idle stream open.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// `GET /events`: each `data:` is one JSON message; the first is the snapshot.
pub(super) async fn stream(
    State(engine): State<Engine>,
    From(_): From,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let deltas = engine.subscribe()?;
    let messages =
        futures_util::stream::unfold((deltas, engine), |(mut deltas, engine): (Deltas, Engine)| async move {
            let message = tokio::select! {
                message = deltas.next() => message?,
                () = engine.stop_asked() => return None,
            };
            let event = Event::default().json_data(&message).unwrap_or_default();
            Some((Ok(event), (deltas, engine)))
        });
    Ok(Sse::new(messages).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}
