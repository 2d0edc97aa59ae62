//! Webhooks and what was delivered to them, as the wire shows them.

use serde::{Deserialize, Serialize};

use crate::{ConnectionId, DeliveryId, EventId, EventKind, TenantId, Timestamp, WebhookId};

/// An address that is told of events. Its secret is not part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// Names it.
    pub id: WebhookId,
    /// Where events are sent.
    pub url: String,
    /// Which events.
    pub events: Vec<EventKind>,
    /// Only of this tenant's connections; of all when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<TenantId>,
    /// May be an address of this computer.
    pub allow_local: bool,
    /// The payload names the account, and the connection as the person calls it.
    pub include_account: bool,
    /// Events are sent.
    pub enabled: bool,
    /// Why none are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub off_because: Option<WebhookOff>,
    /// Until when deliveries are signed with the secret before, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub previous_secret_until: Option<Timestamp>,
    /// How many deliveries wait for their next attempt.
    pub waiting: u64,
    /// How many deliveries were given up.
    pub dead: u64,
    /// Since when nothing gets through; absent while the last thing that was sent was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub failing_since: Option<Timestamp>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// A webhook with a new secret: the one time the secret is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NewWebhook {
    /// The webhook.
    #[serde(flatten)]
    pub webhook: Webhook,
    /// What receivers check signatures with, `whsec_…`.
    pub secret: String,
}

/// Why a webhook sends nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WebhookOff {
    /// The person turned it off.
    ByYou,
    /// The receiver said that it is gone (410).
    Gone,
    /// Nothing got through for three days.
    Failing,
    /// Its secret can't be read any more.
    SecretLost,
}

/// The delivery of one event to one webhook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// Names it.
    pub id: DeliveryId,
    /// To which webhook.
    pub webhook_id: WebhookId,
    /// The event's id, which receivers see as `webhook-id`; the same in every attempt.
    pub event_id: EventId,
    /// What happened.
    #[serde(rename = "eventType")]
    pub kind: EventKind,
    /// To which connection.
    pub connection_id: ConnectionId,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_attempt_at: Option<Timestamp>,
    /// What the receiver last answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_status: Option<u16>,
    /// Why the last attempt failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// What is sent, to the byte.
    pub payload: String,
    /// When the event happened.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was delivered, or given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finished_at: Option<Timestamp>,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryState {
    /// Waits for its first or next attempt.
    Waiting,
    /// The receiver took it.
    Delivered,
    /// Given up; it can be delivered again by hand.
    Dead,
}
