//! How the computer stands, and the bundle for whoever helps.

use axum::Json;
use axum::extract::State;
use membrane_engine::Engine;
use membrane_model::Examination;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::Person;

/// Looks at what the engine needs of this computer, with a fix for each that is amiss; the person only.
#[utoipa::path(get, path = "/doctor", tag = "Engine", responses((status = 200, body = Examination)))]
pub(super) async fn doctor(State(engine): State<Engine>, _: Person) -> Result<Json<Examination>, ApiError> {
    Ok(Json(engine.doctor().await?))
}

/// Shows what a support bundle would hold, with nothing secret in it; the person only.
#[utoipa::path(get, path = "/support-bundle", tag = "Engine", responses((status = 200, body = Object)))]
pub(super) async fn bundle(State(engine): State<Engine>, _: Person) -> Result<Json<Value>, ApiError> {
    Ok(Json(engine.support_bundle().await?))
}

/// Where a support bundle was written.
#[derive(Serialize, ToSchema)]
pub(super) struct Written {
    path: String,
}

/// Writes a support bundle to the person's downloads; the person only.
#[utoipa::path(post, path = "/support-bundle", tag = "Engine", responses((status = 200, body = Written)))]
pub(super) async fn write_bundle(State(engine): State<Engine>, _: Person) -> Result<Json<Written>, ApiError> {
    Ok(Json(Written { path: engine.write_support_bundle().await?.display().to_string() }))
}
