//! Connections: listing, changing, resting and archiving them.

#[cfg(test)]
mod model;
pub(crate) mod transition;
mod view;

use membrane_model::{
    Connection, ConnectionId, ConnectionState, ConnectionView, ErrorCode, EventId, Fault, LifecycleEvent, ListPage,
    TenantId, Timestamp,
};
use membrane_store::{ConnectionFilter, StoreError, Tx};

use crate::connection::transition::{ConnectionEvent, Effect, Step, transition};
use crate::{Caller, Engine};

/// What a list is narrowed to; see `GET /connections`.
#[derive(Debug, Clone, Default)]
pub struct ConnectionQuery {
    /// 1 to 1000; 100 unless told.
    pub limit: Option<usize>,
    /// Where the page starts, from the page before; `0` = the start.
    pub cursor: Option<String>,
    /// Part of a name, an account or an app.
    pub search: Option<String>,
    /// Only this app.
    pub app: Option<String>,
    /// Only those that need the person, or only the others.
    pub disconnected: Option<bool>,
    /// Archived ones too.
    pub include_archived: bool,
}

/// What may be changed of a connection.
#[derive(Debug, Clone, Default)]
pub struct ConnectionPatch {
    /// What the person sees.
    pub name: Option<String>,
    /// Chosen by a client; `Some(None)` takes it away.
    pub key: Option<Option<String>>,
    /// Free metadata, replaced as a whole.
    pub meta: Option<serde_json::Map<String, serde_json::Value>>,
}

/// The most a connection's metadata may be, in bytes of JSON.
const META_MAX: usize = 16 * 1024;

impl Engine {
    /// Lists connections.
    ///
    /// # Errors
    /// `BadRequest` for a limit outside 1 to 1000 or a cursor that isn't ours.
    pub fn list(&self, tenant: &TenantId, query: &ConnectionQuery) -> Result<ListPage<ConnectionView>, Fault> {
        let limit = query.limit.unwrap_or(100);
        if !(1..=1000).contains(&limit) {
            return Err(Fault::new(ErrorCode::BadRequest, "limit is outside 1 to 1000"));
        }
        let filter = ConnectionFilter {
            tenant: tenant.clone(),
            include_archived: query.include_archived,
            app: query.app.clone(),
            disconnected: query.disconnected,
            search: query.search.clone(),
            limit,
            cursor: query.cursor.clone(),
        };
        let page = self.store().read(|tx| {
            let page = tx.connections(&filter)?;
            let with_facts = page.items.into_iter().map(|connection| {
                let credential = tx.credential(&connection.id)?;
                Ok((connection, credential))
            });
            Ok((with_facts.collect::<Result<Vec<_>, StoreError>>()?, page.cursor))
        })?;
        let items = page.0.iter().map(|(connection, row)| self.project(connection, row.as_ref())).collect();
        Ok(ListPage { items, cursor: page.1 })
    }

