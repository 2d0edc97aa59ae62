//! Changes that wait for the writer at the same time share a transaction, and so a flush of the disk.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, Savepoint, Transaction, TransactionBehavior};

use crate::{StoreError, Tx};

/// How many changes share a transaction at most.
const AT_ONCE: usize = 256;

/// A change with a place for its outcome. It is given a savepoint of its own, or the reason why there is none.
type Change = Box<dyn FnOnce(Result<Savepoint<'_>, StoreError>) -> Finish + Send>;

/// Hands the outcome of a change on, once it is known whether the transaction is on the disk.
type Finish = Box<dyn FnOnce(Option<StoreError>) + Send>;

/// The changes that wait.
#[derive(Default)]
pub(crate) struct Together(Mutex<Vec<Change>>);

/// Where the outcome of a change will be.
pub(crate) struct Answer<T>(Arc<Mutex<Option<Result<T, StoreError>>>>);

impl<T> Answer<T> {
    /// Takes the outcome; it is there once the writer has been held after the change was added.
    pub(crate) fn take(self) -> Result<T, StoreError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or(Err(StoreError::Lost))
    }
}

impl Together {
    /// Puts a change in line.
    pub(crate) fn add<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Answer<T> {
        let slot = Arc::new(Mutex::new(None));
        let answer = Answer(Arc::clone(&slot));
        let job: Change = Box::new(move |turn| {
            let outcome = turn.and_then(|savepoint| {
                // Dropped without a commit, it takes the change back.
                let value = change(&Tx(&savepoint))?;
                savepoint.commit()?;
                Ok(value)
            });
            Box::new(move |failed: Option<StoreError>| {
                let outcome = match failed {
                    // What could not be committed did not happen, whatever the change itself came to.
                    Some(error) if outcome.is_ok() => Err(error),
                    Some(_) | None => outcome,
                };
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
            })
        });
        self.waiting().push(job);
        answer
    }

    /// Runs what waits. Whoever finds nothing waiting was served by somebody else.
    pub(crate) fn run(&self, writer: &mut Connection) {
        loop {
            let jobs: Vec<Change> = {
                let mut waiting = self.waiting();
                let count = waiting.len().min(AT_ONCE);
                waiting.drain(..count).collect()
            };
            if jobs.is_empty() {
                return;
            }
            run_all(writer, jobs);
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Change>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn run_all(writer: &mut Connection, jobs: Vec<Change>) {
    let mut transaction = match Transaction::new(writer, TransactionBehavior::Immediate) {
        Ok(transaction) => transaction,
        Err(error) => {
            let error = StoreError::from(error);
            jobs.into_iter().for_each(|job| job(Err(error.again()))(None));
            return;
        }
    };
    let answers: Vec<_> = jobs.into_iter().map(|job| one(&mut transaction, job)).collect();
    let failed = transaction.commit().err().map(StoreError::from);
    answers.into_iter().for_each(|answer| answer(failed.as_ref().map(StoreError::again)));
}

/// Runs one change in a savepoint: it fails alone.
fn one(transaction: &mut Transaction<'_>, job: Change) -> Finish {
    job(transaction.savepoint().map_err(StoreError::from))
}
