//! Connecting through the wire: by intent, by app, or a reconnect, with an answer before anyone has signed in.

use std::collections::BTreeMap;
use std::time::Duration;

use membrane_model::{
    AppKey, AuthMethodKind, ClientAction, ClientActionType, Connection, ConnectionId, ConnectionState, ConnectionView,
    ErrorCode, Fault, SearchItem, SearchOutcome, Session, SessionState, StreamMessage, TenantId, Timestamp, WireState,
};
use membrane_store::SessionRow;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::connection::transition::{ConnectionEvent, transition};
use crate::connection::{check_meta, checked_name};
use crate::{Caller, ConnectionQuery, Engine, PageGrant, PageScope, StartSession, Whose};

/// The longest that a long poll is held.
const WAIT_MAX: Duration = Duration::from_secs(60);

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
    /// Makes one more connection of an app that has one; without it, that one is signed in to again.
    pub allow_multiple: bool,
}

/// What a new attempt on a connection starts with.
#[derive(Debug, Clone, Default)]
pub struct Again {
    /// Which way to connect; the connection's own unless told.
    pub auth_method: Option<String>,
    /// Values of form fields, secrets among them.
    pub input: BTreeMap<String, String>,
}

impl From<&ConnectRequest> for Again {
    fn from(request: &ConnectRequest) -> Self {
        Self { auth_method: request.auth_method.clone(), input: request.input.clone() }
    }
}

impl Engine {
    /// Starts connecting and answers at once: a first connect is a row in state Connecting, a reconnect leaves the
    /// connection as it is until it succeeds. An intent that several apps fit waits for the person's choice.
    ///
    /// # Errors
    /// `NoMatch` when no app fits the intent, `BadRequest` when nothing says what to connect, and as
    /// [`Self::start_session`].
    pub async fn connect_request(&self, caller: &Caller, request: ConnectRequest) -> Result<ConnectionView, Fault> {
        if let Some(id) = &request.connection {
            return self.reconnect_request(caller, id, Again::from(&request)).await;
        }
        let (app, choices) = match &request.app {
            Some(app) => (app.clone(), Vec::new()),
            None => self.apps_for(request.intent.as_deref())?,
        };
        if !request.allow_multiple
            && choices.is_empty()
            && let Some(id) = self.standing(&caller.tenant(), &app, request.key.as_deref())?
        {
            return self.reconnect_request(caller, &id, Again::from(&request)).await;
        }
        self.connect_first(caller, app, choices, request).await
    }

