//! Apps: the catalog under the wire's names, search, apps of one's own, and OAuth clients of one's own.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use membrane_engine::{AppDetail, Caller, ConnectionQuery, Engine};
use membrane_model::{AppKey, AppSummary, Fault, ListPage};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::error::ApiError;
use crate::extract::{Body, Guest, Params, Person, Segment, filled, flag, number};
use crate::wire::{ConnectionOption, ConnectorSpec, Integration, IntegrationItem, SearchHit, SearchPage, options};

#[derive(Deserialize, Default, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
pub(super) struct ListParams {
    /// Part of a name or key.
    search: Option<String>,
    /// Only this category, like `crm`.
    category: Option<String>,
    /// Only those whose API can be called with nothing registered.
    #[serde(deserialize_with = "flag")]
    #[param(value_type = Option<bool>)]
    ready: Option<bool>,
    /// Only those that the caller has a connection of, or only the others.
    #[serde(deserialize_with = "flag")]
    #[param(value_type = Option<bool>)]
    is_connected: Option<bool>,
    /// 1 to 1000; all unless told.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 1000)]
    limit: Option<String>,
    /// Where the page starts, from the page before; `0` = the start.
    cursor: Option<String>,
}

fn page(engine: &Engine, caller: &Caller, params: &ListParams) -> Result<ListPage<IntegrationItem>, ApiError> {
    let limit = number("limit", params.limit.as_deref(), 1..=1000)?;
    let start = number("cursor", params.cursor.as_deref(), 0..=1_000_000)?.unwrap_or(0);
    let start = usize::try_from(start).unwrap_or(usize::MAX);
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    let api_uri = engine.api_uri();
    let category = params.category.as_deref().map(|name| name.trim().to_lowercase().replace(' ', "-"));
    let connected = params.is_connected.map(|_| connected_apps(engine, caller)).transpose()?;
    let fits = |app: &AppSummary| {
        category.as_ref().is_none_or(|name| name.is_empty() || app.categories.contains(name))
            && params.ready.is_none_or(|ready| app.ready == ready)
            && connected.as_ref().is_none_or(|keys| Some(keys.contains(&app.key)) == params.is_connected)
    };
    let rest = engine.apps(params.search.as_deref()).into_iter().filter(fits).skip(start);
    let items: Vec<_> = rest.take(limit).map(|app| IntegrationItem::new(app, &api_uri)).collect();
    let cursor = (items.len() == limit).then(|| (start + limit).to_string());
    Ok(ListPage { items, cursor })
}

/// Returns the apps that a caller has a connection of.
fn connected_apps(engine: &Engine, caller: &Caller) -> Result<BTreeSet<AppKey>, ApiError> {
    let mut keys = BTreeSet::new();
    let mut query = ConnectionQuery { limit: Some(1000), ..ConnectionQuery::default() };
    loop {
        let page = engine.list(&caller.tenant(), &query)?;
        let shown = page.items.into_iter().filter(|view| view.connected || view.disconnected);
        let seen = shown.filter(|view| Engine::as_page(caller).is_none_or(|page| page.has_connection(&view.id)));
        keys.extend(seen.map(|view| view.integration_key));
        query.cursor = page.cursor;
        if query.cursor.is_none() {
            return Ok(keys);
        }
    }
}

/// Lists the apps that can be connected.
#[utoipa::path(get, path = "/integrations", tag = "Apps", params(ListParams),
    responses((status = 200, body = ListPage<IntegrationItem>)))]
pub(super) async fn list(
    State(engine): State<Engine>,
    Guest(caller): Guest,
    Params(params): Params<ListParams>,
) -> Result<Json<ListPage<IntegrationItem>>, ApiError> {
    Ok(Json(page(&engine, &caller, &params)?))
}

/// Lists the apps, under the name that connectors have.
#[utoipa::path(get, path = "/connectors", tag = "Apps", params(ListParams),
    responses((status = 200, body = ListPage<IntegrationItem>)))]
pub(super) async fn list_connectors(
    State(engine): State<Engine>,
    Guest(caller): Guest,
    Params(params): Params<ListParams>,
) -> Result<Json<ListPage<IntegrationItem>>, ApiError> {
    Ok(Json(page(&engine, &caller, &params)?))
}

/// Lists the apps, under the name that external apps have.
#[utoipa::path(get, path = "/external-apps", tag = "Apps", params(ListParams),
    responses((status = 200, body = ListPage<IntegrationItem>)))]
