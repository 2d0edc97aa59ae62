//! The product: connect sessions, connections, refresh, verify, health and events.
//!
//! [`Engine`] is a cheap handle on one engine; every way in goes through it. The engine never sees a window: all
//! that it asks of its surroundings is the [`Host`] trait.

mod activity;
mod apps;
mod attempts;
mod by_url;
mod caller;
mod clients;
mod connect;
mod connection;
mod console_access;
mod credential;
mod deal;
mod deep_link;
mod detail;
mod device;
pub mod doctor;
mod engine;
mod ensure;
mod failpoint;
mod flow;
mod health;
mod host;
mod notice;
mod origins;
mod own_apps;
mod page;
mod paths;
mod proxy;
mod recent;
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
mod support;
mod tasks;
mod text;
mod texts;
mod token;
mod unlock;
mod verify;
mod weather;
mod webhook;
mod workspace;

pub use activity::read_activity_cursor;
pub use apps::{check_app_file, write_app_file};
pub use attempts::{Attempt, AttemptFilter};
pub use caller::Caller;
pub use connect::{Again, ConnectRequest};
pub use connection::{ConnectionPatch, ConnectionQuery};
pub use deep_link::{CALLBACK_SCHEME, CALLBACK_URI, DeepLink};
pub use detail::{AppDetail, ClientFacts, MethodDetail, ScopeDetail, SetupDetail, describe};
pub use engine::{Engine, EngineConfig};
pub use flow::{FlowMessage, FlowOutcome};
pub use health::{CredentialFacts, Surroundings};
pub use host::{Host, Notification, Screen};
pub use membrane_model::Fault;
pub use membrane_store::ActivityFilter;
pub use origins::{is_loopback, parse_origin};
pub use page::{Page, PageGrant, PageScope, Whose};
pub use paths::{IDENTIFIER, Paths};
pub use proxy::{AnswerBody, BrokenAnswer, Call, CallBody};
pub use refresh::Report;
pub use requests::NewRequest;
pub use session::{CallbackAnswer, IfSilent, StartSession};
pub use settings::{Appearance, Language, Settings};
pub use status::FactsVersion;
pub use stream::Deltas;
pub use texts::Texts;
pub use verify::Check;
pub use webhook::{NewWebhookRequest, TestOutcome, WebhookChange};

/// Answers of the redirect route that both ways back share.
pub use membrane_oauth::pages;
/// Makes this process unreadable to others of the same user, as far as the system lets it.
pub use membrane_vault::harden_process;
