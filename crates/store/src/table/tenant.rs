//! Tenants: whose connections they are, where a workspace's tokens name more than the person of this computer.

use membrane_model::{ClientId, TenantId, Timestamp};
use rusqlite::{OptionalExtension, Row, params};

use super::{Columns, ms};
use crate::{StoreError, Tx};

const TABLE: &str = "tenant";

/// Somebody that a workspace connects apps for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantRow {
    /// Names it here.
    pub id: TenantId,
    /// The workspace's client.
    pub client_id: ClientId,
    /// What the workspace calls it.
    pub internal_id: String,
    /// What a person calls it.
    pub name: String,
    /// When it was first named.
    pub created_at: Timestamp,
    /// When it was last named.
    pub last_active_at: Timestamp,
}

impl Tx<'_> {
    /// Adds a tenant.
    ///
    /// # Errors
    /// `Conflict` when the workspace has it already.
    pub fn insert_tenant(&self, row: &TenantRow) -> Result<(), StoreError> {
        let mut change = self.0.prepare_cached(
            "INSERT INTO tenant (id, client_id, internal_id, name, created_at, last_active_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        change.execute(params![
            row.id.as_str(),
            row.client_id.as_str(),
            row.internal_id,
            row.name,
            ms(row.created_at),
            ms(row.last_active_at),
        ])?;
        Ok(())
    }

    /// Notes that a tenant was seen, and what it is called.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn touch_tenant(&self, id: &TenantId, name: &str, now: Timestamp) -> Result<(), StoreError> {
        let mut change = self.0.prepare_cached("UPDATE tenant SET name = ?2, last_active_at = ?3 WHERE id = ?1")?;
        change.execute(params![id.as_str(), name, ms(now)])?;
        Ok(())
    }

    /// Reads a tenant.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn tenant(&self, id: &TenantId) -> Result<Option<TenantRow>, StoreError> {
        let mut query = self.0.prepare_cached("SELECT * FROM tenant WHERE id = ?1")?;
        query.query_row([id.as_str()], |row| Ok(read(row))).optional()?.transpose()
    }

    /// Finds a workspace's tenant by what the workspace calls it.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn tenant_of(&self, client: &ClientId, internal_id: &str) -> Result<Option<TenantRow>, StoreError> {
        let mut query = self.0.prepare_cached("SELECT * FROM tenant WHERE client_id = ?1 AND internal_id = ?2")?;
        query.query_row([client.as_str(), internal_id], |row| Ok(read(row))).optional()?.transpose()
    }

    /// Lists all tenants, the oldest first.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn tenants(&self) -> Result<Vec<TenantRow>, StoreError> {
        let mut query = self.0.prepare_cached("SELECT * FROM tenant ORDER BY id")?;
        query.query_map([], |row| Ok(read(row)))?.map(|row| row?).collect()
    }
}

fn read(row: &Row<'_>) -> Result<TenantRow, StoreError> {
    let columns = Columns::new(row, TABLE);
    Ok(TenantRow {
        id: columns.parsed("id")?,
        client_id: columns.parsed("client_id")?,
        internal_id: columns.text("internal_id")?,
        name: columns.text("name")?,
        created_at: columns.time("created_at")?,
        last_active_at: columns.time("last_active_at")?,
    })
}
