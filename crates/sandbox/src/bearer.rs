//! Who makes an API call: by access token, API key, or user name and password.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;

use crate::{
    client::Scope,
    people::Person,
    problem::ApiProblem,
    server::App,
    state::{Caller, Who},
};

const KEY_HEADER: HeaderName = HeaderName::from_static("x-api-key");

/// Finds out who calls, and whether they may.
pub(crate) fn caller(app: &App, headers: &HeaderMap, needed: Scope) -> Result<Caller, ApiProblem> {
    let caller = identify(app, headers)?;
    if caller.scopes.contains(&needed) {
        return Ok(caller);
    }
    let mut problem = ApiProblem::new(
        StatusCode::FORBIDDEN,
        "insufficient_scope",
        format!("This needs the scope {}.", needed.as_str()),
    );
    let challenge = format!(r#"Bearer realm="sandbox", error="insufficient_scope", scope="{}""#, needed.as_str());
    problem.header = HeaderValue::from_str(&challenge).ok().map(|value| (header::WWW_AUTHENTICATE, value));
    Err(problem)
}

fn identify(app: &App, headers: &HeaderMap) -> Result<Caller, ApiProblem> {
    if let Some(key) = headers.get(KEY_HEADER) {
        let found = key.to_str().ok().and_then(|key| app.store.read(|state| state.by_key(key)));
        return found.ok_or_else(|| refused("invalid_key", "The API key is unknown or was withdrawn.", BEARER));
    }
    let Some(sent) = headers.get(header::AUTHORIZATION) else {
        return Err(refused(
            "unauthenticated",
            "Send an access token, an API key, or a user name and password.",
            BEARER,
        ));
    };
    let (scheme, value) = sent.to_str().ok().and_then(|sent| sent.split_once(' ')).unwrap_or_default();
    if scheme.eq_ignore_ascii_case("bearer") {
        let now = Timestamp::now();
        let found = app.store.read(|state| state.bearer(value.trim(), now));
        return found.ok_or_else(|| {
            refused("invalid_token", "The access token is unknown, too old, or was revoked.", INVALID_TOKEN)
        });
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let found = basic(value).and_then(|(user, password)| Person::sign_in(&user, &password));
        let caller = found.map(|person| Caller { who: Who::Person(person), scopes: Scope::ALL.to_vec() });
        return caller.ok_or_else(|| refused("invalid_password", "The user name or the password is wrong.", BASIC));
    }
    Err(refused("unauthenticated", "The Authorization header has to be Bearer or Basic.", BEARER))
}

/// Reads `user:password` out of Basic credentials (RFC 7617).
pub(crate) fn basic(value: &str) -> Option<(String, String)> {
    let text = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

const BEARER: &str = r#"Bearer realm="sandbox""#;
const INVALID_TOKEN: &str = r#"Bearer realm="sandbox", error="invalid_token""#;
const BASIC: &str = r#"Basic realm="sandbox", charset="UTF-8""#;

fn refused(code: &'static str, text: &str, challenge: &'static str) -> ApiProblem {
    let mut problem = ApiProblem::new(StatusCode::UNAUTHORIZED, code, text);
    problem.header = Some((header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge)));
    problem
}
