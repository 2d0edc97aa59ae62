//! Pushed authorization requests (RFC 9126): the request goes to the server itself, the browser carries a reference.

use serde_json::Value;
use url::Url;

use crate::classify::{no_answer, refusal};
use crate::exchange::post_form;
use crate::{Client, ExchangeFailure, Http, Provider};

/// Pushes an authorization request and returns the page to open instead of it.
///
/// # Errors
/// [`ExchangeFailure`]; `Malformed` where the provider has no such endpoint or names no request.
pub async fn push(http: &Http, provider: &Provider, client: &Client, page: &Url) -> Result<Url, ExchangeFailure> {
    let place = provider.par.as_ref().ok_or(ExchangeFailure::Malformed)?;
    // The client is named by how it proves itself.
    let pairs: Vec<(String, String)> = page
        .query_pairs()
        .filter(|(name, _)| name != "client_id" || provider.client_auth == crate::ClientAuth::Basic)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let form: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let reply = post_form(http, provider, client, place, &form).await.map_err(no_answer)?;
    let body: Option<Value> = serde_json::from_slice(&reply.body).ok();
    let named = body.as_ref().filter(|_| (200..300).contains(&reply.status)).and_then(|body| body.get("request_uri"));
    let Some(request_uri) = named.and_then(Value::as_str).filter(|text| !text.is_empty() && text.len() <= 2000) else {
        return Err(refusal(provider, &reply, body.as_ref()));
    };
    let mut page = provider.authorize.clone();
    page.query_pairs_mut().append_pair("client_id", &client.id).append_pair("request_uri", request_uri);
    Ok(page)
}
