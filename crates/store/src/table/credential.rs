//! Credentials, one per connection: sealed, with the facts about them beside in the open.

use std::collections::BTreeMap;

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
    /// The one before it, kept until this one has proved itself.
    pub previous: Option<Sealed>,
    /// When the one before it is destroyed at the latest.
    pub previous_until: Option<Timestamp>,
    /// Counts writes, for compare-and-swap.
    pub generation: u64,
    /// When the provider gave it.
    pub obtained_at: Timestamp,
    /// When the access token ends; `None` = the provider didn't say.
    pub expires_at: Option<Timestamp>,
    /// When the refresh token ends, where the provider says.
    pub refresh_expires_at: Option<Timestamp>,
    /// Renewing does not move that end.
    pub refresh_end_fixed: bool,
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
    /// When the app is asked whether it still works.
    pub next_check_at: Option<Timestamp>,
    /// When the app first refused it; once more, and it counts as dead.
    pub rejected_at: Option<Timestamp>,
    /// How far the person has been told of its end: a day before it after the first word, itself after the last.
    pub announced_end: Option<Timestamp>,
    /// The computer that obtained it.
    pub device_id: String,
}

impl CredentialRow {
    /// Makes the row of a credential that does not run out by itself.
    #[must_use]
    pub fn lasting(id: &ConnectionId, sealed: Sealed, now: Timestamp, device_id: &str) -> Self {
        Self {
            connection_id: id.clone(),
            sealed,
            previous: None,
            previous_until: None,
            generation: 1,
            obtained_at: now,
            expires_at: None,
            refresh_expires_at: None,
            refresh_end_fixed: false,
            has_refresh: false,
            next_refresh_at: None,
            retry_attempts: 0,
            next_retry_at: None,
            last_error: None,
            failing_since: None,
            last_refresh_at: None,
            next_check_at: None,
            rejected_at: None,
            announced_end: None,
            device_id: device_id.to_owned(),
        }
    }
}

/// What a renewal that is due needs to be put in line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewal {
    /// Of which app.
    pub app: AppKey,
    /// How it was connected.
    pub auth_method: String,
    /// Its fields that are no secrets.
    pub fields: BTreeMap<String, String>,
    /// The generation that is to be renewed.
    pub generation: u64,
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
                next_retry_at, last_error, failing_since, last_refresh_at, device_id, previous_until,
                refresh_end_fixed, next_check_at, rejected_at, announced_end)
             VALUES (:id, :sealed_key_id, :sealed, :previous_key_id, :previous, :generation, :obtained_at, :expires_at,
                :refresh_expires_at, :has_refresh, :next_refresh_at, :retry_attempts, :next_retry_at, :last_error,
                :failing_since, :last_refresh_at, :device_id, :previous_until, :refresh_end_fixed, :next_check_at,
                :rejected_at, :announced_end)",
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
                device_id = :device_id, previous_until = :previous_until, refresh_end_fixed = :refresh_end_fixed,
                next_check_at = :next_check_at, rejected_at = :rejected_at, announced_end = :announced_end
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
            ":previous_until": row.previous_until.map(ms),
            ":refresh_end_fixed": row.refresh_end_fixed,
            ":next_check_at": row.next_check_at.map(ms),
            ":rejected_at": row.rejected_at.map(ms),
            ":announced_end": row.announced_end.map(ms),
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

    /// Notes when the app is asked next, and since when it refuses the credential; only while it is the same one.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn schedule_check(
        &self,
        id: &ConnectionId,
        generation: u64,
        next_check_at: Option<Timestamp>,
        rejected_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let mut change = self.0.prepare_cached(
            "UPDATE credential SET next_check_at = ?3, rejected_at = ?4 WHERE connection_id = ?1 AND generation = ?2",
        )?;
        let generation = i64::try_from(generation).unwrap_or(i64::MAX);
        change.execute(params![id.as_str(), generation, next_check_at.map(ms), rejected_at.map(ms)])?;
        Ok(())
    }

    /// Destroys the credential before the one of this generation.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn forget_previous(&self, id: &ConnectionId, generation: u64) -> Result<(), StoreError> {
        let mut change = self.0.prepare_cached(
            "UPDATE credential SET previous_key_id = NULL, previous = NULL, previous_until = NULL
             WHERE connection_id = ?1 AND generation = ?2 AND previous IS NOT NULL",
        )?;
        change.execute(params![id.as_str(), i64::try_from(generation).unwrap_or(i64::MAX)])?;
        Ok(())
    }

    /// Notes that the person has been told of an end.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn note_announced(&self, id: &ConnectionId, end: Timestamp) -> Result<(), StoreError> {
        let mut change = self.0.prepare_cached("UPDATE credential SET announced_end = ?2 WHERE connection_id = ?1")?;
        change.execute(params![id.as_str(), ms(end)])?;
        Ok(())
    }

    /// Sets when a key ends, as the person knows it.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn set_end(&self, id: &ConnectionId, end: Option<Timestamp>) -> Result<(), StoreError> {
        let mut change = self.0.prepare_cached(
            "UPDATE credential SET expires_at = ?2, announced_end = NULL WHERE connection_id = ?1 AND has_refresh = 0",
        )?;
        change.execute(params![id.as_str(), end.map(ms)])?;
        Ok(())
    }

    /// Makes every failing renewal due now: whatever it waited for may be over.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn retry_unreached(&self, now: Timestamp) -> Result<usize, StoreError> {
        let mut change = self.0.prepare_cached(
            "UPDATE credential SET next_retry_at = ?1
             WHERE next_retry_at > ?1 AND last_error IN ('dns', 'connect', 'tls', 'timeout', 'reset', 'web-page', 'not-oauth')",
        )?;
        Ok(change.execute([ms(now)])?)
    }

    /// Reads what a renewal needs to be put in line; nothing of the sealed record is read.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn renewal(&self, id: &ConnectionId) -> Result<Option<Renewal>, StoreError> {
        let mut query = self.0.prepare_cached(
            "SELECT c.app, c.auth_method, c.fields, k.generation
             FROM connection AS c JOIN credential AS k ON k.connection_id = c.id WHERE c.id = ?1",
        )?;
        let found = query.query_row([id.as_str()], |row| {
            let columns = Columns::new(row, TABLE);
            Ok((|| {
                Ok(Renewal {
                    app: columns.parsed("app")?,
                    auth_method: columns.text("auth_method")?,
                    fields: columns.json("fields")?,
                    generation: columns.number("generation")?,
                })
            })())
        });
        found.optional()?.transpose()
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
        previous_until: columns.maybe_time("previous_until")?,
        refresh_end_fixed: columns.flag("refresh_end_fixed")?,
        next_check_at: columns.maybe_time("next_check_at")?,
        rejected_at: columns.maybe_time("rejected_at")?,
        announced_end: columns.maybe_time("announced_end")?,
        device_id: columns.text("device_id")?,
    })
}
