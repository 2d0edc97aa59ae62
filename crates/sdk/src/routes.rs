//! The routes, typed.

use std::collections::BTreeMap;

use http::Method;
use membrane_model::{
    AppSummary, ClientView, ConnectionView, EngineStatus, LifecycleEvent, ListPage, NewClient, OriginView, ReturnPath,
    SearchResult, Session, TokenView, VaultView,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Client, SdkError};

pub(crate) const NOTHING: Option<&Value> = None;

/// What a list is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct ConnectionFilter {
    /// Only this app.
    pub app: Option<String>,
    /// Part of a name, an account or an app.
    pub search: Option<String>,
    /// Only those that need the person, or only the others.
    pub disconnected: Option<bool>,
    /// Archived ones too.
    pub include_archived: bool,
}

/// What an attempt to connect is started with.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewSession {
    /// The app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_key: Option<String>,
    /// The connection to repair.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<String>,
    /// Which of the app's ways to connect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_method: Option<String>,
    /// What to call the connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Values of the app's fields.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub input: BTreeMap<String, String>,
    /// Scopes beyond the usual ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// The way back from the browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_path: Option<ReturnPath>,
    /// No = an app that is connected once is signed in to again; else one more connection is made.
    #[serde(rename = "allowMultipleConnections", skip_serializing_if = "Option::is_none")]
    pub allow_multiple: Option<bool>,
    /// The engine opens the browser.
    pub open: bool,
}

/// An answer whose content nobody needs.
#[derive(Deserialize)]
struct Done {}

pub(crate) fn segment(text: &str) -> String {
    // Form encoding differs from a path's in the space alone.
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

pub(crate) fn query(pairs: &[(&str, Option<String>)]) -> String {
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs {
        if let Some(value) = value {
            text.append_pair(name, value);
        }
    }
    text.finish()
}

/// The engine.
impl Client {
    /// `GET /status`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn status(&self) -> Result<EngineStatus, SdkError> {
        self.call(Method::GET, "/status", NOTHING).await
    }

    /// `POST /engine/stop`: asks a headless engine to end.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn stop(&self) -> Result<(), SdkError> {
        self.call::<Done>(Method::POST, "/engine/stop", NOTHING).await.map(|_| ())
    }

    /// `POST /deep-link`: follows a link; returns the console's path that it leads to.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn deep_link(&self, url: &str) -> Result<Option<String>, SdkError> {
        let reply: Value = self.call(Method::POST, "/deep-link", Some(&json!({ "url": url }))).await?;
        Ok(reply.get("screen").and_then(Value::as_str).map(str::to_owned))
    }
}

