//! Revoking at the provider what was destroyed here (RFC 7009). A failure blocks nothing.

use membrane_model::Connection;
use membrane_oauth::{Client, Provider, TokenHint};

use crate::Engine;
use crate::credential::Credential;

/// What a revocation needs, held in memory only: the credential is gone from disk by then.
pub(crate) struct Revocation {
    provider: Provider,
    client: Client,
    credential: Credential,
}

impl Engine {
    /// Reads what a later revocation needs; `None` where the provider has no such endpoint or nothing can be read.
    pub(crate) fn prepare_revocation(&self, connection: &Connection) -> Option<Revocation> {
        let catalog = self.catalog();
        let app = catalog.get(&connection.app)?;
        let method = app.method(&connection.auth_method)?;
        let row = self.store().read(|tx| tx.credential(&connection.id)).ok()??;
        let credential = Credential::open(self.vault(), &connection.id, &row.sealed).ok()?;
        if method.oauth.is_none() && method.mcp.is_none() {
            return None;
        }
        let (provider, client) = self.deal(app, method, &connection.fields, &credential).ok()?;
        provider.revoke.as_ref()?;
        Some(Revocation { provider, client, credential })
    }

    /// Revokes the refresh token, then the access token.
    pub(crate) async fn revoke(&self, revocation: Revocation) {
        let Revocation { provider, client, credential } = revocation;
        let tokens = [
            (credential.refresh_token.as_ref(), TokenHint::RefreshToken),
            (credential.access_token.as_ref(), TokenHint::AccessToken),
        ];
        for (token, hint) in tokens {
            let Some(token) = token else { continue };
            if let Err(failure) = membrane_oauth::revoke(&self.inner().http, &provider, &client, token, hint).await {
                tracing::info!("a token could not be revoked at the provider: {failure}");
            }
        }
    }
}
