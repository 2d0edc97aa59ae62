//! Calls of a keychain from async code: one at a time, on a thread that may hang, waited for no longer than a cap.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::timeout;

use crate::{Backend, Keychain, KeychainError, MasterKey};

/// How long a keychain may take before the vault goes on without it.
pub const KEYCHAIN_CAP: Duration = Duration::from_secs(5);
/// Argon2 is meant to be slow, and a small computer slower still.
const PASSPHRASE_CAP: Duration = Duration::from_secs(60);

/// A keychain and whose turn it is to talk to it.
#[derive(Clone)]
pub(crate) struct Holder {
    pub(crate) keychain: Arc<dyn Keychain>,
    /// Held by the thread that makes a call, also when nobody waits for its answer any more.
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// What came of looking for the key.
pub(crate) enum Found {
    Key(MasterKey),
    Nothing,
}

/// May a key be made when there is none?
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhenNone {
    Make,
    Report,
}

impl Holder {
    pub(crate) fn of(keychain: Arc<dyn Keychain>) -> Self {
        Self { keychain, turn: Arc::default() }
    }

    /// Tells whether both are the same one, and not just equal.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.turn, &other.turn)
    }

    /// Looks for the key, and makes one where that is allowed.
    pub(crate) async fn look(&self, when_none: WhenNone) -> Result<Found, KeychainError> {
        self.call(move |keychain, still_wanted| {
            if let Some(key) = keychain.read()? {
                return Ok(Found::Key(key));
            }
            if when_none == WhenNone::Report {
                return Ok(Found::Nothing);
            }
            let key = MasterKey::random().map_err(KeychainError::broken)?;
            if !still_wanted.load(Ordering::Acquire) {
                return Err(KeychainError::broken("it answered too late"));
            }
            keychain.write(&key).map(Found::Key)
        })
        .await
    }

    /// Makes a call of the keychain and waits for it no longer than it may take.
    ///
    /// One call at a time: a call that hangs keeps its turn, so that nothing happens behind its back and it does
    /// nothing behind ours when it wakes up. The call sees whether anyone still waits for its answer.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        act: impl FnOnce(&dyn Keychain, &AtomicBool) -> Result<T, KeychainError> + Send + 'static,
    ) -> Result<T, KeychainError> {
        let backend = self.keychain.backend();
        let cap = match backend {
            Backend::Passphrase => PASSPHRASE_CAP,
            Backend::SecretService | Backend::Environment | Backend::Memory => KEYCHAIN_CAP,
        };
        let still_wanted = Arc::new(AtomicBool::new(true));
        let answer = async {
            let turn = self.turn.clone().lock_owned().await;
            let (keychain, still_wanted) = (self.keychain.clone(), still_wanted.clone());
            let act = move || {
                let answer = act(&*keychain, &still_wanted);
                drop(turn);
                answer
            };
            match backend {
                Backend::SecretService => apart(act).await,
                Backend::Passphrase | Backend::Environment | Backend::Memory => {
                    tokio::task::spawn_blocking(act).await.ok()
                }
            }
        };
        let outcome = timeout(cap, answer).await;
        still_wanted.store(false, Ordering::Release);
        match outcome {
            Ok(Some(answer)) => answer,
            Ok(None) => Err(KeychainError::broken("it ended without an answer")),
            Err(_) => Err(KeychainError::Broken(format!("it did not answer within {} seconds", cap.as_secs()))),
        }
    }
}

/// Runs a call that may never return on a thread of its own; `None` when it panicked or no thread was to be had.
///
/// The thread is detached and none of the runtime's: the runtime waits for its own when the engine ends, and a
/// daemon that hangs would keep the process alive.
pub(crate) fn apart<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> impl Future<Output = Option<T>> {
    let (answer, waiting) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("keychain".to_owned()).spawn(move || {
        let _nobody_waits = answer.send(act());
    });
    if let Err(error) = &thread {
        tracing::error!(%error, "no thread for the keychain");
    }
    async move { waiting.await.ok() }
}
