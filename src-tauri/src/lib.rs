//! The shell: a window, a tray icon, notifications and links around the engine. It knows how nothing is done.

mod arguments;
mod autostart;
mod commands;
mod core;
mod host;
mod links;
mod notifications;
mod tray;
mod window;

use tauri::{Manager, RunEvent, WindowEvent};
use tauri_plugin_deep_link::DeepLinkExt;

use crate::arguments::Arguments;
use crate::core::Core;

/// Runs the app until it is quit.
pub fn run() {
    let refused = membrane_engine::harden_process();
    log();
    for problem in refused {
        tracing::warn!("{problem}");
    }
    let arguments = Arguments::read();
    let core = Core::new();
    let app = tauri::Builder::default()
        // First of all plugins: a second start ends here, after handing its link to the first.
        .plugin(links::one_app(arguments.instance()))
        .plugin(tauri_plugin_deep_link::init())
        .plugin(tauri_plugin_opener::Builder::new().open_js_links_on_click(false).build())
        .plugin(tauri_plugin_autostart::Builder::new().app_name("Membrane").arg("--hidden").build())
        .plugin(tauri_plugin_window_state::Builder::default().with_state_flags(window::remembered()).build())
        .manage(core.clone())
        .invoke_handler(tauri::generate_handler![
            commands::api,
            commands::events,
            commands::open_external,
            commands::ready,
            commands::restart
        ])
        .setup(move |app| {
            let handle = app.handle().clone();
            links::follow(&handle);
            let linked = app.deep_link().get_current().ok().flatten().is_some_and(|links| !links.is_empty());
            if !arguments.hidden || linked {
                window::show(&handle);
            }
            tray::start(&handle);
            core.start(&handle);
            Ok(())
        })
        .on_window_event(|window, event| {
            if let WindowEvent::CloseRequested { api, .. } = event {
                // Closing leaves the app in the tray, where there is one; else it could not be reached any more.
                if window.app_handle().state::<tray::Tray>().is_there() {
                    api.prevent_close();
                    window::put_away(window.app_handle());
                }
            }
        })
        .build(tauri::generate_context!());
    match app {
        Ok(app) => app.run(|handle, event| match event {
            // With its last window closed the app lives on in the tray.
            RunEvent::ExitRequested { api, code: None, .. } if handle.state::<tray::Tray>().is_there() => {
                api.prevent_exit();
            }
            RunEvent::Exit => handle.state::<Core>().end(),
            _ => {}
        }),
        Err(error) => {
            tracing::error!("the app could not be started: {error}");
            std::process::exit(1);
        }
    }
}

fn log() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("MEMBRANE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let _first =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).try_init();
}
