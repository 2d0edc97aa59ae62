//! What the computer says of its network and its sleep, and what that means for renewals.

mod bus;
pub(crate) mod clock;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use membrane_model::Network;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::Engine;

/// How long nothing is started after the network changed or the computer woke.
const SETTLE: Duration = Duration::from_secs(3);
/// How long an exchange waits for a computer that is about to sleep to change its mind.
const SLEEP_PATIENCE: Duration = Duration::from_secs(10);
/// How long the system may take to say that it will wait with its sleep.
const INHIBIT_LIMIT: Duration = Duration::from_millis(300);

/// How things stand around the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outlook {
    /// The network, as far as anybody says.
    pub network: Network,
    /// The computer is about to sleep, or asleep.
    pub sleeping: bool,
    /// Nothing is started by itself before this.
    pub settled_at: Option<Instant>,
}

impl Outlook {
    /// Tells whether renewals may start by themselves, and if they only have to wait, until when.
    pub(crate) fn lets_start(&self, now: Instant) -> Start {
        if self.sleeping || !self.network.may_reach() {
            return Start::NotNow;
        }
        match self.settled_at {
            Some(at) if at > now => Start::At(at),
            Some(_) | None => Start::Now,
        }
    }
}

/// Whether renewals may start by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// Yes.
    Now,
    /// At that time, if nothing changes.
    At(Instant),
    /// Not until something changes.
    NotNow,
}

/// The listeners' knowledge, and the hold on the computer's sleep.
pub(crate) struct Weather {
    outlook: watch::Sender<Outlook>,
    bus: Mutex<Option<zbus::Connection>>,
    hold: Arc<Mutex<Hold>>,
}

#[derive(Default)]
struct Hold {
    exchanges: usize,
    // Closing it lets the computer sleep.
    inhibitor: Option<zbus::zvariant::OwnedFd>,
}

impl Default for Weather {
    fn default() -> Self {
        let outlook = Outlook { network: Network::Unknown, sleeping: false, settled_at: None };
        Self { outlook: watch::Sender::new(outlook), bus: Mutex::default(), hold: Arc::default() }
    }
}

/// While it lives, the computer is asked to wait with its sleep.
pub(crate) struct Awake(Arc<Mutex<Hold>>);

impl Drop for Awake {
    fn drop(&mut self) {
        let mut hold = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        hold.exchanges = hold.exchanges.saturating_sub(1);
        if hold.exchanges == 0 {
            hold.inhibitor = None;
        }
    }
}

impl Weather {
    /// Returns how things stand now.
    pub(crate) fn now(&self) -> Outlook {
        *self.outlook.borrow()
    }

    /// Returns a reader of changes.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Outlook> {
        self.outlook.subscribe()
    }

    /// Notes what the network is now; returns whether that is news.
    fn network(&self, network: Network) -> bool {
        self.outlook.send_if_modified(|outlook| {
            if outlook.network == network {
                return false;
            }
            // The first word of it is no change: the network was there all along.
            if outlook.network != Network::Unknown {
                outlook.settled_at = Some(Instant::now() + SETTLE);
            }
            outlook.network = network;
            true
        })
    }

    /// Says what the network is, for tests.
    #[cfg(test)]
    pub(crate) fn say(&self, network: Network) {
        self.network(network);
    }

    /// Notes that the computer is about to sleep.
    fn falling_asleep(&self) {
        self.outlook.send_modify(|outlook| outlook.sleeping = true);
    }

    /// Notes that the computer woke.
    fn woke(&self) {
        self.outlook.send_modify(|outlook| {
            outlook.sleeping = false;
            outlook.settled_at = Some(Instant::now() + SETTLE);
        });
    }

    /// Waits while the computer is about to sleep, for a while: an exchange that starts now could be cut in two.
    pub(crate) async fn awake(&self) {
        if self.now().sleeping {
            let mut changes = self.subscribe();
            let _late = tokio::time::timeout(SLEEP_PATIENCE, changes.wait_for(|outlook| !outlook.sleeping)).await;
        }
    }

    /// Asks the computer to wait with its sleep until an exchange is over. Where nobody can be asked, nothing happens.
    pub(crate) async fn stay_awake(&self) -> Awake {
        let first = {
            let mut hold = self.hold.lock().unwrap_or_else(PoisonError::into_inner);
            hold.exchanges += 1;
            hold.exchanges == 1
        };
        let awake = Awake(Arc::clone(&self.hold));
        let bus = self.bus.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let (true, Some(bus)) = (first, bus)
            && let Ok(Ok(inhibitor)) = tokio::time::timeout(INHIBIT_LIMIT, bus::inhibit(&bus)).await
        {
            let mut hold = self.hold.lock().unwrap_or_else(PoisonError::into_inner);
            if hold.exchanges > 0 {
                hold.inhibitor = Some(inhibitor);
            }
        }
        awake
    }
}

impl Engine {
    /// Listens to the system's word on network and sleep, where there is a system bus.
    pub(crate) fn start_weather(&self) {
        let engine = self.clone();
        self.inner().tasks.until_end(async move { bus::listen_for_ever(&engine).await });
    }

    pub(crate) fn weather(&self) -> &Weather {
        &self.inner().weather
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn r44_nothing_starts_before_the_network_has_settled() {
        let weather = Weather::default();
        assert_eq!(weather.now().lets_start(Instant::now()), Start::Now);
        assert!(weather.network(Network::Up));
        assert!(!weather.network(Network::Up));
        assert_eq!(weather.now().lets_start(Instant::now()), Start::Now);
        for gone in [Network::Down, Network::Limited, Network::SignInPage] {
            weather.network(gone);
            assert_eq!(weather.now().lets_start(Instant::now() + SETTLE), Start::NotNow, "{gone:?}");
        }
        weather.network(Network::Up);
        assert_eq!(weather.now().lets_start(Instant::now()), Start::At(Instant::now() + SETTLE));
        assert_eq!(weather.now().lets_start(Instant::now() + SETTLE), Start::Now);
    }

    #[tokio::test(start_paused = true)]
    async fn r37_a_sleeping_computer_starts_nothing_and_a_woken_one_waits() {
        let weather = Weather::default();
        weather.falling_asleep();
        assert_eq!(weather.now().lets_start(Instant::now()), Start::NotNow);
        let started = Instant::now();
        weather.awake().await;
        assert_eq!(started.elapsed(), SLEEP_PATIENCE);
        weather.woke();
        weather.awake().await;
        assert_eq!(weather.now().lets_start(Instant::now()), Start::At(Instant::now() + SETTLE));
    }

    #[tokio::test]
    async fn r44_without_a_bus_nothing_is_held_and_nothing_waits() {
        let weather = Weather::default();
        let (one, two) = (weather.stay_awake().await, weather.stay_awake().await);
        assert_eq!(weather.hold.lock().unwrap().exchanges, 2);
        drop((one, two));
        assert_eq!(weather.hold.lock().unwrap().exchanges, 0);
    }
}
