//! The engine behind a command: the one that runs, or a headless one started for it.

use std::future::Future;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use membrane_engine::Paths;
use membrane_model::{ErrorCode, Fault, WireError};
use membrane_sdk::{Client, SdkError};
use serde::Deserialize;

use crate::failure::{internal, wrong_use};

/// What a headless engine says on its standard output once it listens, or why it doesn't.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Greeting {
    error: Option<WireError>,
}

/// Returns a client of the engine that runs; `EngineNotRunning` when none does. With `MEMBRANE_TOKEN` it is a program's
/// client over HTTP, else the person's over the socket.
pub(crate) async fn running() -> Result<Client, Fault> {
    let client = match named_by_environment()? {
        Some(client) => client,
        None => Client::unix(Paths::resolve()?.socket),
    };
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
        // A token belongs to an engine that is there already.
        Err(fault) if fault.code == ErrorCode::EngineNotRunning && variable("MEMBRANE_TOKEN").is_none() => {}
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

/// Makes the client that `MEMBRANE_TOKEN` and `MEMBRANE_API_URL` name.
fn named_by_environment() -> Result<Option<Client>, Fault> {
    match (variable("MEMBRANE_TOKEN"), variable("MEMBRANE_API_URL")) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(wrong_use(
            "MEMBRANE_API_URL is set without MEMBRANE_TOKEN",
            "Set the token too (`membrane client create NAME` prints one), or unset both to be yourself.",
        )),
        (Some(token), address) => {
            let address = match address {
                Some(address) => address,
                None => announced()?,
            };
            Client::http(&address, &token).map(Some).map_err(|_| {
                wrong_use(
                    "MEMBRANE_API_URL is no http://127.0.0.1:PORT, or MEMBRANE_TOKEN is no token",
                    "`membrane status` shows the address; `membrane client create NAME` prints a token.",
                )
            })
        }
    }
}

/// Reads where the engine of this computer says that it listens.
fn announced() -> Result<String, Fault> {
    let not_running = || Fault::new(ErrorCode::EngineNotRunning, "no engine is running");
    let text = std::fs::read_to_string(Paths::resolve()?.endpoint()).map_err(|_| not_running())?;
    let endpoint: serde_json::Value = serde_json::from_str(&text).map_err(|_| not_running())?;
    endpoint["apiUri"].as_str().map(str::to_owned).ok_or_else(not_running)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
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
