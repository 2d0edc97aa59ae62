//! Whom a sign-in deals with: the provider and the client, whichever way they became known.

use std::collections::BTreeMap;
use std::sync::Arc;

use membrane_catalog::{App, AuthMethod, ClientSource};
use membrane_model::{AuthMethodKind, ErrorCode, Fault};
use membrane_oauth::{Client, ClientAuth, DpopKey, Pkce, Provider, Reach, ServerMetadata, TokenBodyForm};
use membrane_vault::Place;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::Engine;
use crate::apps::client_required;
use crate::credential::Credential;

/// A client that registered itself, as it is kept beside its server; the secret is sealed apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OwnRegistration {
    pub(crate) id: String,
    /// `none`, `basic` or `post`.
    pub(crate) auth: String,
    pub(crate) redirect_uris: Vec<String>,
}

impl Engine {
    /// Returns the provider and the client that a credential, or an attempt on the way to one, is bound to.
    pub(crate) fn deal(
        &self,
        app: &App,
        method: &AuthMethod,
        fields: &BTreeMap<String, String>,
        bound: &Credential,
    ) -> Result<(Provider, Client), Fault> {
        let mut provider = match (method.kind, &bound.issuer) {
            (AuthMethodKind::Mcp, issuer) => self.found_provider(app, issuer.as_deref(), bound.resource.as_deref())?,
            _ => self.provider(app, method, fields)?,
        };
        if let Some(sealed) = &bound.dpop_key {
            let key = DpopKey::read(sealed);
            provider.dpop = Some(Arc::new(
                key.ok_or_else(|| Fault::new(ErrorCode::Internal, "the connection's key can't be read"))?,
            ));
        }
        let registers = self.registers(app, method)?;
        let client = match method.kind {
            AuthMethodKind::ClientCredentials => self.client_from_values(bound)?,
            _ if registers => {
                let issuer = bound.issuer.clone().ok_or_else(|| client_required(app))?;
                let (client, auth) = self.registered(app, &issuer, bound.client_id.as_deref())?;
                provider.client_auth = auth;
                client
            }
            AuthMethodKind::Mcp => {
                let client =
                    self.preset_client(app, bound.client_id.as_deref())?.ok_or_else(|| client_required(app))?;
                provider.client_auth = if client.secret.is_some() { provider.client_auth } else { ClientAuth::None };
                client
            }
            _ => self.client_for(app, method, bound.client_id.as_deref())?,
        };
        Ok((provider, client))
    }

    /// Tells whether the client of a way to connect is one that registers itself: the person's own goes before.
    pub(crate) fn registers(&self, app: &App, method: &AuthMethod) -> Result<bool, Fault> {
        let by_itself = match method.kind {
            AuthMethodKind::Mcp => true,
            AuthMethodKind::OAuth2 | AuthMethodKind::Device => {
                method.oauth.as_ref().is_some_and(|oauth| oauth.client == ClientSource::Registered)
            }
            AuthMethodKind::ClientCredentials | AuthMethodKind::ApiKey | AuthMethodKind::Basic => false,
        };
        Ok(by_itself && self.preset_client(app, None)?.is_none())
    }

    /// Returns the client that the person made for an app whose clients register themselves otherwise. A client made for
    /// the app's API belongs to another server than its MCP server, and is never shown there.
    fn preset_client(&self, app: &App, issued_to: Option<&str>) -> Result<Option<Client>, Fault> {
        if app.auth.iter().any(AuthMethod::needs_client) {
            return Ok(None);
        }
        let Some(row) = self.own_client(app)? else { return Ok(None) };
        let secret = match &row.secret {
            Some(sealed) if issued_to.is_none_or(|id| id == row.client_id) => {
                let bytes = self.vault().open(crate::apps::client_place(app.client_key()), sealed)?;
                Some(SecretString::from(String::from_utf8_lossy(bytes.expose_secret()).into_owned()))
            }
            Some(_) | None => None,
        };
        Ok(Some(Client { id: issued_to.unwrap_or(&row.client_id).to_owned(), secret }))
    }

    /// Returns the client that registered itself at an issuer; one is never used at another.
    fn registered(&self, app: &App, issuer: &str, issued_to: Option<&str>) -> Result<(Client, ClientAuth), Fault> {
        let row = self.store().read(|tx| tx.auth_server(issuer))?;
        let row = row.ok_or_else(|| client_required(app))?;
        let known: Option<OwnRegistration> = row.client.and_then(|client| serde_json::from_value(client).ok());
        match known {
            Some(own) if issued_to.is_none_or(|id| id == own.id) => {
                let secret = match &row.secret {
                    Some(sealed) => {
                        let bytes = self.vault().open(registration_place(issuer), sealed)?;
                        Some(SecretString::from(String::from_utf8_lossy(bytes.expose_secret()).into_owned()))
                    }
                    None => None,
                };
                Ok((Client { id: own.id, secret }, auth_of(&own.auth)))
            }
            // Tokens of an older registration are renewed without its secret, which is gone.
            Some(_) | None => match issued_to {
                Some(id) => Ok((Client { id: id.to_owned(), secret: None }, ClientAuth::None)),
                None => Err(client_required(app)),
            },
        }
    }

    /// Describes a provider by the metadata that it was found by.
    pub(crate) fn found_provider(
        &self,
        app: &App,
        issuer: Option<&str>,
        resource: Option<&str>,
    ) -> Result<Provider, Fault> {
        let unknown = || {
            Fault::new(ErrorCode::ClientRequired, format!("how to sign in to {} is not known any more", app.name))
                .hint("Connect it again.")
        };
        let row = issuer.map(|issuer| self.store().read(|tx| tx.auth_server(issuer))).transpose()?.flatten();
        let server: ServerMetadata =
            row.and_then(|row| serde_json::from_value(row.metadata).ok()).ok_or_else(unknown)?;
        // The same identifier with every request, so that no token is for anything else (RFC 8707, R-16).
        let resource: BTreeMap<String, String> =
            resource.map(|resource| ("resource".to_owned(), resource.to_owned())).into_iter().collect();
        Ok(Provider {
            client_auth: server.best_client_auth(),
            issuer: Some(server.issuer),
            sends_iss: server.sends_iss,
            authorize: server.authorize,
            token: server.token,
            device: server.device,
            revoke: server.revoke,
            pkce: Pkce::Required,
            token_body: TokenBodyForm::Form,
            scope_separator: " ".to_owned(),
            authorize_params: resource.clone(),
            token_params: resource,
            token_headers: BTreeMap::new(),
            dead_codes: Vec::new(),
            config_codes: Vec::new(),
            lifetime: None,
            par: server.par.filter(|_| server.par_required),
            dpop: None,
            tokens_at: None,
            reach: open_reach(app),
        })
    }
}

/// Where requests to an address go that a server's answer named: to the open internet, or to this computer for an app
/// that runs here.
pub(crate) fn open_reach(app: &App) -> Reach {
    if app.local { Reach::HttpsOrLoopback } else { Reach::Public }
}

pub(crate) fn registration_place(issuer: &str) -> Place<'_> {
    Place { table: "auth_server", row: issuer, field: "secret" }
}

pub(crate) fn auth_name(auth: ClientAuth) -> &'static str {
    match auth {
        ClientAuth::Basic => "basic",
        ClientAuth::Post => "post",
        ClientAuth::None => "none",
    }
}

fn auth_of(name: &str) -> ClientAuth {
    match name {
        "basic" => ClientAuth::Basic,
        "post" => ClientAuth::Post,
        _ => ClientAuth::None,
    }
}
