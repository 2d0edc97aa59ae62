//! The vault's way to its key: tried at the start, again while locked, and whenever the person asks.

use std::time::Duration;

use membrane_model::{DisconnectReason, ErrorCode, Fault, VaultState, VaultView};
use secrecy::SecretString;

use crate::Engine;

/// How often a locked or missing keychain is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// How long a request waits for the first unlock at start.
const PATIENCE: Duration = Duration::from_secs(6);

impl Engine {
    pub(crate) fn start_unlocking(&self) {
        let engine = self.clone();
        self.inner().tasks.until_end(async move {
            loop {
                engine.try_unlock().await;
                match engine.vault().state() {
                    // A passphrase comes from the person; asking the file again changes nothing.
                    VaultState::Unlocked | VaultState::KeyLost => engine.vault_changed().await,
                    VaultState::Locked | VaultState::Missing | VaultState::Broken => {
                        tokio::select! {
                            () = tokio::time::sleep(ASK_AGAIN) => {}
                            () = engine.vault_changed() => {}
                        }
                    }
                }
            }
        });
    }

    async fn vault_changed(&self) {
        let mut changes = self.vault().subscribe();
        changes.mark_unchanged();
        if changes.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    async fn try_unlock(&self) {
        let before = self.vault().state();
        if before == VaultState::Unlocked {
            return;
        }
        if self.vault().unlock().await == VaultState::Unlocked {
            self.unlocked();
        }
        if self.vault().state() != before {
            self.publish_status();
        }
    }

    /// Remembers which key the records are sealed with, and lets the refresh engine go on.
    fn unlocked(&self) {
        if let Some(check) = self.vault().key_check() {
            let saved = self.store().write(|tx| match tx.key_check()? {
                None => tx.put_key_check(&check),
                Some(_) => Ok(()),
            });
            if let Err(error) = saved {
                tracing::error!("failed to note the vault's key: {error}");
            }
        }
        self.inner().wake.notify_one();
        self.publish_status();
    }

    /// Waits until the vault's first answer is in.
    ///
    /// # Errors
    /// `VaultLocked`, `VaultMissing` or `VaultKeyLost` when secrets can't be had.
    pub(crate) async fn need_vault(&self) -> Result<(), Fault> {
        if self.vault().state() == VaultState::Unlocked {
            return Ok(());
        }
        let started = self.inner().started_at;
        let young = membrane_model::Timestamp::now().duration_since(started).unsigned_abs() < PATIENCE;
        if young {
            let mut changes = self.vault().subscribe();
            let unlocked = changes.wait_for(|state| *state == VaultState::Unlocked);
            let _late = tokio::time::timeout(PATIENCE, unlocked).await;
        }
        self.check_vault()
    }

    pub(crate) fn check_vault(&self) -> Result<(), Fault> {
        let view = self.vault().view();
        let code = match view.state {
            VaultState::Unlocked => return Ok(()),
            VaultState::Locked | VaultState::Broken => ErrorCode::VaultLocked,
            VaultState::Missing => ErrorCode::VaultMissing,
            VaultState::KeyLost => ErrorCode::VaultKeyLost,
        };
        Err(Fault::new(code, view.sentence))
    }

    /// Returns the vault at a glance.
    #[must_use]
    pub fn vault_view(&self) -> VaultView {
        self.vault().view()
    }

    /// Tries to unlock now; a passphrase is needed where the key is kept in a file.
    ///
    /// # Errors
    /// `WrongPassphrase`, `VaultLocked`, `VaultMissing` or `VaultKeyLost`.
    pub async fn unlock(&self, passphrase: Option<SecretString>) -> Result<VaultView, Fault> {
        match passphrase {
            Some(passphrase) => self.vault().unlock_with(passphrase).await?,
            None => self.vault().unlock_asking().await,
        };
        if self.vault().state() == VaultState::Unlocked {
            self.unlocked();
        }
        self.check_vault()?;
        Ok(self.vault_view())
    }

    /// Keeps the master key in a passphrase file from now on instead of a keychain.
    ///
    /// # Errors
    /// `BadRequest` for a passphrase under eight characters; `VaultLocked` or `VaultKeyLost` while records exist
    /// whose key can't be read.
    pub async fn init_passphrase(&self, passphrase: SecretString) -> Result<VaultView, Fault> {
        self.vault().protect_with_passphrase(&self.paths().data, passphrase).await?;
        if self.vault().state() == VaultState::Unlocked {
            self.unlocked();
        }
        self.check_vault()?;
        Ok(self.vault_view())
    }

    /// Gives up everything that is sealed and starts with a new key: every connection has to be connected again.
    ///
    /// # Errors
    /// Fails when the store can't be written or the keychain can't be changed.
    pub async fn reset_vault(&self) -> Result<VaultView, Fault> {
        for view in self.list_everyone()? {
            self.lose(&view.id, DisconnectReason::SecretLost).await?;
        }
        self.write(|tx| tx.forget_secrets()).await?;
        self.vault().reset().await?;
        if self.vault().state() == VaultState::Unlocked {
            self.unlocked();
        }
        self.publish_status();
        Ok(self.vault_view())
    }

    /// Forgets the key until it is unlocked again.
    pub fn lock_vault(&self) -> VaultView {
        self.vault().lock();
        self.publish_status();
        self.vault_view()
    }
}
