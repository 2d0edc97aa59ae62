//! The device authorization grant (RFC 8628): a code to type, and a poll at the provider's pace.

use std::fmt;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::classify::{no_answer, refusal};
use crate::exchange::{post_form, tokens};
use crate::{Client, ExchangeFailure, Http, Provider, TokenReply};

/// The pace where the provider names none (RFC 8628 section 3.2).
const INTERVAL: Duration = Duration::from_secs(5);
/// What `slow_down` adds (RFC 8628 section 3.5).
const SLOWER: Duration = Duration::from_secs(5);
/// The slowest pace that timeouts lead to.
const SLOWEST: Duration = Duration::from_secs(60);
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// What the person types and where.
pub struct DeviceAuthorization {
    /// What is polled with; a secret.
    pub device_code: SecretString,
    /// What the person types.
    pub user_code: String,
    /// Where they type it.
    pub verification_uri: String,
    /// The same with the code filled in.
    pub verification_uri_complete: Option<String>,
    /// How long the code is good for.
    pub expires_in: Duration,
    /// How long to wait between polls.
    pub interval: Duration,
}

impl fmt::Debug for DeviceAuthorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceAuthorization").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

/// What one poll came to.
#[derive(Debug)]
pub enum DevicePoll {
    /// The person hasn't typed the code yet.
    Pending,
    /// The same, and polls come too fast.
    SlowDown,
    /// They agreed.
    Granted(Box<TokenReply>),
    /// They didn't.
    Denied,
    /// The code is too old.
    Expired,
}

/// Asks for a code to type (RFC 8628 section 3.1).
///
/// # Errors
/// [`ExchangeFailure`]; `Malformed` where the provider has no device endpoint or leaves out what can't be.
pub async fn device_start(
    http: &Http,
    provider: &Provider,
    client: &Client,
    scopes: &[String],
) -> Result<DeviceAuthorization, ExchangeFailure> {
    let url = provider.device.as_ref().ok_or(ExchangeFailure::Malformed)?;
    let scope = scopes.join(&provider.scope_separator);
    let mut form = vec![];
    if !scope.is_empty() {
        form.push(("scope", scope.as_str()));
    }
    let own = [("client_id", client.id.as_str())];
    if provider.client_auth == crate::ClientAuth::Basic && client.secret.is_some() {
        form.extend(own);
    }
    let reply = post_form(http, provider, client, url, &form).await.map_err(no_answer)?;
    let body = crate::reply::members(&reply.body);
    let given = body.as_ref().filter(|_| (200..300).contains(&reply.status));
    given.and_then(read_device).ok_or_else(|| refusal(provider, &reply, body.as_ref()))
}

fn read_device(body: &Value) -> Option<DeviceAuthorization> {
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let seconds = |name: &str| match body.get(name) {
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    Some(DeviceAuthorization {
        device_code: text("device_code")?.into(),
        user_code: text("user_code").filter(|code| code.len() <= 64 && !code.chars().any(char::is_control))?,
        // Google says verification_url, as an early draft did.
        verification_uri: text("verification_uri").or_else(|| text("verification_url")).filter(|link| is_page(link))?,
        verification_uri_complete: text("verification_uri_complete").filter(|link| is_page(link)),
        expires_in: Duration::from_secs(seconds("expires_in").unwrap_or(600).clamp(1, 3600)),
        interval: seconds("interval").map_or(INTERVAL, |s| Duration::from_secs(s.clamp(1, 300))),
    })
}

fn is_page(link: &str) -> bool {
    url::Url::parse(link).is_ok_and(|url| crate::Reach::HttpsOrLoopback.allows(&url))
}

/// Asks once whether the person has typed the code (RFC 8628 section 3.4).
///
/// # Errors
/// [`ExchangeFailure`] for everything that isn't one of the answers of RFC 8628 section 3.5.
pub async fn device_poll_once(
    http: &Http,
    provider: &Provider,
    client: &Client,
    device_code: &SecretString,
) -> Result<DevicePoll, ExchangeFailure> {
    let mut form = vec![("grant_type", GRANT_TYPE), ("device_code", device_code.expose_secret())];
    form.extend(provider.token_params.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let reply = post_form(http, provider, client, &provider.token, &form).await.map_err(Some);
    match tokens(provider, reply) {
        Ok(tokens) => Ok(DevicePoll::Granted(Box::new(tokens))),
        Err(ExchangeFailure::Refused { code } | ExchangeFailure::Dead { code }) => match code.as_str() {
            "authorization_pending" => Ok(DevicePoll::Pending),
            "access_denied" => Ok(DevicePoll::Denied),
            "expired_token" | "invalid_grant" => Ok(DevicePoll::Expired),
            _ => Err(ExchangeFailure::Refused { code }),
        },
        Err(ExchangeFailure::Transient { cause: crate::Cause::SlowDown, .. }) => Ok(DevicePoll::SlowDown),
        Err(other) => Err(other),
    }
}

/// The pace of polling.
#[derive(Debug, Clone)]
pub struct DevicePolling {
    interval: Duration,
    left: Duration,
}

impl DevicePolling {
    /// Starts at the provider's interval, with the time that the code is good for.
    #[must_use]
    pub fn new(interval: Duration, left: Duration) -> Self {
        Self { interval: interval.max(Duration::from_secs(1)), left }
    }

    /// How long to wait before the next poll; never past the code's end.
    #[must_use]
    pub fn wait(&self) -> Duration {
        self.interval.min(self.left)
    }

    /// The provider said `slow_down`.
    pub fn slow_down(&mut self) {
        self.interval += SLOWER;
    }

    /// A poll got no answer: waits longer (RFC 8628 section 3.5).
    pub fn timed_out(&mut self) {
        self.interval = (self.interval * 2).min(SLOWEST.max(self.interval));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r13_the_pace_follows_the_provider() {
        let mut pace = DevicePolling::new(Duration::from_secs(5), Duration::from_secs(600));
        assert_eq!(pace.wait().as_secs(), 5);
        pace.slow_down();
        pace.slow_down();
        assert_eq!(pace.wait().as_secs(), 15);
        pace.timed_out();
        assert_eq!(pace.wait().as_secs(), 30);
        for _ in 0..9 {
            pace.timed_out();
        }
        assert_eq!(pace.wait().as_secs(), 60);
        assert_eq!(DevicePolling::new(Duration::ZERO, Duration::from_millis(500)).wait(), Duration::from_millis(500));
    }

    #[test]
    fn a_page_to_type_the_code_at_is_a_web_page() {
        let body = |uri: &str| serde_json::json!({"device_code": "d", "user_code": "U", "verification_uri": uri});
        assert!(read_device(&body("https://example.com/device")).is_some());
        assert!(read_device(&body("javascript:alert(1)")).is_none());
    }
}
