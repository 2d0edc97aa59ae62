//! Keeping what an exchange brought: on the disk before anyone sees it, or in memory until the disk takes it.

use std::collections::BTreeMap;
use std::time::Duration;

use membrane_catalog::AuthMethod;
use membrane_model::{Connection, ConnectionId, ErrorCode, Fault, Timestamp};
use membrane_oauth::TokenReply;
use membrane_store::{CredentialRow, JournalState};
use membrane_vault::{Place, Sealed};
use secrecy::ExposeSecret;

use crate::Engine;
use crate::credential::Credential;
use crate::failpoint;
use crate::refresh::plan::{after, backoff, between, next_check, next_refresh, prompt};
use crate::refresh::{Refreshed, random_unit};

/// How long the credential before the newest is kept at most.
const KEEP_PREVIOUS: Duration = Duration::from_secs(24 * 60 * 60);
/// An end that moves by less than this when it is renewed has not moved.
const SAME_END: Duration = Duration::from_secs(60);

impl Engine {
    /// Keeps a new pair: on disk before anyone sees it, and only if nothing newer is there.
    pub(super) async fn keep(
        &self,
        connection: Connection,
        method: &AuthMethod,
        old: CredentialRow,
        reply: TokenReply,
    ) -> Result<Refreshed, Fault> {
        let now = Timestamp::now();
        let mut credential = self.open_credential(&old)?;
        let rotated = reply.refresh_token.as_ref().is_some_and(|new| {
            credential.refresh_token.as_ref().is_none_or(|old| old.expose_secret() != new.expose_secret())
        });
        credential.access_token = Some(reply.access_token.clone());
        if let Some(token) = reply.refresh_token.clone() {
            credential.refresh_token = Some(token);
        }
        let sealed = credential.seal(self.vault(), &connection.id)?;
        let mut row = row_of(method, &connection.id, sealed, &reply, &credential, now, &self.inner().device_id);
        row.generation = old.generation + 1;
        row.last_refresh_at = Some(now);
        row.rejected_at = old.rejected_at;
        row.announced_end = old.announced_end;
        if rotated {
            row.previous = Some(self.seal_previous(&connection.id, &old)?);
            row.previous_until = Some(after(now, KEEP_PREVIOUS));
        }
        carry_refresh_end(&mut row, &old, rotated);
        let mut changed = connection.clone();
        changed.generation = row.generation;
        // An app may move an account to another host; its reply says so.
        changed.fields.extend(crate::renew::kept(method, &reply));
        let moved = (changed.fields != connection.fields).then(|| changed.fields.clone());
        if let Some(scopes) = reply.scope {
            changed.scopes = scopes;
        }
        self.keep_row(changed, row, old, moved).await
    }

    async fn keep_row(
        &self,
        connection: Connection,
        row: CredentialRow,
        old: CredentialRow,
        moved: Option<BTreeMap<String, String>>,
    ) -> Result<Refreshed, Fault> {
        let id = connection.id.clone();
        let expected = self.inner().storage.expected(&id).unwrap_or(old.generation);
        let (kept_row, generation, scopes) = (row.clone(), row.generation, connection.scopes);
        let kept_scopes = scopes.clone();
        let kept = self
            .write(move |tx| {
                if !tx.replace_credential_if(&kept_row, expected)? {
                    return Ok(false);
                }
                failpoint::reach("keeping");
                tx.clear_journal(&kept_row.connection_id)?;
                tx.note_renewal(&kept_row.connection_id, generation, &kept_scopes)?;
                if let Some(fields) = moved
                    && let Some(mut connection) = tx.connection(&kept_row.connection_id)?
                {
                    connection.fields = fields;
                    tx.update_connection(&connection)?;
                }
                Ok(true)
            })
            .await;
        match kept {
            Ok(true) => {
                failpoint::reach("kept");
                self.mark(&id, generation);
                self.inner().storage.saved(&id);
                tracing::info!(connection = %id, recovered = old.retry_attempts > 0, "renewed");
                self.untell_outage(&id);
                self.inner().sooner.notify_one();
                self.publish_renewal(&id);
                Ok(Refreshed::Fresh)
            }
            Ok(false) => {
                tracing::info!(connection = %id, "a late reply was dropped: something newer is there");
                Ok(Refreshed::Stale)
            }
            Err(fault) if fault.code == ErrorCode::StorageError => {
                // The one copy there is: it stays in memory and in use until the disk takes it.
                tracing::error!(connection = %id, "a new token can't be written yet: {fault}");
                self.inner().storage.hold(row, scopes, expected);
                self.inner().wake.notify_one();
                self.publish_renewal(&id);
                Ok(Refreshed::Fresh)
            }
            Err(fault) => Err(fault),
        }
    }

    fn seal_previous(&self, id: &ConnectionId, old: &CredentialRow) -> Result<Sealed, Fault> {
        let place = Place { table: "credential", row: id.as_str(), field: "previous" };
        self.open_credential(old)?.seal_at(self.vault(), place)
    }

