//! Streams that a browser opens itself: their token is in the query.

use std::convert::Infallible;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::Stream;
use membrane_engine::{Caller, Deltas, Engine};
use membrane_model::{ErrorCode, Fault, StreamMessage};
use serde::Deserialize;
use serde_json::{Value, json};

use super::events::{KEEP_ALIVE, stream_for};
use crate::error::ApiError;
use crate::extract::{Params, Segment};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Shown {
    token: Option<String>,
}

fn keep_alive() -> KeepAlive {
    KeepAlive::new().interval(KEEP_ALIVE)
}

/// `GET /sse/connection-events/:requestId?token=`: one message, when the attempt under that id is over.
///
/// Older clients send no token: the id is as long as a secret, and its chooser is the only one who knows it.
pub(super) async fn connection_events(
    State(engine): State<Engine>,
    Segment(id): Segment<String>,
    Params(shown): Params<Shown>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    match shown.token.as_deref().filter(|token| !token.is_empty()) {
        Some(token) => {
            engine.authenticate(token)?;
        }
        None if id.len() >= 16 => {}
        None => return Err(ApiError(Fault::new(ErrorCode::NotAuthenticated, "the request shows no token"))),
    }
    if id.len() > 100 {
        return Err(ApiError::bad("a request id has at most 100 characters"));
    }
    let flow = engine.flow(&id);
    let messages = futures_util::stream::unfold((Some(flow), engine), |(flow, engine)| async move {
        let Some(mut flow) = flow else {
            // The reader closes the stream; an end of ours would make it connect again.
            engine.stop_asked().await;
            return None;
        };
        let message = tokio::select! {
            message = flow.wait_for(Option::is_some) => message.ok()?.clone()?,
            () = engine.stop_asked() => return None,
        };
        let event = Event::default().json_data(&*message).unwrap_or_default();
        Some((Ok(event), (None, engine)))
    });
    Ok(Sse::new(messages).keep_alive(keep_alive()))
}

/// `GET /sse/workspace?token=`: tells which connections changed, for interfaces that show them live.
pub(super) async fn workspace(
    State(engine): State<Engine>,
    Params(shown): Params<Shown>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let caller = engine.authenticate(shown.token.as_deref().unwrap_or_default())?;
    let deltas = engine.subscribe(&caller)?;
    let messages =
        futures_util::stream::unfold((deltas, engine), |(mut deltas, engine): (Deltas, Engine)| async move {
            loop {
                let message = tokio::select! {
                    message = deltas.next() => message?,
                    () = engine.stop_asked() => return None,
                };
                if let Some(told) = told(&message) {
                    let event = Event::default().json_data(told).unwrap_or_default();
                    return Some((Ok(event), (deltas, engine)));
                }
            }
        });
    Ok(Sse::new(messages).keep_alive(keep_alive()))
}

fn told(message: &StreamMessage) -> Option<Value> {
    let update = |id: &str| json!({ "type": "element-update", "elementType": "connection", "elementId": id });
    match message {
        StreamMessage::Snapshot { .. } => Some(json!({ "type": "connected", "message": "Membrane tells of changes." })),
        StreamMessage::Connection { connection } => {
            let mut told = update(connection.id.as_str());
            told["data"] = serde_json::to_value(connection).unwrap_or_default();
            Some(told)
        }
        StreamMessage::ConnectionRemoved { id } => Some(update(id.as_str())),
        StreamMessage::Session { .. }
        | StreamMessage::Request { .. }
        | StreamMessage::Tenant { .. }
        | StreamMessage::Status { .. }
        | StreamMessage::Event { .. } => None,
    }
}

/// `GET /sse/page?token=`: what a page of ours shows, live.
pub(super) async fn page(State(engine): State<Engine>, Params(shown): Params<Shown>) -> Response {
    match engine.authenticate(shown.token.as_deref().unwrap_or_default()) {
        Ok(caller @ Caller::Page(_)) => match stream_for(engine, &caller) {
            Ok(stream) => stream.into_response(),
            Err(fault) => ApiError(fault).into_response(),
        },
        Ok(_) => ApiError(Fault::new(ErrorCode::AccessDenied, "this stream is for pages of Membrane")).into_response(),
        Err(fault) => ApiError(fault).into_response(),
    }
}
