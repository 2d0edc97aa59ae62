//! Origins of web pages that the person lets show Membrane's own pages in a frame.

use membrane_model::{OriginView, Timestamp};
use rusqlite::params;

use super::{Columns, ms};
use crate::{StoreError, Tx};

const TABLE: &str = "approved_origin";

impl Tx<'_> {
    /// Approves an origin; one that is approved already stays as it is.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn approve_origin(&self, origin: &str, now: Timestamp) -> Result<(), StoreError> {
        let sql = "INSERT OR IGNORE INTO approved_origin (origin, approved_at) VALUES (?1, ?2)";
        self.0.prepare_cached(sql)?.execute(params![origin, ms(now)])?;
        Ok(())
    }

    /// Takes an approval back.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn remove_origin(&self, origin: &str) -> Result<(), StoreError> {
        let changed = self.0.prepare_cached("DELETE FROM approved_origin WHERE origin = ?1")?.execute([origin])?;
        if changed == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }

    /// Lists the approved origins, by name.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn origins(&self) -> Result<Vec<OriginView>, StoreError> {
        let mut query = self.0.prepare_cached("SELECT * FROM approved_origin ORDER BY origin")?;
        let rows = query.query_map([], |row| {
            let columns = Columns::new(row, TABLE);
            Ok((|| Ok(OriginView { origin: columns.text("origin")?, approved_at: columns.time("approved_at")? }))())
        })?;
        rows.map(|row| row?).collect()
    }
}
