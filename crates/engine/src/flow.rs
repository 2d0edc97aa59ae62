//! What becomes of an attempt, told to the program that waits for it under an id of its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use membrane_model::{ConnectionId, ConnectionView, SessionId, SessionState, WireError};
use serde::Serialize;
use tokio::sync::watch;

use crate::Engine;
use crate::page::Page;

/// How long an id is kept that nobody listens to.
const KEPT: Duration = Duration::from_secs(60 * 60);
/// How many ids are kept.
const FLOWS_MAX: usize = 2000;

/// The message that the official client waits for.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FlowMessage {
    /// What the client knows it by.
    pub source: &'static str,
    /// The id that the client chose.
    pub request_id: String,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: FlowOutcome,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
pub enum FlowOutcome {
    /// There is a connection.
    #[serde(rename = "newConnectionCreated")]
    Created {
        /// As it is now.
        connection: Box<ConnectionView>,
    },
    /// There is none.
    #[serde(rename = "newConnectionFailure")]
    Failed {
        /// Why, in one sentence.
        error: String,
        /// The same with its code and hint.
        error_data: Box<WireError>,
        /// The connection that it was about.
        #[serde(skip_serializing_if = "Option::is_none")]
        connection_id: Option<ConnectionId>,
    },
}

/// Where an end is told, and since when somebody knows the id.
type Told = (watch::Sender<Option<Arc<FlowMessage>>>, Instant);

/// How many may wait and what they were told.
#[derive(Default)]
pub(crate) struct Flows(Mutex<HashMap<String, Told>>);

impl Flows {
    fn sender(&self, id: &str) -> watch::Sender<Option<Arc<FlowMessage>>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= FLOWS_MAX {
            all.retain(|_, (sender, made)| sender.receiver_count() > 0 || made.elapsed() < KEPT / 60);
        }
        all.retain(|_, (sender, made)| sender.receiver_count() > 0 || made.elapsed() < KEPT);
        all.entry(id.to_owned()).or_insert_with(|| (watch::Sender::new(None), Instant::now())).0.clone()
    }
}

impl Engine {
    /// Returns a reader of what becomes of the attempt that a client waits for; the attempt may come later.
    #[must_use]
    pub fn flow(&self, id: &str) -> watch::Receiver<Option<Arc<FlowMessage>>> {
        self.inner().flows.sender(id).subscribe()
    }

    /// Tells whoever waits under an id how it ended.
    pub fn tell_flow(&self, id: &str, outcome: FlowOutcome) {
        let message = FlowMessage { source: "integration.app", request_id: id.to_owned(), outcome };
        self.inner().flows.sender(id).send_replace(Some(Arc::new(message)));
    }

    /// Returns how an attempt ended; `None` while it goes on, and for one that was called off.
    #[must_use]
    pub fn outcome(&self, id: &SessionId) -> Option<FlowOutcome> {
        let session = self.session(id).ok()?;
        let failed = |error: WireError, connection_id| FlowOutcome::Failed {
            error: error.message.clone(),
            error_data: Box::new(error),
            connection_id,
        };
        match session.state {
            SessionState::Done => {
                let connection = self.find(&session.connection_id?).and_then(|found| self.view(&found)).ok()?;
                Some(FlowOutcome::Created { connection: Box::new(connection) })
            }
            SessionState::Failed { error } => Some(failed(error, session.connection_id)),
            SessionState::Expired => {
                let fault = membrane_model::Fault::new(
                    membrane_model::ErrorCode::SessionExpired,
                    "nobody finished signing in in time",
                );
                Some(failed(fault.to_wire(), session.connection_id))
            }
            SessionState::Cancelled
            | SessionState::AwaitingUser { .. }
            | SessionState::Exchanging
            | SessionState::Verifying => None,
        }
    }

    /// Follows an attempt that a page started, until it is over: the page sees its connection, the program that opened
    /// the page hears of it, and the request that it answers is answered.
    pub(crate) fn follow_for_page(&self, id: &SessionId, page: &Arc<Page>) {
        page.started(id);
        self.leads_back(id, page);
        let (engine, id, page) = (self.clone(), id.clone(), Arc::clone(page));
        self.inner().tasks.until_end(async move {
            if engine.wait_until_final(&id).await.is_err() {
                return;
            }
            let outcome = engine.outcome(&id);
            if let Some(FlowOutcome::Created { connection }) = &outcome {
                page.connected(&connection.id);
            }
            if let Some(request) = &page.grant.connection_request
                && let Some(outcome) = &outcome
                && let Err(fault) = engine.answer_request(request, outcome).await
            {
                tracing::warn!("failed to answer a request to connect: {fault}");
            }
            if let (Some(flow), Some(outcome)) = (&page.grant.flow, outcome) {
                engine.tell_flow(flow, outcome);
            }
        });
    }
}
