//! Puts a credential into a request, in the app's own way.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use membrane_catalog::{AuthMethod, Send};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::credential::Credential;
use crate::verify::sent;

/// Adds everything that the app wants to see, in place of what a caller may have put there. A key that travels in the URL
/// is there already: the URL was filled with it.
///
/// # Errors
/// A short cause, when the credential has characters that can't travel so.
pub(crate) fn carry(
    method: &AuthMethod,
    credential: &Credential,
    values: &BTreeMap<String, String>,
    url: &mut Url,
    headers: &mut HeaderMap,
) -> Result<(), &'static str> {
    for send in &method.send {
        match send {
            Send::Header { name, prefix, field } => {
                let secret = sent(method, credential, field.as_deref(), values);
                // A token that is bound to a key says so (RFC 9449 section 7.1).
                let bound = credential.dpop_key.is_some() && prefix.eq_ignore_ascii_case("bearer ");
                let prefix = if bound { "DPoP " } else { prefix };
                let value = SecretString::from(format!("{prefix}{}", secret.expose_secret()));
                let name = HeaderName::try_from(name).map_err(|_| "bad-key")?;
                headers.insert(name, sensitive(&value)?);
            }
            Send::Query { name, field } => {
                let secret = sent(method, credential, field.as_deref(), values);
                let others: Vec<(String, String)> =
                    url.query_pairs().filter(|(known, _)| known == name).map(|(k, v)| (k.into(), v.into())).collect();
                if !others.is_empty() {
                    without(url, name);
                }
                url.query_pairs_mut().append_pair(name, secret.expose_secret());
            }
            Send::Basic { username, password } => {
                let pair = format!(
                    "{}:{}",
                    username.fill(values).map_err(|_| "bad-key")?,
                    password.fill(values).map_err(|_| "bad-key")?
                );
                let value = SecretString::from(format!("Basic {}", STANDARD.encode(pair)));
                headers.insert(http::header::AUTHORIZATION, sensitive(&value)?);
            }
            Send::Text { name, value } => {
                let name = name.fill(values).map_err(|_| "bad-key")?;
                let name = HeaderName::try_from(name.trim()).map_err(|_| "bad-key")?;
                let value = SecretString::from(value.fill(values).map_err(|_| "bad-key")?);
                headers.insert(name, sensitive(&value)?);
            }
            Send::Url => {}
        }
    }
    Ok(())
}

/// Takes a parameter out of a query, and leaves the others as they were written.
fn without(url: &mut Url, name: &str) {
    let query = url.query().unwrap_or_default().to_owned();
    let is = |pair: &str| url::form_urlencoded::parse(pair.as_bytes()).next().is_some_and(|(known, _)| known == name);
    let kept: Vec<&str> = query.split('&').filter(|pair| !is(pair)).collect();
    url.set_query(Some(&kept.join("&")).filter(|query| !query.is_empty()).map(String::as_str));
}

fn sensitive(value: &SecretString) -> Result<HeaderValue, &'static str> {
    let mut value = HeaderValue::from_str(value.expose_secret()).map_err(|_| "bad-key")?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use membrane_catalog::parse_app;

    fn method(kind: &str, send: &str) -> AuthMethod {
        let text = format!(
            "key = \"acme\"\nname = \"Acme\"\ndomains = [\"acme.example\"]\ncategories = [\"crm\"]\ndescription = \"A CRM.\"\npopularity = 1\n\
             [[auth]]\nkey = \"k\"\ntype = \"{kind}\"\nlabel = \"Key\"\n{send}\n\
             verify = {{ url = \"https://api.acme.example/me\" }}\n\
             setup = {{ url = \"https://acme.example/keys\", steps = [\"Make a key.\"] }}\n\
             [[auth.fields]]\nkey = \"key\"\nlabel = \"Key\"\nhint = \"There.\"\nexample = \"k\"\nsecret = true\n\
             [[auth.fields]]\nkey = \"account\"\nlabel = \"Account\"\nhint = \"There.\"\nexample = \"a\"\n"
        );
        parse_app("acme.toml", &text).unwrap().auth.remove(0)
    }

    fn carried(method: &AuthMethod, url: &str, sent: &[(&'static str, &'static str)]) -> (Url, HeaderMap) {
        let credential = Credential {
            values: BTreeMap::from([("key".to_owned(), "k&=y".to_owned().into())]),
            ..Credential::default()
        };
        let values = BTreeMap::from([("account".to_owned(), "ada".to_owned()), ("key".to_owned(), "k&=y".to_owned())]);
        let mut url = Url::parse(url).unwrap();
        let mut headers: HeaderMap =
            sent.iter().map(|(k, v)| (HeaderName::from_static(k), HeaderValue::from_static(v))).collect();
        carry(method, &credential, &values, &mut url, &mut headers).unwrap();
        (url, headers)
    }

    #[test]
    fn r66_a_header_takes_the_place_of_the_callers_own() {
        let method = method("api-key", "send = { in = \"header\", name = \"X-Api-Key\", prefix = \"K \" }");
        let (_, headers) = carried(&method, "https://api.acme.example/x", &[("x-api-key", "mine")]);
        let all: Vec<_> = headers.get_all("x-api-key").iter().collect();
        assert_eq!(all, ["K k&=y"]);
        assert!(all[0].is_sensitive());
    }

    #[test]
    fn r66_a_query_parameter_takes_the_place_of_the_callers_own() {
        let method = method("api-key", "send = { in = \"query\", name = \"api_key\" }");
        let (url, _) = carried(&method, "https://api.acme.example/x?a=1%202&api_key=mine&b", &[]);
        assert_eq!(url.as_str(), "https://api.acme.example/x?a=1%202&b&api_key=k%26%3Dy");
        let (url, _) = carried(&method, "https://api.acme.example/x?api%5Fkey=mine", &[]);
        assert_eq!(url.query(), Some("api_key=k%26%3Dy"));
    }

    #[test]
    fn a_field_that_is_no_secret_travels_beside_the_key() {
        let send = "send = [{ in = \"header\", name = \"X-Api-Key\", field = \"key\" }, \
                    { in = \"header\", name = \"X-Account\", field = \"account\" }, \
                    { in = \"query\", name = \"account\", field = \"account\" }]";
        let (url, headers) = carried(&method("api-key", send), "https://api.acme.example/x", &[]);
        assert_eq!((&headers["x-api-key"], &headers["x-account"]), (&"k&=y".parse().unwrap(), &"ada".parse().unwrap()));
        assert_eq!(url.query(), Some("account=ada"));
    }

    #[test]
    fn basic_is_made_of_the_fields() {
        let method =
            method("api-key", "send = { in = \"basic\", username = \"{account}/token\", password = \"{key}\" }");
        let (_, headers) = carried(&method, "https://api.acme.example/x", &[]);
        assert_eq!(headers["authorization"], format!("Basic {}", STANDARD.encode("ada/token:k&=y")));
    }
}
