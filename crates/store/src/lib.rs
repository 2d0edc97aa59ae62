//! SQLite on disk: migrations and one module per table; sees only ciphertext.
//!
//! [`Store`] is the one door: everything that belongs together is written in one transaction through a [`Tx`], and every
//! write is on the disk when [`Store::write`] returns.

mod error;
mod folder;
mod lock;
mod schema;
mod store;
mod table;

pub use error::StoreError;
pub use lock::DataLock;
pub use schema::SCHEMA_VERSION;
pub use store::{Store, Tx};
pub use table::auth_server::AuthServerRow;
pub use table::client::ClientRow;
pub use table::connection::{ConnectionCounts, ConnectionFilter, ConnectionPage};
pub use table::credential::{CredentialRow, DueRefresh};
pub use table::event::EventRow;
pub use table::journal::{JournalRow, JournalState};
pub use table::oauth_client::OauthClientRow;
pub use table::request::RequestRow;
pub use table::session::SessionRow;
pub use table::tenant::TenantRow;
pub use table::workspace::WorkspaceRow;
