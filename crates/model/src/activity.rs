//! What happened on this computer, for a person to read: lifecycle events and uses, in one order.

use serde::{Deserialize, Serialize};

use crate::{AppKey, ConnectionId, DisconnectReason, Timestamp};

/// What an activity tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub enum ActivityKind {
    /// Connected for the first time.
    #[serde(rename = "connection.created")]
    Created,
    /// Archived.
    #[serde(rename = "connection.deleted")]
    Deleted,
    /// Lost access.
    #[serde(rename = "connection.disconnected")]
    Disconnected,
    /// Has access again.
    #[serde(rename = "connection.reconnected")]
    Reconnected,
    /// A program used it.
    #[serde(rename = "used")]
    Used,
}

impl ActivityKind {
    /// Lists all kinds.
    pub const ALL: [Self; 5] = [Self::Created, Self::Deleted, Self::Disconnected, Self::Reconnected, Self::Used];

    /// Returns the name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "connection.created",
            Self::Deleted => "connection.deleted",
            Self::Disconnected => "connection.disconnected",
            Self::Reconnected => "connection.reconnected",
            Self::Used => "used",
        }
    }
}

/// One line of the activity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    /// Names it.
    pub id: String,
    /// When; for a burst of uses, the last of them.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What.
    pub kind: ActivityKind,
    /// Which connection; it may be archived since.
    pub connection_id: ConnectionId,
    /// Which app.
    pub app_key: AppKey,
    /// What a person calls the app.
    pub app_name: String,
    /// Whose account, or the person's own name for the connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Why, for a disconnect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<DisconnectReason>,
    /// Who used it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<UsedBy>,
    /// How many uses the line stands for.
    pub uses: u32,
    /// The first use of the burst.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub first_at: Option<Timestamp>,
}

/// Who used a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UsedBy {
    /// `console`, `terminal` or `client`.
    pub kind: String,
    /// Which client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// What the person called the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}
