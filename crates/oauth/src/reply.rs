//! Token responses, read leniently: providers differ in types, shapes and encodings, and leave things out (R-23, R-45).

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::{Provider, Reply};

/// Lifetimes above this are no lengths of time: what providers mean by "for ever", or points in time, whatever their name
/// says.
const LONGEST: u64 = 10 * 366 * 86_400;
/// Numbers above this are points in time in milliseconds.
const EPOCH_MILLISECONDS: f64 = 1.0e12;
/// Members that are secrets and so never among the extras, however deep they are.
const SECRET: [&str; 8] = [
    "access_token",
    "refresh_token",
    "id_token",
    "accessToken",
    "refreshToken",
    "idToken",
    "app_access_token",
    "client_secret",
];
/// Where providers put tokens that are not at the top: Slack's user token, and wrappers of several others.
const NESTS: [&str; 6] = ["authed_user", "data", "result", "response", "token", "credentials"];

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
    /// Reads a reply's members; `None` when no access token is in them.
    pub(crate) fn read(provider: &Provider, reply: &Reply, body: &Value) -> Option<Self> {
        let top = body.as_object()?;
        let nested = NESTS.iter().filter_map(|name| top.get(*name).and_then(Value::as_object));
        // The member is looked for where the access token is, and at the top when it isn't there.
        let home = std::iter::once(top).chain(nested).find(|members| text(members, ACCESS).is_some())?;
        let secret = |names: &[&str]| text(home, names).map(SecretString::from);
        let find = |names: &[&str]| names.iter().find_map(|name| home.get(*name).or_else(|| top.get(*name)));
        let now = reply.date.unwrap_or_else(Timestamp::now);
        let length = |relative: &[&str], absolute: &[&str], usual| {
            let said = find(relative).and_then(|value| lifetime(value, now, usual));
            said.or_else(|| find(absolute).and_then(|value| until(value, now)))
        };
        Some(Self {
            access_token: secret(ACCESS)?,
            refresh_token: secret(&["refresh_token", "refreshToken"]),
            token_type: find(&["token_type", "tokenType"]).and_then(Value::as_str).unwrap_or("bearer").to_lowercase(),
            expires_in: length(
                &["expires_in", "expiresIn", "expireIn", "expires"],
                &["expires_at", "expires_on", "expiresAt", "expiry"],
                provider.lifetime,
            ),
            refresh_expires_in: length(
                &[
                    "refresh_token_expires_in",
                    "refresh_expires_in",
                    "refreshTokenExpiresIn",
                    "x_refresh_token_expires_in",
                ],
                &["refresh_token_expires_at"],
                None,
            ),
            scope: find(&["scope", "scopes"]).and_then(scopes),
            id_token: secret(&["id_token", "idToken"]),
            extra: without_secrets(top),
            date: reply.date,
        })
    }
}

const ACCESS: &[&str] = &["access_token", "accessToken"];

/// Reads the members of an answer: JSON, or a form as GitHub and others send it unasked.
pub(crate) fn members(body: &[u8]) -> Option<Value> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if let Ok(value) = serde_json::from_slice(body) {
        return Some(value);
    }
    let text = std::str::from_utf8(body).ok()?.trim();
    let is_form = text.split('&').all(|pair| {
        pair.split_once('=')
            .is_some_and(|(name, _)| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
    });
    if !is_form {
        return None;
    }
    let pairs = url::form_urlencoded::parse(text.as_bytes());
    Some(Value::Object(pairs.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned()))).collect()))
}

fn text(members: &Map<String, Value>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| match members.get(*name) {
        Some(Value::String(text)) if !text.trim().is_empty() => Some(text.clone()),
        _ => None,
    })
}

