//! The engine inside the app: taken over from a headless one, opened, served, and ended in order.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use membrane_api::{Beside, Console, ServeOptions, Serving};
use membrane_engine::{Engine, EngineConfig, Paths};
use membrane_mcp::Endpoint;
use membrane_model::{EngineMode, ErrorCode, Fault};
use membrane_sandbox::{Running, Sandbox, SandboxConfig};
use membrane_sdk::Client;
use tauri::AppHandle;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{OnceCell, watch};

use crate::host::Desktop;

/// How long a headless engine may take to end: its exchanges that are under way come first.
const HAND_OVER: Duration = Duration::from_secs(15);

/// How far the engine is.
#[derive(Clone)]
enum Stage {
    /// Nobody asked for it yet.
    Waiting,
    /// On its way.
    Opening,
    /// Open, or why it isn't.
    Ended(Result<Engine, Fault>),
}

impl Stage {
    fn is_ended(&self) -> bool {
        matches!(self, Self::Ended(_))
    }
}

/// Handle on the engine of this app; clones share it.
#[derive(Clone)]
pub(crate) struct Core(Arc<Inner>);

struct Inner {
    stage: watch::Sender<Stage>,
    running: Mutex<Option<(Serving, Endpoint, Option<Running>)>>,
    console: OnceCell<Console>,
}

impl Core {
    /// Makes it, with nothing started.
    pub(crate) fn new() -> Self {
        let stage = watch::Sender::new(Stage::Waiting);
        Self(Arc::new(Inner { stage, running: Mutex::new(None), console: OnceCell::new() }))
    }

    /// Opens the engine in the background.
    pub(crate) fn start(&self, app: &AppHandle) {
        let (core, app) = (self.clone(), app.clone());
        self.0.stage.send_replace(Stage::Opening);
        tauri::async_runtime::spawn(async move {
            // Listened for from the start: a signal that comes while the engine opens ends it in order too.
            let signals = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
            let signals: Vec<Signal> = signals.into_iter().filter_map(|kind| signal(kind).ok()).collect();
            let outcome = core.open(&app).await;
            if let Err(fault) = &outcome {
                tracing::error!("the engine could not be opened: {fault}");
            }
            if let Ok(engine) = &outcome {
                crate::tray::follow(&app, engine);
                crate::autostart::follow(&app, engine);
                end_when_asked(&app, engine.clone(), signals);
            }
            core.0.stage.send_replace(Stage::Ended(outcome));
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
        let mcp = Endpoint::new(Client::in_process(membrane_api::router(engine.clone())));
        let beside = Beside::default().with("/mcp", mcp.service());
        let serving = match membrane_api::serve(&engine, ServeOptions { port: None, beside }).await {
            Ok(serving) => serving,
            Err(fault) => {
                engine.shut_down().await;
                return Err(fault);
            }
        };
        let sandbox = start_sandbox(&engine).await;
        *self.0.running.lock().unwrap_or_else(PoisonError::into_inner) = Some((serving, mcp, sandbox));
        Ok(engine)
    }

    /// Waits until the engine is open.
    pub(crate) async fn engine(&self) -> Result<Engine, Fault> {
        let mut stage = self.0.stage.subscribe();
        match stage.wait_for(Stage::is_ended).await.as_deref() {
            Ok(Stage::Ended(outcome)) => outcome.clone(),
            _ => Err(Fault::new(ErrorCode::Internal, "the app is ending")),
        }
    }

    /// Waits until the engine is open and returns the console's way in.
    pub(crate) async fn console(&self) -> Result<Console, Fault> {
        self.0.console.get_or_try_init(async || self.engine().await.map(Console::new)).await.cloned()
    }

    /// Ends everything in order; exchanges that are under way finish first.
    pub(crate) fn end(&self) {
        let core = self.clone();
        tauri::async_runtime::block_on(async move {
            // What is half open could not be closed in order.
            let opening = matches!(*core.0.stage.borrow(), Stage::Opening);
            if opening && tokio::time::timeout(HAND_OVER, core.engine()).await.is_err() {
                tracing::warn!("the engine was still opening when the app ended");
            }
            let running = core.0.running.lock().unwrap_or_else(PoisonError::into_inner).take();
            let stage = core.0.stage.borrow().clone();
            let mut sandbox = None;
            if let Some((serving, mcp, beside)) = running {
                mcp.stop();
                serving.stop().await;
                sandbox = beside;
            }
            if let Stage::Ended(Ok(engine)) = stage {
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

fn end_when_asked(app: &AppHandle, engine: Engine, mut signals: Vec<Signal>) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let signalled = std::future::poll_fn(|context| {
            let arrived = signals.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
            if arrived { Poll::Ready(()) } else { Poll::Pending }
        });
        tokio::select! {
            () = engine.stop_asked() => {}
            () = signalled => {}
        }
        app.exit(0);
    });
}
