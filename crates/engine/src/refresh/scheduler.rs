//! One task that wakes when something is due: renewals, pauses that end, attempts that ran out of time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use membrane_model::{ConnectionId, ConnectionState, DisconnectReason, Fault, Timestamp, VaultState};
use membrane_store::DueRefresh;
use tokio::sync::Semaphore;

use crate::Engine;
use crate::connection::transition::ConnectionEvent;
use crate::refresh::plan::between;

/// The clock on the wall is read at least this often, since timers stand still while the computer sleeps.
const LOOK_AT_LEAST: Duration = Duration::from_secs(30);
/// Exchanges that may run at once with one app.
const PER_APP: usize = 8;
/// Exchanges that may run at once in all.
const IN_ALL: usize = 64;

/// The permits of the running exchanges.
struct Permits {
    all: Arc<Semaphore>,
    by_app: HashMap<String, Arc<Semaphore>>,
}

impl Engine {
    pub(crate) fn start_scheduler(&self) {
        let engine = self.clone();
        self.inner().tasks.until_end(async move {
            let mut permits = Permits { all: Arc::new(Semaphore::new(IN_ALL)), by_app: HashMap::new() };
            let mut running: HashMap<ConnectionId, tokio::task::JoinHandle<()>> = HashMap::new();
            loop {
                running.retain(|_, task| !task.is_finished());
                let wait = match engine.look(&mut permits, &mut running).await {
                    Ok(wait) => wait.min(LOOK_AT_LEAST),
                    Err(fault) => {
                        tracing::warn!("failed to look for what is due: {fault}");
                        LOOK_AT_LEAST
                    }
                };
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    () = engine.inner().wake.notified() => {}
                }
            }
        });
    }

    /// Starts what is due and tells how long nothing else will be.
    async fn look(
        &self,
        permits: &mut Permits,
        running: &mut HashMap<ConnectionId, tokio::task::JoinHandle<()>>,
    ) -> Result<Duration, Fault> {
        let now = Timestamp::now();
        let mut next = self.end_sessions(now).await?;
        next = next.min(self.end_pauses(now).await?);
        next = next.min(self.end_expired(now).await?);
        if self.vault().state() != VaultState::Unlocked {
            return Ok(next);
        }
        for due in self.store().read(|tx| tx.due_refreshes())? {
            if due.at > now {
                next = next.min(between(now, due.at));
                // The list is sorted: everything behind is later.
                break;
            }
            if !running.contains_key(&due.connection_id) {
                running.insert(due.connection_id.clone(), self.start_refresh(due, permits));
            }
        }
        Ok(next.max(Duration::from_millis(50)))
    }

    fn start_refresh(&self, due: DueRefresh, permits: &mut Permits) -> tokio::task::JoinHandle<()> {
        let engine = self.clone();
        let all = Arc::clone(&permits.all);
        let app = permits.by_app.entry(due.app.to_string()).or_insert_with(|| Arc::new(Semaphore::new(PER_APP)));
        let app = Arc::clone(app);
        tokio::spawn(async move {
            let (Ok(_one), Ok(_of_app)) = (all.acquire_owned().await, app.acquire_owned().await) else { return };
            if let Err(fault) = engine.refresh(&due.connection_id, due.generation).await {
                tracing::warn!(connection = %due.connection_id, "failed to renew: {fault}");
            }
            engine.inner().wake.notify_one();
        })
    }

    /// Wakes connections whose pause is over.
    async fn end_pauses(&self, now: Timestamp) -> Result<Duration, Fault> {
        let mut next = LOOK_AT_LEAST;
        for (id, until) in self.store().read(|tx| tx.pauses())? {
            if until <= now {
                self.drive(&id, ConnectionEvent::Resume).await?;
            } else {
                next = next.min(between(now, until));
            }
        }
        Ok(next)
    }

    /// Disconnects connections that ran out with nothing to renew them with.
    async fn end_expired(&self, now: Timestamp) -> Result<Duration, Fault> {
        let mut next = LOOK_AT_LEAST;
        for (id, expires_at) in self.store().read(|tx| tx.unrenewable())? {
            if expires_at > now {
                next = next.min(between(now, expires_at));
            } else if self.find(&id)?.state == ConnectionState::Connected {
                self.lose(&id, DisconnectReason::Expired).await?;
            }
        }
        Ok(next)
    }
}
