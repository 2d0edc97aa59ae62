//! Typed client of the local API: over the Unix socket, over HTTP with a token, or in the engine's own process.
//!
//! ```no_run
//! # async fn example() -> Result<(), membrane_sdk::SdkError> {
//! let membrane = membrane_sdk::Client::http("http://127.0.0.1:4780", "pat-…")?;
//! let token = membrane.token("my-crm", 60).await?;
//! # let _ = token; Ok(()) }
//! ```
//!
//! `examples/quick_start.rs` connects an app and uses it.

mod client;
mod connect;
mod error;
mod routes;
mod stream;
mod transport;
mod webhooks;

pub use client::Client;
pub use connect::{Ask, Connect};
pub use error::SdkError;
pub use http::Method;
/// What calls answer with.
pub use membrane_model as model;
pub use routes::{ConnectionFilter, NewSession};
pub use stream::Events;
