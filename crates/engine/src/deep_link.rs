//! Deep links: a link may finish a login that is waiting or show a screen, and nothing else.

use membrane_model::{AppKey, ConnectionId, ErrorCode, Fault};
use percent_encoding::percent_decode_str;

use crate::host::Screen;

/// Longer links are refused unread.
pub const MAX_LINK: usize = 8 * 1024;
/// The scheme of the OAuth redirect (RFC 8252 section 7.1).
pub const CALLBACK_SCHEME: &str = "dev.membrane.desktop";
/// The redirect URI without the app's segment.
pub const CALLBACK_URI: &str = "dev.membrane.desktop:/oauth/callback";

/// What a link asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeepLink {
    /// The browser's answer to an authorization request.
    Callback {
        /// The redirect URI that was called, without its query.
        redirect_uri: String,
        /// The query as it came.
        query: String,
    },
    /// A screen to show.
    Show(Screen),
}

impl DeepLink {
    /// Reads a link. The text of the link never enters an error.
    ///
    /// # Errors
    /// `InvalidLink` for everything outside the fixed set of forms.
    pub fn parse(link: &str) -> Result<Self, Fault> {
        let refuse = |why: &str| Err(Fault::new(ErrorCode::InvalidLink, format!("the link was not followed: {why}")));
        if link.len() > MAX_LINK {
            return refuse("it is longer than 8 KiB");
        }
        if link.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return refuse("it has spaces or control characters");
        }
        if let Some(rest) = strip_scheme(link, CALLBACK_SCHEME) {
            let rest = rest.split('#').next().unwrap_or_default();
            let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
            // Some browsers write one slash, some three, after a scheme without a host.
            let path = path.strip_prefix("//").filter(|p| p.starts_with('/')).unwrap_or(path);
            let app = match path.strip_prefix("/oauth/callback") {
                Some("") => String::new(),
                Some(tail) => match tail.strip_prefix('/').map(str::parse::<AppKey>) {
                    Some(Ok(key)) => format!("/{key}"),
                    _ => return refuse("its path is not the callback's"),
                },
                None => return refuse("its path is not the callback's"),
            };
            return Ok(Self::Callback { redirect_uri: format!("{CALLBACK_URI}{app}"), query: query.to_owned() });
        }
        let Some(rest) = strip_scheme(link, "membrane").and_then(|rest| rest.strip_prefix("//")) else {
            return refuse("its scheme is not one of ours");
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        match path.trim_end_matches('/').split('/').collect::<Vec<_>>().as_slice() {
            ["connect"] => {
                let intent = parameter(query, "intent")?;
                let app = match parameter(query, "app")? {
                    Some(text) => {
                        Some(text.parse::<AppKey>().map_err(|e| Fault::new(ErrorCode::InvalidLink, e.to_string()))?)
                    }
                    None => None,
                };
                Ok(Self::Show(Screen::Connect { intent, app }))
            }
            ["connections"] => Ok(Self::Show(Screen::Home)),
            ["connections", id] => match id.parse::<ConnectionId>() {
                Ok(id) => Ok(Self::Show(Screen::Reconnect(id))),
                Err(_) => refuse("it names no connection"),
            },
            _ => refuse("it names no screen"),
        }
    }
}

fn strip_scheme<'a>(link: &'a str, scheme: &str) -> Option<&'a str> {
    let (found, rest) = link.split_once(':')?;
    found.eq_ignore_ascii_case(scheme).then_some(rest)
}

fn parameter(query: &str, name: &str) -> Result<Option<String>, Fault> {
    let mut found = None;
    for pair in query.split('&') {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if key != name {
            continue;
        }
        let value = percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned();
        let bad = value.is_empty() || value.chars().count() > 200 || value.chars().any(char::is_control);
        if bad || found.is_some() {
            return Err(Fault::new(
                ErrorCode::InvalidLink,
                format!("the link was not followed: its {name} is not usable"),
            ));
        }
        found = Some(value);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r09_the_fixed_forms_are_read() {
        let callback = DeepLink::parse("dev.membrane.desktop:/oauth/callback?code=a&state=b").unwrap();
        assert_eq!(callback, DeepLink::Callback { redirect_uri: CALLBACK_URI.into(), query: "code=a&state=b".into() });
        assert_eq!(
            DeepLink::parse("dev.membrane.desktop:///oauth/callback/notion?code=a").unwrap(),
            DeepLink::Callback { redirect_uri: format!("{CALLBACK_URI}/notion"), query: "code=a".into() }
        );
        assert_eq!(
            DeepLink::parse("membrane://connect?intent=my%20CRM").unwrap(),
            DeepLink::Show(Screen::Connect { intent: Some("my CRM".into()), app: None })
        );
        assert_eq!(
            DeepLink::parse("MEMBRANE://connections/con_1/").unwrap(),
            DeepLink::Show(Screen::Reconnect("con_1".parse().unwrap()))
        );
    }

    #[test]
    fn r09_everything_else_is_refused_without_repeating_it() {
        let long = format!("membrane://connect?intent={}", "a".repeat(MAX_LINK));
        for link in [
            "",
            "file:///etc/passwd",
            "membrane:connect",
            "membrane://",
            "membrane://delete/con_1",
            "membrane://connections/con_1/archive",
            "membrane://connections/..%2f",
            "membrane://connections/a b",
            "dev.membrane.desktop:/oauth/callback/../x",
            "dev.membrane.desktop:/other",
            "dev.membrane.desktop://evil.example/oauth/callback",
            "membrane://connect?intent=a%0ab",
            "membrane://connect?intent=a&intent=b",
            "membrane://connect?app=../x",
            "javascript:alert(1)",
            long.as_str(),
        ] {
            let fault = DeepLink::parse(link).unwrap_err();
            assert_eq!(fault.code, ErrorCode::InvalidLink, "{link}");
            assert!(!fault.message.contains("passwd") && !fault.message.contains("evil"));
        }
    }

    proptest::proptest! {
        #[test]
        fn r09_no_text_makes_it_panic(text in ".{0,300}") {
            let _ = DeepLink::parse(&text);
            let _ = DeepLink::parse(&format!("dev.membrane.desktop:{text}"));
            let _ = DeepLink::parse(&format!("membrane://{text}"));
        }
    }
}
