//! The lines out: HTTP clients that look a name up themselves, go only to addresses that are allowed, and follow no
//! redirect. The address that was checked is the one that is connected to, so that a name can't change its mind between.

use std::error::Error;
use std::sync::OnceLock;
use std::time::Duration;

use membrane_model::{ErrorCode, Fault};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::proxy::address::Ground;

const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// How long the other side may be silent, before the answer and within it.
const SILENCE_LIMIT: Duration = Duration::from_secs(120);
const IDLE_LIMIT: Duration = Duration::from_secs(60);
pub(crate) const USER_AGENT: &str = concat!("membrane-desktop/", env!("CARGO_PKG_VERSION"));

/// The clients, each made at its first use.
#[derive(Default)]
pub(crate) struct Lines {
    outside: OnceLock<Option<reqwest::Client>>,
    this_computer: OnceLock<Option<reqwest::Client>>,
}

impl Lines {
    /// Returns the client for a ground.
    pub(crate) fn to(&self, ground: Ground) -> Result<&reqwest::Client, Fault> {
        let line = match ground {
            Ground::Outside => &self.outside,
            Ground::ThisComputer => &self.this_computer,
        };
        let client = line.get_or_init(|| build(ground)).as_ref();
        client.ok_or_else(|| Fault::new(ErrorCode::Internal, "no HTTP client could be made"))
    }
}

fn build(ground: Ground) -> Option<reqwest::Client> {
    // A second call finds the provider installed, which is as good.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    // A proxy of the system's would look names up in its own way: there is none here.
    reqwest::Client::builder()
        .dns_resolver(Pinned(ground))
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(CONNECT_LIMIT)
        .read_timeout(SILENCE_LIMIT)
        .pool_idle_timeout(IDLE_LIMIT)
        .tcp_nodelay(true)
        .tls_version_min(reqwest::tls::Version::TLS_1_2)
        .https_only(ground == Ground::Outside)
        .build()
        .inspect_err(|error| tracing::error!("no HTTP client could be made: {error}"))
        .ok()
}

/// Looks names up and lets only addresses of its ground through.
struct Pinned(Ground);

/// A name stands for addresses that may not be called.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to this computer or into a private network")]
struct Rebound;

impl Resolve for Pinned {
    fn resolve(&self, name: Name) -> Resolving {
        let ground = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<_> = found.filter(|address| ground.has(address.ip())).collect();
            if allowed.is_empty() {
                return Err(Rebound.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// What kept an answer from coming.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Silence {
    /// The name leads where it may not.
    Barred,
    /// The name has no address, or no name server answers.
    Dns,
    /// No connection came about.
    Connect,
    /// No secure connection came about.
    Tls,
    /// No answer in time.
    Timeout,
    /// The connection broke, or what came is no HTTP.
    Broken,
}

impl Silence {
    /// Reads what reqwest says.
    pub(crate) fn of(error: &reqwest::Error) -> Self {
        let mut source: Option<&(dyn Error + 'static)> = error.source();
        let (mut tls, mut dns) = (false, false);
        while let Some(cause) = source {
            if cause.is::<Rebound>() {
                return Self::Barred;
            }
            let inner = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
            tls |= cause.is::<rustls::Error>() || inner.is_some_and(|inner| inner.is::<rustls::Error>());
            dns |= cause.to_string().starts_with("dns error");
            source = cause.source();
        }
        match () {
            () if tls => Self::Tls,
            () if dns => Self::Dns,
            () if error.is_timeout() => Self::Timeout,
            () if error.is_connect() => Self::Connect,
            () => Self::Broken,
        }
    }

    /// Says it in a few words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Barred => "its name leads to this computer or into a private network",
            Self::Dns => "its name could not be looked up",
            Self::Connect => "it can't be reached",
            Self::Tls => "no secure connection to it could be made",
            Self::Timeout => "it did not answer in time",
            Self::Broken => "the connection to it broke",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn asked(ground: Ground, host: &str) -> (Silence, bool) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let lines = Lines::default();
        let sent = lines.to(ground).unwrap().get(format!("https://{host}:{port}/")).send();
        let (outcome, arrived) = tokio::join!(
            async { Silence::of(&sent.await.unwrap_err()) },
            tokio::time::timeout(Duration::from_millis(300), async { drop(listener.accept().await) })
        );
        (outcome, arrived.is_ok())
    }

    #[tokio::test]
    async fn r67_a_name_that_leads_to_this_computer_is_not_connected_to() {
        assert_eq!(asked(Ground::Outside, "localhost").await, (Silence::Barred, false));
    }

    #[tokio::test]
    async fn r67_where_this_computer_is_meant_it_is() {
        // It is connected to; what follows is no TLS, as nobody speaks it there.
        let (outcome, arrived) = asked(Ground::ThisComputer, "localhost").await;
        assert!(arrived && outcome != Silence::Barred, "{outcome:?}");
    }
}
