//! What the whole-system tests stand on: the real programs, an independent OAuth provider with a scripted browser, and a
//! private desktop with its own D-Bus, keyring, notifications and tray. No part of it knows the product from the inside.

pub mod agents;
pub mod browser;
pub mod contract;
pub mod desktop;
pub mod docs;
pub mod faults;
pub mod home;
pub mod http;
pub mod person;
pub mod process;
pub mod provider;
pub mod receiver;
pub mod stream;
pub mod system;
pub mod terminal;
pub mod upstream;
pub mod wait;
pub mod window;

pub use anyhow::{Context, Error, Result, bail, ensure};
pub use serde_json::{Value, json};
