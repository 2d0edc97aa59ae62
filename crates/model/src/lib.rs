//! Ids, domain types, wire types, event names and error codes: serde only, no IO.

mod activity;
mod app;
mod connection;
mod doctor;
mod error;
mod error_table;
mod event;
mod health;
mod id;
mod request;
mod session;
mod status;
mod time;
mod webhook;
mod wire;

pub use activity::{Activity, ActivityKind, UsedBy};
pub use app::{
    AppSummary, AuthMethodKind, AuthMethodSummary, Because, BecauseKind, Choice, ElementType, Field, ReturnPath,
    SearchElement, SearchItem, SearchOutcome, SearchResult,
};
pub use connection::{Account, Connection, ConnectionState, DisconnectReason};
pub use doctor::{Examination, Finding, Outcome, Subject};
pub use error::{ErrorAction, ErrorCode, Fault, WireError, WireErrorData};
pub use event::{EventKind, LifecycleEvent};
pub use health::{Health, HealthStatus, Severity, Warning, WarningCode};
pub use id::{
    ActionRunId, AppKey, ClientId, ConnectionId, DeliveryId, EventId, IdError, RequestId, SessionId, TenantId,
    WebhookId,
};
pub use request::{ConnectionRequest, RequestStatus};
pub use session::{Session, SessionKind, SessionState};
pub use status::{
    ClientView, EngineMode, EngineStatus, EngineView, Network, NewClient, OriginView, SandboxView, VaultState,
    VaultView,
};
pub use time::Timestamp;
pub use webhook::{Delivery, DeliveryState, NewWebhook, Webhook, WebhookOff};
pub use wire::{
    ClientAction, ClientActionType, ConnectionView, ListPage, StreamMessage, TenantView, TokenView, WireState,
};
