//! The person in a real Chromium, who answers a request to connect where its link leads.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::process::root;

/// Opens a request's link, says yes and signs in by a method; returns what the pages said.
///
/// # Errors
/// Fails with what the browser met when it doesn't end well.
pub fn connects_at(link: &str, method: &str) -> Result<String> {
    let mut node = Command::new("node");
    node.args(["browser/person.mjs", link, method]).current_dir(root().join("tests/contract")).stdin(Stdio::null());
    let output = node.output().context("node could not be started")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    Ok(said)
}
