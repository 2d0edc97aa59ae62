//! Asking the app whether a credential works: daily where nothing else tells, when somebody was refused, when the person
//! wants to know. One refusal is a doubt; a second one a minute later is the truth.

use std::time::Duration;

use membrane_model::{
    AuthMethodKind, Connection, ConnectionId, ConnectionState, ConnectionView, DisconnectReason, Fault, Timestamp,
};
use membrane_store::CredentialRow;

use crate::refresh::plan::{after, between, next_check};
use crate::refresh::{Refreshed, method_of, random_unit};
use crate::{Check, Engine};

/// How long after a first refusal a second one counts.
const SECOND_LOOK: Duration = Duration::from_secs(60);
/// How long until an app that could not be asked is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(60 * 60);
/// How long a credential that outlived its end counts as good, at most; an eighth of what it lived, if that is shorter.
const STILL_GOOD: Duration = Duration::from_secs(5 * 60);
/// A token that is younger than this is not renewed again because somebody was refused.
const YOUNG: Duration = Duration::from_secs(30);

/// What came of somebody's word that the app refused a credential.
#[derive(Debug, Clone)]
pub struct Report {
    /// There is another token now, or the app takes the one there is: trying again makes sense.
    pub retry: bool,
    /// The connection as it is now.
    pub connection: ConnectionView,
}

impl Engine {
    /// Asks the app, and draws the consequences: a doubt is noted, a confirmed refusal disconnects.
    pub(crate) async fn examine(&self, id: &ConnectionId) -> Result<Check, Fault> {
        let connection = self.find(id)?;
        let mut row = self.credential_row(id)?;
        let mut found = self.ask_app(&connection, &row).await?;
        if let Check::Rejected(_) = found
            && renewable(&row, &self.kind_of(&connection))
            && between(row.last_refresh_at.unwrap_or(Timestamp::UNIX_EPOCH), Timestamp::now()) > YOUNG
        {
            // An access token that the app refuses is renewed once before anything is called dead.
            if let Refreshed::Fresh | Refreshed::Stale = self.refresh(id, row.generation).await? {
                row = self.credential_row(id)?;
                found = self.ask_app(&connection, &row).await?;
            }
        }
        self.heed(&connection, &row, &found).await?;
        Ok(found)
    }

    /// Notes what the app said, and when it is asked again.
    async fn heed(&self, connection: &Connection, row: &CredentialRow, found: &Check) -> Result<(), Fault> {
        let now = Timestamp::now();
        let (id, generation) = (row.connection_id.clone(), row.generation);
        match verdict(found, row, now) {
            Verdict::Dead if self.find(&id)?.state == ConnectionState::Connected => {
                let reason = match self.kind_of(connection) {
                    Some(AuthMethodKind::ApiKey | AuthMethodKind::Basic) => DisconnectReason::KeyRejected,
                    Some(
                        AuthMethodKind::OAuth2
                        | AuthMethodKind::Device
                        | AuthMethodKind::Mcp
                        | AuthMethodKind::ClientCredentials,
                    )
                    | None => DisconnectReason::Revoked,
                };
                self.lose(&id, reason).await?;
            }
            Verdict::Dead => {}
            Verdict::Works => {
                let next = next_check(now, row.next_refresh_at, random_unit());
                let ended = row.expires_at.filter(|end| *end <= now && !row.has_refresh);
                // Asked again soon where it lived for seconds, and rarely where it lived for hours.
                let still_good = (between(row.obtained_at, now) / 8).clamp(Duration::from_secs(1), STILL_GOOD);
                self.write(move |tx| {
                    tx.schedule_check(&id, generation, next, None)?;
                    // What works has proved itself: the one before it has no purpose any more.
                    tx.forget_previous(&id, generation)?;
                    match ended {
                        // It was said to end, and has not: it is asked about again.
                        Some(_) => tx.set_end(&id, Some(after(now, still_good))),
                        None => Ok(()),
                    }
                })
                .await?;
            }
            Verdict::Doubt { since } => {
                tracing::info!(connection = %id, "the app refuses the credential; it is asked once more");
                let next = Some(after(now, SECOND_LOOK + Duration::from_secs(5)));
                self.write(move |tx| tx.schedule_check(&id, generation, next, Some(since))).await?;
                self.publish_renewal(&connection.id);
            }
            Verdict::Unknown => {
                let rejected_at = row.rejected_at;
                let next = Some(after(now, ASK_AGAIN));
                self.write(move |tx| tx.schedule_check(&id, generation, next, rejected_at)).await?;
            }
        }
        self.inner().wake.notify_one();
        Ok(())
    }

