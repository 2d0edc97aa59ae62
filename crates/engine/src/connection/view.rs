//! A connection as the wire shows it.

use jiff::tz::TimeZone;
use membrane_model::{
    AuthMethodKind, ClientAction, ClientActionType, Connection, ConnectionState, ConnectionView, DisconnectReason,
    ErrorCode, Fault, Severity, Timestamp, Warning, WarningCode, WireError, WireState,
};
use membrane_store::CredentialRow;

use crate::Engine;
use crate::health::{CredentialFacts, Surroundings, derive};

impl Engine {
    /// Shows a connection.
    ///
    /// # Errors
    /// Fails when the store can't be read.
    pub fn view(&self, connection: &Connection) -> Result<ConnectionView, Fault> {
        let row = self.credential_row_of(&connection.id)?;
        Ok(self.project(connection, row.as_ref()))
    }

    pub(crate) fn project(&self, connection: &Connection, row: Option<&CredentialRow>) -> ConnectionView {
        let catalog = self.catalog();
        let app = catalog.get(&connection.app);
        let app_name = app.map_or_else(|| connection.app.to_string(), |app| app.name.clone());
        let method = app.and_then(|app| app.method(&connection.auth_method));
        let can_test = method.is_some_and(|method| method.verify.is_some());
        let mut facts = row.map(facts).unwrap_or_default();
        facts.is_key = method.is_some_and(|m| matches!(m.kind, AuthMethodKind::ApiKey | AuthMethodKind::Basic));
        let now = Timestamp::now();
        let around = Surroundings {
            vault: self.vault().state(),
            network: self.weather().now().network,
            clock_skew: self.clock_skew(),
            storage_trouble: self.inner().storage.trouble_since(),
            zone: TimeZone::system(),
        };
        let health = derive(connection, &app_name, &facts, &around, now);
        let (state, action, reason, since) = match &connection.state {
            ConnectionState::Connected | ConnectionState::Paused { .. } => (WireState::Ready, None, None, None),
            ConnectionState::Connecting { session } => {
                let (state, action) = self.connecting(session, &app_name);
                (state, action, None, None)
            }
            ConnectionState::Disconnected { reason, since } => {
                let state = match reason {
                    DisconnectReason::ClientInvalid => WireState::ConfigurationError,
                    DisconnectReason::Revoked
                    | DisconnectReason::Expired
                    | DisconnectReason::KeyRejected
                    | DisconnectReason::RotationLost
                    | DisconnectReason::SecretLost
                    | DisconnectReason::OtherComputer
                    | DisconnectReason::OldCopy => WireState::ClientActionRequired,
                };
                let action = ClientAction {
                    kind: ClientActionType::Connect,
                    description: health.sentence.clone(),
                    ui_url: Some(format!("membrane://connections/{}", connection.id)),
                };
                (state, Some(action), Some(*reason), Some(*since))
            }
        };
        let errors: Vec<WireError> = match &connection.state {
            ConnectionState::Disconnected { .. } => {
                vec![Fault::new(ErrorCode::Disconnected, health.sentence.clone()).to_wire()]
            }
            ConnectionState::Connecting { .. } | ConnectionState::Connected | ConnectionState::Paused { .. } => {
                health.warnings.iter().filter_map(error_of).collect()
            }
        };
        let connected = match connection.state {
            ConnectionState::Connected | ConnectionState::Paused { .. } => connection.archived_at.is_none(),
            ConnectionState::Connecting { .. } | ConnectionState::Disconnected { .. } => false,
        };
        let session_id = match &connection.state {
            ConnectionState::Connecting { session } => Some(session.clone()),
            ConnectionState::Connected | ConnectionState::Disconnected { .. } | ConnectionState::Paused { .. } => None,
        };
        ConnectionView {
            id: connection.id.clone(),
            key: connection.key.clone(),
            name: connection.name.clone(),
            user_id: connection.tenant.clone(),
            tenant_id: connection.tenant.clone(),
            integration_id: connection.app.clone(),
            integration_key: connection.app.clone(),
            connector_id: connection.app.clone(),
            external_app_id: connection.app.clone(),
            auth_option_key: connection.auth_method.clone(),
            app_name,
            state,
            connected,
            disconnected: Self::is_disconnected(&connection.state),
            reason,
            since,
            client_action: action,
            errors,
            retry_attempts: facts.retry_attempts,
            next_retry_timestamp: facts.next_retry_at,
            next_credentials_refresh_at: facts.next_refresh_at,
            can_refresh_credentials: facts.renewable,
            can_test,
            expires_at: facts.expires_at,
            account: connection.account.clone(),
            scopes: connection.scopes.clone(),
            input: connection.fields.clone(),
            meta: connection.meta.clone(),
            health,
            created_at: connection.created_at,
            updated_at: connection.updated_at,
            last_active_at: connection.last_used_at,
            archived_at: connection.archived_at,
            session_id,
            choices: Vec::new(),
        }
    }

