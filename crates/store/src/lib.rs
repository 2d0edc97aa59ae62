//! SQLite on disk: migrations and one module per table; sees only ciphertext.
//!
//! [`Store`] is the one door: everything that belongs together is written in one transaction through a [`Tx`], and every
//! write is on the disk when [`Store::write`] returns.

mod error;
mod flight;
mod folder;
mod lock;
mod marks;
mod schema;
mod store;
mod table;
mod together;

pub use error::StoreError;
pub use flight::FlightLock;
pub use lock::DataLock;
pub use marks::Marks;
pub use schema::SCHEMA_VERSION;
pub use store::{Store, Tx};
pub use table::activity::{ActivityFilter, UseRow};
pub use table::auth_server::AuthServerRow;
pub use table::client::ClientRow;
pub use table::connection::{ConnectionCounts, ConnectionFilter, ConnectionPage};
pub use table::credential::{CredentialRow, Renewal};
pub use table::due::{Due, DueTask};
pub use table::event::EventRow;
pub use table::journal::{JournalRow, JournalState};
pub use table::oauth_client::OauthClientRow;
pub use table::request::RequestRow;
pub use table::revocation::RevocationRow;
pub use table::session::SessionRow;
pub use table::tenant::TenantRow;
pub use table::webhook::WebhookRow;
pub use table::workspace::WorkspaceRow;
