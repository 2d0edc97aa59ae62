//! The independent OAuth 2.0 provider (npm `oidc-provider`), in a process of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use url::Url;

use crate::http::{Address, Request};
use crate::process::root;

/// A running provider; it ends when this is dropped.
#[derive(Debug)]
pub struct Provider {
    child: Child,
    origin: Url,
}

impl Provider {
    /// Starts it with settings like `{"accessTtl": 5}`; see `tests/provider/server.mjs`.
    ///
    /// # Errors
    /// Fails when node or its packages are missing.
    pub fn start(settings: &Value) -> Result<Self> {
        let mut child = Command::new("node")
            .arg("server.mjs")
            .current_dir(root().join("tests/provider"))
            .env("PROVIDER", settings.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("node could not be started")?;
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().context("no output")?);
        output.read_line(&mut line)?;
        // What it says later is read too: a closed pipe would end it.
        std::thread::spawn(move || output.lines().map_while(std::result::Result::ok).for_each(drop));
        let hello: Value = serde_json::from_str(&line).context("run `npm ci` in tests/provider first")?;
        let origin = hello["origin"].as_str().context("no origin")?.parse()?;
        Ok(Self { child, origin })
    }

    /// Returns its origin, without a slash at the end.
    #[must_use]
    pub fn origin(&self) -> String {
        self.origin.as_str().trim_end_matches('/').to_owned()
    }

    fn lever(&self, name: &str, body: &Value) -> Result<Value> {
        Request::new("POST", &format!("/admin/{name}")).json(body).send(&Address::of(&self.origin)?)?.ok()
    }

    /// Ends all grants, as a person does on the provider's own page; returns how many.
    ///
    /// # Errors
    /// Fails when the provider doesn't answer.
    pub fn revoke_all(&self) -> Result<u64> {
        self.lever("revoke", &json!({}))?["revoked"].as_u64().context("no count")
    }

    /// Makes the next answers at `/token` bad ones: `html`, `503`, `429`, `reset`, `lost`, `invalid_grant`…
    ///
    /// # Errors
    /// Fails when the provider doesn't answer.
    pub fn fault(&self, mode: &str, times: u32) -> Result<()> {
        self.lever("faults", &json!({ "mode": mode, "times": times })).map(|_| ())
    }

    /// Ends all faults.
    ///
    /// # Errors
    /// Fails when the provider doesn't answer.
    pub fn well_again(&self) -> Result<()> {
        self.lever("well", &json!({})).map(|_| ())
    }

    /// Changes settings while it runs.
    ///
    /// # Errors
    /// Fails when the provider doesn't answer.
    pub fn change(&self, settings: &Value) -> Result<()> {
        self.lever("settings", settings).map(|_| ())
    }

    /// Returns what it was asked so far.
    ///
    /// # Errors
    /// Fails when the provider doesn't answer.
    pub fn log(&self) -> Result<Vec<Value>> {
        let reply = Request::new("GET", "/admin/log").send(&Address::of(&self.origin)?)?.ok()?;
        reply.as_array().cloned().context("no log")
    }

    /// Counts the refresh requests that it answered well.
    ///
    /// # Errors
    /// Fails when the provider doesn't answer.
    pub fn refreshes(&self) -> Result<usize> {
        let good = |one: &&Value| one["grant"] == "refresh_token" && one["status"] == 200;
        Ok(self.log()?.iter().filter(good).count())
    }

    /// Counts the tokens that are good now.
    ///
    /// # Errors
    /// Fails when the provider doesn't answer.
    pub fn live_refresh_tokens(&self) -> Result<u64> {
        let reply = Request::new("GET", "/admin/live").send(&Address::of(&self.origin)?)?.ok()?;
        reply["refreshTokens"].as_u64().context("no count")
    }

    /// Asks its API whose an access token is; `None` for a token that isn't good.
    ///
    /// # Errors
    /// Fails when the provider doesn't answer.
    pub fn whoami(&self, token: &str) -> Result<Option<String>> {
        let request = Request::new("GET", "/api/whoami").header("Authorization", &format!("Bearer {token}"));
        let reply = request.send(&Address::of(&self.origin)?)?;
        if reply.status == 401 {
            return Ok(None);
        }
        Ok(reply.ok()?["login"].as_str().map(str::to_owned))
    }

    /// Puts its address into the text of an app file.
    #[must_use]
    pub fn app(&self, text: &str) -> String {
        text.replace("ORIGIN", &self.origin())
    }

    /// Writes the catalog entry of an app behind it, with every way to connect.
    #[must_use]
    pub fn app_file(&self, key: &str) -> String {
        include_str!("app.toml").replace("KEY", key).replace("ORIGIN", &self.origin())
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
