//! `membrane token`: signs a token for a tenant of a workspace, without the engine.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use membrane_model::{Fault, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sha2::Sha256;

use crate::args::Token;
use crate::failure::{internal, wrong_use};
use crate::input;
use crate::out::Out;

pub(super) fn run(options: Token, out: &Out) -> Result<(), Fault> {
    let life = seconds(&options.expires_in)?;
    let expires = Timestamp::now().as_second().saturating_add(life);
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    let claims = json!({ "iss": options.workspace_key, "id": options.tenant_key, "exp": expires });
    let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(&claims));
    let secret = secret()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).map_err(|e| internal(&e))?;
    mac.update(signed.as_bytes());
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
    let expires_at = Timestamp::from_second(expires).map_err(|e| internal(&e))?;
    out.answer(&json!({ "token": token, "expiresAt": expires_at }), || token.clone());
    Ok(())
}

/// Reads the workspace's secret from the environment, the terminal or standard input; never from the command line.
fn secret() -> Result<SecretString, Fault> {
    let secret = match std::env::var("MEMBRANE_WORKSPACE_SECRET") {
        Ok(secret) => SecretString::from(secret),
        Err(_) if input::somebody_there() => input::ask_secret("The workspace's secret: ")?,
        Err(_) => input::secret_line()?,
    };
    if secret.expose_secret().is_empty() {
        return Err(wrong_use(
            "there is no workspace secret",
            "Set MEMBRANE_WORKSPACE_SECRET, or give it on standard input. `membrane client create NAME --workspace` makes one.",
        ));
    }
    Ok(secret)
}

/// Reads a time like 30s, 5m, 2h, 1d.
fn seconds(text: &str) -> Result<i64, Fault> {
    let wrong = || wrong_use(format!("{text:?} is no time"), "Write it like 30s, 5m or 2h, at most 30d.");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err(wrong()),
    };
    let count: i64 = digits.parse().map_err(|_| wrong())?;
    let seconds = count.checked_mul(unit).ok_or_else(wrong)?;
    if (1..=30 * 24 * 60 * 60).contains(&seconds) { Ok(seconds) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_unit_and_nothing_else_is() {
        assert_eq!(
            ["30s", "5m", "2h", "1d", "45"].map(|text| seconds(text).ok()),
            [30, 300, 7200, 86400, 45].map(Some)
        );
        for wrong in ["", "m", "0s", "-5m", "5w", "31d", "9999999999999999999d", "5 m"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
