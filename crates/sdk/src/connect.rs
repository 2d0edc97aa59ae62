//! Connecting: start it, show the person where to go on, wait until it is done; and asking a person to do it later.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use http::Method;
use membrane_model::{
    ConnectionRequest, ConnectionView, ErrorCode, Fault, ListPage, RequestStatus, Session, SessionState, WireState,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::routes::{NOTHING, query, segment};
use crate::{Client, SdkError};

/// The longest that one question to the engine is held.
const HELD: Duration = Duration::from_secs(30);

/// What to connect; say at least one of intent, app and connection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Connect {
    /// What is wanted, in words: "CRM", "my calendar", "notion.so".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
    /// Which app, by its key.
    #[serde(rename = "integrationKey", skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// Which connection to repair, by id or key.
    #[serde(rename = "connectionId", skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// A key of the caller's own for the new connection.
    #[serde(rename = "connectionKey", skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// A name for the new connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Which of the app's ways to connect.
    #[serde(rename = "authOptionKey", skip_serializing_if = "Option::is_none")]
    pub auth_method: Option<String>,
    /// One more connection, beside those that the app has.
    #[serde(rename = "allowMultipleConnections", skip_serializing_if = "Option::is_none")]
    pub allow_multiple: Option<bool>,
    /// Values of the app's form.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub input: BTreeMap<String, String>,
}

impl Connect {
    /// Connects what the words mean.
    #[must_use]
    pub fn intent(words: impl Into<String>) -> Self {
        Self { intent: Some(words.into()), ..Self::default() }
    }

    /// Connects an app.
    #[must_use]
    pub fn app(key: impl Into<String>) -> Self {
        Self { app: Some(key.into()), ..Self::default() }
    }

    /// Repairs a connection; it stays as it is until that succeeds.
    #[must_use]
    pub fn again(connection: impl Into<String>) -> Self {
        Self { connection: Some(connection.into()), ..Self::default() }
    }
}

/// What to ask a person for: an app, a connection to repair, or a prompt to choose by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ask {
    /// Which app, by its key.
    #[serde(rename = "integrationKey", skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// Which connection to repair, by id or key.
    #[serde(rename = "connectionId", skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// A key for the new connection.
    #[serde(rename = "connectionKey", skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// A name for the new connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is for, in one sentence that the person reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// Who asks, when the person's own process asks for somebody else. A program with a token has its name already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// One more connection, beside those that the app has.
    #[serde(rename = "allowMultipleConnections", skip_serializing_if = "Option::is_none")]
    pub allow_multiple: Option<bool>,
}

