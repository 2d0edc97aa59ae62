//! Connections: list, read, change, archive, hand out a token, renew, test, rest.

use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use membrane_engine::{Caller, Check, ConnectionPatch, ConnectionQuery, Engine};
use membrane_model::{ConnectionId, ConnectionView, ErrorCode, Fault, LifecycleEvent, ListPage, TenantId, TokenView};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::engine::Rest;
use crate::error::ApiError;
use crate::extract::{Body, From, Guest, Params, Segment, filled, flag, number};
use crate::kept::KeptLists;

#[derive(Deserialize, Default, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
pub(super) struct ListParams {
    /// 1 to 1000; 100 unless told.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 1000)]
    limit: Option<String>,
    /// Where the page starts, from the page before; `0` = the start.
    cursor: Option<String>,
    /// Part of a name, an account or an app.
    search: Option<String>,
    /// Only this app.
    integration_key: Option<String>,
    /// See `integrationKey`.
    integration_id: Option<String>,
    /// See `integrationKey`.
    connector_id: Option<String>,
    /// See `integrationKey`.
    external_app_id: Option<String>,
    /// Only those that need the person, or only the others.
    #[serde(deserialize_with = "flag")]
    #[param(value_type = Option<bool>)]
    disconnected: Option<bool>,
    /// Only those that work, or only the others.
    #[serde(deserialize_with = "flag")]
    #[param(value_type = Option<bool>)]
    connected: Option<bool>,
    /// Archived ones too.
    #[serde(deserialize_with = "flag")]
    #[param(value_type = Option<bool>)]
    include_archived: Option<bool>,
    /// Only test connections; there are none here.
    #[serde(deserialize_with = "flag")]
    #[param(value_type = Option<bool>)]
    is_test: Option<bool>,
    /// Whose; a program sees its own tenant's only, whatever it asks for.
    tenant_id: Option<String>,
    /// The tenant, under its older name.
    user_id: Option<String>,
}

/// Lists connections; a full page has a cursor.
#[utoipa::path(get, path = "/connections", tag = "Connections", params(ListParams),
    responses((status = 200, body = ListPage<ConnectionView>)))]
pub(super) async fn list(
    State(engine): State<Engine>,
    Guest(caller): Guest,
    Extension(kept): Extension<KeptLists>,
    RawQuery(asked): RawQuery,
    Params(params): Params<ListParams>,
) -> Result<Response, ApiError> {
    let (version, now) = (engine.facts_version(), Instant::now());
    // A page sees its own only, which no other may be shown.
    let name = Engine::as_page(&caller).is_none().then(|| {
        let whose = caller.only_tenant().map_or_else(|| "*".to_owned(), |tenant| tenant.to_string());
        format!("{whose}?{}", asked.unwrap_or_default())
    });
    if let Some(body) = name.as_deref().and_then(|name| kept.find(name, &version, now)) {
        return Ok(json(body));
    }
    let page = page(&engine, &caller, params)?;
    let unwritable = |_| ApiError(Fault::new(ErrorCode::Internal, "the list can't be written as JSON"));
    let body: Bytes = serde_json::to_vec(&page).map_err(unwritable)?.into();
    if let Some(name) = name {
        kept.keep(name, version, now, &body);
    }
    Ok(json(body))
}

fn json(body: Bytes) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn page(engine: &Engine, caller: &Caller, params: ListParams) -> Result<ListPage<ConnectionView>, ApiError> {
    let limit = number("limit", params.limit.as_deref(), 1..=1000)?;
    let asked = filled(params.tenant_id).or(filled(params.user_id)).map(|id| id.parse::<TenantId>()).transpose()?;
    let tenant = match asked {
        Some(tenant) if caller.sees(&tenant) => tenant,
        // What belongs to somebody else is not there.
        Some(_) => return Ok(ListPage { items: Vec::new(), cursor: None }),
        None => caller.tenant(),
    };
    if params.is_test == Some(true) {
        return Ok(ListPage { items: Vec::new(), cursor: None });
    }
    let query = ConnectionQuery {
        limit: limit.and_then(|limit| usize::try_from(limit).ok()),
        cursor: filled(params.cursor),
        search: filled(params.search),
        app: [params.integration_key, params.integration_id, params.connector_id, params.external_app_id]
            .into_iter()
            .find_map(filled),
        disconnected: params.disconnected.or(params.connected.map(|connected| !connected)),
        include_archived: params.include_archived.unwrap_or(false),
    };
    let mut page = engine.list(&tenant, &query)?;
    if let Some(shown) = Engine::as_page(caller) {
        page.items.retain(|view| shown.has_connection(&view.id));
    }
    Ok(page)
}

