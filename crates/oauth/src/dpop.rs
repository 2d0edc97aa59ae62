//! Proof of possession (RFC 9449): tokens that are of no use without a key that never leaves the vault.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use ::http::HeaderValue;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use crate::{Http, Reach, Reply, Unreachable};

/// An ES256 key that tokens are bound to, and the nonces that servers want in its proofs.
pub struct DpopKey {
    pair: EcdsaKeyPair,
    nonces: Mutex<HashMap<String, String>>,
}

impl fmt::Debug for DpopKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DpopKey")
    }
}

impl DpopKey {
    /// Makes a new key, in the form that is sealed; `None` = the system gives no randomness.
    #[must_use]
    pub fn generate() -> Option<SecretString> {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).ok()?;
        Some(SecretString::from(STANDARD.encode(document.as_ref())))
    }

    /// Reads a key that [`Self::generate`] made.
    #[must_use]
    pub fn read(sealed: &SecretString) -> Option<Self> {
        let bytes = zeroize(STANDARD.decode(sealed.expose_secret()).ok()?);
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &bytes, &SystemRandom::new()).ok()?;
        Some(Self { pair, nonces: Mutex::default() })
    }

    /// Makes the proof for one request (RFC 9449 section 4.2); `token` is what the request shows, once there is one.
    #[must_use]
    pub fn proof(&self, method: &str, url: &Url, token: Option<&SecretString>, now: Timestamp) -> Option<String> {
        let random = SystemRandom::new();
        let mut id = [0_u8; 16];
        random.fill(&mut id).ok()?;
        let head = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": self.public()? });
        let mut place = url.clone();
        place.set_query(None);
        place.set_fragment(None);
        let mut claims = json!({
            "jti": URL_SAFE_NO_PAD.encode(id),
            "htm": method,
            "htu": place.as_str(),
            "iat": now.as_second(),
        });
        if let Some(token) = token {
            claims["ath"] = json!(URL_SAFE_NO_PAD.encode(Sha256::digest(token.expose_secret().as_bytes())));
        }
        if let Some(nonce) = self.nonces.lock().unwrap_or_else(PoisonError::into_inner).get(&origin(url)) {
            claims["nonce"] = json!(nonce);
        }
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(&head), part(&claims));
        let signature = self.pair.sign(&random, text.as_bytes()).ok()?;
        Some(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref())))
    }

    /// Returns the public half as a JWK.
    fn public(&self) -> Option<Value> {
        // 0x04, then 32 bytes of each coordinate.
        let (x, y) = self.pair.public_key().as_ref().get(1..65)?.split_at(32);
        Some(json!({ "kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y) }))
    }

    /// Sends a request with a proof, and once more when the server wants a nonce in it (RFC 9449 section 8).
    ///
    /// # Errors
    /// As [`Http::send`].
    pub async fn send(
        &self,
        http: &Http,
        request: ::http::Request<Vec<u8>>,
        reach: Reach,
        token: Option<&SecretString>,
    ) -> Result<Reply, Unreachable> {
        let reply = self.send_once(http, request.clone(), reach, token).await?;
        if !self.learn(&request, &reply) || !wants_nonce(&reply) {
            return Ok(reply);
        }
        let reply = self.send_once(http, request.clone(), reach, token).await?;
        self.learn(&request, &reply);
        Ok(reply)
    }

    async fn send_once(
        &self,
        http: &Http,
        mut request: ::http::Request<Vec<u8>>,
        reach: Reach,
        token: Option<&SecretString>,
    ) -> Result<Reply, Unreachable> {
        let url = Url::parse(&request.uri().to_string()).map_err(|_| Unreachable::Forbidden)?;
        let proof = self.proof(request.method().as_str(), &url, token, Timestamp::now());
        let mut value =
            HeaderValue::try_from(proof.ok_or(Unreachable::Forbidden)?).map_err(|_| Unreachable::Forbidden)?;
        value.set_sensitive(true);
        request.headers_mut().insert("dpop", value);
        http.send(request, reach).await
    }

    /// Remembers the nonce that a server wants from now on; tells whether it named one.
    fn learn(&self, request: &::http::Request<Vec<u8>>, reply: &Reply) -> bool {
        let Some(nonce) = reply.dpop_nonce.clone().filter(|nonce| nonce.len() <= 1000) else { return false };
        if let Ok(url) = Url::parse(&request.uri().to_string()) {
            self.nonces.lock().unwrap_or_else(PoisonError::into_inner).insert(origin(&url), nonce);
        }
        true
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Tells whether a server refused a request for want of a nonce: in the body of a token endpoint, in the challenge of a
/// resource.
fn wants_nonce(reply: &Reply) -> bool {
    let body: Option<Value> = serde_json::from_slice(&reply.body).ok();
    let in_body = body.is_some_and(|body| body.get("error").and_then(Value::as_str) == Some("use_dpop_nonce"));
    let in_challenge = reply.challenge.as_deref().is_some_and(|text| text.contains("use_dpop_nonce"));
    (reply.status == 400 && in_body) || (reply.status == 401 && (in_challenge || in_body))
}

fn zeroize(bytes: Vec<u8>) -> zeroize::Zeroizing<Vec<u8>> {
    zeroize::Zeroizing::new(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    #[test]
    fn r21_a_proof_is_for_one_request_and_verifies() {
        let key = DpopKey::read(&DpopKey::generate().unwrap()).unwrap();
        let url = Url::parse("https://api.example.com/v1/me?secret=x#y").unwrap();
        let token = SecretString::from("token".to_owned());
        let proof = key.proof("GET", &url, Some(&token), Timestamp::from_second(1000).unwrap()).unwrap();
        let parts: Vec<&str> = proof.split('.').collect();
        let read = |part: &str| -> Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap() };
        let (head, claims) = (read(parts[0]), read(parts[1]));
        assert_eq!((&head["typ"], &head["alg"]), (&json!("dpop+jwt"), &json!("ES256")));
        assert_eq!(claims["htu"], "https://api.example.com/v1/me");
        assert_eq!(claims["ath"], URL_SAFE_NO_PAD.encode(Sha256::digest(b"token")));
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.pair.public_key().as_ref());
        let signature = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
        assert!(public.verify(format!("{}.{}", parts[0], parts[1]).as_bytes(), &signature).is_ok());
        assert!(head["jwk"].get("d").is_none(), "the private half is in the proof");
        let again = key.proof("GET", &url, Some(&token), Timestamp::from_second(1000).unwrap()).unwrap();
        assert_ne!(proof, again);
    }
}
