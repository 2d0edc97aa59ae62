//! Exchanges that were sent and whose outcome is not on the disk yet.

use membrane_model::{ConnectionId, Timestamp};
use rusqlite::{OptionalExtension, Row, params};

use super::{Columns, ms};
use crate::{StoreError, Tx};

const TABLE: &str = "refresh_journal";

/// An exchange under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalRow {
    /// Of which connection.
    pub connection_id: ConnectionId,
    /// The generation of the credential that was sent.
    pub generation: u64,
    /// SHA-256 of the refresh token that was sent.
    pub token_hash: [u8; 32],
    /// When it was first sent.
    pub sent_at: Timestamp,
    /// What is known of it.
    pub state: JournalState,
}

/// What is known of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalState {
    /// It was sent.
    InFlight,
    /// No answer came: the provider may have rotated the token or not.
    Ambiguous,
}

impl Tx<'_> {
    /// Writes the journal row of a connection.
    ///
    /// # Errors
    /// `Conflict` when there is no such connection.
    pub fn put_journal(&self, row: &JournalRow) -> Result<(), StoreError> {
        let state = match row.state {
            JournalState::InFlight => "in_flight",
            JournalState::Ambiguous => "ambiguous",
        };
        let mut change = self.0.prepare_cached(
            "INSERT OR REPLACE INTO refresh_journal (connection_id, generation, token_hash, sent_at, state)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        let generation = i64::try_from(row.generation).unwrap_or(i64::MAX);
        change.execute(params![row.connection_id.as_str(), generation, row.token_hash, ms(row.sent_at), state])?;
        Ok(())
    }

    /// Reads the journal row of a connection.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn journal(&self, id: &ConnectionId) -> Result<Option<JournalRow>, StoreError> {
        let mut query = self.0.prepare_cached("SELECT * FROM refresh_journal WHERE connection_id = ?1")?;
        query.query_row([id.as_str()], |row| Ok(read(row))).optional()?.transpose()
    }

    /// Lists all exchanges that are under way, the oldest first.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn journals(&self) -> Result<Vec<JournalRow>, StoreError> {
        let mut query = self.0.prepare_cached("SELECT * FROM refresh_journal ORDER BY sent_at, connection_id")?;
        query.query_map([], |row| Ok(read(row)))?.map(|row| row?).collect()
    }

    /// Makes every renewal whose outcome is unknown due now. For the start: whoever sent them is gone.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn resume_journals(&self, now: Timestamp) -> Result<usize, StoreError> {
        let mut change = self.0.prepare_cached(
            "UPDATE credential SET next_refresh_at = ?1, next_retry_at = NULL
             WHERE connection_id IN (SELECT connection_id FROM refresh_journal)",
        )?;
        Ok(change.execute([ms(now)])?)
    }

    /// Removes the journal row of a connection.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn clear_journal(&self, id: &ConnectionId) -> Result<(), StoreError> {
        let mut change = self.0.prepare_cached("DELETE FROM refresh_journal WHERE connection_id = ?1")?;
        change.execute([id.as_str()])?;
        Ok(())
    }
}

fn read(row: &Row<'_>) -> Result<JournalRow, StoreError> {
    let columns = Columns::new(row, TABLE);
    Ok(JournalRow {
        connection_id: columns.parsed("connection_id")?,
        generation: columns.number("generation")?,
        token_hash: columns.hash("token_hash")?,
        sent_at: columns.time("sent_at")?,
        state: match columns.text("state")?.as_str() {
            "in_flight" => JournalState::InFlight,
            "ambiguous" => JournalState::Ambiguous,
            _ => return Err(StoreError::Damaged(TABLE)),
        },
    })
}
