//! Signing in at the misbehaving provider, where everybody agrees at once.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use url::Url;

use crate::home::Home;
use crate::http::Request;
use crate::wait;

/// Connects an app through the browser and returns the connection.
///
/// # Errors
/// Fails when it does not become connected.
pub fn sign_in_through(home: &Home, app: &str) -> Result<Value> {
    sign_in(home, &json!({ "appKey": app }))
}

/// Signs in again to a connection.
///
/// # Errors
/// Fails when it does not become connected.
pub fn sign_in_again(home: &Home, connection: &str) -> Result<Value> {
    sign_in(home, &json!({ "connectionId": connection }))
}

fn sign_in(home: &Home, what: &Value) -> Result<Value> {
    let session = home.api("POST", "/connect-sessions", Some(what))?;
    let address: Url = session["authorizationUrl"].as_str().context("no address")?.parse()?;
    let agreed = Request::send_to("GET", &address)?;
    let back: Url = agreed.header("location").context("no way back")?.parse()?;
    let landed = Request::send_to("GET", &back)?;
    ensure!(landed.status == 200, "the way back ended with {}", landed.status);
    let path = format!("/connect-sessions/{}", session["id"].as_str().unwrap_or_default());
    let done = wait::until("the connection", Duration::from_secs(20), || {
        Ok(Some(home.api("GET", &path, None)?).filter(|now| now["state"] == "done"))
    })?;
    home.connection(done["connectionId"].as_str().context("no connection")?)
}
