//! The engine inside the app: taken over from a headless one, opened, served, and ended in order.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use membrane_api::{Console, ServeOptions, Serving};
use membrane_engine::{Engine, EngineConfig, Paths};
use membrane_model::{EngineMode, ErrorCode, Fault};
use membrane_sandbox::{Running, Sandbox, SandboxConfig};
use membrane_sdk::Client;
use tauri::AppHandle;
use tokio::sync::{OnceCell, watch};

use crate::host::Desktop;

/// How long a headless engine may take to end: its exchanges that are under way come first.
const HAND_OVER: Duration = Duration::from_secs(15);

/// The engine, once it is open, or why it isn't.
type Outcome = Option<Result<Engine, Fault>>;

/// Handle on the engine of this app; clones share it.
#[derive(Clone)]
pub(crate) struct Core(Arc<Inner>);

struct Inner {
    outcome: watch::Sender<Outcome>,
    running: Mutex<Option<(Serving, Option<Running>)>>,
    console: OnceCell<Console>,
}

impl Core {
    /// Makes it, with nothing started.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Inner { outcome: watch::Sender::new(None), running: Mutex::new(None), console: OnceCell::new() }))
    }

    /// Opens the engine in the background.
    pub(crate) fn start(&self, app: &AppHandle) {
        let (core, app) = (self.clone(), app.clone());
        tauri::async_runtime::spawn(async move {
            let outcome = core.open(&app).await;
            if let Err(fault) = &outcome {
                tracing::error!("the engine could not be opened: {fault}");
            }
            if let Ok(engine) = &outcome {
                crate::tray::follow(&app, engine);
                end_when_asked(&app, engine.clone());
            }
            core.0.outcome.send_replace(Some(outcome));
        });
    }

    async fn open(&self, app: &AppHandle) -> Result<Engine, Fault> {
        let paths = Paths::resolve()?;
        end_headless(&paths).await;
        let engine = Engine::open(EngineConfig {
            paths,
            mode: EngineMode::Desktop,
            host: Arc::new(Desktop::new(app.clone())),
            wait_for_lock: HAND_OVER,
        })
        .await?;
        let serving = match membrane_api::serve(&engine, ServeOptions::default()).await {
            Ok(serving) => serving,
            Err(fault) => {
                engine.shut_down().await;
                return Err(fault);
            }
        };
        let sandbox = start_sandbox(&engine).await;
        *self.0.running.lock().unwrap_or_else(PoisonError::into_inner) = Some((serving, sandbox));
        Ok(engine)
    }

    /// Waits until the engine is open.
    pub(crate) async fn engine(&self) -> Result<Engine, Fault> {
        let mut outcome = self.0.outcome.subscribe();
        let ended = || Fault::new(ErrorCode::Internal, "the app is ending");
        let outcome = outcome.wait_for(Option::is_some).await.map_err(|_| ended())?.clone();
        outcome.unwrap_or_else(|| Err(ended()))
    }

    /// Waits until the engine is open and returns the console's way in.
    pub(crate) async fn console(&self) -> Result<Console, Fault> {
        self.0.console.get_or_try_init(async || self.engine().await.map(Console::new)).await.cloned()
    }

    /// Ends everything in order; exchanges that are under way finish first.
    pub(crate) fn end(&self) {
        let running = self.0.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        let engine = self.0.outcome.borrow().clone();
        tauri::async_runtime::block_on(async move {
            let (serving, sandbox) = running.map_or((None, None), |(serving, sandbox)| (Some(serving), sandbox));
            if let Some(serving) = serving {
                serving.stop().await;
            }
            if let Some(Ok(engine)) = engine {
                engine.shut_down().await;
            }
            if let Some(sandbox) = sandbox {
                sandbox.stop().await;
            }
        });
    }
}

/// Asks a headless engine of the same data folder to end; the lock tells when it has.
async fn end_headless(paths: &Paths) {
    let client = Client::unix(&paths.socket);
    if let Ok(status) = client.status().await
        && status.engine.mode == EngineMode::Headless
        && let Err(error) = client.stop().await
    {
        tracing::warn!("the headless engine did not take the request to end: {error}");
    }
}

/// Starts the sandbox beside the engine; without it everything else works.
async fn start_sandbox(engine: &Engine) -> Option<Running> {
    let config =
        SandboxConfig { state_file: Some(engine.paths().data.join("sandbox.json")), ..SandboxConfig::default() };
    match Sandbox::start(config).await {
        Ok(running) => {
            engine.sandbox_at(running.origin().as_str().trim_end_matches('/'));
            Some(running)
        }
        Err(error) => {
            tracing::warn!("the sandbox is not there: {error}");
            None
        }
    }
}

fn end_when_asked(app: &AppHandle, engine: Engine) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).ok();
        let terminated = async {
            match &mut terminate {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = engine.stop_asked() => {}
            _ = terminated => {}
        }
        app.exit(0);
    });
}
