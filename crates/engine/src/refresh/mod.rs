//! Renewing credentials: one exchange in flight per connection, journalled before it is sent, kept before it is used.

mod attempt;
mod check;
mod ends;
mod keep;
mod line;
pub(crate) mod plan;
mod revoke;
mod scheduler;
mod storage;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use membrane_catalog::{App, AuthMethod, Catalog, Rotation};
use membrane_model::{Connection, ConnectionId, ConnectionState, DisconnectReason, ErrorCode, Fault, Timestamp};
use membrane_oauth::ExchangeFailure;
use membrane_store::{CredentialRow, FlightLock, StoreError};

pub use check::Report;
pub(crate) use keep::{lasting_row, row_of};
pub(crate) use storage::Storage;

use crate::Engine;
use crate::connection::apply;
use crate::connection::transition::{ConnectionEvent, transition};
use crate::credential::Credential;
use crate::failpoint;
use crate::refresh::attempt::Attempt;
use crate::refresh::plan::{after, between};

/// How long another process that renews the same connection is waited for: as long as an exchange may take, and more.
const OTHER_PROCESS: Duration = Duration::from_secs(40);

/// The locks that keep one exchange in flight per connection within this process, and few per provider.
#[derive(Default)]
pub(crate) struct Flights {
    by_connection: Mutex<HashMap<ConnectionId, Arc<tokio::sync::Mutex<()>>>>,
    by_host: Mutex<HashMap<String, Arc<tokio::sync::Semaphore>>>,
}

/// Exchanges that one provider gets at once.
const PER_HOST: usize = 12;

impl Flights {
    /// Returns the lock of a connection.
    pub(crate) fn of(&self, id: &ConnectionId) -> Arc<tokio::sync::Mutex<()>> {
        let mut all = self.by_connection.lock().unwrap_or_else(PoisonError::into_inner);
        // Locks that nobody holds on to are let go of, so that the map does not grow with the years.
        if all.len() > 256 {
            all.retain(|_, lock| Arc::strong_count(lock) > 1);
        }
        Arc::clone(all.entry(id.clone()).or_default())
    }

    /// Returns the places at a provider.
    fn at(&self, host: &str) -> Arc<tokio::sync::Semaphore> {
        let mut all = self.by_host.lock().unwrap_or_else(PoisonError::into_inner);
        let places = all.entry(host.to_owned()).or_insert_with(|| Arc::new(tokio::sync::Semaphore::new(PER_HOST)));
        Arc::clone(places)
    }
}

/// What a refresh came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refreshed {
    /// There is a new access token on disk.
    Fresh,
    /// Nothing changed; it is tried again at the given time.
    Transient {
        /// A short cause.
        cause: String,
        /// When.
        again_at: Timestamp,
    },
    /// The connection needs the person now.
    Permanent(DisconnectReason),
    /// The connection changed meanwhile; what it holds now is newer.
    Stale,
}

impl Engine {
    /// Renews a connection's credential. Callers that come while an exchange is in flight share its outcome.
    ///
    /// The exchange runs in a task of its own: neither a client that hangs up nor a signal cuts it short.
    pub(crate) async fn refresh(&self, id: &ConnectionId, seen: u64) -> Result<Refreshed, Fault> {
        let engine = self.clone();
        let id = id.clone();
        let task = self.inner().tasks.finish(async move {
            let flight = engine.inner().flights.of(&id);
            let _only_one = flight.lock().await;
            engine.refresh_alone(&id, seen).await
        });
        crate::engine::joined(task.await)?
    }

