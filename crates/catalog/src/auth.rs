//! A way to connect an app, with the facts that the OAuth flows need.

use std::collections::BTreeMap;

use membrane_model::{AuthMethodKind, Field, ReturnPath};
use serde::{Deserialize, Serialize};

use crate::fields::{FieldProblem, check_field};
use crate::{Api, Choose, HttpCheck, Identity, Keep, Login, Send, Template};

/// A way to connect an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthMethod {
    /// Names it within the app.
    pub key: String,
    /// What kind it is.
    pub kind: AuthMethodKind,
    /// What a person calls it: "Sign in with GitHub".
    pub label: String,
    /// The OAuth facts; there for `oauth2`, `device` and `client-credentials`, and only there.
    pub oauth: Option<OauthFacts>,
    /// The address of the MCP server; there for `mcp`, and only there.
    pub mcp: Option<Template>,
    /// The request that trades what was typed for a session token; only for `api-key` and `basic`.
    pub login: Option<Login>,
    /// What the person chooses once they are signed in.
    pub choose: Option<Choose>,
    /// What the person fills in: the key, or a subdomain that the sign-in needs.
    pub fields: Vec<Field>,
    /// The API that this way opens, where it is not the app's usual one.
    pub api: Option<Api>,
    /// How the credential travels; more than one when an app wants two keys.
    pub send: Vec<Send>,
    /// Tells whether the credential works.
    pub verify: Option<HttpCheck>,
    /// Tells whose account it is.
    pub identity: Option<Identity>,
    /// How the person gets a client id or a key.
    pub setup: Option<Setup>,
}

impl AuthMethod {
    /// Tells whether an OAuth client of the person's own is needed first.
    #[must_use]
    pub fn needs_client(&self) -> bool {
        self.oauth.as_ref().is_some_and(|oauth| oauth.client == ClientSource::Own)
    }

    /// Tells whether a token travels, and not what the person typed.
    #[must_use]
    pub fn sends_token(&self) -> bool {
        match self.kind {
            AuthMethodKind::OAuth2
            | AuthMethodKind::Device
            | AuthMethodKind::ClientCredentials
            | AuthMethodKind::Mcp => true,
            AuthMethodKind::ApiKey | AuthMethodKind::Basic => self.login.is_some(),
        }
    }

    /// Lists the slots that the provider fills while the person connects: members of replies, parameters of the way
    /// back from the browser, and what the person chose.
    pub fn provided_slots(&self) -> impl Iterator<Item = &str> {
        let oauth = self.oauth.iter().flat_map(|oauth| oauth.token.keep.iter().chain(&oauth.redirect_keep));
        let login = self.login.iter().flat_map(|login| &login.keep);
        let chosen = self.choose.iter().flat_map(|choose| &choose.keep);
        let field = self.choose.iter().map(|choose| choose.field.as_str());
        oauth.chain(login).chain(chosen).map(|keep| keep.slot.as_str()).chain(field)
    }

    /// Checks what the person filled in against the fields of this way to connect.
    ///
    /// # Errors
    /// The first field that is missing, or not as it should be.
    pub fn check_fields(&self, values: &BTreeMap<String, String>) -> Result<(), FieldProblem> {
        self.fields.iter().try_for_each(|field| check_field(field, values.get(&field.key).map(String::as_str)))
    }
}

/// What the OAuth flows need to know of a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OauthFacts {
    /// The issuer, compared as text with the answer's `iss` (RFC 9207); fill it with [`Template::fill_text`].
    pub issuer: Option<Template>,
    /// The answers carry `iss`.
    pub sends_iss: bool,
    /// The page to open; there for `oauth2`.
    pub authorize_url: Option<Template>,
    /// Where codes and refresh tokens are exchanged.
    pub token_url: Template,
    /// Where a device flow starts (RFC 8628); there for `device`.
    pub device_url: Option<Template>,
    /// Where tokens are revoked (RFC 7009).
    pub revoke_url: Option<Template>,
    /// Where a client registers itself (RFC 7591).
    pub register_url: Option<Template>,
    /// Where authorization requests are pushed to first (RFC 9126); there only where the provider wants it so.
    pub par_url: Option<Template>,
    /// Tokens are bound to a key of the connection (RFC 9449).
    pub dpop: bool,
    /// What the provider does with PKCE.
    pub pkce: Pkce,
    /// How the client proves itself at the token endpoint.
    pub token_auth: TokenAuth,
    /// How the body of a token request is written.
    pub token_body: TokenBody,
    /// Stands between scopes: mostly a space.
    pub scope_separator: String,
    /// What may be asked for.
    pub scopes: Vec<Scope>,
    /// More parameters of the page to open; may have slots.
    pub authorize_params: BTreeMap<String, String>,
    /// More parameters of every token request; may have slots.
    pub token_params: BTreeMap<String, String>,
    /// More headers of every token request (`Notion-Version`).
    pub token_headers: BTreeMap<String, String>,
    /// The ways back from the browser.
    pub redirects: Redirects,
    /// Parameters of the way back that addresses of the API use: the slot, and the parameter's name.
    pub redirect_keep: Vec<Keep>,
    /// Whose OAuth client it is.
    pub client: ClientSource,
    /// What is known of its tokens.
    pub token: TokenFacts,
    /// Its error codes that are not in the standard.
    pub errors: ErrorCodes,
}

