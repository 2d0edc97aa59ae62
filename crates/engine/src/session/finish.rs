//! From a credential to a connection: checked, its account looked up, and kept in one transaction.

use membrane_model::{
    Account, AuthMethodKind, Connection, ConnectionId, ConnectionState, ErrorCode, EventKind, Fault, LifecycleEvent,
    Session, SessionId, Timestamp,
};
use membrane_oauth::TokenReply;
use membrane_store::{CredentialRow, SessionRow, StoreError};

use super::choose::Chosen;
use super::form::CHECK_SOON;
use super::{Context, OtherAccount, who};
use crate::connection::apply;
use crate::connection::transition::{ConnectionEvent, Effect, Step, transition};
use crate::credential::Credential;
use crate::refresh::plan::{after, refresh_at};
use crate::refresh::{lasting_row, random_unit, row_of};
use crate::session::transition::{SessionEvent, transition as session_transition};
use crate::{Check, Engine};

/// An MCP server has no request that says whose a token is; its authorization server may have said it with the token.
fn told_by_issuer(credential: &Credential, reply: Option<&TokenReply>) -> Option<Account> {
    who::account(reply?.id_token.as_ref()?, credential.issuer.as_deref()?, credential.client_id.as_deref())
}

impl Engine {
    /// Takes the tokens of a code or device exchange.
    pub(super) async fn accept_reply(&self, id: &SessionId, reply: TokenReply, bound: Credential) -> Result<(), Fault> {
        let credential = Credential {
            access_token: Some(reply.access_token.clone()),
            refresh_token: reply.refresh_token.clone(),
            ..bound
        };
        self.accept(id, credential, Some(reply)).await
    }

    /// Checks a credential, asks whose it is, and makes or repairs the connection.
    pub(super) async fn accept(
        &self,
        id: &SessionId,
        credential: Credential,
        reply: Option<TokenReply>,
    ) -> Result<(), Fault> {
        self.accept_after(id, credential, reply, |_| {}).await
    }

    /// The same, with something to be written beside the step.
    pub(super) async fn accept_after(
        &self,
        id: &SessionId,
        mut credential: Credential,
        reply: Option<TokenReply>,
        note: impl FnOnce(&mut SessionRow) + Send + 'static,
    ) -> Result<(), Fault> {
        if let Some(reply) = &reply {
            credential.access_token = Some(reply.access_token.clone());
        }
        if self.step(id, SessionEvent::Credential, note).await?.is_none() {
            return Ok(());
        }
        let row = self.session_row(id)?;
        let mut context = Self::context(&row);
        let catalog = self.catalog();
        let (app, method) = self.app_and_method(&catalog, &row.session)?;
        if let Some(reply) = &reply {
            context.fields.extend(crate::renew::kept(method, reply));
        }
        let chosen = self.choose(id, (app, method), &mut context, &credential, reply.as_ref()).await?;
        if matches!(chosen, Chosen::Asked) {
            return Ok(());
        }
        let extra = reply.as_ref().map(|reply| serde_json::Value::Object(reply.extra.clone())).unwrap_or_default();
        if reply.is_some() {
            // A static key was checked before this; a token that its own app refuses is no connection.
            if let Check::Rejected(status) = self.check(app, method, &credential, &context.fields).await {
                let text = format!("{} issued a token and then refused it (HTTP {status})", app.name);
                return Err(Fault::new(ErrorCode::ProviderError, text)
                    .hint("Check what the OAuth client may do, then start again."));
            }
        }
        let account = match self.identify(app, method, &credential, &context.fields, &extra).await {
            None if method.kind == AuthMethodKind::Mcp => told_by_issuer(&credential, reply.as_ref()),
            account => account,
        };
        let now = Timestamp::now();
        if let Some(scopes) = reply.as_ref().and_then(|reply| reply.scope.clone()) {
            context.scopes = scopes;
        }
        let connection_id = row.session.connection_id.clone().unwrap_or_else(ConnectionId::generate);
        let sealed = credential.seal(self.vault(), &connection_id)?;
        let mut kept = match &reply {
            Some(reply) => row_of(method, &connection_id, sealed, reply, &credential, now, &self.inner().device_id),
            None => lasting_row(method, &connection_id, sealed, now, &self.inner().device_id),
        };
        if context.unchecked {
            kept.next_check_at = kept.next_check_at.map(|_| after(now, CHECK_SOON));
        }
        if let Some(other) = self.other_account(&row.session, account.as_ref())? {
            return self.hold_other(id, credential, other, &context, &kept).await;
        }
        self.connect(row, context, connection_id, kept, account, now).await
    }

    /// Tells whether a reconnect came back with somebody else.
    fn other_account(&self, session: &Session, account: Option<&Account>) -> Result<Option<(Account, Account)>, Fault> {
        let (Some(id), Some(found)) = (&session.connection_id, account) else { return Ok(None) };
        let expected = self.find(id)?.account;
        Ok(expected.filter(|expected| expected.id != found.id).map(|expected| (expected, found.clone())))
    }