    async fn refresh_alone(&self, id: &ConnectionId, seen: u64) -> Result<Refreshed, Fault> {
        self.check_vault()?;
        self.weather().awake().await;
        // Whoever waited for its turn may find the work done.
        if self.credential_row_of(id)?.is_some_and(|row| row.generation != seen) {
            return Ok(Refreshed::Stale);
        }
        let lock = self.lock_across_processes(id).await;
        if let Ok(None) = lock {
            return Ok(busy());
        }
        // Under the lock everything is read anew: another process may have renewed it, or the person reconnected.
        let connection = self.find(id)?;
        if connection.archived_at.is_some() || connection.state != ConnectionState::Connected {
            return Ok(Refreshed::Stale);
        }
        let Some(row) = self.credential_row_of(id)? else { return self.lose(id, DisconnectReason::SecretLost).await };
        if row.generation != seen {
            return Ok(Refreshed::Stale);
        }
        let catalog = self.catalog();
        let Some((app, method)) = method_of(&catalog, &connection) else {
            // Its file may come back, so this ends nothing.
            return self.try_again(&row, "app-unknown", None, false).await;
        };
        if rotates(method) && row.device_id != self.inner().device_id {
            return self.lose(id, DisconnectReason::OtherComputer).await;
        }
        // What was renewed since this copy of the folder was made is spent: sent again, it would look stolen.
        if rotates(method) && self.inner().marks.is_older(id, row.generation) {
            return self.lose(id, DisconnectReason::OldCopy).await;
        }
        if self.must_wait_for_disk(method, &row, lock.is_err()) {
            return Ok(no_disk());
        }
        let outcome = match &method.login {
            Some(login) => {
                let credential = self.open_credential(&row)?;
                let reply = self.log_in_again(app, login, &credential, &connection.fields).await;
                attempt::Outcome { reply: reply.map_err(attempt::Failure::Exchange), open: false }
            }
            None => Attempt::new(self, &connection, app, method, &row)?.run().await?,
        };
        self.settle(outcome, connection, method, row).await
    }

    /// Takes the lock that other processes on this data folder heed; `None` = one of them kept it all the time.
    async fn lock_across_processes(&self, id: &ConnectionId) -> Result<Option<FlightLock>, StoreError> {
        let data = self.paths().data.clone();
        match FlightLock::wait(&data, id, Duration::ZERO) {
            Ok(None) => {}
            taken => return taken,
        }
        let id = id.clone();
        let waiting = tokio::task::spawn_blocking(move || FlightLock::wait(&data, &id, OTHER_PROCESS));
        waiting.await.unwrap_or(Ok(None))
    }

    /// Tells whether a renewal is put off because its outcome could not be kept: a token that rotates is risked
    /// only where the access has ended anyway.
    fn must_wait_for_disk(&self, method: &AuthMethod, row: &CredentialRow, lock_failed: bool) -> bool {
        let ended = row.expires_at.is_some_and(|end| end <= Timestamp::now());
        rotates(method) && !ended && (lock_failed || self.inner().storage.trouble_since().is_some())
    }

    /// Draws the consequences of an attempt.
    async fn settle(
        &self,
        outcome: attempt::Outcome,
        connection: Connection,
        method: &AuthMethod,
        row: CredentialRow,
    ) -> Result<Refreshed, Fault> {
        let id = connection.id.clone();
        let attempt::Outcome { reply, open } = outcome;
        match reply {
            Ok(reply) => self.keep(connection, method, row, reply).await,
            Err(attempt::Failure::NoDisk) => Ok(no_disk()),
            Err(attempt::Failure::Newer) => Ok(Refreshed::Stale),
            Err(attempt::Failure::Exchange(failure)) => match failure {
                ExchangeFailure::Dead { code } => {
                    tracing::info!(connection = %id, code, "the provider says the grant is gone");
                    let reason = match open {
                        _ if method.login.is_some() => DisconnectReason::KeyRejected,
                        true => DisconnectReason::RotationLost,
                        false => DisconnectReason::Revoked,
                    };
                    self.lose(&id, reason).await
                }
                ExchangeFailure::Misconfigured { code } => {
                    tracing::info!(connection = %id, code, "the provider refuses the client");
                    self.lose(&id, DisconnectReason::ClientInvalid).await
                }
                ExchangeFailure::Transient { cause, retry_after, .. } => {
                    self.try_again(&row, &cause.as_code(), retry_after, open).await
                }
                ExchangeFailure::Refused { code } => self.try_again(&row, &code, None, open).await,
                ExchangeFailure::Malformed => self.try_again(&row, "malformed-request", None, open).await,
            },
        }
    }

    /// Disconnects: state, event and the end of the journal in one transaction, then the person is told.
    pub(crate) async fn lose(&self, id: &ConnectionId, reason: DisconnectReason) -> Result<Refreshed, Fault> {
        let now = Timestamp::now();
        let key = id.clone();
        let done = self
            .write(move |tx| {
                let mut connection = tx.connection(&key)?.ok_or(StoreError::NotFound)?;
                let Some(step) = transition(&connection.state, &ConnectionEvent::Lost(reason), now) else {
                    return Ok(None);
                };
                let written = apply(tx, &mut connection, &step, now)?;
                tx.clear_journal(&key)?;
                tx.clear_retry(&key)?;
                Ok(Some((connection, step, written)))
            })
            .await?;
        if let Some((connection, step, written)) = done {
            failpoint::reach("lost");
            self.after(&connection, &step, written);
        }
        Ok(Refreshed::Permanent(reason))
    }