#[derive(Deserialize, Default, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
pub(super) struct ReadParams {
    /// Always refused when true: credentials never leave the vault.
    #[serde(deserialize_with = "flag")]
    #[param(value_type = Option<bool>)]
    include_secrets: Option<bool>,
    /// Hold the answer until the first connect is over.
    #[serde(deserialize_with = "flag")]
    #[param(value_type = Option<bool>)]
    wait: Option<bool>,
    /// For how many seconds, 1 to 60; 30 unless told.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 60)]
    timeout: Option<String>,
}

/// Shows a connection, by its id, its key, or its app's key where the app has one. Never a secret.
#[utoipa::path(get, path = "/connections/{id}", tag = "Connections",
    params(("id" = String, Path, description = "Id, key, or app key"), ReadParams),
    responses((status = 200, body = ConnectionView)))]
pub(super) async fn read(
    State(engine): State<Engine>,
    Guest(caller): Guest,
    Segment(id): Segment<String>,
    Params(params): Params<ReadParams>,
) -> Result<Json<ConnectionView>, ApiError> {
    if params.include_secrets == Some(true) {
        return Err(ApiError(
            Fault::new(ErrorCode::AccessDenied, "credentials never leave this computer's vault")
                .hint("Ask for an access token instead: GET /connections/ID/token."),
        ));
    }
    let seconds = number("timeout", params.timeout.as_deref(), 1..=60)?.unwrap_or(30);
    let found = engine.resolve(&caller, &id)?;
    if params.wait == Some(true) {
        return Ok(Json(engine.wait_connection(&caller, &found.id, Duration::from_secs(seconds)).await?));
    }
    Ok(Json(engine.view(&found)?))
}

/// What may be changed of a connection; other fields are ignored.
#[derive(Deserialize, Default, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Changes {
    /// What the person sees.
    name: Option<String>,
    /// A key of the caller's own; null takes it away.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    key: Option<Option<String>>,
    /// See `key`.
    connection_key: Option<String>,
    /// Free metadata, replaced as a whole.
    #[schema(value_type = Option<Object>)]
    meta: Option<Map<String, Value>>,
}

/// Tells a field that is `null` from one that isn't there.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(deserializer).map(Some)
}

/// Changes a connection's name, key or metadata.
#[utoipa::path(patch, path = "/connections/{id}", tag = "Connections",
    params(("id" = String, Path, description = "Id, key, or app key")), request_body = Changes,
    responses((status = 200, body = ConnectionView)))]
pub(super) async fn change(
    State(engine): State<Engine>,
    From(caller): From,
    Segment(id): Segment<String>,
    Body(changes): Body<Changes>,
) -> Result<Json<ConnectionView>, ApiError> {
    let id = engine.resolve(&caller, &id)?.id;
    let key = changes.key.or(changes.connection_key.map(Some));
    let patch = ConnectionPatch { name: changes.name, key, meta: changes.meta };
    Ok(Json(engine.patch(&id, patch).await?))
}

/// Changes a connection, as PATCH does.
#[utoipa::path(put, path = "/connections/{id}", tag = "Connections",
    params(("id" = String, Path, description = "Id, key, or app key")), request_body = Changes,
    responses((status = 200, body = ConnectionView)))]
pub(super) async fn put(
    engine: State<Engine>,
    caller: From,
    id: Segment<String>,
    changes: Body<Changes>,
) -> Result<Json<ConnectionView>, ApiError> {
    change(engine, caller, id, changes).await
}

