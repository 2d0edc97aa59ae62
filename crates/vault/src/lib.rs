//! The master key, the keychain that holds it, and the envelope that seals records under it.
//!
//! [`Vault`] is the door: it fetches the master key from a [`Keychain`], never makes a second one over records that a
//! first one sealed, and seals and opens records bound to their place. docs/adr/0003-envelope-and-keychain.md tells why.

mod envelope;
mod error;
mod harden;
mod holder;
mod key;
mod keychain;
mod sentence;
mod vault;

pub use envelope::{KeyCheck, Place, SCHEMA_VERSION, Sealed};
pub use error::VaultError;
pub use harden::{HardenProblem, harden_process};
pub use holder::KEYCHAIN_CAP;
pub use key::{KEY_TEXT_LEN, MasterKey, NotAKey};
pub use keychain::{
    Backend, EnvironmentKeychain, Keychain, KeychainError, MemoryKeychain, OsKeychain, PassphraseKeychain, SERVICE,
    choose_keychain,
};
pub use vault::Vault;
