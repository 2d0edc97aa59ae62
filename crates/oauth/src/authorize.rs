//! The authorization request: state, PKCE and the address to open.

use std::fmt;

use membrane_model::{ErrorCode, Fault};
use oauth2::{AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, RedirectUrl};
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use url::Url;

use crate::{Client, Pkce, Provider};

/// An authorization request that is ready to be opened in the browser.
pub struct Authorization {
    /// The page to open. Holds the state, so it is shown to the person and never logged.
    pub url: Url,
    /// 256 random bits that come back with the answer.
    pub state: SecretString,
    /// The PKCE verifier; empty where the provider refuses PKCE.
    pub verifier: SecretString,
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authorization")
    }
}

/// Writes an authorization request (RFC 6749 section 4.1.1, RFC 7636 section 4.3).
///
/// # Errors
/// `Internal` for a redirect URI that is no URI.
pub fn authorization(
    provider: &Provider,
    client: &Client,
    redirect_uri: &str,
    scopes: &[String],
    login_hint: Option<&str>,
) -> Result<Authorization, Fault> {
    let redirect = RedirectUrl::new(redirect_uri.to_owned())
        .map_err(|_| Fault::new(ErrorCode::Internal, "the redirect address is no URI"))?;
    let oauth = oauth2::basic::BasicClient::new(ClientId::new(client.id.clone()))
        .set_auth_uri(AuthUrl::from_url(provider.authorize.clone()))
        .set_redirect_uri(redirect);
    let mut request = oauth.authorize_url(|| CsrfToken::new_random_len(32));
    if !scopes.is_empty() {
        request = request.add_extra_param("scope", scopes.join(&provider.scope_separator));
    }
    for (name, value) in &provider.authorize_params {
        request = request.add_extra_param(name, value);
    }
    if let Some(hint) = login_hint {
        request = request.add_extra_param("login_hint", hint);
    }
    let verifier = match provider.pkce {
        Pkce::Required | Pkce::Supported | Pkce::Unknown => {
            let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
            request = request.set_pkce_challenge(challenge);
            verifier.into_secret()
        }
        Pkce::Rejected => String::new(),
    };
    let (url, state) = request.url();
    Ok(Authorization { url, state: state.into_secret().into(), verifier: verifier.into() })
}

/// Returns what is kept of a state while it is out.
#[must_use]
pub fn state_hash(state: &str) -> [u8; 32] {
    Sha256::digest(state.as_bytes()).into()
}
