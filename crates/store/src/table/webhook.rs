//! Webhooks: where events are sent, and the sealed secrets that sign them.

use membrane_model::{EventKind, TenantId, Timestamp, WebhookId, WebhookOff};
use membrane_vault::Sealed;
use rusqlite::{OptionalExtension, Row, named_params, params};

use super::{Columns, json, ms, named};
use crate::{StoreError, Tx};

const TABLE: &str = "webhook";

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookRow {
    /// Names it.
    pub id: WebhookId,
    /// Where events are sent.
    pub url: String,
    /// Which events.
    pub events: Vec<EventKind>,
    /// Only of this tenant's connections.
    pub tenant: Option<TenantId>,
    /// May be an address of this computer.
    pub allow_local: bool,
    /// The payload names the account.
    pub include_account: bool,
    /// Why it sends nothing; none while it does.
    pub off: Option<WebhookOff>,
    /// What signs deliveries.
    pub secret: Sealed,
    /// The secret before, and until when it signs too.
    pub previous: Option<(Sealed, Timestamp)>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Tx<'_> {
    /// Adds a webhook.
    ///
    /// # Errors
    /// `Conflict` for an id in use.
    pub fn insert_webhook(&self, row: &WebhookRow) -> Result<(), StoreError> {
        self.put_webhook(
            "INSERT INTO webhook (id, url, events, tenant, allow_local, include_account, off, secret_key_id, secret,
                previous_key_id, previous, previous_until, created_at, updated_at)
             VALUES (:id, :url, :events, :tenant, :allow_local, :include_account, :off, :secret_key_id, :secret,
                :previous_key_id, :previous, :previous_until, :created_at, :updated_at)",
            row,
        )
    }

    /// Writes a webhook in place of what it was.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn update_webhook(&self, row: &WebhookRow) -> Result<(), StoreError> {
        self.put_webhook(
            "UPDATE webhook SET url = :url, events = :events, tenant = :tenant, allow_local = :allow_local,
                include_account = :include_account, off = :off, secret_key_id = :secret_key_id, secret = :secret,
                previous_key_id = :previous_key_id, previous = :previous, previous_until = :previous_until,
                created_at = :created_at, updated_at = :updated_at
             WHERE id = :id",
            row,
        )
    }

    fn put_webhook(&self, sql: &str, row: &WebhookRow) -> Result<(), StoreError> {
        let previous = row.previous.as_ref();
        let changed = self.0.prepare_cached(sql)?.execute(named_params! {
            ":id": row.id.as_str(),
            ":url": row.url,
            ":events": json(&row.events, TABLE)?,
            ":tenant": row.tenant.as_ref().map(TenantId::as_str),
            ":allow_local": row.allow_local,
            ":include_account": row.include_account,
            ":off": row.off.map(|off| named(&off, TABLE)).transpose()?,
            ":secret_key_id": row.secret.key_id,
            ":secret": row.secret.bytes,
            ":previous_key_id": previous.map(|(sealed, _)| &sealed.key_id),
            ":previous": previous.map(|(sealed, _)| &sealed.bytes),
            ":previous_until": previous.map(|(_, until)| ms(*until)),
            ":created_at": ms(row.created_at),
            ":updated_at": ms(row.updated_at),
        })?;
        if changed == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }

    /// Reads a webhook.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn webhook(&self, id: &WebhookId) -> Result<Option<WebhookRow>, StoreError> {
        let mut query = self.0.prepare_cached("SELECT * FROM webhook WHERE id = ?1")?;
        query.query_row([id.as_str()], |row| Ok(read(row))).optional()?.transpose()
    }

    /// Lists all webhooks, the oldest first.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn webhooks(&self) -> Result<Vec<WebhookRow>, StoreError> {
        let mut query = self.0.prepare_cached("SELECT * FROM webhook ORDER BY id")?;
        query.query_map([], |row| Ok(read(row)))?.map(|row| row?).collect()
    }

    /// Lists the webhooks that want to hear of an event of a tenant's.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn webhooks_for(&self, tenant: &TenantId, kind: EventKind) -> Result<Vec<WebhookRow>, StoreError> {
        let mut query = self.0.prepare_cached(
            "SELECT * FROM webhook WHERE off IS NULL AND (tenant IS NULL OR tenant = ?1) ORDER BY id",
        )?;
        let mut rows: Vec<WebhookRow> =
            query.query_map([tenant.as_str()], |row| Ok(read(row)))?.map(|row| row?).collect::<Result<_, _>>()?;
        rows.retain(|row| row.events.contains(&kind));
        Ok(rows)
    }

    /// Counts the webhooks that were turned off, and not by the person.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn webhooks_turned_off(&self) -> Result<u64, StoreError> {
        let by_you = named(&WebhookOff::ByYou, TABLE)?;
        let mut query = self.0.prepare_cached("SELECT COUNT(*) FROM webhook WHERE off IS NOT NULL AND off <> ?1")?;
        let count: i64 = query.query_row([by_you], |row| row.get(0))?;
        u64::try_from(count).map_err(|_| StoreError::Damaged(TABLE))
    }

    /// Removes a webhook and all that was or would be delivered to it.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn delete_webhook(&self, id: &WebhookId) -> Result<(), StoreError> {
        let changed = self.0.prepare_cached("DELETE FROM webhook WHERE id = ?1")?.execute(params![id.as_str()])?;
        if changed == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }
}

fn read(row: &Row<'_>) -> Result<WebhookRow, StoreError> {
    let columns = Columns::new(row, TABLE);
    let previous = columns.maybe_sealed("previous_key_id", "previous")?;
    Ok(WebhookRow {
        id: columns.parsed("id")?,
        url: columns.text("url")?,
        events: columns.json("events")?,
        tenant: columns
            .maybe_text("tenant")?
            .map(|text| text.parse())
            .transpose()
            .map_err(|_| StoreError::Damaged(TABLE))?,
        allow_local: columns.flag("allow_local")?,
        include_account: columns.flag("include_account")?,
        off: columns.maybe_named("off")?,
        secret: columns.sealed("secret_key_id", "secret")?,
        previous: previous.zip(columns.maybe_time("previous_until")?),
        created_at: columns.time("created_at")?,
        updated_at: columns.time("updated_at")?,
    })
}
