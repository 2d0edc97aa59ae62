//! The engine's handle: what is opened at start, in which order, and how it ends.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use membrane_catalog::Catalog;
use membrane_model::{ClientId, EngineMode, Fault, StreamMessage, Timestamp};
use membrane_oauth::Http;
use membrane_store::{DataLock, Marks, Store, StoreError, Tx};
use membrane_vault::{Keychain, Vault, choose_keychain};
use tokio::sync::{Notify, broadcast, watch};
use tokio_util::sync::CancellationToken;

use crate::activity::Uses;
use crate::console_access::ConsoleAccess;
use crate::notice::Notices;
use crate::own_apps::OwnApps;
use crate::refresh::{Flights, Storage};
use crate::session::Listeners;
use crate::status::Endpoint;
use crate::tasks::Tasks;
use crate::weather::Weather;
use crate::weather::clock::Clock;
use crate::{Host, Paths, device};

/// How long exchanges that are under way may take to end when the engine stops.
const DRAIN: Duration = Duration::from_secs(10);
/// How many deltas a slow reader may lag behind before it gets a fresh snapshot.
const STREAM_BUFFER: usize = 1024;
/// How many revocations a stream that is slow to hear of them may miss before it ends to be safe.
const REVOKED_KEPT: usize = 64;

/// What an engine is opened with.
pub struct EngineConfig {
    /// Where its data is.
    pub paths: Paths,
    /// Who hosts it.
    pub mode: EngineMode,
    /// Its surroundings.
    pub host: Arc<dyn Host>,
    /// How long to wait for another process to let go of the data folder.
    pub wait_for_lock: Duration,
}

/// One engine; clones share it.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) paths: Paths,
    pub(crate) mode: EngineMode,
    pub(crate) started_at: Timestamp,
    pub(crate) host: Arc<dyn Host>,
    pub(crate) vars: RwLock<BTreeMap<String, String>>,
    pub(crate) store: Arc<Store>,
    pub(crate) vault: Vault,
    pub(crate) catalog: RwLock<Arc<Catalog>>,
    pub(crate) own_apps: Mutex<OwnApps>,
    pub(crate) own_apps_at: Mutex<Option<Instant>>,
    pub(crate) http: Http,
    pub(crate) stream: broadcast::Sender<Arc<StreamMessage>>,
    pub(crate) endpoint: Mutex<Endpoint>,
    pub(crate) flights: Flights,
    pub(crate) notices: Notices,
    pub(crate) storage: Storage,
    pub(crate) weather: Weather,
    pub(crate) clock: Clock,
    pub(crate) listeners: Listeners,
    pub(crate) pages: crate::page::Pages,
    pub(crate) flows: crate::flow::Flows,
    pub(crate) origins: RwLock<Arc<Vec<String>>>,
    pub(crate) lines: crate::proxy::line::Lines,
    pub(crate) outbox: crate::webhook::Outbox,
    pub(crate) console: ConsoleAccess,
    pub(crate) uses: Uses,
    pub(crate) recent: crate::recent::Recent,
    pub(crate) touches: crate::token::Touches,
    pub(crate) settings_changed: watch::Sender<()>,
    /// Something may be due that was not before.
    pub(crate) wake: Notify,
    /// Something will be due sooner than what the scheduler waits for.
    pub(crate) sooner: Notify,
    pub(crate) tasks: Tasks,
    pub(crate) stop_asked: CancellationToken,
    /// Clients whose token was just revoked.
    pub(crate) revoked: broadcast::Sender<ClientId>,
    pub(crate) device_id: String,
    pub(crate) marks: Marks,
    // Held for as long as the engine lives; the system lets go of it when the process dies.
    _lock: Option<DataLock>,
}

/// What an engine is opened with beside its configuration; tests choose it, everybody else takes what is usual.
pub(crate) struct Parts {
    /// Where the master key is; `None` = chosen by what the computer has.
    pub keychain: Option<Arc<dyn Keychain>>,
    /// Become the owner of the data folder.
    pub own_the_folder: bool,
    /// The computer's name in credentials; `None` = made from what the computer says of itself.
    pub device_id: Option<String>,
    /// How requests go out.
    pub http: Http,
    /// Heed what the system says of network and sleep.
    pub heed_system: bool,
}

impl Default for Parts {
    fn default() -> Self {
        Self { keychain: None, own_the_folder: true, device_id: None, http: Http::new(), heed_system: true }
    }
}

impl Engine {
    /// Opens the data folder, becomes its owner, and starts the background work.
    ///
    /// Returns before the vault is unlocked: whoever needs a secret waits for it, and everything else works meanwhile.
    ///
    /// # Errors
    /// `AlreadyRunning`, `UnsafeDataFolder`, `NewerDatabase` and `StorageError`, each with what to do; nothing is
    /// changed then.
    pub async fn open(config: EngineConfig) -> Result<Self, Fault> {
        Self::open_with(config, Parts::default()).await
    }

