//! The tools: name, what it is for, what goes in, what comes out, and how careful to be.

use std::sync::Arc;

use rmcp::model::{Tool, ToolAnnotations};
use serde_json::{Map, Value, json};

use crate::give;

/// The longest that one call waits, in seconds.
pub(crate) const WAIT_MAX: u32 = 60;

/// Which tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name {
    ListConnections,
    GetConnection,
    Connect,
    CreateConnection,
    EnsureConnection,
    RequestConnection,
    CheckConnectionResult,
    SearchConnectors,
    Request,
    ArchiveConnection,
}

/// How careful a client should be with a tool.
enum Care {
    /// It changes nothing.
    Reads,
    /// It adds something, or starts something that the person finishes.
    Adds,
    /// It destroys something.
    Destroys,
}

impl Name {
    /// Lists all of them, in the order in which an agent reads them.
    pub(crate) const ALL: [Self; 10] = [
        Self::ListConnections,
        Self::GetConnection,
        Self::Connect,
        Self::CreateConnection,
        Self::EnsureConnection,
        Self::RequestConnection,
        Self::CheckConnectionResult,
        Self::SearchConnectors,
        Self::Request,
        Self::ArchiveConnection,
    ];

    /// Finds a tool by its name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }

    /// What it is called on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ListConnections => "list-connections",
            Self::GetConnection => "get-connection",
            Self::Connect => "connect",
            Self::CreateConnection => "create-connection",
            Self::EnsureConnection => "ensure-connection",
            Self::RequestConnection => "request-connection",
            Self::CheckConnectionResult => "check-connection-result",
            Self::SearchConnectors => "search-connectors",
            Self::Request => "request",
            Self::ArchiveConnection => "archive-connection",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::ListConnections => "List connections",
            Self::GetConnection => "Look at a connection",
            Self::Connect => "Connect or reconnect",
            Self::CreateConnection => "Start a connection",
            Self::EnsureConnection => "Find or start a connection",
            Self::RequestConnection => "Ask the person to connect",
            Self::CheckConnectionResult => "Check what the person answered",
            Self::SearchConnectors => "Search apps",
            Self::Request => "Call an app",
            Self::ArchiveConnection => "Archive a connection",
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::ListConnections => {
                "Lists the person's connections: which apps are connected, as whom, and which need the person. Call it \
                 before connecting anything."
            }
            Self::GetConnection => {
                "Shows one connection. With `wait`, holds the answer until a connection that is being made is ready or \
                 failed, or the time is over: call it in a loop after the person got a link."
            }
            Self::Connect => {
                "Connects an app, or repairs a connection that is disconnected (give its `connectionId`; the record \
                 stays the same). Say what is needed in words with `intent`, or give the app's key. The person signs \
                 in: they are led there where the client can do that, else the answer has the link to show them."
            }
            Self::CreateConnection => {
                "Starts a connection from an intent in words and answers at once. The answer is usually \
                 CLIENT_ACTION_REQUIRED with the link to show the person (`clientAction.uiUrl`); then poll \
                 `get-connection` with `wait: true` until it is READY."
            }
            Self::EnsureConnection => {
                "Returns the connection of the app at a web address or domain (`slack.com`); starts one when there is \
                 none."
            }
            Self::RequestConnection => {
                "Asks the person to connect an app or to repair a connection, when they needn't do it right now: they \
                 get a notification, and the answer has a link for them. Poll `check-connection-result`."
            }
            Self::CheckConnectionResult => "Says what came of a request made with `request-connection`.",
            Self::SearchConnectors => {
                "Searches the apps that can be connected, by name, category, web address, or what is needed in words."
            }
            Self::Request => {
                "Calls the API of a connected app; the connection's credential is added on the way and goes to no other \
                 host. Give a path below the app's API, or a whole address of one of its hosts. A DELETE asks the person \
                 first."
            }
            Self::ArchiveConnection => {
                "Archives a connection: its access is revoked at the app and its credential destroyed. The person is \
                 asked first; without their yes nothing happens."
            }
        }
    }

    fn care(self) -> Care {
        match self {
            Self::ListConnections | Self::GetConnection | Self::CheckConnectionResult | Self::SearchConnectors => {
                Care::Reads
            }
            Self::Connect | Self::CreateConnection | Self::EnsureConnection | Self::RequestConnection => Care::Adds,
            Self::Request | Self::ArchiveConnection => Care::Destroys,
        }
    }

    fn input(self) -> Value {
        let text = |about: &str| json!({ "type": "string", "description": about });
        let connection = || text("The connection's id or key.");
        let name = || text("A name for a new connection.");
        let seconds = |default: u32| {
            json!({ "type": "integer", "minimum": 0, "maximum": WAIT_MAX, "default": default,
                "description": "How many seconds to wait for the person at most." })
        };
        let app = "An app's key, as search-connectors shows it.";
        match self {
            Self::ListConnections => object(json!({}), &[]),
            Self::GetConnection => object(
                json!({
                    "connectionId": connection(),
                    "wait": { "type": "boolean", "description": "Hold the answer until it is ready or failed." },
                    "timeout": { "type": "integer", "minimum": 1, "maximum": WAIT_MAX, "default": 30,
                        "description": "For how many seconds." },
                }),
                &["connectionId"],
            ),
            Self::Connect => object(
                json!({
                    "intent": text("What is needed, in words: \"CRM\", \"my calendar\"."),
                    "integrationKey": text(app),
                    "integrationId": text(app),
                    "connectorKey": text(app),
                    "connectorId": text(app),
                    "connectionId": text("The connection to repair, by id or key."),
                    "connectionKey": text("A key of your own for a new connection."),
                    "name": name(),
                    "allowMultipleConnections": { "type": "boolean",
                        "description": "Make one more connection of an app that has one; without it, that one is signed in to again." },
                    "timeout": seconds(45),
                }),
                &[],
            ),
            Self::CreateConnection => {
                object(json!({ "intent": text("What is needed, in words."), "name": name() }), &["intent"])
            }
            Self::EnsureConnection => object(
                json!({ "appUrl": text("A web address or a bare domain: `https://slack.com`, `slack.com`."), "name": name() }),
                &["appUrl"],
            ),
            Self::RequestConnection => object(
                json!({
                    "connectorId": text(app),
                    "integrationId": text(app),
                    "integrationKey": text(app),
                    "connectionId": text("The connection to repair, by id or key."),
                    "name": name(),
                    "prompt": text("What it is for, in one sentence that the person reads."),
                }),
                &[],
            ),
            Self::CheckConnectionResult => {
                object(json!({ "requestId": text("What request-connection answered with.") }), &["requestId"])
            }
            Self::SearchConnectors => object(
                json!({
                    "q": { "type": "string", "minLength": 1, "maxLength": 200, "description": "What to search for." },
                    "limit": { "type": "integer", "minimum": 1, "maximum": 100, "default": 10,
                        "description": "How many at most." },
                }),
                &["q"],
            ),
            Self::Request => object(
                json!({
                    "connectionId": connection(),
                    "path": text("A path below the app's API, like `/contacts`, or a whole address of one of its hosts."),
                    "method": { "type": "string", "enum": ["GET", "POST", "PUT", "PATCH", "DELETE"], "default": "GET" },
                    "query": { "type": "object", "description": "The query; a list repeats its parameter." },
                    "headers": { "type": "object", "description": "Headers, beside the credential's own." },
                    "body": { "description": "A JSON body." },
                }),
                &["connectionId", "path"],
            ),
            Self::ArchiveConnection => object(json!({ "connectionId": connection() }), &["connectionId"]),
        }
    }

    /// Describes it to a client.
    pub(crate) fn tool(self) -> Tool {
        let Value::Object(input) = self.input() else { return Tool::new(self.name(), self.description(), Map::new()) };
        let annotations = ToolAnnotations::with_title(self.title());
        let annotations = match self.care() {
            Care::Reads => annotations.read_only(true).open_world(false),
            Care::Adds => annotations.read_only(false).destructive(false).open_world(true),
            Care::Destroys => annotations
                .read_only(false)
                .destructive(true)
                .idempotent(self == Self::ArchiveConnection)
                .open_world(true),
        };
        let tool =
            Tool::new(self.name(), self.description(), Arc::new(input)).with_title(self.title()).annotate(annotations);
        match self {
            Self::ListConnections => tool.with_output_schema::<give::ConnectionList>(),
            Self::GetConnection
            | Self::Connect
            | Self::CreateConnection
            | Self::EnsureConnection
            | Self::ArchiveConnection => tool.with_output_schema::<give::ConnectionAnswer>(),
            Self::RequestConnection | Self::CheckConnectionResult => tool.with_output_schema::<give::RequestAnswer>(),
            Self::SearchConnectors => tool.with_output_schema::<give::SearchAnswer>(),
            Self::Request => tool.with_output_schema::<give::AppAnswer>(),
        }
    }
}

fn object(properties: Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_describes_what_goes_in_and_comes_out() {
        for name in Name::ALL {
            let tool = name.tool();
            assert_eq!(Name::of(&tool.name), Some(name));
            assert_eq!(tool.input_schema["type"], "object", "{name:?}");
            assert_eq!(
                tool.output_schema.as_ref().map(|schema| schema["type"].clone()),
                Some(json!("object")),
                "{name:?}"
            );
        }
    }

    #[test]
    fn only_what_may_destroy_something_says_so() {
        let destroys = |name: &Name| name.tool().annotations.is_some_and(|a| a.destructive_hint == Some(true));
        let all: Vec<Name> = Name::ALL.into_iter().filter(destroys).collect();
        assert_eq!(all, [Name::Request, Name::ArchiveConnection]);
    }
}
