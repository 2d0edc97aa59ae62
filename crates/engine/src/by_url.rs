//! Any app by its address: the catalog's, the person's own, else one that is made of what the address says.

use std::time::Duration;

use membrane_catalog::draft::{Draft, Server, SignIn};
use membrane_model::{AppKey, ErrorCode, Fault, SearchOutcome};
use membrane_oauth::{ClientAuth, DiscoveryProblem, Reach, is_public_host};
use url::{Host, Url};

use crate::servers::{Found, discovery_fault};
use crate::{Caller, Engine};

/// How long an address may take to say what it is.
const PATIENCE: Duration = Duration::from_secs(20);
/// Scopes that any sign-in asks for where they are offered.
const USUAL_SCOPES: [&str; 4] = ["openid", "offline_access", "profile", "email"];
/// More scopes than this are no choice.
const SCOPES_MAX: usize = 40;
/// The longest address that is read.
const ADDRESS_MAX: usize = 2000;

/// A web address that an app may be at.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    url: Url,
    /// It runs on this computer.
    local: bool,
}

impl Engine {
    /// Returns the app at an address; one that nobody knows is made, and kept as the person's own file.
    ///
    /// # Errors
    /// `BadRequest` for what is no address on the open internet, or fits several apps (the hint names them);
    /// `ProviderError` where the address describes a sign-in that can't be trusted; `Offline` and
    /// `ProviderUnavailable` where it can't be asked.
    pub async fn app_by_url(&self, caller: &Caller, address: &str) -> Result<AppKey, Fault> {
        let place = Place::read(address, caller.is_person())?;
        if let Some(known) = self.app_of_address(&place)? {
            return Ok(known);
        }
        let key = place.key()?;
        if self.catalog().get(&key).is_some() {
            return Ok(key);
        }
        let reach = if place.local { Reach::HttpsOrLoopback } else { Reach::Public };
        let asked = tokio::time::timeout(PATIENCE, self.find_server(&place.url, reach)).await;
        let sign_in = match asked {
            Ok(Ok(found)) => place.sign_in(found),
            Ok(Err(DiscoveryProblem::NotThere)) => SignIn::None,
            Ok(Err(problem)) => return Err(discovery_fault(&place.host(), &problem)),
            Err(_) => {
                let text = format!("{} did not say in time how to sign in", place.host());
                return Err(Fault::new(ErrorCode::ProviderUnavailable, text).hint("Try again in a moment."));
            }
        };
        let draft = Draft {
            key: key.to_string(),
            origin: place.url.origin().ascii_serialization(),
            host: place.host(),
            local: place.local,
            sign_in,
        };
        Ok(self.add_app(&format!("{key}.toml"), &draft.write())?.key)
    }

    /// Finds the app of the catalog, or of the person's own, whose domain an address is in.
    fn app_of_address(&self, place: &Place) -> Result<Option<AppKey>, Fault> {
        let result = self.catalog().search(place.url.as_str(), &[]);
        // A host that is only named like an app is somebody else's until they say so.
        let mut fits = result.items.iter().filter(|item| item.reason.starts_with("matches "));
        match (result.outcome, fits.next()) {
            (SearchOutcome::Pick, Some(item)) => Ok(Some(item.key.clone())),
            (SearchOutcome::Choose, Some(first)) => {
                let others = fits.map(|item| item.key.as_str());
                let names = std::iter::once(first.key.as_str()).chain(others).take(6).collect::<Vec<_>>().join(", ");
                Err(Fault::new(ErrorCode::BadRequest, format!("several apps are at {}", place.host()))
                    .hint(format!("Connect one of them by its key: {names}.")))
            }
            (SearchOutcome::Pick | SearchOutcome::Choose | SearchOutcome::None, _) => Ok(None),
        }
    }
}

