//! One task that wakes when something is due. However many connections there are, it reads only what is due, and there
//! is one timer for all of them.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use membrane_model::{ConnectionId, Fault, Timestamp, VaultState};
use membrane_store::{Due, DueTask};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

use crate::Engine;
use crate::connection::transition::ConnectionEvent;
use crate::refresh::Refreshed;
use crate::refresh::line::{Ended, Line, Waiting};
use crate::refresh::plan::between;
use crate::weather::Start;

/// The clock on the wall is read at least this often, since timers stand still while the computer sleeps.
const LOOK_AT_LEAST: Duration = Duration::from_secs(30);
/// The least time between two looks, whatever is due.
const LOOK_AT_MOST: Duration = Duration::from_millis(50);
/// How many rows are read at a time.
const PAGE: usize = 512;
/// How many apps are asked about credentials at once.
const CHECKS: usize = 4;

/// What the task keeps from one look to the next.
struct Desk {
    line: Line,
    checking: HashSet<ConnectionId>,
    checks: Arc<Semaphore>,
    done: mpsc::UnboundedSender<Done>,
    looked_at: Timestamp,
}

/// Work that is over.
enum Done {
    Renewal { host: String, id: ConnectionId, ended: Ended },
    Check { id: ConnectionId },
}

impl Engine {
    pub(crate) fn start_scheduler(&self) {
        let engine = self.clone();
        self.inner().tasks.until_end(async move { engine.schedule().await });
    }

