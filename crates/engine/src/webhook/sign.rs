//! Signatures as Standard Webhooks has them (R-80), and a plain one over the body beside them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use membrane_model::{ErrorCode, EventId, Fault, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// What secrets start with.
const PREFIX: &str = "whsec_";
const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
const BODY_SIGNATURE: HeaderName = HeaderName::from_static("x-signature");

/// Makes a secret: 32 random bytes.
pub(crate) fn new_secret() -> Result<SecretString, Fault> {
    let mut bytes = zeroize::Zeroizing::new([0_u8; 32]);
    crate::session::random(bytes.as_mut())?;
    Ok(SecretString::from(format!("{PREFIX}{}", STANDARD.encode(bytes.as_ref()))))
}

/// Returns the headers of a delivery. The first secret is the newest; the others sign for receivers that don't know it yet.
pub(crate) fn headers(id: &EventId, now: Timestamp, body: &[u8], secrets: &[SecretString]) -> Result<HeaderMap, Fault> {
    let unusable = || Fault::new(ErrorCode::Internal, "a webhook's secret is not one");
    let seconds = now.as_second().to_string();
    let mut signatures = Vec::new();
    for secret in secrets {
        let key = secret.expose_secret().strip_prefix(PREFIX).ok_or_else(unusable)?;
        let key = zeroize::Zeroizing::new(STANDARD.decode(key).map_err(|_| unusable())?);
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| unusable())?;
        for part in [id.as_str().as_bytes(), b".", seconds.as_bytes(), b".", body] {
            mac.update(part);
        }
        signatures.push(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())));
    }
    let newest = secrets.first().ok_or_else(unusable)?;
    let mut plain = Hmac::<Sha256>::new_from_slice(newest.expose_secret().as_bytes()).map_err(|_| unusable())?;
    plain.update(body);
    let pairs = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (ID, id.to_string()),
        (TIMESTAMP, seconds),
        (SIGNATURE, signatures.join(" ")),
        (BODY_SIGNATURE, hex::encode(plain.finalize().into_bytes())),
    ];
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.insert(name, HeaderValue::try_from(value).map_err(|_| unusable())?);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r80_a_known_signature_comes_out() {
        // The example that the implementations of Standard Webhooks share.
        let secret = SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek".parse().unwrap();
        let now = Timestamp::from_second(1_614_265_330).unwrap();
        let headers = headers(&id, now, br#"{"test": 2432232314}"#, &[secret]).unwrap();
        assert_eq!(headers["webhook-signature"], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(
            (&headers["webhook-id"], &headers["webhook-timestamp"]),
            (&HeaderValue::from_static("msg_p5jXN8AQM9LWM0D4loKWxJek"), &HeaderValue::from_static("1614265330"))
        );
    }

    #[test]
    fn r80_two_secrets_sign_twice_and_secrets_are_long_enough() {
        let secrets = [new_secret().unwrap(), new_secret().unwrap()];
        for secret in &secrets {
            let bytes = STANDARD.decode(secret.expose_secret().strip_prefix("whsec_").unwrap()).unwrap();
            assert!((24..=64).contains(&bytes.len()));
        }
        let headers = headers(&EventId::generate(), Timestamp::now(), b"{}", &secrets).unwrap();
        let all = headers["webhook-signature"].to_str().unwrap().to_owned();
        let parts: Vec<_> = all.split(' ').collect();
        assert!(parts.len() == 2 && parts[0] != parts[1] && parts.iter().all(|part| part.starts_with("v1,")));
        assert_eq!(headers["x-signature"].len(), 64);
    }
}
