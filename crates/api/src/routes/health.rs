//! How the computer stands, and the bundle for whoever helps.

use axum::Json;
use axum::extract::State;
use membrane_engine::Engine;
use membrane_model::Examination;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::extract::Person;

/// `GET /doctor`.
pub(super) async fn doctor(State(engine): State<Engine>, _: Person) -> Result<Json<Examination>, ApiError> {
    Ok(Json(engine.doctor().await?))
}

/// `GET /support-bundle`: what would be written.
pub(super) async fn bundle(State(engine): State<Engine>, _: Person) -> Result<Json<Value>, ApiError> {
    Ok(Json(engine.support_bundle().await?))
}

/// `POST /support-bundle`: writes it to the person's downloads.
pub(super) async fn write_bundle(State(engine): State<Engine>, _: Person) -> Result<Json<Value>, ApiError> {
    Ok(Json(json!({ "path": engine.write_support_bundle().await? })))
}
