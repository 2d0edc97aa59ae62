//! The browser's answer: matched to its attempt by state, checked against its redirect URI and issuer, exchanged once.

use membrane_model::{AuthMethodKind, ErrorCode, Fault, Session, SessionId, SessionState, Timestamp};
use membrane_oauth::{Callback, ExchangeFailure, check_issuer, read_callback, state_hash};
use membrane_store::SessionRow;
use secrecy::SecretString;

use super::CallbackAnswer;
use crate::deep_link::DeepLink;
use crate::session::transition::SessionEvent;
use crate::{Engine, Screen};

impl Engine {
    /// Takes an answer that came in at a redirect URI. An answer that belongs to no waiting attempt changes nothing.
    ///
    /// # Errors
    /// `UnknownCallback` for an answer that is malformed, replayed, or not from where it should be; `SessionExpired`.
    pub async fn callback(&self, redirect_uri: &str, query: &str) -> Result<CallbackAnswer, Fault> {
        let unknown =
            |why: &str| Fault::new(ErrorCode::UnknownCallback, format!("the browser's answer was not used: {why}"));
        let callback = read_callback(query).map_err(|_| unknown("it is malformed"))?;
        let (state, iss) = match &callback {
            Callback::Code { state, iss, .. } | Callback::Error { state, iss, .. } => (state, iss),
        };
        let hash = state_hash(state);
        let row = self.store().read(|tx| tx.session_by_state_hash(&hash))?;
        let row = row.ok_or_else(|| unknown("no attempt to connect is waiting for it"))?;
        let id = row.session.id.clone();
        if row.session.expires_at <= Timestamp::now() {
            self.step(&id, SessionEvent::TimeOut, |_| {}).await?;
            return Err(Fault::new(
                ErrorCode::SessionExpired,
                "the browser came back after the attempt ran out of time",
            ));
        }
        let context = Self::context(&row);
        if context.redirect_uri.as_deref() != Some(redirect_uri) {
            return Err(unknown("it came in at another address than it was sent to"));
        }
        let catalog = self.catalog();
        let (app, method) = self.app_and_method(&catalog, &row.session)?;
        let provider = match method.kind {
            AuthMethodKind::Mcp => self.found_provider(app, context.issuer.as_deref(), context.resource.as_deref())?,
            _ => self.provider(app, method, &context.fields)?,
        };
        check_issuer(&provider, iss.as_deref())
            .map_err(|_| unknown("it names another provider than the one that was asked"))?;
        // From here on the state is spent: a second answer with it finds nothing.
        let taken = id.clone();
        if !self.write(move |tx| tx.take_state(&taken)).await? {
            return Err(unknown("no attempt to connect is waiting for it"));
        }
        if context.reveal {
            self.inner().host.reveal(&Screen::Session(id.clone()));
        }
        match callback {
            Callback::Code { code, .. } => {
                let mut row = row;
                let mut context = context;
                context.fields.extend(super::browser::kept_of_redirect(method, query));
                row.context = serde_json::to_value(&context).unwrap_or_default();
                let kept = row.context.clone();
                self.step(&id, SessionEvent::Answered, move |row| row.context = kept).await?;
                self.finish_in_background(row, code);
                Ok(CallbackAnswer::Accepted(id))
            }
            Callback::Error { error, waits_for_admin, .. } => {
                let fault = match error.as_str() {
                    _ if waits_for_admin => Fault::new(
                        ErrorCode::AdminApprovalRequired,
                        format!("your organisation lets {} in only when an administrator agrees", app.name),
                    ),
                    "access_denied" => {
                        Fault::new(ErrorCode::AccessDeniedByUser, format!("the access to {} was not allowed", app.name))
                    }
                    _ => Fault::new(ErrorCode::ProviderError, format!("{} answered with the error {error}", app.name)),
                };
                self.fail(&id, &fault).await;
                Ok(CallbackAnswer::Ended(id))
            }
        }
    }

    fn finish_in_background(&self, row: SessionRow, code: SecretString) {
        let engine = self.clone();
        self.inner().tasks.finish(async move {
            let id = row.session.id.clone();
            if let Err(fault) = engine.exchange_code(row, code).await {
                engine.fail(&id, &fault).await;
            }
        });
    }

