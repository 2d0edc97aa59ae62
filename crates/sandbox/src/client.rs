//! The two OAuth clients that the sandbox knows: the desktop app, and a service with a secret.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{problem::Problem, secret::same};

/// The public client of Membrane Desktop.
pub const DESKTOP_CLIENT_ID: &str = "membrane-desktop";
/// The confidential client of the demo, for client credentials.
pub const SERVICE_CLIENT_ID: &str = "sandbox-service";
/// Its secret: in the documentation, as it opens made-up data only.
pub const SERVICE_CLIENT_SECRET: &str = "sandbox-service-secret";

const SCHEME_REDIRECT: &str = "dev.membrane.desktop:/oauth/callback";

/// Who asks for tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Client {
    Desktop,
    Service,
}

/// A permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Scope {
    #[serde(rename = "profile")]
    Profile,
    #[serde(rename = "crm.read")]
    CrmRead,
    #[serde(rename = "crm.write")]
    CrmWrite,
}

impl Client {
    pub(crate) fn find(id: &str) -> Option<Self> {
        match id {
            DESKTOP_CLIENT_ID => Some(Self::Desktop),
            SERVICE_CLIENT_ID => Some(Self::Service),
            _ => None,
        }
    }

    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Desktop => DESKTOP_CLIENT_ID,
            Self::Service => SERVICE_CLIENT_ID,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Desktop => "Membrane Desktop",
            Self::Service => "Demo service",
        }
    }

    /// Checks the secret: right where there is one, absent where there is none.
    pub(crate) fn proves_itself(self, secret: Option<&str>) -> bool {
        match self {
            Self::Desktop => secret.is_none(),
            Self::Service => secret.is_some_and(|secret| same(secret, SERVICE_CLIENT_SECRET)),
        }
    }

    /// Tells whether an answer may go there.
    ///
    /// The native app is reached on any port of 127.0.0.1 (RFC 8252 section 7.3) and by its own scheme (section 7.1);
    /// everything else is compared as text.
    pub(crate) fn accepts_redirect(self, uri: &str) -> bool {
        match self {
            Self::Desktop => is_loopback_callback(uri) || is_scheme_callback(uri),
            Self::Service => false,
        }
    }
}

fn is_loopback_callback(uri: &str) -> bool {
    let Ok(url) = Url::parse(uri) else { return false };
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    host == "127.0.0.1" && uri == format!("http://127.0.0.1{port}/oauth-callback")
}

fn is_scheme_callback(uri: &str) -> bool {
    match uri.strip_prefix(SCHEME_REDIRECT) {
        Some("") => true,
        Some(rest) => rest.strip_prefix('/').is_some_and(|app| {
            !app.is_empty()
                && app.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        }),
        None => false,
    }
}

impl Scope {
    pub(crate) const ALL: [Self; 3] = [Self::Profile, Self::CrmRead, Self::CrmWrite];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::CrmRead => "crm.read",
            Self::CrmWrite => "crm.write",
        }
    }

    /// Returns what it allows, for the consent page.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Profile => "See the name and e-mail address of the account",
            Self::CrmRead => "See contacts and deals",
            Self::CrmWrite => "Add contacts",
        }
    }

    /// Reads a `scope` parameter; none asks for what is there to be read.
    pub(crate) fn read_list(text: Option<&str>) -> Result<Vec<Self>, Problem> {
        let mut scopes = Vec::new();
        for word in text.unwrap_or_default().split_ascii_whitespace() {
            let scope = Self::ALL.into_iter().find(|scope| scope.as_str() == word).ok_or(Problem::InvalidScope)?;
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        if scopes.is_empty() {
            scopes = vec![Self::Profile, Self::CrmRead];
        }
        scopes.sort();
        Ok(scopes)
    }

    pub(crate) fn write_list(scopes: &[Self]) -> String {
        scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_go_to_the_registered_places_only() {
        for good in [
            "http://127.0.0.1:4780/oauth-callback",
            "http://127.0.0.1:51234/oauth-callback",
            "dev.membrane.desktop:/oauth/callback",
            "dev.membrane.desktop:/oauth/callback/membrane-sandbox",
        ] {
            assert!(Client::Desktop.accepts_redirect(good), "{good}");
            assert!(!Client::Service.accepts_redirect(good));
        }
        for bad in [
            "",
            "https://127.0.0.1:4780/oauth-callback",
            "http://[::1]:4780/oauth-callback",
            "http://localhost:4780/oauth-callback",
            "http://127.0.0.2:4780/oauth-callback",
            "http://127.0.0.1:4780/oauth-callback/",
            "http://127.0.0.1:4780/oauth-callback?x=1",
            "http://127.0.0.1:4780/oauth-callback#x",
            "http://127.0.0.1:4780/x/../oauth-callback",
            "http://evil@127.0.0.1:4780/oauth-callback",
            "http://127.1:4780/oauth-callback",
            "http://127.0.0.1.evil.example/oauth-callback",
            "dev.membrane.desktop://oauth/callback",
            "dev.membrane.desktop:/oauth/callback/",
            "dev.membrane.desktop:/oauth/callback/../x",
            "dev.membrane.desktop:/oauth/callback?x",
            "javascript:alert(1)",
        ] {
            assert!(!Client::Desktop.accepts_redirect(bad), "{bad}");
        }
    }

    #[test]
    fn scopes_are_read_strictly_and_default_to_reading() {
        assert_eq!(Scope::read_list(None), Ok(vec![Scope::Profile, Scope::CrmRead]));
        assert_eq!(Scope::read_list(Some("crm.write crm.read crm.write")), Ok(vec![Scope::CrmRead, Scope::CrmWrite]));
        assert_eq!(Scope::read_list(Some("admin")), Err(Problem::InvalidScope));
    }

    #[test]
    fn a_public_client_has_no_secret_and_the_service_needs_its_own() {
        assert!(Client::Desktop.proves_itself(None));
        assert!(!Client::Desktop.proves_itself(Some("")));
        assert!(Client::Service.proves_itself(Some(SERVICE_CLIENT_SECRET)));
        assert!(!Client::Service.proves_itself(Some("x")) && !Client::Service.proves_itself(None));
    }
}
