//! Servers that describe themselves: found by their metadata, remembered by issuer, registered at once.

use membrane_catalog::{App, AuthMethod};
use membrane_model::{ErrorCode, Fault, Timestamp};
use membrane_oauth::{
    Challenge, ClientAuth, DiscoveryProblem, ExchangeFailure, Reach, Registration, ResourceMetadata, ServerMetadata,
    Unreachable, authorization_server, protected_resource,
};
use membrane_store::AuthServerRow;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::Engine;
use crate::deal::{OwnRegistration, auth_name, registration_place};

/// The least that a registered client's secret must still be good for, in seconds.
const SECRET_LEFT: i64 = 24 * 60 * 60;

/// A resource, and the server that it takes tokens of.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) server: ServerMetadata,
    /// What tokens are asked for.
    pub(crate) resource: Option<String>,
    /// The scopes that it needs; none = it doesn't say.
    pub(crate) scopes: Vec<String>,
    /// It takes only tokens that are bound to a key.
    pub(crate) dpop: bool,
}

/// Whom a client registers itself with.
pub(crate) struct Registrar<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) endpoint: Option<&'a Url>,
    /// A client's id may be the address of its metadata.
    pub(crate) documents: bool,
    pub(crate) auth: ClientAuth,
    pub(crate) reach: Reach,
}

impl Engine {
    /// Finds the server that the resource at an address takes tokens of.
    ///
    /// # Errors
    /// What is wrong with what they say of themselves.
    pub(crate) async fn find_server(&self, url: &Url, reach: Reach) -> Result<Found, DiscoveryProblem> {
        let http = &self.inner().http;
        let (resource, challenge) = match protected_resource(http, url, reach).await {
            Ok((resource, challenge)) => (Some(resource), challenge),
            Err(DiscoveryProblem::NotThere) => (None, Challenge::default()),
            Err(problem) => return Err(problem),
        };
        let server = match resource.as_ref().and_then(|resource| resource.authorization_servers.first()) {
            Some(issuer) => authorization_server(http, issuer, false, reach).await?,
            // Older servers are their own authorization server.
            None => authorization_server(http, &url.origin().ascii_serialization(), true, reach).await?,
        };
        let known = resource.as_ref().and_then(|resource| resource.scopes.clone());
        let mut scopes = challenge.scopes.or(known).unwrap_or_default();
        // Staying connected is asked for only where the server offers it.
        if server.knows_scope("offline_access") && !scopes.iter().any(|scope| scope == "offline_access") {
            scopes.push("offline_access".to_owned());
        }
        let dpop = resource.as_ref().is_some_and(|resource: &ResourceMetadata| resource.dpop_required);
        Ok(Found { server, resource: resource.map(|resource| resource.resource), scopes, dpop })
    }

    /// Finds out how to sign in to an app's MCP server, and remembers its authorization server.
    pub(crate) async fn find_mcp(&self, app: &App, url: &Url, reach: Reach) -> Result<Found, Fault> {
        let mut found = self.find_server(url, reach).await.map_err(|problem| discovery_fault(&app.name, &problem))?;
        // Without PKCE a code that is intercepted is as good as a token.
        if found.server.pkce() != Some(true) {
            return Err(Fault::new(
                ErrorCode::ProviderError,
                format!("{}'s sign-in does not say that it protects codes (PKCE with S256)", app.name),
            )
            .hint("Ask its maker to support PKCE; until then it can't be connected safely."));
        }
        if found.resource.is_none() {
            found.resource = Some(url.as_str().trim_end_matches('/').to_owned());
        }
        self.remember_server(&found.server).await?;
        Ok(found)
    }

    /// Keeps what a server says of itself; the client that registered there stays.
    pub(crate) async fn remember_server(&self, server: &ServerMetadata) -> Result<(), Fault> {
        let issuer = server.issuer.clone();
        let metadata = serde_json::to_value(server).unwrap_or_default();
        self.write(move |tx| {
            let known = tx.auth_server(&issuer)?;
            let row = AuthServerRow { issuer, metadata, fetched_at: Timestamp::now(), ..known.unwrap_or_else(blank) };
            tx.put_auth_server(&row)
        })
        .await
    }

    /// Makes sure that a client is registered at an issuer for a redirect URI; `anew` gives up the one there is.
    pub(crate) async fn ensure_registered(
        &self,
        app: &App,
        registrar: &Registrar<'_>,
        redirect_uri: &str,
        dpop: bool,
        anew: bool,
    ) -> Result<(), Fault> {
        let issuer = registrar.issuer.to_owned();
        let known = self.store().read(|tx| tx.auth_server(&issuer))?;
        if !anew && known.as_ref().is_some_and(|row| serves(row, redirect_uri)) {
            return Ok(());
        }
        let (client, secret, expires_at) = match (registrar.documents, self.settings()?.client_metadata_url) {
            (true, Some(id)) => {
                let redirect_uris = vec![redirect_uri.to_owned()];
                (OwnRegistration { id, auth: "none".to_owned(), redirect_uris }, None, None)
            }
            _ => self.register_at(app, registrar, redirect_uri, dpop).await?,
        };
        let sealed = match &secret {
            Some(secret) => Some(self.vault().seal(registration_place(&issuer), secret.expose_secret().as_bytes())?),
            None => None,
        };
        let client = serde_json::to_value(client).ok();
        self.write(move |tx| {
            let known = tx.auth_server(&issuer)?.unwrap_or_else(blank);
            tx.put_auth_server(&AuthServerRow {
                issuer,
                client,
                secret: sealed,
                secret_expires_at: expires_at,
                ..known
            })
        })
        .await
    }

