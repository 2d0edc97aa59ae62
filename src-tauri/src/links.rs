//! Links and second starts: each finds its way into the one app that runs.

use membrane_engine::Screen;
use tauri::plugin::TauriPlugin;
use tauri::{AppHandle, Manager, Runtime, Wry};
use tauri_plugin_deep_link::DeepLinkExt;
use url::Url;

use crate::core::Core;
use crate::window;

/// Makes a second start hand its link to the first app and end.
pub(crate) fn one_app(name: String) -> TauriPlugin<Wry> {
    tauri_plugin_single_instance::Builder::new()
        .dbus_id(name)
        .callback(|app, arguments, _folder| {
            // The plugin hands a link on; a start without one wants the window.
            if arguments.len() < 2 {
                window::show(app);
            }
        })
        .build()
}

/// Follows links from now on, and the one that the app was started with.
pub(crate) fn follow(app: &AppHandle) {
    let handle = app.clone();
    app.deep_link().on_open_url(move |event| {
        if let [link] = event.urls().as_slice() {
            open(&handle, link.clone());
        }
    });
    if let Ok(Some(links)) = app.deep_link().get_current()
        && let [link] = links.as_slice()
    {
        open(app, link.clone());
    }
}

fn open<R: Runtime>(app: &AppHandle<R>, link: Url) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let engine = match app.state::<Core>().engine().await {
            Ok(engine) => engine,
            Err(fault) => {
                tracing::warn!("a link could not be followed: {fault}");
                window::show(&app);
                return;
            }
        };
        // The link itself may hold a code: it enters no log.
        match engine.deep_link(link.as_str()).await {
            Ok(screen) => window::reveal(&app, &screen),
            Err(fault) => {
                tracing::warn!("a link was not followed: {fault}");
                window::reveal(&app, &Screen::Home);
                window::say(&app, &fault);
            }
        }
    });
}
