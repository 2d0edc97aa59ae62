//! What becomes of an attempt, told to the program that waits for it under an id of its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use membrane_model::{ConnectionId, ConnectionView, ErrorCode, Fault, SessionId, SessionState, Timestamp, WireError};
use serde::Serialize;
use tokio::sync::watch;

use crate::Engine;
use crate::page::Page;
use crate::refresh::plan::between;

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

/// Tells whether the person may still make an end a good one: another account signed in, and they can keep it.
fn undecided(outcome: Option<&FlowOutcome>) -> bool {
    matches!(outcome, Some(FlowOutcome::Failed { error_data, .. }) if error_data.data.code == ErrorCode::AccountMismatch)
}

/// Why an attempt failed that nobody finished.
pub(crate) fn out_of_time() -> Fault {
    Fault::new(ErrorCode::SessionExpired, "nobody finished signing in in time")
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

    /// Tells whether somebody was told how what is waited for under an id ended.
    fn was_told(&self, id: &str) -> bool {
        self.inner().flows.sender(id).borrow().is_some()
    }

    /// Waits until the person has kept the other account that signed in, or the time for that is over.
    async fn decided(&self, id: &SessionId) -> Option<FlowOutcome> {
        while let Ok(session) = self.session(id)
            && matches!(session.state, SessionState::Failed { .. })
        {
            let left = between(Timestamp::now(), session.expires_at);
            if left.is_zero() || self.inner().stop_asked.is_cancelled() {
                break;
            }
            if self.wait_session(id, Some("failed"), left).await.is_err() {
                break;
            }
        }
        self.outcome(id)
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
            SessionState::Expired => Some(failed(out_of_time().to_wire(), session.connection_id)),
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
            let mut outcome = engine.outcome(&id);
            if undecided(outcome.as_ref()) {
                outcome = engine.decided(&id).await;
                if undecided(outcome.as_ref()) && page.grant.flow.as_ref().is_some_and(|flow| engine.was_told(flow)) {
                    // Another try went well meanwhile.
                    return;
                }
            }
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
