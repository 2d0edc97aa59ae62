//! A connect session: one attempt to connect or reconnect, with its own id, machine and expiry.

use serde::{Deserialize, Serialize};

use crate::{AppKey, AuthMethodKind, ConnectionId, Field, SessionId, Timestamp, WireError};

/// One attempt, as clients see it. Holds no secrets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Names the attempt.
    pub id: SessionId,
    /// A first connect, or the repair of a connection.
    pub kind: SessionKind,
    /// Which app.
    pub app_key: AppKey,
    /// The app's name, to show.
    pub app_name: String,
    /// The `key` of the auth method in the catalog.
    pub auth_method: String,
    /// What kind of auth method that is.
    pub method: AuthMethodKind,
    /// The connection being made (once made) or repaired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<ConnectionId>,
    /// Where it stands.
    #[serde(flatten)]
    pub state: SessionState,
    /// When it was started.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it gives up.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}

/// Why the attempt was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SessionKind {
    /// Makes a connection.
    Connect,
    /// Repairs one; until it succeeds the connection stays as it is.
    Reconnect,
}

/// Where an attempt stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "state", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum SessionState {
    /// Waits for the person.
    AwaitingUser {
        /// The page to open in the browser (authorization code).
        #[serde(skip_serializing_if = "Option::is_none")]
        authorization_url: Option<String>,
        /// Where the provider sends the person back to.
        #[serde(skip_serializing_if = "Option::is_none")]
        redirect_uri: Option<String>,
        /// The code to type (device flow, RFC 8628).
        #[serde(skip_serializing_if = "Option::is_none")]
        user_code: Option<String>,
        /// Where to type it.
        #[serde(skip_serializing_if = "Option::is_none")]
        verification_uri: Option<String>,
        /// The same with the code filled in.
        #[serde(skip_serializing_if = "Option::is_none")]
        verification_uri_complete: Option<String>,
        /// The form to fill in (API key, basic, client credentials).
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        fields: Vec<Field>,
        /// What was wrong with the last try of a form.
        #[serde(skip_serializing_if = "Option::is_none")]
        problem: Option<WireError>,
    },
    /// The provider's answer is being exchanged for tokens.
    Exchanging,
    /// The credential is being checked and the account looked up.
    Verifying,
    /// Connected.
    Done,
    /// Ended without success.
    Failed {
        /// Why, and what to do.
        error: WireError,
    },
    /// The person called it off.
    Cancelled,
    /// Nobody came back in time.
    Expired,
}

impl SessionState {
    /// Tells whether nothing more will happen.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::AwaitingUser { .. } | Self::Exchanging | Self::Verifying => false,
            Self::Done | Self::Failed { .. } | Self::Cancelled | Self::Expired => true,
        }
    }
}
