//! How a credential travels, and the requests that check it.

use membrane_model::Account;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Template, TextTemplate};

/// How a credential travels with a call to the app's API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Send {
    /// In a header.
    Header {
        /// `Authorization`, `X-Api-Key`.
        name: String,
        /// Stands before it: `Bearer `.
        prefix: String,
        /// Which field; none = the token of a sign-in.
        field: Option<String>,
    },
    /// In a header that is made of several fields: `{id}:{token}`, or whose name the person types: `{header}`.
    Text {
        /// `Authorization`, or a slot.
        name: TextTemplate,
        /// The value, made of fields.
        value: TextTemplate,
    },
    /// In the query.
    Query {
        /// The name of the parameter.
        name: String,
        /// Which field; none = the access token of an OAuth sign-in.
        field: Option<String>,
    },
    /// As user name and password (RFC 7617).
    Basic {
        /// The user name, made of fields: `{email}/token`.
        username: TextTemplate,
        /// The password, made of fields; may be empty.
        password: TextTemplate,
    },
    /// As a part of the URL, which names the field itself; such URLs are secrets.
    Url,
}

/// A request that tells whether a credential works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpCheck {
    /// How to ask.
    pub method: HttpMethod,
    /// Where to ask.
    pub url: Template,
    /// Headers, the credential's and the API's own aside.
    pub headers: Vec<(String, String)>,
    /// A JSON body, as text.
    pub body: Option<String>,
    /// Status codes that mean it works.
    pub ok: Vec<u16>,
    /// Status codes that mean the credential is dead; all others say nothing about it.
    pub dead: Vec<u16>,
    /// For apps that answer errors with status 200.
    pub reply: Option<ReplyCheck>,
}

/// How to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum HttpMethod {
    /// Reads.
    Get,
    /// For apps that have no reading request that fits (GraphQL, Slack, Dropbox).
    Post,
}

/// What to look for in the body of a reply with a good status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyCheck {
    /// A JSON pointer to a member that is `true` when it works.
    pub ok: Option<String>,
    /// A JSON pointer to a member that is there when it works.
    pub there: Option<String>,
    /// A JSON pointer to a member that is not there, or empty, when it works (`/errors` of GraphQL).
    pub absent: Option<String>,
    /// A JSON pointer to the error code.
    pub error: Option<String>,
    /// Error codes that mean the credential is dead.
    pub dead: Vec<String>,
}

/// What a reply says about the credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It works.
    Works,
    /// The app refuses it.
    Dead,
    /// Nothing: the network's weather, a missing permission, a fault of the app.
    Unclear,
}

impl HttpCheck {
    /// Judges a reply; `body` is its JSON, where it is any.
    #[must_use]
    pub fn judge(&self, status: u16, body: Option<&Value>) -> Verdict {
        if self.dead.contains(&status) {
            return Verdict::Dead;
        }
        if !self.ok.contains(&status) {
            return Verdict::Unclear;
        }
        let Some(reply) = &self.reply else {
            return Verdict::Works;
        };
        let Some(body) = body else {
            return Verdict::Unclear;
        };
        if reply.is_good(body) {
            return Verdict::Works;
        }
        match reply.error.as_ref().and_then(|error| body.pointer(error)).and_then(scalar) {
            Some(code) if reply.dead.contains(&code) => Verdict::Dead,
            Some(_) | None => Verdict::Unclear,
        }
    }
}

impl ReplyCheck {
    fn is_good(&self, body: &Value) -> bool {
        let holds = |pointer: &Option<String>, test: fn(Option<&Value>) -> bool| {
            pointer.as_ref().is_none_or(|pointer| test(body.pointer(pointer)))
        };
        holds(&self.ok, |found| found == Some(&Value::Bool(true)))
            && holds(&self.there, |found| !is_nothing(found))
            && holds(&self.absent, is_nothing)
    }
}

fn is_nothing(found: Option<&Value>) -> bool {
    match found {
        None | Some(Value::Null) => true,
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Object(members)) => members.is_empty(),
        Some(Value::Bool(_) | Value::Number(_)) => false,
    }
}

/// Tells whose account a credential is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Identity {
    /// The app is asked.
    Request {
        /// How; boxed because most of it is a URL and lists.
        check: Box<HttpCheck>,
        /// Where the answer says it.
        at: AccountPointers,
    },
    /// The verify request's answer says it.
    Verify {
        /// Where.
        at: AccountPointers,
    },
    /// The token reply says it.
    TokenReply {
        /// Where.
        at: AccountPointers,
    },
}

/// JSON pointers (RFC 6901) to an account in a reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountPointers {
    /// What names it for good; joined with `:` when there are several.
    pub id: Vec<String>,
    /// What a person recognises; the first that is there.
    pub label: Vec<String>,
}

impl AccountPointers {
    /// Reads the account out of a reply.
    #[must_use]
    pub fn read(&self, reply: &Value) -> Option<Account> {
        let ids: Option<Vec<String>> = self.id.iter().map(|pointer| scalar(reply.pointer(pointer)?)).collect();
        let id = ids.filter(|ids| !ids.is_empty())?.join(":");
        let label = self.label.iter().find_map(|pointer| scalar(reply.pointer(pointer)?)).unwrap_or_else(|| id.clone());
        Some(Account { id, label })
    }
}

/// Reads a text or a number as one line of text.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    (!text.is_empty()).then(|| text.chars().filter(|c| !c.is_control()).take(200).collect())
}
