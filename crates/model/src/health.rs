//! Health: derived from facts by one function of the engine, never stored.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What UI, tray, CLI and API show of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// The one word.
    pub status: HealthStatus,
    /// The word for a person: "Connected", "Retrying", "Reconnect", "Paused", "Connecting".
    pub label: String,
    /// One or two sentences: how it stands and what to do.
    pub sentence: String,
    /// What is wrong now, root causes only, worst first.
    pub warnings: Vec<Warning>,
}

/// How a connection stands, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HealthStatus {
    /// Nobody has signed in yet.
    Connecting,
    /// Works.
    Connected,
    /// Works or will again by itself; the engine is trying.
    Retrying,
    /// Needs the person.
    Attention,
    /// Rests.
    Paused,
}

/// Something that is wrong, or soon will be, without being a disconnect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Warning {
    /// What it is.
    pub code: WarningCode,
    /// How bad.
    pub severity: Severity,
    /// One sentence.
    pub text: String,
    /// Since when.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
}

/// The closed list of warnings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WarningCode {
    /// The vault is locked; nothing can be refreshed.
    VaultLocked,
    /// This computer is offline.
    Offline,
    /// The app's token endpoint isn't answering as it should.
    ProviderUnavailable,
    /// The store can't be written.
    StorageError,
    /// There is no refresh token; the person must sign in at a known time.
    SignInDue,
    /// A key is about to expire.
    ExpiresSoon,
    /// The app refused the credential once; it is asked again before that is believed.
    Refused,
    /// The app granted less than was asked.
    ScopesMissing,
    /// This computer's clock differs from the provider's by more than five minutes.
    ClockSkew,
}

/// How bad a warning is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// Will become a problem.
    Medium,
    /// Is a problem now.
    High,
}
