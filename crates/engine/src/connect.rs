//! Connecting through the wire: by intent, by app, or a reconnect, with an answer before anyone has signed in.

use std::collections::BTreeMap;

use membrane_model::{
    AppKey, Connection, ConnectionId, ConnectionState, ConnectionView, ErrorCode, Fault, SearchOutcome, TenantId,
    Timestamp,
};

use crate::connection::checked_name;
use crate::connection::transition::{ConnectionEvent, transition};
use crate::{Engine, StartSession};

/// What `POST /connect` and `POST /connections` take.
#[derive(Debug, Clone, Default)]
pub struct ConnectRequest {
    /// What to connect, in words.
    pub intent: Option<String>,
    /// Which app.
    pub app: Option<AppKey>,
    /// Which connection to repair.
    pub connection: Option<ConnectionId>,
    /// Which way to connect.
    pub auth_method: Option<String>,
    /// A name for the connection.
    pub name: Option<String>,
    /// A key of the caller's own for the connection.
    pub key: Option<String>,
    /// Values of form fields, secrets among them.
    pub input: BTreeMap<String, String>,
    /// Free metadata.
    pub meta: serde_json::Map<String, serde_json::Value>,
}

impl Engine {
    /// Starts connecting and answers at once: a first connect is a row in state Connecting, a reconnect leaves the
    /// connection as it is until it succeeds.
    ///
    /// # Errors
    /// `NoMatch` when no app fits the intent, `BadRequest` when several do (the hint names them) or nothing says what
    /// to connect, and as [`Self::start_session`].
    pub async fn connect_request(&self, request: ConnectRequest) -> Result<ConnectionView, Fault> {
        let mut start = StartSession {
            app: request.app.clone(),
            auth_method: request.auth_method.clone(),
            connection: request.connection.clone(),
            name: request.name.clone(),
            input: request.input.clone(),
            ..StartSession::default()
        };
        if let Some(id) = &request.connection {
            let session = self.start_session(start).await?;
            let mut view = self.view(&self.find(id)?)?;
            view.session_id = Some(session.id);
            return Ok(view);
        }
        if start.app.is_none() {
            start.app = Some(self.app_for(request.intent.as_deref())?);
        }
        self.connect_first(start, request).await
    }

    async fn connect_first(&self, mut start: StartSession, request: ConnectRequest) -> Result<ConnectionView, Fault> {
        self.need_vault().await?;
        let row = self.new_session(&start)?;
        let now = Timestamp::now();
        if let Some(key) = &request.key {
            key.parse::<ConnectionId>().map_err(|e| Fault::new(ErrorCode::BadRequest, format!("key: {e}")))?;
            if self.store().read(|tx| tx.connection_by_key(&TenantId::own(), key))?.is_some() {
                return Err(Fault::new(ErrorCode::AlreadyExists, format!("a connection has the key {key:?} already")));
            }
        }
        let connection = Connection {
            id: ConnectionId::generate(),
            key: request.key,
            tenant: TenantId::own(),
            app: row.session.app_key.clone(),
            auth_method: row.session.auth_method.clone(),
            name: request
                .name
                .as_deref()
                .map(checked_name)
                .transpose()?
                .unwrap_or_else(|| row.session.app_name.clone()),
            account: None,
            state: ConnectionState::Connecting { session: row.session.id.clone() },
            fields: BTreeMap::new(),
            scopes: Vec::new(),
            meta: request.meta,
            generation: 0,
            created_at: now,
            updated_at: now,
            last_used_at: None,
            archived_at: None,
        };
        let mut session_row = row;
        session_row.session.connection_id = Some(connection.id.clone());
        let (made, inserted) = (connection.clone(), session_row.clone());
        self.write(move |tx| {
            tx.insert_connection(&made)?;
            tx.insert_session(&inserted)
        })
        .await?;
        start.connection = Some(connection.id.clone());
        if let Err(fault) = self.begin(&session_row, start).await {
            // Nobody has seen the row yet: a start that fails leaves nothing behind.
            let (id, session) = (connection.id.clone(), session_row.session.id.clone());
            self.write(move |tx| {
                tx.delete_session(&session)?;
                tx.delete_connection(&id)
            })
            .await?;
            return Err(fault);
        }
        self.publish_connection(&connection.id);
        self.view(&self.find(&connection.id)?)
    }

    /// Starts a new attempt on a connection through the wire; one that was never connected gets the new attempt.
    ///
    /// # Errors
    /// As [`Self::start_session`].
    pub async fn reconnect_request(&self, id: &ConnectionId) -> Result<ConnectionView, Fault> {
        let start = StartSession { connection: Some(id.clone()), ..StartSession::default() };
        let session = self.start_session(start).await?;
        let connection = self.find(id)?;
        let event = ConnectionEvent::AttemptStarted(session.id.clone());
        if transition(&connection.state, &event, Timestamp::now()).is_some() {
            self.drive(id, event).await?;
        }
        let mut view = self.view(&self.find(id)?)?;
        view.session_id = Some(session.id);
        Ok(view)
    }

    fn app_for(&self, intent: Option<&str>) -> Result<AppKey, Fault> {
        let Some(intent) = intent.map(str::trim).filter(|intent| !intent.is_empty()) else {
            return Err(Fault::new(ErrorCode::BadRequest, "nothing says what to connect")
                .hint("Send intent, integrationKey or connectionId."));
        };
        let result = self.search(intent)?;
        match result.outcome {
            SearchOutcome::Pick => {
                let first = result.items.into_iter().next().map(|item| item.key);
                first.ok_or_else(|| Fault::new(ErrorCode::Internal, "the search picked nothing"))
            }
            SearchOutcome::Choose => {
                let names = result.items.iter().take(5).map(|item| item.key.as_str()).collect::<Vec<_>>().join(", ");
                Err(Fault::new(ErrorCode::BadRequest, "several apps fit this intent")
                    .hint(format!("Send integrationKey with one of: {names}.")))
            }
            SearchOutcome::None => Err(Fault::new(ErrorCode::NoMatch, "no app fits this intent")),
        }
    }
}
