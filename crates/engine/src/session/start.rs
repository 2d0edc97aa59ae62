//! Starting an attempt: which app, which way, and what the person sees first.

use std::collections::BTreeMap;

use membrane_catalog::{App, AuthMethod, ClientSource, Loopback};
use membrane_model::{
    AuthMethodKind, Connection, ConnectionState, ErrorCode, Fault, Field, ReturnPath, Session, SessionId, SessionKind,
    TenantId, Timestamp,
};
use membrane_oauth::loopback;
use membrane_store::SessionRow;
use secrecy::SecretString;
use url::Url;

use super::browser::Errand;
use super::{CALLBACK_PORTS, Context, FORM_TIME, IfSilent, StartSession, form_state};
use crate::apps::client_required;
use crate::connection::checked_name;
use crate::credential::Credential;
use crate::detail::deep_link_redirect;
use crate::refresh::plan::after;
use crate::{CallbackAnswer, Caller, Engine};

impl Engine {
    /// Starts an attempt to connect or reconnect.
    ///
    /// # Errors
    /// `UnknownApp`, `NotFound`, `BadRequest`, `ClientRequired` for an app that needs an OAuth client first,
    /// `InvalidField`, the vault's states, and `ProviderUnavailable` when a device code could not be had.
    pub async fn start_session(&self, start: StartSession) -> Result<Session, Fault> {
        let row = self.new_session(&start)?;
        let id = row.session.id.clone();
        self.need_vault().await?;
        let inserted = row.clone();
        self.write(move |tx| tx.insert_session(&inserted)).await?;
        self.begin(&row, start).await.inspect_err(|_| self.inner().listeners.end(&id))?;
        self.session(&id)
    }

    /// Starts an attempt for a caller: for a page with what the page was opened for, and followed to its end.
    ///
    /// # Errors
    /// As [`Self::start_session`]; `AccessDenied` for an app or a connection that the page was not opened for.
    pub async fn start_session_as(&self, caller: &Caller, mut start: StartSession) -> Result<Session, Fault> {
        if let Some(id) = &start.connection {
            self.find_for(caller, id)?;
        }
        start.tenant = Some(caller.tenant());
        let Caller::Page(page) = caller else { return self.start_session(self.once(start)?).await };
        let grant = &page.grant;
        if let (Some(own), Some(asked)) = (&grant.app, &start.app)
            && own != asked
        {
            return Err(Fault::new(ErrorCode::AccessDenied, format!("this page was opened to connect {own}"))
                .hint("Close it and start connecting again."));
        }
        start.page = true;
        start.open = false;
        if start.connection.is_none() {
            start.connection = grant.first.clone();
            start.name = grant.name.clone().or(start.name);
            start.key = grant.key.clone();
            start.allow_multiple = Some(grant.allow_multiple);
        }
        start.auth_method = start.auth_method.or(grant.auth_method.clone());
        let first = start.connection.clone().filter(|_| grant.first.is_some());
        let session = self.start_session(self.once(start)?).await?;
        if let Some(id) = first {
            self.attempt_started(&id, &session).await?;
        }
        self.follow_for_page(&session.id, page);
        self.session(&session.id)
    }

    /// Makes an attempt a repair where one more connection of its app was not meant.
    fn once(&self, mut start: StartSession) -> Result<StartSession, Fault> {
        if let (Some(false), None, Some(app)) = (start.allow_multiple, &start.connection, &start.app) {
            let tenant = start.tenant.clone().unwrap_or_else(TenantId::own);
            if let Some(id) = self.standing(&tenant, app, start.key.as_deref())? {
                // A name and a key are for a connection that is made.
                (start.connection, start.name, start.key) = (Some(id), None, None);
            }
        }
        Ok(start)
    }

