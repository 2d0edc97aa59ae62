//! A connection as the engine keeps it: durable facts, no derived ones.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{AppKey, ConnectionId, SessionId, TenantId, Timestamp};

/// An authorised account of an app.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    /// Stays the same across reconnects.
    pub id: ConnectionId,
    /// A name the person or a client chose, unique within the tenant.
    pub key: Option<String>,
    /// Whose connection this is.
    pub tenant: TenantId,
    /// Which app it connects.
    pub app: AppKey,
    /// Which of the app's ways to connect was used (`key` of the auth method in the catalog).
    pub auth_method: String,
    /// What the person sees.
    pub name: String,
    /// Who is signed in, once known.
    pub account: Option<Account>,
    /// Where it stands.
    pub state: ConnectionState,
    /// The connection fields that are no secrets (subdomain, region, site).
    pub fields: BTreeMap<String, String>,
    /// Scopes the provider granted.
    pub scopes: Vec<String>,
    /// Free metadata of clients.
    pub meta: serde_json::Map<String, serde_json::Value>,
    /// Counts credential writes; a late refresh reply with an older count is dropped.
    pub generation: u64,
    /// When the row was made.
    pub created_at: Timestamp,
    /// When anything a person sees last changed.
    pub updated_at: Timestamp,
    /// When a credential was last handed out or used.
    pub last_used_at: Option<Timestamp>,
    /// When it was archived.
    pub archived_at: Option<Timestamp>,
}

/// The account at the app that was signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Account {
    /// The app's stable id of the account (`sub`, user id); compared on reconnect.
    pub id: String,
    /// What a person recognises: a login, an e-mail address, a workspace.
    pub label: String,
}

/// The durable state of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ConnectionState {
    /// Made through the wire; nobody has signed in yet.
    Connecting {
        /// The attempt that is to finish it.
        session: SessionId,
    },
    /// Holds a credential that the provider accepted last time.
    Connected,
    /// Needs the person.
    Disconnected {
        /// Why.
        reason: DisconnectReason,
        /// Since when.
        since: Timestamp,
    },
    /// The person told it to rest; nothing is refreshed or handed out.
    Paused {
        /// When it wakes by itself; `None` = when resumed.
        until: Option<Timestamp>,
    },
}

/// Why a connection needs the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DisconnectReason {
    /// The provider says the grant is gone (`invalid_grant` and kin, RFC 6749 section 5.2).
    Revoked,
    /// The access expired and nothing is there to renew it with.
    Expired,
    /// The app refuses the key or password.
    KeyRejected,
    /// The provider refuses the OAuth client (`invalid_client`, `unauthorized_client`, `invalid_scope`).
    ClientInvalid,
    /// A rotated refresh token was lost on the way and the provider has no grace window.
    RotationLost,
    /// The credential is not on this computer any more (restored from an archive, vault replaced).
    SecretLost,
    /// It was signed in on another computer, whose access would end if the token was used here too.
    OtherComputer,
    /// The data folder is older than what this computer has had: its refresh token was replaced since.
    OldCopy,
}

impl DisconnectReason {
    /// Lists all reasons.
    pub const ALL: [Self; 8] = [
        Self::Revoked,
        Self::Expired,
        Self::KeyRejected,
        Self::ClientInvalid,
        Self::RotationLost,
        Self::SecretLost,
        Self::OtherComputer,
        Self::OldCopy,
    ];

    /// Says the reason in words that follow "because".
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Revoked => "the app ended the access, or somebody signed out there",
            Self::Expired => "the sign-in ran out and this app gives nothing to renew it with",
            Self::KeyRejected => "the app no longer accepts the key",
            Self::ClientInvalid => "the app refuses the OAuth client; check its id, secret and permissions",
            Self::RotationLost => "the app replaced its renewal token while the answer got lost on the way",
            Self::SecretLost => "its credential is not on this computer any more",
            Self::OtherComputer => "it was signed in on another computer, and using it here too would end it there",
            Self::OldCopy => "an older copy of the data folder came back, and its renewal token was replaced since",
        }
    }
}
