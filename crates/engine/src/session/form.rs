//! Forms: keys, passwords and client credentials, checked with the app before they count.

use std::collections::BTreeMap;
use std::time::Duration;

use membrane_model::{AuthMethodKind, ErrorCode, Fault, Session, SessionId, SessionState, WireError};
use membrane_oauth::ExchangeFailure;
use membrane_store::SessionRow;

use super::callback::exchange_fault;
use super::form_state;
use super::start::{plain_values, secret_values};
use crate::credential::Credential;
use crate::session::transition::SessionEvent;
use crate::{Check, Engine};

/// How soon a key that was kept unchecked is checked.
pub(super) const CHECK_SOON: Duration = Duration::from_secs(60);

/// What to do with a key when the app can't be asked whether it is good.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum IfSilent {
    /// Keep nothing, and say so.
    #[default]
    Refuse,
    /// Keep it, and check it as soon as the app answers.
    Keep,
}

impl Engine {
    /// Takes the values of a form and checks them with the app.
    ///
    /// The answer is the attempt as it stands then: `done`, or `awaiting-user` again with what was wrong.
    ///
    /// # Errors
    /// `NotFound`, `SessionEnded`, `InvalidField` naming the field, and the vault's states.
    pub async fn submit_form(
        &self,
        id: &SessionId,
        input: BTreeMap<String, String>,
        if_silent: IfSilent,
    ) -> Result<Session, Fault> {
        self.need_vault().await?;
        let row = self.session_row(id)?;
        let SessionState::AwaitingUser { fields, .. } = &row.session.state else {
            return Err(Fault::new(ErrorCode::SessionEnded, "this attempt is not waiting for a form"));
        };
        if fields.is_empty() {
            return Err(Fault::new(ErrorCode::BadRequest, "this attempt has no form; it waits for the browser"));
        }
        let catalog = self.catalog();
        let (app, method) = self.app_and_method(&catalog, &row.session)?;
        let mut context = Self::context(&row);
        if let Some(held) = context.held.take() {
            self.take_choice(id, method, context, held, &input).await?;
            return self.session(id);
        }
        self.check_input(app, method, &input)?;
        context.fields.extend(plain_values(method, &input));
        let values = secret_values(method, &input);
        for field in method.fields.iter().filter(|field| !field.optional) {
            if !values.contains_key(&field.key) && !context.fields.contains_key(&field.key) {
                return Err(Fault::new(ErrorCode::InvalidField, format!("{} is missing", field.label))
                    .hint(field.hint.clone().unwrap_or_else(|| format!("Fill in the field {:?}.", field.key))));
            }
        }
        match method.kind {
            AuthMethodKind::OAuth2 | AuthMethodKind::Device | AuthMethodKind::Mcp => {
                // A page opens its own window.
                let open = !context.page;
                self.lead_on(app, method, &row, context, open).await?;
            }
            AuthMethodKind::ClientCredentials | AuthMethodKind::ApiKey | AuthMethodKind::Basic => {
                let credential = Credential { values, ..Credential::default() };
                self.submit(id, credential, context.fields, if_silent).await?;
            }
        }
        self.session(id)
    }

    /// Checks a credential from a form, in a task that a client that hangs up can't cut short.
    pub(super) async fn submit(
        &self,
        id: &SessionId,
        credential: Credential,
        fields: BTreeMap<String, String>,
        if_silent: IfSilent,
    ) -> Result<(), Fault> {
        let engine = self.clone();
        let id = id.clone();
        let task = self.inner().tasks.finish(async move {
            let outcome = engine.submit_alone(&id, credential, fields, if_silent).await;
            if let Err(fault) = &outcome {
                engine.fail(&id, fault).await;
            }
            outcome
        });
        crate::engine::joined(task.await)?
    }

    async fn submit_alone(
        &self,
        id: &SessionId,
        mut credential: Credential,
        fields: BTreeMap<String, String>,
        if_silent: IfSilent,
    ) -> Result<(), Fault> {
        let kept = fields.clone();
        let answered = self.step(id, SessionEvent::Answered, move |row| {
            let mut context = Self::context(row);
            context.fields = kept;
            row.context = serde_json::to_value(context).unwrap_or_default();
        });
        if answered.await?.is_none() {
            return Err(Fault::new(ErrorCode::SessionEnded, "this attempt is being checked already, or is over"));
        }
        let row = self.session_row(id)?;
        let catalog = self.catalog();
        let (app, method) = self.app_and_method(&catalog, &row.session)?;
        let traded = match (method.kind, &method.login) {
            (AuthMethodKind::ClientCredentials, _) => {
                credential.client_id = fields.get("client_id").cloned();
                let (provider, client) = self.deal(app, method, &fields, &credential)?;
                let scopes = Self::context(&row).scopes;
                let http = &self.inner().http;
                Some(membrane_oauth::client_credentials(http, &provider, &client, &scopes).await)
            }
            (_, Some(login)) => Some(self.log_in(app, login, &credential, &fields).await),
            (_, None) => None,
        };
        if let Some(traded) = traded {
            let reply = match traded {
                Ok(reply) => reply,
                Err(failure) => {
                    let fault = match &failure {
                        ExchangeFailure::Misconfigured { .. } | ExchangeFailure::Dead { .. } => Fault::new(
                            ErrorCode::KeyRejected,
                            format!("{} says these credentials are not valid", app.name),
                        ),
                        ExchangeFailure::Transient { .. }
                        | ExchangeFailure::Refused { .. }
                        | ExchangeFailure::Malformed => exchange_fault(&app.name, &failure),
                    };
                    return self.form_problem(id, fault.to_wire()).await;
                }
            };
            return self.accept(id, credential, Some(reply)).await;
        }
        match self.check(app, method, &credential, &fields).await {
            Check::Works | Check::Unknown => self.accept(id, credential, None).await,
            Check::Rejected(_) => {
                let hint = method.setup.as_ref().map(|setup| format!("Copy it again from {}.", setup.url));
                let mut fault = Fault::new(ErrorCode::KeyRejected, format!("{} says this key is not valid", app.name));
                fault.hint = hint.or(fault.hint);
                self.form_problem(id, fault.to_wire()).await
            }
            Check::Unreachable(_) if if_silent == IfSilent::Keep => {
                let unchecked = |row: &mut SessionRow| {
                    let mut context = Self::context(row);
                    context.unchecked = true;
                    row.context = serde_json::to_value(context).unwrap_or_default();
                };
                self.accept_after(id, credential, None, unchecked).await
            }
            Check::Unreachable(cause) => {
                let text = format!("{} can't be asked right now ({cause}), so the key was not checked", app.name);
                let fault = Fault::new(ErrorCode::KeyUnchecked, text);
                self.form_problem(id, fault.to_wire()).await
            }
        }
    }

    /// Goes back to the form with what was wrong.
    async fn form_problem(&self, id: &SessionId, problem: WireError) -> Result<(), Fault> {
        let row = self.session_row(id)?;
        let catalog = self.catalog();
        let (_, method) = self.app_and_method(&catalog, &row.session)?;
        self.step(id, SessionEvent::FormProblem(form_state(method.fields.clone(), Some(problem))), |_| {}).await?;
        Ok(())
    }
}