    /// Checks what an attempt is started with and makes its row, with nothing done yet.
    pub(crate) fn new_session(&self, start: &StartSession) -> Result<SessionRow, Fault> {
        let connection = start.connection.as_ref().map(|id| self.find(id)).transpose()?;
        if let Some(gone) = connection.as_ref().filter(|connection| connection.archived_at.is_some()) {
            return Err(Fault::new(ErrorCode::NotFound, format!("connection {} is archived", gone.id)));
        }
        let catalog = self.catalog();
        let key = match (&connection, &start.app) {
            // Before anyone has signed in the app may still be chosen.
            (Some(Connection { state: ConnectionState::Connecting { .. }, .. }), Some(key)) => key.clone(),
            (Some(connection), _) => connection.app.clone(),
            (None, Some(key)) => key.clone(),
            (None, None) => {
                return Err(Fault::new(ErrorCode::BadRequest, "say which app to connect: appKey is missing"));
            }
        };
        let app = self.app(&catalog, &key)?;
        let known = connection.as_ref().filter(|connection| connection.app == app.key);
        let method = self.choose_method(app, start, known)?;
        self.check_input(app, method, &start.input)?;
        if let (Some(key), None) = (&start.key, &connection) {
            self.check_new_key(start.tenant.as_ref().unwrap_or(&TenantId::own()), key)?;
        }
        let name = start.name.as_deref().map(checked_name).transpose()?;
        let now = Timestamp::now();
        let tenant = connection.as_ref().map(|connection| connection.tenant.clone());
        let first = connection.as_ref().is_none_or(|c| matches!(c.state, ConnectionState::Connecting { .. }));
        let mut fields = connection.as_ref().map(|c| c.fields.clone()).unwrap_or_default();
        fields.extend(plain_values(method, &start.input));
        let known = connection.as_ref().filter(|c| c.auth_method == method.key).map(|c| c.scopes.clone());
        let context = Context {
            name,
            fields,
            scopes: scopes(method, start, known),
            return_path: start.return_path,
            reveal: start.reveal,
            page: start.page,
            key: start.key.clone(),
            ..Context::default()
        };
        let session = Session {
            id: SessionId::generate(),
            kind: if first { SessionKind::Connect } else { SessionKind::Reconnect },
            app_key: app.key.clone(),
            app_name: app.name.clone(),
            auth_method: method.key.clone(),
            method: method.kind,
            connection_id: connection.map(|connection| connection.id),
            state: form_state(form_fields(method), None),
            created_at: now,
            expires_at: after(now, FORM_TIME),
        };
        Ok(SessionRow {
            session,
            tenant: tenant.or(start.tenant.clone()).unwrap_or_else(TenantId::own),
            state_hash: None,
            secrets: None,
            context: serde_json::to_value(context).unwrap_or_default(),
        })
    }

    /// Takes the first step: straight on when nothing is missing, else the form.
    pub(crate) async fn begin(&self, row: &SessionRow, start: StartSession) -> Result<(), Fault> {
        let catalog = self.catalog();
        let (app, method) = self.app_and_method(&catalog, &row.session)?;
        let context = Self::context(row);
        let secrets = secret_values(method, &start.input);
        let complete = method
            .fields
            .iter()
            .all(|field| field.optional || context.fields.contains_key(&field.key) || secrets.contains_key(&field.key));
        match method.kind {
            AuthMethodKind::OAuth2 | AuthMethodKind::Device | AuthMethodKind::Mcp if complete => {
                self.lead_on(app, method, row, context, start.open).await
            }
            AuthMethodKind::ApiKey | AuthMethodKind::Basic | AuthMethodKind::ClientCredentials
                if complete && !secrets.is_empty() =>
            {
                let credential = Credential { values: secrets, ..Credential::default() };
                self.submit(&row.session.id, credential, context.fields, IfSilent::Refuse).await
            }
            _ => {
                self.publish_session(&row.session);
                Ok(())
            }
        }
    }

    /// Leads to the browser or to a device code.
    pub(super) async fn lead_on(
        &self,
        app: &App,
        method: &AuthMethod,
        row: &SessionRow,
        context: Context,
        open: bool,
    ) -> Result<(), Fault> {
        match method.kind {
            AuthMethodKind::OAuth2 => self.lead_to_browser(app, method, row, context, open).await,
            AuthMethodKind::Device => self.lead_to_code(app, method, row, context).await,
            AuthMethodKind::Mcp => self.lead_to_mcp(app, method, row, context, open).await,
            AuthMethodKind::ClientCredentials | AuthMethodKind::ApiKey | AuthMethodKind::Basic => Ok(()),
        }
    }

