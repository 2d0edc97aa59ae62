//! Starts and stops the sandbox: one listener on 127.0.0.1, and every route on one page.

use std::{io, net::Ipv4Addr, path::PathBuf, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::from_fn_with_state,
    routing::{get, post},
};
use jiff::Timestamp;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle, time::timeout};
use url::Url;

use crate::{
    authorize, control, crm, device, guard, home, keys, metadata, page,
    state::{Outage, Rules},
    store::Store,
    token,
};

/// Where the sandbox listens unless it is told otherwise.
pub const DEFAULT_PORT: u16 = 4790;

/// For how long a used refresh token still gives a new one, when its answer got lost on the way.
const REUSE_GRACE: Duration = Duration::from_secs(10);
const MOST_BODY: usize = 64 * 1024;
/// How long requests that are under way may take to end.
const DRAIN: Duration = Duration::from_secs(2);

/// What is chosen at the start.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// A port to insist on, 0 for any free one. None tries [`DEFAULT_PORT`] and then any free one.
    pub port: Option<u16>,
    /// Where the state is kept, so that connections survive a restart; without it, memory is all.
    pub state_file: Option<PathBuf>,
    /// How long an access token is good.
    pub access_token_lifetime: Duration,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self { port: None, state_file: None, access_token_lifetime: Duration::from_secs(15 * 60) }
    }
}

/// Says why the sandbox doesn't start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// Somebody else has the port.
    #[error("port {0} is taken; choose another one, or none")]
    PortTaken(u16),
    /// The system gives no port.
    #[error("failed to listen on 127.0.0.1: {0}")]
    Listen(#[source] io::Error),
    /// The file for the state can't be used.
    #[error("failed to use {file} for the state of the sandbox: {source}")]
    StateFile {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The sandbox.
#[derive(Debug, Clone, Copy)]
pub struct Sandbox;

impl Sandbox {
    /// Starts it.
    ///
    /// # Errors
    /// The port is taken, or the file for the state can't be used.
    pub async fn start(config: SandboxConfig) -> Result<Running, SandboxError> {
        let listener = listen(config.port).await?;
        let port = listener.local_addr().map_err(SandboxError::Listen)?.port();
        let store = Store::open(config.state_file.clone(), Timestamp::now())
            .map_err(|source| SandboxError::StateFile { file: config.state_file.unwrap_or_default(), source })?;
        let rules = Rules { access_token_lifetime: config.access_token_lifetime, reuse_grace: REUSE_GRACE };
        let app = Arc::new(App { port, rules, store, signal: watch::Sender::new(Signal::Running) });
        let origin = Url::parse(&app.origin()).map_err(|error| SandboxError::Listen(io::Error::other(error)))?;
        let mut signal = app.signal.subscribe();
        let stopped = async move {
            // The sender lives as long as the routes do, so the only way out is the signal.
            let _ = signal.wait_for(|signal| *signal == Signal::Stopping).await;
        };
        let serving = axum::serve(listener, router(app.clone())).with_graceful_shutdown(stopped).into_future();
        let task = tokio::spawn(async move {
            if let Err(error) = serving.await {
                tracing::warn!("the sandbox stopped listening: {error}");
            }
        });
        Ok(Running { app, origin, task })
    }
}

/// A sandbox that runs; dropping it stops it.
pub struct Running {
    app: Arc<App>,
    origin: Url,
    task: JoinHandle<()>,
}

impl Running {
    /// Where it is: `http://127.0.0.1:4790/`.
    #[must_use]
    pub fn origin(&self) -> Url {
        self.origin.clone()
    }

    /// Stops listening and lets requests that are under way end.
    pub async fn stop(mut self) {
        self.app.signal.send_replace(Signal::Stopping);
        if timeout(DRAIN, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.app.signal.send_replace(Signal::Stopping);
    }
}

/// What every route has at hand.
pub(crate) struct App {
    pub(crate) port: u16,
    pub(crate) rules: Rules,
    pub(crate) store: Store,
    signal: watch::Sender<Signal>,
}

pub(crate) type Shared = Arc<App>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    Running,
    Stopping,
}

impl App {
    /// Names the sandbox: its issuer, without a slash at the end.
    pub(crate) fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Starts an outage or ends it; requests that hang look again.
    pub(crate) fn set_outage(&self, outage: Option<Outage>) {
        self.store.change(|state| state.set_outage(outage));
        self.signal.send_modify(|_| {});
    }

    pub(crate) fn outage(&self) -> Option<Outage> {
        let now = Timestamp::now();
        self.store.read(|state| state.outage(now))
    }

    /// Waits for the end of the outage, or of the sandbox.
    pub(crate) async fn outage_over(&self) {
        let mut signal = self.signal.subscribe();
        while let Some(outage) = self.outage() {
            if *signal.borrow_and_update() == Signal::Stopping {
                return;
            }
            let left = Duration::try_from(outage.until.duration_since(Timestamp::now())).unwrap_or_default();
            // Either way, the loop looks again.
            let _ = timeout(left, signal.changed()).await;
        }
    }
}

async fn listen(port: Option<u16>) -> Result<TcpListener, SandboxError> {
    let bind = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    match (port, bind(port.unwrap_or(DEFAULT_PORT)).await) {
        (_, Ok(listener)) => Ok(listener),
        (Some(port), Err(error)) if error.kind() == io::ErrorKind::AddrInUse => Err(SandboxError::PortTaken(port)),
        (Some(_), Err(error)) => Err(SandboxError::Listen(error)),
        (None, Err(_)) => bind(0).await.map_err(SandboxError::Listen),
    }
}

fn router(app: Shared) -> Router {
    let control = Router::new()
        .route("/control/state", get(control::state))
        .route("/control/revoke", post(control::revoke))
        .route("/control/expire", post(control::expire))
        .route("/control/outage", post(control::outage))
        .route("/control/recover", post(control::recover))
        .layer(axum::middleware::from_fn(guard::programs_only));
    let provider = Router::new()
        .route("/.well-known/oauth-authorization-server", get(metadata::show))
        .route("/authorize", get(authorize::ask).post(authorize::answer))
        .route("/token", post(token::give))
        .route("/revoke", post(token::take_back))
        .route("/device_authorization", post(device::start))
        .route("/device", get(device::ask).post(device::answer))
        .route("/keys", get(keys::show).post(keys::change))
        .route("/api/me", get(crm::me))
        .route("/api/contacts", get(crm::contacts).post(crm::add_contact))
        .route("/api/deals", get(crm::deals))
        .layer(from_fn_with_state(app.clone(), guard::outage));
    Router::new()
        .route("/", get(home::show))
        .route("/style.css", get(page::style))
        .merge(provider)
        .merge(control)
        .fallback(home::nothing_here)
        .layer(DefaultBodyLimit::max(MOST_BODY))
        .layer(from_fn_with_state(app.clone(), guard::host))
        .with_state(app)
}
