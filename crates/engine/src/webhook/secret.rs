//! The secrets of webhooks: sealed, opened to sign, and replaced while the one before still counts.

use std::time::Duration;

use membrane_model::{ErrorCode, Fault, NewWebhook, Timestamp, WebhookId, WebhookOff};
use membrane_store::WebhookRow;
use membrane_vault::{Place, Sealed, VaultError};
use secrecy::{ExposeSecret, SecretString};

use crate::Engine;
use crate::refresh::plan::after;
use crate::webhook::sign;

/// For how long the secret before signs too, unless told.
const OVERLAP: Duration = Duration::from_secs(24 * 3600);
/// The longest that it may.
const OVERLAP_MAX_HOURS: u64 = 7 * 24;
const CURRENT: &str = "secret";
const PREVIOUS: &str = "previous";

fn place<'a>(id: &'a WebhookId, field: &'static str) -> Place<'a> {
    Place { table: "webhook", row: id.as_str(), field }
}

impl Engine {
    /// Gives a webhook a new secret; the one before signs too for a while.
    ///
    /// # Errors
    /// `NotFound`, `BadRequest` for more than a week, and the vault's states.
    pub async fn rotate_webhook_secret(&self, id: &WebhookId, hours: Option<u64>) -> Result<NewWebhook, Fault> {
        let overlap = match hours {
            Some(hours) if hours > OVERLAP_MAX_HOURS => {
                return Err(Fault::new(ErrorCode::BadRequest, "overlapHours is more than 168, which is a week"));
            }
            Some(hours) => Duration::from_secs(hours * 3600),
            None => OVERLAP,
        };
        self.need_vault().await?;
        let mut row = self.webhook_row(id)?;
        let now = Timestamp::now();
        let secret = sign::new_secret()?;
        let lost = row.off == Some(WebhookOff::SecretLost);
        // Records are bound to their place, so the old secret is sealed anew for where it moves to.
        let old = if lost { None } else { self.open_webhook_secret(&row.id, CURRENT, &row.secret)? };
        row.previous = match old.filter(|_| !overlap.is_zero()) {
            Some(old) => {
                Some((self.vault().seal(place(id, PREVIOUS), old.expose_secret().as_bytes())?, after(now, overlap)))
            }
            None => None,
        };
        row.secret = self.seal_webhook_secret(id, &secret)?;
        row.off = row.off.filter(|_| !lost);
        row.updated_at = now;
        let webhook = self.put_webhook(row).await?;
        Ok(NewWebhook { webhook, secret: secret.expose_secret().to_owned() })
    }

    /// Returns the secrets that sign now, the newest first; none when the newest can't be read any more.
    pub(crate) fn webhook_secrets(
        &self,
        webhook: &WebhookRow,
        now: Timestamp,
    ) -> Result<Option<Vec<SecretString>>, Fault> {
        let Some(newest) = self.open_webhook_secret(&webhook.id, CURRENT, &webhook.secret)? else { return Ok(None) };
        let mut secrets = vec![newest];
        if let Some((sealed, _)) = webhook.previous.as_ref().filter(|(_, until)| *until > now) {
            secrets.extend(self.open_webhook_secret(&webhook.id, PREVIOUS, sealed)?);
        }
        Ok(Some(secrets))
    }

    fn open_webhook_secret(
        &self,
        id: &WebhookId,
        field: &'static str,
        sealed: &Sealed,
    ) -> Result<Option<SecretString>, Fault> {
        match self.vault().open(place(id, field), sealed) {
            Ok(bytes) => Ok(Some(SecretString::from(String::from_utf8_lossy(bytes.expose_secret()).into_owned()))),
            Err(VaultError::Unreadable) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) fn seal_webhook_secret(&self, id: &WebhookId, secret: &SecretString) -> Result<Sealed, Fault> {
        Ok(self.vault().seal(place(id, CURRENT), secret.expose_secret().as_bytes())?)
    }
}
