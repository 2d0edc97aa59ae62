//! The engine behind a command: the one that runs, or a headless one started for it.

use std::future::Future;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use membrane_engine::Paths;
use membrane_model::{ErrorCode, Fault, WireError};
use membrane_sdk::{Client, SdkError};
use serde::Deserialize;

use crate::failure::internal;

/// What a headless engine says on its standard output once it listens, or why it doesn't.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Greeting {
    error: Option<WireError>,
}

/// Returns a client of the engine that runs; `EngineNotRunning` when none does.
pub(crate) async fn running() -> Result<Client, Fault> {
    let client = Client::unix(Paths::resolve()?.socket);
    match client.call::<serde_json::Value>(http_get(), "/health", None::<&()>).await {
        Ok(_) => Ok(client),
        Err(error) => Err(error.into_fault()),
    }
}

/// Makes one call to the engine, without asking first whether it is there; starts one when none is.
pub(crate) async fn straight<T, F>(call: impl Fn(Client) -> F) -> Result<T, Fault>
where
    F: Future<Output = Result<T, SdkError>>,
{
    match told(call(Client::unix(Paths::resolve()?.socket)).await) {
        Err(fault) if fault.code == ErrorCode::EngineNotRunning => told(call(running_or_started().await?).await),
        answer => answer,
    }
}

/// Returns a client of the engine that runs, after starting one when none does.
pub(crate) async fn running_or_started() -> Result<Client, Fault> {
    match running().await {
        Err(fault) if fault.code == ErrorCode::EngineNotRunning => {}
        other => return other,
    }
    let started = tokio::task::spawn_blocking(start).await.map_err(|e| internal(&e))?;
    match started {
        // Somebody else was quicker.
        Err(fault) if fault.code == ErrorCode::AlreadyRunning => {}
        other => other?,
    }
    running().await
}

/// Starts a headless engine and waits until it listens.
fn start() -> Result<(), Fault> {
    let program = std::env::current_exe().map_err(|e| internal(&e))?;
    let mut child = Command::new(program)
        .args(["serve", "--background"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| internal(&e))?;
    let output = child.stdout.take().ok_or_else(|| internal(&"the engine could not be started"))?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line).map_err(|e| internal(&e))?;
    match serde_json::from_str::<Greeting>(&line) {
        Ok(Greeting { error: Some(error) }) => Err(error.into_fault()),
        Ok(Greeting { error: None }) => Ok(()),
        Err(_) => Err(Fault::new(ErrorCode::Internal, "the engine ended before it listened")
            .hint("Run `membrane serve` to see what it says.")),
    }
}

/// Turns a failed call into what is told.
pub(crate) fn told<T>(result: Result<T, SdkError>) -> Result<T, Fault> {
    result.map_err(SdkError::into_fault)
}

fn http_get() -> membrane_sdk::Method {
    membrane_sdk::Method::GET
}
