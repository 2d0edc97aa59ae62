//! Renewing credentials: one exchange in flight per connection, journalled before it is sent, kept before it is used.

pub(crate) mod plan;
mod revoke;
mod scheduler;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use membrane_model::{Connection, ConnectionId, ConnectionState, DisconnectReason, ErrorCode, Fault, Timestamp};
use membrane_oauth::{ExchangeFailure, TokenReply};
use membrane_store::{CredentialRow, JournalRow, JournalState, StoreError};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use crate::Engine;
use crate::connection::apply;
use crate::connection::transition::{ConnectionEvent, transition};
use crate::credential::Credential;
use crate::refresh::plan::{after, backoff, between, refresh_at};

/// How soon an exchange without an answer is tried again with the same token, to meet the provider's grace window.
const PROMPT_RETRY: Duration = Duration::from_millis(700);
/// How long before a dead token is asked for a second time, to be sure.
const CONFIRM_AFTER: Duration = Duration::from_millis(500);

/// The locks that keep one exchange in flight per connection.
#[derive(Default)]
pub(crate) struct Flights(Mutex<HashMap<ConnectionId, Arc<tokio::sync::Mutex<()>>>>);

impl Flights {
    /// Returns the lock of a connection.
    pub(crate) fn of(&self, id: &ConnectionId) -> Arc<tokio::sync::Mutex<()>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Locks that nobody holds on to are let go of, so that the map does not grow with the years.
        if all.len() > 256 {
            all.retain(|_, lock| Arc::strong_count(lock) > 1);
        }
        Arc::clone(all.entry(id.clone()).or_default())
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
        let connection = self.find(id)?;
        if connection.archived_at.is_some() || connection.state != ConnectionState::Connected {
            return Ok(Refreshed::Stale);
        }
        let row = self.store().read(|tx| tx.credential(id))?;
        let Some(row) = row else { return self.lose(id, DisconnectReason::SecretLost).await };
        if row.generation != seen {
            return Ok(Refreshed::Stale);
        }
        let credential = Credential::open(self.vault(), id, &row.sealed)?;
        let journal = self.store().read(|tx| tx.journal(id))?;
        let ambiguous_before = journal.is_some_and(|journal| journal.generation == row.generation);