/// Connecting.
impl Client {
    /// `POST /connect`: starts connecting and answers at once. Where the person has to act, `client_action` says where.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn connect(&self, what: &Connect) -> Result<ConnectionView, SdkError> {
        self.call(Method::POST, "/connect", Some(what)).await
    }

    /// Connects: starts it, calls `show` with the page for the person, and waits until it is done or the time is over.
    /// When the time is over the connection is returned as it then stands.
    ///
    /// # Errors
    /// [`SdkError`]; `Wire` with why it did not succeed.
    pub async fn connect_and_wait(
        &self,
        what: &Connect,
        limit: Duration,
        show: impl FnOnce(&ConnectionView, &str),
    ) -> Result<ConnectionView, SdkError> {
        let begun = self.connect(what).await?;
        if let Some(url) = begun.client_action.as_ref().and_then(|action| action.ui_url.clone()) {
            show(&begun, &url);
        }
        self.wait_connected(&begun, limit).await
    }

    /// Waits for what [`Self::connect`] began, until it is done or the time is over.
    ///
    /// # Errors
    /// [`SdkError`]; `Wire` with why it did not succeed.
    pub async fn wait_connected(&self, begun: &ConnectionView, limit: Duration) -> Result<ConnectionView, SdkError> {
        let deadline = Instant::now() + limit;
        let left = || deadline.saturating_duration_since(Instant::now());
        match &begun.session_id {
            // A repair leaves the connection as it is: what is waited for is the attempt.
            Some(attempt) if begun.connected || begun.disconnected => {
                let mut session = self.session(attempt.as_str()).await?;
                while !session.state.is_final() && !left().is_zero() {
                    session = self.wait_session(attempt.as_str(), state_name(&session), held(left())).await?;
                }
                match ended_badly(&session) {
                    Some(fault) => Err(SdkError::Wire(Box::new(fault.to_wire()))),
                    None => self.connection(begun.id.as_str()).await,
                }
            }
            _ => {
                let mut view = begun.clone();
                while still_connecting(&view) && !left().is_zero() {
                    view = self.wait_connection(begun.id.as_str(), held(left())).await?;
                }
                match (view.state, view.errors.first()) {
                    (WireState::SetupFailed, Some(error)) => Err(SdkError::Wire(Box::new(error.clone()))),
                    _ => Ok(view),
                }
            }
        }
    }

    /// `GET /connections/:id?wait=true`: held until the first connect is over, at most that many seconds.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn wait_connection(&self, id: &str, seconds: u32) -> Result<ConnectionView, SdkError> {
        let path = format!("/connections/{}?wait=true&timeout={}", segment(id), seconds.clamp(1, 60));
        self.call(Method::GET, &path, NOTHING).await
    }

    /// `POST /connections/ensure`: the connection of the app at an address; starts connecting when there is none.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn ensure(&self, app_url: &str, name: Option<&str>) -> Result<ConnectionView, SdkError> {
        let body = json!({ "appUrl": app_url, "name": name });
        self.call(Method::POST, "/connections/ensure", Some(&body)).await
    }

    /// `POST /connections/:id/restore`: brings an archived connection back; it needs a reconnect then.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn restore(&self, id: &str) -> Result<ConnectionView, SdkError> {
        self.call(Method::POST, &format!("/connections/{}/restore", segment(id)), NOTHING).await
    }

    /// `PATCH /connections/:id`: changes name, key or metadata.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn patch(&self, id: &str, changes: &Value) -> Result<ConnectionView, SdkError> {
        self.call(Method::PATCH, &format!("/connections/{}", segment(id)), Some(changes)).await
    }

    /// `GET /connections`, one page.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn connections_page(
        &self,
        filter: &crate::ConnectionFilter,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<ListPage<ConnectionView>, SdkError> {
        let query = query(&[
            ("limit", Some(limit.to_string())),
            ("integrationKey", filter.app.clone()),
            ("search", filter.search.clone()),
            ("disconnected", filter.disconnected.map(|d| d.to_string())),
            ("includeArchived", filter.include_archived.then(|| "true".to_owned())),
            ("cursor", cursor.map(str::to_owned)),
        ]);
        self.call(Method::GET, &format!("/connections?{query}"), NOTHING).await
    }
}

/// Requests to connect.
impl Client {
    /// `POST /connection-requests`: asks the person; `url` in the answer is a page that they can answer on.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn ask(&self, what: &Ask) -> Result<ConnectionRequest, SdkError> {
        self.call(Method::POST, "/connection-requests", Some(what)).await
    }

    /// `GET /connection-requests/:id`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn request(&self, id: &str) -> Result<ConnectionRequest, SdkError> {
        self.call(Method::GET, &format!("/connection-requests/{}", segment(id)), NOTHING).await
    }

    /// The same, held until the person has answered or the time is over.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn wait_request(&self, id: &str, limit: Duration) -> Result<ConnectionRequest, SdkError> {
        let deadline = Instant::now() + limit;
        let left = || deadline.saturating_duration_since(Instant::now());
        let mut request = self.request(id).await?;
        while request.status == RequestStatus::Pending && !left().is_zero() {
            let path = format!("/connection-requests/{}?wait=true&timeout={}", segment(id), held(left()));
            request = self.call(Method::GET, &path, NOTHING).await?;
        }
        Ok(request)
    }
}

/// For how many seconds a question is held when there is so much time left.
fn held(left: Duration) -> u32 {
    u32::try_from(left.min(HELD).as_secs()).unwrap_or(1).max(1)
}

fn still_connecting(view: &ConnectionView) -> bool {
    view.state == WireState::ClientActionRequired && !view.disconnected && view.archived_at.is_none()
}

fn state_name(session: &Session) -> &'static str {
    match &session.state {
        SessionState::AwaitingUser { .. } => "awaiting-user",
        SessionState::Exchanging => "exchanging",
        SessionState::Verifying => "verifying",
        SessionState::Done => "done",
        SessionState::Failed { .. } => "failed",
        SessionState::Cancelled => "cancelled",
        SessionState::Expired => "expired",
    }
}

/// Why an attempt that is over did not succeed.
fn ended_badly(session: &Session) -> Option<Fault> {
    match &session.state {
        SessionState::Failed { error } => Some(error.clone().into_fault()),
        SessionState::Cancelled => {
            Some(Fault::new(ErrorCode::SessionEnded, "the sign-in was called off").hint("Nothing was changed."))
        }
        SessionState::Expired => Some(Fault::new(ErrorCode::SessionExpired, "nobody finished the sign-in in time")),
        SessionState::AwaitingUser { .. } | SessionState::Exchanging | SessionState::Verifying | SessionState::Done => {
            None
        }
    }
}
