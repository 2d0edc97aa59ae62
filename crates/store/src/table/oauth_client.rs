//! The person's own OAuth clients, one per app or family of apps.

use membrane_model::{AppKey, Timestamp};
use membrane_vault::Sealed;
use rusqlite::{OptionalExtension, Row, params};

use super::{Columns, ms};
use crate::{StoreError, Tx};

const TABLE: &str = "oauth_client";

/// An OAuth client that the person registered at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OauthClientRow {
    /// For which app, or for which family of apps.
    pub app_key: AppKey,
    /// The provider's id of it; no secret.
    pub client_id: String,
    /// Its secret, where it has one.
    pub secret: Option<Sealed>,
    /// When it was set.
    pub updated_at: Timestamp,
}

impl Tx<'_> {
    /// Writes the client of an app in place of the one there was.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn put_oauth_client(&self, row: &OauthClientRow) -> Result<(), StoreError> {
        let mut change = self.0.prepare_cached(
            "INSERT OR REPLACE INTO oauth_client (app, client_id, secret_key_id, secret, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        let (key_id, secret) = row.secret.as_ref().map(|sealed| (&sealed.key_id, &sealed.bytes)).unzip();
        change.execute(params![row.app_key.as_str(), row.client_id, key_id, secret, ms(row.updated_at)])?;
        Ok(())
    }

    /// Reads the client of an app.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn oauth_client(&self, key: &AppKey) -> Result<Option<OauthClientRow>, StoreError> {
        let mut query = self.0.prepare_cached("SELECT * FROM oauth_client WHERE app = ?1")?;
        query.query_row([key.as_str()], |row| Ok(read(row))).optional()?.transpose()
    }

    /// Removes the client of an app.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn delete_oauth_client(&self, key: &AppKey) -> Result<(), StoreError> {
        let mut change = self.0.prepare_cached("DELETE FROM oauth_client WHERE app = ?1")?;
        change.execute([key.as_str()])?;
        Ok(())
    }
}

fn read(row: &Row<'_>) -> Result<OauthClientRow, StoreError> {
    let columns = Columns::new(row, TABLE);
    Ok(OauthClientRow {
        app_key: columns.parsed("app")?,
        client_id: columns.text("client_id")?,
        secret: columns.maybe_sealed("secret_key_id", "secret")?,
        updated_at: columns.time("updated_at")?,
    })
}
