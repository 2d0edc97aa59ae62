//! The event stream: a snapshot first, then deltas, so that a client has no race at its start.

use std::sync::Arc;

use membrane_model::{ConnectionId, ConnectionState, Fault, LifecycleEvent, Session, StreamMessage, TenantId};
use tokio::sync::broadcast::{self, error::RecvError};

use crate::session::may_see_session;
use crate::{Caller, ConnectionQuery, Engine};

/// One reader of the stream.
pub struct Deltas {
    engine: Engine,
    caller: Caller,
    receiver: broadcast::Receiver<Arc<StreamMessage>>,
    pending: Option<StreamMessage>,
}

impl Deltas {
    /// Waits for the next message. A reader that lagged behind gets a new snapshot.
    pub async fn next(&mut self) -> Option<StreamMessage> {
        if let Some(message) = self.pending.take() {
            return Some(message);
        }
        loop {
            match self.receiver.recv().await {
                Ok(message) => {
                    if let Some(message) = self.engine.shown(&self.caller, &message) {
                        return Some(message);
                    }
                }
                Err(RecvError::Lagged(_)) => {
                    self.receiver = self.receiver.resubscribe();
                    return self.engine.snapshot(&self.caller).ok();
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

impl Engine {
    /// Returns a reader that starts with a snapshot.
    ///
    /// # Errors
    /// Fails when the store can't be read.
    pub fn subscribe(&self, caller: &Caller) -> Result<Deltas, Fault> {
        let receiver = self.inner().stream.subscribe();
        let snapshot = self.snapshot(caller)?;
        Ok(Deltas { engine: self.clone(), caller: caller.clone(), receiver, pending: Some(snapshot) })
    }

    /// Returns everything there is to show to a caller.
    ///
    /// # Errors
    /// Fails when the store can't be read.
    pub fn snapshot(&self, caller: &Caller) -> Result<StreamMessage, Fault> {
        let sessions = self.store().read(|tx| tx.open_sessions())?;
        let sessions = sessions.into_iter().filter(|row| may_see_session(caller, row)).map(|row| row.session);
        let mut connections = match caller.only_tenant() {
            Some(tenant) => self.list_all(&tenant)?,
            None => self.list_everyone()?,
        };
        if let Caller::Page(page) = caller {
            connections.retain(|view| self.page_sees(page, &view.id));
        }
        let tenants = match caller.only_tenant() {
            Some(tenant) => vec![self.tenant(&tenant)?],
            None => self.tenants()?,
        };
        let mut requests = self.pending_requests(caller)?;
        if let Caller::Page(page) = caller {
            requests.retain(|request| page.grant.connection_request.as_ref() == Some(&request.request_id));
        }
        let status = self.status_for(caller)?;
        Ok(StreamMessage::Snapshot { status, connections, sessions: sessions.collect(), requests, tenants })
    }

    /// Returns a message as a caller may see it; none when it is about somebody else's.
    fn shown(&self, caller: &Caller, message: &StreamMessage) -> Option<StreamMessage> {
        if caller.is_person() {
            return Some(message.clone());
        }
        let seen = |id: &ConnectionId| self.find_for(caller, id).is_ok();
        let visible = match message {
            StreamMessage::Connection { connection } => seen(&connection.id),
            StreamMessage::ConnectionRemoved { id } => seen(id),
            StreamMessage::Event { event } => seen(&event.connection_id),
            StreamMessage::Session { session } => {
                let row = self.store().read(|tx| tx.session(&session.id)).ok().flatten();
                row.is_some_and(|row| may_see_session(caller, &row))
            }
            StreamMessage::Request { request } => self.request(caller, &request.request_id).is_ok(),
            StreamMessage::Tenant { .. } | StreamMessage::Snapshot { .. } => false,
            StreamMessage::Status { .. } => {
                return self.status_for(caller).ok().map(|status| StreamMessage::Status { status });
            }
        };
        visible.then(|| message.clone())
    }

    pub(crate) fn publish_session(&self, session: &Session) {
        self.publish(StreamMessage::Session { session: session.clone() });
    }

    pub(crate) fn publish_event(&self, event: LifecycleEvent) {
        self.publish(StreamMessage::Event { event });
    }

    /// Sends a connection as it is now, and the status with it, since the counts may have changed.
    pub(crate) fn publish_connection(&self, id: &membrane_model::ConnectionId) {
        self.publish_renewal(id);
        self.publish_status();
    }

    /// Sends a connection whose state did not change: the counts are the same, so the status is left out.
    pub(crate) fn publish_renewal(&self, id: &membrane_model::ConnectionId) {
        if self.inner().stream.receiver_count() == 0 {
            return;
        }
        match self.find(id) {
            Ok(found) if found.archived_at.is_some() => {
                self.publish(StreamMessage::ConnectionRemoved { id: id.clone() });
            }
            Ok(found) => match self.view(&found) {
                Ok(view) => self.publish(StreamMessage::Connection { connection: Box::new(view) }),
                Err(fault) => tracing::warn!("failed to show a change: {fault}"),
            },
            Err(_) => self.publish(StreamMessage::ConnectionRemoved { id: id.clone() }),
        }
    }

    pub(crate) fn publish_status(&self) {
        if self.inner().stream.receiver_count() == 0 {
            return;
        }
        if let Ok(status) = self.status() {
            self.publish(StreamMessage::Status { status });
        }
    }

    pub(crate) fn list_all(&self, tenant: &TenantId) -> Result<Vec<membrane_model::ConnectionView>, Fault> {
        let mut all = Vec::new();
        let mut query = ConnectionQuery { limit: Some(1000), ..ConnectionQuery::default() };
        loop {
            let page = self.list(tenant, &query)?;
            all.extend(page.items);
            match page.cursor {
                Some(cursor) => query.cursor = Some(cursor),
                None => return Ok(all),
            }
        }
    }

    /// Lists the connections of all tenants.
    pub(crate) fn list_everyone(&self) -> Result<Vec<membrane_model::ConnectionView>, Fault> {
        let mut all = Vec::new();
        for tenant in self.tenants()? {
            all.extend(self.list_all(&tenant.id)?);
        }
        Ok(all)
    }

    /// Returns what happened to a connection, newest first.
    ///
    /// # Errors
    /// Fails when the store can't be read.
    pub fn events_of(&self, id: &membrane_model::ConnectionId, limit: u32) -> Result<Vec<LifecycleEvent>, Fault> {
        Ok(self.store().read(|tx| tx.events(Some(id), limit, None))?.into_iter().map(|row| row.event).collect())
    }

    pub(crate) fn is_disconnected(state: &ConnectionState) -> bool {
        matches!(state, ConnectionState::Disconnected { .. })
    }
}
