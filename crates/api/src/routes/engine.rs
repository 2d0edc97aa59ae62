//! The engine itself: health, status, settings, rest, links, and its end.

use axum::Json;
use axum::extract::State;
use membrane_engine::{Engine, Settings};
use membrane_model::{EngineStatus, TenantId, TenantView, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::extract::{Body, From, Person};

/// `GET /health`: tells that something answers, and nothing else.
pub(super) async fn health() -> Json<Value> {
    Json(json!({ "ok": true }))
}

/// `GET /self`.
pub(super) async fn tenant(From(_): From) -> Json<TenantView> {
    let id = TenantId::own();
    Json(TenantView { name: "This computer".to_owned(), internal_id: id.to_string(), id })
}

/// `GET /status`.
pub(super) async fn status(State(engine): State<Engine>, From(_): From) -> Result<Json<EngineStatus>, ApiError> {
    Ok(Json(engine.status()?))
}

/// `POST /engine/stop`.
pub(super) async fn stop(State(engine): State<Engine>, _: Person) -> Json<Value> {
    engine.ask_to_stop();
    Json(json!({ "stopping": true }))
}

#[derive(Deserialize)]
pub(super) struct Link {
    url: String,
}

/// `POST /deep-link`: a link that another process of ours was started with.
pub(super) async fn deep_link(
    State(engine): State<Engine>,
    _: Person,
    Body(link): Body<Link>,
) -> Result<Json<Value>, ApiError> {
    let screen = engine.deep_link(&link.url).await?;
    Ok(Json(json!({ "handled": true, "screen": screen.path() })))
}

/// `GET /settings`.
pub(super) async fn settings(State(engine): State<Engine>, _: Person) -> Result<Json<Settings>, ApiError> {
    Ok(Json(engine.settings()?))
}

/// `PATCH /settings`.
pub(super) async fn change_settings(
    State(engine): State<Engine>,
    _: Person,
    Body(changes): Body<serde_json::Map<String, Value>>,
) -> Result<Json<Settings>, ApiError> {
    Ok(Json(engine.change_settings(&changes)?))
}

/// How long a rest lasts.
#[derive(Deserialize)]
pub(super) struct Rest {
    minutes: Option<u32>,
}

impl Rest {
    /// Returns the end of the rest; none = until resumed.
    pub(super) fn until(&self) -> Result<Option<Timestamp>, ApiError> {
        let Some(minutes) = self.minutes else { return Ok(None) };
        if !(1..=60 * 24 * 30).contains(&minutes) {
            return Err(ApiError::bad("minutes is outside 1 to 43200"));
        }
        let wait = std::time::Duration::from_secs(u64::from(minutes) * 60);
        Timestamp::now().checked_add(wait).map(Some).map_err(|_| ApiError::bad("minutes is too large"))
    }
}

/// `POST /pause {minutes?}`.
pub(super) async fn pause_all(
    State(engine): State<Engine>,
    _: Person,
    Body(rest): Body<Rest>,
) -> Result<Json<Value>, ApiError> {
    let changed = engine.pause_all(rest.until()?).await?;
    Ok(Json(json!({ "paused": changed })))
}

/// `POST /resume`.
pub(super) async fn resume_all(State(engine): State<Engine>, _: Person) -> Result<Json<Value>, ApiError> {
    let changed = engine.resume_all().await?;
    Ok(Json(json!({ "resumed": changed })))
}
