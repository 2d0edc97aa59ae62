//! What holds the master key: the system's keychain, a passphrase file, or a key from outside.

mod environment;
mod memory;
mod os;
mod passphrase;

use std::{path::Path, sync::Arc};

use secrecy::SecretString;

use crate::MasterKey;

pub use environment::EnvironmentKeychain;
pub use memory::MemoryKeychain;
pub use os::{OsKeychain, SERVICE};
pub(crate) use passphrase::MIN_PASSPHRASE;
pub use passphrase::PassphraseKeychain;

/// Holds one master key.
///
/// Calls block, for as long as a daemon or the person takes: [`crate::Vault`] makes them on a thread of their own and
/// stops waiting after a while. A call that nobody waits for any more may still come to its end, so none may do harm
/// late: `write` never replaces a key.
pub trait Keychain: Send + Sync {
    /// Returns what kind it is.
    fn backend(&self) -> Backend;

    /// Returns the key, `None` when there surely is none. Never asks the person anything.
    ///
    /// # Errors
    /// When the keychain can't tell.
    fn read(&self) -> Result<Option<MasterKey>, KeychainError>;

    /// Keeps `key` unless there is one already, and returns the one that is kept now.
    ///
    /// # Errors
    /// When the keychain can't keep it, or holds one it can't show.
    fn write(&self, key: &MasterKey) -> Result<MasterKey, KeychainError>;

    /// Destroys the key. One that isn't there counts as destroyed.
    ///
    /// # Errors
    /// When the key stays.
    fn delete(&self) -> Result<(), KeychainError>;

    /// Has the system ask the person to unlock it, and returns when the person has answered.
    ///
    /// # Errors
    /// When it stays locked.
    fn ask(&self) -> Result<(), KeychainError> {
        Err(KeychainError::Locked)
    }

    /// Unlocks it with a passphrase.
    ///
    /// # Errors
    /// When the passphrase is wrong, or none is asked for here.
    fn unlock(&self, _passphrase: &SecretString) -> Result<(), KeychainError> {
        Err(KeychainError::NoPassphrase)
    }

    /// Forgets what a passphrase has unlocked.
    fn forget(&self) {}
}

/// Why a keychain could not do what it was asked. Texts hold no secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeychainError {
    /// It is locked; the person can unlock it.
    #[error("it is locked")]
    Locked,
    /// There is none: no session bus, or nothing on it that keeps secrets.
    #[error("there is none")]
    Missing,
    /// It answers, but not usefully; or it does not answer.
    #[error("{0}")]
    Broken(String),
    /// The passphrase does not fit.
    #[error("the passphrase is not the right one")]
    WrongPassphrase,
    /// The passphrase is too short.
    #[error("the passphrase is too short")]
    WeakPassphrase,
    /// It has nothing to do with passphrases.
    #[error("it takes no passphrase")]
    NoPassphrase,
}

impl KeychainError {
    pub(crate) fn broken(what: impl std::fmt::Display) -> Self {
        Self::Broken(what.to_string())
    }
}

/// The kinds of keychain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// The system's own: the Secret Service on Linux.
    SecretService,
    /// A file behind a passphrase.
    Passphrase,
    /// A key that came with the environment.
    Environment,
    /// Nothing that outlives the process.
    Memory,
}

impl Backend {
    /// Returns its name in `status`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SecretService => "secret-service",
            Self::Passphrase => "passphrase",
            Self::Environment => "environment",
            Self::Memory => "memory",
        }
    }
}

/// Picks what holds the key of the data in `data_dir`: a key from the environment, else the passphrase file that is
/// there, else the system's keychain. Touches none of them.
#[must_use]
pub fn choose_keychain(data_dir: &Path, vault_id: &str) -> Arc<dyn Keychain> {
    if let Some(injected) = EnvironmentKeychain::from_env() {
        return Arc::new(injected);
    }
    let file = PassphraseKeychain::at(data_dir);
    if file.exists() {
        return Arc::new(file);
    }
    Arc::new(OsKeychain::new(vault_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r52_a_passphrase_file_wins_over_the_systems_keychain() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(choose_keychain(dir.path(), "v1").backend(), Backend::SecretService);
        let file = PassphraseKeychain::at(dir.path());
        file.unlock(&"correct horse".into()).unwrap();
        file.write(&MasterKey::random().unwrap()).unwrap();
        assert_eq!(choose_keychain(dir.path(), "v1").backend(), Backend::Passphrase);
    }
}
