//! What the person chose, as JSON.

use rusqlite::{OptionalExtension, params};
use serde_json::Value;

use super::json;
use crate::{StoreError, Tx};

const TABLE: &str = "setting";

impl Tx<'_> {
    /// Reads a setting.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn setting(&self, key: &str) -> Result<Option<Value>, StoreError> {
        let mut query = self.0.prepare_cached("SELECT value FROM setting WHERE key = ?1")?;
        let text: Option<String> = query.query_row([key], |row| row.get(0)).optional()?;
        text.map(|text| serde_json::from_str(&text).map_err(|_| StoreError::Damaged(TABLE))).transpose()
    }

    /// Writes a setting.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn set_setting(&self, key: &str, value: &Value) -> Result<(), StoreError> {
        let mut change = self.0.prepare_cached("INSERT OR REPLACE INTO setting (key, value) VALUES (?1, ?2)")?;
        change.execute(params![key, json(value, TABLE)?])?;
        Ok(())
    }
}
