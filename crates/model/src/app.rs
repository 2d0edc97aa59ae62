//! What clients see of the catalog.

use serde::{Deserialize, Serialize};

use crate::AppKey;

/// The kinds of ways to connect an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AuthMethodKind {
    /// OAuth 2.0 authorization code with PKCE (RFC 6749 section 4.1, RFC 7636).
    #[serde(rename = "oauth2")]
    OAuth2,
    /// OAuth 2.0 device authorization grant (RFC 8628).
    Device,
    /// OAuth 2.0 client credentials (RFC 6749 section 4.4).
    ClientCredentials,
    /// A static key in a header or in the query.
    ApiKey,
    /// A user name and a password (RFC 7617).
    Basic,
    /// The vendor's remote MCP server, signed in to with a client that registers itself (RFC 7591).
    Mcp,
}

/// How the browser's answer comes back to this computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReturnPath {
    /// `dev.membrane.desktop:/oauth/callback` (RFC 8252 section 7.1).
    DeepLink,
    /// `http://127.0.0.1:PORT/oauth-callback` (RFC 8252 section 7.3).
    Loopback,
}

/// One input of a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Field {
    /// Names the value: `key`, `username`, `password`, `subdomain`.
    pub key: String,
    /// What stands above it.
    pub label: String,
    /// Where to find the value, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The exact page where the value is found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// What a value looks like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    /// A regular expression in the common subset of JavaScript and Rust that the whole value matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// The values there are; with none, any text that fits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
    /// Hidden while typing, kept in the vault, never shown again.
    #[serde(default)]
    pub secret: bool,
    /// May stay empty.
    #[serde(default)]
    pub optional: bool,
}

/// One of the values that a field may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Choice {
    /// What is kept.
    pub value: String,
    /// What a person reads.
    pub label: String,
}

/// An app in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppSummary {
    /// Names the app.
    pub key: AppKey,
    /// What a person calls it.
    pub name: String,
    /// What it is for, in one sentence.
    pub description: String,
    /// Lower-case category names: `crm`, `developer-tools`.
    pub categories: Vec<String>,
    /// Ids of what it can do, the main one first: `send-email`.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// Its ways to connect, best first.
    pub auth_methods: Vec<AuthMethodSummary>,
    /// A call to its API is possible with nothing registered.
    pub ready: bool,
    /// Its vendor runs an MCP server that is signed in to with nothing registered; the API may need more.
    #[serde(default)]
    pub mcp: bool,
    /// Added by the person.
    pub own: bool,
    /// How widely it is used, 0 to 99; lists of suggestions start with the most used.
    pub popularity: u8,
}

/// A way to connect, in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuthMethodSummary {
    /// Names it within the app.
    pub key: String,
    /// What kind it is; the wire's `type`.
    #[serde(rename = "type")]
    pub kind: AuthMethodKind,
    /// What a person calls it: "Sign in with GitHub".
    pub label: String,
    /// Needs an OAuth client of the person's own first.
    pub needs_client: bool,
}

/// What a search for an intent comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SearchOutcome {
    /// One app, confidently.
    Pick,
    /// Several fit; the person chooses.
    Choose,
    /// Nothing fits.
    None,
}

/// The answer to an intent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SearchResult {
    /// What to do with the items.
    pub outcome: SearchOutcome,
    /// Best first.
    pub items: Vec<SearchItem>,
}

/// One app that fits an intent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SearchItem {
    /// Names the app.
    pub key: AppKey,
    /// What a person calls it.
    pub name: String,
    /// 0 to 1.
    pub score: f64,
    /// Why it fits: "is called Gmail", "is a CRM", "matches atlassian.net".
    pub reason: String,
    /// The same for readers that speak another language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<Because>,
    /// What kind of element it is.
    #[serde(default)]
    pub element_type: ElementType,
    /// The app as an element, for readers of the wire that know several kinds.
    #[serde(default)]
    pub element: Option<SearchElement>,
}

/// Why an app fits, by its code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Because {
    /// Which reason.
    pub kind: BecauseKind,
    /// What it is about: a capability's id, a name, a text; empty where it is about nothing.
    pub what: String,
}

/// The closed list of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BecauseKind {
    /// It has the capability.
    Capability,
    /// It has that name.
    Called,
    /// It has that name, too.
    AlsoCalled,
    /// It is named like a host.
    LikeName,
    /// A word of its name is the text.
    WordOfName,
    /// It is one of a family of apps.
    Family,
    /// Its name is near to the text.
    NearName,
    /// Its name starts with the text.
    Beginning,
    /// It lives at that address.
    Address,
    /// It is in the category.
    Category,
    /// Its description has those words.
    Words,
    /// Many people use it.
    Popular,
}

impl SearchItem {
    /// Makes the item of an app.
    #[must_use]
    pub fn new(key: AppKey, name: String, score: f64, reason: String) -> Self {
        let element = SearchElement { id: key.clone(), key: key.clone(), name: name.clone() };
        Self { key, name, score, reason, because: None, element_type: ElementType::Connector, element: Some(element) }
    }
}

/// What kind of thing a search found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ElementType {
    /// An app that can be connected.
    #[default]
    Connector,
}

/// What a search found, as an element.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SearchElement {
    /// Names the element; an app is named by its key.
    pub id: AppKey,
    /// Names the app.
    pub key: AppKey,
    /// What a person calls it.
    pub name: String,
}
