//! Requests to connect: a program asks, a person answers.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use membrane_engine::{Engine, NewRequest};
use membrane_model::{AppKey, ConnectionRequest, ListPage, RequestId};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::error::ApiError;
use crate::extract::{Body, From, Guest, Params, Person, Segment, filled, flag, number};

/// What to ask the person for: at least one of the first group, or a prompt.
#[derive(Deserialize, Default, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Ask {
    /// Which app.
    integration_key: Option<String>,
    /// See `integrationKey`.
    integration_id: Option<String>,
    /// See `integrationKey`.
    connector_key: Option<String>,
    /// See `integrationKey`.
    connector_id: Option<String>,
    /// Which connection to repair.
    connection_id: Option<String>,
    /// A key for the new connection, 1 to 100 characters.
    connection_key: Option<String>,
    /// A name for the new connection.
    name: Option<String>,
    /// What it is for, in one sentence that the person reads.
    prompt: Option<String>,
    /// Who asks, when the person's own process asks for somebody else; a program's own name stands.
    client_name: Option<String>,
    /// Where the browser goes afterwards, with `connectionId` or `error` in its query.
    redirect_uri: Option<String>,
    /// May make one more connection of an app that has one.
    allow_multiple_connections: Option<bool>,
}

/// Asks the person to connect an app: they are told once, and `url` is a page that they can answer on.
#[utoipa::path(post, path = "/connection-requests", tag = "Connection requests", request_body = Ask,
    responses((status = 200, body = ConnectionRequest)))]
pub(super) async fn create(
    State(engine): State<Engine>,
    From(caller): From,
    Body(ask): Body<Ask>,
) -> Result<Json<ConnectionRequest>, ApiError> {
    let named = [ask.integration_key, ask.integration_id, ask.connector_key, ask.connector_id];
    let app = named.into_iter().find_map(filled).map(|text| text.parse::<AppKey>()).transpose()?;
    let connection = filled(ask.connection_id).map(|id| engine.resolve(&caller, &id)).transpose()?;
    let ask = NewRequest {
        app,
        connection: connection.map(|connection| connection.id),
        key: filled(ask.connection_key),
        name: filled(ask.name),
        prompt: filled(ask.prompt),
        on_behalf_of: filled(ask.client_name),
        redirect_uri: filled(ask.redirect_uri),
        allow_multiple: ask.allow_multiple_connections,
    };
    Ok(Json(engine.ask_to_connect(&caller, ask).await?))
}

/// Lists the requests that wait for an answer.
#[utoipa::path(get, path = "/connection-requests", tag = "Connection requests",
    responses((status = 200, body = ListPage<ConnectionRequest>)))]
pub(super) async fn list(
    State(engine): State<Engine>,
    From(caller): From,
) -> Result<Json<ListPage<ConnectionRequest>>, ApiError> {
    Ok(Json(ListPage { items: engine.pending_requests(&caller)?, cursor: None }))
}

#[derive(Deserialize, Default, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct Wait {
    /// Hold the answer until the person has answered.
    #[serde(deserialize_with = "flag")]
    #[param(value_type = Option<bool>)]
    wait: Option<bool>,
    /// For how many seconds, 1 to 60; 30 unless told.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 60)]
    timeout: Option<String>,
}

/// Says what came of a request.
#[utoipa::path(get, path = "/connection-requests/{id}", tag = "Connection requests",
    params(("id" = String, Path, description = "Its requestId"), Wait),
    responses((status = 200, body = ConnectionRequest)))]
pub(super) async fn read(
    State(engine): State<Engine>,
    Guest(caller): Guest,
    Segment(id): Segment<RequestId>,
    Params(wait): Params<Wait>,
) -> Result<Json<ConnectionRequest>, ApiError> {
    let seconds = number("timeout", wait.timeout.as_deref(), 1..=60)?.unwrap_or(30);
    if wait.wait == Some(true) {
        return Ok(Json(engine.wait_request(&caller, &id, Duration::from_secs(seconds)).await?));
    }
    Ok(Json(engine.request(&caller, &id)?))
}

/// Changes nothing: a request has nothing that may be changed. Answers with it as it is.
#[utoipa::path(patch, path = "/connection-requests/{id}", tag = "Connection requests",
    params(("id" = String, Path, description = "Its requestId")),
    responses((status = 200, body = ConnectionRequest)))]
pub(super) async fn change(
    State(engine): State<Engine>,
    From(caller): From,
    Segment(id): Segment<RequestId>,
) -> Result<Json<ConnectionRequest>, ApiError> {
    Ok(Json(engine.request(&caller, &id)?))
}

/// Says no to a request, or takes it back.
#[utoipa::path(delete, path = "/connection-requests/{id}", tag = "Connection requests",
    params(("id" = String, Path, description = "Its requestId")),
    responses((status = 200, body = ConnectionRequest)))]
pub(super) async fn decline(
    State(engine): State<Engine>,
    Guest(caller): Guest,
    Segment(id): Segment<RequestId>,
) -> Result<Json<ConnectionRequest>, ApiError> {
    Ok(Json(engine.decline_request(&caller, &id).await?))
}

/// Opens the page that answers a request in the person's browser; the person only.
#[utoipa::path(post, path = "/connection-requests/{id}/open", tag = "Connection requests",
    params(("id" = String, Path, description = "Its requestId")),
    responses((status = 200, body = ConnectionRequest)))]
pub(super) async fn open(
    State(engine): State<Engine>,
    _: Person,
    Segment(id): Segment<RequestId>,
) -> Result<Json<ConnectionRequest>, ApiError> {
    Ok(Json(engine.open_request(&id).await?))
}
