//! Connect sessions: what clients see as JSON, what only the engine knows beside it, secrets sealed.

use membrane_model::{Session, SessionId, TenantId, Timestamp};
use membrane_vault::Sealed;
use rusqlite::{OptionalExtension, Row, params};
use serde_json::Value;

use super::{Columns, json, ms};
use crate::{StoreError, Tx};

const TABLE: &str = "session";

/// An attempt to connect or reconnect.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionRow {
    /// What clients see.
    pub session: Session,
    /// Whose.
    pub tenant: TenantId,
    /// SHA-256 of the OAuth `state` that is out, until it comes back.
    pub state_hash: Option<[u8; 32]>,
    /// PKCE verifier, device code, a credential that waits for a decision.
    pub secrets: Option<Sealed>,
    /// What the engine needs to go on and is no secret.
    pub context: Value,
}

impl Tx<'_> {
    /// Adds an attempt.
    ///
    /// # Errors
    /// `Conflict` for an id or state that is there already.
    pub fn insert_session(&self, row: &SessionRow) -> Result<(), StoreError> {
        self.put_session(
            "INSERT INTO session
                (id, tenant, connection_id, final, expires_at, public, context, state_hash, secrets_key_id, secrets)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            row,
        )
    }

    /// Writes an attempt in place of what it was.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn update_session(&self, row: &SessionRow) -> Result<(), StoreError> {
        self.put_session(
            "UPDATE session SET tenant = ?2, connection_id = ?3, final = ?4, expires_at = ?5, public = ?6,
                context = ?7, state_hash = ?8, secrets_key_id = ?9, secrets = ?10 WHERE id = ?1",
            row,
        )
    }

    fn put_session(&self, sql: &str, row: &SessionRow) -> Result<(), StoreError> {
        let (key_id, secrets) = row.secrets.as_ref().map(|sealed| (&sealed.key_id, &sealed.bytes)).unzip();
        let changed = self.0.prepare_cached(sql)?.execute(params![
            row.session.id.as_str(),
            row.tenant.as_str(),
            row.session.connection_id.as_ref().map(membrane_model::ConnectionId::as_str),
            row.session.state.is_final(),
            ms(row.session.expires_at),
            json(&row.session, TABLE)?,
            json(&row.context, TABLE)?,
            row.state_hash,
            key_id,
            secrets,
        ])?;
        if changed == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }

    /// Reads an attempt.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn session(&self, id: &SessionId) -> Result<Option<SessionRow>, StoreError> {
        let mut query = self.0.prepare_cached("SELECT * FROM session WHERE id = ?1")?;
        query.query_row([id.as_str()], |row| Ok(read(row))).optional()?.transpose()
    }

    /// Finds the attempt whose state is out and has this hash.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn session_by_state_hash(&self, hash: &[u8; 32]) -> Result<Option<SessionRow>, StoreError> {
        let mut query = self.0.prepare_cached("SELECT * FROM session WHERE state_hash = ?1")?;
        query.query_row([hash], |row| Ok(read(row))).optional()?.transpose()
    }

    /// Spends an attempt's state. Returns whether it was still out: only one caller ever gets `true`.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn take_state(&self, id: &SessionId) -> Result<bool, StoreError> {
        let mut change =
            self.0.prepare_cached("UPDATE session SET state_hash = NULL WHERE id = ?1 AND state_hash IS NOT NULL")?;
        Ok(change.execute([id.as_str()])? == 1)
    }

    /// Lists attempts that are under way, the oldest first.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn open_sessions(&self) -> Result<Vec<SessionRow>, StoreError> {
        let mut query = self.0.prepare_cached("SELECT * FROM session WHERE final = 0 ORDER BY id")?;
        query.query_map([], |row| Ok(read(row)))?.map(|row| row?).collect()
    }

    /// Lists ended attempts that would have run out before a point in time.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn sessions_ended_before(&self, point: Timestamp) -> Result<Vec<SessionId>, StoreError> {
        let mut query = self.0.prepare_cached("SELECT id FROM session WHERE final = 1 AND expires_at < ?1")?;
        let ids = query.query_map([ms(point)], |row| Ok(Columns::new(row, TABLE).parsed("id")))?;
        ids.map(|id| id?).collect()
    }

    /// Lists a tenant's attempts that are over, the newest first, below one of them.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn ended_sessions(&self, tenant: &TenantId, before: Option<&SessionId>) -> Result<Vec<SessionRow>, StoreError> {
        // Their ids are in the order of time.
        let mut query = self.0.prepare_cached(
            "SELECT * FROM session WHERE final = 1 AND tenant = ?1 AND (?2 IS NULL OR id < ?2) ORDER BY id DESC",
        )?;
        let rows = query.query_map(params![tenant.as_str(), before.map(SessionId::as_str)], |row| Ok(read(row)))?;
        rows.map(|row| row?).collect()
    }

    /// Removes an attempt.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn delete_session(&self, id: &SessionId) -> Result<(), StoreError> {
        self.0.prepare_cached("DELETE FROM session WHERE id = ?1")?.execute([id.as_str()])?;
        Ok(())
    }
}

fn read(row: &Row<'_>) -> Result<SessionRow, StoreError> {
    let columns = Columns::new(row, TABLE);
    Ok(SessionRow {
        session: columns.json("public")?,
        tenant: columns.parsed("tenant")?,
        state_hash: columns.maybe_hash("state_hash")?,
        secrets: columns.maybe_sealed("secrets_key_id", "secrets")?,
        context: columns.json("context")?,
    })
}
