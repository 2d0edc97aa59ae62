//! `membrane sandbox …`: what the sandbox plays, to see how the app reacts.

use membrane_model::{ErrorCode, Fault};
use membrane_sdk::Method;
use serde_json::{Value, json};

use crate::args::Sandbox;
use crate::engine::{running_or_started, told};
use crate::out::{Out, Tone, paint};

pub(super) async fn run(command: Sandbox, out: &Out) -> Result<(), Fault> {
    let client = running_or_started().await?;
    let Some(sandbox) = told(client.status().await)?.sandbox else {
        return Err(
            Fault::new(ErrorCode::NotFound, "the sandbox is not running").hint("Restart the engine; its log says why.")
        );
    };
    let control = membrane_sdk::Client::sandbox(&sandbox.url).map_err(membrane_sdk::SdkError::into_fault)?;
    let (path, body, said) = match command {
        Sandbox::Status => {
            let state: Value = told(control.call(Method::GET, "/control/state", None::<&()>).await)?;
            let state = json!({ "url": sandbox.url, "state": state });
            out.answer(&state, || format!("{} The sandbox is at {}", paint(Tone::Good, "●"), sandbox.url));
            return Ok(());
        }
        Sandbox::Revoke => (
            "/control/revoke",
            json!({}),
            "Access was ended at the sandbox. Its connections notice at the next renewal.",
        ),
        Sandbox::Expire => ("/control/expire", json!({}), "All access tokens have run out."),
        Sandbox::Outage { minutes, kind } => (
            "/control/outage",
            json!({ "minutes": minutes, "kind": kind.name() }),
            "The sandbox stopped answering. End it with `membrane sandbox recover`.",
        ),
        Sandbox::Recover => ("/control/recover", json!({}), "The sandbox answers again."),
    };
    let reply: Value = told(control.call(Method::POST, path, Some(&body)).await)?;
    out.answer(&reply, || format!("{} {said}", paint(Tone::Good, "✓")));
    Ok(())
}