/// Connections.
impl Client {
    /// `GET /connections`, all pages.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn connections(&self, filter: &ConnectionFilter) -> Result<Vec<ConnectionView>, SdkError> {
        let mut all = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let page = self.connections_page(filter, 1000, cursor.as_deref()).await?;
            all.extend(page.items);
            cursor = page.cursor;
            if cursor.is_none() {
                return Ok(all);
            }
        }
    }

    /// `GET /connections/:id`, by id or key.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn connection(&self, id: &str) -> Result<ConnectionView, SdkError> {
        self.call(Method::GET, &format!("/connections/{}", segment(id)), NOTHING).await
    }

    /// `DELETE /connections/:id`: archives it.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn archive(&self, id: &str) -> Result<ConnectionView, SdkError> {
        self.call(Method::DELETE, &format!("/connections/{}", segment(id)), NOTHING).await
    }

    /// `PATCH /connections/:id {name}`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn rename(&self, id: &str, name: &str) -> Result<ConnectionView, SdkError> {
        self.call(Method::PATCH, &format!("/connections/{}", segment(id)), Some(&json!({ "name": name }))).await
    }

    /// `GET /connections/:id/token`: an access token good for at least that many seconds.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn token(&self, id: &str, min_valid: u32) -> Result<TokenView, SdkError> {
        self.call(Method::GET, &format!("/connections/{}/token?minValid={min_valid}", segment(id)), NOTHING).await
    }

    /// `POST /connections/:id/refresh-credentials`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn refresh(&self, id: &str) -> Result<ConnectionView, SdkError> {
        self.call(Method::POST, &format!("/connections/{}/refresh-credentials", segment(id)), NOTHING).await
    }

    /// `POST /connections/:id/report`: the app answered 401; returns whether trying again makes sense.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn report(&self, id: &str) -> Result<bool, SdkError> {
        let reply: Value = self.call(Method::POST, &format!("/connections/{}/report", segment(id)), NOTHING).await?;
        Ok(reply["retry"] == json!(true))
    }

    /// `PUT /connections/:id/end {expiresAt}`: when a key ends; `None` = it doesn't.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn set_end(&self, id: &str, end: Option<&str>) -> Result<ConnectionView, SdkError> {
        let body = json!({ "expiresAt": end });
        self.call(Method::PUT, &format!("/connections/{}/end", segment(id)), Some(&body)).await
    }

    /// `POST /connections/:id/test`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn test(&self, id: &str) -> Result<Value, SdkError> {
        self.call(Method::POST, &format!("/connections/{}/test", segment(id)), NOTHING).await
    }

    /// `POST /connections/:id/pause {minutes?}`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn pause(&self, id: &str, minutes: Option<u32>) -> Result<ConnectionView, SdkError> {
        let body = json!({ "minutes": minutes });
        self.call(Method::POST, &format!("/connections/{}/pause", segment(id)), Some(&body)).await
    }

    /// `POST /connections/:id/resume`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn resume(&self, id: &str) -> Result<ConnectionView, SdkError> {
        self.call(Method::POST, &format!("/connections/{}/resume", segment(id)), NOTHING).await
    }

    /// `GET /connections/:id/events`, newest first.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn events_of(&self, id: &str) -> Result<Vec<LifecycleEvent>, SdkError> {
        let page: ListPage<LifecycleEvent> =
            self.call(Method::GET, &format!("/connections/{}/events", segment(id)), NOTHING).await?;
        Ok(page.items)
    }
}

/// Connect sessions.
impl Client {
    /// `POST /connect-sessions`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn start_session(&self, session: &NewSession) -> Result<Session, SdkError> {
        self.call(Method::POST, "/connect-sessions", Some(session)).await
    }

    /// `GET /connect-sessions/:id`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn session(&self, id: &str) -> Result<Session, SdkError> {
        self.call(Method::GET, &format!("/connect-sessions/{}", segment(id)), NOTHING).await
    }

    /// The same, held until the session leaves the state that was seen, at most that many seconds.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn wait_session(&self, id: &str, seen: &str, seconds: u32) -> Result<Session, SdkError> {
        let path = format!("/connect-sessions/{}?wait={seconds}&state={}", segment(id), segment(seen));
        self.call(Method::GET, &path, NOTHING).await
    }

    /// `DELETE /connect-sessions/:id`: calls it off.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn cancel_session(&self, id: &str) -> Result<Session, SdkError> {
        self.call(Method::DELETE, &format!("/connect-sessions/{}", segment(id)), NOTHING).await
    }

    /// `POST /connect-sessions/:id/credentials {values}`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn submit(&self, id: &str, values: &BTreeMap<String, String>) -> Result<Session, SdkError> {
        let body = json!({ "values": values });
        self.call(Method::POST, &format!("/connect-sessions/{}/credentials", segment(id)), Some(&body)).await
    }

    /// `POST /connect-sessions/:id/callback {url}`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn paste(&self, id: &str, url: &str) -> Result<Session, SdkError> {
        let body = json!({ "url": url });
        self.call(Method::POST, &format!("/connect-sessions/{}/callback", segment(id)), Some(&body)).await
    }

    /// `POST /connect-sessions/:id/keep`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn keep(&self, id: &str) -> Result<Session, SdkError> {
        self.call(Method::POST, &format!("/connect-sessions/{}/keep", segment(id)), NOTHING).await
    }
}

