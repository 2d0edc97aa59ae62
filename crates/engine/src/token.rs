//! Handing out what a tool shows to an app: an access token or key, never a refresh token.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use membrane_model::{Connection, ConnectionId, ConnectionState, ErrorCode, Fault, Timestamp, TokenView, VaultState};
use membrane_store::CredentialRow;
use secrecy::ExposeSecret;

use crate::refresh::plan::between;
use crate::refresh::{Refreshed, method_of};
use crate::verify::shown;
use crate::{Caller, Engine};

/// The longest `minValid` that is honoured: half an hour, else every read of a short token would renew it.
const MIN_VALID_MAX: Duration = Duration::from_secs(1800);
/// A connection's last use is written at most this often.
const TOUCH_EVERY: Duration = Duration::from_secs(60);

/// When connections were last noted as used, so that a burst of calls is one write and not a thousand that wait for the
/// first of them.
#[derive(Default)]
pub(crate) struct Touches(Mutex<HashMap<ConnectionId, Timestamp>>);

impl Touches {
    /// Tells whether a use is to be written, and takes it as written.
    fn is_due(&self, id: &ConnectionId, now: Timestamp) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() > 256 {
            all.retain(|_, at| between(*at, now) < TOUCH_EVERY);
        }
        let due = all.get(id).is_none_or(|at| between(*at, now) >= TOUCH_EVERY || *at > now);
        if due {
            all.insert(id.clone(), now);
        }
        due
    }
}

impl Engine {
    /// Hands out an access token that is good for at least `min_valid`, renewing it first where that is needed.
    ///
    /// When the provider isn't answering, a token that is still good for a shorter time is handed out all the same.
    ///
    /// # Errors
    /// `AccessDenied` for a client that may not; `Disconnected`, `Paused`, `NotConnectedYet`; the vault's states;
    /// `ProviderUnavailable` or `Offline` when the token ran out and could not be renewed.
    pub async fn token(&self, caller: &Caller, id: &ConnectionId, min_valid: Duration) -> Result<TokenView, Fault> {
        match caller {
            Caller::Console | Caller::Terminal | Caller::Client { may_get_tokens: true, .. } => {}
            Caller::Client { .. } | Caller::Page(_) => {
                return Err(Fault::new(ErrorCode::AccessDenied, "this client may not ask for access tokens"));
            }
        }
        let connection = self.find(id)?;
        self.usable(&connection)?;
        self.need_vault().await?;
        let row = self.row_good_for(&connection, min_valid).await?;
        let credential = self.open_credential(&row)?;
        if credential.dpop_key.is_some() {
            let text = "this token works only with a key that stays in the vault";
            return Err(Fault::new(ErrorCode::AccessDenied, text)
                .hint("Make the call with `membrane request`, which proves the key."));
        }
        self.touch(&connection, Timestamp::now());
        self.note_use(caller, &connection);
        let catalog = self.catalog();
        let method = catalog.get(&connection.app).and_then(|app| app.method(&connection.auth_method));
        let access_token = match method {
            Some(method) => shown(method, &credential, &connection.fields),
            None => credential.access_token.clone().unwrap_or_default(),
        };
        Ok(TokenView { access_token: access_token.expose_secret().to_owned(), expires_at: row.expires_at })
    }

    /// Returns a connection's credential, good for at least `min_valid`, renewed first where that is needed.
    ///
    /// # Errors
    /// As [`Self::token`].
    pub(crate) async fn row_good_for(
        &self,
        connection: &Connection,
        min_valid: Duration,
    ) -> Result<CredentialRow, Fault> {
        let id = &connection.id;
        self.heed_clock().await?;
        let min_valid = min_valid.min(MIN_VALID_MAX);
        let now = Timestamp::now();
        let mut row = self.credential_row(id)?;
        if row.has_refresh && !good_for(&row, now, min_valid) && may_try(&row, now) {
            match self.refresh(id, row.generation).await? {
                Refreshed::Fresh | Refreshed::Stale => {
                    self.usable(&self.find(id)?)?;
                    row = self.credential_row(id)?;
                }
                Refreshed::Transient { cause, again_at } if !good_for(&row, Timestamp::now(), Duration::ZERO) => {
                    return Err(self.not_now(connection, &cause, again_at));
                }
                Refreshed::Transient { .. } => {}
                Refreshed::Permanent(_) => {
                    self.usable(&self.find(id)?)?;
                }
            }
        }
        if !good_for(&row, Timestamp::now(), Duration::ZERO) {
            let again_at = row.next_retry_at.unwrap_or(now);
            return Err(self.not_now(connection, row.last_error.as_deref().unwrap_or("expired"), again_at));
        }
        Ok(row)
    }

