//! The token endpoint: authorization code, refresh token, client credentials.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use ::http::HeaderValue;
use ::http::header::CONTENT_TYPE;
use base64::Engine as _;
use oauth2::basic::BasicClient;
use oauth2::{
    AsyncHttpClient, AuthType, AuthorizationCode, ClientId, ClientSecret, EndpointNotSet, EndpointSet, HttpRequest,
    HttpResponse, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, Scope, TokenUrl,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::classify::{no_answer, refusal};
use crate::reply::members;
use crate::{Client, ClientAuth, ExchangeFailure, Http, Provider, Reply, TokenBodyForm, TokenReply, Unreachable};

type TokenClient = BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// Trades an authorization code for tokens (RFC 6749 section 4.1.3, RFC 7636 section 4.5).
///
/// # Errors
/// [`ExchangeFailure`].
pub async fn exchange_code(
    http: &Http,
    provider: &Provider,
    client: &Client,
    code: &SecretString,
    verifier: &SecretString,
    redirect_uri: &str,
) -> Result<TokenReply, ExchangeFailure> {
    let redirect = RedirectUrl::new(redirect_uri.to_owned()).map_err(|_| ExchangeFailure::Malformed)?;
    let oauth = token_client(provider, client).set_redirect_uri(redirect);
    let mut request = oauth.exchange_code(AuthorizationCode::new(code.expose_secret().to_owned()));
    if !verifier.expose_secret().is_empty() {
        request = request.set_pkce_verifier(PkceCodeVerifier::new(verifier.expose_secret().to_owned()));
    }
    for (name, value) in &provider.token_params {
        request = request.add_extra_param(name, value);
    }
    let sender = Sender { http, provider };
    tokens(provider, unwrap(request.request_async(&sender).await))
}

/// Trades a refresh token for new tokens (RFC 6749 section 6).
///
/// # Errors
/// [`ExchangeFailure`].
pub async fn refresh(
    http: &Http,
    provider: &Provider,
    client: &Client,
    refresh_token: &SecretString,
    scopes: Option<&[String]>,
) -> Result<TokenReply, ExchangeFailure> {
    let oauth = token_client(provider, client);
    let token = RefreshToken::new(refresh_token.expose_secret().to_owned());
    let mut request = oauth.exchange_refresh_token(&token);
    for scope in scopes.unwrap_or_default() {
        request = request.add_scope(Scope::new(scope.clone()));
    }
    for (name, value) in &provider.token_params {
        request = request.add_extra_param(name, value);
    }
    let sender = Sender { http, provider };
    tokens(provider, unwrap(request.request_async(&sender).await))
}

/// Gets tokens for the client itself (RFC 6749 section 4.4).
///
/// # Errors
/// [`ExchangeFailure`].
pub async fn client_credentials(
    http: &Http,
    provider: &Provider,
    client: &Client,
    scopes: &[String],
) -> Result<TokenReply, ExchangeFailure> {
    let oauth = token_client(provider, client);
    let mut request = oauth.exchange_client_credentials();
    for scope in scopes {
        request = request.add_scope(Scope::new(scope.clone()));
    }
    for (name, value) in &provider.token_params {
        request = request.add_extra_param(name, value);
    }
    let sender = Sender { http, provider };
    tokens(provider, unwrap(request.request_async(&sender).await))
}

/// Posts a form as the client, for the requests that `oauth2` has no single step for.
pub(crate) async fn post_form(
    http: &Http,
    provider: &Provider,
    client: &Client,
    url: &url::Url,
    form: &[(&str, &str)],
) -> Result<Reply, Unreachable> {
    let request = write_form(provider, client, url, form)?;
    Sender { http, provider }.post(request).await
}

fn write_form(
    provider: &Provider,
    client: &Client,
    url: &url::Url,
    form: &[(&str, &str)],
) -> Result<HttpRequest, Unreachable> {
    let mut request = ::http::Request::post(url.as_str())
        .header(::http::header::ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(form);
    match (provider.client_auth, &client.secret) {
        (ClientAuth::Basic, Some(secret)) => {
            // Both halves are form-encoded before they are joined (RFC 6749 section 2.3.1).
            let half = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let pair = format!("{}:{}", half(&client.id), half(secret.expose_secret()));
            let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
            let value = HeaderValue::try_from(format!("Basic {encoded}")).map_err(|_| Unreachable::Forbidden)?;
            request = request.header(::http::header::AUTHORIZATION, value);
        }
        (_, secret) => {
            body.append_pair("client_id", &client.id);
            if let Some(secret) = secret {
                body.append_pair("client_secret", secret.expose_secret());
            }
        }
    }
    request.body(body.finish().into_bytes()).map_err(|_| Unreachable::Forbidden)
}

fn token_client(provider: &Provider, client: &Client) -> TokenClient {
    let mut oauth = BasicClient::new(ClientId::new(client.id.clone()))
        .set_token_uri(TokenUrl::from_url(provider.token.clone()))
        .set_auth_type(match provider.client_auth {
            ClientAuth::Basic => AuthType::BasicAuth,
            ClientAuth::Post | ClientAuth::None => AuthType::RequestBody,
        });
    if let Some(secret) = &client.secret {
        oauth = oauth.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned()));
    }
    oauth
}

