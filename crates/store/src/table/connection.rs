//! Connections: durable facts, one row each; archived ones stay as rows without a credential.

use membrane_model::{Account, AppKey, Connection, ConnectionId, ConnectionState, TenantId, Timestamp};
use rusqlite::{OptionalExtension, Row, named_params, params};

use super::{Columns, json, ms, named};
use crate::{StoreError, Tx};

const TABLE: &str = "connection";

/// What a list is narrowed to.
#[derive(Debug, Clone)]
pub struct ConnectionFilter {
    /// Whose.
    pub tenant: TenantId,
    /// Archived ones too.
    pub include_archived: bool,
    /// Only this app.
    pub app: Option<String>,
    /// Only those that need the person, or only the others.
    pub disconnected: Option<bool>,
    /// Part of a name, an account or an app's key; case does not matter.
    pub search: Option<String>,
    /// How many at most.
    pub limit: usize,
    /// Where the page starts, from the page before; `0` = the start.
    pub cursor: Option<String>,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectionPage {
    /// By app, then name.
    pub items: Vec<Connection>,
    /// Where the next page starts; only a full page has one.
    pub cursor: Option<String>,
}

/// How many connections there are, archived ones left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionCounts {
    /// All of them.
    pub all: u64,
    /// Those that need the person.
    pub disconnected: u64,
}

