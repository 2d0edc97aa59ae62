//! Clients: local programs that may use the API.

use axum::Json;
use axum::extract::{Path, State};
use membrane_engine::Engine;
use membrane_model::{ClientView, ListPage, NewClient};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::extract::{Body, Person};

/// `GET /clients`.
pub(super) async fn list(State(engine): State<Engine>, _: Person) -> Result<Json<ListPage<ClientView>>, ApiError> {
    Ok(Json(ListPage { items: engine.clients()?, cursor: None }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Create {
    name: String,
    #[serde(default = "yes")]
    may_get_tokens: bool,
}

fn yes() -> bool {
    true
}

/// `POST /clients {name, mayGetTokens?}`.
pub(super) async fn create(
    State(engine): State<Engine>,
    _: Person,
    Body(create): Body<Create>,
) -> Result<Json<NewClient>, ApiError> {
    Ok(Json(engine.create_client(&create.name, create.may_get_tokens)?))
}

/// `DELETE /clients/:id`; a name does as well.
pub(super) async fn revoke(
    State(engine): State<Engine>,
    _: Person,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    engine.revoke_client(&id)?;
    Ok(Json(json!({ "revoked": true })))
}