    /// Makes the row and the attempt of a first connect. With choices, the app is the likeliest until the person chose.
    async fn connect_first(
        &self,
        caller: &Caller,
        app: AppKey,
        choices: Vec<SearchItem>,
        request: ConnectRequest,
    ) -> Result<ConnectionView, Fault> {
        self.need_vault().await?;
        let tenant = caller.tenant();
        let mut start = StartSession {
            tenant: Some(tenant.clone()),
            app: Some(app),
            auth_method: request.auth_method.clone(),
            name: request.name.clone(),
            input: if choices.is_empty() { request.input.clone() } else { BTreeMap::new() },
            ..StartSession::default()
        };
        let row = self.new_session(&start)?;
        if let Some(key) = &request.key {
            self.check_new_key(&tenant, key)?;
        }
        check_meta(&request.meta)?;
        let connection = self.first_row(&row, tenant, &request)?;
        let mut session_row = row;
        session_row.session.connection_id = Some(connection.id.clone());
        let mut context = Self::context(&session_row);
        context.choose = !choices.is_empty();
        let grant = PageGrant {
            tenant: Whose(connection.tenant.clone()),
            asked_by: caller.name(),
            session: (!context.choose).then(|| session_row.session.id.clone()),
            first: Some(connection.id.clone()),
            name: request.name.clone(),
            ..PageGrant::default()
        };
        let catalog = self.catalog();
        let method =
            catalog.get(&session_row.session.app_key).and_then(|app| app.method(&session_row.session.auth_method));
        // Even a sign-in in the browser has a form behind it where the person chooses a tenant.
        let form = context.choose
            || !matches!(session_row.session.method, AuthMethodKind::OAuth2 | AuthMethodKind::Mcp)
            || method.is_some_and(|method| method.choose.is_some());
        if form {
            let path = match (&request.intent, context.choose) {
                (Some(intent), true) => {
                    format!("/screens/connect?intent={}", utf8_percent_encode(intent, NON_ALPHANUMERIC))
                }
                _ => "/screens/connect".to_owned(),
            };
            context.page_url = self.page_link(&path, &grant).await?;
            session_row.context = serde_json::to_value(&context).unwrap_or_default();
        }
        let (made, inserted) = (connection.clone(), session_row.clone());
        self.write(move |tx| {
            tx.insert_connection(&made)?;
            tx.insert_session(&inserted)
        })
        .await?;
        start.connection = Some(connection.id.clone());
        let begun = if choices.is_empty() { self.begin(&session_row, start).await } else { Ok(()) };
        if let Err(fault) = begun {
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
        let mut view = self.view(&self.find(&connection.id)?)?;
        view.choices = choices;
        Ok(view)
    }

    fn first_row(&self, row: &SessionRow, tenant: TenantId, request: &ConnectRequest) -> Result<Connection, Fault> {
        let now = Timestamp::now();
        let name = request.name.as_deref().map(checked_name).transpose()?;
        Ok(Connection {
            id: ConnectionId::generate(),
            key: request.key.clone(),
            tenant,
            app: row.session.app_key.clone(),
            auth_method: row.session.auth_method.clone(),
            name: name.unwrap_or_else(|| row.session.app_name.clone()),
            account: None,
            state: ConnectionState::Connecting { session: row.session.id.clone() },
            fields: BTreeMap::new(),
            scopes: Vec::new(),
            meta: request.meta.clone(),
            generation: 0,
            created_at: now,
            updated_at: now,
            last_used_at: None,
            archived_at: None,
        })
    }

    /// Checks a key that a client gives to a new connection.
    pub(crate) fn check_new_key(&self, tenant: &TenantId, key: &str) -> Result<(), Fault> {
        key.parse::<ConnectionId>().map_err(|e| Fault::new(ErrorCode::BadRequest, format!("key: {e}")))?;
        if self.store().read(|tx| tx.connection_by_key(tenant, key))?.is_some() {
            return Err(Fault::new(ErrorCode::AlreadyExists, format!("a connection has the key {key:?} already")));
        }
        Ok(())
    }

    /// Starts a new attempt on a connection through the wire; one that was never connected gets the new attempt.
    ///
    /// # Errors
    /// As [`Self::start_session`].
    pub async fn reconnect_request(
        &self,
        caller: &Caller,
        id: &ConnectionId,
        again: Again,
    ) -> Result<ConnectionView, Fault> {
        self.find_for(caller, id)?;
        let Again { auth_method, input } = again;
        let start = StartSession { connection: Some(id.clone()), auth_method, input, ..StartSession::default() };
        let session = self.start_session(start).await?;
        self.attempt_started(id, &session).await?;
        let connection = self.find(id)?;
        let mut view = self.view(&connection)?;
        if !session.state.is_final() {
            let grant = PageGrant {
                tenant: Whose(connection.tenant.clone()),
                asked_by: caller.name(),
                scope: PageScope::Connection(id.clone()),
                session: Some(session.id.clone()),
                ..PageGrant::default()
            };
            let page = self.page_link("/screens/connection", &grant).await?;
            self.page_behind(&session.id, grant);
            let action = view.client_action.get_or_insert_with(|| ClientAction {
                kind: ClientActionType::Connect,
                description: format!("Sign in to {} again.", session.app_name),
                ui_url: None,
            });
            if let Some(url) = sign_in_url(&session.state).or(page) {
                action.ui_url = Some(url);
            }
        }
        view.session_id = Some(session.id);
        Ok(view)
    }

    /// Finds the connection that connecting an app again means where nobody asked for one more: the one with the key
    /// that was asked for, else the only one there is. Where there are several already, one more is meant.
    pub(crate) fn standing(
        &self,
        tenant: &TenantId,
        app: &AppKey,
        key: Option<&str>,
    ) -> Result<Option<ConnectionId>, Fault> {
        let stands = |connection: &Connection| {
            connection.archived_at.is_none() && !matches!(connection.state, ConnectionState::Connecting { .. })
        };
        if let Some(key) = key {
            let found = self.store().read(|tx| tx.connection_by_key(tenant, key))?;
            return Ok(found.filter(|found| found.app == *app && stands(found)).map(|found| found.id));
        }
        let query = ConnectionQuery { app: Some(app.to_string()), limit: Some(1000), ..ConnectionQuery::default() };
        let found = self.list(tenant, &query)?.items;
        let mut standing = found.into_iter().filter(|view| view.connected || view.disconnected);
        Ok(standing.next().filter(|_| standing.next().is_none()).map(|view| view.id))
    }

    /// Gives a connection that was never connected its new attempt; others stay as they are.
    pub(crate) async fn attempt_started(&self, id: &ConnectionId, session: &Session) -> Result<(), Fault> {
        let event = ConnectionEvent::AttemptStarted(session.id.clone());
        if transition(&self.find(id)?.state, &event, Timestamp::now()).is_some() {
            self.drive(id, event).await?;
        }
        Ok(())
    }

    /// Waits until a connection is no longer being connected for the first time, at most `limit`.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn wait_connection(
        &self,
        caller: &Caller,
        id: &ConnectionId,
        limit: Duration,
    ) -> Result<ConnectionView, Fault> {
        let mut deltas = self.inner().stream.subscribe();
        let waits = |view: &ConnectionView| {
            view.state == WireState::ClientActionRequired && !view.disconnected && view.archived_at.is_none()
        };
        let read = || self.view(&self.find_for(caller, id)?);
        let waiting = async {
            loop {
                let view = read()?;
                if !waits(&view) {
                    return Ok(view);
                }
                // Whatever was missed or came late is read from the store.
                while let Ok(message) = deltas.recv().await {
                    let about = match message.as_ref() {
                        StreamMessage::Connection { connection } => connection.id == *id,
                        StreamMessage::ConnectionRemoved { id: gone } => gone == id,
                        _ => false,
                    };
                    if about {
                        break;
                    }
                }
            }
        };
        tokio::select! {
            ended = tokio::time::timeout(limit.min(WAIT_MAX), waiting) => ended.unwrap_or_else(|_| read()),
            () = self.inner().stop_asked.cancelled() => read(),
        }
    }

