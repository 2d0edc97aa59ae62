//! The event stream: a snapshot, then deltas, as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use membrane_engine::{Caller, Deltas, Engine};
use membrane_model::Fault;

use crate::error::ApiError;
use crate::extract::From;

/// How often a comment keeps an idle stream open.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Streams a snapshot, then every change, as server-sent events; each `data:` is one JSON message.
#[utoipa::path(get, path = "/events", tag = "Engine",
    responses((status = 200, body = String, content_type = "text/event-stream")))]
pub(super) async fn stream(
    State(engine): State<Engine>,
    From(caller): From,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    Ok(stream_for(engine, &caller)?)
}

/// Makes the stream of a caller.
pub(super) fn stream_for(
    engine: Engine,
    caller: &Caller,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>> + use<>>, Fault> {
    let deltas = engine.subscribe(caller)?;
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