    /// Tells whether a connection can be used now.
    pub(crate) fn usable(&self, connection: &Connection) -> Result<(), Fault> {
        if connection.state == ConnectionState::Connected {
            return Ok(());
        }
        let name = self.app_name(&connection.app);
        match &connection.state {
            ConnectionState::Connected => Ok(()),
            ConnectionState::Connecting { .. } => {
                Err(Fault::new(ErrorCode::NotConnectedYet, format!("nobody has signed in to {name} yet")))
            }
            ConnectionState::Disconnected { reason, .. } => {
                Err(Fault::new(ErrorCode::Disconnected, format!("{name} needs the person: {}", reason.sentence()))
                    .hint(format!(
                        "Run `membrane connect --connectionId {}`, or press Reconnect in the app.",
                        connection.id
                    )))
            }
            ConnectionState::Paused { .. } => Err(Fault::new(ErrorCode::Paused, format!("{name} is paused"))),
        }
    }

    /// Runs the app's verify request with the credential that the connection has.
    ///
    /// # Errors
    /// As [`Self::token`]; an app without such a request is `BadRequest`.
    pub async fn test(&self, id: &ConnectionId) -> Result<crate::Check, Fault> {
        let connection = self.find(id)?;
        self.usable(&connection)?;
        self.need_vault().await?;
        self.row_good_for(&connection, Duration::ZERO).await?;
        if method_of(&self.catalog(), &connection).is_none_or(|(_, method)| method.verify.is_none()) {
            return Ok(crate::Check::Unknown);
        }
        self.examine(id).await
    }

    pub(crate) fn credential_row(&self, id: &ConnectionId) -> Result<CredentialRow, Fault> {
        self.credential_row_of(id)?
            .ok_or_else(|| Fault::new(ErrorCode::Disconnected, "its credential is not on this computer any more"))
    }

    pub(crate) fn touch(&self, connection: &Connection, now: Timestamp) {
        if connection.last_used_at.is_some_and(|at| between(at, now) < TOUCH_EVERY)
            || self.vault().state() != VaultState::Unlocked
            || !self.inner().touches.is_due(&connection.id, now)
        {
            return;
        }
        let engine = self.clone();
        let id = connection.id.clone();
        tokio::spawn(async move {
            let key = id.clone();
            if engine.write(move |tx| tx.touch_connection(&key, now)).await.is_ok() {
                engine.publish_connection(&id);
            }
        });
    }
}

fn good_for(row: &CredentialRow, now: Timestamp, min_valid: Duration) -> bool {
    let Some(end) = row.expires_at else { return true };
    // A clock that was set back makes nothing valid for longer than it was given.
    let lifetime = between(row.obtained_at, end);
    let left = between(now, end);
    end > now && left >= min_valid.min(lifetime / 2) && left <= lifetime
}

/// Tells whether a request may try the provider now: while it is failing, the schedule decides.
fn may_try(row: &CredentialRow, now: Timestamp) -> bool {
    row.next_retry_at.is_none_or(|at| at <= now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_of_uses_is_written_once_a_minute() {
        let (touches, id) = (Touches::default(), ConnectionId::generate());
        let at = |second| Timestamp::from_second(second).unwrap();
        assert!(touches.is_due(&id, at(100)));
        assert!(!touches.is_due(&id, at(100)) && !touches.is_due(&id, at(159)));
        assert!(touches.is_due(&id, at(160)) && touches.is_due(&ConnectionId::generate(), at(160)));
        // A clock that was set back must not silence it for long.
        assert!(touches.is_due(&id, at(10)));
    }
}
