//! `membrane sandbox …`: what the sandbox plays, to see how the app reacts.

use membrane_model::{ErrorCode, Fault};
use membrane_sdk::{Client, ConnectionFilter, Method};
use serde_json::{Value, json};

use crate::args::Sandbox;
use crate::engine::{running_or_started, told};
use crate::out::{Out, Tone, paint};

pub(super) async fn run(command: Sandbox, out: &Out) -> Result<(), Fault> {
    let client = running_or_started().await?;
    let noticed = matches!(command, Sandbox::Revoke | Sandbox::Expire);
    let Some(sandbox) = told(client.status().await)?.sandbox else {
        return Err(
            Fault::new(ErrorCode::NotFound, "the sandbox is not running").hint("Restart the engine; its log says why.")
        );
    };
    let control = Client::sandbox(&sandbox.url).map_err(membrane_sdk::SdkError::into_fault)?;
    let (path, body, said) = match command {
        Sandbox::Status => {
            let state: Value = told(control.call(Method::GET, "/control/state", None::<&()>).await)?;
            let state = json!({ "url": sandbox.url, "state": state });
            out.answer(&state, || format!("{} The sandbox is at {}", paint(Tone::Good, "●"), sandbox.url));
            return Ok(());
        }
        Sandbox::Revoke => ("/control/revoke", json!({}), "Access was ended at the sandbox."),
        Sandbox::Expire => ("/control/expire", json!({}), "All access tokens have run out."),
        Sandbox::Outage { minutes, kind } => (
            "/control/outage",
            json!({ "minutes": minutes, "kind": kind.name() }),
            "The sandbox stopped answering. End it with `membrane sandbox recover`.",
        ),
        Sandbox::Recover => ("/control/recover", json!({}), "The sandbox answers again."),
    };
    let reply: Value = told(control.call(Method::POST, path, Some(&body)).await)?;
    // Without that they would notice at the next use or renewal, which may be minutes away.
    let checked = if noticed { check(&client).await? } else { 0 };
    out.answer(&reply, || {
        let after = match checked {
            0 => String::new(),
            1 => " Its connection was checked: see `membrane connection list`.".to_owned(),
            some => format!(" Its {some} connections were checked: see `membrane connection list`."),
        };
        format!("{} {said}{after}", paint(Tone::Good, "✓"))
    });
    Ok(())
}

/// Has every connection of the sandbox tried, and returns how many there are.
async fn check(client: &Client) -> Result<usize, Fault> {
    let filter = ConnectionFilter { app: Some("membrane-sandbox".to_owned()), ..ConnectionFilter::default() };
    let mut connections = told(client.connections(&filter).await)?;
    connections.retain(|connection| connection.connected);
    for connection in &connections {
        // That it doesn't work is what is to be noticed, not a failure of this command.
        let _noticed = client.test(connection.id.as_str()).await;
    }
    Ok(connections.len())
}
