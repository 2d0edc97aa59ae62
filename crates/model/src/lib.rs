//! Ids, domain types, wire types, event names and error codes: serde only, no IO.

mod app;
mod connection;
mod error;
mod event;
mod health;
mod id;
mod request;
mod session;
mod status;
mod time;
mod wire;

pub use app::{
    AppSummary, AuthMethodKind, AuthMethodSummary, Choice, Field, ReturnPath, SearchItem, SearchOutcome, SearchResult,
};
pub use connection::{Account, Connection, ConnectionState, DisconnectReason};
pub use error::{ErrorAction, ErrorCode, Fault, WireError, WireErrorData};
pub use event::{EventKind, LifecycleEvent};
pub use health::{Health, HealthStatus, Severity, Warning, WarningCode};
pub use id::{AppKey, ClientId, ConnectionId, EventId, IdError, RequestId, SessionId, TenantId};
pub use request::{ConnectionRequest, RequestStatus};
pub use session::{Session, SessionKind, SessionState};
pub use status::{
    ClientView, EngineMode, EngineStatus, EngineView, NewClient, OriginView, SandboxView, VaultState, VaultView,
};
pub use time::Timestamp;
pub use wire::{
    ClientAction, ClientActionType, ConnectionView, ListPage, StreamMessage, TenantView, TokenView, WireState,
};
