//! Local programs that hold a token for the API; only the token's hash is kept.

use membrane_model::{ClientId, Timestamp};
use rusqlite::{OptionalExtension, Row, params};

use super::{Columns, ms};
use crate::{StoreError, Tx};

const TABLE: &str = "client";

/// A local program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientRow {
    /// Names it.
    pub id: ClientId,
    /// What the person called it.
    pub name: String,
    /// SHA-256 of its token.
    pub token_hash: [u8; 32],
    /// May ask for access tokens.
    pub may_get_tokens: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last seen.
    pub last_used_at: Option<Timestamp>,
    /// When its token was ended.
    pub revoked_at: Option<Timestamp>,
}

impl Tx<'_> {
    /// Adds a client.
    ///
    /// # Errors
    /// `Conflict` for an id or token that is there already.
    pub fn insert_client(&self, client: &ClientRow) -> Result<(), StoreError> {
        let mut change = self.0.prepare_cached(
            "INSERT INTO client (id, name, token_hash, may_get_tokens, created_at, last_used_at, revoked_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        change.execute(params![
            client.id.as_str(),
            client.name,
            client.token_hash,
            client.may_get_tokens,
            ms(client.created_at),
            client.last_used_at.map(ms),
            client.revoked_at.map(ms),
        ])?;
        Ok(())
    }

    /// Finds a client by the hash of its token, revoked or not.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn client_by_token_hash(&self, hash: &[u8; 32]) -> Result<Option<ClientRow>, StoreError> {
        let mut query = self.0.prepare_cached("SELECT * FROM client WHERE token_hash = ?1")?;
        query.query_row([hash], |row| Ok(read(row))).optional()?.transpose()
    }

    /// Lists all clients, the oldest first.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn clients(&self) -> Result<Vec<ClientRow>, StoreError> {
        let mut query = self.0.prepare_cached("SELECT * FROM client ORDER BY id")?;
        query.query_map([], |row| Ok(read(row)))?.map(|row| row?).collect()
    }

    /// Ends a client's token.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn revoke_client(&self, id: &ClientId, now: Timestamp) -> Result<(), StoreError> {
        let mut change = self.0.prepare_cached("UPDATE client SET revoked_at = ?2 WHERE id = ?1")?;
        if change.execute(params![id.as_str(), ms(now)])? == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }

    /// Notes that a client was seen.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn touch_client(&self, id: &ClientId, now: Timestamp) -> Result<(), StoreError> {
        let mut change = self.0.prepare_cached("UPDATE client SET last_used_at = ?2 WHERE id = ?1")?;
        change.execute(params![id.as_str(), ms(now)])?;
        Ok(())
    }
}

fn read(row: &Row<'_>) -> Result<ClientRow, StoreError> {
    let columns = Columns::new(row, TABLE);
    Ok(ClientRow {
        id: columns.parsed("id")?,
        name: columns.text("name")?,
        token_hash: columns.hash("token_hash")?,
        may_get_tokens: columns.flag("may_get_tokens")?,
        created_at: columns.time("created_at")?,
        last_used_at: columns.maybe_time("last_used_at")?,
        revoked_at: columns.maybe_time("revoked_at")?,
    })
}
