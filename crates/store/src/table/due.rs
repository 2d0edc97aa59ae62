//! What is due when: one narrow row per connection and kind of work, kept by triggers as the facts change.

use membrane_model::{ConnectionId, Timestamp};
use rusqlite::{OptionalExtension, named_params};

use super::{Columns, ms};
use crate::{StoreError, Tx};

const TABLE: &str = "due";

/// A kind of work that falls due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DueTask {
    /// A credential is to be renewed.
    Renew,
    /// A credential ends and nothing is there to renew it with.
    End,
    /// The app is to be asked whether a credential still works.
    Check,
    /// The person is to be told of an end that nothing here can put off.
    Announce,
    /// A replaced credential is to be destroyed.
    Forget,
    /// A pause is over.
    Wake,
}

impl DueTask {
    const ALL: [Self; 6] = [Self::Renew, Self::End, Self::Check, Self::Announce, Self::Forget, Self::Wake];

    fn name(self) -> &'static str {
        match self {
            Self::Renew => "renew",
            Self::End => "end",
            Self::Check => "check",
            Self::Announce => "announce",
            Self::Forget => "forget",
            Self::Wake => "wake",
        }
    }
}

/// Work that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Of which connection.
    pub connection_id: ConnectionId,
    /// What.
    pub task: DueTask,
    /// Since when.
    pub at: Timestamp,
}

impl Tx<'_> {
    /// Lists what is due, the longest due first; `behind` is the last of the page before.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn due(&self, now: Timestamp, behind: Option<&Due>, limit: usize) -> Result<Vec<Due>, StoreError> {
        let mut query = self.0.prepare_cached(
            "SELECT connection_id, task, at FROM due
             WHERE at <= :now AND (at, connection_id, task) > (:at, :id, :task)
             ORDER BY at, connection_id, task LIMIT :limit",
        )?;
        let rows = query.query_map(
            named_params! {
                ":now": ms(now),
                ":at": behind.map_or(i64::MIN, |due| ms(due.at)),
                ":id": behind.map_or("", |due| due.connection_id.as_str()),
                ":task": behind.map_or("", |due| due.task.name()),
                ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
            },
            |row| {
                let columns = Columns::new(row, TABLE);
                Ok((|| {
                    let task = columns.text("task")?;
                    Ok(Due {
                        connection_id: columns.parsed("connection_id")?,
                        task: DueTask::ALL
                            .into_iter()
                            .find(|known| known.name() == task)
                            .ok_or(StoreError::Damaged(TABLE))?,
                        at: columns.time("at")?,
                    })
                })())
            },
        )?;
        rows.map(|row| row?).collect()
    }

    /// Tells when the first work after a point in time falls due, revocations among it.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn next_due(&self, after: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let mut query = self.0.prepare_cached(
            "SELECT MIN(at) AS at FROM (SELECT MIN(at) AS at FROM due WHERE at > :after
                UNION ALL SELECT MIN(next_at) FROM revocation WHERE next_at > :after)",
        )?;
        let found =
            query.query_row(named_params! { ":after": ms(after) }, |row| Ok(Columns::new(row, TABLE).maybe_time("at")));
        found.optional()?.transpose().map(Option::flatten)
    }

    /// Moves all noted times by as much as the clock on the wall was set. Dates that are further away than a month are
    /// calendar dates, not lifetimes, and stay.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn move_times(&self, by_ms: i64) -> Result<(), StoreError> {
        self.0.execute(
            "UPDATE credential SET
                obtained_at = obtained_at + :by,
                expires_at = CASE WHEN expires_at - obtained_at < 2592000000 THEN expires_at + :by ELSE expires_at END,
                refresh_expires_at = CASE WHEN refresh_expires_at - obtained_at < 2592000000
                    THEN refresh_expires_at + :by ELSE refresh_expires_at END,
                next_refresh_at = next_refresh_at + :by,
                next_retry_at = next_retry_at + :by,
                failing_since = failing_since + :by,
                last_refresh_at = last_refresh_at + :by,
                previous_until = previous_until + :by,
                next_check_at = next_check_at + :by,
                rejected_at = rejected_at + :by",
            named_params! { ":by": by_ms },
        )?;
        self.0.execute("UPDATE refresh_journal SET sent_at = sent_at + :by", named_params! { ":by": by_ms })?;
        self.0.execute("UPDATE revocation SET next_at = next_at + :by", named_params! { ":by": by_ms })?;
        Ok(())
    }
}
