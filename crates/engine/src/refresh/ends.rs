//! Ends that nothing here can put off: announced a week and a day before, and believed only when they are there.

use std::time::Duration;

use membrane_model::{ConnectionId, ConnectionState, DisconnectReason, ErrorCode, Fault, Timestamp};

use crate::refresh::plan::before;
use crate::{Check, Engine, notice};

/// How long before an end the person is told a second time; the store knows it too.
const LAST_WORD: Duration = Duration::from_secs(24 * 60 * 60);

impl Engine {
    /// Ends a connection whose credential ran out with nothing to renew it. Where the app can be asked, it is: a clock
    /// that was set wrongly ends nothing.
    pub(super) async fn end(&self, id: &ConnectionId) -> Result<(), Fault> {
        if self.find(id)?.state != ConnectionState::Connected {
            return Ok(());
        }
        match self.examine(id).await? {
            // A refusal at the very time that was named for the end needs no second one.
            Check::Unknown | Check::Rejected(_) => {
                self.lose(id, DisconnectReason::Expired).await?;
            }
            // Whoever can't be asked is asked at the next look; meanwhile nobody is handed what has ended.
            Check::Works | Check::Unreachable(_) => {}
        }
        Ok(())
    }

    /// Tells the person of an end that is a week away, and once more a day before.
    pub(super) async fn announce(&self, id: &ConnectionId) -> Result<(), Fault> {
        let connection = self.find(id)?;
        let Some(row) = self.credential_row_of(id)? else { return Ok(()) };
        let end = if row.has_refresh { row.refresh_expires_at } else { row.expires_at };
        let Some(end) = end else { return Ok(()) };
        let key = id.clone();
        let last_word = before(end, LAST_WORD);
        let told = if Timestamp::now() < last_word { last_word } else { end };
        self.write(move |tx| tx.note_announced(&key, told)).await?;
        let settings = self.settings().unwrap_or_default();
        if settings.notifications && connection.state == ConnectionState::Connected {
            let name = self.app_name(&connection.app);
            self.inner().host.notify(notice::ends_soon(
                &connection,
                &name,
                end,
                settings.notification_accounts,
                self.texts(),
            ));
        }
        self.publish_renewal(id);
        Ok(())
    }

    /// Notes when a key or password ends, as the person knows it; `None` = it doesn't, as far as anybody knows.
    ///
    /// # Errors
    /// `NotFound`; `BadRequest` for a time that is past, and for a connection that renews itself.
    pub async fn set_end(
        &self,
        id: &ConnectionId,
        end: Option<Timestamp>,
    ) -> Result<membrane_model::ConnectionView, Fault> {
        let connection = self.find(id)?;
        let row = self.credential_row(id)?;
        if row.has_refresh {
            return Err(Fault::new(
                ErrorCode::BadRequest,
                "this connection renews itself, so its end is known already",
            )
            .hint("Set an end for keys and passwords only."));
        }
        if end.is_some_and(|end| end <= Timestamp::now()) {
            return Err(Fault::new(ErrorCode::BadRequest, "that time is past")
                .hint("Name the day on which the key ends, or null where it has no end."));
        }
        let key = id.clone();
        self.write(move |tx| tx.set_end(&key, end)).await?;
        self.inner().host.clear_notification(&notice::end_id(id));
        self.inner().wake.notify_one();
        self.publish_renewal(id);
        self.view(&connection)
    }
}