    async fn lead_to_browser(
        &self,
        app: &App,
        method: &AuthMethod,
        row: &SessionRow,
        context: Context,
        open: bool,
    ) -> Result<(), Fault> {
        let id = row.session.id.clone();
        let path = self.return_path(app, method, context.return_path, context.page)?;
        let redirect_uri = match path {
            ReturnPath::DeepLink => deep_link_redirect(app, method.oauth.as_ref().is_some_and(|oauth| oauth.sends_iss)),
            ReturnPath::Loopback => self.open_loopback(method, &id, context.page).await?,
        };
        let bound = self.bind(app, method, &context, &redirect_uri, self.client_was_refused(row)).await?;
        let (provider, client) = self.deal(app, method, &context.fields, &bound)?;
        self.send_to_browser(app, row, context, Errand { provider, client, redirect_uri, path, bound }, open).await
    }

    /// Opens the browser; what went wrong is shown beside the link.
    pub(crate) fn open_in_browser(&self, url: &Url) -> Option<membrane_model::WireError> {
        let failed = self.inner().host.open_url(url).err()?;
        Some(Fault::new(ErrorCode::BrowserFailed, format!("the browser could not be opened: {failed}")).to_wire())
    }

    /// Picks the way back: what was asked for, else the first that the provider accepts and this host can take.
    fn return_path(
        &self,
        app: &App,
        method: &AuthMethod,
        asked: Option<ReturnPath>,
        page: bool,
    ) -> Result<ReturnPath, Fault> {
        let accepted = method.oauth.as_ref().map(|oauth| oauth.redirects.return_paths()).unwrap_or_default();
        let picked = match asked {
            // A page in a browser goes on in that browser.
            None if page && accepted.contains(&ReturnPath::Loopback) => Some(ReturnPath::Loopback),
            Some(path) => accepted.contains(&path).then_some(path),
            None => accepted.first().copied(),
        };
        picked.ok_or_else(|| {
            Fault::new(ErrorCode::BadRequest, format!("{} does not accept that way back from the browser", app.name))
        })
    }

    /// Listens for the browser's answer and returns the redirect URI.
    pub(super) async fn open_loopback(&self, method: &AuthMethod, id: &SessionId, page: bool) -> Result<String, Fault> {
        let loopback = method.oauth.as_ref().map_or(Loopback::No, |oauth| oauth.redirects.loopback);
        let host = if loopback.wants_localhost() { "localhost" } else { "127.0.0.1" };
        if let (Some(api_uri), true) = (self.endpoint().api_uri, page && loopback.any_port())
            && !loopback.wants_localhost()
        {
            return Ok(format!("{api_uri}/oauth-callback"));
        }
        if loopback.any_port() {
            return self.listen(id, None, loopback.wants_localhost()).await;
        }
        if let (Some(port), false) = (self.endpoint().callback_port, loopback.wants_localhost()) {
            return Ok(format!("http://{host}:{port}/oauth-callback"));
        }
        for port in CALLBACK_PORTS {
            if let Ok(uri) = self.listen(id, Some(port), loopback.wants_localhost()).await {
                return Ok(uri);
            }
        }
        // A client that registers itself can do so with any port.
        let registers = method.kind == AuthMethodKind::Mcp
            || method.oauth.as_ref().is_some_and(|oauth| oauth.client == ClientSource::Registered);
        if registers {
            return self.listen(id, None, loopback.wants_localhost()).await;
        }
        Err(Fault::new(ErrorCode::BrowserFailed, "the ports for the browser's answer are taken")
            .hint("Close the program that uses ports 4780 to 4782 and start connecting again."))
    }

    /// Starts a listener that lives as long as its attempt.
    pub(super) async fn listen(&self, id: &SessionId, port: Option<u16>, localhost: bool) -> Result<String, Fault> {
        let listener = loopback::Listener::bind(port, localhost).await.map_err(|e| {
            Fault::new(ErrorCode::BrowserFailed, format!("failed to listen for the browser's answer: {}", e.kind()))
        })?;
        let redirect_uri = listener.redirect_uri();
        let engine = self.clone();
        let expected = redirect_uri.clone();
        let task = self.inner().tasks.until_end(async move {
            listener
                .run(move |query| {
                    let engine = engine.clone();
                    let redirect_uri = expected.clone();
                    async move {
                        match engine.callback(&redirect_uri, &query).await {
                            Ok(CallbackAnswer::Accepted(id)) => match engine.way_back(&id) {
                                Some(page) => loopback::Answer::GoTo(page),
                                None => loopback::Answer::Accepted,
                            },
                            Ok(CallbackAnswer::Ended(id)) => match engine.way_back(&id) {
                                Some(page) => loopback::Answer::GoTo(page),
                                None => loopback::Answer::Ended,
                            },
                            Err(_) => loopback::Answer::Refused,
                        }
                    }
                })
                .await;
        });
        self.inner().listeners.put(id, task);
        Ok(redirect_uri)
    }

