//! Webhooks: addresses that are told of events, each with a secret that signs what it is sent.

mod address;
mod deliver;
mod notice;
mod payload;
mod plan;
mod secret;
mod sign;

use membrane_model::{
    Connection, ConnectionId, ConnectionState, Delivery, DeliveryId, DeliveryState, ErrorCode, EventId, EventKind,
    Fault, LifecycleEvent, ListPage, NewWebhook, TenantId, Timestamp, Webhook, WebhookId, WebhookOff,
};
use membrane_store::{StoreError, Tx, WebhookRow};
use secrecy::ExposeSecret;
use tokio::sync::Notify;

use crate::Engine;
use crate::webhook::address::checked_url;
use crate::webhook::deliver::{OFF, Outcome, end};
pub(crate) use crate::webhook::payload::queue;
use crate::webhook::payload::{Purpose, payload, waiting};

/// How many webhooks there may be.
const WEBHOOKS_MAX: usize = 100;

/// Wakes the task that delivers.
#[derive(Default)]
pub(crate) struct Outbox {
    wake: Notify,
}

impl Outbox {
    /// Says that there may be something to deliver.
    pub(crate) fn look(&self) {
        self.wake.notify_one();
    }
}

/// What a webhook is made with.
#[derive(Debug, Clone)]
pub struct NewWebhookRequest {
    /// Where events are sent.
    pub url: String,
    /// Which; all when empty.
    pub events: Vec<EventKind>,
    /// Only of this tenant's connections.
    pub tenant: Option<TenantId>,
    /// May be an address of this computer.
    pub allow_local: bool,
    /// The payload names the account.
    pub include_account: bool,
}

/// What may be changed of a webhook.
#[derive(Debug, Clone, Default)]
pub struct WebhookChange {
    /// Where events are sent.
    pub url: Option<String>,
    /// Which.
    pub events: Option<Vec<EventKind>>,
    /// May be an address of this computer.
    pub allow_local: Option<bool>,
    /// The payload names the account.
    pub include_account: Option<bool>,
    /// Events are sent.
    pub enabled: Option<bool>,
}

/// What came of trying a webhook.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
pub struct TestOutcome {
    /// The receiver took it.
    pub delivered: bool,
    /// The attempt.
    pub delivery: Delivery,
}

impl Engine {
    /// Makes a webhook; its secret is shown this one time.
    ///
    /// # Errors
    /// `BadRequest` says what is wrong with the address; the vault's states.
    pub async fn create_webhook(&self, request: NewWebhookRequest) -> Result<NewWebhook, Fault> {
        let url = checked_url(&request.url, request.allow_local)?;
        self.need_vault().await?;
        let (id, now) = (WebhookId::generate(), Timestamp::now());
        let secret = sign::new_secret()?;
        let row = WebhookRow {
            url,
            events: chosen(request.events),
            tenant: request.tenant,
            allow_local: request.allow_local,
            include_account: request.include_account,
            off: None,
            secret: self.seal_webhook_secret(&id, &secret)?,
            previous: None,
            created_at: now,
            updated_at: now,
            id,
        };
        let made = row.clone();
        let full = self
            .write(move |tx| {
                let full = tx.webhooks()?.len() >= WEBHOOKS_MAX;
                if !full {
                    tx.insert_webhook(&made)?;
                }
                Ok(full)
            })
            .await?;
        if full {
            return Err(Fault::new(ErrorCode::BadRequest, format!("there are {WEBHOOKS_MAX} webhooks already"))
                .hint("Remove one that is not needed any more: membrane webhook delete ID"));
        }
        Ok(NewWebhook { webhook: self.webhook_view(&row)?, secret: secret.expose_secret().to_owned() })
    }

    /// Lists the webhooks.
    ///
    /// # Errors
    /// Fails when the store can't be read.
    pub fn webhooks(&self) -> Result<ListPage<Webhook>, Fault> {
        let rows = self.store().read(|tx| tx.webhooks())?;
        let items = rows.iter().map(|row| self.webhook_view(row)).collect::<Result<_, _>>()?;
        Ok(ListPage { items, cursor: None })
    }