impl Tx<'_> {
    /// Adds a connection.
    ///
    /// # Errors
    /// `Conflict` for an id or key in use.
    pub fn insert_connection(&self, connection: &Connection) -> Result<(), StoreError> {
        self.put_connection(
            "INSERT INTO connection (id, key, tenant, app, auth_method, name, account_id, account, state, session,
                reason, since, paused_until, fields, scopes, meta, generation, created_at, updated_at, last_used_at,
                archived_at)
             VALUES (:id, :key, :tenant, :app, :auth_method, :name, :account_id, :account, :state, :session, :reason,
                :since, :paused_until, :fields, :scopes, :meta, :generation, :created_at, :updated_at, :last_used_at,
                :archived_at)",
            connection,
        )
    }

    /// Writes a connection in place of what it was.
    ///
    /// # Errors
    /// `NotFound`, and `Conflict` for a key in use.
    pub fn update_connection(&self, connection: &Connection) -> Result<(), StoreError> {
        self.put_connection(
            "UPDATE connection SET key = :key, tenant = :tenant, app = :app, auth_method = :auth_method, name = :name,
                account_id = :account_id, account = :account, state = :state, session = :session, reason = :reason,
                since = :since, paused_until = :paused_until, fields = :fields, scopes = :scopes, meta = :meta,
                generation = :generation, created_at = :created_at, updated_at = :updated_at,
                last_used_at = :last_used_at, archived_at = :archived_at
             WHERE id = :id",
            connection,
        )
    }

    fn put_connection(&self, sql: &str, connection: &Connection) -> Result<(), StoreError> {
        let state = Stored::of(&connection.state);
        let (account_id, account) = connection.account.as_ref().map(|a| (&a.id, &a.label)).unzip();
        let changed = self.0.prepare_cached(sql)?.execute(named_params! {
            ":id": connection.id.as_str(),
            ":key": connection.key,
            ":tenant": connection.tenant.as_str(),
            ":app": connection.app.as_str(),
            ":auth_method": connection.auth_method,
            ":name": connection.name,
            ":account_id": account_id,
            ":account": account,
            ":state": state.kind,
            ":session": state.session,
            ":reason": state.reason.map(|reason| named(&reason, TABLE)).transpose()?,
            ":since": state.since.map(ms),
            ":paused_until": state.until.map(ms),
            ":fields": json(&connection.fields, TABLE)?,
            ":scopes": json(&connection.scopes, TABLE)?,
            ":meta": json(&connection.meta, TABLE)?,
            ":generation": i64::try_from(connection.generation).unwrap_or(i64::MAX),
            ":created_at": ms(connection.created_at),
            ":updated_at": ms(connection.updated_at),
            ":last_used_at": connection.last_used_at.map(ms),
            ":archived_at": connection.archived_at.map(ms),
        })?;
        if changed == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }

    /// Reads a connection, archived or not.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn connection(&self, id: &ConnectionId) -> Result<Option<Connection>, StoreError> {
        let mut query = self.0.prepare_cached("SELECT * FROM connection WHERE id = ?1")?;
        query.query_row([id.as_str()], |row| Ok(read(row))).optional()?.transpose()
    }

    /// Finds the connection that has a key and is not archived.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn connection_by_key(&self, tenant: &TenantId, key: &str) -> Result<Option<Connection>, StoreError> {
        let mut query =
            self.0.prepare_cached("SELECT * FROM connection WHERE tenant = ?1 AND key = ?2 AND archived_at IS NULL")?;
        query.query_row([tenant.as_str(), key], |row| Ok(read(row))).optional()?.transpose()
    }

    /// Lists connections, a page at a time.
    ///
    /// # Errors
    /// `Cursor` for a cursor that isn't ours.
    pub fn connections(&self, filter: &ConnectionFilter) -> Result<ConnectionPage, StoreError> {
        let after = filter.cursor.as_deref().filter(|cursor| *cursor != "0").map(read_cursor).transpose()?;
        let [after_app, after_name, after_id] = after.map_or([None, None, None], |place| place.map(Some));
        let mut query = self.0.prepare_cached(
            "SELECT * FROM connection
             WHERE tenant = :tenant
                AND (:archived OR archived_at IS NULL)
                AND (:app IS NULL OR app = :app)
                AND (:disconnected IS NULL OR (state = 'disconnected') = :disconnected)
                AND (:search IS NULL OR name LIKE :search ESCAPE '\\' OR account LIKE :search ESCAPE '\\'
                    OR app LIKE :search ESCAPE '\\' OR key = :exact)
                AND (:after_app IS NULL OR (app, name, id) > (:after_app, :after_name, :after_id))
             ORDER BY app, name, id LIMIT :limit",
        )?;
        let rows = query.query_map(
            named_params! {
                ":tenant": filter.tenant.as_str(),
                ":archived": filter.include_archived,
                ":app": filter.app,
                ":disconnected": filter.disconnected,
                ":search": filter.search.as_deref().map(like),
                ":exact": filter.search,
                ":after_app": after_app,
                ":after_name": after_name,
                ":after_id": after_id,
                ":limit": i64::try_from(filter.limit).unwrap_or(i64::MAX),
            },
            |row| Ok(read(row)),
        )?;
        let items = rows.map(|row| row?).collect::<Result<Vec<_>, _>>()?;
        let full = items.len() == filter.limit;
        let cursor = items.last().filter(|_| full).map(write_cursor).transpose()?;
        Ok(ConnectionPage { items, cursor })
    }

    /// Removes a row for good; its credential goes with it.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn delete_connection(&self, id: &ConnectionId) -> Result<(), StoreError> {
        self.0.prepare_cached("DELETE FROM connection WHERE id = ?1")?.execute([id.as_str()])?;
        Ok(())
    }

    /// Notes that a connection's credential was renewed, and leaves alone what others may have changed meanwhile.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn note_renewal(&self, id: &ConnectionId, generation: u64, scopes: &[String]) -> Result<(), StoreError> {
        let mut change = self.0.prepare_cached("UPDATE connection SET generation = ?2, scopes = ?3 WHERE id = ?1")?;
        change.execute(params![id.as_str(), i64::try_from(generation).unwrap_or(i64::MAX), json(&scopes, TABLE)?])?;
        Ok(())
    }

    /// Notes that a connection's credential was used.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn touch_connection(&self, id: &ConnectionId, now: Timestamp) -> Result<(), StoreError> {
        let mut change = self.0.prepare_cached("UPDATE connection SET last_used_at = ?2 WHERE id = ?1")?;
        change.execute(params![id.as_str(), ms(now)])?;
        Ok(())
    }

    /// Counts connections, of one tenant or of all, archived ones and first attempts left out.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn connection_counts(&self, tenant: Option<&TenantId>) -> Result<ConnectionCounts, StoreError> {
        let mut query = self.0.prepare_cached(
            "SELECT COUNT(*), COUNT(*) FILTER (WHERE state = 'disconnected') FROM connection
             WHERE archived_at IS NULL AND state <> 'connecting' AND (?1 IS NULL OR tenant = ?1)",
        )?;
        let tenant = tenant.map(TenantId::as_str);
        let (all, disconnected) =
            query.query_row([tenant], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
        let count = |number: i64| u64::try_from(number).map_err(|_| StoreError::Damaged(TABLE));
        Ok(ConnectionCounts { all: count(all)?, disconnected: count(disconnected)? })
    }

    /// Tells when the first connection wakes while all rest; `None` when one doesn't, or none wakes by itself.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn all_paused_until(&self) -> Result<Option<Timestamp>, StoreError> {
        let mut query = self.0.prepare_cached(
            "SELECT MIN(paused_until) AS until FROM connection
             WHERE archived_at IS NULL AND state <> 'connecting'
             HAVING COUNT(*) FILTER (WHERE state <> 'paused') = 0",
        )?;
        let found = query.query_row([], |row| Ok(Columns::new(row, TABLE).maybe_time("until"))).optional()?;
        found.transpose().map(Option::flatten)
    }

    /// Lists the apps that have a connection.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn connected_apps(&self) -> Result<Vec<AppKey>, StoreError> {
        let mut query = self.0.prepare_cached(
            "SELECT DISTINCT app FROM connection WHERE archived_at IS NULL AND state <> 'connecting' ORDER BY app",
        )?;
        let rows = query.query_map([], |row| Ok(Columns::new(row, TABLE).parsed("app")))?;
        rows.map(|row| row?).collect()
    }
}

