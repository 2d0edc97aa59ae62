//! Requests to the app itself: does the credential work, and whose is it?

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue};
use membrane_catalog::{App, AuthMethod, HttpCheck, HttpMethod, Identity, Send, Template, TextTemplate, Verdict};
use membrane_model::{Account, AuthMethodKind};
use membrane_oauth::{Cause, DpopKey, Reply};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::Engine;
use crate::apps::reach;
use crate::credential::Credential;
use crate::deal::open_reach;
use crate::proxy::carry::carry;

/// What the app said about a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// It works.
    Works,
    /// The app refuses it; the HTTP status.
    Rejected(u16),
    /// The app could not be asked, or said something else; a short cause like `offline` or `http-503`.
    Unreachable(String),
    /// The app has no request to ask with.
    Unknown,
}

impl Engine {
    /// Asks the app whether a credential works.
    pub(crate) async fn check(
        &self,
        app: &App,
        method: &AuthMethod,
        credential: &Credential,
        fields: &BTreeMap<String, String>,
    ) -> Check {
        let initialize;
        let check = match (&method.verify, &method.mcp) {
            (Some(check), _) => check,
            (None, Some(url)) => {
                initialize = initialize_of(url);
                &initialize
            }
            (None, None) => return Check::Unknown,
        };
        match self.call(app, method, check, credential, fields).await {
            Ok(reply) => match check.judge(reply.status, json(&reply).as_ref()) {
                Verdict::Works => Check::Works,
                // A refusal counts only where the app itself says it, not a page of the network in its place (R-100).
                Verdict::Dead if reply.challenge.is_none() && reply.is_web_page() => {
                    Check::Unreachable("web-page".to_owned())
                }
                Verdict::Dead => Check::Rejected(reply.status),
                Verdict::Unclear => Check::Unreachable(format!("http-{}", reply.status)),
            },
            Err(cause) => Check::Unreachable(cause),
        }
    }

    /// Asks the app whose credential it is; `None` when it doesn't say. `token_reply` is what came with the token,
    /// secrets left out.
    pub(crate) async fn identify(
        &self,
        app: &App,
        method: &AuthMethod,
        credential: &Credential,
        fields: &BTreeMap<String, String>,
        token_reply: &Value,
    ) -> Option<Account> {
        let (check, at) = match method.identity.as_ref()? {
            Identity::Request { check, at } => (check.as_ref(), at),
            Identity::Verify { at } => (method.verify.as_ref()?, at),
            Identity::TokenReply { at } => return at.read(token_reply).map(plain),
        };
        let reply = self.call(app, method, check, credential, fields).await.ok()?;
        let body = json(&reply)?;
        match check.judge(reply.status, Some(&body)) {
            Verdict::Works => at.read(&body).map(plain),
            Verdict::Dead | Verdict::Unclear => None,
        }
    }

    /// Asks the app something and reads the JSON of a good answer; `Err` holds a short cause.
    pub(crate) async fn ask(
        &self,
        app: &App,
        method: &AuthMethod,
        check: &HttpCheck,
        credential: &Credential,
        fields: &BTreeMap<String, String>,
    ) -> Result<Value, String> {
        let reply = self.call(app, method, check, credential, fields).await?;
        let body = json(&reply);
        match (check.judge(reply.status, body.as_ref()), body) {
            (Verdict::Works, Some(body)) => Ok(body),
            _ => Err(format!("http-{}", reply.status)),
        }
    }

