//! The contract: one router, three ways in.
//!
//! [`router`] has all routes and knows nothing of sockets. Requests reach it over TCP on loopback (with a token), over
//! the Unix socket (as the person's terminal), and from the console in the same process; each way in says who calls by
//! a [`membrane_engine::Caller`] in the request's extensions.

mod console;
mod error;
mod extract;
mod guard;
mod html;
mod kept;
mod limits;
mod openapi;
mod routes;
mod serve;
mod wire;

pub use console::{Console, ConsoleReply};
pub use openapi::document;
pub use routes::router;
pub use serve::{Beside, ServeOptions, Serving, serve};
