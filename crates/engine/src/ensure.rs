//! The connection of an app that is named by its address: the one that exists, else a new one.

use std::net::Ipv4Addr;

use membrane_model::{AppKey, ConnectionView, ErrorCode, Fault, SearchOutcome};
use url::{Host, Url};

use crate::{Caller, ConnectRequest, ConnectionQuery, Engine};

impl Engine {
    /// Returns the connection of the app behind an address; connects one when there is none. A name counts only then.
    ///
    /// # Errors
    /// `BadRequest` for what is no web address, `NoMatch` when no app in the catalog has it, and as
    /// [`Self::connect_request`].
    pub async fn ensure_connection(
        &self,
        caller: &Caller,
        app_url: &str,
        name: Option<String>,
    ) -> Result<ConnectionView, Fault> {
        let host = host_of(app_url)?;
        let app = self.app_of_host(&host)?;
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

    fn app_of_host(&self, host: &str) -> Result<AppKey, Fault> {
        let result = self.catalog().search(host, &[]);
        let first = result.items.into_iter().next();
        match (result.outcome, first) {
            (SearchOutcome::Pick, Some(item)) => Ok(item.key),
            (SearchOutcome::Pick | SearchOutcome::Choose | SearchOutcome::None, _) => {
                Err(Fault::new(ErrorCode::NoMatch, format!("no app in the catalog is at {host}"))
                    .hint("Describe the app in a small file and add it: membrane app add FILE."))
            }
        }
    }
}

/// Returns the host of a web address or bare domain, without `www.`.
fn host_of(text: &str) -> Result<String, Fault> {
    let wrong = || {
        Fault::new(ErrorCode::BadRequest, "appUrl is no web address or domain")
            .hint("Write it like https://slack.com or slack.com.")
    };
    let text = text.trim();
    if text.is_empty() || text.len() > 2000 {
        return Err(wrong());
    }
    let lower = text.to_lowercase();
    let url = if lower.starts_with("http://") || lower.starts_with("https://") {
        Url::parse(text)
    } else {
        Url::parse(&format!("https://{text}"))
    };
    let url = url.map_err(|_| wrong())?;
    let Some(Host::Domain(name)) = url.host() else { return Err(wrong()) };
    let name = name.strip_prefix("www.").unwrap_or(name);
    if !name.contains('.') || name.parse::<Ipv4Addr>().is_ok() {
        return Err(wrong());
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_down_to_a_domain() {
        for (text, host) in [
            ("slack.com", "slack.com"),
            ("https://www.Slack.com/signin?x=1", "slack.com"),
            ("HTTP://app.hubspot.com", "app.hubspot.com"),
        ] {
            assert_eq!(host_of(text).unwrap(), host);
        }
        for wrong in ["", "slack", "10.0.0.1", "http://[::1]", "https://", "a b.com", &"x".repeat(2001)] {
            assert!(host_of(wrong).is_err(), "{wrong}");
        }
    }
}
