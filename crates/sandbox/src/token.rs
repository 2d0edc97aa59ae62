//! The token endpoint (RFC 6749 section 3.2) and its opposite (RFC 7009).

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use jiff::Timestamp;
use serde_json::json;
use url::form_urlencoded;

use crate::{
    bearer::basic,
    client::{Client, Scope},
    form::{Form, Params},
    problem::Problem,
    server::Shared,
    state::Tokens,
};

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

pub(crate) async fn give(
    State(app): State<Shared>,
    headers: HeaderMap,
    Form(params): Form,
) -> Result<Response, Problem> {
    let client = client(&headers, &params)?;
    let now = Timestamp::now();
    let rules = app.rules;
    let tokens = match (params.need("grant_type", "grant_type is missing.")?, client) {
        ("authorization_code", Client::Desktop) => {
            let code = params.need("code", "code is missing.")?;
            let redirect_uri = params.need("redirect_uri", "redirect_uri is missing.")?;
            let verifier = params.need("code_verifier", "code_verifier is missing.")?;
            app.store.change(|state| state.exchange(code, client, redirect_uri, verifier, now, rules))?
        }
        ("refresh_token", Client::Desktop) => {
            let token = params.need("refresh_token", "refresh_token is missing.")?;
            app.store.change(|state| state.refresh(token, client, params.get("scope"), now, rules))?
        }
        (DEVICE_CODE, Client::Desktop) => {
            let code = params.need("device_code", "device_code is missing.")?;
            app.store.change(|state| state.poll_device(code, client, now, rules))?
        }
        ("client_credentials", Client::Service) => {
            app.store.change(|state| state.client_credentials(params.get("scope"), now, rules))?
        }
        ("authorization_code" | "refresh_token" | DEVICE_CODE, Client::Service)
        | ("client_credentials", Client::Desktop) => return Err(Problem::UnauthorizedClient),
        _ => return Err(Problem::UnsupportedGrantType),
    };
    Ok(reply(&tokens))
}

pub(crate) async fn take_back(
    State(app): State<Shared>,
    headers: HeaderMap,
    Form(params): Form,
) -> Result<StatusCode, Problem> {
    let client = client(&headers, &params)?;
    let token = params.need("token", "token is missing.")?;
    app.store.change(|state| state.give_back(token, client)).map(|()| StatusCode::OK)
}

/// Finds out which client asks, and makes it prove itself in one way.
pub(crate) fn client(headers: &HeaderMap, params: &Params) -> Result<Client, Problem> {
    let Some(sent) = headers.get(header::AUTHORIZATION) else {
        let id = params.get("client_id").ok_or(Problem::InvalidClient)?;
        return proved(id, params.get("client_secret"));
    };
    let (scheme, value) = sent.to_str().ok().and_then(|sent| sent.split_once(' ')).unwrap_or_default();
    let (id, secret) = basic(value).filter(|_| scheme.eq_ignore_ascii_case("basic")).ok_or(Problem::InvalidClient)?;
    let (id, secret) = (decoded(&id), decoded(&secret));
    if params.get("client_secret").is_some() || params.get("client_id").is_some_and(|other| other != id) {
        return Err(Problem::InvalidRequest("The client has to prove itself in one way only."));
    }
    proved(&id, Some(secret.as_str()).filter(|secret| !secret.is_empty()))
}

fn proved(id: &str, secret: Option<&str>) -> Result<Client, Problem> {
    Client::find(id).filter(|client| client.proves_itself(secret)).ok_or(Problem::InvalidClient)
}

/// Undoes the form encoding that RFC 6749 section 2.3.1 asks for within Basic.
fn decoded(text: &str) -> String {
    let form = format!("v={}", text.replace('&', "%26"));
    form_urlencoded::parse(form.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn reply(tokens: &Tokens) -> Response {
    let mut body = json!({
        "access_token": tokens.access.reveal(),
        "token_type": "Bearer",
        "expires_in": tokens.lifetime.as_secs(),
        "scope": Scope::write_list(&tokens.scopes),
    });
    if let Some(refresh) = &tokens.refresh {
        body["refresh_token"] = refresh.reveal().into();
    }
    let headers = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::PRAGMA, HeaderValue::from_static("no-cache")),
    ];
    (headers, Json(body)).into_response()
}
