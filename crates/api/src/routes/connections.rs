//! Connections: list, read, change, archive, hand out a token, renew, test, rest.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use membrane_engine::{Check, ConnectionPatch, ConnectionQuery, Engine};
use membrane_model::{ConnectionView, LifecycleEvent, ListPage, TenantId, TokenView};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::engine::Rest;
use crate::error::ApiError;
use crate::extract::{Body, From, Params, flag};

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ListParams {
    limit: Option<String>,
    cursor: Option<String>,
    search: Option<String>,
    integration_key: Option<String>,
    integration_id: Option<String>,
    connector_id: Option<String>,
    external_app_id: Option<String>,
    #[serde(deserialize_with = "flag")]
    disconnected: Option<bool>,
    #[serde(deserialize_with = "flag")]
    connected: Option<bool>,
    #[serde(deserialize_with = "flag")]
    include_archived: Option<bool>,
}

/// `GET /connections`.
pub(super) async fn list(
    State(engine): State<Engine>,
    From(_): From,
    Params(params): Params<ListParams>,
) -> Result<Json<ListPage<ConnectionView>>, ApiError> {
    let limit = match params.limit.as_deref().filter(|text| !text.is_empty()) {
        Some(text) => Some(text.parse().map_err(|_| ApiError::bad("limit is no whole number from 1 to 1000"))?),
        None => None,
    };
    let query = ConnectionQuery {
        limit,
        cursor: params.cursor.filter(|cursor| !cursor.is_empty()),
        search: params.search.filter(|text| !text.trim().is_empty()),
        app: params.integration_key.or(params.integration_id).or(params.connector_id).or(params.external_app_id),
        disconnected: params.disconnected.or(params.connected.map(|connected| !connected)),
        include_archived: params.include_archived.unwrap_or(false),
    };
    Ok(Json(engine.list(&TenantId::own(), &query)?))
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ReadParams {
    #[serde(deserialize_with = "flag")]
    include_secrets: Option<bool>,
}

/// `GET /connections/:id`. Secrets are never part of it, whatever is asked for.
pub(super) async fn read(
    State(engine): State<Engine>,
    From(_): From,
    Path(id): Path<String>,
    Params(params): Params<ReadParams>,
) -> Result<Json<ConnectionView>, ApiError> {
    if params.include_secrets == Some(true) {
        return Err(ApiError(
            membrane_model::Fault::new(
                membrane_model::ErrorCode::AccessDenied,
                "credentials never leave this computer's vault",
            )
            .hint("Ask for an access token instead: GET /connections/ID/token."),
        ));
    }
    Ok(Json(engine.view(&engine.resolve(&id)?)?))
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Changes {
    name: Option<String>,
    #[serde(deserialize_with = "present")]
    key: Option<Option<String>>,
    connection_key: Option<String>,
    meta: Option<Map<String, Value>>,
}

/// Tells a field that is `null` from one that isn't there.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(deserializer).map(Some)
}

/// `PATCH /connections/:id` and `PUT /connections/:id`.
pub(super) async fn change(
    State(engine): State<Engine>,
    From(_): From,
    Path(id): Path<String>,
    Body(changes): Body<Changes>,
) -> Result<Json<ConnectionView>, ApiError> {
    let id = engine.resolve(&id)?.id;
    let key = changes.key.or(changes.connection_key.map(Some));
    let patch = ConnectionPatch { name: changes.name, key, meta: changes.meta };
    Ok(Json(engine.patch(&id, patch).await?))
}

/// `DELETE /connections/:id`: archives.
pub(super) async fn archive(
    State(engine): State<Engine>,
    From(_): From,
    Path(id): Path<String>,
) -> Result<Json<ConnectionView>, ApiError> {
    let id = engine.resolve(&id)?.id;
    Ok(Json(engine.archive(&id).await?))
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct TokenParams {
    min_valid: Option<String>,
}

/// `GET /connections/:id/token?minValid=60`.
pub(super) async fn token(
    State(engine): State<Engine>,
    From(caller): From,
    Path(id): Path<String>,
    Params(params): Params<TokenParams>,
) -> Result<Json<TokenView>, ApiError> {
    let seconds = match params.min_valid.as_deref() {
        Some(text) => text.parse().map_err(|_| ApiError::bad("minValid is no whole number of seconds"))?,
        None => 60,
    };
    let id = engine.resolve(&id)?.id;
    Ok(Json(engine.token(&caller, &id, Duration::from_secs(seconds)).await?))
}

/// `POST /connections/:id/refresh-credentials`.
pub(super) async fn refresh(
    State(engine): State<Engine>,
    From(_): From,
    Path(id): Path<String>,
) -> Result<Json<ConnectionView>, ApiError> {
    let id = engine.resolve(&id)?.id;
    Ok(Json(engine.refresh_now(&id).await?))
}

/// `POST /connections/:id/report`: the app answered 401 to somebody who used this connection.
pub(super) async fn report(
    State(engine): State<Engine>,
    From(_): From,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let id = engine.resolve(&id)?.id;
    let report = engine.report_refused(&id).await?;
    Ok(Json(json!({ "retry": report.retry, "connection": report.connection })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct End {
    #[serde(deserialize_with = "present")]
    expires_at: Option<Option<String>>,
}

/// `PUT /connections/:id/end {expiresAt}`: when a key ends, as the person knows it; null = it doesn't.
pub(super) async fn set_end(
    State(engine): State<Engine>,
    From(_): From,
    Path(id): Path<String>,
    Body(end): Body<End>,
) -> Result<Json<ConnectionView>, ApiError> {
    let id = engine.resolve(&id)?.id;
    let end = end
        .expires_at
        .flatten()
        .map(|text| text.parse().map_err(|_| ApiError::bad("expiresAt is no point in time like 2027-01-31T00:00:00Z")));
    Ok(Json(engine.set_end(&id, end.transpose()?).await?))
}

/// `POST /connections/:id/test`.
pub(super) async fn test(
    State(engine): State<Engine>,
    From(_): From,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let id = engine.resolve(&id)?.id;
    Ok(Json(match engine.test(&id).await? {
        Check::Works => json!({ "success": true }),
        Check::Rejected(status) => json!({ "success": false, "cause": format!("http-{status}") }),
        Check::Unreachable(cause) => json!({ "success": false, "cause": cause }),
        Check::Unknown => json!({ "success": false, "cause": "no-test-request" }),
    }))
}

/// `POST /connections/:id/pause {minutes?}`.
pub(super) async fn pause(
    State(engine): State<Engine>,
    From(_): From,
    Path(id): Path<String>,
    Body(rest): Body<Rest>,
) -> Result<Json<ConnectionView>, ApiError> {
    let id = engine.resolve(&id)?.id;
    Ok(Json(engine.pause(&id, rest.until()?).await?))
}

/// `POST /connections/:id/resume`.
pub(super) async fn resume(
    State(engine): State<Engine>,
    From(_): From,
    Path(id): Path<String>,
) -> Result<Json<ConnectionView>, ApiError> {
    let id = engine.resolve(&id)?.id;
    Ok(Json(engine.resume(&id).await?))
}

/// `GET /connections/:id/events`: newest first.
pub(super) async fn events(
    State(engine): State<Engine>,
    From(_): From,
    Path(id): Path<String>,
) -> Result<Json<ListPage<LifecycleEvent>>, ApiError> {
    let id = engine.resolve(&id)?.id;
    Ok(Json(ListPage { items: engine.events_of(&id, 50)?, cursor: None }))
}
