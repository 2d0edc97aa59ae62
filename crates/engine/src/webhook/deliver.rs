//! Sends what is due, one of a connection at a time, and remembers what came of it.

use std::collections::HashSet;
use std::time::Duration;

use http::StatusCode;
use membrane_model::{Delivery, DeliveryId, DeliveryState, Fault, Timestamp, VaultState, WebhookOff};
use membrane_store::{StoreError, WebhookRow};
use tokio::task::JoinSet;
use url::Url;

use crate::Engine;
use crate::proxy::address::ground;
use crate::proxy::line::Silence;
use crate::proxy::retry_after;
use crate::refresh::plan::{after, between};
use crate::webhook::{notice, plan, sign};

/// How long a receiver may take.
const TIME: Duration = Duration::from_secs(15);
/// How many deliveries run at once.
const AT_ONCE: usize = 16;
/// How many are looked at in one go.
const BATCH: u32 = 64;
/// The clock on the wall is read at least this often, since timers stand still while the computer sleeps.
const LOOK_AT_LEAST: Duration = Duration::from_secs(30);
/// How long a delivery rests when the vault or the disk failed it.
const AFTER_TROUBLE: Duration = Duration::from_secs(5);
/// How long the history of deliveries is kept.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The receiver took it.
    Taken(u16),
    /// The receiver says that it is gone for good.
    Gone,
    /// It did not take it.
    Failed {
        /// What it answered, if anything.
        status: Option<u16>,
        /// In a few words.
        why: String,
        /// How long it asks to be left alone.
        asked: Option<Duration>,
    },
    /// The secret can't be read any more.
    SecretLost,
}

impl Engine {
    /// Starts the task that delivers.
    pub(crate) fn start_deliveries(&self) {
        let engine = self.clone();
        self.inner().tasks.until_end(async move {
            let forgotten = engine.write(|tx| tx.forget_deliveries(before(Timestamp::now(), KEPT))).await;
            if let Err(fault) = forgotten {
                tracing::warn!("failed to forget old deliveries: {fault}");
            }
            let mut vault = engine.vault().subscribe();
            let mut running: JoinSet<DeliveryId> = JoinSet::new();
            let mut under_way: HashSet<DeliveryId> = HashSet::new();
            loop {
                let wait = match engine.send_due(&mut running, &mut under_way) {
                    Ok(wait) => wait,
                    Err(fault) => {
                        tracing::warn!("failed to look for deliveries: {fault}");
                        LOOK_AT_LEAST
                    }
                };
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    () = engine.inner().outbox.wake.notified() => {}
                    Ok(()) = vault.changed() => {}
                    Some(ended) = running.join_next() => {
                        match ended {
                            Ok(id) => drop(under_way.remove(&id)),
                            // Whose it was is not known any more; all that run are looked at again.
                            Err(_) => under_way.clear(),
                        }
                    }
                }
            }
        });
    }

    /// Starts what is due and tells how long nothing else will be.
    fn send_due(
        &self,
        running: &mut JoinSet<DeliveryId>,
        under_way: &mut HashSet<DeliveryId>,
    ) -> Result<Duration, Fault> {
        if self.vault().state() != VaultState::Unlocked {
            return Ok(LOOK_AT_LEAST);
        }
        let now = Timestamp::now();
        let mut next = LOOK_AT_LEAST;
        for delivery in self.store().read(|tx| tx.delivery_heads(BATCH))? {
            if under_way.contains(&delivery.id) {
                continue;
            }
            match delivery.next_attempt_at.filter(|at| *at > now) {
                Some(at) => next = next.min(between(now, at)),
                None if running.len() >= AT_ONCE => break,
                None => {
                    under_way.insert(delivery.id.clone());
                    let engine = self.clone();
                    running.spawn(async move {
                        let id = delivery.id.clone();
                        if let Err(fault) = engine.deliver(delivery).await {
                            tracing::warn!(delivery = %id, "failed to keep what came of a delivery: {fault}");
                            // It stays due, and would be started anew at once.
                            tokio::time::sleep(AFTER_TROUBLE).await;
                        }
                        id
                    });
                }
            }
        }
        Ok(next.max(Duration::from_millis(20)))
    }

    /// Makes one attempt and keeps what came of it.
    async fn deliver(&self, delivery: Delivery) -> Result<(), Fault> {
        let id = delivery.webhook_id.clone();
        let Some(webhook) = self.store().read(|tx| tx.webhook(&id))?.filter(|webhook| webhook.off.is_none()) else {
            return self.write(move |tx| tx.give_up_deliveries(&id, OFF, Timestamp::now())).await;
        };
        let outcome = self.attempt(&webhook, &delivery).await?;
        let mut unit = [0_u8; 4];
        crate::session::random(&mut unit)?;
        let unit = f64::from(u32::from_be_bytes(unit)) / f64::from(u32::MAX);
        let now = Timestamp::now();
        tracing::debug!(delivery = %delivery.id, attempt = delivery.attempts + 1, ?outcome, "a webhook was called");
        let off = self.write(move |tx| keep(tx, &webhook, delivery, outcome, unit, now)).await?;
        if let Some((webhook, off)) = off {
            self.tell_of_webhook(&webhook, off);
        }
        Ok(())
    }

    /// Sends a delivery once.
    pub(crate) async fn attempt(&self, webhook: &WebhookRow, delivery: &Delivery) -> Result<Outcome, Fault> {
        let failed = |why: &str| Outcome::Failed { status: None, why: why.to_owned(), asked: None };
        let now = Timestamp::now();
        let Some(secrets) = self.webhook_secrets(webhook, now)? else { return Ok(Outcome::SecretLost) };
        let body = delivery.payload.clone().into_bytes();
        let headers = sign::headers(&delivery.event_id, now, &body, &secrets)?;
        // Rules may have changed since it was made, so the address is checked every time.
        let Ok(url) = Url::parse(&webhook.url) else { return Ok(failed("the address is not a proper one")) };
        let ground = match ground(&url, webhook.allow_local) {
            Ok(ground) => ground,
            Err(barred) => return Ok(failed(&barred.to_string())),
        };
        let request = self.inner().lines.to(ground)?.post(url).headers(headers).body(body).timeout(TIME);
        let request = request.header(http::header::USER_AGENT, crate::proxy::line::USER_AGENT);
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => return Ok(failed(Silence::of(&error).words())),
        };
        // What it says beside its status is nobody's concern: the body is not read.
        let status = answer.status();
        Ok(match status {
            _ if status.is_success() => Outcome::Taken(status.as_u16()),
            StatusCode::GONE => Outcome::Gone,
            _ => Outcome::Failed {
                status: Some(status.as_u16()),
                why: if status.is_redirection() {
                    "it answered with a redirect, and redirects are not followed".to_owned()
                } else {
                    format!("it answered {}", status.as_u16())
                },
                asked: retry_after(answer.headers(), now),
            },
        })
    }

    fn tell_of_webhook(&self, webhook: &WebhookRow, off: WebhookOff) {
        tracing::info!(webhook = %webhook.id, ?off, "a webhook was turned off");
        self.publish_status();
        if self.settings().unwrap_or_default().notifications {
            self.inner().host.notify(notice::turned_off(&webhook.id, &webhook.url, off, self.texts()));
        }
    }
}

