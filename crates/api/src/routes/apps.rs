//! Apps: the catalog, search, apps of one's own, and OAuth clients of one's own.

use axum::Json;
use axum::extract::{Path, State};
use membrane_engine::{AppDetail, Engine};
use membrane_model::{AppKey, AppSummary, ListPage};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::extract::{Body, From, Params, Person};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ListParams {
    search: Option<String>,
}

/// `GET /integrations`.
pub(super) async fn list(
    State(engine): State<Engine>,
    From(_): From,
    Params(params): Params<ListParams>,
) -> Json<ListPage<AppSummary>> {
    Json(ListPage { items: engine.apps(params.search.as_deref()), cursor: None })
}

/// `GET /integrations/:key`.
pub(super) async fn read(
    State(engine): State<Engine>,
    From(_): From,
    Path(key): Path<AppKey>,
) -> Result<Json<AppDetail>, ApiError> {
    Ok(Json(engine.app_detail(&key)?))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OwnClient {
    client_id: String,
    client_secret: Option<SecretText>,
}

/// A secret in a body: kept out of every debug text.
struct SecretText(SecretString);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(SecretString::from(text)))
    }
}

/// `PUT /integrations/:key/client {clientId, clientSecret?}`.
pub(super) async fn set_client(
    State(engine): State<Engine>,
    _: Person,
    Path(key): Path<AppKey>,
    Body(client): Body<OwnClient>,
) -> Result<Json<AppDetail>, ApiError> {
    let secret = client.client_secret.map(|secret| secret.0);
    Ok(Json(engine.set_client(&key, &client.client_id, secret).await?))
}

/// `DELETE /integrations/:key/client`.
pub(super) async fn remove_client(
    State(engine): State<Engine>,
    _: Person,
    Path(key): Path<AppKey>,
) -> Result<Json<AppDetail>, ApiError> {
    Ok(Json(engine.remove_client(&key).await?))
}

#[derive(Deserialize)]
pub(super) struct AppFile {
    text: String,
    #[serde(default)]
    name: Option<String>,
}

/// `POST /apps {text, name?}`: adds an app of the person's own.
pub(super) async fn add(
    State(engine): State<Engine>,
    _: Person,
    Body(file): Body<AppFile>,
) -> Result<Json<AppSummary>, ApiError> {
    let name = file.name.as_deref().unwrap_or("app.toml");
    Ok(Json(engine.add_app(name, &file.text)?))
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct SearchParams {
    q: Option<String>,
    limit: Option<usize>,
}

/// `GET /search?q=`.
pub(super) async fn search(
    State(engine): State<Engine>,
    From(_): From,
    Params(params): Params<SearchParams>,
) -> Result<Json<Value>, ApiError> {
    let result = engine.search(params.q.as_deref().unwrap_or_default())?;
    let limit = params.limit.unwrap_or(20).clamp(1, 100);
    let items: Vec<Value> = result
        .items
        .iter()
        .take(limit)
        .map(|item| {
            json!({
                "key": item.key, "name": item.name, "score": item.score, "reason": item.reason,
                "elementType": "connector",
                "element": { "id": item.key, "key": item.key, "name": item.name },
            })
        })
        .collect();
    Ok(Json(json!({ "outcome": result.outcome, "items": items })))
}
