//! The one window: made when it is first shown, destroyed when it is put away, so that a hidden app stays small.

use membrane_engine::{Paths, Screen};
use membrane_model::Fault;
use tauri::{AppHandle, Emitter, Manager, Runtime, WebviewUrl, WebviewWindow, WebviewWindowBuilder};
use tauri_plugin_window_state::StateFlags;

const LABEL: &str = "main";

/// What is remembered of the window: where it stands and how large it is.
pub(crate) fn remembered() -> StateFlags {
    StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED
}

/// Brings the window to the front.
pub(crate) fn show<R: Runtime>(app: &AppHandle<R>) {
    let shown = match app.get_webview_window(LABEL) {
        Some(window) => bring_up(&window),
        None => open(app, "/").and_then(|window| bring_up(&window)),
    };
    if let Err(error) = shown {
        tracing::warn!("the window could not be shown: {error}");
    }
}

/// Brings a screen to the front.
pub(crate) fn reveal<R: Runtime>(app: &AppHandle<R>, screen: &Screen) {
    let path = screen.path();
    let shown = match app.get_webview_window(LABEL) {
        Some(window) => app.emit_to(LABEL, "navigate", &path).and_then(|()| bring_up(&window)),
        None => open(app, &path).and_then(|window| bring_up(&window)),
    };
    if let Err(error) = shown {
        tracing::warn!("a screen could not be shown: {error}");
    }
}

/// Tells the person of something that went wrong outside of the console.
pub(crate) fn say<R: Runtime>(app: &AppHandle<R>, fault: &Fault) {
    if let Err(error) = app.emit_to(LABEL, "problem", fault.to_wire()) {
        tracing::warn!("a problem could not be told: {error}");
    }
}

/// Tells whether the person is looking at the window.
pub(crate) fn has_focus<R: Runtime>(app: &AppHandle<R>) -> bool {
    app.get_webview_window(LABEL).is_some_and(|window| window.is_focused().unwrap_or(false))
}

/// Puts the window away and frees what the page took; the app lives on in the tray.
pub(crate) fn put_away<R: Runtime>(app: &AppHandle<R>) {
    if let Some(window) = app.get_webview_window(LABEL)
        && let Err(error) = window.destroy()
    {
        tracing::warn!("the window could not be put away: {error}");
    }
}

fn open<R: Runtime>(app: &AppHandle<R>, path: &str) -> tauri::Result<WebviewWindow<R>> {
    // WebKit makes its folder readable for others; the data folder is not the place for that.
    let cache = Paths::resolve().map_or_else(|_| std::env::temp_dir(), |paths| paths.cache);
    WebviewWindowBuilder::new(app, LABEL, WebviewUrl::App(format!("index.html#{path}").into()))
        .title("Membrane")
        .inner_size(920.0, 640.0)
        .min_inner_size(640.0, 480.0)
        .data_directory(cache)
        .on_navigation(|url| {
            // The console is one page of our own; nothing may lead away from it.
            matches!(url.scheme(), "tauri" | "isolation") || url.host_str() == Some("tauri.localhost")
        })
        .build()
}

fn bring_up<R: Runtime>(window: &WebviewWindow<R>) -> tauri::Result<()> {
    window.unminimize()?;
    window.show()?;
    window.set_focus()
}
