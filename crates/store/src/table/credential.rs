//! Credentials, one per connection: sealed, with the facts about them beside in the open.

use membrane_model::{AppKey, ConnectionId, Timestamp};
use membrane_vault::Sealed;
use rusqlite::{OptionalExtension, Row, named_params, params};

use super::{Columns, ms};
use crate::{StoreError, Tx};

const TABLE: &str = "credential";

/// A connection's credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialRow {
    /// Of which connection.
    pub connection_id: ConnectionId,
    /// The credential.
    pub sealed: Sealed,
    /// The one before it, kept until the next is there.
    pub previous: Option<Sealed>,
    /// Counts writes, for compare-and-swap.
    pub generation: u64,
    /// When the provider gave it.
    pub obtained_at: Timestamp,
    /// When the access token ends; `None` = the provider didn't say.
    pub expires_at: Option<Timestamp>,
    /// When the refresh token ends, where the provider says.
    pub refresh_expires_at: Option<Timestamp>,
    /// There is something to renew it with.
    pub has_refresh: bool,
    /// When it is renewed by itself.
    pub next_refresh_at: Option<Timestamp>,
    /// How often in a row renewing failed.
    pub retry_attempts: u32,
    /// When it is tried again.
    pub next_retry_at: Option<Timestamp>,
    /// A short code for the last failure, like `http-503`.
    pub last_error: Option<String>,
    /// Since when it fails.
    pub failing_since: Option<Timestamp>,
    /// When it was last renewed.
    pub last_refresh_at: Option<Timestamp>,
    /// The installation that obtained it.
    pub device_id: String,
}

/// A renewal that is due at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueRefresh {
    /// Of which connection.
    pub connection_id: ConnectionId,
    /// Of which app.
    pub app: AppKey,
    /// The generation that is to be renewed.
    pub generation: u64,
    /// When.
    pub at: Timestamp,
}