fn without_secrets(members: &Map<String, Value>) -> Map<String, Value> {
    let kept = members.iter().filter(|(name, _)| !SECRET.contains(&name.as_str()));
    kept.map(|(name, value)| {
        let value = match value {
            Value::Object(inner) => Value::Object(without_secrets(inner)),
            other => other.clone(),
        };
        (name.clone(), value)
    })
    .collect()
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse::<f64>().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Reads a length of time: seconds as a number or as text, text like `3600s` or `PT1H`, milliseconds where the usual
/// lifetime shows that it can be nothing else, or a point in time. Zero, negative and endless ones count as not said.
fn lifetime(value: &Value, now: Timestamp, usual: Option<Duration>) -> Option<Duration> {
    let seconds = match number(value) {
        Some(number) if number > Duration::from_secs(LONGEST).as_secs_f64() => return until(value, now),
        Some(number) => number,
        None => value.as_str()?.trim().parse::<SignedDuration>().ok()?.as_secs_f64(),
    };
    let seconds = match usual {
        Some(usual) if is_milliseconds(seconds, usual.as_secs_f64()) => seconds / 1000.0,
        _ => seconds,
    };
    sound(seconds)
}

/// Tells whether a number can only be the usual lifetime in milliseconds: half of it to double.
fn is_milliseconds(number: f64, usual: f64) -> bool {
    (usual / 2.0..=usual * 2.0).contains(&(number / 1000.0))
}

/// Reads the time left until a point in time: seconds or milliseconds since 1970, or a date.
fn until(value: &Value, now: Timestamp) -> Option<Duration> {
    let end = match number(value) {
        Some(number) if number >= EPOCH_MILLISECONDS => number / 1000.0,
        Some(number) => number,
        None => value.as_str()?.trim().parse::<Timestamp>().ok()?.as_duration().as_secs_f64(),
    };
    sound(end - now.as_duration().as_secs_f64())
}

fn sound(seconds: f64) -> Option<Duration> {
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
    use crate::exchange::tests::provider;
    use proptest::prelude::*;
    use secrecy::ExposeSecret;
    use serde_json::json;

    fn now() -> Timestamp {
        "2026-03-04T10:00:00Z".parse().unwrap()
    }

    fn read_with(usual: Option<u64>, body: &Value) -> Option<TokenReply> {
        let reply = Reply { date: Some(now()), ..Reply::of(200) };
        let mut provider = provider("http://127.0.0.1:1");
        provider.lifetime = usual.map(Duration::from_secs);
        TokenReply::read(&provider, &reply, body)
    }

    fn read(body: Value) -> Option<TokenReply> {
        read_with(None, &body)
    }

    #[test]
    fn r23_odd_lifetimes_are_read_or_not_believed() {
        for (given, expected) in [
            (json!(3600), Some(3600)),
            (json!("3600"), Some(3600)),
            (json!(" 3600 "), Some(3600)),
            (json!(3599.9), Some(3599)),
            (json!("3600s"), Some(3600)),
            (json!("PT1H"), Some(3600)),
            (json!(1), Some(1)),
            (json!(0.9), None),
            (json!(0), None),
            (json!(-1), None),
            (json!("-3600"), None),
            (json!(null), None),
            (json!(true), None),
            (json!([]), None),
            (json!("never"), None),
            (json!(316_224_000), Some(316_224_000)),
            (json!(316_224_001), None),
            // A point in time where a length belongs.
            (json!(now().as_second() + 3600), Some(3600)),
            (json!(now().as_millisecond() + 3_600_000), Some(3600)),
            (json!(now().as_second() - 3600), None),
            (json!(1_000_000_000_u64), None),
            (json!(99_999_999_999_u64), None),
        ] {
            let reply = read(json!({"access_token": "a", "expires_in": given})).unwrap();
            assert_eq!(reply.expires_in.map(|d| d.as_secs()), expected, "{given}");
        }
        assert_eq!(read(json!({"access_token": "a"})).unwrap().expires_in, None);
    }

    #[test]
    fn r23_ends_under_other_names_are_read() {
        for (member, value) in [
            ("expires", json!(3600)),
            ("expiresIn", json!(3600)),
            ("expires_at", json!(now().as_second() + 3600)),
            ("expires_at", json!("2026-03-04T11:00:00Z")),
            ("expires_on", json!((now().as_second() + 3600).to_string())),
            ("expiry", json!("2026-03-04T12:00:00+01:00")),
        ] {
            let reply = read(json!({"access_token": "a", member: value})).unwrap();
            assert_eq!(reply.expires_in.map(|d| d.as_secs()), Some(3600), "{member} {value}");
        }
        // The very first point in time that is in milliseconds, told by a server whose clock is of that day.
        let reply = Reply { date: Some("2001-09-09T00:46:40Z".parse().unwrap()), ..Reply::of(200) };
        let body = json!({"access_token": "a", "expires_at": 1_000_000_000_000_u64});
        let old = TokenReply::read(&provider("http://127.0.0.1:1"), &reply, &body).unwrap();
        assert_eq!(old.expires_in, Some(Duration::from_secs(3600)));
        let reply = read(json!({"access_token": "a", "expires_in": 60, "expires_at": "2026-03-04T11:00:00Z"})).unwrap();
        assert_eq!(reply.expires_in, Some(Duration::from_secs(60)));
        let refresh = read(json!({"access_token": "a", "x_refresh_token_expires_in": 8_726_400})).unwrap();
        assert_eq!(refresh.refresh_expires_in, Some(Duration::from_secs(8_726_400)));
    }

    #[test]
    fn r23_milliseconds_are_seen_where_the_usual_lifetime_is_known() {
        for (usual, given, expected) in [
            (Some(3600), 3_600_000, 3600),
            (Some(3600), 1_800_000, 1800),
            (Some(3600), 7_200_000, 7200),
            (Some(3600), 1_799_000, 1_799_000),
            (Some(3600), 7_201_000, 7_201_000),
            (Some(3600), 3600, 3600),
            (None, 3_600_000, 3_600_000),
        ] {
            let reply = read_with(usual, &json!({"access_token": "a", "expires_in": given})).unwrap();
            assert_eq!(reply.expires_in.map(|d| d.as_secs()), Some(expected), "{usual:?} {given}");
        }
    }

    #[test]
    fn r45_an_empty_refresh_token_is_none() {
        for refresh in [json!(""), json!(" "), json!(null), json!(7)] {
            assert!(read(json!({"access_token": "a", "refresh_token": refresh})).unwrap().refresh_token.is_none());
        }
        for body in [json!({"access_token": ""}), json!({"refresh_token": "r"}), json!([]), json!("text"), json!(null)]
        {
            assert!(read(body.clone()).is_none(), "{body}");
        }
    }

    #[test]
    fn r32_nested_tokens_are_found_with_what_belongs_to_them() {
        let slack = json!({
            "ok": true, "app_id": "A1", "team": {"id": "T1"},
            "authed_user": {"id": "U1", "scope": "chat:write", "access_token": "user", "refresh_token": "turn",
                "token_type": "user", "expires_in": 43200}
        });
        let reply = read(slack).unwrap();
        assert_eq!(reply.access_token.expose_secret(), "user");
        assert_eq!(reply.refresh_token.unwrap().expose_secret(), "turn");
        assert_eq!((reply.expires_in.unwrap().as_secs(), reply.token_type.as_str()), (43200, "user"));
        assert_eq!(reply.scope.unwrap(), ["chat:write"]);
        assert_eq!(reply.extra["team"]["id"], "T1");
        // A bot's token at the top goes before the user's.
        let both = json!({"access_token": "bot", "authed_user": {"access_token": "user"}});
        assert_eq!(read(both).unwrap().access_token.expose_secret(), "bot");
        let wrapped = json!({"code": 0, "data": {"access_token": "in", "expires_in": 60}});
        assert_eq!(read(wrapped).unwrap().expires_in, Some(Duration::from_secs(60)));
        let camel = json!({"accessToken": "a", "refreshToken": "r", "expireIn": 7200});
        let reply = read(camel).unwrap();
        assert_eq!((reply.refresh_token.is_some(), reply.expires_in.unwrap().as_secs()), (true, 7200));
    }

    #[test]
    fn extras_hold_no_secret_however_deep() {
        let reply = read(json!({
            "access_token": "canary", "id_token": "canary", "refresh_token": "canary", "team": {"id": 1},
            "authed_user": {"id": 2, "access_token": "canary", "more": {"refreshToken": "canary"}}
        }))
        .unwrap();
        assert_eq!(reply.access_token.expose_secret(), "canary");
        assert_eq!(reply.id_token.as_ref().unwrap().expose_secret(), "canary");
        let shown = format!("{reply:?}{:?}", reply.extra);
        assert!(!shown.contains("canary") && shown.contains("has_refresh_token: true"), "{shown}");
        assert_eq!((&reply.extra["team"]["id"], &reply.extra["authed_user"]["id"]), (&json!(1), &json!(2)));
    }

    #[test]
    fn scopes_come_as_text_or_list() {
        for scope in [json!("a b"), json!("a,b"), json!(["a", "b"])] {
            assert_eq!(read(json!({"access_token": "x", "scope": scope})).unwrap().scope.unwrap(), ["a", "b"]);
        }
        for scope in [json!(""), json!([]), json!(5)] {
            assert!(read(json!({"access_token": "x", "scope": scope})).unwrap().scope.is_none());
        }
    }

    #[test]
    fn r32_bodies_are_json_or_a_form_and_nothing_else() {
        let form = members(b"access_token=gho_1&scope=repo%2Cuser&token_type=bearer&expires_in=28800").unwrap();
        assert_eq!(
            form,
            json!({"access_token": "gho_1", "scope": "repo,user", "token_type": "bearer", "expires_in": "28800"})
        );
        assert_eq!(members(b"error=bad_refresh_token\n").unwrap(), json!({"error": "bad_refresh_token"}));
        assert_eq!(members(b"\xef\xbb\xbf{\"a\":1}").unwrap(), json!({"a": 1}));
        for neither in
            [&b""[..], b"<html><a href=\"?a=b\">", b"{\"access_token\": \"cut", b"plain text", b"=x", b"\xff=1"]
        {
            assert_eq!(members(neither), None, "{}", String::from_utf8_lossy(neither));
        }
    }

    proptest! {
        #[test]
        fn r23_any_number_is_survived(seconds in proptest::num::f64::ANY) {
            let lifetime = read(json!({"access_token": "a", "expires_in": seconds})).unwrap().expires_in;
            prop_assert!(lifetime.is_none_or(|d| (1..=LONGEST).contains(&d.as_secs())));
        }

        #[test]
        fn no_body_makes_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _read = members(&body);
        }
    }
}
