//! One-time links to pages: only the hash of a code is kept, with what it opens.

use membrane_model::Timestamp;
use rusqlite::{OptionalExtension, params};
use serde_json::Value;

use super::{json, ms};
use crate::{StoreError, Tx};

const TABLE: &str = "page_link";

impl Tx<'_> {
    /// Keeps what a code opens.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn put_page_link(&self, hash: &[u8; 32], grant: &Value, expires_at: Timestamp) -> Result<(), StoreError> {
        let sql = "INSERT INTO page_link (code_hash, grant_json, expires_at) VALUES (?1, ?2, ?3)";
        self.0.prepare_cached(sql)?.execute(params![hash, json(grant, TABLE)?, ms(expires_at)])?;
        Ok(())
    }

    /// Spends a code and returns what it opens: only one caller ever gets it. Codes that ran out go with it.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn take_page_link(&self, hash: &[u8; 32], now: Timestamp) -> Result<Option<Value>, StoreError> {
        self.0.prepare_cached("DELETE FROM page_link WHERE expires_at <= ?1")?.execute([ms(now)])?;
        let sql = "DELETE FROM page_link WHERE code_hash = ?1 RETURNING grant_json";
        let text: Option<String> = self.0.prepare_cached(sql)?.query_row([hash], |row| row.get(0)).optional()?;
        text.map(|text| serde_json::from_str(&text).map_err(|_| StoreError::Damaged(TABLE))).transpose()
    }
}
