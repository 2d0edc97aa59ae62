//! The HTTP client of everything that goes to providers: no redirects, short patience, small bodies.

use std::error::Error;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use url::Url;

const CONNECT_LIMIT: Duration = Duration::from_secs(10);
const TOTAL_LIMIT: Duration = Duration::from_secs(30);
/// Bodies longer than this are not read to their end.
const BODY_MAX: usize = 1024 * 1024;
const USER_AGENT: &str = concat!("membrane-desktop/", env!("CARGO_PKG_VERSION"));

/// Where a request may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// `https` only.
    Https,
    /// `https` to the open internet only: for addresses that a stranger's answer names.
    Public,
    /// Also plain `http` to this computer, for providers that the person runs.
    HttpsOrLoopback,
}

impl Reach {
    /// Tells whether a request may go to a URL.
    #[must_use]
    pub fn allows(self, url: &Url) -> bool {
        match (url.scheme(), self) {
            ("https", Self::Public) => crate::public::is_public_host(url),
            ("https", Self::Https | Self::HttpsOrLoopback) => url.host().is_some(),
            ("http", Self::HttpsOrLoopback) => is_loopback(url),
            _ => false,
        }
    }
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// What came back, whatever its status.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The media type, as sent.
    pub content_type: Option<String>,
    /// How long the provider asks to be left alone, from now on.
    pub retry_after: Option<Duration>,
    /// The provider's clock.
    pub date: Option<Timestamp>,
    /// What the server says about the credential that it wants (RFC 9110 section 11.6.1).
    pub challenge: Option<String>,
    /// Where it wanted to send the request instead.
    pub location: Option<String>,
    /// What the next proof of a key has to repeat (RFC 9449 section 8).
    pub dpop_nonce: Option<String>,
    /// At most 1 MiB.
    pub body: Vec<u8>,
    /// It wanted to send the request elsewhere; it wasn't followed.
    pub redirect: bool,
}

impl Reply {
    /// Tells whether a person was meant to read it: the network's page, not the server's answer.
    #[must_use]
    pub fn is_web_page(&self) -> bool {
        let kind = self.content_type.as_deref().unwrap_or_default().trim_start().to_ascii_lowercase();
        kind.starts_with("text/html") || self.body.trim_ascii_start().starts_with(b"<")
    }

    /// Makes an empty answer, for tests.
    #[cfg(test)]
    pub(crate) fn of(status: u16) -> Self {
        let redirect = (300..400).contains(&status);
        Self {
            status,
            content_type: None,
            retry_after: None,
            date: None,
            challenge: None,
            location: None,
            dpop_nonce: None,
            body: Vec::new(),
            redirect,
        }
    }
}

/// Why nothing usable came back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// The name has no address, or no name server answers.
    #[error("the server's name could not be looked up")]
    Dns,
    /// No connection came about; nothing was sent.
    #[error("the server can't be reached")]
    Connect,
    /// The server's certificate or protocol version is not acceptable; nothing was sent.
    #[error("no secure connection to the server could be made")]
    Tls,
    /// No answer in time.
    #[error("the server did not answer in time")]
    Timeout {
        /// The request may have arrived.
        sent: bool,
    },
    /// The connection broke.
    #[error("the connection to the server broke")]
    Reset {
        /// The request may have arrived.
        sent: bool,
    },
    /// The answer is longer than 1 MiB.
    #[error("the server's answer is too long")]
    TooLarge,
    /// The URL is not one that requests may go to.
    #[error("the address is not https")]
    Forbidden,
}

/// The client. Its parts are made at first use, so that having one costs nothing.
pub struct Http {
    outside: OnceLock<Option<reqwest::Client>>,
    loopback: OnceLock<Option<reqwest::Client>>,
    public: OnceLock<Option<reqwest::Client>>,
    total_limit: Duration,
    /// Seconds that the last server's clock was ahead of ours; `i64::MIN` = none has said.
    skew: AtomicI64,
}

impl Default for Http {
    fn default() -> Self {
        Self::with_patience(TOTAL_LIMIT)
    }
}

impl Http {
    /// Makes a client.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a client that waits at most so long for a whole answer.
    #[must_use]
    pub fn with_patience(total_limit: Duration) -> Self {
        Self {
            outside: OnceLock::new(),
            loopback: OnceLock::new(),
            public: OnceLock::new(),
            total_limit,
            skew: AtomicI64::new(i64::MIN),
        }
    }

    /// Returns how far the clock of the last server that told its time is ahead of this computer's.
    #[must_use]
    pub fn clock_skew(&self) -> Option<SignedDuration> {
        let seconds = self.skew.load(Ordering::Relaxed);
        (seconds != i64::MIN).then(|| SignedDuration::from_secs(seconds))
    }

