//! An app's API in Node, to be called through the proxy.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;
use url::Url;

use crate::http::{Address, Request};
use crate::process::root;

/// A running API; it ends when this is dropped.
#[derive(Debug)]
pub struct Upstream {
    child: Child,
    origin: Url,
}

impl Upstream {
    /// Starts it.
    ///
    /// # Errors
    /// Fails when node is missing.
    pub fn start() -> Result<Self> {
        let mut child = Command::new("node")
            .arg("server.mjs")
            .current_dir(root().join("tests/upstream"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("node could not be started")?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let greeting: Value = serde_json::from_str(&line)?;
        let origin = greeting["origin"].as_str().context("no origin")?.parse()?;
        Ok(Self { child, origin })
    }

    /// Returns its origin, without a slash at the end.
    #[must_use]
    pub fn origin(&self) -> String {
        self.origin.as_str().trim_end_matches('/').to_owned()
    }

    /// Returns what it was asked so far, by path.
    ///
    /// # Errors
    /// Fails when it doesn't answer.
    pub fn seen(&self) -> Result<Vec<String>> {
        let seen = Request::new("GET", "/seen").send(&Address::of(&self.origin)?)?.ok()?;
        let url = |one: &Value| one["url"].as_str().map(str::to_owned);
        Ok(seen.as_array().into_iter().flatten().filter_map(url).collect())
    }

    /// Makes it refuse the key that was good.
    ///
    /// # Errors
    /// Fails when it doesn't answer.
    pub fn withdraw_key(&self) -> Result<()> {
        Request::new("POST", "/api/withdraw").send(&Address::of(&self.origin)?)?.ok().map(|_| ())
    }

    /// Writes the catalog entry of an app behind it: a key in a header, in the query, in the path, as a password, and
    /// client credentials of a token endpoint that is somewhere else.
    #[must_use]
    pub fn app_file(&self, key: &str, token_url: &str) -> String {
        include_str!("upstream.toml")
            .replace("KEY", key)
            .replace("ORIGIN", &self.origin())
            .replace("TOKEN_URL", token_url)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
