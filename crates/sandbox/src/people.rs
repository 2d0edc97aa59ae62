//! The people of the demo: made up, with an account each.

use serde::{Deserialize, Serialize};

use crate::secret::same;

/// The password of every demo person, for basic auth. It protects made-up data.
pub const DEMO_PASSWORD: &str = "sandbox";

/// Somebody who can sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Person {
    Ada,
    Ben,
}

impl Person {
    pub(crate) const ALL: [Self; 2] = [Self::Ada, Self::Ben];

    /// Returns the person's id, which is the user name too.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Ada => "ada",
            Self::Ben => "ben",
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ada => "Ada Winter",
            Self::Ben => "Ben Summer",
        }
    }

    pub(crate) fn email(self) -> &'static str {
        match self {
            Self::Ada => "ada@sandbox.example",
            Self::Ben => "ben@sandbox.example",
        }
    }

    /// Finds a person by id or e-mail.
    pub(crate) fn find(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|person| text == person.id() || text == person.email())
    }

    /// Finds a person who knows the password.
    pub(crate) fn sign_in(user: &str, password: &str) -> Option<Self> {
        Self::find(user).filter(|_| same(password, DEMO_PASSWORD))
    }
}
