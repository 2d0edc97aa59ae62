//! The connection of an app that is named by its address: the one that exists, else a new one.

use membrane_model::{ConnectionView, Fault};

use crate::{Caller, ConnectRequest, ConnectionQuery, Engine};

impl Engine {
    /// Returns the connection of the app behind an address; connects one when there is none. A name counts only then.
    ///
    /// # Errors
    /// As [`Self::app_by_url`] and [`Self::connect_request`].
    pub async fn ensure_connection(
        &self,
        caller: &Caller,
        app_url: &str,
        name: Option<String>,
    ) -> Result<ConnectionView, Fault> {
        let app = self.app_by_url(caller, app_url).await?;
        let query = ConnectionQuery { app: Some(app.to_string()), limit: Some(1000), ..ConnectionQuery::default() };
        let mut found = self.list(&caller.tenant(), &query)?.items;
        // One that works before one that waits for the person.
        found.sort_by_key(|view| (!view.connected, !view.disconnected));
        match found.into_iter().next() {
            Some(view) => Ok(view),
            None => {
                self.connect_request(caller, ConnectRequest { app: Some(app), name, ..ConnectRequest::default() }).await
            }
        }
    }
}