pub(super) async fn list_external(
    State(engine): State<Engine>,
    Guest(caller): Guest,
    Params(params): Params<ListParams>,
) -> Result<Json<ListPage<IntegrationItem>>, ApiError> {
    Ok(Json(page(&engine, &caller, &params)?))
}

/// Shows an app: its ways to connect, forms, scopes in words, set-up steps, and the caller's connection of it.
#[utoipa::path(get, path = "/integrations/{key}", tag = "Apps", params(("key" = String, Path, description = "The app's key")),
    responses((status = 200, body = Integration)))]
pub(super) async fn read(
    State(engine): State<Engine>,
    Guest(caller): Guest,
    Segment(key): Segment<AppKey>,
) -> Result<Json<Integration>, ApiError> {
    let detail = engine.app_detail(&key)?;
    let query = ConnectionQuery { app: Some(key.to_string()), limit: Some(100), ..ConnectionQuery::default() };
    let mut own = engine.list(&caller.tenant(), &query)?.items;
    own.retain(|view| engine.find_for(&caller, &view.id).is_ok());
    own.sort_by_key(|view| (!view.connected, !view.disconnected));
    Ok(Json(Integration::new(detail, own.into_iter().next(), &engine.api_uri())))
}

/// Shows an app, under the name that connectors have.
#[utoipa::path(get, path = "/connectors/{key}", tag = "Apps", params(("key" = String, Path, description = "The app's key")),
    responses((status = 200, body = Integration)))]
pub(super) async fn read_connector(
    engine: State<Engine>,
    caller: Guest,
    key: Segment<AppKey>,
) -> Result<Json<Integration>, ApiError> {
    read(engine, caller, key).await
}

/// Shows an app, under the name that external apps have.
#[utoipa::path(get, path = "/external-apps/{key}", tag = "Apps", params(("key" = String, Path, description = "The app's key")),
    responses((status = 200, body = Integration)))]
pub(super) async fn read_external(
    engine: State<Engine>,
    caller: Guest,
    key: Segment<AppKey>,
) -> Result<Json<Integration>, ApiError> {
    read(engine, caller, key).await
}

/// Says what connecting an app takes, with its forms as JSON Schema.
#[utoipa::path(get, path = "/integrations/{key}/connector-spec", tag = "Apps",
    params(("key" = String, Path, description = "The app's key")), responses((status = 200, body = ConnectorSpec)))]
pub(super) async fn spec(
    State(engine): State<Engine>,
    Guest(_): Guest,
    Segment(key): Segment<AppKey>,
) -> Result<Json<ConnectorSpec>, ApiError> {
    Ok(Json(ConnectorSpec::new(&engine.app_detail(&key)?, &engine.api_uri())))
}

/// Which app's ways to connect are asked for; the first one given counts.
#[derive(Deserialize, Default, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct OptionsOf {
    integration_key: Option<String>,
    integration_id: Option<String>,
    connector_key: Option<String>,
    connector_id: Option<String>,
    connection_id: Option<String>,
}

/// Lists the ways to connect an app, as the official client asks before it connects; `[]` when the person is to choose.
#[utoipa::path(post, path = "/connection-options", tag = "Connect", request_body = OptionsOf,
    responses((status = 200, body = Vec<ConnectionOption>)))]
pub(super) async fn connection_options(
    State(engine): State<Engine>,
    Guest(caller): Guest,
    Body(of): Body<OptionsOf>,
) -> Result<Json<Vec<ConnectionOption>>, ApiError> {
    let connection = filled(of.connection_id).map(|id| engine.resolve(&caller, &id)).transpose()?;
    let named = [of.integration_key, of.integration_id, of.connector_key, of.connector_id];
    let named = named.into_iter().find_map(filled).map(|text| text.parse::<AppKey>()).transpose()?;
    match connection.map(|connection| connection.app).or(named) {
        Some(app) => Ok(Json(options(&engine.app_detail(&app)?))),
        None => Ok(Json(Vec::new())),
    }
}

/// Lists the ways to connect an app by its connector.
#[utoipa::path(post, path = "/connectors/{key}/generate-options", tag = "Connect",
    params(("key" = String, Path, description = "The app's key")),
    responses((status = 200, body = Vec<ConnectionOption>)))]
