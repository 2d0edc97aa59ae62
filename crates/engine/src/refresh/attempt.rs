//! One attempt at an exchange: journalled, sent, and where the answer is lost or says the end, asked once more.

use std::time::Duration;

use membrane_catalog::{App, AuthMethod, Rotation};
use membrane_model::{AuthMethodKind, Connection, ErrorCode, Fault, Timestamp};
use membrane_oauth::{Client, ExchangeFailure, Provider, TokenReply};
use membrane_store::{CredentialRow, JournalRow, JournalState};
use membrane_vault::Place;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::Engine;
use crate::credential::Credential;
use crate::failpoint;
use crate::refresh::plan::between;
use crate::refresh::rotates;

/// How soon an exchange without an answer is tried again with the same token, to meet the provider's grace window.
const PROMPT_RETRY: Duration = Duration::from_millis(700);
/// How long before a dead token is asked for a second time, to be sure.
const CONFIRM_AFTER: Duration = Duration::from_millis(500);

/// What an attempt came to.
pub(super) struct Outcome {
    /// New tokens, or why there are none.
    pub reply: Result<TokenReply, Failure>,
    /// An exchange before this one may have succeeded without us hearing of it.
    pub open: bool,
}

/// Why there are no new tokens.
pub(super) enum Failure {
    /// The provider's word, or its silence.
    Exchange(ExchangeFailure),
    /// Nothing was sent, since the outcome could not be kept.
    NoDisk,
    /// Somebody else renewed it.
    Newer,
}

/// An attempt at renewing one connection.
pub(super) struct Attempt<'a> {
    engine: &'a Engine,
    connection: &'a Connection,
    method: &'a AuthMethod,
    row: &'a CredentialRow,
    provider: Provider,
    client: Client,
    credential: Credential,
    open: bool,
}

impl<'a> Attempt<'a> {
    /// Gets everything ready that a request needs.
    pub(super) fn new(
        engine: &'a Engine,
        connection: &'a Connection,
        app: &App,
        method: &'a AuthMethod,
        row: &'a CredentialRow,
    ) -> Result<Self, Fault> {
        let credential = engine.open_credential(row)?;
        let (provider, client) = engine.deal(app, method, &connection.fields, &credential)?;
        let journal = engine.store().read(|tx| tx.journal(&connection.id))?;
        let sent = credential.refresh_token.as_ref().map(hash);
        let open = journal.is_some_and(|one| one.generation == row.generation && Some(one.token_hash) == sent);
        Ok(Self { engine, connection, method, row, provider, client, credential, open })
    }

    /// Sends the refresh token; once more where the answer got lost, and once more before an end is believed.
    pub(super) async fn run(mut self) -> Result<Outcome, Fault> {
        let Some(token) = self.credential.refresh_token.clone() else {
            let reply = match self.method.kind {
                AuthMethodKind::ClientCredentials => self.send(None).await,
                AuthMethodKind::OAuth2
                | AuthMethodKind::Device
                | AuthMethodKind::Mcp
                | AuthMethodKind::ApiKey
                | AuthMethodKind::Basic => Err(ExchangeFailure::Dead { code: "no_refresh_token".to_owned() }),
            };
            return Ok(Outcome { reply: reply.map_err(Failure::Exchange), open: false });
        };
        let places = self.engine.inner().flights.at(self.provider.token.host_str().unwrap_or_default());
        let _place = places.acquire_owned().await.ok();
        let (_awake, journalled) = tokio::join!(self.engine.weather().stay_awake(), self.journal(&token));
        match journalled {
            Ok(()) => failpoint::reach("journalled"),
            Err(fault) if fault.code == ErrorCode::StorageError => {
                let ended = self.row.expires_at.is_some_and(|end| end <= Timestamp::now());
                if rotates(self.method) && !ended {
                    return Ok(Outcome { reply: Err(Failure::NoDisk), open: self.open });
                }
            }
            Err(fault) => return Err(fault),
        }
        let mut reply = self.send(Some(&token)).await;
        if self.note_open(&reply) {
            tokio::time::sleep(PROMPT_RETRY).await;
            reply = self.send(Some(&token)).await;
            self.note_open(&reply);
        }
        if let Err(ExchangeFailure::Dead { .. }) = &reply {
            // Another process may hold a newer token; ours is no proof of anything then.
            tokio::time::sleep(CONFIRM_AFTER).await;
            if self.engine.credential_row_of(&self.connection.id)?.map(|row| row.generation)
                != Some(self.row.generation)
            {
                return Ok(Outcome { reply: Err(Failure::Newer), open: self.open });
            }
            reply = self.send(Some(&token)).await;
            self.note_open(&reply);
        }
        if let Err(ExchangeFailure::Dead { .. }) = &reply
            && let Some(previous) = self.previous()
        {
            reply = self.send(Some(&previous)).await;
        }
        failpoint::reach("answered");
        if reply.is_err() && !self.open {
            self.clear_journal().await;
        }
        Ok(Outcome { reply: reply.map_err(Failure::Exchange), open: self.open })
    }

