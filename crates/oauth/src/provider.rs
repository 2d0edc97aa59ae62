//! What the protocol needs to know of a provider and of the client registered there.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use crate::{DpopKey, Reach};

/// An authorization server, as the catalog describes it.
#[derive(Debug, Clone)]
pub struct Provider {
    /// Its identifier, compared letter by letter (RFC 9207 section 2.4).
    pub issuer: Option<String>,
    /// It puts `iss` into every authorization response (RFC 9207).
    pub sends_iss: bool,
    /// The authorization endpoint.
    pub authorize: Url,
    /// The token endpoint.
    pub token: Url,
    /// The device authorization endpoint (RFC 8628).
    pub device: Option<Url>,
    /// The revocation endpoint (RFC 7009).
    pub revoke: Option<Url>,
    /// What it does with PKCE.
    pub pkce: Pkce,
    /// How a client with a secret shows it.
    pub client_auth: ClientAuth,
    /// How the token request's body is written.
    pub token_body: TokenBodyForm,
    /// What stands between scopes in the authorization request; a space by RFC 6749 section 3.3.
    pub scope_separator: String,
    /// Further parameters of the authorization request.
    pub authorize_params: BTreeMap<String, String>,
    /// Further parameters of the token request.
    pub token_params: BTreeMap<String, String>,
    /// Further headers of the token request.
    pub token_headers: BTreeMap<String, String>,
    /// Error codes of its own that mean the grant is gone.
    pub dead_codes: Vec<String>,
    /// Error codes of its own that mean the client is set up wrongly.
    pub config_codes: Vec<String>,
    /// Where authorization requests are pushed to first (RFC 9126); `None` = they go through the browser.
    pub par: Option<Url>,
    /// The key that tokens are bound to (RFC 9449).
    pub dpop: Option<Arc<DpopKey>>,
    /// A JSON pointer to where tokens are in replies, when they are not at the top.
    pub tokens_at: Option<String>,
    /// How long its access tokens usually live, where that is known.
    pub lifetime: Option<Duration>,
    /// Where requests may go.
    pub reach: Reach,
}

/// What a provider does with PKCE (RFC 7636).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pkce {
    /// It insists on it.
    Required,
    /// It checks it when sent.
    Supported,
    /// It refuses requests that have it; none is sent.
    Rejected,
    /// It doesn't say; it is sent, as unknown parameters are to be ignored (RFC 6749 section 3.1).
    Unknown,
}

/// How a client shows its secret at the token endpoint (RFC 6749 section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// In the `Authorization` header.
    Basic,
    /// In the body.
    Post,
    /// Not at all: a public client.
    None,
}

/// How the token request's body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenBodyForm {
    /// `application/x-www-form-urlencoded`, as RFC 6749 says.
    Form,
    /// `application/json`, as a few providers want it.
    Json,
}

/// A client registered at a provider.
#[derive(Clone)]
pub struct Client {
    /// Its id; no secret.
    pub id: String,
    /// Its secret, where it has one.
    pub secret: Option<SecretString>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("id", &self.id).field("has_secret", &self.secret.is_some()).finish()
    }
}