impl OauthFacts {
    /// Returns the scopes that are asked for when the person chooses nothing.
    pub fn default_scopes(&self) -> impl Iterator<Item = &str> {
        self.scopes.iter().filter(|scope| !scope.optional).map(|scope| scope.name.as_str())
    }
}

/// What a provider does with PKCE (RFC 7636).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Pkce {
    /// Nothing works without it.
    Required,
    /// It is checked when sent.
    Supported,
    /// A request that has it is refused.
    Rejected,
    /// Nobody says; it is sent, as unknown parameters are ignored (RFC 6749 section 3.1).
    Unknown,
}

/// How the client proves itself at the token endpoint (RFC 6749 section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TokenAuth {
    /// `Authorization: Basic`.
    Basic,
    /// Id and secret in the body.
    Post,
    /// The id in the body, no secret.
    None,
}

/// How the body of a token request is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TokenBody {
    /// `application/x-www-form-urlencoded`, as the standard says.
    Form,
    /// `application/json`.
    Json,
}

/// A permission that can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// The provider's name of it.
    pub name: String,
    /// What it allows, in words for a person.
    pub text: String,
    /// Not asked for unless the person or a client wants it.
    pub optional: bool,
}

/// The ways back from the browser that a provider accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Redirects {
    /// To a port of this computer.
    pub loopback: Loopback,
    /// To `dev.membrane.desktop:/oauth/callback`.
    pub custom_scheme: bool,
}

impl Redirects {
    /// Lists the ways back, the better one first: a loopback works without a desktop too.
    #[must_use]
    pub fn return_paths(self) -> Vec<ReturnPath> {
        let loopback = (self.loopback != Loopback::No).then_some(ReturnPath::Loopback);
        let scheme = self.custom_scheme.then_some(ReturnPath::DeepLink);
        loopback.into_iter().chain(scheme).collect()
    }
}

/// Which loopback redirects a provider accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Loopback {
    /// `http://127.0.0.1` with any port, whatever was registered (RFC 8252 section 7.3).
    AnyPort,
    /// `http://127.0.0.1` with exactly the registered port.
    Fixed,
    /// `http://localhost` with any port.
    LocalhostAnyPort,
    /// `http://localhost` with exactly the registered port.
    Localhost,
    /// None.
    No,
}

impl Loopback {
    /// Tells whether the host must be `localhost` instead of an address.
    #[must_use]
    pub fn wants_localhost(self) -> bool {
        match self {
            Self::LocalhostAnyPort | Self::Localhost => true,
            Self::AnyPort | Self::Fixed | Self::No => false,
        }
    }

    /// Tells whether an ephemeral port is accepted.
    #[must_use]
    pub fn any_port(self) -> bool {
        match self {
            Self::AnyPort | Self::LocalhostAnyPort => true,
            Self::Fixed | Self::Localhost | Self::No => false,
        }
    }
}

/// Whose OAuth client it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClientSource {
    /// The person's own, set up once with the app's steps.
    Own,
    /// A public one that has no secret; its id comes with the app.
    Public {
        /// The client id.
        id: String,
    },
    /// One that registers itself at the provider, once per computer (RFC 7591).
    Registered,
    /// None is needed, or the form asks for it (client credentials).
    None,
}

/// What is known of a provider's tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenFacts {
    /// What happens to a refresh token that was used.
    pub rotation: Rotation,
    /// How many seconds an access token lasts, where replies don't say.
    pub lifetime: Option<u64>,
    /// After how many days of disuse a refresh token dies.
    pub refresh_idle_days: Option<u32>,
    /// A JSON pointer to where the tokens are in the reply, when they are not at its top.
    pub at: Option<String>,
    /// Members of the token reply that URLs of this app use (`instance_url`).
    pub keep: Vec<Keep>,
}

/// What happens to a refresh token that was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Rotation {
    /// It stays good.
    None,
    /// A new one comes; the old one stays good for some seconds.
    Grace {
        /// How many.
        seconds: u32,
    },
    /// A new one comes; the old one is dead at once.
    SingleUse,
}

/// Error codes of a provider that are not in the standard.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorCodes {
    /// The grant is gone: the person must sign in again.
    pub dead: Vec<String>,
    /// The OAuth client is not set up as it should be.
    pub config: Vec<String>,
}

/// How a person gets a client id or a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// The page where it starts.
    pub url: String,
    /// One step each; `{redirect_uri}` stands where the redirect URI is to be pasted.
    pub steps: Vec<String>,
}

impl Setup {
    /// Returns the steps with the redirect URI put in.
    #[must_use]
    pub fn steps_for(&self, redirect_uri: &str) -> Vec<String> {
        self.steps.iter().map(|step| step.replace("{redirect_uri}", redirect_uri)).collect()
    }
}
