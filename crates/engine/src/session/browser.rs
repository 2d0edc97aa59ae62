//! The way through the browser: the page to open, and what its answer brings along.

use std::collections::BTreeMap;

use membrane_catalog::{App, AuthMethod};
use membrane_model::{ErrorCode, Fault, ReturnPath, SessionState, Timestamp};
use membrane_oauth::{Client, DpopKey, Provider, state_hash};
use membrane_store::SessionRow;
use secrecy::ExposeSecret;

use super::callback::exchange_fault;
use super::{BROWSER_TIME, Context};
use crate::Engine;
use crate::credential::Credential;
use crate::refresh::plan::after;
use crate::servers::{Registrar, issuer_of};
use crate::session::transition::SessionEvent;

/// The longest parameter of a way back that is kept.
const KEPT_MAX: usize = 200;

/// Everything that a sign-in in the browser starts with.
pub(super) struct Errand {
    pub(super) provider: Provider,
    pub(super) client: Client,
    pub(super) redirect_uri: String,
    pub(super) path: ReturnPath,
    /// What the tokens will be bound to.
    pub(super) bound: Credential,
}

impl Engine {
    /// Prepares what the tokens of a catalog app will be bound to: a key of their own, a client that registers itself.
    pub(super) async fn bind(
        &self,
        app: &App,
        method: &AuthMethod,
        context: &Context,
        redirect_uri: &str,
        anew: bool,
    ) -> Result<Credential, Fault> {
        let mut bound = Credential::default();
        let Some(oauth) = &method.oauth else { return Ok(bound) };
        if oauth.dpop {
            bound.dpop_key = Some(new_key()?);
        }
        if self.registers(app, method)? {
            let provider = self.provider(app, method, &context.fields)?;
            let mut values = self.vars();
            values.extend(context.fields.clone());
            let endpoint = oauth.register_url.as_ref().map(|template| template.fill(&values)).transpose();
            let endpoint = endpoint.map_err(|problem| Fault::new(ErrorCode::InvalidField, problem.to_string()))?;
            let endpoint = endpoint.ok_or_else(|| Fault::new(ErrorCode::Internal, "nothing says where to register"))?;
            let issuer = issuer_of(method, &provider, &endpoint);
            let registrar = Registrar {
                issuer: &issuer,
                endpoint: Some(&endpoint),
                documents: false,
                auth: provider.client_auth,
                reach: provider.reach,
            };
            self.ensure_registered(app, &registrar, redirect_uri, oauth.dpop, anew).await?;
            bound.issuer = Some(issuer);
        }
        Ok(bound)
    }

    /// Writes the authorization request, pushes it where the provider wants it so, and waits for the browser.
    pub(super) async fn send_to_browser(
        &self,
        app: &App,
        row: &SessionRow,
        mut context: Context,
        errand: Errand,
        open: bool,
    ) -> Result<(), Fault> {
        let Errand { provider, client, redirect_uri, path, bound } = errand;
        let id = row.session.id.clone();
        let hint = self.login_hint(&row.session);
        let authorization =
            membrane_oauth::authorization(&provider, &client, &redirect_uri, &context.scopes, hint.as_deref())?;
        let page = match &provider.par {
            Some(_) => membrane_oauth::push(&self.inner().http, &provider, &client, &authorization.url)
                .await
                .map_err(|failure| exchange_fault(&app.name, &failure))?,
            None => authorization.url,
        };
        membrane_oauth::openable(&page, provider.reach)?;
        let secrets = Credential {
            client_id: Some(client.id),
            values: BTreeMap::from([("verifier".to_owned(), authorization.verifier)]),
            ..bound
        };
        let sealed = self.seal_session_secrets(&id, &secrets)?;
        let hash = state_hash(authorization.state.expose_secret());
        context.redirect_uri = Some(redirect_uri.clone());
        context.return_path = Some(path);
        context.issuer = secrets.issuer.clone();
        context.resource = secrets.resource.clone();
        let waiting = |problem| SessionState::AwaitingUser {
            authorization_url: Some(page.to_string()),
            redirect_uri: Some(redirect_uri.clone()),
            user_code: None,
            verification_uri: None,
            verification_uri_complete: None,
            fields: Vec::new(),
            problem,
        };
        let context = serde_json::to_value(context).unwrap_or_default();
        self.step(&id, SessionEvent::Continue(waiting(None)), move |row| {
            row.state_hash = Some(hash);
            row.secrets = Some(sealed);
            row.context = context;
            row.session.expires_at = after(Timestamp::now(), BROWSER_TIME);
        })
        .await?;
        self.inner().wake.notify_one();
        // Only now: a provider that knows the person already sends the browser back at once.
        if let Some(problem) = open.then(|| self.open_in_browser(&page)).flatten() {
            self.step(&id, SessionEvent::Continue(waiting(Some(problem))), |_| {}).await?;
        }
        Ok(())
    }
}

/// Makes a key for tokens to be bound to.
pub(super) fn new_key() -> Result<secrecy::SecretString, Fault> {
    DpopKey::generate().ok_or_else(|| Fault::new(ErrorCode::Internal, "the system gives no randomness"))
}

/// Reads the parameters of the way back that addresses of the API use. Anybody can write a query: what is odd is left out.
pub(super) fn kept_of_redirect(method: &AuthMethod, query: &str) -> BTreeMap<String, String> {
    let wanted = method.oauth.iter().flat_map(|oauth| &oauth.redirect_keep);
    let one = |keep: &membrane_catalog::Keep| {
        let mut found = url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| *name == keep.at.as_str());
        let (_, value) = found.next().filter(|_| found.next().is_none())?;
        let sound = !value.is_empty() && value.chars().count() <= KEPT_MAX && !value.chars().any(char::is_control);
        sound.then(|| (keep.slot.clone(), value.into_owned()))
    };
    wanted.filter_map(one).collect()
}
