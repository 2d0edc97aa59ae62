//! What `membrane doctor` and the diagnostics of the settings show: checks, each with a fix.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The outcome of a whole examination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Examination {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// One of each kind, in a fixed order.
    pub findings: Vec<Finding>,
}

impl Examination {
    /// Returns the worst outcome.
    #[must_use]
    pub fn worst(&self) -> Outcome {
        self.findings.iter().map(|finding| finding.outcome).max().unwrap_or(Outcome::Fine)
    }
}

/// What a check looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// What keeps the master key.
    Keychain,
    /// Links of `membrane:` and `dev.membrane.desktop:` lead to the app.
    Schemes,
    /// Where the local API listens.
    Port,
    /// The computer's clock.
    Clock,
    /// The way to the apps.
    Network,
    /// Who may read the data folder and the socket.
    Permissions,
    /// Room for the data.
    Disk,
}

/// How a check ended; later is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// As it should be.
    Fine,
    /// It could not be found out.
    Unknown,
    /// It works, but not as well as it could.
    Warning,
    /// It keeps something from working.
    Broken,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Finding {
    /// What was looked at.
    pub subject: Subject,
    /// How it ended.
    pub outcome: Outcome,
    /// The case, for texts in other languages: `locked`, `taken`, `skewed`.
    pub case: String,
    /// Facts that the texts name, by name.
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty", default)]
    pub facts: std::collections::BTreeMap<String, String>,
    /// What was found, in one sentence.
    pub sentence: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}
