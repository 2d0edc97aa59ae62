//! The engine itself: health, status, settings, rest, links, and its end.

use axum::Json;
use axum::extract::State;
use membrane_engine::{Engine, Settings};
use membrane_model::{EngineStatus, ListPage, OriginView, TenantView, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::{Body, From, Person};

/// That something answers.
#[derive(Serialize, ToSchema)]
pub(super) struct Answering {
    ok: bool,
}

/// Tells that something answers, and nothing else; needs no token.
#[utoipa::path(get, path = "/health", tag = "Engine", security(()), responses((status = 200, body = Answering)))]
pub(super) async fn health() -> Json<Answering> {
    Json(Answering { ok: true })
}

/// Says whose connections the token is about.
#[utoipa::path(get, path = "/self", tag = "Engine", responses((status = 200, body = TenantView)))]
pub(super) async fn tenant(State(engine): State<Engine>, From(caller): From) -> Result<Json<TenantView>, ApiError> {
    Ok(Json(engine.tenant(&caller.tenant())?))
}

/// What a program may say of its tenant; credentials of the tenant's own are not kept.
#[derive(Deserialize, Default, ToSchema)]
#[serde(default)]
pub(super) struct TenantChanges {
    /// Ignored: here an app's credentials come from connecting it.
    #[schema(value_type = Object)]
    #[allow(dead_code, reason = "official clients send it")]
    credentials: Value,
}

/// Accepts what the official client sends at its start, and changes nothing.
#[utoipa::path(patch, path = "/self", tag = "Engine", request_body = TenantChanges,
    responses((status = 200, body = TenantView)))]
pub(super) async fn change_tenant(
    State(engine): State<Engine>,
    From(caller): From,
    Body(_): Body<TenantChanges>,
) -> Result<Json<TenantView>, ApiError> {
    Ok(Json(engine.tenant(&caller.tenant())?))
}

/// Lists whose connections there are; the person only.
#[utoipa::path(get, path = "/tenants", tag = "Engine", responses((status = 200, body = ListPage<TenantView>)))]
pub(super) async fn tenants(State(engine): State<Engine>, _: Person) -> Result<Json<ListPage<TenantView>>, ApiError> {
    Ok(Json(ListPage { items: engine.tenants()?, cursor: None }))
}

/// Lists the origins whose pages may call the API and show its pages in a frame; the person only.
#[utoipa::path(get, path = "/origins", tag = "Clients", responses((status = 200, body = ListPage<OriginView>)))]
pub(super) async fn origins(State(engine): State<Engine>, _: Person) -> Result<Json<ListPage<OriginView>>, ApiError> {
    Ok(Json(ListPage { items: engine.origins()?, cursor: None }))
}

/// An origin of web pages.
#[derive(Deserialize, ToSchema)]
pub(super) struct OriginOf {
    /// Scheme, host and port: `http://localhost:3000`.
    origin: String,
}

/// Approves an origin; the person only.
#[utoipa::path(post, path = "/origins", tag = "Clients", request_body = OriginOf,
    responses((status = 200, body = OriginView)))]
pub(super) async fn approve_origin(
    State(engine): State<Engine>,
    _: Person,
    Body(of): Body<OriginOf>,
) -> Result<Json<OriginView>, ApiError> {
    Ok(Json(engine.approve_origin(&of.origin).await?))
}

/// Takes an approval back; the person only.
#[utoipa::path(delete, path = "/origins", tag = "Clients", request_body = OriginOf,
    responses((status = 200, body = ListPage<OriginView>)))]
pub(super) async fn remove_origin(
    State(engine): State<Engine>,
    _: Person,
    Body(of): Body<OriginOf>,
) -> Result<Json<ListPage<OriginView>>, ApiError> {
    engine.remove_origin(&of.origin).await?;
    Ok(Json(ListPage { items: engine.origins()?, cursor: None }))
}

/// Shows the engine at a glance: addresses, version, vault, process, counts.
#[utoipa::path(get, path = "/status", tag = "Engine", responses((status = 200, body = EngineStatus)))]
pub(super) async fn status(State(engine): State<Engine>, From(caller): From) -> Result<Json<EngineStatus>, ApiError> {
    Ok(Json(engine.status_for(&caller)?))
}

/// That it ends.
#[derive(Serialize, ToSchema)]
pub(super) struct Stopping {
    stopping: bool,
}

/// Ends a headless engine; the person only.
#[utoipa::path(post, path = "/engine/stop", tag = "Engine", responses((status = 200, body = Stopping)))]
pub(super) async fn stop(State(engine): State<Engine>, _: Person) -> Json<Stopping> {
    engine.ask_to_stop();
    Json(Stopping { stopping: true })
}

/// Where a link led.
#[derive(Serialize, ToSchema)]
pub(super) struct Followed {
    handled: bool,
    /// The console's path.
    screen: String,
}

/// A link that another process of ours was started with.
#[derive(Deserialize, ToSchema)]
pub(super) struct Link {
    url: String,
}

/// Follows a deep link; the person only.
#[utoipa::path(post, path = "/deep-link", tag = "Engine", request_body = Link, responses((status = 200, body = Followed)))]
pub(super) async fn deep_link(
    State(engine): State<Engine>,
    _: Person,
    Body(link): Body<Link>,
) -> Result<Json<Followed>, ApiError> {
    let screen = engine.deep_link(&link.url).await?;
    Ok(Json(Followed { handled: true, screen: screen.path() }))
}

/// Shows the settings; the person only.
#[utoipa::path(get, path = "/settings", tag = "Engine", responses((status = 200, body = Settings)))]
pub(super) async fn settings(State(engine): State<Engine>, _: Person) -> Result<Json<Settings>, ApiError> {
    Ok(Json(engine.settings()?))
}

/// Changes the named settings and leaves the others; the person only.
#[utoipa::path(patch, path = "/settings", tag = "Engine", request_body = Object, responses((status = 200, body = Settings)))]
pub(super) async fn change_settings(
    State(engine): State<Engine>,
    _: Person,
    Body(changes): Body<serde_json::Map<String, Value>>,
) -> Result<Json<Settings>, ApiError> {
    Ok(Json(engine.change_settings(&changes)?))
}

/// How long a rest lasts.
#[derive(Deserialize, ToSchema)]
pub(super) struct Rest {
    /// 1 to 43200; until resumed unless told.
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

/// How many connections changed.
#[derive(Serialize, ToSchema)]
pub(super) struct Paused {
    paused: usize,
}

/// How many connections changed.
#[derive(Serialize, ToSchema)]
pub(super) struct Resumed {
    resumed: usize,
}

/// Lets all connections rest; the person only.
#[utoipa::path(post, path = "/pause", tag = "Connections", request_body = Rest, responses((status = 200, body = Paused)))]
pub(super) async fn pause_all(
    State(engine): State<Engine>,
    _: Person,
    Body(rest): Body<Rest>,
) -> Result<Json<Paused>, ApiError> {
    let changed = engine.pause_all(rest.until()?).await?;
    Ok(Json(Paused { paused: changed }))
}

/// Wakes all connections that rest; the person only.
#[utoipa::path(post, path = "/resume", tag = "Connections", responses((status = 200, body = Resumed)))]
pub(super) async fn resume_all(State(engine): State<Engine>, _: Person) -> Result<Json<Resumed>, ApiError> {
    let changed = engine.resume_all().await?;
    Ok(Json(Resumed { resumed: changed }))
}
