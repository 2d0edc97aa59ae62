//! What can be played: revocation, expiry, outage. For programs on this computer only; `guard` sees to that.

use std::time::Duration;

use axum::{Json, body::Bytes, extract::State, http::StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    people::Person,
    problem::ApiProblem,
    server::{App, Shared},
    state::{Outage, OutageKind, later},
};

const USUAL_MINUTES: u64 = 2;
const MOST_MINUTES: u64 = 24 * 60;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Revoke {
    person: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Down {
    minutes: Option<u64>,
    kind: Option<OutageKind>,
}

pub(crate) async fn state(State(app): State<Shared>) -> Json<Value> {
    shown(&app)
}

pub(crate) async fn revoke(State(app): State<Shared>, body: Bytes) -> Result<Json<Value>, ApiProblem> {
    const HINT: &str = "Send nothing, or {\"person\": \"ada\"} or \"ben\".";
    let asked: Revoke = read(&body, HINT)?;
    let find = |name: String| Person::find(&name).ok_or_else(|| bad(HINT));
    let whose = asked.person.map(find).transpose()?;
    app.store.change(|state| state.revoke(whose));
    Ok(shown(&app))
}

pub(crate) async fn expire(State(app): State<Shared>) -> Json<Value> {
    app.store.change(|state| state.expire_all());
    shown(&app)
}

pub(crate) async fn outage(State(app): State<Shared>, body: Bytes) -> Result<Json<Value>, ApiProblem> {
    const HINT: &str = "Send {\"minutes\": 1 to 1440, \"kind\": \"503\", \"hang\" or \"html\"}.";
    let asked: Down = read(&body, HINT)?;
    let minutes = asked.minutes.unwrap_or(USUAL_MINUTES);
    if !(1..=MOST_MINUTES).contains(&minutes) {
        return Err(bad(HINT));
    }
    let until = later(Timestamp::now(), Duration::from_secs(minutes * 60));
    app.set_outage(Some(Outage { kind: asked.kind.unwrap_or(OutageKind::Unavailable), until }));
    Ok(shown(&app))
}

pub(crate) async fn recover(State(app): State<Shared>) -> Json<Value> {
    app.set_outage(None);
    shown(&app)
}

fn shown(app: &App) -> Json<Value> {
    let now = Timestamp::now();
    let (counts, outage) = app.store.read(|state| (state.counts(now), state.outage(now)));
    let mut body = json!(counts);
    body["origin"] = app.origin().into();
    body["outage"] = json!(outage);
    Json(body)
}

/// Reads a JSON body; an empty one asks for what is usual.
fn read<T: DeserializeOwned + Default>(body: &[u8], hint: &str) -> Result<T, ApiProblem> {
    if body.trim_ascii().is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice(body).map_err(|_| bad(hint))
}

fn bad(hint: &str) -> ApiProblem {
    ApiProblem::new(StatusCode::BAD_REQUEST, "invalid_request", hint)
}