impl Place {
    /// Reads an address or a bare domain. Only the person may name one on this computer: a program that asks for it
    /// could have this process look around there.
    fn read(text: &str, person: bool) -> Result<Self, Fault> {
        let wrong = |why: &str| {
            Err(Fault::new(ErrorCode::BadRequest, format!("this is no address of an app: {why}"))
                .hint("Write it like https://crm.example.com or crm.example.com."))
        };
        let text = text.trim();
        if text.is_empty() || text.len() > ADDRESS_MAX || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return wrong("it is empty, too long, or has spaces");
        }
        let full = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let Ok(mut url) = Url::parse(&full) else { return wrong("it can't be read") };
        if !matches!(url.scheme(), "http" | "https") {
            return wrong("it doesn't start with https://");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return wrong("it has a user name in it");
        }
        url.set_fragment(None);
        url.set_query(None);
        let here = match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => return wrong("it names no host"),
        };
        if here && person {
            return Ok(Self { url, local: true });
        }
        if here || !is_public_host(&url) {
            return wrong("it is not on the open internet");
        }
        if !matches!(url.host(), Some(Host::Domain(_))) {
            return wrong("it has a number in place of a name");
        }
        // Whoever types http:// means the site; the site is asked over https, and nothing else.
        if url.scheme() == "http" && url.set_scheme("https").is_err() {
            return wrong("it doesn't start with https://");
        }
        let without_www = url.host_str().and_then(|host| host.strip_prefix("www.")).map(str::to_owned);
        if let Some(host) = without_www.filter(|host| host.contains('.'))
            && url.set_host(Some(&host)).is_err()
        {
            return wrong("it can't be read");
        }
        Ok(Self { url, local: false })
    }

    /// Returns the host, with the port where it is not the usual one.
    fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Makes the key of the app: the host's letters and digits.
    fn key(&self) -> Result<AppKey, Fault> {
        let plain: String =
            self.host().to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let words: Vec<&str> = plain.split('-').filter(|word| !word.is_empty()).collect();
        let text = words.join("-");
        // A key starts with a letter, so that it can't be taken for a number.
        let text = if text.starts_with(|c: char| c.is_ascii_lowercase()) { text } else { format!("at-{text}") };
        text.parse().map_err(|_| Fault::new(ErrorCode::BadRequest, "the host's name is too long for an app's key"))
    }

    fn sign_in(&self, found: Found) -> SignIn {
        let Found { server, resource, .. } = found;
        if let Some(url) = resource {
            return SignIn::Resource { url };
        }
        let (usual, other): (Vec<String>, Vec<String>) =
            server.scopes.iter().flatten().cloned().partition(|scope| USUAL_SCOPES.contains(&scope.as_str()));
        let text = |url: &Option<Url>| url.as_ref().map(Url::to_string);
        SignIn::Server(Box::new(Server {
            sends_iss: server.sends_iss,
            pkce: server.pkce() == Some(true),
            token_auth: match (server.best_client_auth(), server.register.is_some()) {
                // A client that the person makes may have a secret; without one it is not shown.
                (ClientAuth::None, false) => "post",
                (auth, _) => crate::deal::auth_name(auth),
            },
            authorize_url: server.authorize.to_string(),
            token_url: server.token.to_string(),
            revoke_url: text(&server.revoke),
            register_url: text(&server.register),
            par_url: text(&server.par).filter(|_| server.par_required),
            userinfo_url: text(&server.userinfo).filter(|_| server.knows_scope("openid")),
            scopes: usual,
            more_scopes: other.into_iter().take(SCOPES_MAX).collect(),
            issuer: server.issuer,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r12_addresses_are_read_as_the_site_they_mean() {
        for (text, url, key) in [
            ("crm.example.com", "https://crm.example.com/", "crm-example-com"),
            (" https://www.Example.com/app?x=1#y ", "https://example.com/app", "example-com"),
            ("http://crm.example.com", "https://crm.example.com/", "crm-example-com"),
            ("https://crm.example.com:8443/v1/mcp", "https://crm.example.com:8443/v1/mcp", "crm-example-com-8443"),
        ] {
            let place = Place::read(text, false).unwrap();
            assert_eq!((place.url.as_str(), place.key().unwrap().as_str()), (url, key));
        }
        let here = Place::read("http://127.0.0.1:4790/mcp", true).unwrap();
        assert!(here.local && here.key().unwrap().as_str() == "at-127-0-0-1-4790");
    }

    #[test]
    fn r12_r22_what_is_no_public_address_is_refused() {
        let long = format!("https://{}.example", "x".repeat(2001));
        for text in [
            "",
            "slack",
            "a b.example",
            "javascript:alert(1)",
            "javascript://example.com/%0aalert(1)",
            "file:///etc/passwd",
            "ftp://example.com",
            "https://user:password@example.com",
            "https://",
            "10.0.0.1",
            "https://192.168.0.1/admin",
            "https://169.254.169.254/latest",
            "http://[::1]",
            "http://127.0.0.1:4790",
            "http://localhost:8080",
            "https://2130706433",
            "https://93.184.216.34",
            "https://printer.local",
            "https://wiki.corp",
            long.as_str(),
        ] {
            let fault = Place::read(text, false).unwrap_err();
            assert_eq!(fault.code, ErrorCode::BadRequest, "{text}");
            assert!(!fault.message.contains("password"), "{fault:?}");
        }
        assert!(Place::read("https://10.0.0.1", true).is_err());
    }
}
