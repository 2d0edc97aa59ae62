//! `membrane act`: a call to an app, described as one JSON object; answers with the app's output.

use membrane_model::Fault;
use membrane_sdk::Method;
use serde_json::{Value, json};

use crate::engine::{running_or_started, told};
use crate::failure::wrong_use;
use crate::input;
use crate::out::Out;

#[derive(clap::Args)]
pub(crate) struct Act {
    /// The connection, by id
    #[arg(long = "connectionId", value_name = "ID", required_unless_present = "connection_key")]
    connection_id: Option<String>,
    /// The connection, by key
    #[arg(long = "connectionKey", value_name = "KEY", conflicts_with = "connection_id")]
    connection_key: Option<String>,
    /// The call: {"method", "path", "query", "headers", "body"}; @FILE reads a file, @- standard input
    #[arg(long, value_name = "JSON")]
    api: Option<String>,
    /// Actions are not here
    #[arg(long, hide = true)]
    key: Option<String>,
    /// Actions are not here
    #[arg(long, hide = true)]
    id: Option<String>,
    /// Code is not run here
    #[arg(long, hide = true)]
    code: Option<String>,
    /// What an action or code would take
    #[arg(long, hide = true)]
    input: Option<String>,
}

pub(super) async fn run(act: Act, out: &Out) -> Result<(), Fault> {
    let example =
        "Describe the call: --api '{\"method\": \"GET\", \"path\": \"/users\"}'. docs/proxy.md says what it takes.";
    if act.key.is_some() || act.id.is_some() || act.code.is_some() {
        return Err(wrong_use("actions and code are not run on this computer", example));
    }
    let Some(api) = &act.api else { return Err(wrong_use("nothing says what to call", example)) };
    let text = match api.strip_prefix('@') {
        None => api.clone(),
        Some(file) => input::read_all(std::path::Path::new(file))?,
    };
    let call: Value = match serde_json::from_str(&text) {
        Ok(call @ Value::Object(_)) => call,
        Ok(_) | Err(_) => return Err(wrong_use("--api is no JSON object", example)),
    };
    let client = running_or_started().await?;
    let body = json!({ "connectionId": act.connection_id, "connectionKey": act.connection_key, "api": call });
    let acted: Value = told(client.call(Method::POST, "/act", Some(&body)).await)?;
    if out.json {
        out.document(&acted);
        return Ok(());
    }
    match &acted["output"] {
        Value::String(text) => out.line(text),
        output => out.document(output),
    }
    Ok(())
}
