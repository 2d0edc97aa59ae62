//! The vault: fetches the master key, keeps it in memory while unlocked, seals and opens records with it.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use membrane_model::{VaultState, VaultView};
use secrecy::{SecretSlice, SecretString};
use tokio::{sync::watch, time::timeout};

use crate::{
    KeyCheck, Keychain, KeychainError, MasterKey, PassphraseKeychain, Place, Sealed, VaultError, envelope,
    harden::keep_out_of_swap,
    holder::{Found, Holder, KEYCHAIN_CAP, WhenNone, apart},
    sentence,
};

/// A handle to the vault; clones share it.
///
/// Starts locked and touches nothing before [`Vault::unlock`]. Whoever unlocks it for the first time stores
/// [`Vault::key_check`] beside the records before sealing any: it is how the next start knows that a key is missing
/// and not just not made yet.
#[derive(Clone)]
pub struct Vault {
    shared: Arc<Shared>,
}

struct Shared {
    inner: Mutex<Inner>,
    state: watch::Sender<VaultState>,
    asking: AtomicBool,
}

struct Inner {
    holder: Holder,
    expected: Option<KeyCheck>,
    key: Option<MasterKey>,
    trouble: Option<String>,
    /// The person locked it: only the person unlocks it again.
    kept_locked: bool,
}

