//! An app: an external product as its file describes it.

use std::collections::BTreeMap;

use membrane_model::{AppKey, AppSummary, AuthMethodKind, AuthMethodSummary};
use serde::{Deserialize, Serialize};

use crate::{AuthMethod, Template, TextTemplate};

/// An external product that can be connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// Names it.
    pub key: AppKey,
    /// What a person calls it.
    pub name: String,
    /// Other and older names.
    pub aliases: Vec<String>,
    /// Domains of its pages and API, without scheme; a path may follow (`docs.google.com/spreadsheets`).
    pub domains: Vec<String>,
    /// Lower-case category names, the main one first.
    pub categories: Vec<String>,
    /// Ids of what it can do, out of the closed list, the main one first.
    pub capabilities: Vec<String>,
    /// What it is for, in one sentence.
    pub description: String,
    /// How many people use it, 0 to 100; breaks ties in a search.
    pub popularity: u8,
    /// Its endpoints may be plain http on this computer.
    pub local: bool,
    /// Apps of one family share an OAuth client.
    pub family: Option<AppKey>,
    /// Where the facts come from; the person's own apps may do without.
    pub source: Option<Source>,
    /// The API that a connection opens.
    pub api: Option<Api>,
    /// The ways to connect, best first; at least one.
    pub auth: Vec<AuthMethod>,
    /// Added by the person.
    pub own: bool,
}

impl App {
    /// Finds a way to connect by its key.
    #[must_use]
    pub fn method(&self, key: &str) -> Option<&AuthMethod> {
        self.auth.iter().find(|method| method.key == key)
    }

    /// Names what the OAuth client of the person is kept under: the family, or the app alone.
    #[must_use]
    pub fn client_key(&self) -> &AppKey {
        self.family.as_ref().unwrap_or(&self.key)
    }

    /// Returns the API that a way to connect opens.
    #[must_use]
    pub fn api_of<'a>(&'a self, method: &'a AuthMethod) -> Option<&'a Api> {
        method.api.as_ref().or(self.api.as_ref())
    }

    /// Tells whether a call to its API is possible with nothing registered.
    ///
    /// Client credentials don't count: the id and the secret come from a registration. A remote MCP server doesn't
    /// either: its token opens the server, not the API.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.auth.iter().any(|method| match method.kind {
            AuthMethodKind::OAuth2 | AuthMethodKind::Device | AuthMethodKind::ApiKey | AuthMethodKind::Basic => {
                !method.needs_client()
            }
            AuthMethodKind::ClientCredentials | AuthMethodKind::Mcp => false,
        })
    }

    /// Tells whether its vendor runs an MCP server that can be signed in to.
    #[must_use]
    pub fn has_mcp(&self) -> bool {
        self.auth.iter().any(|method| method.kind == AuthMethodKind::Mcp)
    }

    /// Returns what a list shows of it.
    #[must_use]
    pub fn summary(&self) -> AppSummary {
        AppSummary {
            key: self.key.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            categories: self.categories.clone(),
            capabilities: self.capabilities.clone(),
            auth_methods: self
                .auth
                .iter()
                .map(|method| AuthMethodSummary {
                    key: method.key.clone(),
                    kind: method.kind,
                    label: method.label.clone(),
                    needs_client: method.needs_client(),
                })
                .collect(),
            ready: self.ready(),
            mcp: self.has_mcp(),
            own: self.own,
            popularity: self.popularity,
        }
    }
}

/// Where the facts about an app come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The vendor's own page.
    pub url: String,
    /// The day it was read, `2026-11-24`.
    pub checked_on: String,
    /// How sure it is.
    pub checked: Checked,
}

/// How sure the facts about an app are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Checked {
    /// The endpoints were found on the vendor's own page.
    Docs,
    /// Written from memory; to be checked.
    Memory,
}

impl Checked {
    /// Returns the word of the file format.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Docs => "docs",
            Self::Memory => "memory",
        }
    }
}

/// The API that a connection opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Api {
    /// What paths are appended to.
    pub base: Template,
    /// Origins that may be sent the credential; the base's own is always among them.
    pub hosts: Vec<Template>,
    /// Headers that every call needs (`Notion-Version`), the credential's aside; values may have slots.
    pub headers: Vec<(String, String)>,
}

impl Api {
    /// Returns the headers with values put into their slots; one whose slot nothing fills is left out.
    pub fn headers_with(&self, values: &BTreeMap<String, String>) -> impl Iterator<Item = (&str, String)> {
        self.headers.iter().filter_map(|(name, text)| {
            let value = if text.contains('{') { TextTemplate::parse(text)?.fill(values).ok()? } else { text.clone() };
            Some((name.as_str(), value))
        })
    }
}