    fn choose_method<'a>(
        &self,
        app: &'a App,
        start: &StartSession,
        connection: Option<&Connection>,
    ) -> Result<&'a AuthMethod, Fault> {
        if let Some(key) = &start.auth_method {
            let method = self.method(app, key)?;
            return if self.has_client(app, method)? { Ok(method) } else { Err(client_required(app)) };
        }
        if let Some(method) = connection.and_then(|connection| app.method(&connection.auth_method)) {
            return if self.has_client(app, method)? { Ok(method) } else { Err(client_required(app)) };
        }
        for method in &app.auth {
            if self.has_client(app, method)? {
                return Ok(method);
            }
        }
        Err(client_required(app))
    }

    fn has_client(&self, app: &App, method: &AuthMethod) -> Result<bool, Fault> {
        Ok(!method.needs_client() || self.own_client(app)?.is_some())
    }

    /// Checks that every value given belongs to a field and has its form.
    pub(super) fn check_input(
        &self,
        app: &App,
        method: &AuthMethod,
        input: &BTreeMap<String, String>,
    ) -> Result<(), Fault> {
        for (key, value) in input {
            // What is chosen after the sign-in may be said before it.
            if method.choose.as_ref().is_some_and(|choose| choose.field == *key) {
                continue;
            }
            let Some(field) = method.fields.iter().find(|field| field.key == *key) else {
                let known = method.fields.iter().map(|f| f.key.as_str()).collect::<Vec<_>>().join(", ");
                let hint =
                    if known.is_empty() { "It has no fields.".to_owned() } else { format!("Its fields are: {known}.") };
                let shown: String = key.chars().filter(|c| !c.is_control()).take(60).collect();
                return Err(
                    Fault::new(ErrorCode::InvalidField, format!("{} has no field {shown:?}", app.name)).hint(hint)
                );
            };
            membrane_catalog::check_field(field, Some(value))
                .map_err(|problem| Fault::new(ErrorCode::InvalidField, problem.to_string()))?;
        }
        Ok(())
    }

    pub(super) fn login_hint(&self, session: &Session) -> Option<String> {
        let id = session.connection_id.as_ref()?;
        self.find(id).ok()?.account.map(|account| account.label)
    }
}

/// Returns the fields to show.
fn form_fields(method: &AuthMethod) -> Vec<Field> {
    method.fields.clone()
}

/// Returns the values of fields that are no secrets.
pub(super) fn plain_values(method: &AuthMethod, input: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let plain = method.fields.iter().filter(|field| !field.secret).map(|field| &field.key);
    let chosen = method.choose.iter().map(|choose| &choose.field);
    plain
        .chain(chosen)
        .filter_map(|key| Some((key.clone(), input.get(key)?.trim().to_owned())))
        .filter(|(_, v)| !v.is_empty())
        .collect()
}

/// Returns the values of secret fields.
pub(super) fn secret_values(method: &AuthMethod, input: &BTreeMap<String, String>) -> BTreeMap<String, SecretString> {
    let secret = method.fields.iter().filter(|field| field.secret);
    secret
        .filter_map(|field| Some((field.key.clone(), input.get(&field.key)?.trim())))
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (key, SecretString::from(value.to_owned())))
        .collect()
}

fn scopes(method: &AuthMethod, start: &StartSession, known: Option<Vec<String>>) -> Vec<String> {
    let usual = method.oauth.iter().flat_map(membrane_catalog::OauthFacts::default_scopes);
    let mut scopes: Vec<String> = usual.map(str::to_owned).collect();
    // A reconnect asks for what the connection had, so that nothing stops working.
    let wanted = start.scopes.clone().into_iter().chain(known).flatten();
    for scope in wanted {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    scopes
}