/// Archives a connection: revoked at the app where that can be, its credential destroyed.
#[utoipa::path(delete, path = "/connections/{id}", tag = "Connections",
    params(("id" = String, Path, description = "Id, key, or app key")),
    responses((status = 200, body = ConnectionView)))]
pub(super) async fn archive(
    State(engine): State<Engine>,
    From(caller): From,
    Segment(id): Segment<String>,
) -> Result<Json<ConnectionView>, ApiError> {
    let id = engine.resolve(&caller, &id)?.id;
    Ok(Json(engine.archive(&id).await?))
}

/// Brings an archived connection back; its credential is gone, so it needs a reconnect.
#[utoipa::path(post, path = "/connections/{id}/restore", tag = "Connections",
    params(("id" = String, Path, description = "Its id")), responses((status = 200, body = ConnectionView)))]
pub(super) async fn restore(
    State(engine): State<Engine>,
    From(caller): From,
    Segment(id): Segment<ConnectionId>,
) -> Result<Json<ConnectionView>, ApiError> {
    let id = engine.find_for(&caller, &id)?.id;
    Ok(Json(engine.restore(&id).await?))
}

#[derive(Deserialize, Default, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
pub(super) struct TokenParams {
    /// For how many seconds it must be good at least; 60 unless told.
    #[param(value_type = Option<u32>)]
    min_valid: Option<String>,
}

/// Hands out an access token or key; never a refresh token.
#[utoipa::path(get, path = "/connections/{id}/token", tag = "Connections",
    params(("id" = String, Path, description = "Id, key, or app key"), TokenParams),
    responses((status = 200, body = TokenView)))]
pub(super) async fn token(
    State(engine): State<Engine>,
    From(caller): From,
    Segment(id): Segment<String>,
    Params(params): Params<TokenParams>,
) -> Result<Json<TokenView>, ApiError> {
    let seconds = match params.min_valid.as_deref() {
        Some(text) => text.parse().map_err(|_| ApiError::bad("minValid is no whole number of seconds"))?,
        None => 60,
    };
    let id = engine.resolve(&caller, &id)?.id;
    Ok(Json(engine.token(&caller, &id, Duration::from_secs(seconds)).await?))
}

/// Renews the credential now.
#[utoipa::path(post, path = "/connections/{id}/refresh-credentials", tag = "Connections",
    params(("id" = String, Path, description = "Id, key, or app key")),
    responses((status = 200, body = ConnectionView)))]
pub(super) async fn refresh(
    State(engine): State<Engine>,
    From(caller): From,
    Segment(id): Segment<String>,
) -> Result<Json<ConnectionView>, ApiError> {
    let id = engine.resolve(&caller, &id)?.id;
    Ok(Json(engine.refresh_now(&id).await?))
}

/// Renews the credential now, under its shorter name.
#[utoipa::path(post, path = "/connections/{id}/refresh", tag = "Connections",
    params(("id" = String, Path, description = "Id, key, or app key")),
    responses((status = 200, body = ConnectionView)))]
pub(super) async fn refresh_short(
    engine: State<Engine>,
    caller: From,
    id: Segment<String>,
) -> Result<Json<ConnectionView>, ApiError> {
    refresh(engine, caller, id).await
}

/// What came of a report.
#[derive(Serialize, ToSchema)]
pub(super) struct Reported {
    /// There is another token now, or the app takes the one there is: trying again makes sense.
    retry: bool,
    connection: ConnectionView,
}

/// Tells that the app answered 401 to somebody who used this connection.
#[utoipa::path(post, path = "/connections/{id}/report", tag = "Connections",
    params(("id" = String, Path, description = "Id, key, or app key")),
    responses((status = 200, body = Reported)))]
pub(super) async fn report(
    State(engine): State<Engine>,
    From(caller): From,
    Segment(id): Segment<String>,
) -> Result<Json<Reported>, ApiError> {
    let id = engine.resolve(&caller, &id)?.id;
    let report = engine.report_refused(&id).await?;
    Ok(Json(Reported { retry: report.retry, connection: report.connection }))
}

