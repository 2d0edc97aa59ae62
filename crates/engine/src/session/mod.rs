//! Connect sessions: attempts to connect or reconnect, by all five methods, one door each.

mod browser;
mod callback;
mod choose;
mod device;
mod finish;
mod form;
mod life;
mod mcp;
mod start;
pub(crate) mod transition;
mod who;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use membrane_catalog::{App, AuthMethod};
use membrane_model::{
    Account, AppKey, ConnectionId, ErrorCode, Fault, Field, ReturnPath, Session, SessionId, SessionState, TenantId,
    Timestamp, WireError,
};
use membrane_store::SessionRow;
use membrane_vault::Place;
use serde::{Deserialize, Serialize};
use tokio::task::AbortHandle;

pub(crate) use callback::exchange_fault;

use crate::credential::Credential;
pub use crate::session::form::IfSilent;
use crate::session::transition::{SessionEvent, transition};
use crate::{Caller, Engine};

/// The ports that fixed loopback redirects are registered with.
pub const CALLBACK_PORTS: [u16; 3] = [4780, 4781, 4782];
/// How long the browser may take.
const BROWSER_TIME: Duration = Duration::from_secs(10 * 60);
/// How long a form may stay open.
const FORM_TIME: Duration = Duration::from_secs(30 * 60);

/// What an attempt starts with.
#[derive(Debug, Clone, Default)]
pub struct StartSession {
    /// Whose connection it will be; the person of this computer's unless told.
    pub tenant: Option<TenantId>,
    /// The app; taken from the connection when one is named that was connected before.
    pub app: Option<AppKey>,
    /// Which of the app's ways; the best usable one unless told.
    pub auth_method: Option<String>,
    /// The connection to repair.
    pub connection: Option<ConnectionId>,
    /// A name for a new connection.
    pub name: Option<String>,
    /// A key of a client's own for a new connection.
    pub key: Option<String>,
    /// Whether it may make one more connection of an app that has one: no = that one is signed in to again; yes unless
    /// told.
    pub allow_multiple: Option<bool>,
    /// Values of form fields.
    pub input: BTreeMap<String, String>,
    /// Scopes to ask for; the app's usual ones unless told.
    pub scopes: Option<Vec<String>>,
    /// The way back from the browser; what the provider likes best unless told.
    pub return_path: Option<ReturnPath>,
    /// Open the browser right away.
    pub open: bool,
    /// Bring the attempt's screen to the front when the browser comes back.
    pub reveal: bool,
    /// A page of ours in a browser starts it: the browser comes back to the API itself where it can.
    pub page: bool,
}

/// How an answer from the browser was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallbackAnswer {
    /// It belongs to this attempt, which goes on.
    Accepted(SessionId),
    /// It ended this attempt: the person said no, or the provider refused.
    Ended(SessionId),
}

/// What is remembered of an attempt beside its public part; holds no secrets.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Context {
    pub(crate) name: Option<String>,
    pub(crate) fields: BTreeMap<String, String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) redirect_uri: Option<String>,
    pub(crate) return_path: Option<ReturnPath>,
    pub(crate) reveal: bool,
    pub(crate) page: bool,
    /// A key for a new connection.
    pub(crate) key: Option<String>,
    /// The page where the person goes on: a form, or the choice of an app.
    pub(crate) page_url: Option<String>,
    /// The person chooses the app first.
    pub(crate) choose: bool,
    pub(crate) interval: u64,
    /// The server that was found, where the app's file doesn't name it.
    pub(crate) issuer: Option<String>,
    /// What the tokens will be for.
    pub(crate) resource: Option<String>,
    /// Signed in, and the person chooses a tenant.
    pub(crate) held: Option<choose::Held>,
    /// The connection row was made by the wire before anyone signed in.
    pub(crate) wire_row: bool,
    /// The app could not be asked whether the key is good, and the person wants to keep it all the same.
    pub(crate) unchecked: bool,
    /// After another account signed in: whose, and what was granted.
    pub(crate) other: Option<OtherAccount>,
}

/// A credential that waits for the person's decision.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct OtherAccount {
    pub(crate) account: Account,
    pub(crate) scopes: Vec<String>,
    pub(crate) expires_at: Option<Timestamp>,
    /// It renews itself, with a refresh token or without.
    #[serde(default)]
    pub(crate) renews: bool,
}

/// The loopback listeners and device polls that run for attempts.
#[derive(Default)]
pub(crate) struct Listeners(Mutex<HashMap<SessionId, AbortHandle>>);

impl Listeners {
    fn put(&self, id: &SessionId, task: AbortHandle) {
        let old = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), task);
        if let Some(old) = old {
            old.abort();
        }
    }

    fn end(&self, id: &SessionId) {
        if let Some(task) = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id) {
            task.abort();
        }
    }
}

