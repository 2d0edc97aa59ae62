//! The outbox: what is to be delivered to webhooks, and what was. A connection's deliveries to one webhook are a lane:
//! only the oldest that waits is due.

use membrane_model::{Delivery, DeliveryId, DeliveryState, Timestamp, WebhookId};
use rusqlite::{OptionalExtension, Row, named_params, params};

use super::{Columns, ms, named};
use crate::{StoreError, Tx};

const TABLE: &str = "delivery";

impl Tx<'_> {
    /// Adds a delivery.
    ///
    /// # Errors
    /// `Conflict` for an id in use.
    pub fn insert_delivery(&self, delivery: &Delivery) -> Result<(), StoreError> {
        let mut change = self.0.prepare_cached(
            "INSERT INTO delivery (id, webhook_id, event_id, kind, connection_id, payload, state, attempts, next_at,
                last_status, last_error, created_at, finished_at)
             VALUES (:id, :webhook_id, :event_id, :kind, :connection_id, :payload, :state, :attempts, :next_at,
                :last_status, :last_error, :created_at, :finished_at)",
        )?;
        change.execute(named_params! {
            ":id": delivery.id.as_str(),
            ":webhook_id": delivery.webhook_id.as_str(),
            ":event_id": delivery.event_id.as_str(),
            ":kind": delivery.kind.name(),
            ":connection_id": delivery.connection_id.as_str(),
            ":payload": delivery.payload,
            ":state": named(&delivery.state, TABLE)?,
            ":attempts": delivery.attempts,
            ":next_at": delivery.next_attempt_at.map(ms),
            ":last_status": delivery.last_status,
            ":last_error": delivery.last_error,
            ":created_at": ms(delivery.created_at),
            ":finished_at": delivery.finished_at.map(ms),
        })?;
        Ok(())
    }

    /// Writes where a delivery stands, in place of where it stood.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn update_delivery(&self, delivery: &Delivery) -> Result<(), StoreError> {
        let mut change = self.0.prepare_cached(
            "UPDATE delivery SET state = :state, attempts = :attempts, next_at = :next_at, last_status = :last_status,
                last_error = :last_error, finished_at = :finished_at
             WHERE id = :id",
        )?;
        let changed = change.execute(named_params! {
            ":id": delivery.id.as_str(),
            ":state": named(&delivery.state, TABLE)?,
            ":attempts": delivery.attempts,
            ":next_at": delivery.next_attempt_at.map(ms),
            ":last_status": delivery.last_status,
            ":last_error": delivery.last_error,
            ":finished_at": delivery.finished_at.map(ms),
        })?;
        if changed == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }

    /// Reads a delivery.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn delivery(&self, id: &DeliveryId) -> Result<Option<Delivery>, StoreError> {
        let mut query = self.0.prepare_cached("SELECT * FROM delivery WHERE id = ?1")?;
        query.query_row([id.as_str()], |row| Ok(read(row))).optional()?.transpose()
    }

    /// Lists a webhook's deliveries, the newest first, perhaps only those in one state.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn deliveries(
        &self,
        webhook: &WebhookId,
        state: Option<DeliveryState>,
        limit: u32,
        before: Option<&DeliveryId>,
    ) -> Result<Vec<Delivery>, StoreError> {
        let state = state.map(|state| named(&state, TABLE)).transpose()?;
        let mut query = self.0.prepare_cached(
            "SELECT * FROM delivery
             WHERE webhook_id = ?1 AND (?2 IS NULL OR state = ?2)
                AND (?4 IS NULL OR seq < (SELECT seq FROM delivery WHERE id = ?4))
             ORDER BY seq DESC LIMIT ?3",
        )?;
        let before = before.map(DeliveryId::as_str);
        let rows = query.query_map(params![webhook.as_str(), state, limit, before], |row| Ok(read(row)))?;
        rows.map(|row| row?).collect()
    }

    /// Lists what stands at the head of its lane, the one that is due first before the others.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn delivery_heads(&self, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        let mut query = self.0.prepare_cached(
            "SELECT * FROM delivery AS head
             WHERE state = 'waiting' AND NOT EXISTS (
                SELECT 1 FROM delivery AS older
                WHERE older.webhook_id = head.webhook_id AND older.connection_id = head.connection_id
                    AND older.state = 'waiting' AND older.seq < head.seq)
             ORDER BY next_at, seq LIMIT ?1",
        )?;
        query.query_map([limit], |row| Ok(read(row)))?.map(|row| row?).collect()
    }

    /// Counts a webhook's deliveries that wait, and those that were given up.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn delivery_counts(&self, webhook: &WebhookId) -> Result<(u64, u64), StoreError> {
        let mut query = self.0.prepare_cached(
            "SELECT COUNT(*) FILTER (WHERE state = 'waiting'), COUNT(*) FILTER (WHERE state = 'dead')
             FROM delivery WHERE webhook_id = ?1",
        )?;
        let count = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
        let (waiting, dead) = query.query_row([webhook.as_str()], count)?;
        let count = |number: i64| u64::try_from(number).map_err(|_| StoreError::Damaged(TABLE));
        Ok((count(waiting)?, count(dead)?))
    }

    /// Tells whether anything was delivered to a webhook since a time.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn delivered_since(&self, webhook: &WebhookId, since: Timestamp) -> Result<bool, StoreError> {
        let mut query = self.0.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM delivery
                WHERE webhook_id = ?1 AND state = 'delivered' AND finished_at >= ?2)",
        )?;
        Ok(query.query_row(params![webhook.as_str(), ms(since)], |row| row.get(0))?)
    }

    /// Tells since when nothing gets through to a webhook: when the oldest event happened that failed after the last
    /// success.
    ///
    /// # Errors
    /// Fails when the database can't be read.
    pub fn failing_since(&self, webhook: &WebhookId) -> Result<Option<Timestamp>, StoreError> {
        let mut query = self.0.prepare_cached(
            "SELECT MIN(created_at) AS at FROM delivery
             WHERE webhook_id = ?1 AND state <> 'delivered' AND attempts > 0 AND created_at >= COALESCE(
                (SELECT MAX(finished_at) FROM delivery WHERE webhook_id = ?1 AND state = 'delivered'), 0)",
        )?;
        query.query_row([webhook.as_str()], |row| Ok(Columns::new(row, TABLE).maybe_time("at")))?
    }

    /// Gives up all that waits for a webhook, saying why.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn give_up_deliveries(&self, webhook: &WebhookId, why: &str, now: Timestamp) -> Result<(), StoreError> {
        let mut change = self.0.prepare_cached(
            "UPDATE delivery SET state = 'dead', next_at = NULL, last_error = ?2, finished_at = ?3
             WHERE webhook_id = ?1 AND state = 'waiting'",
        )?;
        change.execute(params![webhook.as_str(), why, ms(now)])?;
        Ok(())
    }

    /// Forgets deliveries that ended before a time; returns how many.
    ///
    /// # Errors
    /// Fails when the database can't be written.
    pub fn forget_deliveries(&self, before: Timestamp) -> Result<usize, StoreError> {
        let mut change = self.0.prepare_cached("DELETE FROM delivery WHERE state <> 'waiting' AND finished_at < ?1")?;
        Ok(change.execute([ms(before)])?)
    }
}

fn read(row: &Row<'_>) -> Result<Delivery, StoreError> {
    let columns = Columns::new(row, TABLE);
    let damaged = || StoreError::Damaged(TABLE);
    let status: Option<i64> = row.get("last_status")?;
    Ok(Delivery {
        id: columns.parsed("id")?,
        webhook_id: columns.parsed("webhook_id")?,
        event_id: columns.parsed("event_id")?,
        kind: columns.maybe_named("kind")?.ok_or_else(damaged)?,
        connection_id: columns.parsed("connection_id")?,
        state: columns.maybe_named("state")?.ok_or_else(damaged)?,
        attempts: columns.number("attempts")?,
        next_attempt_at: columns.maybe_time("next_at")?,
        last_status: status.map(|status| u16::try_from(status).map_err(|_| damaged())).transpose()?,
        last_error: columns.maybe_text("last_error")?,
        payload: columns.text("payload")?,
        created_at: columns.time("created_at")?,
        finished_at: columns.maybe_time("finished_at")?,
    })
}
