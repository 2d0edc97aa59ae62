//! Lifecycle events: written in the same transaction as the change they tell of.

use serde::{Deserialize, Serialize};

use crate::{AppKey, ConnectionId, DisconnectReason, EventId, TenantId, Timestamp};

/// What happened to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub enum EventKind {
    /// It was connected for the first time.
    #[serde(rename = "connection.created")]
    Created,
    /// It was archived.
    #[serde(rename = "connection.deleted")]
    Deleted,
    /// It lost access and needs the person.
    #[serde(rename = "connection.disconnected")]
    Disconnected,
    /// It has access again.
    #[serde(rename = "connection.reconnected")]
    Reconnected,
}

impl EventKind {
    /// Lists all kinds.
    pub const ALL: [Self; 4] = [Self::Created, Self::Deleted, Self::Disconnected, Self::Reconnected];

    /// Returns the name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "connection.created",
            Self::Deleted => "connection.deleted",
            Self::Disconnected => "connection.disconnected",
            Self::Reconnected => "connection.reconnected",
        }
    }
}

/// One event. Holds ids, app key, time and reason; no tokens and no account names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LifecycleEvent {
    /// Stays the same however often it is delivered.
    pub id: EventId,
    /// What happened.
    #[serde(rename = "eventType")]
    pub kind: EventKind,
    /// Whose.
    pub tenant_id: TenantId,
    /// To which connection.
    pub connection_id: ConnectionId,
    /// Of which app.
    pub app_key: AppKey,
    /// Why, for a disconnect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<DisconnectReason>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}