    async fn send(&self, token: Option<&SecretString>) -> Result<TokenReply, ExchangeFailure> {
        let http = &self.engine.inner().http;
        match token {
            Some(token) => membrane_oauth::refresh(http, &self.provider, &self.client, token, None).await,
            None => {
                let scopes = &self.connection.scopes;
                membrane_oauth::client_credentials(http, &self.provider, &self.client, scopes).await
            }
        }
    }

    /// Remembers that the provider may have replaced the token without us hearing of it.
    fn note_open(&mut self, reply: &Result<TokenReply, ExchangeFailure>) -> bool {
        let lost = matches!(reply, Err(ExchangeFailure::Transient { ambiguous: true, .. }));
        self.open |= lost;
        lost
    }

    /// Puts on the disk that this token is about to leave, before a byte of it does.
    async fn journal(&self, token: &SecretString) -> Result<(), Fault> {
        let journal = JournalRow {
            connection_id: self.connection.id.clone(),
            generation: self.row.generation,
            token_hash: hash(token),
            sent_at: Timestamp::now(),
            state: if self.open { JournalState::Ambiguous } else { JournalState::InFlight },
        };
        self.engine.write(move |tx| tx.put_journal(&journal)).await
    }

    /// The provider's answer is known, so nothing is in flight any more. A row that stays only makes us more careful.
    async fn clear_journal(&self) {
        let id = self.connection.id.clone();
        if let Err(fault) = self.engine.write(move |tx| tx.clear_journal(&id)).await {
            tracing::warn!(connection = %self.connection.id, "failed to close the journal: {fault}");
        }
    }

    /// Returns the refresh token before this one, where the provider itself says that it is still good: sent at any other
    /// time it would look stolen.
    fn previous(&self) -> Option<SecretString> {
        let Some(Rotation::Grace { seconds }) = self.method.oauth.as_ref().map(|oauth| oauth.token.rotation) else {
            return None;
        };
        let age = between(self.row.obtained_at, Timestamp::now());
        let sealed = self.row.previous.as_ref().filter(|_| is_within(age, seconds))?;
        let place = Place { table: "credential", row: self.connection.id.as_str(), field: "previous" };
        Credential::open_at(self.engine.vault(), place, sealed).ok()?.refresh_token
    }
}

/// Tells whether a token that was replaced so long ago is within a grace of so many seconds: at its end it is over.
fn is_within(age: Duration, grace_seconds: u32) -> bool {
    age < Duration::from_secs(grace_seconds.into())
}

fn hash(token: &SecretString) -> [u8; 32] {
    Sha256::digest(token.expose_secret().as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r41_a_grace_is_over_at_its_end() {
        for (milliseconds, within) in [(0, true), (59_999, true), (60_000, false), (60_001, false)] {
            assert_eq!(is_within(Duration::from_millis(milliseconds), 60), within, "{milliseconds}");
        }
        assert!(!is_within(Duration::ZERO, 0));
    }
}
