//! A request to connect: a program asks, a person answers, the program hears what came of it.

use serde::{Deserialize, Serialize};

use crate::{AppKey, ConnectionId, RequestId, TenantId, Timestamp, WireError};

/// A request to connect, as clients and the console see it. Holds no secrets but its link.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionRequest {
    /// Names it.
    pub request_id: RequestId,
    /// Whose connection it would be.
    pub tenant_id: TenantId,
    /// Where it stands.
    pub status: RequestStatus,
    /// Who asks.
    pub client_name: String,
    /// "Cursor asks to connect HubSpot".
    pub title: String,
    /// Which app, under the wire's two names for it; absent when the person is to choose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integration_key: Option<AppKey>,
    /// See `integration_key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connector_id: Option<AppKey>,
    /// What the app is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_name: Option<String>,
    /// Which connection to repair.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<ConnectionId>,
    /// A key for the new connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_key: Option<String>,
    /// A name for the new connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the program says it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// Where the browser goes afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<String>,
    /// May make one more connection of an app that has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_multiple_connections: Option<bool>,
    /// The connection that came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_connection_id: Option<ConnectionId>,
    /// Why none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_error: Option<WireError>,
    /// The page for the person; opens once. Only the answer that made the request has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it gives up.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RequestStatus {
    /// Waits for the person.
    Pending,
    /// Connected.
    Success,
    /// The person said no.
    Cancelled,
    /// It could not be done, or nobody answered.
    Error,
}