    pub(crate) async fn open_with(config: EngineConfig, parts: Parts) -> Result<Self, Fault> {
        let EngineConfig { paths, mode, host, wait_for_lock } = config;
        let data = paths.data.clone();
        let device = parts.device_id.or_else(device::id);
        let opened = tokio::task::spawn_blocking(move || -> Result<_, StoreError> {
            let lock = parts.own_the_folder.then(|| DataLock::wait(&data, wait_for_lock)).transpose()?;
            let store = Store::open(&data)?;
            let clock = Clock::open(&store)?;
            let device_id = device::settle(&store, device)?;
            let resumed = store.write(|tx| tx.resume_journals(Timestamp::now()))?;
            if resumed > 0 {
                tracing::info!(resumed, "renewals whose outcome is unknown are tried again");
            }
            let (vault_id, key_check) = store.read(|tx| Ok((tx.meta("vault_id")?, tx.key_check()?)))?;
            Ok((lock, store, clock, vault_id.unwrap_or_default(), device_id, key_check))
        });
        let (lock, store, clock, vault_id, device_id, key_check) = joined(opened.await)??;
        let keychain = parts.keychain.unwrap_or_else(|| choose_keychain(&paths.data, &vault_id));
        let own_apps = OwnApps::look(&paths.apps());
        let (catalog, problems) = Catalog::load(Some(&paths.apps()), &BTreeMap::new());
        for problem in problems {
            tracing::warn!("an app file was left out: {problem}");
        }
        let engine = Self(Arc::new(Inner {
            mode,
            started_at: Timestamp::now(),
            host,
            vars: RwLock::default(),
            store: Arc::new(store),
            vault: Vault::new(keychain, key_check),
            catalog: RwLock::new(Arc::new(catalog)),
            own_apps: Mutex::new(own_apps),
            own_apps_at: Mutex::default(),
            http: parts.http,
            stream: broadcast::channel(STREAM_BUFFER).0,
            endpoint: Mutex::new(Endpoint::default()),
            flights: Flights::default(),
            notices: Notices::default(),
            storage: Storage::default(),
            weather: Weather::default(),
            clock,
            listeners: Listeners::default(),
            pages: crate::page::Pages::default(),
            flows: crate::flow::Flows::default(),
            origins: RwLock::default(),
            lines: crate::proxy::line::Lines::default(),
            outbox: crate::webhook::Outbox::default(),
            console: ConsoleAccess::default(),
            uses: Uses::default(),
            recent: crate::recent::Recent::default(),
            touches: crate::token::Touches::default(),
            settings_changed: watch::Sender::new(()),
            wake: Notify::new(),
            sooner: Notify::new(),
            tasks: Tasks::default(),
            stop_asked: CancellationToken::new(),
            revoked: broadcast::Sender::new(REVOKED_KEPT),
            device_id,
            marks: Marks::in_folder(paths.state.join("generations")),
            paths,
            _lock: lock,
        }));
        if parts.heed_system {
            engine.start_weather();
        }
        engine.reload_origins();
        engine.start_unlocking();
        engine.start_scheduler();
        engine.start_deliveries();
        engine.start_writing_uses();
        engine.resume_sessions().await;
        Ok(engine)
    }

    /// Ends the background work, lets exchanges that are under way finish, and leaves the store tidy.
    pub async fn shut_down(&self) {
        self.0.stop_asked.cancel();
        self.0.tasks.drain(DRAIN).await;
        self.write_uses().await;
        self.settle_with_disk().await;
        let store = Arc::clone(&self.0.store);
        let tidied = tokio::task::spawn_blocking(move || store.checkpoint()).await;
        if let Ok(Err(error)) = tidied {
            tracing::warn!("failed to tidy the store: {error}");
        }
    }

    /// Tells where the sandbox is, for the apps whose addresses have a `{sandbox}` slot.
    pub fn sandbox_at(&self, origin: &str) {
        let mut vars = self.0.vars.write().unwrap_or_else(PoisonError::into_inner);
        vars.insert("sandbox".to_owned(), origin.to_owned());
        drop(vars);
        self.reload_apps();
        self.publish_status();
    }

    /// Asks whoever hosts the engine to end it.
    pub fn ask_to_stop(&self) {
        self.0.stop_asked.cancel();
    }

    /// Returns when somebody asked to end it.
    pub async fn stop_asked(&self) {
        self.0.stop_asked.cancelled().await;
    }

    /// Returns where data is kept.
    #[must_use]
    pub fn paths(&self) -> &Paths {
        &self.0.paths
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.0.vault
    }

    /// Returns the values of slots that no person fills.
    pub(crate) fn vars(&self) -> BTreeMap<String, String> {
        self.0.vars.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the catalog; files of the person's own that changed since are read again first.
    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        self.follow_own_apps();
        Arc::clone(&self.0.catalog.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the catalog for one of many calls in a row: the person's own files are looked at once a second.
    pub(crate) fn catalog_lately(&self) -> Arc<Catalog> {
        self.follow_own_apps_lately();
        Arc::clone(&self.0.catalog.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes in one transaction, off the async threads.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Fault> {
        let store = Arc::clone(&self.0.store);
        let outcome = joined(tokio::task::spawn_blocking(move || store.write_together(change)).await)?;
        self.note_write(outcome.as_ref().err());
        Ok(outcome?)
    }

    /// Sends a delta to everyone who listens.
    pub(crate) fn publish(&self, message: StreamMessage) {
        // Nobody listening is no failure.
        let _heard = self.0.stream.send(Arc::new(message));
    }
}

pub(crate) fn joined<T>(result: Result<T, tokio::task::JoinError>) -> Result<T, Fault> {
    result.map_err(|_| Fault::new(membrane_model::ErrorCode::Internal, "a task of the engine ended early"))
}
