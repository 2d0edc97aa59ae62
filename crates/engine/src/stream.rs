//! The event stream: a snapshot first, then deltas, so that a client has no race at its start.

use std::sync::Arc;

use membrane_model::{ConnectionState, Fault, LifecycleEvent, Session, StreamMessage, TenantId};
use tokio::sync::broadcast::{self, error::RecvError};

use crate::{ConnectionQuery, Engine};

/// One reader of the stream.
pub struct Deltas {
    engine: Engine,
    receiver: broadcast::Receiver<Arc<StreamMessage>>,
    pending: Option<StreamMessage>,
}

impl Deltas {
    /// Waits for the next message. A reader that lagged behind gets a new snapshot.
    pub async fn next(&mut self) -> Option<StreamMessage> {
        if let Some(message) = self.pending.take() {
            return Some(message);
        }
        match self.receiver.recv().await {
            Ok(message) => Some((*message).clone()),
            Err(RecvError::Lagged(_)) => {
                self.receiver = self.receiver.resubscribe();
                self.engine.snapshot().ok()
            }
            Err(RecvError::Closed) => None,
        }
    }
}

impl Engine {
    /// Returns a reader that starts with a snapshot.
    ///
    /// # Errors
    /// Fails when the store can't be read.
    pub fn subscribe(&self) -> Result<Deltas, Fault> {
        let receiver = self.inner().stream.subscribe();
        let snapshot = self.snapshot()?;
        Ok(Deltas { engine: self.clone(), receiver, pending: Some(snapshot) })
    }

    /// Returns everything there is to show.
    ///
    /// # Errors
    /// Fails when the store can't be read.
    pub fn snapshot(&self) -> Result<StreamMessage, Fault> {
        let sessions = self.store().read(|tx| tx.open_sessions())?;
        Ok(StreamMessage::Snapshot {
            status: self.status()?,
            connections: self.list_all(&TenantId::own())?,
            sessions: sessions.into_iter().map(|row| row.session).collect(),
        })
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