    async fn call(
        &self,
        app: &App,
        method: &AuthMethod,
        check: &HttpCheck,
        credential: &Credential,
        fields: &BTreeMap<String, String>,
    ) -> Result<Reply, String> {
        // A few apps take the key in the path of the URL; it is filled in like any other value and never logged.
        let secrets = credential.values.iter().map(|(key, value)| (key.clone(), value.expose_secret().to_owned()));
        let mut values = self.vars();
        values.extend(fields.clone());
        values.extend(secrets);
        let mut url = check.url.fill(&values).map_err(|_| "bad-url")?;
        let verb = match check.method {
            HttpMethod::Get => "GET",
            HttpMethod::Post => "POST",
        };
        let mut headers =
            http::HeaderMap::from_iter([(http::header::ACCEPT, HeaderValue::from_static("application/json"))]);
        let own = check.headers.iter().map(|(name, value)| (name.as_str(), value.clone()));
        let fixed = app.api_of(method).into_iter().flat_map(|api| api.headers_with(&values)).chain(own);
        for (name, value) in fixed {
            let name = HeaderName::try_from(name).map_err(|_| "bad-url")?;
            headers.insert(name, HeaderValue::try_from(value).map_err(|_| "bad-url")?);
        }
        carry(method, credential, &values, &mut url, &mut headers)?;
        let body = check.body.clone().unwrap_or_default().into_bytes();
        if !body.is_empty() {
            headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let mut request = http::Request::builder().method(verb).uri(url.as_str()).body(body).map_err(|_| "bad-url")?;
        *request.headers_mut() = headers;
        let http = &self.inner().http;
        let reach = if method.kind == AuthMethodKind::Mcp { open_reach(app) } else { reach(app) };
        let reply = match credential.dpop_key.as_ref().and_then(DpopKey::read) {
            Some(key) => key.send(http, request, reach, credential.access_token.as_ref()).await,
            None => http.send(request, reach).await,
        };
        reply.map_err(|failure| Cause::from(&failure).as_code())
    }
}

/// Returns what travels: the named field's value, secret or not (an app's id beside its key), else the access token or
/// the key itself.
pub(crate) fn sent(
    method: &AuthMethod,
    credential: &Credential,
    field: Option<&str>,
    values: &BTreeMap<String, String>,
) -> SecretString {
    if let Some(field) = field {
        let plain = || values.get(field).map(|value| SecretString::from(value.as_str()));
        return credential.values.get(field).cloned().or_else(plain).unwrap_or_default();
    }
    if method.sends_token() {
        return credential.access_token.clone().unwrap_or_default();
    }
    let only = || credential.values.values().next().cloned();
    credential.values.get("key").cloned().or_else(only).unwrap_or_default()
}

/// The request that every MCP server answers, whatever it offers: it tells whether the token is taken.
fn initialize_of(url: &Template) -> HttpCheck {
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"membrane-desktop","version":"1"}}}"#;
    HttpCheck {
        method: HttpMethod::Post,
        url: url.clone(),
        headers: vec![("Accept".to_owned(), "application/json, text/event-stream".to_owned())],
        body: Some(body.to_owned()),
        ok: vec![200, 202],
        dead: vec![401],
        reply: None,
    }
}

/// Returns what a tool is handed: an access token, a key, or `user:password` in base64 for basic.
pub(crate) fn shown(method: &AuthMethod, credential: &Credential, fields: &BTreeMap<String, String>) -> SecretString {
    for send in &method.send {
        if let Send::Basic { username, password } = send
            && method.kind == AuthMethodKind::Basic
        {
            let mut values = fields.clone();
            values.extend(credential.values.iter().map(|(key, value)| (key.clone(), value.expose_secret().to_owned())));
            // A value that a form let through fits its template; one that is missing is empty.
            let fill = |text: &TextTemplate| text.fill(&values).unwrap_or_default();
            return SecretString::from(STANDARD.encode(format!("{}:{}", fill(username), fill(password))));
        }
        if let Send::Text { value, .. } = send {
            let mut values = fields.clone();
            values.extend(credential.values.iter().map(|(key, value)| (key.clone(), value.expose_secret().to_owned())));
            return SecretString::from(value.fill(&values).unwrap_or_default());
        }
        if let Send::Header { field, .. } | Send::Query { field, .. } = send {
            return sent(method, credential, field.as_deref(), fields);
        }
    }
    sent(method, credential, None, fields)
}

fn json(reply: &Reply) -> Option<Value> {
    serde_json::from_slice(&reply.body).ok()
}

/// A provider's text is untrusted: one line, no control characters, not too long.
pub(crate) fn plain(account: Account) -> Account {
    let clean = |text: String| text.chars().filter(|c| !c.is_control()).take(120).collect::<String>();
    Account { id: clean(account.id), label: clean(account.label) }
}
