//! The system's keychain: one item, the master key as text.

use keyring::Error;
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use super::{Backend, Keychain, KeychainError};
use crate::MasterKey;

/// The item's service; its user is the vault's id.
pub const SERVICE: &str = "dev.membrane.desktop";

/// One writer at a time in this process: between "there is none" and "now there is one" nobody else looks.
/// Between processes, the lock on the data folder does the same.
static WRITING: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// Keeps the key in the Secret Service (gnome-keyring, KWallet, KeePassXC) on Linux.
pub struct OsKeychain {
    vault_id: String,
}

/// How the item stands, found out without asking the person anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// The keychain is open and has no such item.
    Absent,
    /// The item can be read.
    Ready,
    /// The keychain is locked.
    Locked,
}

impl OsKeychain {
    /// Names the item of one vault. Touches nothing.
    #[must_use]
    pub fn new(vault_id: &str) -> Self {
        Self { vault_id: vault_id.to_owned() }
    }

    fn fetch(&self) -> Result<Option<MasterKey>, KeychainError> {
        match platform::entry(&self.vault_id)?.get_password() {
            Ok(text) => {
                let text = Zeroizing::new(text);
                let key = MasterKey::from_text(&text);
                key.map(Some).map_err(|error| KeychainError::Broken(format!("the item of this vault: {error}")))
            }
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(told(error)),
        }
    }
}

impl Keychain for OsKeychain {
    fn backend(&self) -> Backend {
        Backend::SecretService
    }

    fn read(&self) -> Result<Option<MasterKey>, KeychainError> {
        match platform::standing(&self.vault_id)? {
            Standing::Locked => Err(KeychainError::Locked),
            Standing::Absent => Ok(None),
            Standing::Ready => self.fetch(),
        }
    }

    fn write(&self, key: &MasterKey) -> Result<MasterKey, KeychainError> {
        let _one_at_a_time = WRITING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(there) = self.read()? {
            return Ok(there);
        }
        platform::entry(&self.vault_id)?.set_password(key.to_text().expose_secret()).map_err(told)?;
        self.fetch()?.ok_or_else(|| KeychainError::broken("it took the key and doesn't have it"))
    }

    fn delete(&self) -> Result<(), KeychainError> {
        match platform::standing(&self.vault_id)? {
            Standing::Locked => return Err(KeychainError::Locked),
            Standing::Absent => return Ok(()),
            Standing::Ready => {}
        }
        match platform::entry(&self.vault_id)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(told(error)),
        }
    }

    fn ask(&self) -> Result<(), KeychainError> {
        platform::ask(&self.vault_id)
    }
}

/// Says what the keychain's error means for us. Its texts are not passed on: some carry the item's bytes.
fn told(error: Error) -> KeychainError {
    match error {
        Error::NoStorageAccess(_) => KeychainError::Locked,
        Error::NoDefaultStore => KeychainError::Missing,
        Error::PlatformFailure(_) => KeychainError::broken("it failed while moving the key"),
        Error::Ambiguous(_) => KeychainError::broken("it has more than one item for this vault"),
        Error::BadEncoding(_) | Error::BadDataFormat(..) | Error::BadStoreFormat(_) => {
            KeychainError::broken("the item of this vault is not a key")
        }
        Error::NoEntry => KeychainError::broken("the item of this vault vanished"),
        // The enum may grow; what it grows by is at least not an answer.
        _ => KeychainError::broken("it refused the request"),
    }
}

#[cfg(target_os = "linux")]
mod platform {
    //! The Secret Service over the session bus.
    //!
    //! `keyring` moves the secret; how the keychain stands is asked directly before, because `keyring` would show the
    //! person a prompt for a locked one and wait for as long as it takes. Every call makes its own connection: a
    //! keychain may start, stop and lock while we run, and a session with a daemon that is gone stays dead.

    use std::{collections::HashMap, future::Future, time::Duration};

    use keyring::Entry;
    use keyring_core::api::CredentialStoreApi;
    use secret_service::{EncryptionType, Error, SecretService};
    use zbus_secret_service_keyring_store::Store;

    use super::{KeychainError, SERVICE, Standing};

    /// A question is answered at once or not at all.
    const QUESTION_CAP: Duration = Duration::from_secs(4);
    /// How long the person may look at the keychain's prompt.
    const PROMPT_CAP: Duration = Duration::from_secs(120);
    const LABEL: &str = "Membrane Desktop: vault key";

    pub(super) fn entry(vault_id: &str) -> Result<Entry, KeychainError> {
        let store = Store::new().map_err(|_| KeychainError::Missing)?;
        let inner = store.build(SERVICE, vault_id, Some(&HashMap::from([("label", LABEL)]))).map_err(super::told)?;
        Ok(Entry { inner })
    }

    pub(super) fn standing(vault_id: &str) -> Result<Standing, KeychainError> {
        within(QUESTION_CAP, async {
            let service = SecretService::connect(EncryptionType::Plain).await?;
            let items = service.search_items(attributes(vault_id)).await?;
            if !items.unlocked.is_empty() {
                return Ok(Standing::Ready);
            }
            if !items.locked.is_empty() {
                return Ok(Standing::Locked);
            }
            // A locked wallet may hide what it holds, so "no item" counts only when the collection is open.
            let locked = match service.get_default_collection().await {
                Ok(collection) => collection.is_locked().await?,
                Err(Error::NoResult) => true,
                Err(error) => return Err(error),
            };
            Ok(if locked { Standing::Locked } else { Standing::Absent })
        })
    }

