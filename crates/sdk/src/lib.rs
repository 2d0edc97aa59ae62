//! Typed client of the local API, over the Unix socket or over HTTP with a token.
//!
//! ```no_run
//! # async fn example() -> Result<(), membrane_sdk::SdkError> {
//! let membrane = membrane_sdk::Client::http("http://127.0.0.1:4780", "pat-…")?;
//! let token = membrane.token("my-crm", 60).await?;
//! # let _ = token; Ok(()) }
//! ```

mod client;
mod error;
mod routes;
mod stream;
mod transport;
mod webhooks;

pub use client::Client;
pub use error::SdkError;
pub use http::Method;
pub use routes::{ConnectionFilter, NewSession};
pub use stream::Events;
