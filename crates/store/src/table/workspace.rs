//! Workspaces: clients that sign tokens of their own; the secret that proves them is sealed.

use membrane_model::ClientId;
use membrane_vault::Sealed;
use rusqlite::{OptionalExtension, Row, params};

use super::Columns;
use crate::{StoreError, Tx};

const TABLE: &str = "workspace";

/// A client that signs tokens for tenants of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceRow {
    /// The client that it belongs to.
    pub client_id: ClientId,
    /// Names it in tokens.
    pub key: String,
    /// What tokens are signed with.
    pub secret: Sealed,
}

impl Tx<'_> {
    /// Adds the workspace of a client.
    ///
    /// # Errors
    /// `Conflict` for a key in use.
    pub fn insert_workspace(&self, row: &WorkspaceRow) -> Result<(), StoreError> {
        let mut change = self
            .0
            .prepare_cached("INSERT INTO workspace (client_id, key, secret_key_id, secret) VALUES (?1, ?2, ?3, ?4)")?;
        change.execute(params![row.client_id.as_str(), row.key, row.secret.key_id, row.secret.bytes])?;
        Ok(())
    }

    /// Finds a workspace by its key.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn workspace_by_key(&self, key: &str) -> Result<Option<WorkspaceRow>, StoreError> {
        let mut query = self.0.prepare_cached("SELECT * FROM workspace WHERE key = ?1")?;
        query.query_row([key], |row| Ok(read(row))).optional()?.transpose()
    }

    /// Lists the workspaces.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn workspaces(&self) -> Result<Vec<WorkspaceRow>, StoreError> {
        let mut query = self.0.prepare_cached("SELECT * FROM workspace ORDER BY client_id")?;
        query.query_map([], |row| Ok(read(row)))?.map(|row| row?).collect()
    }
}

fn read(row: &Row<'_>) -> Result<WorkspaceRow, StoreError> {
    let columns = Columns::new(row, TABLE);
    Ok(WorkspaceRow {
        client_id: columns.parsed("client_id")?,
        key: columns.text("key")?,
        secret: columns.sealed("secret_key_id", "secret")?,
    })
}
