//! What a failed exchange means: bad weather, a dead grant, or a client that is set up wrongly.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::{Provider, Reply, Unreachable};

/// Codes of RFC 6749 section 5.2 and OpenID Connect Core section 3.1.2.6 that end a grant.
const DEAD: [&str; 3] = ["invalid_grant", "consent_required", "interaction_required"];
/// Codes of RFC 6749 section 5.2 that end nothing but need the client's set-up changed.
const CONFIG: [&str; 3] = ["invalid_client", "unauthorized_client", "invalid_scope"];

/// Why an exchange gave no tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExchangeFailure {
    /// The weather: try again later.
    Transient {
        /// What it was.
        cause: Cause,
        /// How long the provider asks to be left alone.
        retry_after: Option<Duration>,
        /// The request may have arrived and its effects with it, and the answer is lost.
        ambiguous: bool,
    },
    /// The provider says the grant is gone.
    Dead {
        /// Its error code.
        code: String,
    },
    /// The provider refuses the client, not the grant.
    Misconfigured {
        /// Its error code.
        code: String,
    },
    /// Another OAuth error.
    Refused {
        /// Its error code.
        code: String,
    },
    /// The request itself can't be made.
    Malformed,
}

impl fmt::Display for ExchangeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transient { cause, .. } => f.write_str(&cause.as_code()),
            Self::Dead { code } | Self::Misconfigured { code } | Self::Refused { code } => f.write_str(code),
            Self::Malformed => f.write_str("malformed"),
        }
    }
}

/// What bad weather it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// Nothing usable came back.
    Unreachable(Unreachable),
    /// An HTTP status without an OAuth error.
    Http(u16),
    /// The provider asks for a slower pace (RFC 8628 section 3.5).
    SlowDown,
    /// An answer that no OAuth server gives: a captive portal, a proxy's page, JSON without a token.
    NotOauth,
}

impl Cause {
    /// Returns a short code, stable for logs and storage: `offline` kin are `dns` and `connect`.
    #[must_use]
    pub fn as_code(&self) -> String {
        match self {
            Self::Unreachable(Unreachable::Dns) => "dns".to_owned(),
            Self::Unreachable(Unreachable::Connect) => "connect".to_owned(),
            Self::Unreachable(Unreachable::Tls) => "tls".to_owned(),
            Self::Unreachable(Unreachable::Timeout { .. }) => "timeout".to_owned(),
            Self::Unreachable(Unreachable::Reset { .. }) => "reset".to_owned(),
            Self::Unreachable(Unreachable::TooLarge) => "too-large".to_owned(),
            Self::Unreachable(Unreachable::Forbidden) => "bad-url".to_owned(),
            Self::Http(status) => format!("http-{status}"),
            Self::SlowDown => "slow-down".to_owned(),
            Self::NotOauth => "not-oauth".to_owned(),
        }
    }
}

impl From<&Unreachable> for Cause {
    fn from(failure: &Unreachable) -> Self {
        Self::Unreachable(failure.clone())
    }
}

/// Judges a request that got no answer.
pub(crate) fn no_answer(failure: Unreachable) -> ExchangeFailure {
    let ambiguous = match failure {
        Unreachable::Timeout { sent } | Unreachable::Reset { sent } => sent,
        Unreachable::TooLarge => true,
        Unreachable::Dns | Unreachable::Connect | Unreachable::Tls | Unreachable::Forbidden => false,
    };
    ExchangeFailure::Transient { cause: Cause::Unreachable(failure), retry_after: None, ambiguous }
}