pub(super) async fn generate_options(
    State(engine): State<Engine>,
    Guest(_): Guest,
    Segment(key): Segment<AppKey>,
) -> Result<Json<Vec<ConnectionOption>>, ApiError> {
    Ok(Json(options(&engine.app_detail(&key)?)))
}

/// An OAuth client of the person's own.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OwnClient {
    client_id: String,
    #[schema(value_type = Option<String>, write_only)]
    client_secret: Option<SecretText>,
}

/// A secret in a body: kept out of every debug text.
struct SecretText(SecretString);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(SecretString::from(text)))
    }
}

/// Keeps an OAuth client of the person's own for an app; the person only.
#[utoipa::path(put, path = "/integrations/{key}/client", tag = "Apps",
    params(("key" = String, Path, description = "The app's key")), request_body = OwnClient,
    responses((status = 200, body = AppDetail)))]
pub(super) async fn set_client(
    State(engine): State<Engine>,
    _: Person,
    Segment(key): Segment<AppKey>,
    Body(client): Body<OwnClient>,
) -> Result<Json<AppDetail>, ApiError> {
    let secret = client.client_secret.map(|secret| secret.0);
    Ok(Json(engine.set_client(&key, &client.client_id, secret).await?))
}

/// Forgets the person's OAuth client of an app; the person only.
#[utoipa::path(delete, path = "/integrations/{key}/client", tag = "Apps",
    params(("key" = String, Path, description = "The app's key")), responses((status = 200, body = AppDetail)))]
pub(super) async fn remove_client(
    State(engine): State<Engine>,
    _: Person,
    Segment(key): Segment<AppKey>,
) -> Result<Json<AppDetail>, ApiError> {
    Ok(Json(engine.remove_client(&key).await?))
}

/// An app of the person's own.
#[derive(Deserialize, ToSchema)]
pub(super) struct AppFile {
    /// TOML; docs/catalog.md describes it.
    text: String,
    /// The file's name, for messages.
    #[serde(default)]
    name: Option<String>,
}

/// Adds an app of the person's own; the person only.
#[utoipa::path(post, path = "/apps", tag = "Apps", request_body = AppFile, responses((status = 200, body = AppSummary)))]
pub(super) async fn add(
    State(engine): State<Engine>,
    _: Person,
    Body(file): Body<AppFile>,
) -> Result<Json<AppSummary>, ApiError> {
    let name = file.name.as_deref().unwrap_or("app.toml");
    Ok(Json(engine.add_app(name, &file.text)?))
}

#[derive(Deserialize, Default, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchParams {
    /// What to connect, in words; 1 to 2000 characters.
    q: Option<String>,
    /// 1 to 100; 20 unless told.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// Where the page starts, from the page before; `0` = the start.
    cursor: Option<String>,
    /// Only what is of this type; everything here is a `connector`.
    element_type: Option<String>,
}

/// Finds the apps that fit an intent.
#[utoipa::path(get, path = "/search", tag = "Apps", params(SearchParams), responses((status = 200, body = SearchPage)))]
pub(super) async fn search(
    State(engine): State<Engine>,
    Guest(_): Guest,
    Params(params): Params<SearchParams>,
) -> Result<Json<SearchPage>, ApiError> {
    let limit = number("limit", params.limit.as_deref(), 1..=100)?.unwrap_or(20);
    let start = number("cursor", params.cursor.as_deref(), 0..=1_000_000)?.unwrap_or(0);
    let (limit, start) = (usize::try_from(limit).unwrap_or(20), usize::try_from(start).unwrap_or(0));
    let result = engine.search(params.q.as_deref().unwrap_or_default())?;
    let api_uri = engine.api_uri();
    let wanted = filled(params.element_type);
    let wanted = wanted.as_deref().is_none_or(|kind| matches!(kind, "connector" | "integration" | "external-app"));
    let found = result.items.into_iter().filter(|_| wanted).skip(start).take(limit);
    let items: Vec<_> = found
        .map(|item| {
            Ok(SearchHit {
                element_type: "connector",
                element: IntegrationItem::new(engine.app_summary(&item.key)?, &api_uri),
                key: item.key,
                name: item.name,
                score: item.score,
                reason: item.reason,
                because: item.because,
            })
        })
        .collect::<Result<_, Fault>>()?;
    let cursor = (items.len() == limit).then(|| (start + limit).to_string());
    Ok(Json(SearchPage { outcome: result.outcome, items, cursor }))
}