        let mut reply = self.exchange(&connection, &credential, &row).await?;
        let mut ambiguous = ambiguous_before;
        if let Err(ExchangeFailure::Transient { ambiguous: true, .. }) = &reply {
            ambiguous = true;
            tokio::time::sleep(PROMPT_RETRY).await;
            reply = self.exchange(&connection, &credential, &row).await?;
        }
        if let Err(ExchangeFailure::Dead { .. }) = &reply {
            tokio::time::sleep(CONFIRM_AFTER).await;
            reply = self.exchange(&connection, &credential, &row).await?;
        }
        match reply {
            Ok(reply) => self.keep(connection, credential, row, reply).await,
            Err(ExchangeFailure::Dead { code }) => {
                tracing::info!(connection = %id, code, "the provider says the grant is gone");
                let reason = match ambiguous {
                    _ if self.logs_in(&connection) => DisconnectReason::KeyRejected,
                    true => DisconnectReason::RotationLost,
                    false => DisconnectReason::Revoked,
                };
                self.lose(id, reason).await
            }
            Err(ExchangeFailure::Misconfigured { code }) => {
                tracing::info!(connection = %id, code, "the provider refuses the client");
                self.lose(id, DisconnectReason::ClientInvalid).await
            }
            Err(ExchangeFailure::Transient { cause, retry_after, ambiguous }) => {
                self.try_again(&row, &cause.as_code(), retry_after, ambiguous).await
            }
            Err(ExchangeFailure::Refused { code }) => self.try_again(&row, &code, None, false).await,
            Err(ExchangeFailure::Malformed) => self.try_again(&row, "malformed-reply", None, true).await,
        }
    }

    /// Sends the refresh token, with the journal row on disk before a byte leaves.
    async fn exchange(
        &self,
        connection: &Connection,
        credential: &Credential,
        row: &CredentialRow,
    ) -> Result<Result<TokenReply, ExchangeFailure>, Fault> {
        let catalog = self.catalog();
        let Some((app, method)) =
            catalog.get(&connection.app).and_then(|a| Some((a, a.method(&connection.auth_method)?)))
        else {
            return Ok(Err(ExchangeFailure::Misconfigured { code: "app_unknown".to_owned() }));
        };
        let refresh_token = credential.refresh_token.clone();
        let hash = refresh_token.as_ref().map_or([0; 32], |t| Sha256::digest(t.expose_secret().as_bytes()).into());
        let journal = JournalRow {
            connection_id: connection.id.clone(),
            generation: row.generation,
            token_hash: hash,
            sent_at: Timestamp::now(),
            state: JournalState::InFlight,
        };
        self.write(move |tx| tx.put_journal(&journal)).await?;
        let reply = self.renew(app, method, connection, credential).await?;
        let ambiguous = matches!(reply, Err(ExchangeFailure::Transient { ambiguous: true, .. }));
        if reply.is_err() && !ambiguous {
            let id = connection.id.clone();
            self.write(move |tx| tx.clear_journal(&id)).await?;
        }
        Ok(reply)
    }

    /// Keeps a new pair: on disk before anyone sees it, and only if nothing newer is there.
    async fn keep(
        &self,
        connection: Connection,
        mut credential: Credential,
        old: CredentialRow,
        reply: TokenReply,
    ) -> Result<Refreshed, Fault> {
        let now = Timestamp::now();
        credential.access_token = Some(reply.access_token.clone());
        if let Some(token) = reply.refresh_token.clone() {
            credential.refresh_token = Some(token);
        }
        let sealed = credential.seal(self.vault(), &connection.id)?;
        let previous = self.seal_previous(&connection.id, &old)?;
        let mut row = new_row(&connection.id, sealed, &reply, &credential, now, &self.inner().device_id);
        row.has_refresh |= old.has_refresh;
        row.generation = old.generation + 1;
        row.previous = previous;
        row.last_refresh_at = Some(now);
        if row.next_refresh_at.is_none() && row.has_refresh {
            row.next_refresh_at = row.expires_at.map(|end| refresh_at(now, end, random_unit()));
        }
        let mut changed = connection.clone();
        changed.generation = row.generation;
        // An app may move an account to another host; its reply says so.
        let catalog = self.catalog();
        if let Some(method) = catalog.get(&connection.app).and_then(|app| app.method(&connection.auth_method)) {
            changed.fields.extend(crate::renew::kept(method, &reply));
        }
        drop(catalog);
        if let Some(scopes) = reply.scope {
            changed.scopes = scopes;
        }
        let expected = old.generation;
        let was_failing = old.retry_attempts > 0;
        let kept = self
            .write(move |tx| {
                if !tx.replace_credential_if(&row, expected)? {
                    return Ok(false);
                }
                tx.clear_journal(&row.connection_id)?;
                tx.update_connection(&changed)?;
                Ok(true)
            })
            .await?;
        if !kept {
            tracing::info!(connection = %connection.id, "a late reply was dropped: something newer is there");
            return Ok(Refreshed::Stale);
        }
        tracing::info!(connection = %connection.id, recovered = was_failing, "renewed");
        self.publish_connection(&connection.id);
        Ok(Refreshed::Fresh)
    }

    fn seal_previous(&self, id: &ConnectionId, old: &CredentialRow) -> Result<Option<membrane_vault::Sealed>, Fault> {
        let credential = Credential::open(self.vault(), id, &old.sealed)?;
        let place = membrane_vault::Place { table: "credential", row: id.as_str(), field: "previous" };
        Ok(Some(credential.seal_at(self.vault(), place)?))
    }

    /// Notes a failure that the weather explains, and when to try again.
    async fn try_again(
        &self,
        row: &CredentialRow,
        cause: &str,
        retry_after: Option<Duration>,
        ambiguous: bool,
    ) -> Result<Refreshed, Fault> {
        let now = Timestamp::now();
        let id = row.connection_id.clone();
        let attempts = row.retry_attempts.saturating_add(1);
        let failing_since = row.failing_since.unwrap_or(now);
        let wait = backoff(attempts, between(failing_since, now), retry_after, random_unit());
        let again_at = after(now, wait);
        let cause_text = cause.to_owned();
        self.write(move |tx| {
            if ambiguous && let Some(mut journal) = tx.journal(&id)? {
                journal.state = JournalState::Ambiguous;
                tx.put_journal(&journal)?;
            }
            tx.record_retry(&id, attempts, again_at, &cause_text, failing_since)
        })
        .await?;
        tracing::info!(connection = %row.connection_id, cause, attempts, %again_at, "not renewed yet");
        self.publish_connection(&row.connection_id);
        Ok(Refreshed::Transient { cause: cause.to_owned(), again_at })
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
        let row = self.store().read(|tx| tx.credential(id))?;
        let Some(row) = row.filter(|row| row.has_refresh) else {
            return Err(Fault::new(ErrorCode::BadRequest, "there is nothing to renew this connection with")
                .hint("It works until it runs out or is revoked; reconnect it then."));
        };
        match self.refresh(id, row.generation).await? {
            Refreshed::Fresh | Refreshed::Stale => self.view(&self.find(id)?),
            Refreshed::Transient { cause, again_at } => Err(self.not_now(&connection, &cause, again_at)),
            Refreshed::Permanent(_) => {
                let connection = self.find(id)?;
                self.usable(&connection)?;
                self.view(&connection)
            }
        }
    }

    pub(crate) fn not_now(&self, connection: &Connection, cause: &str, again_at: Timestamp) -> Fault {
        let name = self.app_name(&connection.app);
        let offline = matches!(cause, "offline" | "dns" | "connect");
        let (code, what) = if offline {
            (ErrorCode::Offline, format!("{name} can't be reached from here"))
        } else {
            (ErrorCode::ProviderUnavailable, format!("{name} isn't answering as it should ({cause})"))
        };
        let wait = between(Timestamp::now(), again_at).as_secs().max(1);
        Fault { retry_after: Some(wait), ..Fault::new(code, what) }
    }
}

/// Makes the row of a credential that was just obtained.
pub(crate) fn new_row(
    id: &ConnectionId,
    sealed: membrane_vault::Sealed,
    reply: &TokenReply,
    credential: &Credential,
    now: Timestamp,
    device_id: &str,
) -> CredentialRow {
    let expires_at = reply.expires_in.map(|lifetime| after(now, lifetime));
    let has_refresh = credential.refresh_token.is_some();
    CredentialRow {
        connection_id: id.clone(),
        sealed,
        previous: None,
        generation: 1,
        obtained_at: now,
        expires_at,
        refresh_expires_at: reply.refresh_expires_in.map(|lifetime| after(now, lifetime)),
        has_refresh,
        next_refresh_at: expires_at.filter(|_| has_refresh).map(|end| refresh_at(now, end, random_unit())),
        retry_attempts: 0,
        next_retry_at: None,
        last_error: None,
        failing_since: None,
        last_refresh_at: None,
        device_id: device_id.to_owned(),
    }
}

/// Returns a random number in 0..1 for jitter.
pub(crate) fn random_unit() -> f64 {
    let mut bytes = [0_u8; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0),
        Err(_) => 0.5,
    }
}
