//! The wire: shapes that the official SDK reads, with our additions beside them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Account, AppKey, ConnectionId, ConnectionRequest, DisconnectReason, EngineStatus, Health, LifecycleEvent,
    SearchItem, Session, SessionId, TenantId, Timestamp, WireError,
};

/// A connection on the wire (`ConnectionApiResponse` of `@membranehq/sdk`, plus ours).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionView {
    /// Names it.
    pub id: ConnectionId,
    /// Chosen by a client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What a person calls it.
    pub name: String,
    /// The tenant, under its older name.
    pub user_id: TenantId,
    /// The tenant.
    pub tenant_id: TenantId,
    /// The app key, under the wire's three names for it.
    pub integration_id: AppKey,
    /// See `integration_id`.
    pub integration_key: AppKey,
    /// See `integration_id`.
    pub connector_id: AppKey,
    /// See `integration_id`.
    pub external_app_id: AppKey,
    /// Which auth method of the app.
    pub auth_option_key: String,
    /// What the app is called.
    pub app_name: String,
    /// Where it stands, in the wire's words.
    pub state: WireState,
    /// Works.
    pub connected: bool,
    /// Needs the person.
    pub disconnected: bool,
    /// Set with `disconnected`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<DisconnectReason>,
    /// Since when it has been disconnected.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
    /// What the person must do; present with `CLIENT_ACTION_REQUIRED`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_action: Option<ClientAction>,
    /// What is wrong.
    pub errors: Vec<WireError>,
    /// Refresh attempts that failed in a row.
    pub retry_attempts: u32,
    /// When the next attempt is due after a failure.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_retry_timestamp: Option<Timestamp>,
    /// When the credential is renewed next.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_credentials_refresh_at: Option<Timestamp>,
    /// There is something to renew it with.
    pub can_refresh_credentials: bool,
    /// The app has a verify request.
    pub can_test: bool,
    /// When the access token or key runs out.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// Who is signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<Account>,
    /// Scopes the provider granted.
    pub scopes: Vec<String>,
    /// Fields without secrets.
    pub input: BTreeMap<String, String>,
    /// Free metadata of clients.
    #[schema(value_type = Object)]
    pub meta: serde_json::Map<String, serde_json::Value>,
    /// Derived health.
    pub health: Health,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// When it was last used.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_active_at: Option<Timestamp>,
    /// When it was archived.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub archived_at: Option<Timestamp>,
    /// The unfinished attempt of a connection that is still connecting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    /// Apps to choose from, when an intent fits several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<SearchItem>,
}

/// The wire's states of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WireState {
    /// Works.
    Ready,
    /// Needs the person.
    ClientActionRequired,
    /// The OAuth client is refused.
    ConfigurationError,
    /// The first connect did not succeed.
    SetupFailed,
}

/// What the person must do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClientAction {
    /// The kind of action.
    #[serde(rename = "type")]
    pub kind: ClientActionType,
    /// One sentence.
    pub description: String,
    /// Where to do it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ui_url: Option<String>,
}

/// Kinds of action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClientActionType {
    /// Sign in.
    Connect,
    /// Fill in something.
    ProvideInput,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ListPage<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page starts; present whenever the page is full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// An access token that was handed out. Never a refresh token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenView {
    /// The token, key, or `user:password` in base64 for basic.
    pub access_token: String,
    /// When it runs out, where known.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
}

impl std::fmt::Debug for TokenView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenView").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// The tenant on the wire (`GET /self`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TenantView {
    /// Names it.
    pub id: TenantId,
    /// What a person calls it.
    pub name: String,
    /// The id that a token named.
    pub internal_id: String,
    /// The workspace whose tokens name it; none for the person of this computer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_key: Option<String>,
    /// When it was first named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub created_at: Option<Timestamp>,
    /// When it was last named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_active_at: Option<Timestamp>,
}

impl TenantView {
    /// Returns the person of this computer.
    #[must_use]
    pub fn own() -> Self {
        let id = TenantId::own();
        Self {
            name: "This computer".to_owned(),
            internal_id: id.to_string(),
            id,
            workspace_key: None,
            created_at: None,
            last_active_at: None,
        }
    }
}

/// What the event stream says: one snapshot, then deltas.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum StreamMessage {
    /// Everything, first.
    Snapshot {
        /// The engine.
        status: EngineStatus,
        /// All connections that are not archived.
        connections: Vec<ConnectionView>,
        /// All sessions that are not final.
        sessions: Vec<Session>,
        /// All requests to connect that wait for an answer.
        #[serde(default)]
        requests: Vec<ConnectionRequest>,
        /// Whose connections there are; the person of this computer first.
        #[serde(default)]
        tenants: Vec<TenantView>,
    },
    /// A connection is new or changed.
    Connection {
        /// As it is now.
        connection: Box<ConnectionView>,
    },
    /// A connection is gone.
    ConnectionRemoved {
        /// Which.
        id: ConnectionId,
    },
    /// A session is new or changed.
    Session {
        /// As it is now.
        session: Session,
    },
    /// A request to connect is new or changed.
    Request {
        /// As it is now.
        request: Box<ConnectionRequest>,
    },
    /// A tenant was named for the first time.
    Tenant {
        /// Who.
        tenant: TenantView,
    },
    /// The engine's own state changed.
    Status {
        /// As it is now.
        status: EngineStatus,
    },
    /// Something happened to a connection.
    Event {
        /// What.
        event: LifecycleEvent,
    },
}
