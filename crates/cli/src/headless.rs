//! `membrane serve`: the engine without a screen.

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use membrane_api::{Beside, ServeOptions};
use membrane_engine::{Engine, EngineConfig, Host, Notification, Paths, Screen};
use membrane_model::{EngineMode, Fault};
use membrane_sandbox::{Sandbox, SandboxConfig};
use membrane_sdk::Client;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use url::Url;

use crate::args::Serve;
use crate::browser;
use crate::failure::internal;
use crate::out::{Out, Tone, paint};

/// How long to wait for an engine that is ending.
const HAND_OVER: Duration = Duration::from_secs(2);

/// Runs the engine until a signal or `membrane stop` ends it.
pub(crate) async fn serve(options: Serve, out: &Out) -> Result<ExitCode, Fault> {
    // What the system does not let us do changes nothing of what follows.
    let _hardened = membrane_engine::harden_process();
    if options.background {
        // Its own session: closing the terminal that started it ends nothing.
        let _own_session = rustix::process::setsid();
        let outcome = run(&options, out, true).await;
        if let Err(fault) = &outcome {
            greet(&json!({ "error": fault.to_wire() }));
        }
        return outcome;
    }
    run(&options, out, false).await
}

async fn run(options: &Serve, out: &Out, background: bool) -> Result<ExitCode, Fault> {
    // With --json a failure to start is the one document on stderr, so the log waits for what comes after it.
    if !background && !out.json {
        log_to_stderr();
    }
    let mut terminate = signal(SignalKind::terminate()).map_err(|e| internal(&e))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|e| internal(&e))?;
    let paths = Paths::resolve()?;
    let engine = Engine::open(EngineConfig {
        paths,
        mode: EngineMode::Headless,
        host: Arc::new(Terminal::default()),
        wait_for_lock: HAND_OVER,
    })
    .await?;
    let mcp = membrane_mcp::Endpoint::new(Client::in_process(membrane_api::router(engine.clone())));
    let beside = Beside::default().with("/mcp", mcp.service());
    let serving = match membrane_api::serve(&engine, ServeOptions { port: options.port, beside }).await {
        Ok(serving) => serving,
        Err(fault) => {
            engine.shut_down().await;
            return Err(fault);
        }
    };
    let sandbox = start_sandbox(&engine).await;
    if background {
        greet(&json!({ "socket": engine.paths().socket }));
        leave_terminal();
    } else {
        announce(&engine, out)?;
        if out.json {
            log_to_stderr();
        }
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = engine.stop_asked() => {}
    }
    mcp.stop();
    serving.stop().await;
    engine.shut_down().await;
    if let Some(sandbox) = sandbox {
        sandbox.stop().await;
    }
    Ok(ExitCode::SUCCESS)
}

/// Starts the sandbox beside the engine; without it everything else works.
async fn start_sandbox(engine: &Engine) -> Option<membrane_sandbox::Running> {
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

fn announce(engine: &Engine, out: &Out) -> Result<(), Fault> {
    let status = engine.status()?;
    if out.json {
        out.document(&status);
        return Ok(());
    }
    out.line(&format!("{} Membrane {} is running.", paint(Tone::Good, "●"), status.version));
    out.line(&format!("  API     {}", status.api_uri.as_deref().unwrap_or("no port is free; use the socket")));
    out.line(&format!("  Socket  {}", status.socket));
    out.line(&format!("  Data    {}", status.data_dir));
    if let Some(sandbox) = &status.sandbox {
        out.line(&format!("  Sandbox {}", sandbox.url));
    }
    out.line(&paint(Tone::Quiet, "  In another terminal: membrane connect --intent CRM. Ctrl-C ends it."));
    Ok(())
}

/// Says one line to whoever started this process.
fn greet(line: &serde_json::Value) {
    use std::io::Write;
    let mut output = std::io::stdout().lock();
    let _heard = writeln!(output, "{line}").and_then(|()| output.flush());
}

/// Lets go of the pipe to whoever started this process.
fn leave_terminal() {
    if let Ok(nowhere) = std::fs::OpenOptions::new().write(true).open("/dev/null") {
        let _left = rustix::stdio::dup2_stdout(&nowhere);
    }
}

fn log_to_stderr() {
    use std::io::IsTerminal;
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("MEMBRANE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let colour = std::io::stderr().is_terminal();
    let _first =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colour).try_init();
}

/// Servers that read markup show the text as it is.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The surroundings of an engine without a screen: the desktop's browser and notifications, where there is a desktop.
#[derive(Default)]
struct Terminal {
    shown: Arc<Mutex<HashMap<String, notify_rust::NotificationHandle>>>,
}

impl Host for Terminal {
    fn open_url(&self, url: &Url) -> Result<(), String> {
        if browser::there_is_a_desktop() {
            browser::open_page(url.as_str())
        } else {
            Err("there is no desktop here".to_owned())
        }
    }

    fn notify(&self, notification: Notification) {
        tracing::warn!("{}. {}", notification.title, notification.body);
        let shown = Arc::clone(&self.shown);
        // The notification daemon may be slow, or not there.
        std::thread::spawn(move || {
            let how = match &notification.screen {
                Screen::Reconnect(id) => format!("\nmembrane connect --connectionId {id}"),
                _ => String::new(),
            };
            let mut message = notify_rust::Notification::new();
            message
                .appname("Membrane")
                .summary(&notification.title)
                .body(&escape(&format!("{}{how}", notification.body)))
                .icon("dev.membrane.desktop");
            let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
            // One with the same id is up: it is replaced, not joined by a second.
            if let Some(before) = shown.get(&notification.id) {
                message.id(before.id());
            }
            match message.show() {
                Ok(handle) => drop(shown.insert(notification.id, handle)),
                Err(error) => tracing::debug!("no notification could be raised: {error}"),
            }
        });
    }

    fn clear_notification(&self, id: &str) {
        let (shown, id) = (Arc::clone(&self.shown), id.to_owned());
        std::thread::spawn(move || {
            let handle = shown.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
            if let Some(handle) = handle {
                handle.close();
            }
        });
    }

    fn reveal(&self, _screen: &Screen) {}
}
