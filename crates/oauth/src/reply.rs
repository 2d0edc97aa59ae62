//! Token responses, read leniently: providers differ in types and leave things out (R-23, R-45).

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::Reply;

/// Lifetimes above this are taken for what providers mean by "for ever".
const LONGEST: u64 = 10 * 366 * 86_400;
/// Members that are secrets and so never among the extras.
const SECRET: [&str; 3] = ["access_token", "refresh_token", "id_token"];

/// Tokens that a provider gave (RFC 6749 section 5.1).
#[derive(Clone)]
pub struct TokenReply {
    /// The access token.
    pub access_token: SecretString,
    /// A new refresh token; `None` = the one there is stays good (RFC 6749 section 6).
    pub refresh_token: Option<SecretString>,
    /// `bearer`, mostly.
    pub token_type: String,
    /// How long the access token is good for; `None` = not said, or for ever.
    pub expires_in: Option<Duration>,
    /// How long the refresh token is good for, where the provider says.
    pub refresh_expires_in: Option<Duration>,
    /// The scopes granted; `None` = those that were asked for.
    pub scope: Option<Vec<String>>,
    /// The ID token of OpenID Connect.
    pub id_token: Option<SecretString>,
    /// Everything else that came with it, no secrets among it.
    pub extra: Map<String, Value>,
    /// The provider's clock.
    pub date: Option<Timestamp>,
}

impl fmt::Debug for TokenReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenReply")
            .field("has_refresh_token", &self.refresh_token.is_some())
            .field("expires_in", &self.expires_in)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

impl TokenReply {
    /// Reads a reply's JSON; `None` when no access token is in it.
    pub(crate) fn read(reply: &Reply, body: &Value) -> Option<Self> {
        let members = body.as_object()?;
        let secret = |name: &str| match members.get(name) {
            Some(Value::String(text)) if !text.trim().is_empty() => Some(SecretString::from(text.clone())),
            _ => None,
        };
        Some(Self {
            access_token: secret("access_token")?,
            refresh_token: secret("refresh_token"),
            token_type: members.get("token_type").and_then(Value::as_str).unwrap_or("bearer").to_ascii_lowercase(),
            expires_in: members.get("expires_in").and_then(lifetime),
            refresh_expires_in: ["refresh_token_expires_in", "refresh_expires_in"]
                .iter()
                .find_map(|name| members.get(*name).and_then(lifetime)),
            scope: members.get("scope").and_then(scopes),
            id_token: secret("id_token"),
            extra: members.iter().filter(|(name, _)| !SECRET.contains(&name.as_str())).map(clone_pair).collect(),
            date: reply.date,
        })
    }
}

fn clone_pair((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

/// Reads a number of seconds, as a number or as text. Zero, negative and endless ones count as not said.
fn lifetime(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse::<f64>().ok()?,
        _ => return None,
    };
    let range = 1.0..=Duration::from_secs(LONGEST).as_secs_f64();
    range.contains(&seconds).then(|| Duration::from_secs_f64(seconds.floor()))
}

/// Reads scopes: text with spaces or commas between, or a list.
fn scopes(value: &Value) -> Option<Vec<String>> {
    let found: Vec<String> = match value {
        Value::String(text) => text.split([' ', ',']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect(),
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => return None,
    };
    (!found.is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use secrecy::ExposeSecret;
    use serde_json::json;

    fn read(body: Value) -> Option<TokenReply> {
        let reply = Reply {
            status: 200,
            content_type: None,
            retry_after: None,
            date: None,
            challenge: None,
            location: None,
            dpop_nonce: None,
            body: Vec::new(),
            redirect: false,
        };
        TokenReply::read(&reply, &body)
    }

    #[test]
    fn r23_odd_lifetimes_are_not_believed() {
        for (given, expected) in [
            (json!(3600), Some(3600)),
            (json!("3600"), Some(3600)),
            (json!(3599.9), Some(3599)),
            (json!(0), None),
            (json!(-1), None),
            (json!(null), None),
            (json!(true), None),
            (json!("never"), None),
            (json!(99_999_999_999_u64), None),
        ] {
            let reply = read(json!({"access_token": "a", "expires_in": given})).unwrap();
            assert_eq!(reply.expires_in.map(|d| d.as_secs()), expected, "{given}");
        }
    }

    #[test]
    fn r45_an_empty_refresh_token_is_none() {
        for body in
            [json!({"access_token": "a", "refresh_token": ""}), json!({"access_token": "a", "refresh_token": null})]
        {
            assert!(read(body).unwrap().refresh_token.is_none());
        }
        assert!(read(json!({"access_token": ""})).is_none());
        assert!(read(json!({"refresh_token": "r"})).is_none());
    }

    #[test]
    fn extras_hold_no_secret() {
        let reply =
            read(json!({"access_token": "canary", "id_token": "canary", "refresh_token": "canary", "team": {"id": 1}}))
                .unwrap();
        assert_eq!(reply.access_token.expose_secret(), "canary");
        assert!(!format!("{reply:?}{:?}", reply.extra).contains("canary"));
        assert_eq!(reply.extra["team"]["id"], 1);
    }

    #[test]
    fn scopes_come_as_text_or_list() {
        for scope in [json!("a b"), json!("a,b"), json!(["a", "b"])] {
            assert_eq!(read(json!({"access_token": "x", "scope": scope})).unwrap().scope.unwrap(), ["a", "b"]);
        }
    }

    proptest! {
        #[test]
        fn r23_any_number_is_survived(seconds in proptest::num::f64::ANY) {
            let _reply = read(json!({"access_token": "a", "expires_in": seconds}));
        }
    }
}
