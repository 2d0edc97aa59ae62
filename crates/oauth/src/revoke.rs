//! Revocation (RFC 7009).

use secrecy::{ExposeSecret, SecretString};

use crate::classify::{no_answer, refusal};
use crate::exchange::post_form;
use crate::reply::members;
use crate::{Client, ExchangeFailure, Http, Provider};

/// What kind of token is revoked (RFC 7009 section 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenHint {
    /// `refresh_token`.
    RefreshToken,
    /// `access_token`.
    AccessToken,
}

/// Revokes a token. One that the provider doesn't know counts as revoked (RFC 7009 section 2.2).
///
/// # Errors
/// [`ExchangeFailure`]; `Malformed` where the provider has no such endpoint.
pub async fn revoke(
    http: &Http,
    provider: &Provider,
    client: &Client,
    token: &SecretString,
    hint: TokenHint,
) -> Result<(), ExchangeFailure> {
    let url = provider.revoke.as_ref().ok_or(ExchangeFailure::Malformed)?;
    let hint = match hint {
        TokenHint::RefreshToken => "refresh_token",
        TokenHint::AccessToken => "access_token",
    };
    let form = [("token", token.expose_secret()), ("token_type_hint", hint)];
    let reply = post_form(http, provider, client, url, &form).await.map_err(no_answer)?;
    if (200..300).contains(&reply.status) {
        return Ok(());
    }
    Err(refusal(provider, &reply, members(&reply.body).as_ref()))
}