/// A state as its columns.
struct Stored<'a> {
    kind: &'static str,
    session: Option<&'a str>,
    reason: Option<membrane_model::DisconnectReason>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl<'a> Stored<'a> {
    fn of(state: &'a ConnectionState) -> Self {
        let plain = |kind| Self { kind, session: None, reason: None, since: None, until: None };
        match state {
            ConnectionState::Connecting { session } => Self { session: Some(session.as_str()), ..plain("connecting") },
            ConnectionState::Connected => plain("connected"),
            ConnectionState::Disconnected { reason, since } => {
                Self { reason: Some(*reason), since: Some(*since), ..plain("disconnected") }
            }
            ConnectionState::Paused { until } => Self { until: *until, ..plain("paused") },
        }
    }
}

fn read(row: &Row<'_>) -> Result<Connection, StoreError> {
    let columns = Columns::new(row, TABLE);
    let state = match columns.text("state")?.as_str() {
        "connecting" => ConnectionState::Connecting { session: columns.parsed("session")? },
        "connected" => ConnectionState::Connected,
        "disconnected" => ConnectionState::Disconnected {
            reason: columns.maybe_named("reason")?.ok_or(StoreError::Damaged(TABLE))?,
            since: columns.time("since")?,
        },
        "paused" => ConnectionState::Paused { until: columns.maybe_time("paused_until")? },
        _ => return Err(StoreError::Damaged(TABLE)),
    };
    let account = columns.maybe_text("account_id")?.zip(columns.maybe_text("account")?);
    Ok(Connection {
        id: columns.parsed("id")?,
        key: columns.maybe_text("key")?,
        tenant: columns.parsed("tenant")?,
        app: columns.parsed("app")?,
        auth_method: columns.text("auth_method")?,
        name: columns.text("name")?,
        account: account.map(|(id, label)| Account { id, label }),
        state,
        fields: columns.json("fields")?,
        scopes: columns.json("scopes")?,
        meta: columns.json("meta")?,
        generation: columns.number("generation")?,
        created_at: columns.time("created_at")?,
        updated_at: columns.time("updated_at")?,
        last_used_at: columns.maybe_time("last_used_at")?,
        archived_at: columns.maybe_time("archived_at")?,
    })
}

/// Makes a LIKE pattern that finds a text anywhere, its wildcards taken as they are.
fn like(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// Writes the place of a row in the order as URL-safe text.
fn write_cursor(last: &Connection) -> Result<String, StoreError> {
    let place = json(&[last.app.as_str(), &last.name, last.id.as_str()], TABLE)?;
    Ok(place.bytes().map(|byte| format!("{byte:02x}")).collect())
}

fn read_cursor(cursor: &str) -> Result<[String; 3], StoreError> {
    let pairs = cursor.as_bytes().chunks(2);
    let byte = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok());
    let bytes = pairs.map(byte).collect::<Option<Vec<u8>>>().ok_or(StoreError::Cursor)?;
    serde_json::from_slice(&bytes).map_err(|_| StoreError::Cursor)
}
