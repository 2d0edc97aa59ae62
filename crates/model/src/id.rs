//! Identifiers: newtypes over URL-safe text.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Says why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text is empty or longer than 100 bytes.
    #[error("{kind} must have 1 to 100 characters")]
    Length {
        /// What the text was meant to name.
        kind: &'static str,
    },
    /// The text has a character that would need escaping in a URL.
    #[error("{kind} may only have letters, digits, '-', '_' and '.'")]
    Character {
        /// What the text was meant to name.
        kind: &'static str,
    },
    /// An app key has something else than lower-case words joined by dashes.
    #[error("an app key is lower-case words joined by dashes, like \"google-calendar\"")]
    AppKey,
}

fn check(kind: &'static str, text: &str) -> Result<(), IdError> {
    if text.is_empty() || text.len() > 100 {
        return Err(IdError::Length { kind });
    }
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
        return Err(IdError::Character { kind });
    }
    Ok(())
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Makes a new one from a UUIDv7, so that ids sort by the time they were made.
            #[must_use]
            pub fn generate() -> Self {
                Self(format!(concat!($prefix, "{}"), uuid::Uuid::now_v7().simple()))
            }

            /// Returns the text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                check($kind, text).map(|()| Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                check($kind, &text).map(|()| Self(text))
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// Names a connection, for as long as it exists and across reconnects.
    ConnectionId, "a connection id", "con_"
);
id!(
    /// Names one attempt to connect or reconnect.
    SessionId, "a session id", "ses_"
);
id!(
    /// Names an event; the same event keeps its id however often it is delivered.
    EventId, "an event id", "evt_"
);
id!(
    /// Names a local program that uses the API.
    ClientId, "a client id", "cli_"
);
id!(
    /// Names a request to connect.
    RequestId, "a request id", "req_"
);
id!(
    /// Names a webhook.
    WebhookId, "a webhook id", "whk_"
);
id!(
    /// Names the delivery of one event to one webhook.
    DeliveryId, "a delivery id", "dlv_"
);
id!(
    /// Names one call to an app that was made by `/act`.
    ActionRunId, "an action run id", "run_"
);
id!(
    /// Names whose connections these are.
    TenantId, "a tenant id", "ten_"
);

impl TenantId {
    /// Returns the one tenant that a desktop has of itself.
    #[must_use]
    pub fn own() -> Self {
        Self("default".to_owned())
    }
}

/// Names an app in the catalog: lower-case words joined by dashes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "String", into = "String")]
pub struct AppKey(String);

impl AppKey {
    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AppKey {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.len() > 64 {
            return Err(IdError::AppKey);
        }
        let word = |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if text.split('-').all(word) { Ok(Self(text.to_owned())) } else { Err(IdError::AppKey) }
    }
}

impl TryFrom<String> for AppKey {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<AppKey> for String {
    fn from(key: AppKey) -> String {
        key.0
    }
}

impl fmt::Display for AppKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn app_keys_are_lower_case_words() {
        for good in ["github", "google-calendar", "x", "1password"] {
            assert!(good.parse::<AppKey>().is_ok(), "{good}");
        }
        for bad in ["", "GitHub", "a_b", "-a", "a-", "a--b", "../etc"] {
            assert_eq!(bad.parse::<AppKey>(), Err(IdError::AppKey), "{bad}");
        }
    }

    #[test]
    fn generated_ids_are_url_safe_and_read_back() {
        let id = ConnectionId::generate();
        assert_eq!(id.as_str().parse::<ConnectionId>(), Ok(id.clone()));
        assert!("con_/..".parse::<ConnectionId>().is_err());
    }
}
