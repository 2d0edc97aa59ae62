//! The device flow: a code to type, and a poll that keeps the provider's pace (RFC 8628, R-13).

use std::collections::BTreeMap;
use std::time::Duration;

use membrane_catalog::{App, AuthMethod};
use membrane_model::{ErrorCode, Fault, SessionId, SessionState, Timestamp};
use membrane_oauth::{DevicePoll, DevicePolling, ExchangeFailure};
use membrane_store::SessionRow;

use super::Context;
use super::callback::exchange_fault;
use crate::Engine;
use crate::credential::Credential;
use crate::refresh::plan::{after, between};
use crate::session::transition::SessionEvent;

impl Engine {
    pub(super) async fn lead_to_code(
        &self,
        app: &App,
        method: &AuthMethod,
        row: &SessionRow,
        mut context: Context,
    ) -> Result<(), Fault> {
        let (provider, client) = self.deal(app, method, &context.fields, &Credential::default())?;
        let http = &self.inner().http;
        let device = membrane_oauth::device_start(http, &provider, &client, &context.scopes)
            .await
            .map_err(|failure| exchange_fault(&app.name, &failure))?;
        let id = row.session.id.clone();
        let secrets = Credential {
            client_id: Some(client.id),
            values: BTreeMap::from([("device_code".to_owned(), device.device_code)]),
            ..Credential::default()
        };
        let sealed = self.seal_session_secrets(&id, &secrets)?;
        context.interval = device.interval.as_secs().max(1);
        let next = SessionState::AwaitingUser {
            authorization_url: None,
            redirect_uri: None,
            user_code: Some(device.user_code),
            verification_uri: Some(device.verification_uri),
            verification_uri_complete: device.verification_uri_complete,
            fields: Vec::new(),
            problem: None,
        };
        let expires_at = after(Timestamp::now(), device.expires_in);
        let kept = serde_json::to_value(context).unwrap_or_default();
        self.step(&id, SessionEvent::Continue(next), move |row| {
            row.secrets = Some(sealed);
            row.context = kept;
            row.session.expires_at = expires_at;
        })
        .await?;
        self.poll_device(&id);
        self.inner().wake.notify_one();
        Ok(())
    }

    /// Polls until the person has typed the code, said no, or the time is over.
    pub(super) fn poll_device(&self, id: &SessionId) {
        let engine = self.clone();
        let key = id.clone();
        let task = self.inner().tasks.until_end(async move {
            if let Err(fault) = engine.poll_alone(&key).await {
                engine.fail(&key, &fault).await;
            }
        });
        self.inner().listeners.put(id, task);
    }

    async fn poll_alone(&self, id: &SessionId) -> Result<(), Fault> {
        self.need_vault().await?;
        let row = self.session_row(id)?;
        let context = Self::context(&row);
        let catalog = self.catalog();
        let (app, method) = self.app_and_method(&catalog, &row.session)?;
        let mut bound = self.session_secrets(&row)?;
        let (provider, client) = self.deal(app, method, &context.fields, &bound)?;
        let code = bound.values.remove("device_code").unwrap_or_default();
        bound.client_id = Some(client.id.clone());
        let left = between(Timestamp::now(), row.session.expires_at);
        let mut pace = DevicePolling::new(Duration::from_secs(context.interval), left);
        let mut waited = Duration::ZERO;
        loop {
            let wait = pace.wait();
            tokio::time::sleep(wait).await;
            waited += wait;
            if waited >= left {
                return Err(code_expired());
            }
            let poll = membrane_oauth::device_poll_once(&self.inner().http, &provider, &client, &code).await;
            match poll {
                Ok(DevicePoll::Pending) => {}
                Ok(DevicePoll::SlowDown) => pace.slow_down(),
                Ok(DevicePoll::Granted(reply)) => {
                    // The grant is spent: from here on nothing may cut the work short.
                    let engine = self.clone();
                    let key = id.clone();
                    self.inner().tasks.finish(async move {
                        let outcome = match engine.step(&key, SessionEvent::Answered, |_| {}).await {
                            Ok(Some(_)) => engine.accept_reply(&key, *reply, bound).await,
                            Ok(None) => Ok(()),
                            Err(fault) => Err(fault),
                        };
                        if let Err(fault) = outcome {
                            engine.fail(&key, &fault).await;
                        }
                    });
                    return Ok(());
                }
                Ok(DevicePoll::Denied) => {
                    let text = format!("the access to {} was not allowed", app.name);
                    return Err(Fault::new(ErrorCode::AccessDeniedByUser, text));
                }
                Ok(DevicePoll::Expired) => return Err(code_expired()),
                Err(ExchangeFailure::Transient { .. }) => pace.timed_out(),
                Err(failure) => return Err(exchange_fault(&app.name, &failure)),
            }
        }
    }
}

fn code_expired() -> Fault {
    Fault::new(ErrorCode::SessionExpired, "the code was not typed in time")
}