    /// Sends a request and reads its answer.
    ///
    /// # Errors
    /// [`Unreachable`]; what it says of "sent" is on the safe side.
    pub async fn send(&self, request: ::http::Request<Vec<u8>>, reach: Reach) -> Result<Reply, Unreachable> {
        let url = Url::parse(&request.uri().to_string()).map_err(|_| Unreachable::Forbidden)?;
        if !reach.allows(&url) {
            return Err(Unreachable::Forbidden);
        }
        let local = is_loopback(&url);
        let client = match reach {
            Reach::Public => self.public.get_or_init(|| build(Ground::Open, self.total_limit)),
            Reach::Https | Reach::HttpsOrLoopback if local => {
                self.loopback.get_or_init(|| build(Ground::Here, self.total_limit))
            }
            Reach::Https | Reach::HttpsOrLoopback => self.outside.get_or_init(|| build(Ground::Any, self.total_limit)),
        };
        let client = client.as_ref().ok_or(Unreachable::Tls)?;
        let request = reqwest::Request::try_from(request).map_err(|_| Unreachable::Forbidden)?;
        let mut response = client.execute(request).await.map_err(|error| judge(&error))?;
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let date = header(reqwest::header::DATE).as_deref().and_then(http_date);
        if let Some(date) = date {
            self.skew.store(date.duration_since(Timestamp::now()).as_secs(), Ordering::Relaxed);
        }
        let now = date.unwrap_or_else(Timestamp::now);
        let mut reply = Reply {
            status: response.status().as_u16(),
            content_type: header(reqwest::header::CONTENT_TYPE),
            retry_after: header(reqwest::header::RETRY_AFTER).and_then(|text| retry_after(&text, now)),
            date,
            challenge: header(reqwest::header::WWW_AUTHENTICATE),
            location: header(reqwest::header::LOCATION),
            dpop_nonce: header(reqwest::header::HeaderName::from_static("dpop-nonce")),
            body: Vec::new(),
            redirect: response.status().is_redirection(),
        };
        while let Some(chunk) = response.chunk().await.map_err(|error| judge(&error))? {
            if reply.body.len() + chunk.len() > BODY_MAX {
                return Err(Unreachable::TooLarge);
            }
            reply.body.extend_from_slice(&chunk);
        }
        Ok(reply)
    }
}

/// Where a client's requests go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ground {
    /// This computer.
    Here,
    /// Anywhere.
    Any,
    /// The open internet, and nowhere else.
    Open,
}

fn build(ground: Ground, total_limit: Duration) -> Option<reqwest::Client> {
    // A second call finds the provider installed, which is as good.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_LIMIT)
        .timeout(total_limit)
        .pool_idle_timeout(Duration::from_secs(20))
        .tls_version_min(reqwest::tls::Version::TLS_1_2);
    let builder = match ground {
        Ground::Here => builder.no_proxy(),
        Ground::Any => builder.https_only(true),
        Ground::Open => builder.https_only(true).dns_resolver(crate::public::PublicOnly),
    };
    builder.build().inspect_err(|error| tracing::error!("no HTTP client could be made: {error}")).ok()
}

/// Reads what reqwest says. A request counts as sent unless it certainly wasn't.
fn judge(error: &reqwest::Error) -> Unreachable {
    let mut tls = false;
    let mut dns = false;
    let mut source: Option<&(dyn Error + 'static)> = error.source();
    while let Some(cause) = source {
        tls |= cause.is::<rustls::Error>();
        // An IO error hides what it wraps from `source`, and may wrap another one.
        let mut inner = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        while let Some(wrapped) = inner {
            tls |= wrapped.is::<rustls::Error>();
            inner = wrapped.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        }
        // hyper-util has no type for it; its text is the one sign.
        dns |= cause.to_string().starts_with("dns error");
        source = cause.source();
    }
    let sent = !error.is_connect();
    match () {
        () if tls && !sent => Unreachable::Tls,
        () if dns => Unreachable::Dns,
        () if error.is_timeout() => Unreachable::Timeout { sent },
        () if sent => Unreachable::Reset { sent },
        () => Unreachable::Connect,
    }
}

/// Reads `Retry-After`: seconds or a date (RFC 9110 section 10.2.3).
fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    Some(Duration::try_from(http_date(text)?.duration_since(now)).unwrap_or(Duration::ZERO))
}

fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text.trim()).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r22_only_https_and_on_request_this_computer() {
        let allowed = |text: &str, reach: Reach| reach.allows(&Url::parse(text).unwrap());
        assert!(allowed("https://example.com/token", Reach::Https));
        for local in ["http://127.0.0.1:9/x", "http://[::1]/x", "http://localhost:1/x"] {
            assert!(!allowed(local, Reach::Https), "{local}");
            assert!(allowed(local, Reach::HttpsOrLoopback), "{local}");
        }
        for never in ["http://example.com/", "file:///etc/passwd", "ftp://127.0.0.1/", "http://127.0.0.1.example.com/"]
        {
            assert!(!allowed(never, Reach::HttpsOrLoopback), "{never}");
        }
    }

    #[test]
    fn r31_retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-03-04T10:00:00Z".parse().unwrap();
        assert_eq!(retry_after("120", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Wed, 04 Mar 2026 10:01:00 GMT", now), Some(Duration::from_secs(60)));
        assert_eq!(retry_after("Wed, 04 Mar 2026 09:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
    }
}