    fn connecting(&self, session: &membrane_model::SessionId, app_name: &str) -> (WireState, Option<ClientAction>) {
        use membrane_model::SessionState as S;
        let found = self.store().read(|tx| tx.session(session)).ok().flatten();
        let context = found.as_ref().map(Self::context).unwrap_or_default();
        if context.choose && found.as_ref().is_some_and(|row| !row.session.state.is_final()) {
            let description = "Choose which app to connect.".to_owned();
            let ui_url = Some(context.page_url.unwrap_or_else(|| "membrane://connect".to_owned()));
            let action = ClientAction { kind: ClientActionType::Connect, description, ui_url };
            return (WireState::ClientActionRequired, Some(action));
        }
        match found.map(|row| row.session.state) {
            Some(S::AwaitingUser {
                authorization_url, verification_uri_complete, verification_uri, fields, ..
            }) => {
                let kind = if fields.is_empty() { ClientActionType::Connect } else { ClientActionType::ProvideInput };
                let ui_url = authorization_url
                    .or(context.page_url)
                    .or(verification_uri_complete)
                    .or(verification_uri)
                    .unwrap_or_else(|| "membrane://connections".to_owned());
                let description = format!("Sign in to {app_name} to finish connecting.");
                (WireState::ClientActionRequired, Some(ClientAction { kind, description, ui_url: Some(ui_url) }))
            }
            Some(S::Exchanging | S::Verifying | S::Done) => (WireState::ClientActionRequired, None),
            Some(S::Failed { .. } | S::Cancelled | S::Expired) | None => (WireState::SetupFailed, None),
        }
    }
}

pub(crate) fn facts(row: &CredentialRow) -> CredentialFacts {
    CredentialFacts {
        renewable: row.has_refresh,
        expires_at: row.expires_at,
        next_refresh_at: row.next_refresh_at,
        retry_attempts: row.retry_attempts,
        next_retry_at: row.next_retry_at,
        last_cause: row.last_error.clone(),
        failing_since: row.failing_since,
        refresh_end: row.refresh_expires_at.filter(|_| row.refresh_end_fixed),
        rejected_since: row.rejected_at,
        is_key: false,
    }
}

/// Says a problem of now in the wire's words; what is only worth knowing is no error.
fn error_of(warning: &Warning) -> Option<WireError> {
    let code = match warning.code {
        WarningCode::VaultLocked => ErrorCode::VaultLocked,
        WarningCode::Offline => ErrorCode::Offline,
        WarningCode::ProviderUnavailable => ErrorCode::ProviderUnavailable,
        WarningCode::StorageError => ErrorCode::StorageError,
        WarningCode::SignInDue
        | WarningCode::ExpiresSoon
        | WarningCode::ScopesMissing
        | WarningCode::ClockSkew
        | WarningCode::Refused => return None,
    };
    (warning.severity == Severity::High).then(|| Fault::new(code, warning.text.clone()).to_wire())
}
