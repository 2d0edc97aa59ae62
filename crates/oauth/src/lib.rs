//! The OAuth 2.0 protocol of a native app (RFC 8252): authorize, callback, token, device, client credentials, revoke.
//!
//! Requests are written by the `oauth2` crate; replies are read here, leniently where providers differ and strictly
//! where it matters: what a failed exchange means for the connection is decided by [`ExchangeFailure`] alone.

mod authorize;
mod callback;
mod classify;
mod device;
mod discover;
mod dpop;
mod exchange;
mod http;
pub mod loopback;
mod metadata;
mod openable;
pub mod pages;
mod par;
mod provider;
mod public;
mod register;
mod reply;
mod revoke;

pub use authorize::{Authorization, authorization, state_hash};
pub use callback::{Callback, CallbackError, check_issuer, read_callback};
pub use classify::{Cause, ExchangeFailure};
pub use device::{DeviceAuthorization, DevicePoll, DevicePolling, device_poll_once, device_start};
pub use discover::{Challenge, DiscoveryProblem, authorization_server, protected_resource};
pub use dpop::DpopKey;
pub use exchange::{client_credentials, exchange_code, read_tokens, refresh};
pub use http::{Http, Reach, Reply, Unreachable};
pub use metadata::{ResourceMetadata, ServerMetadata};
pub use openable::openable;
pub use par::push;
pub use provider::{Client, ClientAuth, Pkce, Provider, TokenBodyForm};
pub use public::is_public_host;
pub use register::{Registered, Registration, register};
pub use reply::TokenReply;
pub use revoke::{TokenHint, revoke};
