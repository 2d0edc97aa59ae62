//! Credentials of archived connections that wait for their provider to be told.

use std::collections::BTreeMap;

use membrane_model::{AppKey, Timestamp};
use membrane_vault::Sealed;
use rusqlite::params;

use super::{Columns, json, ms};
use crate::{StoreError, Tx};

const TABLE: &str = "revocation";

/// A revocation that has not succeeded yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationRow {
    /// Names it, and the place where its credential is sealed.
    pub id: String,
    /// Its app.
    pub app: AppKey,
    /// How it was connected.
    pub auth_method: String,
    /// Its fields that are no secrets.
    pub fields: BTreeMap<String, String>,
    /// The credential.
    pub sealed: Sealed,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next.
    pub next_at: Timestamp,
    /// Since when it waits.
    pub created_at: Timestamp,
}

impl Tx<'_> {
    /// Adds a revocation, or notes another try of one.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn put_revocation(&self, row: &RevocationRow) -> Result<(), StoreError> {
        let mut change = self.0.prepare_cached(
            "INSERT OR REPLACE INTO revocation
                (id, app, auth_method, fields, sealed_key_id, sealed, attempts, next_at, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?;
        change.execute(params![
            row.id,
            row.app.as_str(),
            row.auth_method,
            json(&row.fields, TABLE)?,
            row.sealed.key_id,
            row.sealed.bytes,
            row.attempts,
            ms(row.next_at),
            ms(row.created_at),
        ])?;
        Ok(())
    }

    /// Lists revocations that are due, the longest due first.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn revocations(&self, now: Timestamp, limit: usize) -> Result<Vec<RevocationRow>, StoreError> {
        let mut query =
            self.0.prepare_cached("SELECT * FROM revocation WHERE next_at <= ?1 ORDER BY next_at LIMIT ?2")?;
        let rows = query.query_map(params![ms(now), i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
            let columns = Columns::new(row, TABLE);
            Ok((|| {
                Ok(RevocationRow {
                    id: columns.text("id")?,
                    app: columns.parsed("app")?,
                    auth_method: columns.text("auth_method")?,
                    fields: columns.json("fields")?,
                    sealed: columns.sealed("sealed_key_id", "sealed")?,
                    attempts: columns.number("attempts")?,
                    next_at: columns.time("next_at")?,
                    created_at: columns.time("created_at")?,
                })
            })())
        })?;
        rows.map(|row| row?).collect()
    }

    /// Removes a revocation; its credential is gone with it.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn delete_revocation(&self, id: &str) -> Result<(), StoreError> {
        self.0.prepare_cached("DELETE FROM revocation WHERE id = ?1")?.execute([id])?;
        Ok(())
    }
}
