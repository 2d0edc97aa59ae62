//! The tray icon: three shapes, and a menu with what needs the person on top. Everything in it is in the window too.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use membrane_engine::{Caller, Engine, Screen, Texts};
use membrane_model::{
    ConnectionId, ConnectionRequest, ConnectionView, EngineStatus, HealthStatus, RequestId, RequestStatus,
    StreamMessage, VaultState, WarningCode,
};
use tauri::image::Image;
use tauri::menu::{Menu, MenuEvent, MenuItem, PredefinedMenuItem, Submenu};
use tauri::tray::{TrayIcon, TrayIconBuilder};
use tauri::{AppHandle, Manager, Wry};

use crate::core::Core;
use crate::window;

/// How many connections that need the person are listed.
const ATTENTION_MAX: usize = 5;
/// How many requests to connect are listed.
const REQUESTS_MAX: usize = 3;
/// How many others are listed.
const RECENT_MAX: usize = 5;
/// The entries that are always there: what each does, and its text.
const FIXED: [(&str, &str); 4] =
    [("add", "tray.add"), ("open", "tray.open"), ("settings", "tray.settings"), ("quit", "tray.quit")];
/// How long "Pause all" lasts, in minutes.
const PAUSE_MINUTES: u32 = 60;

/// The tray icon, where the desktop has a place for one.
#[derive(Clone, Default)]
pub(crate) struct Tray(Arc<Mutex<Option<Parts>>>);

struct Parts {
    icon: TrayIcon,
    menu: Menu<Wry>,
    headline: MenuItem<Wry>,
    recent: Submenu<Wry>,
    pause: MenuItem<Wry>,
    /// The entries that are always there, with the keys of their texts.
    fixed: Vec<(MenuItem<Wry>, &'static str)>,
    /// Items that come and go: below the headline, and above what is always there; others are in the submenu.
    attention: Vec<MenuItem<Wry>>,
    requests: Vec<MenuItem<Wry>>,
    shown: Option<Content>,
}

/// What the menu says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Content {
    shape: Shape,
    headline: String,
    attention: Vec<(String, String)>,
    requests: Vec<(String, String)>,
    recent: Vec<(String, String)>,
    /// The texts of "Connections", "Pause all" and of each entry that is always there.
    names: Vec<String>,
}

/// The icon's three shapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Normal,
    Busy,
    Attention,
}

impl Shape {
    fn image(self) -> Option<Image<'static>> {
        let bytes: &[u8] = match self {
            Self::Normal => include_bytes!("../../icons/tray-normal.png"),
            Self::Busy => include_bytes!("../../icons/tray-busy.png"),
            Self::Attention => include_bytes!("../../icons/tray-attention.png"),
        };
        Image::from_bytes(bytes).ok()
    }
}

impl Tray {
    /// Tells whether the app can be reached through it.
    pub(crate) fn is_there(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}

/// Puts the icon up. Without a library for it the app goes on with its window alone.
pub(crate) fn start(app: &AppHandle) {
    let tray = Tray::default();
    app.manage(tray.clone());
    // The library is looked up at run time, and its binding panics where it is missing.
    let built = std::panic::catch_unwind(AssertUnwindSafe(|| build(app)));
    match built {
        Ok(Ok(parts)) => *tray.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(parts),
        Ok(Err(error)) => tracing::warn!("there is no tray icon: {error}"),
        Err(_) => tracing::warn!("there is no tray icon: the library for it is not installed"),
    }
}

fn build(app: &AppHandle) -> tauri::Result<Parts> {
    // Until the engine can say which language the person chose, it is that of the desktop.
    let texts = Texts::of(membrane_engine::Language::System.spoken());
    let entry = |id: &str, key: &str| MenuItem::with_id(app, id, texts.get(key, &[]), true, None::<&str>);
    let headline = entry("home", "tray.starting")?;
    let recent = Submenu::with_id(app, "recent", texts.get("tray.recent", &[]), false)?;
    let pause = entry("pause", "tray.pauseAll")?;
    let fixed = FIXED.iter().map(|(id, key)| Ok((entry(id, key)?, *key))).collect::<tauri::Result<Vec<_>>>()?;
    let item = |at: usize| -> &dyn tauri::menu::IsMenuItem<Wry> { &fixed[at].0 };
    let menu = Menu::with_items(
        app,
        &[
            &headline,
            &PredefinedMenuItem::separator(app)?,
            &recent,
            &PredefinedMenuItem::separator(app)?,
            item(0),
            item(1),
            &PredefinedMenuItem::separator(app)?,
            &pause,
            item(2),
            item(3),
        ],
    )?;
    let mut builder = TrayIconBuilder::with_id("membrane").menu(&menu).title("Membrane").on_menu_event(chosen);
    if let Some(image) = Shape::Normal.image() {
        builder = builder.icon(image);
    }
    let icon = builder.build(app)?;
    Ok(Parts { icon, menu, headline, recent, pause, fixed, attention: Vec::new(), requests: Vec::new(), shown: None })
}

fn chosen(app: &AppHandle, event: MenuEvent) {
    let id = event.id().as_ref();
    match id {
        "home" | "open" => window::show(app),
        "add" => window::reveal(app, &Screen::Connect { intent: None, app: None }),
        "settings" => window::reveal(app, &Screen::Settings),
        "pause" => rest(app),
        "quit" => app.exit(0),
        _ => {
            let (what, which) = id.split_once(':').unwrap_or_default();
            let screen = match what {
                "request" => which.parse::<RequestId>().map(Screen::Request),
                "reconnect" => which.parse::<ConnectionId>().map(Screen::Reconnect),
                _ => which.parse::<ConnectionId>().map(Screen::Connection),
            };
            if let Ok(screen) = screen {
                window::reveal(app, &screen);
            }
        }
    }
}

fn rest(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let Ok(engine) = app.state::<Core>().engine().await else { return };
        let resting = engine.status().is_ok_and(|status| status.paused_until.is_some());
        let until = membrane_model::Timestamp::now()
            .checked_add(std::time::Duration::from_secs(u64::from(PAUSE_MINUTES) * 60))
            .ok();
        let done = if resting { engine.resume_all().await } else { engine.pause_all(until).await };
        if let Err(fault) = done {
            tracing::warn!("failed to pause or resume: {fault}");
        }
    });
}

