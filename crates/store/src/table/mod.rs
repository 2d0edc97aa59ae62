//! One module per table: its SQL, its row and the functions on a [`crate::Tx`].

pub(crate) mod activity;
pub(crate) mod auth_server;
pub(crate) mod client;
pub(crate) mod connection;
pub(crate) mod credential;
pub(crate) mod delivery;
pub(crate) mod due;
pub(crate) mod event;
pub(crate) mod journal;
pub(crate) mod key_check;
pub(crate) mod meta;
pub(crate) mod oauth_client;
pub(crate) mod origin;
pub(crate) mod page_link;
pub(crate) mod request;
pub(crate) mod revocation;
pub(crate) mod session;
pub(crate) mod setting;
pub(crate) mod tenant;
pub(crate) mod webhook;
pub(crate) mod workspace;

use std::str::FromStr;

use membrane_model::Timestamp;
use membrane_vault::Sealed;
use rusqlite::Row;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::StoreError;

/// Milliseconds since 1970, as points in time are stored.
pub(crate) fn ms(point: Timestamp) -> i64 {
    point.as_millisecond()
}

/// Reads the columns of one row by name; what can't be is `Damaged` and names the table.
pub(crate) struct Columns<'a> {
    row: &'a Row<'a>,
    table: &'static str,
}

impl<'a> Columns<'a> {
    pub(crate) fn new(row: &'a Row<'a>, table: &'static str) -> Self {
        Self { row, table }
    }

    fn damaged(&self) -> StoreError {
        StoreError::Damaged(self.table)
    }

    pub(crate) fn text(&self, name: &str) -> Result<String, StoreError> {
        Ok(self.row.get(name)?)
    }

    pub(crate) fn maybe_text(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(self.row.get(name)?)
    }

    pub(crate) fn parsed<T: FromStr>(&self, name: &str) -> Result<T, StoreError> {
        self.text(name)?.parse().map_err(|_| self.damaged())
    }

    pub(crate) fn number<T: TryFrom<i64>>(&self, name: &str) -> Result<T, StoreError> {
        T::try_from(self.row.get::<_, i64>(name)?).map_err(|_| self.damaged())
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self.row.get(name)?)
    }

    pub(crate) fn time(&self, name: &str) -> Result<Timestamp, StoreError> {
        self.maybe_time(name)?.ok_or_else(|| self.damaged())
    }

    pub(crate) fn maybe_time(&self, name: &str) -> Result<Option<Timestamp>, StoreError> {
        let stored: Option<i64> = self.row.get(name)?;
        stored.map(|ms| Timestamp::from_millisecond(ms).map_err(|_| self.damaged())).transpose()
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T, StoreError> {
        serde_json::from_str(&self.text(name)?).map_err(|_| self.damaged())
    }

    /// Reads an enum that is stored as the text of its serde name.
    pub(crate) fn maybe_named<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreError> {
        let stored = self.maybe_text(name)?;
        stored.map(|text| serde_json::from_value(text.into()).map_err(|_| self.damaged())).transpose()
    }

    pub(crate) fn hash(&self, name: &str) -> Result<[u8; 32], StoreError> {
        Ok(self.row.get(name)?)
    }

    pub(crate) fn maybe_hash(&self, name: &str) -> Result<Option<[u8; 32]>, StoreError> {
        Ok(self.row.get(name)?)
    }

    pub(crate) fn maybe_sealed(&self, key_id: &str, bytes: &str) -> Result<Option<Sealed>, StoreError> {
        let key_id = self.maybe_text(key_id)?;
        let bytes: Option<Vec<u8>> = self.row.get(bytes)?;
        Ok(key_id.zip(bytes).map(|(key_id, bytes)| Sealed { key_id, bytes }))
    }

    pub(crate) fn sealed(&self, key_id: &str, bytes: &str) -> Result<Sealed, StoreError> {
        self.maybe_sealed(key_id, bytes)?.ok_or_else(|| self.damaged())
    }
}

/// Writes JSON text. The types that are stored have string keys only, so this can't fail for them.
pub(crate) fn json<T: Serialize>(value: &T, table: &'static str) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| StoreError::Damaged(table))
}

/// Writes an enum as the text of its serde name.
pub(crate) fn named<T: Serialize>(value: &T, table: &'static str) -> Result<String, StoreError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => Ok(text),
        _ => Err(StoreError::Damaged(table)),
    }
}