    /// Finds a connection by its id, archived or not.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn find(&self, id: &ConnectionId) -> Result<Connection, Fault> {
        self.store().read(|tx| tx.connection(id))?.ok_or_else(|| not_found(id.as_str()))
    }

    /// Finds a connection that a caller may see by its id, archived or not.
    ///
    /// # Errors
    /// `NotFound`, for one of another tenant too.
    pub fn find_for(&self, caller: &Caller, id: &ConnectionId) -> Result<Connection, Fault> {
        let found = self.find(id)?;
        if self.may_see(caller, &found) { Ok(found) } else { Err(not_found(id.as_str())) }
    }

    /// Finds a connection of a caller's by its id or key, or by its app's key where the app has one connection;
    /// archived ones left out.
    ///
    /// # Errors
    /// `NotFound`, and `BadRequest` for an app with several connections.
    pub fn resolve(&self, caller: &Caller, id_or_key: &str) -> Result<Connection, Fault> {
        let id = id_or_key.parse::<ConnectionId>().map_err(|_| not_found(id_or_key))?;
        let tenant = caller.tenant();
        let found = self.store().read(|tx| match tx.connection(&id)? {
            Some(connection) => Ok(Some(connection)),
            None => tx.connection_by_key(&tenant, id_or_key),
        })?;
        match found.filter(|connection| connection.archived_at.is_none() && self.may_see(caller, connection)) {
            Some(found) => Ok(found),
            None => self.only_one_of(caller, id_or_key),
        }
    }

    /// Tells whether a caller may see a connection: one of its tenant, and for a page one of its own.
    pub(crate) fn may_see(&self, caller: &Caller, connection: &Connection) -> bool {
        let own = match caller {
            Caller::Page(page) => self.page_sees(page, &connection.id),
            Caller::Console | Caller::Terminal | Caller::Client { .. } => true,
        };
        own && caller.sees(&connection.tenant)
    }

    fn only_one_of(&self, caller: &Caller, app: &str) -> Result<Connection, Fault> {
        let filter = ConnectionFilter {
            tenant: caller.tenant(),
            include_archived: false,
            app: Some(app.to_owned()),
            disconnected: None,
            search: None,
            limit: 10,
            cursor: None,
        };
        let mut found = self.store().read(|tx| tx.connections(&filter))?.items;
        found.retain(|connection| {
            !matches!(connection.state, ConnectionState::Connecting { .. }) && self.may_see(caller, connection)
        });
        if found.len() > 1 {
            let ids = found.iter().map(|connection| connection.id.as_str()).collect::<Vec<_>>().join(", ");
            return Err(Fault::new(ErrorCode::BadRequest, format!("{app} has several connections"))
                .hint(format!("Name one by its id: {ids}.")));
        }
        found.pop().ok_or_else(|| not_found(app))
    }

    /// Changes what a person or client may change.
    ///
    /// # Errors
    /// `NotFound`, `BadRequest` for a value that can't be, `AlreadyExists` for a key in use.
    pub async fn patch(&self, id: &ConnectionId, patch: ConnectionPatch) -> Result<ConnectionView, Fault> {
        let mut connection = self.find(id)?;
        if let Some(name) = patch.name {
            connection.name = checked_name(&name)?;
        }
        if let Some(key) = patch.key {
            if let Some(key) = &key {
                key.parse::<ConnectionId>().map_err(|_| {
                    Fault::new(
                        ErrorCode::BadRequest,
                        "key may only have letters, digits, '-', '_' and '.', 1 to 100 of them",
                    )
                })?;
            }
            connection.key = key;
        }
        if let Some(meta) = patch.meta {
            check_meta(&meta)?;
            connection.meta = meta;
        }
        connection.updated_at = Timestamp::now();
        let saved = connection.clone();
        self.write(move |tx| tx.update_connection(&saved)).await?;
        self.publish_connection(id);
        self.view(&connection)
    }

    /// Lets a connection rest: nothing is renewed or handed out.
    ///
    /// # Errors
    /// `NotFound`, or `Disconnected` when it needs the person anyway.
    pub async fn pause(&self, id: &ConnectionId, until: Option<Timestamp>) -> Result<ConnectionView, Fault> {
        let connection = self.drive(id, ConnectionEvent::Pause { until }).await?;
        match connection.state {
            ConnectionState::Paused { .. } => self.view(&connection),
            ConnectionState::Connecting { .. } => {
                Err(Fault::new(ErrorCode::NotConnectedYet, "it is not connected yet"))
            }
            ConnectionState::Connected | ConnectionState::Disconnected { .. } => {
                Err(Fault::new(ErrorCode::Disconnected, "it needs you already, so there is nothing to pause"))
            }
        }
    }

    /// Wakes a resting connection.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn resume(&self, id: &ConnectionId) -> Result<ConnectionView, Fault> {
        let connection = self.drive(id, ConnectionEvent::Resume).await?;
        self.inner().wake.notify_one();
        self.view(&connection)
    }

    /// Lets all connections rest, or wakes them.
    ///
    /// # Errors
    /// Fails when the store can't be written.
    pub async fn rest_all(&self, event: ConnectionEvent) -> Result<usize, Fault> {
        let ids: Vec<ConnectionId> = self.list_everyone()?.into_iter().map(|view| view.id).collect();
        let mut changed = 0;
        for id in ids {
            let before = self.find(&id)?.state;
            if self.drive(&id, event.clone()).await?.state != before {
                changed += 1;
            }
        }
        self.inner().wake.notify_one();
        Ok(changed)
    }

    /// Pauses all connections, until a time or until resumed.
    ///
    /// # Errors
    /// Fails when the store can't be written.
    pub async fn pause_all(&self, until: Option<Timestamp>) -> Result<usize, Fault> {
        self.rest_all(ConnectionEvent::Pause { until }).await
    }

    /// Resumes all connections that rest.
    ///
    /// # Errors
    /// Fails when the store can't be written.
    pub async fn resume_all(&self) -> Result<usize, Fault> {
        self.rest_all(ConnectionEvent::Resume).await
    }

    /// Tells until when everything rests; `None` when something doesn't.
    pub(crate) fn paused_until(&self, now: Timestamp) -> Result<Option<Timestamp>, Fault> {
        Ok(self.store().read(|tx| tx.all_paused_until())?.filter(|until| *until > now))
    }

    /// Archives a connection: the credential is destroyed here at once, then revoked at the provider where it can be.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn archive(&self, id: &ConnectionId) -> Result<ConnectionView, Fault> {
        let flight = self.inner().flights.of(id);
        let _only_one = flight.lock().await;
        let connection = self.find(id)?;
        if connection.archived_at.is_some() {
            return self.view(&connection);
        }
        let revocation = self.prepare_revocation(&connection);
        if let ConnectionState::Connecting { session } = &connection.state {
            self.cancel_session(session).await.ok();
        }
        let archived = self
            .drive_with(id, ConnectionEvent::Archive, move |tx| match &revocation {
                Some(revocation) => tx.put_revocation(revocation),
                None => Ok(()),
            })
            .await?;
        self.inner().storage.saved(id);
        self.inner().marks.forget(id);
        let store = std::sync::Arc::clone(&self.inner().store);
        tokio::task::spawn_blocking(move || store.checkpoint().ok());
        self.revoke_what_is_due();
        self.view(&archived)
    }

    /// Brings an archived connection back: its credential is gone, so it needs the person.
    ///
    /// # Errors
    /// `NotFound`; `AlreadyExists` when its key is in use again.
    pub async fn restore(&self, id: &ConnectionId) -> Result<ConnectionView, Fault> {
        let connection = self.drive(id, ConnectionEvent::Restore).await?;
        self.view(&connection)
    }

    /// Takes one step of the machine: writes state, credential and event in one transaction, then does the rest.
    pub(crate) async fn drive(&self, id: &ConnectionId, event: ConnectionEvent) -> Result<Connection, Fault> {
        self.drive_with(id, event, |_| Ok(())).await
    }

    /// The same, with something more in the transaction.
    async fn drive_with(
        &self,
        id: &ConnectionId,
        event: ConnectionEvent,
        more: impl FnOnce(&Tx<'_>) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<Connection, Fault> {
        let now = Timestamp::now();
        let id = id.clone();
        let (connection, step, written) = self
            .write(move |tx| {
                let mut connection = tx.connection(&id)?.ok_or(StoreError::NotFound)?;
                if event == ConnectionEvent::Restore && connection.archived_at.take().is_none() {
                    return Ok((connection, None, Vec::new()));
                }
                let Some(step) = transition(&connection.state, &event, now) else {
                    return Ok((connection, None, Vec::new()));
                };
                if event == ConnectionEvent::Archive {
                    connection.archived_at = Some(now);
                }
                let written = apply(tx, &mut connection, &step, now)?;
                more(tx)?;
                Ok((connection, Some(step), written))
            })
            .await?;
        if let Some(step) = step {
            self.after(&connection, &step, written);
        }
        Ok(connection)
    }

    /// Does what follows from a step that is on disk.
    pub(crate) fn after(&self, connection: &Connection, step: &Step, written: Vec<LifecycleEvent>) {
        for effect in &step.effects {
            match effect {
                Effect::Notify => {
                    if let ConnectionState::Disconnected { reason, .. } = connection.state {
                        self.tell(connection, reason);
                    }
                }
                Effect::ClearNotification => self.untell(&connection.id),
                Effect::Emit(_) | Effect::DestroyCredential => {}
            }
        }
        if !written.is_empty() {
            self.inner().outbox.look();
        }
        for event in written {
            tracing::info!(connection = %connection.id, app = %connection.app, "{}", event.kind.name());
            self.publish_event(event);
        }
        self.publish_connection(&connection.id);
    }
}

