//! The vendor's own clients, unmodified, in Node and in Chromium, against the real engine: one scenario at a time.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::home::{Engine, Home};
use crate::process::root;
use crate::wait;

/// How long one scenario may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// An origin that every scenario's engine has approved.
const APPROVED: &str = "https://app.example.com";

/// Prepares a home: an injected key, clients with and without the right to tokens, a workspace, an approved origin.
///
/// # Errors
/// Fails when the engine doesn't come up or refuses.
pub fn start(home: &Home) -> Result<(Engine<'_>, Vec<(String, String)>)> {
    let engine = home.serve()?;
    let create = |body: &Value| home.api("POST", "/clients", Some(body));
    let text = |value: &Value, name: &str| value[name].as_str().map(str::to_owned).with_context(|| value.to_string());
    let client = create(&json!({ "name": "scenario" }))?;
    let no_tokens = create(&json!({ "name": "no tokens", "mayGetTokens": false }))?;
    let workspace = create(&json!({ "name": "workspace", "workspace": true }))?;
    home.api("POST", "/origins", Some(&json!({ "origin": APPROVED })))?;
    let status = wait::until("the sandbox", PATIENCE, || {
        Ok(Some(home.api("GET", "/status", None)?).filter(|status| status["sandbox"]["url"].is_string()))
    })?;
    let environment = [
        ("API", text(&status, "apiUri")?),
        ("SOCKET", home.socket().to_string_lossy().into_owned()),
        ("TOKEN", text(&client, "token")?),
        ("NO_TOKENS", text(&no_tokens, "token")?),
        ("WORKSPACE_KEY", text(&workspace, "workspaceKey")?),
        ("WORKSPACE_SECRET", text(&workspace, "workspaceSecret")?),
    ];
    Ok((engine, environment.map(|(name, value)| (name.to_owned(), value)).into()))
}

/// Runs a scenario of a file under `tests/contract` against an engine of its own.
///
/// # Errors
/// Fails with what the scenario and the engine printed.
pub fn run(file: &str, scenario: &str) -> Result<()> {
    let home = Home::with_key()?;
    let (engine, environment) = start(&home)?;
    let said = node(file, scenario, &environment)?;
    if let Err(problem) = said {
        bail!("{file}: {scenario}\n{problem}\n--- the engine:\n{}", engine.running.output());
    }
    let log = engine.running.output();
    for (name, secret) in environment.iter().filter(|(name, _)| name.contains("TOKEN") || name.contains("SECRET")) {
        ensure!(!log.contains(secret.as_str()), "{name} is in the engine's log");
    }
    engine.end()
}

fn node(file: &str, scenario: &str, environment: &[(String, String)]) -> Result<Result<String, String>> {
    let mut command = Command::new("node");
    command.args(["run.mjs", file, scenario]).current_dir(root().join("tests/contract"));
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().context("node could not be started")?;
    // A scenario that hangs is ended, and what it said until then is told.
    let ended = wait::until("the scenario to end", PATIENCE, || Ok(child.try_wait()?));
    if ended.is_err() {
        child.kill()?;
    }
    let output = child.wait_with_output()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    if ended.is_ok() && output.status.success() { Ok(Ok(out)) } else { Ok(Err(format!("{out}\n{err}"))) }
}

/// Checks that a file has exactly these scenarios, so that none is left out.
///
/// # Errors
/// Fails with the difference.
pub fn all_are_here(file: &str, named: &[&str]) -> Result<()> {
    let said = node(file, "--list", &[])?;
    let listed = said.map_err(anyhow::Error::msg).context("run `npm ci` in tests/contract first")?;
    let listed: Vec<String> = serde_json::from_str(&listed)?;
    let missing: Vec<_> = listed.iter().filter(|name| !named.contains(&name.as_str())).collect();
    let gone: Vec<_> = named.iter().filter(|name| !listed.iter().any(|one| one == **name)).collect();
    ensure!(missing.is_empty() && gone.is_empty(), "{file}: not run: {missing:?}; not there: {gone:?}");
    Ok(())
}

/// Makes a test of every scenario of a file.
#[macro_export]
macro_rules! scenarios {
    ($module:ident, $file:literal, [$($name:ident),* $(,)?]) => {
        mod $module {
            $(
                #[test]
                fn $name() -> $crate::Result<()> {
                    $crate::contract::run($file, stringify!($name))
                }
            )*

            #[test]
            fn every_scenario_is_a_test() -> $crate::Result<()> {
                $crate::contract::all_are_here($file, &[$(stringify!($name)),*])
            }
        }
    };
}