    async fn schedule(&self) {
        let (done, mut finished) = mpsc::unbounded_channel();
        let checks = Arc::new(Semaphore::new(CHECKS));
        let mut desk =
            Desk { line: Line::default(), checking: HashSet::new(), checks, done, looked_at: Timestamp::UNIX_EPOCH };
        let mut weather = self.weather().subscribe();
        let mut look = true;
        loop {
            let wait = match self.turn(&mut desk, look).await {
                Ok(wait) => wait.clamp(LOOK_AT_MOST, LOOK_AT_LEAST),
                Err(fault) => {
                    tracing::warn!("failed to look for what is due: {fault}");
                    LOOK_AT_LEAST
                }
            };
            look = true;
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.inner().wake.notified() => {}
                () = self.inner().sooner.notified() => look = false,
                changed = weather.changed() => {
                    if changed.is_ok() && weather.borrow_and_update().network.may_reach() {
                        desk.line.forgive();
                        self.try_unreached().await;
                    }
                }
                Some(first) = finished.recv() => {
                    look = false;
                    desk.end(first);
                    while let Ok(more) = finished.try_recv() {
                        desk.end(more);
                    }
                }
            }
        }
    }

    /// Puts what is due in line, starts what may start, and tells how long nothing else will be due.
    async fn turn(&self, desk: &mut Desk, look: bool) -> Result<Duration, Fault> {
        let mut wait = LOOK_AT_LEAST;
        if look {
            self.heed_clock().await?;
            wait = wait.min(self.end_sessions(Timestamp::now()).await?);
            if let Some(again) = self.settle_with_disk().await {
                wait = wait.min(again);
            }
            self.gather(desk).await?;
        }
        let now = Instant::now();
        match self.weather().now().lets_start(now) {
            Start::Now => {
                for (host, waiting) in desk.line.start(now) {
                    self.start_renewal(host, waiting, desk.done.clone());
                }
            }
            Start::At(at) => wait = wait.min(at - now),
            Start::NotNow => {}
        }
        if let Some(at) = desk.line.moves_at() {
            wait = wait.min(at.saturating_duration_since(now));
        }
        // What fell due since the last look counts as well: it is looked at right away then.
        let next = self.store().read(|tx| tx.next_due(desk.looked_at))?;
        Ok(next.map_or(wait, |at| wait.min(between(Timestamp::now(), at))))
    }

    /// Reads what is due and hands it on.
    async fn gather(&self, desk: &mut Desk) -> Result<(), Fault> {
        let now = Timestamp::now();
        desk.looked_at = now;
        let unlocked = self.vault().state() == VaultState::Unlocked;
        if !unlocked {
            desk.line.clear();
        }
        let mut last: Option<Due> = None;
        loop {
            let page = self.store().read(|tx| tx.due(now, last.as_ref(), PAGE))?;
            for due in &page {
                if let Err(fault) = self.hand_on(desk, due, unlocked).await {
                    tracing::warn!(connection = %due.connection_id, "failed to do what is due: {fault}");
                }
            }
            match page.last() {
                Some(due) if page.len() == PAGE => last = Some(due.clone()),
                Some(_) | None => break,
            }
        }
        if unlocked && self.weather().now().lets_start(Instant::now()) == Start::Now {
            self.revoke_what_is_due();
        }
        Ok(())
    }

    async fn hand_on(&self, desk: &mut Desk, due: &Due, unlocked: bool) -> Result<(), Fault> {
        let id = &due.connection_id;
        match due.task {
            DueTask::Wake => drop(self.drive(id, ConnectionEvent::Resume).await?),
            DueTask::Announce => self.announce(id).await?,
            DueTask::Forget => {
                if let Some(row) = self.credential_row_of(id)? {
                    let id = id.clone();
                    self.write(move |tx| tx.forget_previous(&id, row.generation)).await?;
                }
            }
            DueTask::Renew if unlocked && !desk.line.knows(id) => {
                if let Some((host, waiting)) = self.place_in_line(id)? {
                    desk.line.add(host, waiting);
                }
            }
            // Without a network nobody can be asked, and nothing is called over on a clock's word alone.
            DueTask::Check | DueTask::End
                if unlocked
                    && self.weather().now().lets_start(Instant::now()) == Start::Now
                    && desk.checking.insert(id.clone()) =>
            {
                self.start_check(due.clone(), Arc::clone(&desk.checks), desk.done.clone());
            }
            DueTask::Renew | DueTask::Check | DueTask::End => {}
        }
        Ok(())
    }

    /// Works out whose line a renewal belongs in.
    fn place_in_line(&self, id: &ConnectionId) -> Result<Option<(String, Waiting)>, Fault> {
        let Some(renewal) = self.store().read(|tx| tx.renewal(id))? else { return Ok(None) };
        // What is newer in memory waits for the disk, not for the provider.
        let held = self.inner().storage.unsaved(id);
        if held.as_ref().is_some_and(|row| row.next_refresh_at.is_none_or(|at| at > Timestamp::now())) {
            return Ok(None);
        }
        let generation = held.map_or(renewal.generation, |row| row.generation);
        let catalog = self.catalog();
        let found = catalog.get(&renewal.app).and_then(|app| Some((app, app.method(&renewal.auth_method)?)));
        let provider = found.and_then(|(app, method)| self.provider(app, method, &renewal.fields).ok());
        let host = provider.and_then(|provider| provider.token.host_str().map(str::to_owned));
        let host = host.unwrap_or_else(|| renewal.app.to_string());
        Ok(Some((host, Waiting { id: id.clone(), generation })))
    }

    fn start_renewal(&self, host: String, waiting: Waiting, done: mpsc::UnboundedSender<Done>) {
        let engine = self.clone();
        tokio::spawn(async move {
            let Waiting { id, generation } = waiting;
            let ended = match engine.refresh(&id, generation).await {
                Ok(Refreshed::Fresh | Refreshed::Permanent(_)) => Ended::Answered,
                Ok(Refreshed::Stale) => Ended::NotSent,
                Ok(Refreshed::Transient { cause, again_at }) => match cause.as_str() {
                    "http-429" | "slow-down" => Ended::Asked(between(Timestamp::now(), again_at)),
                    "busy" | "storage" => Ended::NotSent,
                    _ => Ended::Failed,
                },
                Err(fault) => {
                    tracing::warn!(connection = %id, "failed to renew: {fault}");
                    Ended::NotSent
                }
            };
            // The scheduler is gone when the engine ends.
            let _heard = done.send(Done::Renewal { host, id, ended });
        });
    }

    fn start_check(&self, due: Due, checks: Arc<Semaphore>, done: mpsc::UnboundedSender<Done>) {
        let engine = self.clone();
        tokio::spawn(async move {
            let _one_of_few = checks.acquire_owned().await;
            let id = due.connection_id;
            let outcome = match due.task {
                DueTask::End => engine.end(&id).await,
                _ => engine.examine(&id).await.map(drop),
            };
            if let Err(fault) = outcome {
                tracing::warn!(connection = %id, "failed to ask the app: {fault}");
            }
            let _heard = done.send(Done::Check { id });
        });
    }

    /// Makes renewals that could not reach anybody due at once.
    async fn try_unreached(&self) {
        let now = Timestamp::now();
        if let Err(fault) = self.write(move |tx| tx.retry_unreached(now)).await {
            tracing::warn!("failed to try again what could not be reached: {fault}");
        }
    }
}

impl Desk {
    fn end(&mut self, done: Done) {
        match done {
            Done::Renewal { host, id, ended } => self.line.end(&host, &id, ended, Instant::now()),
            Done::Check { id } => drop(self.checking.remove(&id)),
        }
    }
}
