//! Whose a sign-in is where no request of the app says it: what an OpenID server wrote into its ID token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use membrane_model::Account;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::verify::plain;

/// Members that people know themselves by, the best first.
const LABELS: [&str; 4] = ["email", "preferred_username", "name", "sub"];

/// Reads the account out of an ID token that came straight from the issuer's token endpoint, whose connection vouches for
/// it (OpenID Connect Core 3.1.3.7); one that is another issuer's or for another client says nothing.
pub(super) fn account(token: &SecretString, issuer: &str, client: Option<&str>) -> Option<Account> {
    let payload = token.expose_secret().split('.').nth(1)?;
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    let text = |name: &str| claims[name].as_str().filter(|text| !text.trim().is_empty());
    let for_client = |client: &str| match &claims["aud"] {
        Value::Array(all) => all.iter().any(|one| one == client),
        one => one == client,
    };
    if text("iss")? != issuer || !client.is_none_or(for_client) {
        return None;
    }
    let label = LABELS.iter().find_map(|name| text(name))?;
    Some(plain(Account { id: text("sub")?.to_owned(), label: label.to_owned() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn token(claims: &Value) -> SecretString {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string())).into()
    }

    #[test]
    fn an_id_token_says_whose_it_is() {
        let claims = json!({ "iss": "https://id.example", "aud": ["app"], "sub": "42", "email": "ada@example.com" });
        let found = account(&token(&claims), "https://id.example", Some("app")).unwrap();
        assert_eq!((found.id.as_str(), found.label.as_str()), ("42", "ada@example.com"));
        let bare = json!({ "iss": "https://id.example", "aud": "app", "sub": "ada\n" });
        assert_eq!(account(&token(&bare), "https://id.example", None).unwrap().label, "ada");
    }

    #[test]
    fn one_of_another_issuer_or_for_another_client_says_nothing() {
        let claims = json!({ "iss": "https://id.example", "aud": "app", "sub": "42" });
        assert_eq!(account(&token(&claims), "https://else.example", Some("app")), None);
        assert_eq!(account(&token(&claims), "https://id.example", Some("other")), None);
        for broken in ["", "a.b.c", "e30", "e30.e30.x"] {
            assert_eq!(account(&broken.to_owned().into(), "https://id.example", None), None, "{broken}");
        }
    }
}
