//! Lifecycle events, in the order they happened.

use membrane_model::{ConnectionId, LifecycleEvent};
use rusqlite::{Row, params};

use super::{Columns, ms, named};
use crate::{StoreError, Tx};

const TABLE: &str = "event";

/// An event and its place in the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// Counts up, without reuse.
    pub seq: i64,
    /// What happened.
    pub event: LifecycleEvent,
}

impl Tx<'_> {
    /// Adds an event.
    ///
    /// # Errors
    /// `Conflict` for an id that is there already.
    pub fn append_event(&self, event: &LifecycleEvent) -> Result<(), StoreError> {
        let mut change = self.0.prepare_cached(
            "INSERT INTO event (id, kind, tenant, connection_id, app, reason, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        change.execute(params![
            event.id.as_str(),
            event.kind.name(),
            event.tenant_id.as_str(),
            event.connection_id.as_str(),
            event.app_key.as_str(),
            event.reason.map(|reason| named(&reason, TABLE)).transpose()?,
            ms(event.created_at),
        ])?;
        Ok(())
    }

    /// Lists events, newest first: of one connection or all, before a place in the order or from the end.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn events(
        &self,
        connection: Option<&ConnectionId>,
        limit: u32,
        before: Option<i64>,
    ) -> Result<Vec<EventRow>, StoreError> {
        let before = before.unwrap_or(i64::MAX);
        match connection {
            Some(id) => {
                let sql = "SELECT * FROM event WHERE seq < ?1 AND connection_id = ?3 ORDER BY seq DESC LIMIT ?2";
                let mut query = self.0.prepare_cached(sql)?;
                let rows = query.query_map(params![before, limit, id.as_str()], |row| Ok(read(row)))?;
                rows.map(|row| row?).collect()
            }
            None => {
                let sql = "SELECT * FROM event WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2";
                let mut query = self.0.prepare_cached(sql)?;
                let rows = query.query_map(params![before, limit], |row| Ok(read(row)))?;
                rows.map(|row| row?).collect()
            }
        }
    }
}

fn read(row: &Row<'_>) -> Result<EventRow, StoreError> {
    let columns = Columns::new(row, TABLE);
    let kind = columns.maybe_named("kind")?;
    Ok(EventRow {
        seq: columns.number("seq")?,
        event: LifecycleEvent {
            id: columns.parsed("id")?,
            kind: kind.ok_or(StoreError::Damaged(TABLE))?,
            tenant_id: columns.parsed("tenant")?,
            connection_id: columns.parsed("connection_id")?,
            app_key: columns.parsed("app")?,
            reason: columns.maybe_named("reason")?,
            created_at: columns.time("created_at")?,
        },
    })
}
