//! A small OAuth 2.0 provider and CRM-like API on loopback, to try everything without registering anywhere.
//!
//! It speaks the real protocols over a real socket and keeps only hashes of what it issues; the people and the data are
//! made up. What can be played with it (revoke, expire, outage) is behind `/control`. docs/sandbox.md is its tour.

mod authorize;
mod bearer;
mod client;
mod control;
mod crm;
mod device;
mod form;
mod guard;
mod home;
mod keys;
mod metadata;
mod page;
mod people;
mod problem;
mod records;
mod secret;
mod server;
mod state;
mod store;
mod token;

pub use client::{DESKTOP_CLIENT_ID, SERVICE_CLIENT_ID, SERVICE_CLIENT_SECRET};
pub use people::DEMO_PASSWORD;
pub use server::{DEFAULT_PORT, Running, Sandbox, SandboxConfig, SandboxError};