    async fn exchange_code(&self, row: SessionRow, code: SecretString) -> Result<(), Fault> {
        // The answer may be what started this process: the keychain is still being asked then.
        self.need_vault().await?;
        let context = Self::context(&row);
        let catalog = self.catalog();
        let (app, method) = self.app_and_method(&catalog, &row.session)?;
        let mut bound = self.session_secrets(&row)?;
        let (provider, client) = self.deal(app, method, &context.fields, &bound)?;
        let verifier = bound.values.remove("verifier").unwrap_or_default();
        let redirect_uri = context.redirect_uri.clone().unwrap_or_default();
        let http = &self.inner().http;
        let reply = membrane_oauth::exchange_code(http, &provider, &client, &code, &verifier, &redirect_uri).await;
        let reply = reply.map_err(|failure| exchange_fault(&app.name, &failure))?;
        bound.client_id = Some(client.id);
        self.accept_reply(&row.session.id, reply, bound).await
    }

    /// Takes the full redirect URL that a person pasted from a browser on another computer.
    ///
    /// # Errors
    /// `BadRequest` when it is no URL of this attempt, and as [`Self::callback`].
    pub async fn paste_callback(&self, id: &SessionId, url: &str) -> Result<Session, Fault> {
        let url = url.trim();
        let row = self.session_row(id)?;
        let expected = Self::context(&row).redirect_uri;
        let (given, query) = url.split_once('?').unwrap_or((url, ""));
        if expected.as_deref() != Some(given) {
            return Err(Fault::new(ErrorCode::BadRequest, "that is not the address the browser was sent to")
                .hint("Paste the whole address from the browser's address bar, starting with the redirect address."));
        }
        match self.callback(given, query).await? {
            CallbackAnswer::Accepted(found) | CallbackAnswer::Ended(found) if found == *id => self.session(id),
            CallbackAnswer::Accepted(_) | CallbackAnswer::Ended(_) => {
                Err(Fault::new(ErrorCode::BadRequest, "that answer belongs to another attempt"))
            }
        }
    }

    /// Follows a deep link: finishes a login that is waiting or says which screen to show, and nothing else.
    ///
    /// # Errors
    /// `InvalidLink`, and as [`Self::callback`].
    pub async fn deep_link(&self, link: &str) -> Result<Screen, Fault> {
        match DeepLink::parse(link)? {
            DeepLink::Callback { redirect_uri, query } => match self.callback(&redirect_uri, &query).await? {
                CallbackAnswer::Accepted(id) | CallbackAnswer::Ended(id) => Ok(Screen::Session(id)),
            },
            DeepLink::Show(Screen::Reconnect(id)) => {
                let connection = self.find(&id)?;
                let repair = Self::is_disconnected(&connection.state) && connection.archived_at.is_none();
                Ok(if repair { Screen::Reconnect(id) } else { Screen::Connection(id) })
            }
            DeepLink::Show(screen) => Ok(screen),
        }
    }

    /// Opens the browser again for an attempt that waits for it.
    ///
    /// # Errors
    /// `NotFound`, `SessionEnded`, `BrowserFailed`.
    pub fn open_again(&self, id: &SessionId) -> Result<Session, Fault> {
        let session = self.session(id)?;
        let SessionState::AwaitingUser { authorization_url, verification_uri_complete, verification_uri, .. } =
            &session.state
        else {
            return Err(Fault::new(ErrorCode::SessionEnded, "this attempt is not waiting for the browser"));
        };
        let link = authorization_url.as_ref().or(verification_uri_complete.as_ref()).or(verification_uri.as_ref());
        let url = link.and_then(|link| url::Url::parse(link).ok());
        let url = url.ok_or_else(|| Fault::new(ErrorCode::SessionEnded, "this attempt has no page to open"))?;
        match self.open_in_browser(&url) {
            Some(problem) => Err(problem.into_fault()),
            None => Ok(session),
        }
    }
}

/// Says why tokens could not be had.
pub(crate) fn exchange_fault(app_name: &str, failure: &ExchangeFailure) -> Fault {
    match failure {
        ExchangeFailure::Transient { cause, .. } => Fault::new(
            ErrorCode::ProviderUnavailable,
            format!("{app_name} isn't answering as it should ({}); the sign-in could not be finished", cause.as_code()),
        )
        .hint("Start connecting again in a moment."),
        ExchangeFailure::Misconfigured { code } => {
            Fault::new(ErrorCode::ClientInvalid, format!("{app_name} refuses the OAuth client ({code})"))
        }
        ExchangeFailure::Dead { code } | ExchangeFailure::Refused { code } => {
            Fault::new(ErrorCode::ProviderError, format!("{app_name} refused the sign-in ({code})"))
                .hint("Start connecting again.")
        }
        ExchangeFailure::Malformed => {
            Fault::new(ErrorCode::ProviderError, format!("{app_name} gave an answer that makes no sense"))
        }
    }
}