    /// Notes a failure that the weather explains, and when to try again.
    pub(super) async fn try_again(
        &self,
        row: &CredentialRow,
        cause: &str,
        retry_after: Option<Duration>,
        open: bool,
    ) -> Result<Refreshed, Fault> {
        let now = Timestamp::now();
        let id = row.connection_id.clone();
        let attempts = row.retry_attempts.saturating_add(1);
        let failing_since = row.failing_since.unwrap_or(now);
        let mut wait = backoff(attempts, between(failing_since, now), retry_after, random_unit());
        if open && retry_after.is_none() {
            wait = prompt(attempts, wait);
        }
        let again_at = after(now, wait);
        let cause_text = cause.to_owned();
        let noted = self
            .write(move |tx| {
                if open && let Some(mut journal) = tx.journal(&id)? {
                    journal.state = JournalState::Ambiguous;
                    tx.put_journal(&journal)?;
                }
                tx.record_retry(&id, attempts, again_at, &cause_text, failing_since)
            })
            .await;
        if let Err(fault) = noted {
            tracing::warn!(connection = %row.connection_id, "failed to note a failure: {fault}");
        }
        tracing::info!(connection = %row.connection_id, cause, attempts, %again_at, "not renewed yet");
        // Where this computer can't reach anybody, the window says so, and no app is to blame.
        let ours = matches!(cause, "offline" | "dns" | "connect" | "web-page" | "storage" | "busy" | "app-unknown");
        if !ours && self.weather().now().network.may_reach() {
            self.tell_of_outage(&row.connection_id, failing_since, now);
        }
        self.inner().sooner.notify_one();
        self.publish_renewal(&row.connection_id);
        Ok(Refreshed::Transient { cause: cause.to_owned(), again_at })
    }
}

/// Makes the row of tokens that were just obtained.
pub(crate) fn row_of(
    method: &AuthMethod,
    id: &ConnectionId,
    sealed: Sealed,
    reply: &TokenReply,
    credential: &Credential,
    now: Timestamp,
    device_id: &str,
) -> CredentialRow {
    let facts = method.oauth.as_ref().map(|oauth| &oauth.token);
    // Where the reply doesn't say how long it lasts, the vendor's documentation may.
    let usual = || facts.and_then(|facts| facts.lifetime).map(Duration::from_secs);
    let expires_at = reply.expires_in.or_else(usual).map(|lifetime| after(now, lifetime));
    let refresh_expires_at = reply.refresh_expires_in.map(|lifetime| after(now, lifetime));
    let has_refresh = credential.refresh_token.is_some() || crate::renew::renews_by_itself(method);
    let idle =
        facts.and_then(|facts| facts.refresh_idle_days).map(|days| Duration::from_secs(u64::from(days) * 86_400));
    let idle = idle.filter(|_| credential.refresh_token.is_some());
    let next_refresh_at = next_refresh(now, expires_at, refresh_expires_at, idle, random_unit());
    let next_refresh_at = next_refresh_at.filter(|_| has_refresh);
    let next_check_at = next_check(now, next_refresh_at, random_unit()).filter(|_| method.verify.is_some());
    CredentialRow {
        expires_at,
        refresh_expires_at,
        has_refresh,
        next_refresh_at,
        next_check_at,
        ..CredentialRow::lasting(id, sealed, now, device_id)
    }
}

/// Makes the row of a key or password that was just checked.
pub(crate) fn lasting_row(
    method: &AuthMethod,
    id: &ConnectionId,
    sealed: Sealed,
    now: Timestamp,
    device_id: &str,
) -> CredentialRow {
    let next_check_at = next_check(now, None, random_unit()).filter(|_| method.verify.is_some());
    CredentialRow { next_check_at, ..CredentialRow::lasting(id, sealed, now, device_id) }
}

/// Works out whether renewing moves the refresh token's end: an end that stays is one the person has to know of.
fn carry_refresh_end(row: &mut CredentialRow, old: &CredentialRow, rotated: bool) {
    match (old.refresh_expires_at, row.refresh_expires_at) {
        (Some(before), Some(end)) => row.refresh_end_fixed = between(before, end) < SAME_END,
        (Some(before), None) if !rotated => {
            row.refresh_expires_at = Some(before);
            row.refresh_end_fixed = true;
        }
        (Some(_) | None, None) | (None, Some(_)) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(refresh_end: Option<i64>) -> CredentialRow {
        let sealed = Sealed { key_id: "k".into(), bytes: Vec::new() };
        CredentialRow {
            refresh_expires_at: refresh_end.map(|second| Timestamp::from_second(second).unwrap()),
            ..CredentialRow::lasting(&ConnectionId::generate(), sealed, Timestamp::UNIX_EPOCH, "d")
        }
    }

    #[test]
    fn an_end_that_renewing_does_not_move_is_told_from_one_that_it_does() {
        for (before, said, rotated, end, fixed) in [
            (Some(1000), Some(2000), true, Some(2000), false),
            (Some(1000), Some(1030), true, Some(1030), true),
            (Some(1000), Some(900), true, Some(900), true),
            (Some(1000), None, false, Some(1000), true),
            (Some(1000), None, true, None, false),
            (None, Some(1000), true, Some(1000), false),
            (None, None, true, None, false),
        ] {
            let mut new = row(said);
            carry_refresh_end(&mut new, &row(before), rotated);
            let found = (new.refresh_expires_at.map(Timestamp::as_second), new.refresh_end_fixed);
            assert_eq!(found, (end, fixed), "{before:?} {said:?} {rotated}");
        }
    }
}
