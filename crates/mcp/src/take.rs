//! What agents send: read leniently where the meaning is clear, refused with what to send where it isn't.

use membrane_model::{ErrorCode, Fault};
use membrane_sdk::{Ask, Connect};
use rmcp::model::CallToolRequestParams;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::tool::WAIT_MAX;

/// Reads a call's arguments.
pub(crate) fn arguments<T: DeserializeOwned>(request: &CallToolRequestParams) -> Result<T, Fault> {
    let arguments = request.arguments.clone().unwrap_or_default();
    serde_json::from_value(serde_json::Value::Object(arguments))
        .map_err(|error| refused(format!("the arguments of {} can't be read: {error}", request.name)))
}

/// Makes the refusal of an argument.
pub(crate) fn refused(message: impl Into<String>) -> Fault {
    Fault::new(ErrorCode::BadRequest, message).hint("Read the tool's input schema and call it again.")
}

/// Empty texts mean nothing was said.
fn filled(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn seconds(timeout: Option<u32>, default: u32) -> Result<u32, Fault> {
    match timeout {
        Some(seconds) if seconds > WAIT_MAX => Err(refused(format!("timeout is more than {WAIT_MAX} seconds"))),
        Some(seconds) => Ok(seconds),
        None => Ok(default),
    }
}

/// `get-connection`
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Get {
    pub connection_id: String,
    #[serde(default)]
    pub wait: bool,
    #[serde(default)]
    timeout: Option<u32>,
}

impl Get {
    pub(crate) fn seconds(&self) -> Result<u32, Fault> {
        if self.timeout == Some(0) {
            return Err(refused("timeout is less than 1 second"));
        }
        seconds(self.timeout, 30)
    }
}

/// `connect`
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ConnectTo {
    intent: Option<String>,
    integration_key: Option<String>,
    integration_id: Option<String>,
    connector_key: Option<String>,
    connector_id: Option<String>,
    connection_id: Option<String>,
    connection_key: Option<String>,
    name: Option<String>,
    allow_multiple_connections: Option<bool>,
    timeout: Option<u32>,
}

impl ConnectTo {
    pub(crate) fn seconds(&self) -> Result<u32, Fault> {
        seconds(self.timeout, 45)
    }

    pub(crate) fn what(self) -> Result<Connect, Fault> {
        let named = [self.integration_key, self.integration_id, self.connector_key, self.connector_id];
        let what = Connect {
            intent: filled(self.intent),
            app: named.into_iter().find_map(filled),
            connection: filled(self.connection_id),
            key: filled(self.connection_key),
            name: filled(self.name),
            allow_multiple: self.allow_multiple_connections,
            ..Connect::default()
        };
        if what.intent.is_none() && what.app.is_none() && what.connection.is_none() {
            return Err(refused("nothing says what to connect: give intent, integrationKey or connectionId"));
        }
        Ok(what)
    }
}

/// `create-connection`
#[derive(Deserialize)]
pub(crate) struct Create {
    intent: String,
    #[serde(default)]
    name: Option<String>,
}

impl Create {
    pub(crate) fn what(self) -> Result<Connect, Fault> {
        let intent = filled(Some(self.intent)).ok_or_else(|| refused("intent is empty"))?;
        Ok(Connect { name: filled(self.name), allow_multiple: Some(true), ..Connect::intent(intent) })
    }
}

/// `ensure-connection`
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ensure {
    pub app_url: String,
    #[serde(default)]
    pub name: Option<String>,
}

/// `request-connection`
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    connector_id: Option<String>,
    integration_id: Option<String>,
    integration_key: Option<String>,
    connection_id: Option<String>,
    name: Option<String>,
    prompt: Option<String>,
}

impl Request {
    pub(crate) fn ask(self, client_name: Option<String>) -> Ask {
        Ask {
            app: [self.integration_key, self.integration_id, self.connector_id].into_iter().find_map(filled),
            connection: filled(self.connection_id),
            name: filled(self.name),
            prompt: filled(self.prompt),
            client_name,
            ..Ask::default()
        }
    }
}

/// `check-connection-result`
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Check {
    pub request_id: String,
}

/// `search-connectors`
#[derive(Deserialize)]
pub(crate) struct Search {
    q: String,
    #[serde(default)]
    limit: Option<usize>,
}

impl Search {
    pub(crate) fn checked(self) -> Result<(String, usize), Fault> {
        let q = self.q.trim().to_owned();
        let limit = self.limit.unwrap_or(10);
        if q.is_empty() || q.chars().count() > 200 {
            return Err(refused("q has 1 to 200 characters"));
        }
        if !(1..=100).contains(&limit) {
            return Err(refused("limit is 1 to 100"));
        }
        Ok((q, limit))
    }
}

/// `request`
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallApp {
    pub connection_id: String,
    path: String,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    query: Map<String, Value>,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    body: Option<Value>,
}

impl CallApp {
    /// Which method; GET unless told.
    pub(crate) fn method(&self) -> Result<String, Fault> {
        let method = self.method.as_deref().unwrap_or("GET").to_ascii_uppercase();
        match method.as_str() {
            "GET" | "POST" | "PUT" | "PATCH" | "DELETE" => Ok(method),
            _ => Err(refused("method is GET, POST, PUT, PATCH or DELETE")),
        }
    }

    /// Describes the call as the API takes it.
    pub(crate) fn call(&self, method: &str) -> Value {
        let mut call = json!({ "path": self.path, "method": method, "query": self.query, "headers": self.headers });
        if let (Some(body), Some(members)) = (&self.body, call.as_object_mut()) {
            members.insert("data".to_owned(), body.clone());
        }
        call
    }

    /// The path, for a person to read.
    pub(crate) fn path(&self) -> String {
        crate::give::plain(&self.path)
    }
}

/// `archive-connection`
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Archive {
    pub connection_id: String,
}