/// Reads tokens out of an answer, or what it means that there are none.
///
/// # Errors
/// [`ExchangeFailure`].
pub fn read_tokens(provider: &Provider, reply: Reply) -> Result<TokenReply, ExchangeFailure> {
    tokens(provider, Ok(reply))
}

/// Reads tokens out of what came back.
pub(crate) fn tokens(
    provider: &Provider,
    outcome: Result<Reply, Option<Unreachable>>,
) -> Result<TokenReply, ExchangeFailure> {
    let reply = match outcome {
        Ok(reply) => reply,
        Err(Some(failure)) => return Err(no_answer(failure)),
        Err(None) => return Err(ExchangeFailure::Malformed),
    };
    let body = members(&reply.body);
    let given = body.as_ref().filter(|_| (200..300).contains(&reply.status));
    let given = given.and_then(|body| provider.tokens_at.as_ref().map_or(Some(body), |at| body.pointer(at)));
    match given.and_then(|body| TokenReply::read(provider, &reply, body)) {
        Some(tokens) => Ok(tokens),
        None => Err(refusal(provider, &reply, body.as_ref())),
    }
}

/// Carries the requests that `oauth2` writes; keeps the answers from it, since it reads them by the letter only.
pub(crate) struct Sender<'a> {
    pub(crate) http: &'a Http,
    pub(crate) provider: &'a Provider,
}

/// An answer on its way around `oauth2`.
#[derive(Debug)]
pub(crate) struct Carried(Result<Box<Reply>, Unreachable>);

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("carried")
    }
}

impl std::error::Error for Carried {}

impl<'c> AsyncHttpClient<'c> for Sender<'_> {
    type Error = Carried;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Carried>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move { Err(Carried(self.post(request).await.map(Box::new))) })
    }
}

impl Sender<'_> {
    async fn post(&self, mut request: HttpRequest) -> Result<Reply, Unreachable> {
        if self.provider.token_body == TokenBodyForm::Json {
            let members: serde_json::Map<String, Value> = url::form_urlencoded::parse(request.body())
                .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
                .collect();
            *request.body_mut() = serde_json::to_vec(&members).map_err(|_| Unreachable::Forbidden)?;
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        for (name, value) in &self.provider.token_headers {
            let name = ::http::HeaderName::try_from(name).map_err(|_| Unreachable::Forbidden)?;
            let value = HeaderValue::from_str(value).map_err(|_| Unreachable::Forbidden)?;
            request.headers_mut().insert(name, value);
        }
        if let Some(value) = request.headers_mut().get_mut(::http::header::AUTHORIZATION) {
            value.set_sensitive(true);
        }
        match &self.provider.dpop {
            Some(key) => key.send(self.http, request, self.provider.reach, None).await,
            None => self.http.send(request, self.provider.reach).await,
        }
    }
}

/// Takes the answer back; `None` = the request could not be written.
pub(crate) fn unwrap<T, E: oauth2::ErrorResponse>(
    outcome: Result<T, RequestTokenError<Carried, E>>,
) -> Result<Reply, Option<Unreachable>> {
    match outcome {
        Err(RequestTokenError::Request(Carried(Ok(reply)))) => Ok(*reply),
        Err(RequestTokenError::Request(Carried(Err(failure)))) => Err(Some(failure)),
        Ok(_) | Err(_) => Err(None),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{Pkce, Reach};
    use std::collections::BTreeMap;
    use url::Url;

    /// A provider at an origin on this computer.
    pub(crate) fn provider(origin: &str) -> Provider {
        let at = |path: &str| Url::parse(&format!("{origin}{path}")).unwrap();
        Provider {
            issuer: None,
            sends_iss: false,
            authorize: at("/authorize"),
            token: at("/token"),
            device: Some(at("/device")),
            revoke: Some(at("/revoke")),
            pkce: Pkce::Required,
            client_auth: ClientAuth::Basic,
            token_body: TokenBodyForm::Form,
            scope_separator: " ".into(),
            authorize_params: BTreeMap::new(),
            token_params: BTreeMap::new(),
            token_headers: BTreeMap::new(),
            dead_codes: Vec::new(),
            config_codes: Vec::new(),
            par: None,
            dpop: None,
            tokens_at: None,
            lifetime: None,
            reach: Reach::HttpsOrLoopback,
        }
    }
}
