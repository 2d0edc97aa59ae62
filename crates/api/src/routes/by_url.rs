//! Any app by its address: what the search box needs when somebody pastes one.

use axum::Json;
use axum::extract::State;
use membrane_engine::Engine;
use membrane_model::AppSummary;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::{Body, From, Person};

/// An address of an app.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Address {
    /// A web address or a bare domain: `https://crm.example.com/api`, `crm.example.com`.
    url: String,
}

/// Finds the app at an address; one that nobody knows is made of what the address says, and kept as your own file.
#[utoipa::path(post, path = "/apps/by-url", tag = "Apps", request_body = Address,
    responses((status = 200, body = AppSummary)))]
pub(super) async fn find(
    State(engine): State<Engine>,
    _: Person,
    From(caller): From,
    Body(address): Body<Address>,
) -> Result<Json<AppSummary>, ApiError> {
    let key = engine.app_by_url(&caller, &address.url).await?;
    Ok(Json(engine.app_summary(&key)?))
}
