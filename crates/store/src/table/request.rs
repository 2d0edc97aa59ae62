//! Requests to connect: what a program asked a person for, and what came of it.

use membrane_model::{ConnectionRequest, RequestId, RequestStatus, TenantId, Timestamp};
use rusqlite::{OptionalExtension, Row, params};

use super::{Columns, json, ms};
use crate::{StoreError, Tx};

const TABLE: &str = "connection_request";

/// A request and its end.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestRow {
    /// What clients see.
    pub request: ConnectionRequest,
    /// Whose connections it is about.
    pub tenant: TenantId,
    /// When it gives up.
    pub expires_at: Timestamp,
}

impl Tx<'_> {
    /// Writes a request, new or changed.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn put_request(&self, row: &RequestRow) -> Result<(), StoreError> {
        let mut change = self.0.prepare_cached(
            "INSERT OR REPLACE INTO connection_request (id, tenant, pending, expires_at, public)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        change.execute(params![
            row.request.request_id.as_str(),
            row.tenant.as_str(),
            row.request.status == RequestStatus::Pending,
            ms(row.expires_at),
            json(&row.request, TABLE)?,
        ])?;
        Ok(())
    }

    /// Reads a request.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn request(&self, id: &RequestId) -> Result<Option<RequestRow>, StoreError> {
        let mut query = self.0.prepare_cached("SELECT * FROM connection_request WHERE id = ?1")?;
        query.query_row([id.as_str()], |row| Ok(read(row))).optional()?.transpose()
    }

    /// Lists requests that wait for an answer, the oldest first.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn pending_requests(&self) -> Result<Vec<RequestRow>, StoreError> {
        let mut query = self.0.prepare_cached("SELECT * FROM connection_request WHERE pending = 1 ORDER BY id")?;
        query.query_map([], |row| Ok(read(row)))?.map(|row| row?).collect()
    }

    /// Removes requests that gave up before a point in time.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn forget_requests(&self, before: Timestamp) -> Result<usize, StoreError> {
        let sql = "DELETE FROM connection_request WHERE pending = 0 AND expires_at < ?1";
        Ok(self.0.prepare_cached(sql)?.execute([ms(before)])?)
    }
}

fn read(row: &Row<'_>) -> Result<RequestRow, StoreError> {
    let columns = Columns::new(row, TABLE);
    Ok(RequestRow {
        request: columns.json("public")?,
        tenant: columns.parsed("tenant")?,
        expires_at: columns.time("expires_at")?,
    })
}
