//! Which master key the records are sealed with, and a canary to recognise it by.

use membrane_vault::{KeyCheck, Sealed};
use rusqlite::{OptionalExtension, params};

use crate::{StoreError, Tx};

impl Tx<'_> {
    /// Reads the check; `None` before the first unlock.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn key_check(&self) -> Result<Option<KeyCheck>, StoreError> {
        let mut query = self.0.prepare_cached("SELECT key_id, canary_key_id, canary FROM vault_key")?;
        let found = query.query_row([], |row| {
            let canary = Sealed { key_id: row.get(1)?, bytes: row.get(2)? };
            Ok(KeyCheck { key_id: row.get(0)?, canary })
        });
        Ok(found.optional()?)
    }

    /// Writes the check in place of the one there was.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn put_key_check(&self, check: &KeyCheck) -> Result<(), StoreError> {
        self.0.execute("DELETE FROM vault_key", [])?;
        let mut change =
            self.0.prepare_cached("INSERT INTO vault_key (key_id, canary_key_id, canary) VALUES (?1, ?2, ?3)")?;
        change.execute(params![check.key_id, check.canary.key_id, check.canary.bytes])?;
        Ok(())
    }

    /// Destroys everything that is sealed, and the check of the key it was sealed with.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn forget_secrets(&self) -> Result<(), StoreError> {
        self.0.execute_batch(
            "DELETE FROM refresh_journal;
             DELETE FROM credential;
             DELETE FROM revocation;
             UPDATE oauth_client SET secret_key_id = NULL, secret = NULL;
             UPDATE auth_server SET client = NULL, secret_key_id = NULL, secret = NULL, secret_expires_at = NULL;
             UPDATE webhook SET off = 'secret-lost', previous_key_id = NULL, previous = NULL, previous_until = NULL;
             UPDATE session SET secrets_key_id = NULL, secrets = NULL, state_hash = NULL;
             DELETE FROM vault_key;",
        )?;
        Ok(())
    }
}
