//! How attempts end without the browser: called off, out of time, or cut short by the end of a process.

use std::time::Duration;

use membrane_model::{ConnectionState, ErrorCode, Fault, Session, SessionId, SessionState, Timestamp};
use membrane_store::StoreError;

use crate::Engine;
use crate::refresh::plan::{before, between};
use crate::session::transition::SessionEvent;

/// How long the rows of attempts that are over stay to be looked at.
const KEEP_ENDED: Duration = Duration::from_secs(24 * 60 * 60);
/// The longest that a long poll is held.
const WAIT_MAX: Duration = Duration::from_secs(60);

impl Engine {
    /// Calls an attempt off. A connection that it was to repair stays as it was.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn cancel_session(&self, id: &SessionId) -> Result<Session, Fault> {
        self.session_row(id)?;
        self.step(id, SessionEvent::Cancel, |_| {}).await?;
        self.session(id)
    }

    /// Waits until an attempt is no longer in the given state or is over, at most `limit`. One that failed because
    /// another account signed in may still end well: having seen that, a caller waits until the account is kept.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn wait_session(&self, id: &SessionId, seen: Option<&str>, limit: Duration) -> Result<Session, Fault> {
        let mut deltas = self.inner().stream.subscribe();
        let changed = |session: &Session| match (&session.state, seen) {
            (SessionState::Failed { error }, Some("failed")) => error.data.code != ErrorCode::AccountMismatch,
            (state, seen) => state.is_final() || seen.is_some_and(|seen| seen != state_name(session)),
        };
        let session = self.session(id)?;
        if changed(&session) {
            return Ok(session);
        }
        let waiting = async {
            loop {
                match deltas.recv().await {
                    Ok(message) => {
                        if let membrane_model::StreamMessage::Session { session } = message.as_ref()
                            && session.id == *id
                            && changed(session)
                        {
                            return;
                        }
                    }
                    Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {
                        if self.session(id).as_ref().is_ok_and(&changed) {
                            return;
                        }
                    }
                    Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
                }
            }
        };
        tokio::select! {
            _ended = tokio::time::timeout(limit.min(WAIT_MAX), waiting) => {}
            () = self.inner().stop_asked.cancelled() => {}
        }
        self.session(id)
    }

    /// Waits until an attempt is over, however long that takes.
    pub(crate) async fn wait_until_final(&self, id: &SessionId) -> Result<Session, Fault> {
        loop {
            let session = self.wait_session(id, None, WAIT_MAX).await?;
            if session.state.is_final() || self.inner().stop_asked.is_cancelled() {
                return Ok(session);
            }
        }
    }

    /// Ends attempts whose time is over, forgets old ones, and tells how long no other ends.
    pub(crate) async fn end_sessions(&self, now: Timestamp) -> Result<Duration, Fault> {
        let mut next = Duration::from_secs(30);
        self.end_requests(now).await?;
        for row in self.store().read(|tx| tx.open_sessions())? {
            let waiting = matches!(row.session.state, SessionState::AwaitingUser { .. });
            if waiting && row.session.expires_at <= now {
                self.step(&row.session.id, SessionEvent::TimeOut, |_| {}).await?;
            } else if waiting {
                next = next.min(between(now, row.session.expires_at));
            }
        }
        let old = before(now, KEEP_ENDED);
        let ended = self.store().read(|tx| tx.sessions_ended_before(old))?;
        for id in ended {
            let removed = self
                .write(move |tx| {
                    let connection = tx.session(&id)?.and_then(|row| row.session.connection_id);
                    tx.delete_session(&id)?;
                    // A first connect that never succeeded goes with its attempt.
                    let Some(key) = connection else { return Ok(None) };
                    let stale = tx
                        .connection(&key)?
                        .is_some_and(|c| matches!(&c.state, ConnectionState::Connecting { session } if *session == id));
                    if stale {
                        tx.delete_connection(&key)?;
                    }
                    Ok::<_, StoreError>(stale.then_some(key))
                })
                .await?;
            if let Some(id) = removed {
                self.publish_connection(&id);
            }
        }
        Ok(next)
    }

    /// Picks attempts up where the last process left them.
    pub(crate) async fn resume_sessions(&self) {
        let rows = match self.store().read(|tx| tx.open_sessions()) {
            Ok(rows) => rows,
            Err(error) => {
                tracing::warn!("failed to read the attempts that were under way: {error}");
                return;
            }
        };
        for row in rows {
            let id = row.session.id.clone();
            match &row.session.state {
                SessionState::AwaitingUser { user_code: Some(_), .. } => self.poll_device(&id),
                SessionState::AwaitingUser { redirect_uri: Some(uri), .. } => self.listen_again(&id, uri).await,
                SessionState::AwaitingUser { .. } => {}
                SessionState::Exchanging | SessionState::Verifying => {
                    let text = "the app was ended while the sign-in was being finished";
                    self.fail(&id, &Fault::new(ErrorCode::SessionEnded, text)).await;
                }
                SessionState::Done | SessionState::Failed { .. } | SessionState::Cancelled | SessionState::Expired => {}
            }
        }
    }

    /// Listens again on the port that the browser was sent to.
    async fn listen_again(&self, id: &SessionId, redirect_uri: &str) {
        let Ok(url) = url::Url::parse(redirect_uri) else { return };
        if url.scheme() != "http" || url.port().is_some_and(|port| super::CALLBACK_PORTS.contains(&port)) {
            return;
        }
        let localhost = url.host_str() == Some("localhost");
        if let Err(fault) = self.listen(id, url.port(), localhost).await {
            self.fail(id, &fault).await;
        }
    }
}

fn state_name(session: &Session) -> &'static str {
    match session.state {
        SessionState::AwaitingUser { .. } => "awaiting-user",
        SessionState::Exchanging => "exchanging",
        SessionState::Verifying => "verifying",
        SessionState::Done => "done",
        SessionState::Failed { .. } => "failed",
        SessionState::Cancelled => "cancelled",
        SessionState::Expired => "expired",
    }
}