/// What is said of deliveries to a webhook that sends nothing.
pub(crate) const OFF: &str = "the webhook is off";

/// Writes what came of an attempt. Returns the webhook and the reason when it was turned off by that.
fn keep(
    tx: &membrane_store::Tx<'_>,
    webhook: &WebhookRow,
    mut delivery: Delivery,
    outcome: Outcome,
    unit: f64,
    now: Timestamp,
) -> Result<Option<(WebhookRow, WebhookOff)>, StoreError> {
    // It may have been removed meanwhile, with its webhook.
    if tx.delivery(&delivery.id)?.is_none() {
        return Ok(None);
    }
    let mut off = None;
    if outcome != Outcome::SecretLost {
        delivery.attempts += 1;
    }
    match outcome {
        Outcome::Taken(status) => {
            (delivery.last_status, delivery.last_error) = (Some(status), None);
            end(&mut delivery, DeliveryState::Delivered, now);
        }
        Outcome::Gone => {
            (delivery.last_status, delivery.last_error) = (Some(410), Some("it is gone for good (410)".to_owned()));
            end(&mut delivery, DeliveryState::Dead, now);
            off = Some(WebhookOff::Gone);
        }
        Outcome::SecretLost => {
            delivery.last_error = Some("the webhook's secret can't be read any more".to_owned());
            end(&mut delivery, DeliveryState::Dead, now);
            off = Some(WebhookOff::SecretLost);
        }
        Outcome::Failed { status, why, asked } => {
            (delivery.last_status, delivery.last_error) = (status, Some(why));
            match plan::wait(delivery.attempts, unit, asked) {
                Some(wait) => delivery.next_attempt_at = Some(after(now, wait)),
                None => {
                    end(&mut delivery, DeliveryState::Dead, now);
                    if !tx.delivered_since(&webhook.id, delivery.created_at)? {
                        off = Some(WebhookOff::Failing);
                    }
                }
            }
        }
    }
    tx.update_delivery(&delivery)?;
    let Some(off) = off else { return Ok(None) };
    let Some(mut webhook) = tx.webhook(&webhook.id)?.filter(|webhook| webhook.off.is_none()) else { return Ok(None) };
    webhook.off = Some(off);
    webhook.updated_at = now;
    tx.update_webhook(&webhook)?;
    tx.give_up_deliveries(&webhook.id, OFF, now)?;
    Ok(Some((webhook, off)))
}

pub(crate) fn end(delivery: &mut Delivery, state: DeliveryState, now: Timestamp) {
    delivery.state = state;
    delivery.next_attempt_at = None;
    delivery.finished_at = Some(now);
}

fn before(now: Timestamp, time: Duration) -> Timestamp {
    now.checked_sub(time).unwrap_or(Timestamp::UNIX_EPOCH)
}
