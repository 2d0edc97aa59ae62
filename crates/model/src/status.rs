//! What `membrane status` and the settings page show.

use serde::{Deserialize, Serialize};

use crate::{ClientId, Timestamp};

/// The engine at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EngineStatus {
    /// Where the HTTP API listens: `http://127.0.0.1:4780`.
    pub api_uri: Option<String>,
    /// Said when the saved port was taken by another program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port_note: Option<String>,
    /// The Unix socket.
    pub socket: String,
    /// SemVer.
    pub version: String,
    /// Where data is kept.
    pub data_dir: String,
    /// The vault.
    pub vault: VaultView,
    /// The process.
    pub engine: EngineView,
    /// How many connections there are, archived ones left out.
    pub connections: u64,
    /// How many of them need the person.
    pub disconnected: u64,
    /// How many webhooks were turned off because nothing gets through; only the person is told.
    #[serde(default)]
    pub webhooks_off: u64,
    /// Set while all connections rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub paused_until: Option<Timestamp>,
    /// The network, as far as the system says.
    #[serde(default)]
    pub network: Network,
    /// How many seconds the clocks of servers are ahead of this computer's, where that is more than five minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_skew_seconds: Option<i64>,
    /// Since when nothing can be written to the data folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub storage_trouble_since: Option<Timestamp>,
    /// The sandbox, where one is running.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<SandboxView>,
}

/// How the network stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// Nobody says.
    #[default]
    Unknown,
    /// The internet can be reached.
    Up,
    /// A page of the network wants something from the person first.
    SignInPage,
    /// There is a network, and no internet behind it.
    Limited,
    /// There is none.
    Down,
}

impl Network {
    /// Tells whether trying has a chance.
    #[must_use]
    pub fn may_reach(self) -> bool {
        match self {
            Self::Unknown | Self::Up => true,
            Self::SignInPage | Self::Limited | Self::Down => false,
        }
    }

    /// Returns its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Up => "up",
            Self::SignInPage => "sign-in-page",
            Self::Limited => "limited",
            Self::Down => "down",
        }
    }
}

/// The sandbox provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SandboxView {
    /// Its origin: `http://127.0.0.1:4790`.
    pub url: String,
}

/// The vault at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VaultView {
    /// Where it stands.
    pub state: VaultState,
    /// What holds the master key: `secret-service`, `passphrase`, `environment`, `memory`.
    pub backend: String,
    /// One sentence: how it stands and what to do.
    pub sentence: String,
}

/// Where the vault stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VaultState {
    /// Secrets can be read and written.
    Unlocked,
    /// The keychain or the passphrase file is locked.
    Locked,
    /// There is no keychain, and no passphrase was chosen.
    Missing,
    /// The keychain answers, but not usefully; try again.
    Broken,
    /// Records exist and their key is gone or another one.
    KeyLost,
}

/// The process that owns the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EngineView {
    /// Its process id.
    pub pid: u32,
    /// Hosted by the desktop app, or without a screen.
    pub mode: EngineMode,
    /// When it started.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
}

/// Who hosts the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EngineMode {
    /// The desktop app.
    Desktop,
    /// `membrane serve`.
    Headless,
}

/// A local program that may use the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClientView {
    /// Names it.
    pub id: ClientId,
    /// What the person called it.
    pub name: String,
    /// May ask for access tokens.
    pub may_get_tokens: bool,
    /// The key that its tokens name, for a workspace that signs tokens for tenants of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_key: Option<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was last seen.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used_at: Option<Timestamp>,
}

/// A client that was just made: the one time its token or secret is shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewClient {
    /// Names it.
    pub id: ClientId,
    /// What the person called it.
    pub name: String,
    /// The bearer token, `pat-…`; empty for a workspace.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub token: String,
    /// What a workspace's tokens name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_key: Option<String>,
    /// What a workspace signs its tokens with (HS256 or HS512).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_secret: Option<String>,
}

impl std::fmt::Debug for NewClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewClient").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

/// An origin whose pages may show Membrane's own pages in a frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OriginView {
    /// Scheme, host and port: `http://localhost:3000`.
    pub origin: String,
    /// When the person approved it.
    #[schema(value_type = String, format = DateTime)]
    pub approved_at: Timestamp,
}