    /// Finds the app that an intent means; with several that fit, the likeliest and all of them.
    fn apps_for(&self, intent: Option<&str>) -> Result<(AppKey, Vec<SearchItem>), Fault> {
        let Some(intent) = intent.map(str::trim).filter(|intent| !intent.is_empty()) else {
            return Err(Fault::new(ErrorCode::BadRequest, "nothing says what to connect")
                .hint("Send intent, integrationKey or connectionId."));
        };
        let result = self.search(intent)?;
        let first = result.items.first().map(|item| item.key.clone());
        match (result.outcome, first) {
            (SearchOutcome::Pick, Some(first)) => Ok((first, Vec::new())),
            (SearchOutcome::Choose, Some(first)) => {
                // One that needs nothing of the person first can start; the person may still choose another.
                let catalog = self.catalog();
                let ready =
                    result.items.iter().find(|item| catalog.get(&item.key).is_some_and(membrane_catalog::App::ready));
                Ok((ready.map_or(first, |item| item.key.clone()), result.items))
            }
            (SearchOutcome::None, _) | (_, None) => Err(Fault::new(ErrorCode::NoMatch, "no app fits this intent")),
        }
    }
}

/// Returns the address at the provider where an attempt waits for the person.
fn sign_in_url(state: &SessionState) -> Option<String> {
    match state {
        SessionState::AwaitingUser { authorization_url, .. } => authorization_url.clone(),
        _ => None,
    }
}