/// Judges an answer that holds no tokens. `body` is its JSON, where it is JSON.
pub(crate) fn refusal(provider: &Provider, reply: &Reply, body: Option<&Value>) -> ExchangeFailure {
    let weather = |cause, ambiguous| ExchangeFailure::Transient { cause, retry_after: reply.retry_after, ambiguous };
    // Servers that are overloaded, or stand in for others, say nothing about the grant.
    if reply.redirect || matches!(reply.status, 408 | 425 | 429) || reply.status >= 500 {
        // A gateway that gave up says nothing of what the server behind it did; one that names a time knows.
        let ambiguous = matches!(reply.status, 500 | 502 | 504) && reply.retry_after.is_none();
        return weather(Cause::Http(reply.status), ambiguous);
    }
    let code = body.and_then(error_code);
    let listed = |list: &[String], code: &str| list.iter().any(|known| known == code);
    match code {
        Some(code) if DEAD.contains(&code.as_str()) || listed(&provider.dead_codes, &code) => {
            ExchangeFailure::Dead { code }
        }
        Some(code) if CONFIG.contains(&code.as_str()) || listed(&provider.config_codes, &code) => {
            ExchangeFailure::Misconfigured { code }
        }
        Some(code) if matches!(code.as_str(), "temporarily_unavailable" | "server_error") => {
            weather(Cause::Http(reply.status), false)
        }
        Some(code) if code == "slow_down" => weather(Cause::SlowDown, false),
        Some(code) => ExchangeFailure::Refused { code },
        // A success without tokens may have rotated the token all the same.
        None if reply.status < 300 => weather(Cause::NotOauth, true),
        None => weather(Cause::Http(reply.status), false),
    }
}

/// Finds the error code in the forms providers use: `{"error": "…"}`, `{"error": {"code": "…"}}`, `{"errorCode": "…"}`.
fn error_code(body: &Value) -> Option<String> {
    let named = match body.get("error") {
        Some(Value::String(code)) => Some(code),
        Some(Value::Object(inner)) => ["code", "type", "error"].iter().find_map(|key| match inner.get(*key) {
            Some(Value::String(code)) => Some(code),
            _ => None,
        }),
        _ => ["errorCode", "error_code", "code"].iter().find_map(|key| match body.get(*key) {
            Some(Value::String(code)) => Some(code),
            _ => None,
        }),
    };
    // What a server sends ends up in logs and on screens: letters, digits and a few signs, nothing else.
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    named.map(|code| code.chars().filter(|c| sound(*c)).take(60).collect::<String>()).filter(|code| !code.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::tests::provider;
    use serde_json::json;

    fn judge(status: u16, body: Option<Value>) -> ExchangeFailure {
        let mut provider = provider("http://127.0.0.1:1");
        provider.dead_codes = vec!["token_revoked".into()];
        provider.config_codes = vec!["app_disabled".into()];
        let reply = Reply {
            status,
            content_type: None,
            retry_after: Some(Duration::from_secs(7)),
            date: None,
            challenge: None,
            location: None,
            dpop_nonce: None,
            body: Vec::new(),
            redirect: (300..400).contains(&status),
        };
        refusal(&provider, &reply, body.as_ref())
    }

    #[test]
    fn r32_only_the_grants_own_errors_are_permanent() {
        for code in ["invalid_grant", "consent_required", "interaction_required", "token_revoked"] {
            assert!(matches!(judge(400, Some(json!({"error": code}))), ExchangeFailure::Dead { .. }), "{code}");
        }
        for code in ["invalid_client", "unauthorized_client", "invalid_scope", "app_disabled"] {
            let found = judge(401, Some(json!({"error": code})));
            assert!(matches!(found, ExchangeFailure::Misconfigured { .. }), "{code}");
        }
        for (status, body) in [
            (500, Some(json!({"error": "invalid_grant"}))),
            (503, None),
            (429, Some(json!({"error": "invalid_grant"}))),
            (408, None),
            (302, None),
            (200, None),
            (200, Some(json!({"hello": 1}))),
            (400, None),
            (403, None),
            (404, None),
            (400, Some(json!({"error": "temporarily_unavailable"}))),
        ] {
            let found = judge(status, body.clone());
            assert!(matches!(found, ExchangeFailure::Transient { .. }), "{status} {body:?}: {found:?}");
        }
    }

    #[test]
    fn r32_errors_in_other_shapes_are_found() {
        for body in [json!({"error": {"code": "token_revoked"}}), json!({"errorCode": "token_revoked"})] {
            assert_eq!(judge(400, Some(body)), ExchangeFailure::Dead { code: "token_revoked".into() });
        }
    }

    #[test]
    fn r43_a_lost_answer_is_ambiguous_and_an_unsent_request_is_not() {
        let ambiguous = |failure| match no_answer(failure) {
            ExchangeFailure::Transient { ambiguous, .. } => ambiguous,
            _ => panic!("bad weather became something else"),
        };
        assert!(ambiguous(Unreachable::Reset { sent: true }));
        assert!(ambiguous(Unreachable::Timeout { sent: true }));
        assert!(!ambiguous(Unreachable::Dns));
        assert!(!ambiguous(Unreachable::Connect));
    }
}
