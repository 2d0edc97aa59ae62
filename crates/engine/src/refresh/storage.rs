//! What happens while the data folder can't be written: new tokens wait in memory, and nothing is risked.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use membrane_model::{ConnectionId, ErrorCode, Fault, Timestamp};
use membrane_store::{CredentialRow, StoreError};

use crate::Engine;

/// How often writing is tried again.
pub(super) const TRY_AGAIN: Duration = Duration::from_secs(3);

/// What is known of the disk, and what it owes us.
#[derive(Default)]
pub(crate) struct Storage(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    trouble_since: Option<Timestamp>,
    unsaved: HashMap<ConnectionId, Unsaved>,
}

/// A new pair that is in memory only.
#[derive(Clone)]
struct Unsaved {
    row: CredentialRow,
    scopes: Vec<String>,
    /// The generation that is on the disk.
    expected: u64,
}

impl Storage {
    /// Tells since when nothing can be written.
    pub(crate) fn trouble_since(&self) -> Option<Timestamp> {
        self.inner().trouble_since
    }

    /// Returns a credential that is in memory only.
    pub(crate) fn unsaved(&self, id: &ConnectionId) -> Option<CredentialRow> {
        self.inner().unsaved.get(id).map(|unsaved| unsaved.row.clone())
    }

    /// Returns the generation that the disk has of a credential that is newer in memory.
    pub(super) fn expected(&self, id: &ConnectionId) -> Option<u64> {
        self.inner().unsaved.get(id).map(|unsaved| unsaved.expected)
    }

    /// Keeps a credential that the disk did not take.
    pub(super) fn hold(&self, row: CredentialRow, scopes: Vec<String>, expected: u64) {
        self.inner().unsaved.insert(row.connection_id.clone(), Unsaved { row, scopes, expected });
    }

    /// Forgets a credential that is on the disk now, or that something newer took the place of.
    pub(crate) fn saved(&self, id: &ConnectionId) {
        self.inner().unsaved.remove(id);
    }

    /// Notes how a write ended; returns whether that is news.
    fn note(&self, failed: bool, now: Timestamp) -> bool {
        let mut inner = self.inner();
        match (failed, inner.trouble_since) {
            (true, None) => inner.trouble_since = Some(now),
            (false, Some(_)) => inner.trouble_since = None,
            (true, Some(_)) | (false, None) => return false,
        }
        true
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Heeds how a write ended.
    pub(crate) fn note_write(&self, failure: Option<&StoreError>) {
        let failed = failure.is_some_and(StoreError::is_unwritable);
        // A refusal that is about the value written says nothing of the disk.
        if failure.is_some() && !failed {
            return;
        }
        if self.inner().storage.note(failed, Timestamp::now()) {
            match failure {
                Some(error) => tracing::error!("the data folder can't be written: {error}"),
                None => tracing::info!("the data folder can be written again"),
            }
            self.inner().wake.notify_one();
            self.publish_status();
        }
    }

    /// Tries to write what is in memory only, or whether anything can be written at all; tells when to come again.
    pub(crate) async fn settle_with_disk(&self) -> Option<Duration> {
        let waiting: Vec<Unsaved> = self.inner().storage.inner().unsaved.values().cloned().collect();
        if waiting.is_empty() {
            self.inner().storage.trouble_since()?;
            let probe = Timestamp::now().to_string();
            return self.write(move |tx| tx.set_meta("last_probe", &probe)).await.err().map(|_| TRY_AGAIN);
        }
        for Unsaved { row, scopes, expected } in waiting {
            let id = row.connection_id.clone();
            let generation = row.generation;
            let saved = self.write(move |tx| {
                if tx.replace_credential_if(&row, expected)? {
                    tx.clear_journal(&row.connection_id)?;
                    tx.note_renewal(&row.connection_id, row.generation, &scopes)?;
                }
                Ok(())
            });
            match saved.await {
                Ok(()) => {
                    self.mark(&id, generation);
                    // Another exchange may have brought a newer pair while this one was written.
                    let mut storage = self.inner().storage.inner();
                    match storage.unsaved.get_mut(&id) {
                        Some(unsaved) if unsaved.row.generation != generation => unsaved.expected = generation,
                        Some(_) | None => drop(storage.unsaved.remove(&id)),
                    }
                }
                Err(Fault { code: ErrorCode::StorageError, .. }) => return Some(TRY_AGAIN),
                Err(fault) => {
                    tracing::warn!(connection = %id, "a token in memory has no place any more: {fault}");
                    self.inner().storage.saved(&id);
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r46_trouble_is_news_once_and_so_is_its_end() {
        let storage = Storage::default();
        let now = Timestamp::UNIX_EPOCH;
        assert!(!storage.note(false, now));
        assert!(storage.note(true, now));
        assert!(!storage.note(true, Timestamp::MAX));
        assert_eq!(storage.trouble_since(), Some(now));
        assert!(storage.note(false, now));
        assert_eq!(storage.trouble_since(), None);
    }
}
