//! Clients: local programs that may use the API.

use axum::Json;
use axum::extract::State;
use membrane_engine::Engine;
use membrane_model::{ClientView, ListPage, NewClient};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::{Body, Person, Segment};

/// Lists the programs that may call; the person only.
#[utoipa::path(get, path = "/clients", tag = "Clients", responses((status = 200, body = ListPage<ClientView>)))]
pub(super) async fn list(State(engine): State<Engine>, _: Person) -> Result<Json<ListPage<ClientView>>, ApiError> {
    Ok(Json(ListPage { items: engine.clients()?, cursor: None }))
}

/// A program to let in.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Create {
    /// What the person calls it.
    name: String,
    /// Make a workspace: it gets a key and a secret, and signs tokens for tenants of its own.
    #[serde(default)]
    workspace: bool,
    /// May ask for access tokens.
    #[serde(default = "yes")]
    may_get_tokens: bool,
}

fn yes() -> bool {
    true
}

/// Lets a program in; its token or secret is in this answer and never again. The person only.
#[utoipa::path(post, path = "/clients", tag = "Clients", request_body = Create, responses((status = 200, body = NewClient)))]
pub(super) async fn create(
    State(engine): State<Engine>,
    _: Person,
    Body(create): Body<Create>,
) -> Result<Json<NewClient>, ApiError> {
    if create.workspace {
        return Ok(Json(engine.create_workspace(&create.name, create.may_get_tokens).await?));
    }
    Ok(Json(engine.create_client(&create.name, create.may_get_tokens)?))
}

/// A client whose token is refused from now on.
#[derive(Serialize, ToSchema)]
pub(super) struct Revoked {
    revoked: bool,
}

/// Ends a program's access, by its id or name; the person only.
#[utoipa::path(delete, path = "/clients/{id}", tag = "Clients", params(("id" = String, Path, description = "Id or name")),
    responses((status = 200, body = Revoked)))]
pub(super) async fn revoke(
    State(engine): State<Engine>,
    _: Person,
    Segment(id): Segment<String>,
) -> Result<Json<Revoked>, ApiError> {
    engine.revoke_client(&id)?;
    Ok(Json(Revoked { revoked: true }))
}
