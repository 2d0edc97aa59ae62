//! `membrane status` and `membrane stop`

use membrane_model::{EngineMode, ErrorCode, Fault, VaultState};
use serde_json::json;

use crate::engine::{running, told};
use crate::out::{Out, Tone, paint};

pub(super) async fn run(out: &Out) -> Result<(), Fault> {
    let client = running().await?;
    let status = told(client.status().await)?;
    out.answer(&status, || {
        let host = match status.engine.mode {
            EngineMode::Desktop => "in the desktop app",
            EngineMode::Headless => "without a screen",
        };
        let (tone, sign) = match (status.vault.state, status.disconnected) {
            (VaultState::Unlocked, 0) => (Tone::Good, "●"),
            (_, _) => (Tone::Bad, "!"),
        };
        let mut lines = vec![format!(
            "{} Membrane {} runs {host}, process {}.",
            paint(tone, sign),
            status.version,
            status.engine.pid
        )];
        let mut fact = |name: &str, value: &str| lines.push(format!("  {name:<12} {value}"));
        fact(
            "Connections",
            &match (status.connections, status.disconnected) {
                (0, _) => "none yet".to_owned(),
                (all, 0) => format!("{all}, all well"),
                (all, bad) => format!("{all}, {bad} of them need you"),
            },
        );
        fact("Vault", &status.vault.sentence);
        fact("API", status.api_uri.as_deref().unwrap_or("no port is free; use the socket"));
        if let Some(note) = &status.port_note {
            fact("", note);
        }
        fact("Socket", &status.socket);
        fact("Data", &status.data_dir);
        lines.join("\n")
    });
    Ok(())
}

pub(super) async fn stop(out: &Out) -> Result<(), Fault> {
    let client = running().await?;
    let status = told(client.status().await)?;
    if status.engine.mode == EngineMode::Desktop {
        return Err(Fault::new(ErrorCode::AlreadyRunning, "the engine runs in the desktop app")
            .hint("Quit it from the tray menu, or close the app."));
    }
    // The stream ends when the engine does: that is awaited, not guessed.
    let mut events = told(client.events().await)?;
    told(client.stop().await)?;
    while let Ok(Some(_)) = events.next().await {}
    out.answer(&json!({ "stopped": true }), || format!("{} The engine ended.", paint(Tone::Good, "✓")));
    Ok(())
}
