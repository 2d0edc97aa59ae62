//! Dynamic client registration (RFC 7591): a client of this computer, made where nobody has made one by hand.

use std::fmt;

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

use crate::classify::no_answer;
use crate::{Cause, ClientAuth, ExchangeFailure, Http, Reach};

/// What a client says of itself.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Where the browser may come back to.
    pub redirect_uris: Vec<String>,
    /// How it would like to prove itself.
    pub auth: ClientAuth,
    /// What it may ask for later; none = whatever the server gives.
    pub scopes: Vec<String>,
    /// Its tokens are bound to a key.
    pub dpop: bool,
}

/// A client that was registered.
#[derive(Clone)]
pub struct Registered {
    /// Its id.
    pub id: String,
    /// Its secret, where the server gave one.
    pub secret: Option<SecretString>,
    /// How the server wants it to prove itself.
    pub auth: ClientAuth,
    /// When the secret ends.
    pub expires_at: Option<Timestamp>,
}

impl fmt::Debug for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registered").field("id", &self.id).field("has_secret", &self.secret.is_some()).finish()
    }
}

/// Registers a client; nothing is followed elsewhere.
///
/// # Errors
/// [`ExchangeFailure`]: `Refused` with the server's code where it wants no such client.
pub async fn register(
    http: &Http,
    url: &Url,
    reach: Reach,
    registration: &Registration,
) -> Result<Registered, ExchangeFailure> {
    let mut body = json!({
        "client_name": "Membrane Desktop",
        "application_type": "native",
        "redirect_uris": registration.redirect_uris,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": auth_name(registration.auth),
    });
    if !registration.scopes.is_empty() {
        body["scope"] = json!(registration.scopes.join(" "));
    }
    if registration.dpop {
        body["dpop_bound_access_tokens"] = json!(true);
    }
    let request = ::http::Request::post(url.as_str())
        .header(::http::header::ACCEPT, "application/json")
        .header(::http::header::CONTENT_TYPE, "application/json")
        .body(body.to_string().into_bytes())
        .map_err(|_| ExchangeFailure::Malformed)?;
    let reply = http.send(request, reach).await.map_err(no_answer)?;
    let body: Option<Value> = serde_json::from_slice(&reply.body).ok();
    if (200..300).contains(&reply.status) {
        let cause = Cause::NotOauth;
        let unreadable = ExchangeFailure::Transient { cause, retry_after: None, ambiguous: false };
        return body.as_ref().and_then(|body| read(body, registration.auth)).ok_or(unreadable);
    }
    let code = body.as_ref().and_then(|body| body.get("error")).and_then(Value::as_str).map(|code| {
        code.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')).take(60).collect::<String>()
    });
    match code {
        Some(code) if (400..500).contains(&reply.status) => Err(ExchangeFailure::Refused { code }),
        _ if matches!(reply.status, 401 | 403 | 404 | 405) => {
            Err(ExchangeFailure::Refused { code: format!("http-{}", reply.status) })
        }
        _ => Err(ExchangeFailure::Transient {
            cause: Cause::Http(reply.status),
            retry_after: reply.retry_after,
            ambiguous: false,
        }),
    }
}

fn read(body: &Value, asked: ClientAuth) -> Option<Registered> {
    let sound = |text: &&str| !text.is_empty() && text.len() <= 4096 && !text.chars().any(char::is_control);
    let id = body.get("client_id")?.as_str().filter(sound)?.to_owned();
    let secret = body.get("client_secret").and_then(Value::as_str).filter(sound);
    let auth = match body.get("token_endpoint_auth_method").and_then(Value::as_str) {
        Some("none") => ClientAuth::None,
        Some("client_secret_post") => ClientAuth::Post,
        Some("client_secret_basic") => ClientAuth::Basic,
        Some(_) | None => asked,
    };
    // A secret that nobody asked for is shown all the same: the server expects it.
    let auth = if secret.is_some() && auth == ClientAuth::None && asked != ClientAuth::None { asked } else { auth };
    let ends = body.get("client_secret_expires_at").and_then(Value::as_i64).filter(|at| *at > 0);
    Some(Registered {
        id,
        secret: secret.map(|secret| SecretString::from(secret.to_owned())),
        auth,
        expires_at: ends.and_then(|at| Timestamp::from_second(at).ok()),
    })
}

fn auth_name(auth: ClientAuth) -> &'static str {
    match auth {
        ClientAuth::Basic => "client_secret_basic",
        ClientAuth::Post => "client_secret_post",
        ClientAuth::None => "none",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_gives_is_read() {
        let read = |body: Value| read(&body, ClientAuth::None);
        let client = read(json!({"client_id": "a", "token_endpoint_auth_method": "none"})).unwrap();
        assert_eq!((client.id.as_str(), client.auth, client.expires_at), ("a", ClientAuth::None, None));
        let body = json!({"client_id": "a", "client_secret": "canary", "client_secret_expires_at": 0,
            "token_endpoint_auth_method": "client_secret_post"});
        let client = read(body).unwrap();
        assert_eq!((client.auth, client.secret.is_some()), (ClientAuth::Post, true));
        assert!(!format!("{client:?}").contains("canary"));
        for bad in [json!({}), json!({"client_id": ""}), json!({"client_id": 7}), json!({"client_id": "a\nb"})] {
            assert!(read(bad).is_none());
        }
    }
}
