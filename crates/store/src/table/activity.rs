//! What happened, in one order: lifecycle events, and bursts of uses by programs.

use membrane_model::{Activity, ActivityKind, ConnectionId, Timestamp, UsedBy};
use rusqlite::{Row, params};

use super::{Columns, ms};
use crate::{StoreError, Tx};

const TABLE: &str = "access_use";

/// Several uses of one connection by one caller, close together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UseRow {
    /// Stays the same while the burst goes on.
    pub id: String,
    /// Which connection.
    pub connection: ConnectionId,
    /// Its app.
    pub app: String,
    /// `console`, `terminal` or `client`.
    pub caller: &'static str,
    /// Which client.
    pub client: Option<String>,
    /// The first use.
    pub first_at: Timestamp,
    /// The last use.
    pub last_at: Timestamp,
    /// How many.
    pub uses: u32,
}

/// Which activity is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActivityFilter {
    /// Of one connection.
    pub connection: Option<ConnectionId>,
    /// Of one kind.
    pub kind: Option<ActivityKind>,
    /// By one client.
    pub client: Option<String>,
    /// Older than this one: its time and id.
    pub before: Option<(i64, String)>,
}

impl Tx<'_> {
    /// Writes a burst, or what it has grown to.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn put_use(&self, row: &UseRow) -> Result<(), StoreError> {
        let mut change = self.0.prepare_cached(
            "INSERT INTO access_use (id, connection_id, app, caller, client, first_at, last_at, uses)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (id) DO UPDATE SET last_at = excluded.last_at, uses = excluded.uses",
        )?;
        change.execute(params![
            row.id,
            row.connection.as_str(),
            row.app,
            row.caller,
            row.client,
            ms(row.first_at),
            ms(row.last_at),
            row.uses,
        ])?;
        Ok(())
    }

    /// Forgets uses that ended before a time; lifecycle events stay.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn forget_uses(&self, before: Timestamp) -> Result<usize, StoreError> {
        Ok(self.0.execute("DELETE FROM access_use WHERE last_at < ?1", [ms(before)])?)
    }

    /// Lists activity, newest first.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn activity(&self, filter: &ActivityFilter, limit: u32) -> Result<Vec<Activity>, StoreError> {
        let sql = "SELECT * FROM (
                SELECT e.id AS id, e.created_at AS at, e.kind AS kind, e.connection_id AS connection_id, e.app AS app,
                       e.reason AS reason, NULL AS caller, NULL AS client, NULL AS client_name, 0 AS uses, NULL AS first_at
                FROM event e
                UNION ALL
                SELECT u.id, u.last_at, 'used', u.connection_id, u.app,
                       NULL, u.caller, u.client, (SELECT name FROM client c WHERE c.id = u.client), u.uses, u.first_at
                FROM access_use u
            )
            WHERE (at, id) < (?1, ?2)
              AND (?3 IS NULL OR connection_id = ?3)
              AND (?4 IS NULL OR kind = ?4)
              AND (?5 IS NULL OR client = ?5)
            ORDER BY at DESC, id DESC LIMIT ?6";
        let (at, id) = filter.before.clone().unwrap_or((i64::MAX, String::new()));
        let mut query = self.0.prepare_cached(sql)?;
        let rows = query.query_map(
            params![
                at,
                id,
                filter.connection.as_ref().map(ConnectionId::as_str),
                filter.kind.map(ActivityKind::name),
                filter.client,
                limit
            ],
            |row| Ok(read(row)),
        )?;
        rows.map(|row| row?).collect()
    }
}

fn read(row: &Row<'_>) -> Result<Activity, StoreError> {
    let columns = Columns::new(row, TABLE);
    let kind = columns.text("kind")?;
    let kind = ActivityKind::ALL.into_iter().find(|known| known.name() == kind);
    let by = columns.maybe_text("caller")?.map(|caller| -> Result<UsedBy, StoreError> {
        Ok(UsedBy { kind: caller, client: columns.maybe_text("client")?, name: columns.maybe_text("client_name")? })
    });
    Ok(Activity {
        id: columns.text("id")?,
        at: columns.time("at")?,
        kind: kind.ok_or(StoreError::Damaged(TABLE))?,
        connection_id: columns.parsed("connection_id")?,
        app_key: columns.parsed("app")?,
        app_name: String::new(),
        name: None,
        reason: columns.maybe_named("reason")?,
        by: by.transpose()?,
        uses: columns.number("uses")?,
        first_at: columns.maybe_time("first_at")?,
    })
}
