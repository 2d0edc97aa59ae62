//! The product: connect sessions, connections, refresh, verify, health and events.
//!
//! [`Engine`] is a cheap handle on one engine; every way in goes through it. The engine never sees a window: all
//! that it asks of its surroundings is the [`Host`] trait.

mod apps;
mod by_url;
mod caller;
mod clients;
mod connect;
mod connection;
mod credential;
mod deal;
mod deep_link;
mod detail;
mod engine;
mod ensure;
mod flow;
mod health;
mod host;
mod notice;
mod origins;
mod page;
mod paths;
mod refresh;
mod renew;
mod requests;
mod servers;
mod session;
mod settings;
#[cfg(test)]
mod states_doc;
mod status;
mod stream;
mod tasks;
mod text;
mod token;
mod unlock;
mod verify;
mod workspace;

pub use apps::{check_app_file, write_app_file};
pub use caller::Caller;
pub use connect::ConnectRequest;
pub use connection::{ConnectionPatch, ConnectionQuery};
pub use deep_link::{CALLBACK_SCHEME, CALLBACK_URI, DeepLink};
pub use detail::{AppDetail, ClientFacts, MethodDetail, ScopeDetail, SetupDetail, describe};
pub use engine::{Engine, EngineConfig};
pub use flow::{FlowMessage, FlowOutcome};
pub use health::{CredentialFacts, Surroundings};
pub use host::{Host, Notification, Screen};
pub use membrane_model::Fault;
pub use origins::{is_loopback, parse_origin};
pub use page::{Page, PageGrant, PageScope, Whose};
pub use paths::{IDENTIFIER, Paths};
pub use requests::NewRequest;
pub use session::{CallbackAnswer, StartSession};
pub use settings::{Appearance, Settings};
pub use stream::Deltas;
pub use verify::Check;

/// Answers of the redirect route that both ways back share.
pub use membrane_oauth::pages;
/// Makes this process unreadable to others of the same user, as far as the system lets it.
pub use membrane_vault::harden_process;
