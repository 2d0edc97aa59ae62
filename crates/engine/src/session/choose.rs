//! The choice after the sign-in: which site, which organisation. One is taken; of several the person chooses.

use std::collections::BTreeMap;
use std::time::Duration;

use membrane_catalog::{App, AuthMethod, Choose};
use membrane_model::{Choice, ErrorCode, Fault, Field, SessionId, SessionState, Timestamp};
use membrane_oauth::TokenReply;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Context, FORM_TIME, form_state};
use crate::Engine;
use crate::credential::Credential;
use crate::refresh::plan::{after, between};
use crate::session::transition::SessionEvent;

/// A sign-in that waits for the choice; its secrets are sealed beside it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Held {
    choices: Vec<Choice>,
    /// The slots that each choice fills beside its own.
    kept: BTreeMap<String, BTreeMap<String, String>>,
    scopes: Option<Vec<String>>,
    token: bool,
    expires_at: Option<Timestamp>,
    refresh_expires_at: Option<Timestamp>,
    extra: Map<String, Value>,
}

/// What a choice came to.
pub(super) enum Chosen {
    /// It is made, and its slots are filled.
    Made,
    /// The person is asked.
    Asked,
}

impl Engine {
    /// Settles which tenant a credential is for.
    pub(super) async fn choose(
        &self,
        id: &SessionId,
        (app, method): (&App, &AuthMethod),
        context: &mut Context,
        credential: &Credential,
        reply: Option<&TokenReply>,
    ) -> Result<Chosen, Fault> {
        let Some(choose) = &method.choose else { return Ok(Chosen::Made) };
        let unusable = |why: &str| {
            let what = choose.label.to_lowercase();
            Fault::new(ErrorCode::ProviderError, format!("{} {why}", app.name))
                .hint(format!("Check at {} that your account has a {what}, then connect again.", app.name))
        };
        let body = self.ask(app, method, &choose.check, credential, &context.fields).await.map_err(|cause| {
            Fault::new(
                ErrorCode::ProviderUnavailable,
                format!("{} can't be asked right now ({cause}), so the connection was not finished", app.name),
            )
            .hint("Start connecting again in a moment.")
        })?;
        let choices = choose.choices(&body).ok_or_else(|| unusable("gave an answer that makes no sense"))?;
        let known = context.fields.get(&choose.field);
        let decided = match (known, choices.as_slice()) {
            (_, []) => return Err(unusable("lists nothing that this account could be connected to")),
            (Some(known), list) if list.iter().any(|choice| choice.value == *known) => Some(known.clone()),
            (_, [only]) => Some(only.value.clone()),
            _ => None,
        };
        if let Some(value) = decided {
            context.fields.extend(choose.kept(&body, &value));
            context.fields.insert(choose.field.clone(), value);
            return Ok(Chosen::Made);
        }
        let kept = choices.iter().map(|choice| (choice.value.clone(), choose.kept(&body, &choice.value))).collect();
        let now = Timestamp::now();
        let end = |length: Option<Duration>| length.map(|length| after(now, length));
        context.held = Some(Held {
            kept,
            scopes: reply.and_then(|reply| reply.scope.clone()),
            token: reply.is_some(),
            expires_at: end(reply.and_then(|reply| reply.expires_in)),
            refresh_expires_at: end(reply.and_then(|reply| reply.refresh_expires_in)),
            extra: reply.map(|reply| reply.extra.clone()).unwrap_or_default(),
            choices: choices.clone(),
        });
        let sealed = self.seal_session_secrets(id, credential)?;
        let context = serde_json::to_value(&*context).unwrap_or_default();
        let next = choice_state(choose, choices);
        self.step(id, SessionEvent::Choose(next), move |row| {
            row.secrets = Some(sealed);
            row.context = context;
            row.session.expires_at = after(Timestamp::now(), FORM_TIME);
        })
        .await?;
        self.inner().wake.notify_one();
        Ok(Chosen::Asked)
    }

    /// Takes the person's choice and goes on where the sign-in was held.
    pub(super) async fn take_choice(
        &self,
        id: &SessionId,
        method: &AuthMethod,
        mut context: Context,
        held: Held,
        input: &BTreeMap<String, String>,
    ) -> Result<(), Fault> {
        let choose = method.choose.as_ref();
        let field = choose.map(|choose| choose.field.clone()).unwrap_or_default();
        let value = input.get(&field).map(|value| value.trim().to_owned()).unwrap_or_default();
        if !held.choices.iter().any(|choice| choice.value == value) {
            let known = held.choices.iter().take(20).map(|choice| choice.value.as_str()).collect::<Vec<_>>().join(", ");
            return Err(Fault::new(ErrorCode::InvalidField, format!("{field} is none of the choices"))
                .hint(format!("Send one of: {known}.")));
        }
        let credential = self.session_secrets(&self.session_row(id)?)?;
        context.fields.extend(held.kept.get(&value).cloned().unwrap_or_default());
        context.fields.insert(field, value);
        context.held = None;
        let reply = held.token.then(|| reply_of(&held, &credential));
        let kept = serde_json::to_value(&context).unwrap_or_default();
        if self.step(id, SessionEvent::Answered, move |row| row.context = kept).await?.is_none() {
            return Err(Fault::new(ErrorCode::SessionEnded, "this attempt is being finished already, or is over"));
        }
        let engine = self.clone();
        let key = id.clone();
        let task = self.inner().tasks.finish(async move {
            let outcome = engine.accept(&key, credential, reply).await;
            if let Err(fault) = &outcome {
                engine.fail(&key, fault).await;
            }
            outcome
        });
        crate::engine::joined(task.await)?
    }
}

/// Puts the reply together again that was held.
fn reply_of(held: &Held, credential: &Credential) -> TokenReply {
    let now = Timestamp::now();
    let left = |end: Option<Timestamp>| end.map(|end| between(now, end).max(Duration::from_secs(1)));
    TokenReply {
        access_token: credential.access_token.clone().unwrap_or_else(|| SecretString::from(String::new())),
        refresh_token: credential.refresh_token.clone(),
        token_type: "bearer".to_owned(),
        expires_in: left(held.expires_at),
        refresh_expires_in: left(held.refresh_expires_at),
        scope: held.scopes.clone(),
        id_token: None,
        extra: held.extra.clone(),
        date: None,
    }
}

fn choice_state(choose: &Choose, choices: Vec<Choice>) -> SessionState {
    let field = Field {
        key: choose.field.clone(),
        label: choose.label.clone(),
        hint: choose.hint.clone(),
        link: None,
        example: None,
        pattern: None,
        choices,
        secret: false,
        optional: false,
    };
    form_state(vec![field], None)
}
