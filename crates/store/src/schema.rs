//! Schemas and the way from one to the next: forward only, one file each.

use std::path::Path;

use rusqlite::Connection;

use crate::StoreError;

/// Marks a file as ours ("MbrD").
const APPLICATION_ID: i64 = 0x4d62_7244;
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_first.sql"),
    include_str!("../migrations/0002_due.sql"),
    include_str!("../migrations/0010_ways_in.sql"),
    include_str!("../migrations/0020_access_use.sql"),
    include_str!("../migrations/0040_webhooks.sql"),
    include_str!("../migrations/0030_auth_servers.sql"),
    include_str!("../migrations/0050_last_word.sql"),
];
/// The newest schema that is known here.
pub const SCHEMA_VERSION: u32 = MIGRATIONS.len() as u32;

/// Refuses a file that is not ours or newer than us, before anything is written to it. Returns its schema.
pub(crate) fn check(connection: &Connection, path: &Path) -> Result<u32, StoreError> {
    let foreign = |_| StoreError::NotADatabase { path: path.to_owned() };
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let found = number("PRAGMA user_version").map_err(foreign)?;
    let tables = number("SELECT COUNT(*) FROM sqlite_schema").map_err(foreign)?;
    let id = number("PRAGMA application_id").map_err(foreign)?;
    if tables > 0 && id != APPLICATION_ID {
        return Err(StoreError::NotADatabase { path: path.to_owned() });
    }
    let found = u32::try_from(found).unwrap_or(u32::MAX);
    if found > SCHEMA_VERSION {
        return Err(StoreError::Newer { found, known: SCHEMA_VERSION });
    }
    Ok(found)
}

/// Brings a database to the newest schema, each step whole or not at all.
pub(crate) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let found = check(connection, path)?;
    for (sql, version) in MIGRATIONS.iter().zip(1_u32..).skip(found as usize) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}
