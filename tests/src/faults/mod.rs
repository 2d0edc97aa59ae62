//! An OAuth provider of our own that misbehaves on purpose: it rotates strictly or with grace, loses answers before and
//! after its work, lies about its clock, and keeps the log that judges what clients did.

mod fault;
mod http;
mod serve;
mod tokens;
mod visit;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

pub use fault::{Fault, QUIRKS};
pub use tokens::{Entry, Rotation, Rules};

pub use visit::{sign_in_again, sign_in_through};

use tokens::Tokens;

/// A running provider; it ends when this is dropped.
#[derive(Debug)]
pub struct Faults {
    shared: Arc<Shared>,
    origin: String,
    end: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// What all its connections share.
#[derive(Debug)]
struct Shared {
    tokens: Mutex<Tokens>,
    /// How many requests it works on at once.
    places: Option<tokio::sync::Semaphore>,
    latency: Duration,
    /// How many refresh requests have come in.
    arrived: AtomicUsize,
    /// Whether they wait to be worked on.
    held: tokio::sync::watch::Sender<bool>,
}

impl Shared {
    fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Faults {
    /// Starts one on a free port.
    ///
    /// # Errors
    /// Fails when no port is free.
    pub fn start(rules: Rules) -> Result<Self> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let origin = format!("http://{}", listener.local_addr()?);
        let places = rules.places.map(tokio::sync::Semaphore::new);
        let shared = Arc::new(Shared {
            latency: rules.latency,
            tokens: Mutex::new(Tokens::new(rules)),
            places,
            arrived: AtomicUsize::new(0),
            held: tokio::sync::watch::Sender::new(false),
        });
        let (end, ended) = tokio::sync::oneshot::channel();
        let served = Arc::clone(&shared);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::spawn(move || {
            runtime.block_on(async move {
                tokio::select! {
                    _ended = ended => {}
                    _failed = serve::accept(listener, served) => {}
                }
            });
        });
        Ok(Self { shared, origin, end: Some(end), thread: Some(thread) })
    }

    /// Returns its origin, without a slash at the end.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Signs somebody in without a browser; returns the access and the refresh token.
    #[must_use]
    pub fn sign_in(&self) -> (String, String) {
        self.shared.tokens().sign_in(Instant::now())
    }

    /// Makes the next refreshes go wrong, one after the other.
    pub fn plan(&self, faults: impl IntoIterator<Item = Fault>) {
        self.shared.tokens().faults.extend(faults);
    }

    /// Makes every refresh go wrong the same way until told otherwise; `None` = well again.
    pub fn always(&self, fault: Option<Fault>) {
        let mut tokens = self.shared.tokens();
        tokens.faults.clear();
        tokens.always = fault;
    }

    /// Lets refresh requests come in and wait, until [`Self::release`].
    pub fn hold(&self) {
        self.shared.held.send_replace(true);
    }

    /// Works on what waits.
    pub fn release(&self) {
        self.shared.held.send_replace(false);
    }

    /// Counts the refresh requests that have come in, answered or not.
    #[must_use]
    pub fn arrived(&self) -> usize {
        self.shared.arrived.load(Ordering::SeqCst)
    }

    /// Makes the API answer every call like this until told otherwise: a status, a content type and a body.
    pub fn api_answers(&self, answer: Option<(u16, &'static str, &'static str)>) {
        self.shared.tokens().api_answer = answer;
    }

    /// Makes revocation answer with a status until told otherwise.
    pub fn revocation_answers(&self, status: Option<u16>) {
        self.shared.tokens().revocation_answer = status;
    }

    /// Ends the access of everybody, as people do on the provider's own page.
    pub fn revoke_all(&self) {
        self.shared.tokens().revoke_all();
    }

    /// Forgets the last rotation of everybody, as a provider does that was restored from a backup.
    pub fn roll_back(&self) {
        self.shared.tokens().roll_back();
    }

    /// Ends all access tokens now; refresh tokens stay good.
    pub fn end_access(&self) {
        self.shared.tokens().end_access();
    }

    /// Tells whether an access token is good.
    #[must_use]
    pub fn takes(&self, access: &str) -> bool {
        self.shared.tokens().takes(access, Instant::now())
    }

    /// Tells whether a refresh token would be taken, without using it.
    #[must_use]
    pub fn would_refresh(&self, refresh: &str) -> bool {
        self.shared.tokens().would_refresh(refresh, Instant::now())
    }

    /// Returns what it was asked at `/token`, `/revoke` and its API.
    #[must_use]
    pub fn log(&self) -> Vec<Entry> {
        self.shared.tokens().log.clone()
    }

    /// Counts the requests with a refresh token that reached it.
    #[must_use]
    pub fn refreshes(&self) -> usize {
        self.log().iter().filter(|entry| entry.route == "refresh").count()
    }

    /// Counts the families that it ended because a spent token came back.
    #[must_use]
    pub fn reuses(&self) -> usize {
        self.log().iter().filter(|entry| entry.outcome == "reuse").count()
    }

    /// Waits until the log fits.
    ///
    /// # Errors
    /// Fails with the log when it doesn't in time.
    pub fn until(&self, what: &str, fits: impl Fn(&[Entry]) -> bool) -> Result<()> {
        crate::wait::until_true(what, Duration::from_secs(20), || Ok(fits(&self.log())))
            .with_context(|| format!("{:#?}", self.log()))
    }

    /// Writes the catalog entry of an app behind it; `token` is the TOML of what is known of its tokens.
    #[must_use]
    pub fn app_file(&self, key: &str, token: &str) -> String {
        app_file_at(&self.origin, key, token)
    }
}

/// Writes the catalog entry of an app behind a provider at an origin.
#[must_use]
pub fn app_file_at(origin: &str, key: &str, token: &str) -> String {
    include_str!("app.toml").replace("KEY", key).replace("ORIGIN", origin).replace("TOKEN", token)
}

impl Drop for Faults {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            // It may have ended by itself.
            let _heard = end.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _joined = thread.join();
        }
    }
}
