//! Facts about this installation: its ids and the port that the API had last.

use rusqlite::{OptionalExtension, params};

use crate::{StoreError, Tx};

impl Tx<'_> {
    /// Reads a fact.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn meta(&self, key: &str) -> Result<Option<String>, StoreError> {
        let mut query = self.0.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
        Ok(query.query_row([key], |row| row.get(0)).optional()?)
    }

    /// Writes a fact.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn set_meta(&self, key: &str, value: &str) -> Result<(), StoreError> {
        let mut change = self.0.prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)")?;
        change.execute(params![key, value])?;
        Ok(())
    }
}