/// Writes a step: the row, its event, and the end of its credential where the step says so.
pub(crate) fn apply(
    tx: &Tx<'_>,
    connection: &mut Connection,
    step: &Step,
    now: Timestamp,
) -> Result<Vec<LifecycleEvent>, StoreError> {
    connection.state = step.next.clone();
    connection.updated_at = now;
    let mut written = Vec::new();
    for effect in &step.effects {
        match effect {
            Effect::Emit(kind) => {
                let reason = match &connection.state {
                    ConnectionState::Disconnected { reason, .. } => Some(*reason),
                    ConnectionState::Connecting { .. }
                    | ConnectionState::Connected
                    | ConnectionState::Paused { .. } => None,
                };
                let event = LifecycleEvent {
                    id: EventId::generate(),
                    kind: *kind,
                    tenant_id: connection.tenant.clone(),
                    connection_id: connection.id.clone(),
                    app_key: connection.app.clone(),
                    reason,
                    created_at: now,
                };
                tx.append_event(&event)?;
                crate::webhook::queue(tx, connection, &event)?;
                written.push(event);
            }
            Effect::DestroyCredential => {
                tx.delete_credential(&connection.id)?;
                tx.clear_journal(&connection.id)?;
                connection.generation += 1;
            }
            Effect::Notify | Effect::ClearNotification => {}
        }
    }
    tx.update_connection(connection)?;
    Ok(written)
}

/// Checks the metadata that a client gives.
pub(crate) fn check_meta(meta: &serde_json::Map<String, serde_json::Value>) -> Result<(), Fault> {
    if serde_json::to_vec(meta).map_or(usize::MAX, |bytes| bytes.len()) > META_MAX {
        return Err(Fault::new(ErrorCode::BadRequest, "meta is larger than 16 KiB"));
    }
    Ok(())
}

/// Checks a name that a person or client gives.
pub(crate) fn checked_name(name: &str) -> Result<String, Fault> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(Fault::new(ErrorCode::BadRequest, "name has 1 to 100 characters on one line"));
    }
    Ok(name.to_owned())
}

fn not_found(what: &str) -> Fault {
    let shown: String = what.chars().filter(|c| !c.is_control()).take(100).collect();
    Fault::new(ErrorCode::NotFound, format!("no connection has the id or key {shown:?}"))
}