    /// Asks the app with the credential of a row.
    async fn ask_app(&self, connection: &Connection, row: &CredentialRow) -> Result<Check, Fault> {
        let catalog = self.catalog();
        let Some((app, method)) = method_of(&catalog, connection) else { return Ok(Check::Unknown) };
        let credential = self.open_credential(row)?;
        Ok(self.check(app, method, &credential, &connection.fields).await)
    }

    /// Takes somebody's word that the app answered 401: the token is renewed once, then the app is asked itself.
    ///
    /// # Errors
    /// `Disconnected`, `Paused`, `NotConnectedYet`; the vault's states; `ProviderUnavailable` or `Offline` when nobody
    /// could be asked.
    pub async fn report_refused(&self, id: &ConnectionId) -> Result<Report, Fault> {
        self.need_vault().await?;
        let connection = self.find(id)?;
        self.usable(&connection)?;
        let row = self.credential_row(id)?;
        let age = between(row.last_refresh_at.unwrap_or(row.obtained_at), Timestamp::now());
        let mut retry = false;
        if renewable(&row, &self.kind_of(&connection)) && age > YOUNG {
            match self.refresh(id, row.generation).await? {
                Refreshed::Fresh | Refreshed::Stale => retry = true,
                Refreshed::Transient { cause, again_at } => return Err(self.not_now(&connection, &cause, again_at)),
                Refreshed::Permanent(_) => {}
            }
        } else if self.examine(id).await? == Check::Works {
            retry = true;
        }
        let connection = self.find(id)?;
        let retry = retry && connection.state == ConnectionState::Connected;
        Ok(Report { retry, connection: self.view(&connection)? })
    }

    fn kind_of(&self, connection: &Connection) -> Option<AuthMethodKind> {
        method_of(&self.catalog(), connection).map(|(_, method)| method.kind)
    }
}

fn renewable(row: &CredentialRow, kind: &Option<AuthMethodKind>) -> bool {
    row.has_refresh && !matches!(kind, Some(AuthMethodKind::ApiKey | AuthMethodKind::Basic))
}

/// What an answer means for the connection.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// It works.
    Works,
    /// It was refused, for the first time or too soon after it.
    Doubt { since: Timestamp },
    /// It was refused before, and still is.
    Dead,
    /// Nobody knows.
    Unknown,
}

fn verdict(found: &Check, row: &CredentialRow, now: Timestamp) -> Verdict {
    match (found, row.rejected_at) {
        (Check::Works, _) => Verdict::Works,
        (Check::Rejected(_), Some(since)) if between(since, now) >= SECOND_LOOK => Verdict::Dead,
        (Check::Rejected(_), since) => Verdict::Doubt { since: since.unwrap_or(now) },
        (Check::Unreachable(_) | Check::Unknown, _) => Verdict::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use membrane_vault::Sealed;

    #[test]
    fn r100_only_a_second_refusal_a_minute_later_is_believed() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let sealed = Sealed { key_id: "k".into(), bytes: Vec::new() };
        let mut row = CredentialRow::lasting(&ConnectionId::generate(), sealed, at(0), "d");
        assert_eq!(verdict(&Check::Rejected(401), &row, at(100)), Verdict::Doubt { since: at(100) });
        row.rejected_at = Some(at(100));
        assert_eq!(verdict(&Check::Rejected(401), &row, at(159)), Verdict::Doubt { since: at(100) });
        assert_eq!(verdict(&Check::Rejected(401), &row, at(160)), Verdict::Dead);
        assert_eq!(verdict(&Check::Works, &row, at(160)), Verdict::Works);
        for unclear in [Check::Unreachable("http-503".into()), Check::Unreachable("http-403".into()), Check::Unknown] {
            assert_eq!(verdict(&unclear, &row, at(160)), Verdict::Unknown, "{unclear:?}");
        }
    }
}