/// Fills a buffer with randomness from the system.
pub(crate) fn random(buffer: &mut [u8]) -> Result<(), Fault> {
    getrandom::fill(buffer).map_err(|_| Fault::new(ErrorCode::Internal, "the system gives no randomness"))
}

/// The state of an attempt that waits for a form.
fn form_state(fields: Vec<Field>, problem: Option<WireError>) -> SessionState {
    SessionState::AwaitingUser {
        authorization_url: None,
        redirect_uri: None,
        user_code: None,
        verification_uri: None,
        verification_uri_complete: None,
        fields,
        problem,
    }
}

fn secrets_place(id: &SessionId) -> Place<'_> {
    Place { table: "session", row: id.as_str(), field: "secrets" }
}

impl Engine {
    /// Finds an attempt.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn session(&self, id: &SessionId) -> Result<Session, Fault> {
        Ok(self.session_row(id)?.session)
    }

    /// Finds an attempt that a caller may see: one of its tenant, and for a page one of its own.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn session_for(&self, caller: &Caller, id: &SessionId) -> Result<Session, Fault> {
        let row = self.session_row(id)?;
        if may_see_session(caller, &row) { Ok(row.session) } else { Err(no_session(id)) }
    }

    pub(crate) fn session_row(&self, id: &SessionId) -> Result<SessionRow, Fault> {
        self.store().read(|tx| tx.session(id))?.ok_or_else(|| no_session(id))
    }

    pub(crate) fn context(row: &SessionRow) -> Context {
        serde_json::from_value(row.context.clone()).unwrap_or_default()
    }

    fn session_secrets(&self, row: &SessionRow) -> Result<Credential, Fault> {
        match &row.secrets {
            Some(sealed) => Credential::open_at(self.vault(), secrets_place(&row.session.id), sealed),
            None => Ok(Credential::default()),
        }
    }

    fn seal_session_secrets(&self, id: &SessionId, secrets: &Credential) -> Result<membrane_vault::Sealed, Fault> {
        secrets.seal_at(self.vault(), secrets_place(id))
    }

    /// Takes one step of an attempt's machine and changes its row in the same transaction; `None` when the attempt has
    /// moved on meanwhile.
    async fn step(
        &self,
        id: &SessionId,
        event: SessionEvent,
        change: impl FnOnce(&mut SessionRow) + Send + 'static,
    ) -> Result<Option<Session>, Fault> {
        let key = id.clone();
        let session = self
            .write(move |tx| {
                let Some(mut row) = tx.session(&key)? else { return Ok(None) };
                let Some(next) = transition(&row.session.state, &event) else { return Ok(None) };
                row.session.state = next;
                change(&mut row);
                if row.session.state.is_final() {
                    row.state_hash = None;
                    let waits_for_decision =
                        matches!(row.session.state, SessionState::Failed { .. }) && Self::context(&row).other.is_some();
                    if !waits_for_decision {
                        row.secrets = None;
                    }
                }
                tx.update_session(&row)?;
                Ok(Some(row.session))
            })
            .await?;
        if let Some(session) = &session {
            if session.state.is_final() {
                self.inner().listeners.end(id);
            }
            self.publish_session(session);
            if let Some(connection) = &session.connection_id
                && session.state.is_final()
            {
                self.publish_connection(connection);
            }
        }
        Ok(session)
    }

    /// Ends an attempt without success.
    async fn fail(&self, id: &SessionId, fault: &Fault) {
        tracing::info!(session = %id, code = %fault.code.as_str(), "an attempt to connect failed");
        if let Err(error) = self.step(id, SessionEvent::Failed(fault.to_wire()), |_| {}).await {
            tracing::warn!("failed to end an attempt: {error}");
        }
    }

    fn app_and_method<'a>(
        &self,
        catalog: &'a membrane_catalog::Catalog,
        session: &Session,
    ) -> Result<(&'a App, &'a AuthMethod), Fault> {
        let app = self.app(catalog, &session.app_key)?;
        Ok((app, self.method(app, &session.auth_method)?))
    }
}

/// Tells whether a caller may see an attempt.
pub(crate) fn may_see_session(caller: &Caller, row: &SessionRow) -> bool {
    let own = match caller {
        Caller::Page(page) => page.has_session(&row.session.id),
        Caller::Console | Caller::Terminal | Caller::Client { .. } => true,
    };
    own && caller.sees(&row.tenant)
}

fn no_session(id: &SessionId) -> Fault {
    Fault::new(ErrorCode::NotFound, format!("no attempt to connect has the id {:?}", id.as_str()))
        .hint("Start connecting again.")
}