/// Keeps icon and menu true from now on.
pub(crate) fn follow(app: &AppHandle, engine: &Engine) {
    let tray = app.state::<Tray>().inner().clone();
    let mut deltas = match engine.subscribe(&Caller::Console) {
        Ok(deltas) => deltas,
        Err(fault) => return tracing::warn!("the tray can't follow the engine: {fault}"),
    };
    let (app, engine) = (app.clone(), engine.clone());
    let mut settings = engine.settings_changes();
    tauri::async_runtime::spawn(async move {
        let mut connections = BTreeMap::new();
        let mut requests = BTreeMap::new();
        let mut status = None;
        loop {
            let message = tokio::select! {
                message = deltas.next() => message,
                // Another language, perhaps: everything is said anew.
                Ok(()) = settings.changed() => engine.snapshot(&Caller::Console).ok(),
            };
            let Some(message) = message else { break };
            match message {
                StreamMessage::Snapshot { status: now, connections: all, requests: asked, .. } => {
                    status = Some(now);
                    requests = asked.into_iter().map(|request| (request.request_id.clone(), request)).collect();
                    connections = all.into_iter().map(|connection| (connection.id.clone(), connection)).collect();
                }
                StreamMessage::Connection { connection } => {
                    connections.insert(connection.id.clone(), *connection);
                }
                StreamMessage::ConnectionRemoved { id } => {
                    connections.remove(&id);
                }
                StreamMessage::Status { status: now } => status = Some(now),
                StreamMessage::Request { request } => {
                    if request.status == RequestStatus::Pending {
                        requests.insert(request.request_id.clone(), *request);
                    } else {
                        requests.remove(&request.request_id);
                    }
                }
                StreamMessage::Session { .. } | StreamMessage::Tenant { .. } | StreamMessage::Event { .. } => continue,
            }
            if let Some(status) = &status {
                let content = content(status, connections.values(), requests.values(), engine.texts());
                let tray = tray.clone();
                let handle = app.clone();
                // Menus belong to the main thread.
                if app.run_on_main_thread(move || update(&handle, &tray, content)).is_err() {
                    break;
                }
            }
        }
    });
}