impl Vault {
    /// Makes a locked vault. `expected` is the stored check of the key that sealed the records there are; `None`
    /// says that there are no sealed records.
    #[must_use]
    pub fn new(keychain: Arc<dyn Keychain>, expected: Option<KeyCheck>) -> Self {
        let inner = Inner { holder: Holder::of(keychain), expected, key: None, trouble: None, kept_locked: false };
        let shared = Shared {
            inner: Mutex::new(inner),
            state: watch::Sender::new(VaultState::Locked),
            asking: AtomicBool::new(false),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Fetches the key, or makes the first one, and returns how the vault stands then.
    ///
    /// Never asks the person anything and takes at most [`KEYCHAIN_CAP`], so it may be called again and again until
    /// the keychain is there. A vault that the person locked stays locked.
    pub async fn unlock(&self) -> VaultState {
        let (holder, when_none) = {
            let inner = self.inner();
            if inner.key.is_some() || inner.kept_locked {
                return self.state();
            }
            (inner.holder.clone(), inner.when_none())
        };
        let found = holder.look(when_none).await;
        self.adopt(&holder, found)
    }

    /// As [`Vault::unlock`], and has the system ask the person where that is what it takes.
    ///
    /// Returns when the vault is unlocked, the person has declined, or [`KEYCHAIN_CAP`] has passed; the prompt stays
    /// open for longer than that, and an answer still counts. There is one prompt at a time.
    pub async fn unlock_asking(&self) -> VaultState {
        self.inner().kept_locked = false;
        let state = self.unlock().await;
        if state != VaultState::Locked {
            return state;
        }
        if self.shared.asking.swap(true, Ordering::AcqRel) {
            let mut states = self.subscribe();
            let _answered = timeout(KEYCHAIN_CAP, states.wait_for(|state| *state != VaultState::Locked)).await;
            return self.state();
        }
        let vault = self.clone();
        let asking = tokio::spawn(async move {
            let keychain = vault.inner().holder.keychain.clone();
            let answer = apart(move || keychain.ask()).await;
            vault.shared.asking.store(false, Ordering::Release);
            match answer {
                Some(Ok(())) => drop(vault.unlock().await),
                Some(Err(error)) => tracing::info!(%error, "the keychain was not unlocked"),
                None => tracing::warn!("the keychain's prompt ended without an answer"),
            }
        });
        let _answered = timeout(KEYCHAIN_CAP, asking).await;
        self.state()
    }

    /// Unlocks with a passphrase, and returns how the vault stands then.
    ///
    /// # Errors
    /// When the passphrase is wrong or too short, or the keychain takes none.
    pub async fn unlock_with(&self, passphrase: SecretString) -> Result<VaultState, VaultError> {
        let (holder, when_none) = {
            let mut inner = self.inner();
            inner.kept_locked = false;
            (inner.holder.clone(), inner.when_none())
        };
        let found = match holder.call(move |keychain, _| keychain.unlock(&passphrase)).await {
            Ok(()) => holder.look(when_none).await,
            Err(KeychainError::WrongPassphrase) => return Err(VaultError::WrongPassphrase),
            Err(KeychainError::WeakPassphrase) => return Err(VaultError::WeakPassphrase),
            Err(KeychainError::NoPassphrase) => return Err(VaultError::NoPassphrase),
            Err(error @ (KeychainError::Locked | KeychainError::Missing | KeychainError::Broken(_))) => Err(error),
        };
        Ok(self.adopt(&holder, found))
    }

    /// Forgets the key until the person unlocks the vault again.
    pub fn lock(&self) {
        let mut inner = self.inner();
        inner.key = None;
        inner.trouble = None;
        inner.kept_locked = true;
        inner.holder.keychain.forget();
        self.publish(VaultState::Locked);
    }

    /// Moves the key behind a passphrase, or makes the first one there.
    ///
    /// # Errors
    /// When the passphrase is too short, there is a passphrase file already, or records are sealed by a key that
    /// can't be reached.
    pub async fn protect_with_passphrase(
        &self,
        data_dir: &Path,
        passphrase: SecretString,
    ) -> Result<VaultState, VaultError> {
        let keychain = PassphraseKeychain::at(data_dir);
        if keychain.exists() {
            return Err(VaultError::Taken);
        }
        keychain.unlock(&passphrase).map_err(|_| VaultError::WeakPassphrase)?;
        self.replace_keychain(Arc::new(keychain)).await
    }

    /// Moves to another keychain: the key goes along when the vault is unlocked, else the first one is made there.
    ///
    /// # Errors
    /// When records are sealed by a key that can't be reached, or the new keychain holds another key.
    pub async fn replace_keychain(&self, keychain: Arc<dyn Keychain>) -> Result<VaultState, VaultError> {
        let new = Holder::of(keychain);
        let (old, key) = {
            let inner = self.inner();
            if inner.key.is_none() && inner.expected.is_some() {
                return Err(VaultError::NotUnlocked(self.state()));
            }
            (inner.holder.clone(), inner.key.clone())
        };
        let Some(key) = key else {
            {
                let mut inner = self.inner();
                inner.holder = new;
                inner.kept_locked = false;
            }
            return Ok(self.unlock().await);
        };
        let moving = key.clone();
        let there = new
            .call(move |keychain, _| keychain.write(&moving))
            .await
            .map_err(|error| VaultError::Failed(format!("the new keychain does not take the key: {error}")))?;
        if there.id() != key.id() {
            return Err(VaultError::Taken);
        }
        self.inner().holder = new;
        // The key is safe in its new place; a copy left in the old one is untidy and no more.
        if let Err(error) = old.call(|keychain, _| keychain.delete()).await {
            tracing::warn!(%error, "the key stays in the old keychain as well");
        }
        Ok(self.state())
    }

    /// Destroys the key and starts with a new one. What the old one sealed can never be read again: the caller has
    /// removed those records and the stored check before.
    ///
    /// # Errors
    /// When the keychain can't destroy its key.
    pub async fn reset(&self) -> Result<VaultState, VaultError> {
        let holder = self.inner().holder.clone();
        holder
            .call(|keychain, _| keychain.delete())
            .await
            .map_err(|error| VaultError::Failed(format!("the old key can't be destroyed: {error}")))?;
        {
            let mut inner = self.inner();
            inner.expected = None;
            inner.key = None;
            inner.kept_locked = false;
            self.publish(VaultState::Locked);
        }
        Ok(self.unlock().await)
    }

    /// Returns how the vault stands, for `status` and the settings.
    #[must_use]
    pub fn view(&self) -> VaultView {
        let inner = self.inner();
        let (state, backend) = (self.state(), inner.holder.keychain.backend());
        VaultView {
            state,
            backend: backend.as_str().to_owned(),
            sentence: sentence::view(state, backend, inner.trouble.as_deref()),
        }
    }

    /// Returns how the vault stands.
    #[must_use]
    pub fn state(&self) -> VaultState {
        *self.shared.state.borrow()
    }

    /// Follows how the vault stands.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<VaultState> {
        self.shared.state.subscribe()
    }

    /// Returns what to store beside the records, once the vault was unlocked for the first time.
    #[must_use]
    pub fn key_check(&self) -> Option<KeyCheck> {
        self.inner().expected.clone()
    }

    /// Seals a secret for one place.
    ///
    /// # Errors
    /// When the vault is not unlocked.
    pub fn seal(&self, place: Place<'_>, secret: &[u8]) -> Result<Sealed, VaultError> {
        envelope::seal(&self.key()?, place, secret)
    }

    /// Opens what was sealed for this place.
    ///
    /// # Errors
    /// When the vault is not unlocked, or the envelope was tampered with, moved, or sealed by another key.
    pub fn open(&self, place: Place<'_>, sealed: &Sealed) -> Result<SecretSlice<u8>, VaultError> {
        envelope::open(&self.key()?, place, sealed)
    }

    fn key(&self) -> Result<MasterKey, VaultError> {
        let inner = self.inner();
        inner.key.clone().ok_or_else(|| VaultError::NotUnlocked(self.state()))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.shared.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells how the vault stands now; called while `inner` is held, so that both always agree.
    fn publish(&self, state: VaultState) {
        if self.shared.state.send_if_modified(|current| std::mem::replace(current, state) != state) {
            tracing::info!(?state, "the vault changed");
        }
    }

    /// Takes over what was found, unless the vault was locked or moved to another keychain meanwhile.
    fn adopt(&self, from: &Holder, found: Result<Found, KeychainError>) -> VaultState {
        let mut inner = self.inner();
        let meanwhile = inner.kept_locked || inner.key.is_some() || !inner.holder.is(from);
        if !meanwhile {
            let state = inner.take_over(found);
            self.publish(state);
        }
        self.state()
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault({:?})", self.state())
    }
}

impl Inner {
    fn when_none(&self) -> WhenNone {
        match self.expected {
            Some(_) => WhenNone::Report,
            None => WhenNone::Make,
        }
    }

    fn take_over(&mut self, found: Result<Found, KeychainError>) -> VaultState {
        self.trouble = None;
        let key = match found {
            Ok(Found::Key(key)) => key,
            Ok(Found::Nothing) => return VaultState::KeyLost,
            Err(KeychainError::Locked | KeychainError::WrongPassphrase | KeychainError::WeakPassphrase) => {
                return VaultState::Locked;
            }
            Err(KeychainError::Missing) => return VaultState::Missing,
            Err(error @ (KeychainError::Broken(_) | KeychainError::NoPassphrase)) => {
                self.trouble = Some(error.to_string());
                return VaultState::Broken;
            }
        };
        match &self.expected {
            Some(check) if !check.fits(&key) => return VaultState::KeyLost,
            Some(_) => {}
            None => match KeyCheck::of(&key) {
                Ok(check) => self.expected = Some(check),
                Err(error) => {
                    self.trouble = Some(error.to_string());
                    return VaultState::Broken;
                }
            },
        }
        keep_out_of_swap(&key);
        self.key = Some(key);
        VaultState::Unlocked
    }
}