impl Tx<'_> {
    /// Reads a connection's credential.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn credential(&self, id: &ConnectionId) -> Result<Option<CredentialRow>, StoreError> {
        let mut query = self.0.prepare_cached("SELECT * FROM credential WHERE connection_id = ?1")?;
        query.query_row([id.as_str()], |row| Ok(read(row))).optional()?.transpose()
    }

    /// Writes a connection's credential whatever was there.
    ///
    /// # Errors
    /// `Conflict` when there is no such connection.
    pub fn put_credential(&self, row: &CredentialRow) -> Result<(), StoreError> {
        self.delete_credential(&row.connection_id)?;
        self.write_credential(
            "INSERT INTO credential (connection_id, sealed_key_id, sealed, previous_key_id, previous, generation,
                obtained_at, expires_at, refresh_expires_at, has_refresh, next_refresh_at, retry_attempts,
                next_retry_at, last_error, failing_since, last_refresh_at, device_id)
             VALUES (:id, :sealed_key_id, :sealed, :previous_key_id, :previous, :generation, :obtained_at, :expires_at,
                :refresh_expires_at, :has_refresh, :next_refresh_at, :retry_attempts, :next_retry_at, :last_error,
                :failing_since, :last_refresh_at, :device_id)",
            row,
        )?;
        Ok(())
    }

    /// Replaces a connection's credential if it still has the expected generation.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn replace_credential_if(&self, row: &CredentialRow, expected: u64) -> Result<bool, StoreError> {
        let mut query = self.0.prepare_cached("SELECT generation FROM credential WHERE connection_id = ?1")?;
        let found: Option<i64> = query.query_row([row.connection_id.as_str()], |row| row.get(0)).optional()?;
        if found.and_then(|generation| u64::try_from(generation).ok()) != Some(expected) {
            return Ok(false);
        }
        let changed = self.write_credential(
            "UPDATE credential SET sealed_key_id = :sealed_key_id, sealed = :sealed, previous_key_id = :previous_key_id,
                previous = :previous, generation = :generation, obtained_at = :obtained_at, expires_at = :expires_at,
                refresh_expires_at = :refresh_expires_at, has_refresh = :has_refresh,
                next_refresh_at = :next_refresh_at, retry_attempts = :retry_attempts, next_retry_at = :next_retry_at,
                last_error = :last_error, failing_since = :failing_since, last_refresh_at = :last_refresh_at,
                device_id = :device_id
             WHERE connection_id = :id",
            row,
        )?;
        Ok(changed == 1)
    }

    fn write_credential(&self, sql: &str, row: &CredentialRow) -> Result<usize, StoreError> {
        let (previous_key_id, previous) = row.previous.as_ref().map(|sealed| (&sealed.key_id, &sealed.bytes)).unzip();
        Ok(self.0.prepare_cached(sql)?.execute(named_params! {
            ":id": row.connection_id.as_str(),
            ":sealed_key_id": row.sealed.key_id,
            ":sealed": row.sealed.bytes,
            ":previous_key_id": previous_key_id,
            ":previous": previous,
            ":generation": i64::try_from(row.generation).unwrap_or(i64::MAX),
            ":obtained_at": ms(row.obtained_at),
            ":expires_at": row.expires_at.map(ms),
            ":refresh_expires_at": row.refresh_expires_at.map(ms),
            ":has_refresh": row.has_refresh,
            ":next_refresh_at": row.next_refresh_at.map(ms),
            ":retry_attempts": row.retry_attempts,
            ":next_retry_at": row.next_retry_at.map(ms),
            ":last_error": row.last_error,
            ":failing_since": row.failing_since.map(ms),
            ":last_refresh_at": row.last_refresh_at.map(ms),
            ":device_id": row.device_id,
        })?)
    }

    /// Destroys a connection's credential.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn delete_credential(&self, id: &ConnectionId) -> Result<(), StoreError> {
        self.0.prepare_cached("DELETE FROM credential WHERE connection_id = ?1")?.execute([id.as_str()])?;
        Ok(())
    }

    /// Notes that renewing failed and when it is tried again.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn record_retry(
        &self,
        id: &ConnectionId,
        attempts: u32,
        again_at: Timestamp,
        cause: &str,
        failing_since: Timestamp,
    ) -> Result<(), StoreError> {
        let mut change = self.0.prepare_cached(
            "UPDATE credential SET retry_attempts = ?2, next_retry_at = ?3, last_error = ?4, failing_since = ?5
             WHERE connection_id = ?1",
        )?;
        change.execute(params![id.as_str(), attempts, ms(again_at), cause, ms(failing_since)])?;
        Ok(())
    }

    /// Forgets that renewing failed.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn clear_retry(&self, id: &ConnectionId) -> Result<(), StoreError> {
        let mut change = self.0.prepare_cached(
            "UPDATE credential SET retry_attempts = 0, next_retry_at = NULL, last_error = NULL, failing_since = NULL
             WHERE connection_id = ?1",
        )?;
        change.execute([id.as_str()])?;
        Ok(())
    }

    /// Sets when a credential is renewed next.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn schedule(&self, id: &ConnectionId, next_refresh_at: Option<Timestamp>) -> Result<(), StoreError> {
        let mut change =
            self.0.prepare_cached("UPDATE credential SET next_refresh_at = ?2 WHERE connection_id = ?1")?;
        change.execute(params![id.as_str(), next_refresh_at.map(ms)])?;
        Ok(())
    }

    /// Lists the renewals of connected connections, the soonest first. A failing one comes at its next try, a healthy
    /// one at its schedule.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn due_refreshes(&self) -> Result<Vec<DueRefresh>, StoreError> {
        let mut query = self.0.prepare_cached(
            "SELECT k.connection_id, c.app, k.generation, COALESCE(k.next_retry_at, k.next_refresh_at) AS at
             FROM credential AS k JOIN connection AS c ON c.id = k.connection_id
             WHERE k.has_refresh = 1 AND COALESCE(k.next_retry_at, k.next_refresh_at) IS NOT NULL
                AND c.state = 'connected' AND c.archived_at IS NULL
             ORDER BY at, k.connection_id",
        )?;
        let rows = query.query_map([], |row| {
            let columns = Columns::new(row, TABLE);
            Ok((|| {
                Ok(DueRefresh {
                    connection_id: columns.parsed("connection_id")?,
                    app: columns.parsed("app")?,
                    generation: columns.number("generation")?,
                    at: columns.time("at")?,
                })
            })())
        })?;
        rows.map(|row| row?).collect()
    }

    /// Lists connected connections that end at a known time with nothing to renew them with, the soonest first.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn unrenewable(&self) -> Result<Vec<(ConnectionId, Timestamp)>, StoreError> {
        let mut query = self.0.prepare_cached(
            "SELECT k.connection_id, k.expires_at FROM credential AS k JOIN connection AS c ON c.id = k.connection_id
             WHERE k.has_refresh = 0 AND k.expires_at IS NOT NULL AND c.state = 'connected' AND c.archived_at IS NULL
             ORDER BY k.expires_at",
        )?;
        let rows = query.query_map([], |row| {
            let columns = Columns::new(row, TABLE);
            Ok((|| Ok((columns.parsed("connection_id")?, columns.time("expires_at")?)))())
        })?;
        rows.map(|row| row?).collect()
    }
}

fn read(row: &Row<'_>) -> Result<CredentialRow, StoreError> {
    let columns = Columns::new(row, TABLE);
    Ok(CredentialRow {
        connection_id: columns.parsed("connection_id")?,
        sealed: columns.sealed("sealed_key_id", "sealed")?,
        previous: columns.maybe_sealed("previous_key_id", "previous")?,
        generation: columns.number("generation")?,
        obtained_at: columns.time("obtained_at")?,
        expires_at: columns.maybe_time("expires_at")?,
        refresh_expires_at: columns.maybe_time("refresh_expires_at")?,
        has_refresh: columns.flag("has_refresh")?,
        next_refresh_at: columns.maybe_time("next_refresh_at")?,
        retry_attempts: columns.number("retry_attempts")?,
        next_retry_at: columns.maybe_time("next_retry_at")?,
        last_error: columns.maybe_text("last_error")?,
        failing_since: columns.maybe_time("failing_since")?,
        last_refresh_at: columns.maybe_time("last_refresh_at")?,
        device_id: columns.text("device_id")?,
    })
}