    async fn register_at(
        &self,
        app: &App,
        registrar: &Registrar<'_>,
        redirect_uri: &str,
        dpop: bool,
    ) -> Result<(OwnRegistration, Option<SecretString>, Option<Timestamp>), Fault> {
        let endpoint = registrar.endpoint.ok_or_else(|| no_registration(app))?;
        let registration =
            Registration { redirect_uris: redirect_uris(redirect_uri), auth: registrar.auth, scopes: Vec::new(), dpop };
        let http = &self.inner().http;
        let made = membrane_oauth::register(http, endpoint, registrar.reach, &registration).await;
        let made = made.map_err(|failure| match failure {
            ExchangeFailure::Refused { code } => {
                let hint = no_registration(app).hint;
                let text = format!("{} does not let this computer register a client ({code})", app.name);
                Fault { hint, ..Fault::new(ErrorCode::ClientRequired, text) }
            }
            other => crate::session::exchange_fault(&app.name, &other),
        })?;
        let own = OwnRegistration {
            id: made.id,
            auth: auth_name(made.auth).to_owned(),
            redirect_uris: registration.redirect_uris,
        };
        Ok((own, made.secret, made.expires_at))
    }
}

/// Names whom a way to connect of the catalog registers its client with: the issuer, or the origin of its endpoint.
pub(crate) fn issuer_of(method: &AuthMethod, provider: &membrane_oauth::Provider, endpoint: &Url) -> String {
    let named = method.oauth.as_ref().and_then(|oauth| oauth.issuer.as_ref()).and(provider.issuer.clone());
    named.unwrap_or_else(|| endpoint.origin().ascii_serialization())
}

/// Lists the redirect URIs that a client is registered with: the one in use, and those of other days' ports.
fn redirect_uris(in_use: &str) -> Vec<String> {
    let mut all = vec![in_use.to_owned()];
    let others = crate::session::CALLBACK_PORTS.map(|port| format!("http://127.0.0.1:{port}/oauth-callback"));
    all.extend(others.into_iter().filter(|uri| uri != in_use && in_use.starts_with("http://127.0.0.1")));
    all
}

/// Tells whether the client of a row can be used with a redirect URI and for some time.
fn serves(row: &AuthServerRow, redirect_uri: &str) -> bool {
    let own: Option<OwnRegistration> = row.client.clone().and_then(|client| serde_json::from_value(client).ok());
    let left = row.secret_expires_at.is_none_or(|at| at.as_second() - Timestamp::now().as_second() > SECRET_LEFT);
    own.is_some_and(|own| own.redirect_uris.iter().any(|uri| uri == redirect_uri)) && left
}

fn blank() -> AuthServerRow {
    AuthServerRow {
        issuer: String::new(),
        metadata: serde_json::Value::Null,
        fetched_at: Timestamp::now(),
        client: None,
        secret: None,
        secret_expires_at: None,
    }
}

fn no_registration(app: &App) -> Fault {
    Fault::new(ErrorCode::ClientRequired, format!("{} has no place where a client can register itself", app.name))
        .hint(format!("Make an OAuth client there by hand, then run `membrane app client {}`.", app.key))
}

/// Says why a sign-in can't be found out.
pub(crate) fn discovery_fault(name: &str, problem: &DiscoveryProblem) -> Fault {
    let (code, hint) = match problem {
        DiscoveryProblem::Unreachable(Unreachable::Dns) => (
            ErrorCode::Offline,
            "Check the address and your network; addresses inside a private network are not followed.",
        ),
        DiscoveryProblem::Unreachable(Unreachable::Connect) => {
            (ErrorCode::Offline, "Check the address and your network.")
        }
        DiscoveryProblem::Unreachable(Unreachable::Forbidden) => {
            (ErrorCode::BadRequest, "Only https addresses on the open internet are asked.")
        }
        DiscoveryProblem::Unreachable(Unreachable::TooLarge) => {
            (ErrorCode::ProviderError, "Nothing that long is read; describe the app in a file: membrane app add FILE.")
        }
        DiscoveryProblem::Unreachable(_) => (ErrorCode::ProviderUnavailable, "Try again in a moment."),
        DiscoveryProblem::NotThere => (
            ErrorCode::ProviderError,
            "It may need no sign-in, or a key; describe it in a file then: membrane app add FILE.",
        ),
        DiscoveryProblem::Elsewhere
        | DiscoveryProblem::NotJson
        | DiscoveryProblem::Incomplete(_)
        | DiscoveryProblem::OtherIssuer
        | DiscoveryProblem::OtherResource
        | DiscoveryProblem::BadAddress(_)
        | DiscoveryProblem::MixedHosts(_) => (
            ErrorCode::ProviderError,
            "Nothing was sent there. If you know better, describe the app in a file: membrane app add FILE.",
        ),
    };
    Fault::new(code, format!("{name} can't be signed in to: {problem}")).hint(hint)
}