/// When a key ends.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct End {
    /// A point in time like `2027-01-31T00:00:00Z`; null = it doesn't end.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    expires_at: Option<Option<String>>,
}

/// Notes when a key ends, as the person knows it.
#[utoipa::path(put, path = "/connections/{id}/end", tag = "Connections",
    params(("id" = String, Path, description = "Id, key, or app key")), request_body = End,
    responses((status = 200, body = ConnectionView)))]
pub(super) async fn set_end(
    State(engine): State<Engine>,
    From(caller): From,
    Segment(id): Segment<String>,
    Body(end): Body<End>,
) -> Result<Json<ConnectionView>, ApiError> {
    let id = engine.resolve(&caller, &id)?.id;
    let end = end
        .expires_at
        .flatten()
        .map(|text| text.parse().map_err(|_| ApiError::bad("expiresAt is no point in time like 2027-01-31T00:00:00Z")));
    Ok(Json(engine.set_end(&id, end.transpose()?).await?))
}

/// What the app says of a credential.
#[derive(Serialize, ToSchema)]
pub(super) struct TestResult {
    /// It accepts it.
    success: bool,
    /// Why not: `http-401`, `timeout`, `no-test-request`…
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
}

/// Asks the app whether the credential works.
#[utoipa::path(post, path = "/connections/{id}/test", tag = "Connections",
    params(("id" = String, Path, description = "Id, key, or app key")),
    responses((status = 200, body = TestResult)))]
pub(super) async fn test(
    State(engine): State<Engine>,
    From(caller): From,
    Segment(id): Segment<String>,
) -> Result<Json<TestResult>, ApiError> {
    let id = engine.resolve(&caller, &id)?.id;
    let cause = match engine.test(&id).await? {
        Check::Works => None,
        Check::Rejected(status) => Some(format!("http-{status}")),
        Check::Unreachable(cause) => Some(cause.to_string()),
        Check::Unknown => Some("no-test-request".to_owned()),
    };
    Ok(Json(TestResult { success: cause.is_none(), cause }))
}

/// Lets a connection rest: nothing is renewed or handed out.
#[utoipa::path(post, path = "/connections/{id}/pause", tag = "Connections",
    params(("id" = String, Path, description = "Id, key, or app key")), request_body = Rest,
    responses((status = 200, body = ConnectionView)))]
pub(super) async fn pause(
    State(engine): State<Engine>,
    From(caller): From,
    Segment(id): Segment<String>,
    Body(rest): Body<Rest>,
) -> Result<Json<ConnectionView>, ApiError> {
    let id = engine.resolve(&caller, &id)?.id;
    Ok(Json(engine.pause(&id, rest.until()?).await?))
}

/// Wakes a connection that rests.
#[utoipa::path(post, path = "/connections/{id}/resume", tag = "Connections",
    params(("id" = String, Path, description = "Id, key, or app key")),
    responses((status = 200, body = ConnectionView)))]
pub(super) async fn resume(
    State(engine): State<Engine>,
    From(caller): From,
    Segment(id): Segment<String>,
) -> Result<Json<ConnectionView>, ApiError> {
    let id = engine.resolve(&caller, &id)?.id;
    Ok(Json(engine.resume(&id).await?))
}

/// Says what happened to a connection, newest first.
#[utoipa::path(get, path = "/connections/{id}/events", tag = "Connections",
    params(("id" = String, Path, description = "Id, key, or app key")),
    responses((status = 200, body = ListPage<LifecycleEvent>)))]
pub(super) async fn events(
    State(engine): State<Engine>,
    From(caller): From,
    Segment(id): Segment<String>,
) -> Result<Json<ListPage<LifecycleEvent>>, ApiError> {
    let id = engine.resolve(&caller, &id)?.id;
    Ok(Json(ListPage { items: engine.events_of(&id, 50)?, cursor: None }))
}
