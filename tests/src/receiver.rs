//! A receiver of webhooks in Python, which checks them with libraries that are not ours.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use url::Url;

use crate::http::{Address, Request};
use crate::process::root;
use crate::wait;

/// Returns the Python that has the receiver's packages.
///
/// # Errors
/// Says how to install them when they are missing.
pub fn python() -> Result<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let python = target.join("python/receiver/bin/python");
    ensure!(python.is_file(), "the receiver's Python packages are missing; `cargo xtask test` installs them");
    Ok(python)
}

/// A running receiver; it ends when this is dropped.
#[derive(Debug)]
pub struct Receiver {
    child: Child,
    origin: Url,
}

impl Receiver {
    /// Starts it on a port of its own.
    ///
    /// # Errors
    /// Fails when its Python packages are missing.
    pub fn start() -> Result<Self> {
        Self::start_on(0)
    }

    /// Starts it on a port.
    ///
    /// # Errors
    /// Fails when its Python packages are missing, or the port is taken.
    pub fn start_on(port: u16) -> Result<Self> {
        let mut child = Command::new(python()?)
            .args(["receiver.py", &port.to_string()])
            .current_dir(root().join("tests/receiver"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("python could not be started")?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let greeting: Value = serde_json::from_str(&line)?;
        let origin = greeting["origin"].as_str().context("no origin")?.parse()?;
        Ok(Self { child, origin })
    }

    /// Returns an address of it.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin.as_str().trim_end_matches('/'))
    }

    /// Returns its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.origin.port().unwrap_or_default()
    }

    fn set(&self, change: &Value) -> Result<()> {
        Request::new("POST", "/admin/set").json(change).send(&Address::of(&self.origin)?)?.ok().map(|_| ())
    }

    /// Sets the secrets that deliveries are checked with.
    ///
    /// # Errors
    /// Fails when it doesn't answer.
    pub fn knows(&self, secrets: &[&str]) -> Result<()> {
        self.set(&json!({ "secrets": secrets }))
    }

    /// Sets what the next deliveries are answered with: a status, `hang` or `redirect`; 204 after those.
    ///
    /// # Errors
    /// Fails when it doesn't answer.
    pub fn answers(&self, plan: &Value) -> Result<()> {
        self.set(&json!({ "plan": plan }))
    }

    /// Sets what all deliveries are answered with from now on.
    ///
    /// # Errors
    /// Fails when it doesn't answer.
    pub fn always_answers(&self, status: u16) -> Result<()> {
        self.set(&json!({ "always": status, "plan": [] }))
    }

    /// Returns what came so far.
    ///
    /// # Errors
    /// Fails when it doesn't answer.
    pub fn log(&self) -> Result<Vec<Value>> {
        let log = Request::new("GET", "/admin/log").send(&Address::of(&self.origin)?)?.ok()?;
        log.as_array().cloned().context("no log")
    }

    /// Waits until so many deliveries came, and returns all.
    ///
    /// # Errors
    /// Fails when they don't come in time.
    pub fn until(&self, count: usize, limit: Duration) -> Result<Vec<Value>> {
        let what = format!("{count} deliveries");
        wait::until(&what, limit, || Ok(Some(self.log()?).filter(|log| log.len() >= count)))
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
