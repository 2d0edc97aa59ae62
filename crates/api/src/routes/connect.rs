//! Connecting as the wire has it: an answer with an id at once, the sign-in to follow.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{FromRequest, Request as HttpRequest, State};
use axum::response::{IntoResponse, Response};
use membrane_engine::{Again, Caller, ConnectRequest, Engine};
use membrane_model::{AppKey, ConnectionView, ErrorCode};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::{Body, From, Segment, filled};

/// What to connect; other fields of the wire are ignored.
#[derive(Deserialize, Default, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct NewConnection {
    /// What to connect, in words: "CRM", "my calendar", "notion.so".
    intent: Option<String>,
    /// Which app.
    integration_key: Option<String>,
    /// See `integrationKey`.
    integration_id: Option<String>,
    /// See `integrationKey`.
    connector_key: Option<String>,
    /// See `integrationKey`.
    connector_id: Option<String>,
    /// See `integrationKey`.
    external_app_id: Option<String>,
    /// Which connection to repair.
    connection_id: Option<String>,
    /// Which way to connect.
    auth_option_key: Option<String>,
    /// A name for the connection.
    name: Option<String>,
    /// A key of the caller's own.
    key: Option<String>,
    /// See `key`.
    connection_key: Option<String>,
    /// Values of form fields.
    #[schema(value_type = Object)]
    input: Map<String, Value>,
    /// Values of form fields that are secrets.
    #[schema(value_type = Object)]
    credentials: Map<String, Value>,
    /// Free metadata.
    #[schema(value_type = Object)]
    meta: Map<String, Value>,
    /// To make one more connection of an app that has one. `POST /connect` signs in to that one again unless this is
    /// true; `POST /connections` always makes one.
    #[serde(deserialize_with = "switch")]
    allow_multiple_connections: bool,
}

/// Reads yes or no as clients write it: `true`, `1`, `"1"`; anything else is no.
fn switch<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Value::deserialize(deserializer).map(|value| is_yes(&value))
}

/// Tells whether a value is a yes, as the wire's forms and JSON write it.
pub(super) fn is_yes(value: &Value) -> bool {
    match value {
        Value::Bool(yes) => *yes,
        Value::Number(number) => number.as_u64() == Some(1),
        Value::String(text) => matches!(text.trim(), "1" | "true"),
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

impl NewConnection {
    fn read(self, engine: &Engine, caller: &Caller) -> Result<ConnectRequest, ApiError> {
        let named =
            [self.integration_key, self.integration_id, self.connector_key, self.connector_id, self.external_app_id];
        let app = named.into_iter().find_map(filled).map(|text| text.parse::<AppKey>()).transpose()?;
        let connection = filled(self.connection_id).map(|text| engine.resolve(caller, &text)).transpose()?;
        let mut input = values("input", self.input)?;
        input.extend(values("credentials", self.credentials)?);
        Ok(ConnectRequest {
            intent: self.intent,
            app,
            connection: connection.map(|connection| connection.id),
            auth_method: filled(self.auth_option_key),
            name: filled(self.name),
            key: filled(self.key).or(filled(self.connection_key)),
            input,
            meta: self.meta,
            allow_multiple: self.allow_multiple_connections,
        })
    }
}

/// Reads form values: texts, and numbers as texts.
pub(super) fn values(what: &str, object: Map<String, Value>) -> Result<BTreeMap<String, String>, ApiError> {
    let text = |(key, value): (String, Value)| match value {
        Value::String(text) => Ok((key, text)),
        Value::Number(number) => Ok((key, number.to_string())),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            let key: String = key.chars().filter(|c| !c.is_control()).take(60).collect();
            Err(ApiError::bad(format!("{what}.{key} is no text")))
        }
    };
    object.into_iter().map(text).collect()
}

/// Starts connecting an app: answers with a connection that waits for the person, and where they go on
/// (`clientAction.uiUrl`). When several apps fit the intent, the person chooses there, and `choices` lists them.
#[utoipa::path(post, path = "/connections", tag = "Connections", request_body = NewConnection,
    responses((status = 200, body = ConnectionView)))]
pub(super) async fn create(
    State(engine): State<Engine>,
    From(caller): From,
    Body(request): Body<NewConnection>,
) -> Result<Json<ConnectionView>, ApiError> {
    let request = ConnectRequest { allow_multiple: true, ..request.read(&engine, &caller)? };
    Ok(Json(engine.connect_request(&caller, request).await?))
}

/// Starts connecting, or repairs the connection that `connectionId` names. An app that is connected once already is
/// signed in to again, and its connection keeps its id, unless `allowMultipleConnections` is true. As a form from a web page it answers with a
/// page instead; docs/embedding.md describes that.
#[utoipa::path(post, path = "/connect", tag = "Connect", request_body = NewConnection,
    responses((status = 200, body = ConnectionView)))]
pub(super) async fn connect(State(engine): State<Engine>, request: HttpRequest) -> Response {
    if crate::guard::is_form(request.headers()) {
        return super::pages::connect_form(engine, request).await;
    }
    let (mut parts, body) = request.into_parts();
    let from = match <From as axum::extract::FromRequestParts<()>>::from_request_parts(&mut parts, &()).await {
        Ok(From(caller)) => caller,
        Err(refused) => return refused.into_response(),
    };
    let read = Body::<NewConnection>::from_request(HttpRequest::from_parts(parts, body), &()).await;
    match read {
        Ok(Body(request)) => connect_as(&engine, &from, request).await.map(Json).into_response(),
        Err(refused) => refused.into_response(),
    }
}

async fn connect_as(engine: &Engine, caller: &Caller, request: NewConnection) -> Result<ConnectionView, ApiError> {
    let request = request.read(engine, caller)?;
    Ok(engine.connect_request(caller, request).await?)
}

/// An app by its address.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ensure {
    /// A web address or a bare domain: `https://slack.com`, `slack.com`.
    app_url: String,
    /// A name, for a connection that is made.
    name: Option<String>,
}

/// Returns the connection of the app at an address; starts connecting when there is none.
#[utoipa::path(post, path = "/connections/ensure", tag = "Connections", request_body = Ensure,
    responses((status = 200, body = ConnectionView)))]
pub(super) async fn ensure(
    State(engine): State<Engine>,
    From(caller): From,
    Body(ensure): Body<Ensure>,
) -> Result<Json<ConnectionView>, ApiError> {
    let ensured = engine.ensure_connection(&caller, &ensure.app_url, filled(ensure.name)).await;
    Ok(Json(ensured.map_err(|mut fault| {
        if fault.code == ErrorCode::BadRequest {
            fault.message.push_str(" (appUrl)");
        }
        fault
    })?))
}

/// Starts a repair; the connection stays as it is until it succeeds.
#[utoipa::path(post, path = "/connections/{id}/reconnect", tag = "Connections",
    params(("id" = String, Path, description = "Id, key, or app key")),
    responses((status = 200, body = ConnectionView)))]
pub(super) async fn reconnect(
    State(engine): State<Engine>,
    From(caller): From,
    Segment(id): Segment<String>,
) -> Result<Json<ConnectionView>, ApiError> {
    let id = engine.resolve(&caller, &id)?.id;
    Ok(Json(engine.reconnect_request(&caller, &id, Again::default()).await?))
}
