//! Authorization servers that were found by their metadata, and the client that registered itself at each.

use membrane_model::Timestamp;
use membrane_vault::Sealed;
use rusqlite::{OptionalExtension, Row, params};
use serde_json::Value;

use super::{Columns, json, ms};
use crate::{StoreError, Tx};

const TABLE: &str = "auth_server";

/// An authorization server.
#[derive(Debug, Clone, PartialEq)]
pub struct AuthServerRow {
    /// Its identifier, to the letter.
    pub issuer: String,
    /// What it says of itself.
    pub metadata: Value,
    /// When it said so.
    pub fetched_at: Timestamp,
    /// The client that registered itself there, without its secret.
    pub client: Option<Value>,
    /// The client's secret.
    pub secret: Option<Sealed>,
    /// When the secret ends.
    pub secret_expires_at: Option<Timestamp>,
}

impl Tx<'_> {
    /// Writes a server in place of what was known of it.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn put_auth_server(&self, row: &AuthServerRow) -> Result<(), StoreError> {
        let mut change = self.0.prepare_cached(
            "INSERT OR REPLACE INTO auth_server
                (issuer, metadata, fetched_at, client, secret_key_id, secret, secret_expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        let (key_id, secret) = row.secret.as_ref().map(|sealed| (&sealed.key_id, &sealed.bytes)).unzip();
        change.execute(params![
            row.issuer,
            json(&row.metadata, TABLE)?,
            ms(row.fetched_at),
            row.client.as_ref().map(|client| json(client, TABLE)).transpose()?,
            key_id,
            secret,
            row.secret_expires_at.map(ms),
        ])?;
        Ok(())
    }

    /// Reads what is known of a server.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn auth_server(&self, issuer: &str) -> Result<Option<AuthServerRow>, StoreError> {
        let mut query = self.0.prepare_cached("SELECT * FROM auth_server WHERE issuer = ?1")?;
        query.query_row([issuer], |row| Ok(read(row))).optional()?.transpose()
    }
}

fn read(row: &Row<'_>) -> Result<AuthServerRow, StoreError> {
    let columns = Columns::new(row, TABLE);
    let client = columns.maybe_text("client")?;
    Ok(AuthServerRow {
        issuer: columns.text("issuer")?,
        metadata: columns.json("metadata")?,
        fetched_at: columns.time("fetched_at")?,
        client: client.map(|text| serde_json::from_str(&text)).transpose().map_err(|_| StoreError::Damaged(TABLE))?,
        secret: columns.maybe_sealed("secret_key_id", "secret")?,
        secret_expires_at: columns.maybe_time("secret_expires_at")?,
    })
}