    /// Renews now because somebody asked for it.
    ///
    /// # Errors
    /// `NotFound`, the vault's states, `Disconnected`, `Paused`, `BadRequest` where there is nothing to renew with, and
    /// `ProviderUnavailable` or `Offline` when the provider did not answer.
    pub async fn refresh_now(&self, id: &ConnectionId) -> Result<membrane_model::ConnectionView, Fault> {
        self.need_vault().await?;
        let connection = self.find(id)?;
        self.usable(&connection)?;
        let Some(row) = self.credential_row_of(id)?.filter(|row| row.has_refresh) else {
            return Err(Fault::new(ErrorCode::BadRequest, "there is nothing to renew this connection with")
                .hint("It works until it runs out or is revoked; reconnect it then."));
        };
        match self.refresh(id, row.generation).await? {
            Refreshed::Transient { cause, again_at } => Err(self.not_now(&connection, &cause, again_at)),
            // Whoever was quicker may have found that it is over.
            Refreshed::Fresh | Refreshed::Stale | Refreshed::Permanent(_) => {
                let connection = self.find(id)?;
                self.usable(&connection)?;
                self.view(&connection)
            }
        }
    }

    pub(crate) fn not_now(&self, connection: &Connection, cause: &str, again_at: Timestamp) -> Fault {
        let name = self.app_name(&connection.app);
        let (code, what) = match cause {
            "storage" => (
                ErrorCode::StorageError,
                format!("nothing can be written to the data folder, so {name} is not renewed"),
            ),
            "offline" | "dns" | "connect" => (ErrorCode::Offline, format!("{name} can't be reached from here")),
            "web-page" => {
                (ErrorCode::ProviderUnavailable, format!("a page of this network answers in the place of {name}"))
            }
            _ => (ErrorCode::ProviderUnavailable, format!("{name} isn't answering as it should ({cause})")),
        };
        let wait = between(Timestamp::now(), again_at).as_secs().max(1);
        Fault { retry_after: Some(wait), ..Fault::new(code, what) }
    }

    /// Returns a connection's credential, from memory where the disk did not take it yet.
    pub(crate) fn credential_row_of(&self, id: &ConnectionId) -> Result<Option<CredentialRow>, Fault> {
        match self.inner().storage.unsaved(id) {
            Some(row) => Ok(Some(row)),
            None => Ok(self.store().read(|tx| tx.credential(id))?),
        }
    }

    /// Notes how far a credential has come that was just written.
    pub(crate) fn mark(&self, id: &ConnectionId, generation: u64) {
        if let Err(error) = self.inner().marks.set(id, generation) {
            tracing::debug!(connection = %id, "its generation could not be noted: {error}");
        }
    }

    pub(crate) fn open_credential(&self, row: &CredentialRow) -> Result<Credential, Fault> {
        Credential::open(self.vault(), &row.connection_id, &row.sealed)
    }
}

/// Finds what the catalog says of how a connection was made.
pub(crate) fn method_of<'a>(catalog: &'a Catalog, connection: &Connection) -> Option<(&'a App, &'a AuthMethod)> {
    let app = catalog.get(&connection.app)?;
    Some((app, app.method(&connection.auth_method)?))
}

/// Tells whether using a refresh token spends it.
fn rotates(method: &AuthMethod) -> bool {
    match method.oauth.as_ref().map(|oauth| oauth.token.rotation) {
        Some(Rotation::SingleUse | Rotation::Grace { .. }) => true,
        Some(Rotation::None) | None => false,
    }
}

fn busy() -> Refreshed {
    Refreshed::Transient { cause: "busy".to_owned(), again_at: after(Timestamp::now(), Duration::from_secs(1)) }
}

fn no_disk() -> Refreshed {
    Refreshed::Transient { cause: "storage".to_owned(), again_at: after(Timestamp::now(), storage::TRY_AGAIN) }
}

/// Returns a random number in 0..1 for jitter.
pub(crate) fn random_unit() -> f64 {
    let mut bytes = [0_u8; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0),
        Err(_) => 0.5,
    }
}
