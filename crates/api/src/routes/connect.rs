//! Connecting as the wire has it: an answer with an id at once, the sign-in to follow.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use membrane_engine::{ConnectRequest, Engine};
use membrane_model::{AppKey, ConnectionView};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::ApiError;
use crate::extract::{Body, From};

/// The body of `POST /connect` and `POST /connections`; other fields of the wire are ignored.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    intent: Option<String>,
    integration_key: Option<String>,
    integration_id: Option<String>,
    connector_key: Option<String>,
    connector_id: Option<String>,
    external_app_id: Option<String>,
    connection_id: Option<String>,
    auth_option_key: Option<String>,
    name: Option<String>,
    key: Option<String>,
    connection_key: Option<String>,
    input: Map<String, Value>,
    credentials: Map<String, Value>,
    meta: Map<String, Value>,
}

impl Request {
    fn read(self, engine: &Engine) -> Result<ConnectRequest, ApiError> {
        let app =
            [self.integration_key, self.integration_id, self.connector_key, self.connector_id, self.external_app_id];
        let app = app.into_iter().flatten().find(|text| !text.is_empty());
        let app = app.map(|text| text.parse::<AppKey>()).transpose()?;
        let connection = match self.connection_id.filter(|text| !text.is_empty()) {
            Some(text) => Some(engine.resolve(&text)?.id),
            None => None,
        };
        let mut input = values("input", self.input)?;
        input.extend(values("credentials", self.credentials)?);
        Ok(ConnectRequest {
            intent: self.intent,
            app,
            connection,
            auth_method: self.auth_option_key,
            name: self.name,
            key: self.key.or(self.connection_key),
            input,
            meta: self.meta,
        })
    }
}

/// Reads form values: texts, and numbers as texts.
pub(super) fn values(what: &str, object: Map<String, Value>) -> Result<BTreeMap<String, String>, ApiError> {
    let text = |(key, value): (String, Value)| match value {
        Value::String(text) => Ok((key, text)),
        Value::Number(number) => Ok((key, number.to_string())),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            Err(ApiError::bad(format!("{what}.{key} is no text")))
        }
    };
    object.into_iter().map(text).collect()
}

/// `POST /connections`.
pub(super) async fn create(
    State(engine): State<Engine>,
    From(_): From,
    Body(request): Body<Request>,
) -> Result<Json<ConnectionView>, ApiError> {
    let request = request.read(&engine)?;
    Ok(Json(engine.connect_request(request).await?))
}

/// `POST /connect`.
pub(super) async fn connect(
    State(engine): State<Engine>,
    From(_): From,
    Body(request): Body<Request>,
) -> Result<Json<ConnectionView>, ApiError> {
    let request = request.read(&engine)?;
    match request.connection.clone() {
        Some(id) => Ok(Json(engine.reconnect_request(&id).await?)),
        None => Ok(Json(engine.connect_request(request).await?)),
    }
}

/// `POST /connections/:id/reconnect`.
pub(super) async fn reconnect(
    State(engine): State<Engine>,
    From(_): From,
    Path(id): Path<String>,
) -> Result<Json<ConnectionView>, ApiError> {
    let id = engine.resolve(&id)?.id;
    Ok(Json(engine.reconnect_request(&id).await?))
}
