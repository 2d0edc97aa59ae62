//! Connect sessions: what the console and the command line drive step by step.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use membrane_engine::{Caller, Engine, StartSession};
use membrane_model::{AppKey, ReturnPath, Session, SessionId};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::connect::values;
use crate::error::ApiError;
use crate::extract::{Body, From, Params};

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Start {
    app_key: Option<AppKey>,
    auth_method: Option<String>,
    connection_id: Option<String>,
    name: Option<String>,
    input: Map<String, Value>,
    scopes: Option<Vec<String>>,
    return_path: Option<ReturnPath>,
    open: bool,
}

/// `POST /connect-sessions`.
pub(super) async fn start(
    State(engine): State<Engine>,
    From(caller): From,
    Body(body): Body<Start>,
) -> Result<Json<Session>, ApiError> {
    let connection = match body.connection_id.filter(|text| !text.is_empty()) {
        Some(text) => Some(engine.resolve(&text)?.id),
        None => None,
    };
    let start = StartSession {
        app: body.app_key,
        auth_method: body.auth_method,
        connection,
        name: body.name,
        input: values("input", body.input)?,
        scopes: body.scopes,
        return_path: body.return_path,
        // A page may be opened on the person's screen by the person only.
        open: body.open && caller.is_person(),
        reveal: caller == Caller::Console,
    };
    Ok(Json(engine.start_session(start).await?))
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Wait {
    wait: Option<u64>,
    state: Option<String>,
}

/// `GET /connect-sessions/:id?wait=SECONDS&state=SEEN`.
pub(super) async fn read(
    State(engine): State<Engine>,
    From(_): From,
    Path(id): Path<SessionId>,
    Params(wait): Params<Wait>,
) -> Result<Json<Session>, ApiError> {
    let session = match wait.wait {
        Some(seconds) => engine.wait_session(&id, wait.state.as_deref(), Duration::from_secs(seconds)).await?,
        None => engine.session(&id)?,
    };
    Ok(Json(session))
}

/// `DELETE /connect-sessions/:id`.
pub(super) async fn cancel(
    State(engine): State<Engine>,
    From(_): From,
    Path(id): Path<SessionId>,
) -> Result<Json<Session>, ApiError> {
    Ok(Json(engine.cancel_session(&id).await?))
}

/// `POST /connect-sessions/:id/open`.
pub(super) async fn open(
    State(engine): State<Engine>,
    _: crate::extract::Person,
    Path(id): Path<SessionId>,
) -> Result<Json<Session>, ApiError> {
    Ok(Json(engine.open_again(&id)?))
}

#[derive(Deserialize)]
pub(super) struct Form {
    values: Map<String, Value>,
}

/// `POST /connect-sessions/:id/credentials {values}`.
pub(super) async fn submit(
    State(engine): State<Engine>,
    From(_): From,
    Path(id): Path<SessionId>,
    Body(form): Body<Form>,
) -> Result<Json<Session>, ApiError> {
    Ok(Json(engine.submit_form(&id, values("values", form.values)?).await?))
}

#[derive(Deserialize)]
pub(super) struct Pasted {
    url: String,
}

/// `POST /connect-sessions/:id/callback {url}`.
pub(super) async fn paste(
    State(engine): State<Engine>,
    From(_): From,
    Path(id): Path<SessionId>,
    Body(pasted): Body<Pasted>,
) -> Result<Json<Session>, ApiError> {
    Ok(Json(engine.paste_callback(&id, &pasted.url).await?))
}

/// `POST /connect-sessions/:id/keep`.
pub(super) async fn keep(
    State(engine): State<Engine>,
    From(_): From,
    Path(id): Path<SessionId>,
) -> Result<Json<Session>, ApiError> {
    Ok(Json(engine.keep_other(&id).await?))
}
