//! Connect sessions: what the console and the command line drive step by step.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use membrane_engine::{Caller, Engine, IfSilent, StartSession};
use membrane_model::{AppKey, ReturnPath, Session, SessionId};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::connect::values;
use crate::error::ApiError;
use crate::extract::{Body, Guest, Params, Segment, filled, number};

/// What an attempt starts with: an app, or the connection to repair.
#[derive(Deserialize, Default, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Start {
    app_key: Option<AppKey>,
    auth_method: Option<String>,
    connection_id: Option<String>,
    name: Option<String>,
    #[schema(value_type = Object)]
    input: Map<String, Value>,
    scopes: Option<Vec<String>>,
    return_path: Option<ReturnPath>,
    /// `false` signs in to the app's one connection again where there is one; else one more is made.
    allow_multiple_connections: Option<bool>,
    open: bool,
}

/// Starts an attempt to connect or to repair a connection.
#[utoipa::path(post, path = "/connect-sessions", tag = "Connect sessions", request_body = Start, responses((status = 200, body = Session)))]
pub(super) async fn start(
    State(engine): State<Engine>,
    Guest(caller): Guest,
    Body(body): Body<Start>,
) -> Result<Json<Session>, ApiError> {
    let connection = filled(body.connection_id).map(|text| engine.resolve(&caller, &text)).transpose()?;
    let start = StartSession {
        app: body.app_key,
        auth_method: body.auth_method,
        connection: connection.map(|connection| connection.id),
        name: filled(body.name),
        input: values("input", body.input)?,
        scopes: body.scopes,
        return_path: body.return_path,
        allow_multiple: body.allow_multiple_connections,
        // A page may be opened on the person's screen by the person only.
        open: body.open && caller.is_person(),
        reveal: matches!(caller, Caller::Console),
        ..StartSession::default()
    };
    Ok(Json(engine.start_session_as(&caller, start).await?))
}

#[derive(Deserialize, Default, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct Wait {
    /// Hold the answer for so many seconds, 0 to 60, until it leaves the state that was seen or is over.
    #[param(value_type = Option<u16>, minimum = 0, maximum = 60)]
    wait: Option<String>,
    /// The state that was seen.
    state: Option<String>,
}

/// Says where an attempt stands.
#[utoipa::path(get, path = "/connect-sessions/{id}", tag = "Connect sessions", params(("id" = String, Path, description = "Its id"), Wait), responses((status = 200, body = Session)))]
pub(super) async fn read(
    State(engine): State<Engine>,
    Guest(caller): Guest,
    Segment(id): Segment<SessionId>,
    Params(wait): Params<Wait>,
) -> Result<Json<Session>, ApiError> {
    engine.session_for(&caller, &id)?;
    let session = match number("wait", wait.wait.as_deref(), 0..=3600)? {
        Some(seconds) => engine.wait_session(&id, wait.state.as_deref(), Duration::from_secs(seconds)).await?,
        None => engine.session(&id)?,
    };
    Ok(Json(session))
}

/// Calls an attempt off.
#[utoipa::path(delete, path = "/connect-sessions/{id}", tag = "Connect sessions", params(("id" = String, Path, description = "Its id")), responses((status = 200, body = Session)))]
pub(super) async fn cancel(
    State(engine): State<Engine>,
    Guest(caller): Guest,
    Segment(id): Segment<SessionId>,
) -> Result<Json<Session>, ApiError> {
    engine.session_for(&caller, &id)?;
    Ok(Json(engine.cancel_session(&id).await?))
}

/// Opens the browser again; the person only.
#[utoipa::path(post, path = "/connect-sessions/{id}/open", tag = "Connect sessions", params(("id" = String, Path, description = "Its id")), responses((status = 200, body = Session)))]
pub(super) async fn open(
    State(engine): State<Engine>,
    _: crate::extract::Person,
    Segment(id): Segment<SessionId>,
) -> Result<Json<Session>, ApiError> {
    Ok(Json(engine.open_again(&id)?))
}

/// The values of a form.
#[derive(Deserialize, ToSchema)]
pub(super) struct Form {
    #[schema(value_type = Object)]
    values: Map<String, Value>,
    /// Keep a key that can't be checked now, and check it later; the answer `key_unchecked` asks for this.
    #[serde(default, rename = "saveUnchecked")]
    save_unchecked: bool,
}

/// Sends the form: a key, a password, a subdomain.
#[utoipa::path(post, path = "/connect-sessions/{id}/credentials", tag = "Connect sessions", params(("id" = String, Path, description = "Its id")), request_body = Form, responses((status = 200, body = Session)))]
pub(super) async fn submit(
    State(engine): State<Engine>,
    Guest(caller): Guest,
    Segment(id): Segment<SessionId>,
    Body(form): Body<Form>,
) -> Result<Json<Session>, ApiError> {
    engine.session_for(&caller, &id)?;
    let if_silent = if form.save_unchecked { IfSilent::Keep } else { IfSilent::Refuse };
    Ok(Json(engine.submit_form(&id, values("values", form.values)?, if_silent).await?))
}

/// The address that a browser on another computer ended at.
#[derive(Deserialize, ToSchema)]
pub(super) struct Pasted {
    url: String,
}

/// Takes the address that a browser on another computer ended at.
#[utoipa::path(post, path = "/connect-sessions/{id}/callback", tag = "Connect sessions", params(("id" = String, Path, description = "Its id")), request_body = Pasted, responses((status = 200, body = Session)))]
pub(super) async fn paste(
    State(engine): State<Engine>,
    Guest(caller): Guest,
    Segment(id): Segment<SessionId>,
    Body(pasted): Body<Pasted>,
) -> Result<Json<Session>, ApiError> {
    engine.session_for(&caller, &id)?;
    Ok(Json(engine.paste_callback(&id, &pasted.url).await?))
}

/// After another account signed in: keeps it as a new connection.
#[utoipa::path(post, path = "/connect-sessions/{id}/keep", tag = "Connect sessions", params(("id" = String, Path, description = "Its id")), responses((status = 200, body = Session)))]
pub(super) async fn keep(
    State(engine): State<Engine>,
    Guest(caller): Guest,
    Segment(id): Segment<SessionId>,
) -> Result<Json<Session>, ApiError> {
    engine.session_for(&caller, &id)?;
    Ok(Json(engine.keep_other(&id).await?))
}