    /// Returns a webhook.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn webhook(&self, id: &WebhookId) -> Result<Webhook, Fault> {
        self.webhook_view(&self.webhook_row(id)?)
    }

    /// Changes a webhook. Turning it on again does not send what it missed; that can be redelivered by hand.
    ///
    /// # Errors
    /// `NotFound`; `BadRequest` for an address that can't be; `BadRequest` for turning on one whose secret is lost.
    pub async fn change_webhook(&self, id: &WebhookId, change: WebhookChange) -> Result<Webhook, Fault> {
        let mut row = self.webhook_row(id)?;
        row.allow_local = change.allow_local.unwrap_or(row.allow_local);
        row.url = checked_url(change.url.as_deref().unwrap_or(&row.url), row.allow_local)?;
        row.include_account = change.include_account.unwrap_or(row.include_account);
        if let Some(events) = change.events {
            row.events = chosen(events);
        }
        row.off = match (change.enabled, row.off) {
            (Some(true), Some(WebhookOff::SecretLost)) => {
                return Err(Fault::new(ErrorCode::BadRequest, "its secret can't be read any more")
                    .hint(format!("Give it a new one, which turns it on: membrane webhook rotate {id}")));
            }
            (Some(true), _) => None,
            (Some(false), off) => off.or(Some(WebhookOff::ByYou)),
            (None, off) => off,
        };
        row.updated_at = Timestamp::now();
        self.put_webhook(row).await
    }

    /// Removes a webhook with its history.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn delete_webhook(&self, id: &WebhookId) -> Result<(), Fault> {
        self.webhook_row(id)?;
        let gone = id.clone();
        self.write(move |tx| tx.delete_webhook(&gone)).await?;
        self.inner().host.clear_notification(&notice::id(id));
        self.publish_status();
        Ok(())
    }

    /// Sends an event that did not happen, marked as a test, and says what came of it. It is not tried again.
    ///
    /// # Errors
    /// `NotFound`, and the vault's states.
    pub async fn test_webhook(&self, id: &WebhookId, kind: EventKind) -> Result<TestOutcome, Fault> {
        self.need_vault().await?;
        let webhook = self.webhook_row(id)?;
        let now = Timestamp::now();
        let connection = example(webhook.tenant.clone(), now)?;
        let event = LifecycleEvent {
            id: EventId::generate(),
            kind,
            tenant_id: connection.tenant.clone(),
            connection_id: connection.id.clone(),
            app_key: connection.app.clone(),
            reason: (kind == EventKind::Disconnected).then_some(membrane_model::DisconnectReason::Revoked),
            created_at: now,
        };
        let mut delivery = waiting(id, &event, payload(&connection, &event, &webhook, Purpose::Test)?);
        let outcome = self.attempt(&webhook, &delivery).await?;
        delivery.attempts = 1;
        let (state, status, error) = match outcome {
            Outcome::Taken(status) => (DeliveryState::Delivered, Some(status), None),
            Outcome::Gone => (DeliveryState::Dead, Some(410), Some("it is gone for good (410)".to_owned())),
            Outcome::Failed { status, why, .. } => (DeliveryState::Dead, status, Some(why)),
            Outcome::SecretLost => (DeliveryState::Dead, None, Some("its secret can't be read any more".to_owned())),
        };
        (delivery.last_status, delivery.last_error) = (status, error);
        end(&mut delivery, state, Timestamp::now());
        let kept = delivery.clone();
        self.write(move |tx| tx.insert_delivery(&kept)).await?;
        Ok(TestOutcome { delivered: state == DeliveryState::Delivered, delivery })
    }

    /// Lists a webhook's deliveries, the newest first.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn webhook_deliveries(
        &self,
        id: &WebhookId,
        state: Option<DeliveryState>,
        limit: u32,
        cursor: Option<&DeliveryId>,
    ) -> Result<ListPage<Delivery>, Fault> {
        self.webhook_row(id)?;
        let items = self.store().read(|tx| tx.deliveries(id, state, limit, cursor))?;
        let full = u32::try_from(items.len()).is_ok_and(|count| count == limit);
        let cursor = items.last().filter(|_| full).map(|last| last.id.to_string());
        Ok(ListPage { items, cursor })
    }

    /// Delivers something again, whether it was given up or taken: the same event, with the same id.
    ///
    /// # Errors
    /// `NotFound`, and `BadRequest` while the webhook is off.
    pub async fn redeliver(&self, webhook: &WebhookId, id: &DeliveryId) -> Result<Delivery, Fault> {
        if self.webhook_row(webhook)?.off.is_some() {
            return Err(Fault::new(ErrorCode::BadRequest, OFF)
                .hint(format!("Turn it on first: membrane webhook update {webhook} --enable")));
        }
        let found = self.store().read(|tx| tx.delivery(id))?.filter(|found| found.webhook_id == *webhook);
        let mut delivery = found.ok_or_else(|| not_found("delivery", id.as_str()))?;
        delivery.state = DeliveryState::Waiting;
        (delivery.attempts, delivery.finished_at) = (0, None);
        delivery.next_attempt_at = Some(Timestamp::now());
        let kept = delivery.clone();
        self.write(move |tx| tx.update_delivery(&kept)).await?;
        self.inner().outbox.look();
        Ok(delivery)
    }

    pub(crate) fn webhook_row(&self, id: &WebhookId) -> Result<WebhookRow, Fault> {
        self.store().read(|tx| tx.webhook(id))?.ok_or_else(|| not_found("webhook", id.as_str()))
    }

    /// Writes a changed webhook; what waits for one that is off now is given up.
    pub(crate) async fn put_webhook(&self, row: WebhookRow) -> Result<Webhook, Fault> {
        let kept = row.clone();
        self.write(move |tx: &Tx<'_>| -> Result<(), StoreError> {
            tx.update_webhook(&kept)?;
            match kept.off {
                Some(_) => tx.give_up_deliveries(&kept.id, OFF, kept.updated_at),
                None => Ok(()),
            }
        })
        .await?;
        if row.off.is_none() {
            self.inner().host.clear_notification(&notice::id(&row.id));
        }
        self.publish_status();
        self.webhook_view(&row)
    }

    fn webhook_view(&self, row: &WebhookRow) -> Result<Webhook, Fault> {
        let ((waiting, dead), failing_since) =
            self.store().read(|tx| Ok((tx.delivery_counts(&row.id)?, tx.failing_since(&row.id)?)))?;
        let now = Timestamp::now();
        Ok(Webhook {
            id: row.id.clone(),
            url: row.url.clone(),
            events: row.events.clone(),
            tenant_id: row.tenant.clone(),
            allow_local: row.allow_local,
            include_account: row.include_account,
            enabled: row.off.is_none(),
            off_because: row.off,
            previous_secret_until: row.previous.as_ref().map(|(_, until)| *until).filter(|until| *until > now),
            waiting,
            dead,
            failing_since,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Returns the kinds without repeats, in their own order; all when none is named.
fn chosen(events: Vec<EventKind>) -> Vec<EventKind> {
    EventKind::ALL.into_iter().filter(|kind| events.is_empty() || events.contains(kind)).collect()
}

/// Makes a connection that isn't there, for a test.
fn example(tenant: Option<TenantId>, now: Timestamp) -> Result<Connection, Fault> {
    Ok(Connection {
        id: "con_test".parse::<ConnectionId>()?,
        key: None,
        tenant: tenant.unwrap_or_else(TenantId::own),
        app: "membrane-sandbox".parse()?,
        auth_method: "oauth".to_owned(),
        name: "A test".to_owned(),
        account: None,
        state: ConnectionState::Connected,
        fields: std::collections::BTreeMap::new(),
        scopes: Vec::new(),
        meta: serde_json::Map::new(),
        generation: 0,
        created_at: now,
        updated_at: now,
        last_used_at: None,
        archived_at: None,
    })
}

fn not_found(what: &str, id: &str) -> Fault {
    Fault::new(ErrorCode::NotFound, format!("no {what} has the id {id:?}"))
        .hint("`membrane webhook list` and `membrane webhook deliveries ID` show the ids there are.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_listed_once_and_in_order() {
        assert_eq!(chosen(Vec::new()), EventKind::ALL);
        let twice = vec![EventKind::Reconnected, EventKind::Created, EventKind::Reconnected];
        assert_eq!(chosen(twice), [EventKind::Created, EventKind::Reconnected]);
    }
}
