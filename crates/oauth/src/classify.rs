//! What a failed exchange means: bad weather, a dead grant, or a client that is set up wrongly.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::{Provider, Reply, Unreachable};

/// Codes of RFC 6749 section 5.2 and OpenID Connect Core section 3.1.2.6 that end a grant.
const DEAD: [&str; 3] = ["invalid_grant", "consent_required", "interaction_required"];
/// Codes of RFC 6749 section 5.2 that end nothing but need the client's set-up changed.
const CONFIG: [&str; 4] = ["invalid_client", "unauthorized_client", "invalid_scope", "unsupported_grant_type"];

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
    /// A web page where no OAuth server would send one: a captive portal, a proxy's block page.
    WebPage,
    /// Another answer that no OAuth server gives: JSON without a token, half an answer.
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
            Self::WebPage => "web-page".to_owned(),
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
        // The network answered in the provider's place: nothing arrived there.
        None if reply.is_web_page() => weather(Cause::WebPage, false),
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
        judge_as(Reply { retry_after: Some(Duration::from_secs(7)), ..Reply::of(status) }, body)
    }

    fn judge_as(reply: Reply, body: Option<Value>) -> ExchangeFailure {
        let mut provider = provider("http://127.0.0.1:1");
        provider.dead_codes = vec!["token_revoked".into()];
        provider.config_codes = vec!["app_disabled".into()];
        refusal(&provider, &reply, body.as_ref())
    }

    #[test]
    fn r32_only_the_grants_own_errors_are_permanent() {
        for code in ["invalid_grant", "consent_required", "interaction_required", "token_revoked"] {
            for status in [200, 400, 401, 403] {
                let found = judge(status, Some(json!({"error": code})));
                assert_eq!(found, ExchangeFailure::Dead { code: code.into() }, "{status}");
            }
        }
        for code in ["invalid_client", "unauthorized_client", "invalid_scope", "unsupported_grant_type", "app_disabled"]
        {
            let found = judge(401, Some(json!({"error": code})));
            assert_eq!(found, ExchangeFailure::Misconfigured { code: code.into() });
        }
        for code in ["invalid_request", "access_denied", "something_else"] {
            let found = judge(400, Some(json!({"error": code})));
            assert_eq!(found, ExchangeFailure::Refused { code: code.into() });
        }
    }

    #[test]
    fn r32_everything_else_is_weather_and_says_whether_it_may_have_worked() {
        let after = Some(Duration::from_secs(7));
        for (status, body, cause, ambiguous) in [
            (500, Some(json!({"error": "invalid_grant"})), Cause::Http(500), false),
            (503, None, Cause::Http(503), false),
            (429, Some(json!({"error": "invalid_grant"})), Cause::Http(429), false),
            (408, None, Cause::Http(408), false),
            (425, None, Cause::Http(425), false),
            (302, None, Cause::Http(302), false),
            (200, None, Cause::NotOauth, true),
            (299, None, Cause::NotOauth, true),
            (200, Some(json!({"hello": 1})), Cause::NotOauth, true),
            (400, None, Cause::Http(400), false),
            (403, None, Cause::Http(403), false),
            (404, Some(json!({"message": "no"})), Cause::Http(404), false),
            (400, Some(json!({"error": "temporarily_unavailable"})), Cause::Http(400), false),
            (400, Some(json!({"error": "server_error"})), Cause::Http(400), false),
            (400, Some(json!({"error": "slow_down"})), Cause::SlowDown, false),
        ] {
            let found = judge(status, body.clone());
            assert_eq!(found, ExchangeFailure::Transient { cause, retry_after: after, ambiguous }, "{status} {body:?}");
        }
    }

    #[test]
    fn r43_a_gateway_that_gave_up_leaves_the_outcome_open() {
        for (status, expected) in [(500, true), (501, false), (502, true), (503, false), (504, true)] {
            let ExchangeFailure::Transient { ambiguous, .. } = judge_as(Reply::of(status), None) else {
                panic!("{status} became something else");
            };
            assert_eq!(ambiguous, expected, "{status}");
        }
        // A success is below 300; whatever else there is has another name.
        let odd = judge_as(Reply { redirect: false, ..Reply::of(300) }, None);
        assert!(matches!(odd, ExchangeFailure::Transient { cause: Cause::Http(300), ambiguous: false, .. }));
        let redirected = judge_as(Reply { redirect: true, ..Reply::of(400) }, Some(json!({"error": "invalid_grant"})));
        assert!(matches!(redirected, ExchangeFailure::Transient { cause: Cause::Http(400), ambiguous: false, .. }));
    }

    #[test]
    fn r32_a_web_page_is_the_networks_and_not_the_providers() {
        for (kind, body) in [
            (Some("text/html; charset=utf-8"), &b"Welcome to the hotel"[..]),
            (Some("Text/HTML"), b""),
            (None, b"  \n<!doctype html><h1>Blocked</h1>"),
            (Some("application/json"), b"<html>"),
        ] {
            for status in [200, 403, 404] {
                let reply = Reply { content_type: kind.map(str::to_owned), body: body.to_vec(), ..Reply::of(status) };
                let expected =
                    ExchangeFailure::Transient { cause: Cause::WebPage, retry_after: None, ambiguous: false };
                assert_eq!(judge_as(reply, None), expected, "{kind:?} {status}");
            }
        }
        let text = Reply { content_type: Some("text/plain".into()), body: b"busy".to_vec(), ..Reply::of(200) };
        assert!(matches!(judge_as(text, None), ExchangeFailure::Transient { cause: Cause::NotOauth, .. }));
        // A page that says so in OAuth's words is an OAuth server's all the same.
        let odd = Reply { content_type: Some("text/html".into()), ..Reply::of(400) };
        assert!(matches!(judge_as(odd, Some(json!({"error": "invalid_grant"}))), ExchangeFailure::Dead { .. }));
    }

    #[test]
    fn r32_errors_in_other_shapes_are_found() {
        for body in [
            json!({"error": {"code": "token_revoked"}}),
            json!({"error": {"type": "token_revoked", "message": "gone"}}),
            json!({"error": {"error": "token_revoked"}}),
            json!({"errorCode": "token_revoked"}),
            json!({"error_code": "token_revoked"}),
            json!({"code": "token_revoked"}),
            json!({"ok": false, "error": "token_revoked"}),
        ] {
            assert_eq!(judge(400, Some(body)), ExchangeFailure::Dead { code: "token_revoked".into() });
        }
        for body in [json!({"error": 5}), json!({"error": {}}), json!({"error": ""}), json!({"code": 7}), json!([1])] {
            assert!(matches!(judge(400, Some(body)), ExchangeFailure::Transient { cause: Cause::Http(400), .. }));
        }
    }

    #[test]
    fn r59_what_a_server_says_is_cut_down_to_a_code() {
        let long = format!("bad<script>\n{}", "x".repeat(100));
        let ExchangeFailure::Refused { code } = judge(400, Some(json!({"error": long}))) else { panic!("not refused") };
        assert_eq!(code, format!("badscript{}", "x".repeat(51)));
        let kept = ExchangeFailure::Refused { code: "a_b-c.D9".into() };
        assert_eq!(judge(400, Some(json!({"error": "a_b-c.D9"}))), kept);
        assert_eq!(kept.to_string(), "a_b-c.D9");
        assert_eq!(ExchangeFailure::Malformed.to_string(), "malformed");
    }

    #[test]
    fn every_cause_has_a_short_code() {
        use Unreachable as U;
        for (cause, code) in [
            (Cause::Unreachable(U::Dns), "dns"),
            (Cause::Unreachable(U::Connect), "connect"),
            (Cause::Unreachable(U::Tls), "tls"),
            (Cause::Unreachable(U::Timeout { sent: true }), "timeout"),
            (Cause::Unreachable(U::Reset { sent: true }), "reset"),
            (Cause::Unreachable(U::TooLarge), "too-large"),
            (Cause::Unreachable(U::Forbidden), "bad-url"),
            (Cause::Http(503), "http-503"),
            (Cause::SlowDown, "slow-down"),
            (Cause::WebPage, "web-page"),
            (Cause::NotOauth, "not-oauth"),
        ] {
            assert_eq!(cause.as_code(), code);
            let failure = ExchangeFailure::Transient { cause, retry_after: None, ambiguous: false };
            assert_eq!(failure.to_string(), code);
        }
        assert_eq!(Cause::from(&U::Dns), Cause::Unreachable(U::Dns));
    }

    #[test]
    fn r43_a_lost_answer_is_ambiguous_and_an_unsent_request_is_not() {
        let ambiguous = |failure| match no_answer(failure) {
            ExchangeFailure::Transient { ambiguous, .. } => ambiguous,
            _ => panic!("bad weather became something else"),
        };
        assert!(ambiguous(Unreachable::Reset { sent: true }));
        assert!(ambiguous(Unreachable::Timeout { sent: true }));
        assert!(ambiguous(Unreachable::TooLarge));
        assert!(!ambiguous(Unreachable::Reset { sent: false }));
        assert!(!ambiguous(Unreachable::Timeout { sent: false }));
        assert!(!ambiguous(Unreachable::Tls));
        assert!(!ambiguous(Unreachable::Forbidden));
        assert!(!ambiguous(Unreachable::Dns));
        assert!(!ambiguous(Unreachable::Connect));
    }
}
