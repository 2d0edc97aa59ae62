//! The desktop's notification daemon: keeps what is raised, and clicks.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use zbus::object_server::SignalEmitter;
use zbus::zvariant::OwnedValue;

use super::Desktop;
use crate::wait;

const PATH: &str = "/org/freedesktop/Notifications";
const INTERFACE: &str = "org.freedesktop.Notifications";

/// A notification that was raised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// The daemon's id of it.
    pub id: u32,
    /// The first line.
    pub title: String,
    /// The second.
    pub body: String,
    /// Keys and labels, in turn.
    pub actions: Vec<String>,
}

#[derive(Default)]
struct Shown {
    up: Vec<Notification>,
    raised: usize,
}

type Shared = Arc<(Mutex<Shown>, Condvar)>;

struct Daemon(Shared);

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Daemon {
    #[expect(clippy::too_many_arguments, reason = "the specification has them")]
    fn notify(
        &self,
        _app: String,
        replaces: u32,
        _icon: String,
        title: String,
        body: String,
        actions: Vec<String>,
        _hints: HashMap<String, OwnedValue>,
        _expires: i32,
    ) -> u32 {
        let mut shown = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        shown.raised += 1;
        let id = if replaces == 0 { u32::try_from(shown.raised).unwrap_or(u32::MAX) } else { replaces };
        shown.up.retain(|one| one.id != id);
        shown.up.push(Notification { id, title, body, actions });
        self.0.1.notify_all();
        id
    }

    async fn close_notification(&self, id: u32, #[zbus(signal_emitter)] emitter: SignalEmitter<'_>) {
        {
            let mut shown = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
            shown.up.retain(|one| one.id != id);
            self.0.1.notify_all();
        }
        let _told = Self::notification_closed(&emitter, id, 3).await;
    }

    fn get_capabilities(&self) -> Vec<String> {
        ["actions", "body", "persistence"].map(str::to_owned).to_vec()
    }

    fn get_server_information(&self) -> (String, String, String, String) {
        ("recorder".to_owned(), "tests".to_owned(), "1".to_owned(), "1.2".to_owned())
    }

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, id: u32, action: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn notification_closed(emitter: &SignalEmitter<'_>, id: u32, reason: u32) -> zbus::Result<()>;
}

/// The daemon.
pub struct Notifications {
    bus: zbus::blocking::Connection,
    shared: Shared,
}

impl Notifications {
    /// Starts it.
    ///
    /// # Errors
    /// Fails when there is one already.
    pub fn start(desktop: &Desktop) -> Result<Self> {
        let shared = Shared::default();
        let builder = desktop.bus_builder()?.serve_at(PATH, Daemon(Arc::clone(&shared)))?;
        Ok(Self { bus: builder.name(INTERFACE)?.build()?, shared })
    }

    /// Waits until what is up fits.
    ///
    /// # Errors
    /// Fails with what is up when it doesn't in time.
    pub fn until(
        &self,
        what: &str,
        limit: Duration,
        fits: impl Fn(&[Notification]) -> bool,
    ) -> Result<Vec<Notification>> {
        let end = Instant::now() + limit;
        let mut shown = self.shared.0.lock().unwrap_or_else(PoisonError::into_inner);
        while !fits(&shown.up) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                bail!("waited in vain for {what}; up are {:?}", shown.up);
            }
            shown = self.shared.1.wait_timeout(shown, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(shown.up.clone())
    }

    /// Returns how many were raised so far.
    #[must_use]
    pub fn raised(&self) -> usize {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner).raised
    }

    /// Clicks an action until it has the effect that is asked for, as the daemon tells it: the program may listen a
    /// moment later than it raises. The notification is taken down, as the specification says.
    ///
    /// # Errors
    /// Fails when it never has.
    pub fn click(&self, id: u32, action: &str, effect: impl Fn() -> Result<bool>) -> Result<()> {
        const DISMISSED: u32 = 2;
        wait::until_true(&format!("the effect of {action:?}"), Duration::from_secs(20), || {
            self.bus.emit_signal(None::<&str>, PATH, INTERFACE, "ActionInvoked", &(id, action))?;
            effect()
        })?;
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner).up.retain(|one| one.id != id);
        self.bus.emit_signal(None::<&str>, PATH, INTERFACE, "NotificationClosed", &(id, DISMISSED))?;
        Ok(())
    }
}

/// A daemon that takes every notification and answers none.
pub struct Silent {
    _bus: zbus::blocking::Connection,
    asked: Arc<AtomicUsize>,
}

struct SilentDaemon(Arc<AtomicUsize>);

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl SilentDaemon {
    #[expect(clippy::too_many_arguments, reason = "the specification has them")]
    async fn notify(
        &self,
        _app: String,
        _replaces: u32,
        _icon: String,
        _title: String,
        _body: String,
        _actions: Vec<String>,
        _hints: HashMap<String, OwnedValue>,
        _expires: i32,
    ) -> u32 {
        self.0.fetch_add(1, Ordering::SeqCst);
        std::future::pending().await
    }
}

impl Silent {
    /// Starts it.
    ///
    /// # Errors
    /// Fails when there is a daemon already.
    pub fn start(desktop: &Desktop) -> Result<Self> {
        let asked = Arc::new(AtomicUsize::new(0));
        let builder = desktop.bus_builder()?.serve_at(PATH, SilentDaemon(Arc::clone(&asked)))?;
        Ok(Self { _bus: builder.name(INTERFACE)?.build()?, asked })
    }

    /// Returns how many notifications it has left unanswered.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}