/// Apps.
impl Client {
    /// `GET /integrations`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn apps(&self, search: Option<&str>) -> Result<Vec<AppSummary>, SdkError> {
        let query = query(&[("search", search.map(str::to_owned))]);
        let page: ListPage<AppSummary> = self.call(Method::GET, &format!("/integrations?{query}"), NOTHING).await?;
        Ok(page.items)
    }

    /// `GET /integrations/:key`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn app(&self, key: &str) -> Result<Value, SdkError> {
        self.call(Method::GET, &format!("/integrations/{}", segment(key)), NOTHING).await
    }

    /// `PUT /integrations/:key/client`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn set_client(&self, key: &str, client_id: &str, client_secret: Option<&str>) -> Result<Value, SdkError> {
        let body = json!({ "clientId": client_id, "clientSecret": client_secret });
        self.call(Method::PUT, &format!("/integrations/{}/client", segment(key)), Some(&body)).await
    }

    /// `DELETE /integrations/:key/client`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn remove_client(&self, key: &str) -> Result<Value, SdkError> {
        self.call(Method::DELETE, &format!("/integrations/{}/client", segment(key)), NOTHING).await
    }

    /// `POST /apps`: adds an app of one's own.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn add_app(&self, file_name: &str, text: &str) -> Result<AppSummary, SdkError> {
        self.call(Method::POST, "/apps", Some(&json!({ "name": file_name, "text": text }))).await
    }

    /// `POST /apps/by-url`: the app at an address, made when nobody knows it.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn app_by_url(&self, url: &str) -> Result<AppSummary, SdkError> {
        self.call(Method::POST, "/apps/by-url", Some(&json!({ "url": url }))).await
    }

    /// `GET /search`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn search(&self, intent: &str) -> Result<SearchResult, SdkError> {
        let query = query(&[("q", Some(intent.to_owned()))]);
        self.call(Method::GET, &format!("/search?{query}"), NOTHING).await
    }
}

/// Clients and the vault.
impl Client {
    /// `POST /clients {name, mayGetTokens, workspace: true}`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn create_workspace(&self, name: &str, may_get_tokens: bool) -> Result<NewClient, SdkError> {
        let body = json!({ "name": name, "mayGetTokens": may_get_tokens, "workspace": true });
        self.call(Method::POST, "/clients", Some(&body)).await
    }

    /// `GET /origins`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn origins(&self) -> Result<Vec<OriginView>, SdkError> {
        let page: ListPage<OriginView> = self.call(Method::GET, "/origins", NOTHING).await?;
        Ok(page.items)
    }

    /// `POST /origins {origin}`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn approve_origin(&self, origin: &str) -> Result<OriginView, SdkError> {
        self.call(Method::POST, "/origins", Some(&json!({ "origin": origin }))).await
    }

    /// `DELETE /origins {origin}`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn remove_origin(&self, origin: &str) -> Result<(), SdkError> {
        let _left: Value = self.call(Method::DELETE, "/origins", Some(&json!({ "origin": origin }))).await?;
        Ok(())
    }

    /// `GET /clients`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn clients(&self) -> Result<Vec<ClientView>, SdkError> {
        let page: ListPage<ClientView> = self.call(Method::GET, "/clients", NOTHING).await?;
        Ok(page.items)
    }

    /// `POST /clients`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn create_client(&self, name: &str, may_get_tokens: bool) -> Result<NewClient, SdkError> {
        let body = json!({ "name": name, "mayGetTokens": may_get_tokens });
        self.call(Method::POST, "/clients", Some(&body)).await
    }

    /// `DELETE /clients/:id`, by id or name.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn revoke_client(&self, id: &str) -> Result<(), SdkError> {
        self.call::<Value>(Method::DELETE, &format!("/clients/{}", segment(id)), NOTHING).await.map(|_| ())
    }

    /// `POST /vault/ACTION {passphrase?}`; the action is `init`, `unlock`, `lock` or `reset`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn vault(&self, action: &str, passphrase: Option<&str>) -> Result<VaultView, SdkError> {
        let body = json!({ "passphrase": passphrase });
        self.call(Method::POST, &format!("/vault/{}", segment(action)), Some(&body)).await
    }
}