    /// Lets the keychain show its own prompt: to unlock, or to make a first collection.
    pub(super) fn ask(vault_id: &str) -> Result<(), KeychainError> {
        within(PROMPT_CAP, async {
            let service = SecretService::connect(EncryptionType::Plain).await?;
            let items = service.search_items(attributes(vault_id)).await?;
            if !items.locked.is_empty() {
                return service.unlock_all(&items.locked.iter().collect::<Vec<_>>()).await;
            }
            match service.get_default_collection().await {
                Ok(collection) if collection.is_locked().await? => collection.unlock().await,
                Ok(_) => Ok(()),
                Err(Error::NoResult) => service.create_collection("Login", "default").await.map(drop),
                Err(error) => Err(error),
            }
        })
    }

    fn attributes(vault_id: &str) -> HashMap<&str, &str> {
        HashMap::from([("service", SERVICE), ("username", vault_id)])
    }

    /// Runs a conversation to its end or its cap. Dropping it closes its connection, and with it any prompt.
    fn within<T>(cap: Duration, talk: impl Future<Output = Result<T, Error>>) -> Result<T, KeychainError> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(KeychainError::broken)?;
        match runtime.block_on(async { tokio::time::timeout(cap, talk).await }) {
            Ok(answer) => answer.map_err(told),
            Err(_) => Err(KeychainError::Broken(format!("it did not answer within {} seconds", cap.as_secs()))),
        }
    }

    fn told(error: Error) -> KeychainError {
        match error {
            Error::Locked | Error::Prompt | Error::PromptDisconnected | Error::NoResult => KeychainError::Locked,
            Error::Unavailable => KeychainError::Missing,
            Error::Zbus(error) => told_by_bus(error),
            Error::ZbusFdo(error) => told_by_peer(error),
            Error::Crypto(_) | Error::Zvariant(_) => KeychainError::broken("it doesn't speak as it should"),
            // The enum may grow; what it grows by is at least not an answer.
            _ => KeychainError::broken("it refused the request"),
        }
    }

    /// No bus, or nobody on it, is "missing"; anything else is a fault.
    fn told_by_bus(error: zbus::Error) -> KeychainError {
        match error {
            zbus::Error::Address(_)
            | zbus::Error::InputOutput(_)
            | zbus::Error::Connection(..)
            | zbus::Error::InterfaceNotFound => KeychainError::Missing,
            zbus::Error::FDO(error) => told_by_peer(*error),
            zbus::Error::MethodError(..) => told_by_peer(zbus::fdo::Error::from(error)),
            error => KeychainError::Broken(format!("the session bus: {error}")),
        }
    }

    fn told_by_peer(error: zbus::fdo::Error) -> KeychainError {
        use zbus::fdo::Error as Peer;
        match error {
            Peer::ServiceUnknown(_)
            | Peer::NameHasNoOwner(_)
            | Peer::NoServer(_)
            | Peer::Disconnected(_)
            | Peer::SpawnExecFailed(_)
            | Peer::SpawnForkFailed(_)
            | Peer::SpawnChildExited(_)
            | Peer::SpawnChildSignaled(_)
            | Peer::SpawnFailed(_)
            | Peer::SpawnServiceNotFound(_)
            | Peer::SpawnFileInvalid(_) => KeychainError::Missing,
            Peer::NoReply(_) | Peer::Timeout(_) | Peer::TimedOut(_) => KeychainError::broken("it did not answer"),
            error => KeychainError::Broken(format!("it answered: {error}")),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    //! Where the system shows its own prompt and remembers the answer.

    use keyring::{Entry, Error};

    use super::{KeychainError, SERVICE, Standing};

    pub(super) fn entry(vault_id: &str) -> Result<Entry, KeychainError> {
        Entry::new(SERVICE, vault_id).map_err(super::told)
    }

    pub(super) fn standing(vault_id: &str) -> Result<Standing, KeychainError> {
        match entry(vault_id)?.get_secret() {
            Ok(secret) => {
                drop(zeroize::Zeroizing::new(secret));
                Ok(Standing::Ready)
            }
            Err(Error::NoEntry) => Ok(Standing::Absent),
            Err(error) => Err(super::told(error)),
        }
    }

    pub(super) fn ask(vault_id: &str) -> Result<(), KeychainError> {
        standing(vault_id).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r59_bytes_of_a_foreign_item_never_reach_an_error_text() {
        let leaky = [
            Error::BadEncoding(b"hunter2".to_vec()),
            Error::BadDataFormat(b"hunter2".to_vec(), "hunter2".into()),
            Error::PlatformFailure("hunter2".into()),
            Error::NoStorageAccess("hunter2".into()),
        ];
        for error in leaky {
            let told = told(error);
            assert!(!format!("{told} {told:?}").contains("hunter2"));
        }
    }

    #[test]
    fn a_locked_store_is_locked_and_no_store_is_missing() {
        assert_eq!(told(Error::NoStorageAccess("locked".into())), KeychainError::Locked);
        assert_eq!(told(Error::NoDefaultStore), KeychainError::Missing);
    }
}
