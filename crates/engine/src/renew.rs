//! Logging in: trading what a person typed for a session token, at first and whenever it ends.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use membrane_catalog::{App, AuthMethod, HttpMethod, Keep, Login};
use membrane_model::AuthMethodKind;
use membrane_oauth::{Cause, ExchangeFailure, TokenReply};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::Engine;
use crate::apps::reach;
use crate::credential::Credential;

/// How long before a refused login is tried a second time, to be sure.
const CONFIRM_AFTER: Duration = Duration::from_millis(500);

impl Engine {
    /// Logs in anew; what was typed is refused only when it is refused twice.
    pub(crate) async fn log_in_again(
        &self,
        app: &App,
        login: &Login,
        credential: &Credential,
        fields: &BTreeMap<String, String>,
    ) -> Result<TokenReply, ExchangeFailure> {
        let reply = self.log_in(app, login, credential, fields).await;
        if !matches!(reply, Err(ExchangeFailure::Dead { .. })) {
            return reply;
        }
        tokio::time::sleep(CONFIRM_AFTER).await;
        self.log_in(app, login, credential, fields).await
    }

    /// Trades what was typed for a session token.
    pub(crate) async fn log_in(
        &self,
        app: &App,
        login: &Login,
        credential: &Credential,
        fields: &BTreeMap<String, String>,
    ) -> Result<TokenReply, ExchangeFailure> {
        let request = self.login_request(login, credential, fields).ok_or(ExchangeFailure::Malformed)?;
        let reply = self.inner().http.send(request, reach(app)).await.map_err(|failure| {
            // Logging in twice does no harm: nothing is spent.
            ExchangeFailure::Transient { cause: Cause::from(&failure), retry_after: None, ambiguous: false }
        })?;
        let weather = |cause| ExchangeFailure::Transient { cause, retry_after: reply.retry_after, ambiguous: false };
        if login.dead.contains(&reply.status) {
            return Err(ExchangeFailure::Dead { code: format!("http-{}", reply.status) });
        }
        if !(200..300).contains(&reply.status) {
            return Err(weather(Cause::Http(reply.status)));
        }
        let mut body: Value = serde_json::from_slice(&reply.body).map_err(|_| weather(Cause::NotOauth))?;
        let token = body.pointer(&login.token).and_then(Value::as_str).filter(|token| !token.is_empty());
        let token = SecretString::from(token.ok_or_else(|| weather(Cause::NotOauth))?.to_owned());
        let said = login.expires_in.as_ref().and_then(|at| body.pointer(at)).and_then(seconds);
        if let Some(place) = body.pointer_mut(&login.token) {
            *place = Value::Null;
        }
        Ok(TokenReply {
            access_token: token,
            refresh_token: None,
            token_type: "session".to_owned(),
            expires_in: said.or(login.lifetime).map(Duration::from_secs),
            refresh_expires_in: None,
            scope: None,
            id_token: None,
            extra: match body {
                Value::Object(members) => members,
                _ => serde_json::Map::new(),
            },
            date: reply.date,
        })
    }

    fn login_request(
        &self,
        login: &Login,
        credential: &Credential,
        fields: &BTreeMap<String, String>,
    ) -> Option<http::Request<Vec<u8>>> {
        let mut values = self.vars();
        values.extend(fields.clone());
        values.extend(credential.values.iter().map(|(key, value)| (key.clone(), value.expose_secret().to_owned())));
        let verb = match login.method {
            HttpMethod::Get => "GET",
            HttpMethod::Post => "POST",
        };
        let url = login.url.fill(&values).ok()?;
        let mut request = http::Request::builder().method(verb).uri(url.as_str()).header("accept", "application/json");
        for (name, value) in &login.headers {
            request = request.header(name, value);
        }
        if let Some((username, password)) = &login.basic {
            let pair = SecretString::from(format!("{}:{}", username.fill(&values).ok()?, password.fill(&values).ok()?));
            let text = format!("Basic {}", STANDARD.encode(pair.expose_secret()));
            let mut value = http::HeaderValue::try_from(text).ok()?;
            value.set_sensitive(true);
            request = request.header(http::header::AUTHORIZATION, value);
        }
        let body = match login.body.fill(&values).ok()? {
            Some((media, bytes)) => {
                request = request.header(http::header::CONTENT_TYPE, media);
                bytes
            }
            None => Vec::new(),
        };
        request.body(body).ok()
    }
}

/// Reads the parts of a reply that addresses of the API use.
pub(crate) fn kept(method: &AuthMethod, reply: &TokenReply) -> BTreeMap<String, String> {
    let list: &[Keep] = match (&method.oauth, &method.login) {
        (Some(oauth), _) => &oauth.token.keep,
        (None, Some(login)) => &login.keep,
        (None, None) => &[],
    };
    Keep::read(list, &Value::Object(reply.extra.clone()))
}

/// Tells whether a credential renews itself without a refresh token.
pub(crate) fn renews_by_itself(method: &AuthMethod) -> bool {
    method.kind == AuthMethodKind::ClientCredentials || method.login.is_some()
}

fn seconds(value: &Value) -> Option<u64> {
    let number = match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|seconds| (1..=86_400 * 366).contains(seconds))
}