fn content<'a>(
    status: &EngineStatus,
    connections: impl Iterator<Item = &'a ConnectionView>,
    requests: impl Iterator<Item = &'a ConnectionRequest>,
    texts: Texts,
) -> Content {
    let all: Vec<_> = connections.filter(|c| c.health.status != HealthStatus::Connecting).collect();
    let who = |c: &ConnectionView| match &c.account {
        Some(account) => format!("{} · {}", c.app_name, account.label),
        None => c.name.clone(),
    };
    let bad: Vec<_> = all.iter().filter(|c| c.health.status == HealthStatus::Attention).collect();
    let retrying = all.iter().any(|c| c.health.status == HealthStatus::Retrying);
    let active: Vec<_> = all.iter().filter(|c| c.health.status != HealthStatus::Paused).collect();
    let unreachable = |c: &ConnectionView| c.health.warnings.iter().any(|w| w.code == WarningCode::Offline);
    let offline = active.len() > 1 && active.iter().all(|c| unreachable(c));
    let locked = status.vault.state != VaultState::Unlocked;
    let resting = status.paused_until.is_some();
    let headline = match (locked, bad.len(), all.len()) {
        (true, _, _) => texts.get("tray.vault", &[]),
        (_, n @ 1.., _) => texts.count("tray.attention", n),
        (_, 0, 0) => texts.get("tray.nothing", &[]),
        (_, 0, _) if resting => texts.get("tray.paused", &[]),
        (_, 0, _) if offline => texts.get("tray.offline", &[]),
        (_, 0, _) if retrying => texts.get("tray.retrying", &[]),
        (_, 0, _) => texts.get("tray.connected", &[]),
    };
    let shape = match () {
        () if locked || !bad.is_empty() => Shape::Attention,
        () if retrying => Shape::Busy,
        () => Shape::Normal,
    };
    let mut recent: Vec<_> = all.iter().filter(|c| c.health.status != HealthStatus::Attention).collect();
    recent.sort_by_key(|c| (std::cmp::Reverse(c.last_active_at), c.name.clone()));
    Content {
        shape,
        headline,
        attention: bad
            .iter()
            .take(ATTENTION_MAX)
            .map(|c| (format!("reconnect:{}", c.id), format!("▲ {}      {}", who(c), texts.get("tray.reconnect", &[]))))
            .collect(),
        requests: requests
            .take(REQUESTS_MAX)
            .map(|request| (format!("request:{}", request.request_id), asked(request, texts)))
            .collect(),
        recent: recent
            .iter()
            .take(RECENT_MAX)
            .map(|c| (format!("connection:{}", c.id), format!("{} {}", sign(c.health.status), who(c))))
            .collect(),
        names: [if resting { "tray.resumeAll" } else { "tray.pauseAll" }, "tray.recent"]
            .into_iter()
            .chain(FIXED.iter().map(|(_, key)| *key))
            .map(|key| texts.get(key, &[]))
            .collect(),
    }
}

fn asked(request: &ConnectionRequest, texts: Texts) -> String {
    match &request.app_name {
        Some(app) => texts.get("tray.request", &[("who", &request.client_name), ("app", app)]),
        None => texts.get("tray.requestAny", &[("who", &request.client_name)]),
    }
}

fn sign(status: HealthStatus) -> &'static str {
    match status {
        HealthStatus::Connected => "●",
        HealthStatus::Retrying | HealthStatus::Connecting => "◐",
        HealthStatus::Attention => "▲",
        HealthStatus::Paused => "❙❙",
    }
}

fn update(app: &AppHandle, tray: &Tray, content: Content) {
    let mut slot = tray.0.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(parts) = slot.as_mut() else { return };
    if parts.shown.as_ref() == Some(&content) {
        return;
    }
    if let Err(error) = apply(app, parts, &content) {
        tracing::warn!("the tray menu could not be changed: {error}");
    }
    parts.shown = Some(content);
}

fn apply(app: &AppHandle, parts: &mut Parts, content: &Content) -> tauri::Result<()> {
    let before = parts.shown.as_ref();
    if before.is_none_or(|shown| shown.shape != content.shape) {
        parts.icon.set_icon(content.shape.image())?;
    }
    parts.headline.set_text(&content.headline)?;
    if before.is_none_or(|shown| shown.names != content.names) {
        let [pause, recent, fixed @ ..] = content.names.as_slice() else { return Ok(()) };
        parts.pause.set_text(pause)?;
        parts.recent.set_text(recent)?;
        for ((item, _), name) in parts.fixed.iter().zip(fixed) {
            item.set_text(name)?;
        }
    }
    if before.is_none_or(|shown| shown.attention != content.attention) {
        for item in parts.attention.drain(..) {
            parts.menu.remove(&item)?;
        }
        // Below the headline and its separator.
        for (number, (id, text)) in content.attention.iter().enumerate() {
            let item = MenuItem::with_id(app, id, text, true, None::<&str>)?;
            parts.menu.insert(&item, 2 + number)?;
            parts.attention.push(item);
        }
    }
    if before.is_none_or(|shown| shown.requests != content.requests) {
        for item in parts.requests.drain(..) {
            parts.menu.remove(&item)?;
        }
        // Below the list of connections and its separator.
        let first = 4 + content.attention.len();
        for (number, (id, text)) in content.requests.iter().enumerate() {
            let item = MenuItem::with_id(app, id, text, true, None::<&str>)?;
            parts.menu.insert(&item, first + number)?;
            parts.requests.push(item);
        }
    }
    if before.is_none_or(|shown| shown.recent != content.recent) {
        for item in parts.recent.items()? {
            parts.recent.remove(&item)?;
        }
        for (id, text) in &content.recent {
            parts.recent.append(&MenuItem::with_id(app, id, text, true, None::<&str>)?)?;
        }
        parts.recent.set_enabled(!content.recent.is_empty())?;
    }
    Ok(())
}
