//! Open at login: what the person chose in the settings, kept true in the desktop's own list of programs.

use membrane_engine::Engine;
use tauri::AppHandle;
use tauri_plugin_autostart::ManagerExt;

/// Follows the setting from now on.
pub(crate) fn follow(app: &AppHandle, engine: &Engine) {
    let (app, engine) = (app.clone(), engine.clone());
    let mut changes = engine.settings_changes();
    tauri::async_runtime::spawn(async move {
        loop {
            if let Err(error) = apply(&app, &engine) {
                tracing::warn!("opening at login could not be changed: {error}");
            }
            if changes.changed().await.is_err() {
                break;
            }
        }
    });
}

fn apply(app: &AppHandle, engine: &Engine) -> Result<(), String> {
    let wanted = engine.settings().map_err(|fault| fault.to_string())?.open_at_login;
    let autostart = app.autolaunch();
    if autostart.is_enabled().map_err(|error| error.to_string())? == wanted {
        return Ok(());
    }
    let changed = if wanted { autostart.enable() } else { autostart.disable() };
    changed.map_err(|error| error.to_string())
}