    /// Ends the attempt, and keeps the other account's credential until the person has decided.
    async fn hold_other(
        &self,
        id: &SessionId,
        credential: Credential,
        (expected, found): (Account, Account),
        context: &Context,
        row: &CredentialRow,
    ) -> Result<(), Fault> {
        let sealed = self.seal_session_secrets(id, &credential)?;
        let mut context = context.clone();
        let text = format!("you signed in as {}, and this connection is {}", found.label, expected.label);
        context.other = Some(OtherAccount {
            account: found,
            scopes: context.scopes.clone(),
            expires_at: row.expires_at,
            renews: row.has_refresh,
        });
        let context = serde_json::to_value(context).unwrap_or_default();
        let fault = Fault::new(ErrorCode::AccountMismatch, text);
        self.step(id, SessionEvent::Failed(fault.to_wire()), move |row| {
            row.secrets = Some(sealed);
            row.context = context;
        })
        .await?;
        Ok(())
    }

    /// Keeps the account that signed in instead as a connection of its own.
    ///
    /// # Errors
    /// `SessionEnded` when there is nothing to keep (any more).
    pub async fn keep_other(&self, id: &SessionId) -> Result<Session, Fault> {
        let nothing = || Fault::new(ErrorCode::SessionEnded, "there is no other account to keep");
        self.need_vault().await?;
        let row = self.session_row(id)?;
        let mut context = Self::context(&row);
        let other = context.other.take().ok_or_else(nothing)?;
        if row.session.expires_at <= Timestamp::now() {
            return Err(nothing());
        }
        let credential = self.session_secrets(&row)?;
        let connection_id = ConnectionId::generate();
        let now = Timestamp::now();
        let sealed = credential.seal(self.vault(), &connection_id)?;
        let has_refresh = other.renews;
        let kept = CredentialRow {
            has_refresh,
            expires_at: other.expires_at,
            next_refresh_at: other.expires_at.filter(|_| has_refresh).map(|end| refresh_at(now, end, random_unit())),
            ..CredentialRow::lasting(&connection_id, sealed, now, &self.inner().device_id)
        };
        context.scopes = other.scopes;
        context.name = None;
        context.key = None;
        let mut row = row;
        row.session.connection_id = None;
        self.connect(row, context, connection_id, kept, Some(other.account), now).await?;
        self.session(id)
    }

    /// Writes the connection, its credential, its event and the attempt's end in one transaction.
    async fn connect(
        &self,
        row: SessionRow,
        context: Context,
        connection_id: ConnectionId,
        mut kept: CredentialRow,
        account: Option<Account>,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let flight = self.inner().flights.of(&connection_id);
        let _only_one = flight.lock().await;
        let session_id = row.session.id.clone();
        let app_name = row.session.app_name.clone();
        let done = self
            .write(move |tx| {
                let Some(mut session_row) = tx.session(&session_id)? else { return Ok(None) };
                let event = match session_row.session.state {
                    membrane_model::SessionState::Failed { .. } => SessionEvent::Keep,
                    _ => SessionEvent::Accepted,
                };
                let Some(next) = session_transition(&session_row.session.state, &event) else { return Ok(None) };
                let existing = match &row.session.connection_id {
                    Some(id) => tx.connection(id)?,
                    None => None,
                };
                let (mut connection, step) = match existing {
                    Some(connection) => {
                        let Some(step) = transition(&connection.state, &ConnectionEvent::SignedIn, now) else {
                            return Ok(None);
                        };
                        (connection, step)
                    }
                    None => {
                        let connection = new_connection(&row, &context, &connection_id, app_name, now);
                        tx.insert_connection(&connection)?;
                        let effects = vec![Effect::Emit(EventKind::Created)];
                        (connection, Step { next: ConnectionState::Connected, effects })
                    }
                };
                if connection.app != row.session.app_key {
                    // A first connect whose app the person chose.
                    connection.app = row.session.app_key.clone();
                    connection.name = row.session.app_name.clone();
                }
                connection.auth_method = row.session.auth_method.clone();
                connection.fields = context.fields;
                connection.scopes = context.scopes;
                connection.archived_at = None;
                if let Some(name) = context.name {
                    connection.name = name;
                }
                if account.is_some() {
                    connection.account = account;
                }
                connection.generation += 1;
                kept.generation = connection.generation;
                tx.put_credential(&kept)?;
                tx.clear_journal(&connection.id)?;
                let written: Vec<LifecycleEvent> = apply(tx, &mut connection, &step, now)?;
                session_row.session.state = next;
                session_row.session.connection_id = Some(connection.id.clone());
                session_row.secrets = None;
                session_row.state_hash = None;
                session_row.context = serde_json::Value::Object(serde_json::Map::new());
                tx.update_session(&session_row)?;
                Ok::<_, StoreError>(Some((connection, step, written, session_row.session)))
            })
            .await?;
        if let Some((connection, step, written, session)) = done {
            self.inner().listeners.end(&session.id);
            self.inner().storage.saved(&connection.id);
            self.mark(&connection.id, connection.generation);
            self.after(&connection, &step, written);
            self.publish_session(&session);
            self.inner().wake.notify_one();
        }
        Ok(())
    }
}

fn new_connection(
    row: &SessionRow,
    context: &Context,
    id: &ConnectionId,
    app_name: String,
    now: Timestamp,
) -> Connection {
    Connection {
        id: id.clone(),
        key: context.key.clone(),
        tenant: row.tenant.clone(),
        app: row.session.app_key.clone(),
        auth_method: row.session.auth_method.clone(),
        name: context.name.clone().unwrap_or(app_name),
        account: None,
        state: ConnectionState::Connecting { session: row.session.id.clone() },
        fields: context.fields.clone(),
        scopes: Vec::new(),
        meta: serde_json::Map::new(),
        generation: 0,
        created_at: now,
        updated_at: now,
        last_used_at: None,
        archived_at: None,
    }
}
