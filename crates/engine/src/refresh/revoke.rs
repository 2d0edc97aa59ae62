//! Revoking at the provider what was destroyed here (RFC 7009): at once, and again later where it could not be told.

use std::time::Duration;

use membrane_model::{Connection, ErrorCode, EventId, Fault, Timestamp};
use membrane_oauth::{ExchangeFailure, TokenHint};
use membrane_store::RevocationRow;
use membrane_vault::Place;

use crate::Engine;
use crate::credential::Credential;
use crate::refresh::plan::{after, backoff, between};
use crate::refresh::{method_of, random_unit};

/// How long a provider that can't be told is tried. Until then its credential lives on here, sealed and used for nothing else.
const GIVE_UP: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// How many are under way at once.
const AT_ONCE: usize = 8;
/// The shortest wait between two tries.
const WAIT: Duration = Duration::from_secs(60);
/// How long a revocation that is under way is left alone.
const UNDER_WAY: Duration = Duration::from_secs(90);

impl Engine {
    /// Makes the row of a revocation; `None` where the provider has no such endpoint or the credential can't be read.
    pub(crate) fn prepare_revocation(&self, connection: &Connection) -> Option<RevocationRow> {
        let catalog = self.catalog();
        let (_, method) = method_of(&catalog, connection)?;
        if method.mcp.is_none() {
            method.oauth.as_ref()?.revoke_url.as_ref()?;
        }
        let row = self.credential_row_of(&connection.id).ok()??;
        let credential = self.open_credential(&row).ok()?;
        let id = EventId::generate().to_string();
        let sealed = credential.seal_at(self.vault(), place(&id)).ok()?;
        let now = Timestamp::now();
        Some(RevocationRow {
            id,
            app: connection.app.clone(),
            auth_method: connection.auth_method.clone(),
            fields: connection.fields.clone(),
            sealed,
            attempts: 0,
            next_at: now,
            created_at: now,
        })
    }

    /// Starts the revocations that are due.
    pub(crate) fn revoke_what_is_due(&self) {
        let now = Timestamp::now();
        let due = match self.store().read(|tx| tx.revocations(now, AT_ONCE)) {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!("failed to look for revocations: {error}");
                return;
            }
        };
        for row in due {
            let engine = self.clone();
            self.inner().tasks.finish(async move {
                if let Err(fault) = engine.revoke(row).await {
                    tracing::warn!("failed to revoke: {fault}");
                }
            });
        }
    }

    async fn revoke(&self, mut row: RevocationRow) -> Result<(), Fault> {
        let now = Timestamp::now();
        // Taken out of the line first, so that no second task sends the same.
        row.attempts = row.attempts.saturating_add(1);
        row.next_at = after(now, UNDER_WAY);
        let taken = row.clone();
        self.write(move |tx| tx.put_revocation(&taken)).await?;
        let told = self.tell_provider(&row).await;
        if let Err(failure) = &told {
            tracing::info!(app = %row.app, attempts = row.attempts, "a token could not be revoked at the provider: {failure}");
        }
        let later = matches!(told, Err(ExchangeFailure::Transient { .. })) && between(row.created_at, now) < GIVE_UP;
        if later {
            let wait = backoff(row.attempts.saturating_add(5), Duration::ZERO, None, random_unit()).max(WAIT);
            row.next_at = after(Timestamp::now(), wait);
            return self.write(move |tx| tx.put_revocation(&row)).await;
        }
        self.write(move |tx| tx.delete_revocation(&row.id)).await?;
        let store = std::sync::Arc::clone(&self.inner().store);
        tokio::task::spawn_blocking(move || store.checkpoint().ok()).await.ok();
        Ok(())
    }

    /// Revokes the refresh token, then the access token.
    async fn tell_provider(&self, row: &RevocationRow) -> Result<(), ExchangeFailure> {
        let Ok((provider, client, credential)) = self.revocation_parts(row) else {
            return Err(ExchangeFailure::Malformed);
        };
        let tokens = [
            (credential.refresh_token.as_ref(), TokenHint::RefreshToken),
            (credential.access_token.as_ref(), TokenHint::AccessToken),
        ];
        for (token, hint) in tokens {
            let Some(token) = token else { continue };
            match membrane_oauth::revoke(&self.inner().http, &provider, &client, token, hint).await {
                // A provider that revokes one kind only still is to be told of the other.
                Ok(()) | Err(ExchangeFailure::Refused { .. }) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    fn revocation_parts(
        &self,
        row: &RevocationRow,
    ) -> Result<(membrane_oauth::Provider, membrane_oauth::Client, Credential), Fault> {
        let credential = Credential::open_at(self.vault(), place(&row.id), &row.sealed)?;
        let catalog = self.catalog();
        let found = catalog.get(&row.app).and_then(|app| Some((app, app.method(&row.auth_method)?)));
        let (app, method) = found.ok_or_else(|| Fault::new(ErrorCode::UnknownApp, "its app is not known any more"))?;
        let (provider, client) = self.deal(app, method, &row.fields, &credential)?;
        Ok((provider, client, credential))
    }
}

fn place(id: &str) -> Place<'_> {
    Place { table: "revocation", row: id, field: "sealed" }
}
