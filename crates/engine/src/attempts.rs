//! How attempts to connect ended, for programs that look back: kept for a day.

use membrane_model::{AppKey, ConnectionId, Fault, SessionId, SessionState, TenantId, Timestamp, WireError};

use crate::{Caller, Engine};

/// Which attempts are wanted.
#[derive(Debug, Clone, Default)]
pub struct AttemptFilter {
    /// Only of this connection.
    pub connection: Option<ConnectionId>,
    /// Only of this app.
    pub app: Option<AppKey>,
    /// Only those that succeeded, or only those that didn't.
    pub succeeded: Option<bool>,
    /// Where the page before ended.
    pub before: Option<SessionId>,
}

/// An attempt that is over.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Names it.
    pub id: SessionId,
    /// Whose.
    pub tenant: TenantId,
    /// Which app.
    pub app: AppKey,
    /// Which way.
    pub auth_method: String,
    /// The connection that it made or was about.
    pub connection: Option<ConnectionId>,
    /// Why it failed.
    pub error: Option<WireError>,
    /// When it began.
    pub created_at: Timestamp,
}

impl Engine {
    /// Lists a caller's attempts that succeeded or failed, the newest first. One that was called off is not among them.
    ///
    /// # Errors
    /// Fails when the store can't be read.
    pub fn attempts(&self, caller: &Caller, filter: &AttemptFilter, limit: usize) -> Result<Vec<Attempt>, Fault> {
        let tenant = caller.tenant();
        let ended = self.store().read(|tx| tx.ended_sessions(&tenant, filter.before.as_ref()))?;
        let attempts = ended.into_iter().filter_map(|row| {
            let session = row.session;
            let error = match session.state {
                SessionState::Done => None,
                SessionState::Failed { error } => Some(error),
                SessionState::Expired => Some(crate::flow::out_of_time().to_wire()),
                SessionState::Cancelled
                | SessionState::AwaitingUser { .. }
                | SessionState::Exchanging
                | SessionState::Verifying => return None,
            };
            Some(Attempt {
                id: session.id,
                tenant: row.tenant,
                app: session.app_key,
                auth_method: session.auth_method,
                connection: session.connection_id,
                error,
                created_at: session.created_at,
            })
        });
        let fits = |attempt: &Attempt| {
            filter.connection.as_ref().is_none_or(|id| attempt.connection.as_ref() == Some(id))
                && filter.app.as_ref().is_none_or(|app| attempt.app == *app)
                && filter.succeeded.is_none_or(|succeeded| attempt.error.is_none() == succeeded)
        };
        Ok(attempts.filter(fits).take(limit).collect())
    }
}
