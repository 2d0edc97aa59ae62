//! Signing in to a remote MCP server: its metadata, a client that registers itself, and a code for this resource alone.

use membrane_catalog::{App, AuthMethod};
use membrane_model::{ConnectionState, DisconnectReason, ErrorCode, Fault, ReturnPath, SessionId};
use membrane_store::SessionRow;

use super::Context;
use super::browser::{Errand, new_key};
use crate::Engine;
use crate::credential::Credential;
use crate::deal::{OwnRegistration, open_reach};
use crate::servers::Registrar;

impl Engine {
    pub(super) async fn lead_to_mcp(
        &self,
        app: &App,
        method: &AuthMethod,
        row: &SessionRow,
        mut context: Context,
        open: bool,
    ) -> Result<(), Fault> {
        let mut values = self.vars();
        values.extend(context.fields.clone());
        let template = method.mcp.as_ref().ok_or_else(|| Fault::new(ErrorCode::Internal, "there is no MCP server"))?;
        let url = template.fill(&values).map_err(|problem| Fault::new(ErrorCode::InvalidField, problem.to_string()))?;
        let reach = open_reach(app);
        let found = self.find_mcp(app, &url, reach).await?;
        let redirect_uri = match self.listen_where_registered(&row.session.id, &found.server.issuer).await? {
            Some(known) => known,
            None => self.open_loopback(method, &row.session.id, context.page).await?,
        };
        let mut bound = Credential {
            issuer: Some(found.server.issuer.clone()),
            resource: found.resource.clone(),
            ..Credential::default()
        };
        if found.dpop {
            if !found.server.dpop_algorithms.iter().any(|name| name == "ES256") {
                let text = format!("{} wants keys of a kind that is not known here", app.name);
                return Err(Fault::new(ErrorCode::ProviderError, text));
            }
            bound.dpop_key = Some(new_key()?);
        }
        if self.registers(app, method)? {
            let registrar = Registrar {
                issuer: &found.server.issuer,
                endpoint: found.server.register.as_ref(),
                documents: found.server.client_id_documents,
                auth: found.server.best_client_auth(),
                reach,
            };
            let anew = self.client_was_refused(row);
            self.ensure_registered(app, &registrar, &redirect_uri, found.dpop, anew).await?;
        }
        // What the server asks for now, and what the connection had or somebody asked for.
        let mut scopes = found.scopes;
        scopes.extend(context.scopes.drain(..).collect::<Vec<_>>());
        let mut seen = std::collections::BTreeSet::new();
        scopes.retain(|scope| seen.insert(scope.clone()));
        context.scopes = scopes;
        let (provider, client) = self.deal(app, method, &context.fields, &bound)?;
        let errand = Errand { provider, client, redirect_uri, path: ReturnPath::Loopback, bound };
        self.send_to_browser(app, row, context, errand, open).await
    }

    /// Listens where the client of an issuer is registered already, so that it needs no other client.
    async fn listen_where_registered(&self, id: &SessionId, issuer: &str) -> Result<Option<String>, Fault> {
        let row = self.store().read(|tx| tx.auth_server(issuer))?;
        let own = row.and_then(|row| row.client).and_then(|own| serde_json::from_value::<OwnRegistration>(own).ok());
        let known = own.map(|own| own.redirect_uris).unwrap_or_default();
        let api = self.endpoint().callback_port.map(|port| format!("http://127.0.0.1:{port}/oauth-callback"));
        if let Some(uri) = api.filter(|uri| known.contains(uri)) {
            return Ok(Some(uri));
        }
        for uri in known {
            let port = url::Url::parse(&uri).ok().and_then(|url| url.port());
            if let Some(port) = port
                && let Ok(uri) = self.listen(id, Some(port), false).await
            {
                return Ok(Some(uri));
            }
        }
        Ok(None)
    }

    /// Tells whether an attempt repairs a connection whose client its provider refused.
    pub(super) fn client_was_refused(&self, row: &SessionRow) -> bool {
        let connection = row.session.connection_id.as_ref().and_then(|id| self.find(id).ok());
        connection.is_some_and(|connection| {
            matches!(connection.state, ConnectionState::Disconnected { reason: DisconnectReason::ClientInvalid, .. })
        })
    }
}
