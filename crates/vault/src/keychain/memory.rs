//! A keychain that ends with the process, for tests: it can be told to fail like a real one.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Backend, Keychain, KeychainError};
use crate::MasterKey;

/// Keeps the key in memory.
#[derive(Default)]
pub struct MemoryKeychain {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    key: Option<MasterKey>,
    failure: Option<KeychainError>,
}

impl MemoryKeychain {
    /// Makes an empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes every call fail like this from now on.
    pub fn fail(&self, failure: KeychainError) {
        self.inner().failure = Some(failure);
    }

    /// Makes calls work again.
    pub fn mend(&self) {
        self.inner().failure = None;
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn working(&self) -> Result<MutexGuard<'_, Inner>, KeychainError> {
        let inner = self.inner();
        match inner.failure.clone() {
            Some(failure) => Err(failure),
            None => Ok(inner),
        }
    }
}

impl Keychain for MemoryKeychain {
    fn backend(&self) -> Backend {
        Backend::Memory
    }

    fn read(&self) -> Result<Option<MasterKey>, KeychainError> {
        Ok(self.working()?.key.clone())
    }

    fn write(&self, key: &MasterKey) -> Result<MasterKey, KeychainError> {
        Ok(self.working()?.key.get_or_insert_with(|| key.clone()).clone())
    }

    fn delete(&self) -> Result<(), KeychainError> {
        self.working()?.key = None;
        Ok(())
    }

    fn ask(&self) -> Result<(), KeychainError> {
        self.working().map(drop)
    }
}
