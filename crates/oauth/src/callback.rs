//! The authorization response: read from a query, its issuer checked (RFC 6749 section 4.1.2, RFC 9207).

use std::fmt;

use secrecy::SecretString;

use crate::Provider;

/// Longer queries are refused unread.
const QUERY_MAX: usize = 8 * 1024;

/// How providers say that an administrator has to agree first: as the error, or somewhere in what they say of it.
const WAITS_FOR_ADMIN: [&str; 5] =
    ["admin_policy_enforced", "admin_consent_required", "AADSTS90093", "AADSTS90094", "AADSTS90095"];

/// What a browser brought back.
pub enum Callback {
    /// The person agreed.
    Code {
        /// The authorization code.
        code: SecretString,
        /// The state of the attempt.
        state: String,
        /// The provider's identifier, where it sends one.
        iss: Option<String>,
    },
    /// They didn't, or something failed.
    Error {
        /// The code of RFC 6749 section 4.1.2.1, like `access_denied`; letters, digits and `_.-` only.
        error: String,
        /// The state of the attempt.
        state: String,
        /// The provider's identifier, where it sends one.
        iss: Option<String>,
        /// It says that an administrator of the person's organisation has to agree first.
        waits_for_admin: bool,
    },
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code { .. } => f.write_str("Code"),
            Self::Error { error, .. } => write!(f, "Error({error})"),
        }
    }
}

/// Why an authorization response can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// The query is too long, repeats a parameter, lacks one, or has control characters.
    #[error("the answer is malformed")]
    Malformed,
    /// It comes from another provider than the one that was asked, or doesn't say where it comes from and should.
    #[error("the answer is from another provider")]
    OtherIssuer,
}

/// Reads the query of a redirect.
///
/// # Errors
/// `Malformed`.
pub fn read_callback(query: &str) -> Result<Callback, CallbackError> {
    if query.len() > QUERY_MAX {
        return Err(CallbackError::Malformed);
    }
    let (mut code, mut state, mut iss, mut error, mut described) = (None, None, None, None, None);
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let slot = match name.as_ref() {
            "code" => &mut code,
            "state" => &mut state,
            "iss" => &mut iss,
            "error" => &mut error,
            // Read for what it may say of administrators, and shown to nobody.
            "error_description" => {
                described.get_or_insert(value.into_owned());
                continue;
            }
            _ => continue,
        };
        // Parameters must not be repeated (RFC 6749 section 3.1).
        if slot.is_some() || value.chars().any(char::is_control) {
            return Err(CallbackError::Malformed);
        }
        *slot = Some(value.into_owned());
    }
    let state = state.filter(|state| !state.is_empty()).ok_or(CallbackError::Malformed)?;
    match (code.filter(|code| !code.is_empty()), error) {
        (Some(code), None) => Ok(Callback::Code { code: code.into(), state, iss }),
        (None, Some(error)) => {
            let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
            let shown: String = error.chars().filter(|c| sound(*c)).take(60).collect();
            let said =
                |word: &&str| error == **word || described.as_deref().is_some_and(|text: &str| text.contains(*word));
            let waits_for_admin = WAITS_FOR_ADMIN.iter().any(said);
            Ok(Callback::Error { error: shown, state, iss, waits_for_admin })
        }
        _ => Err(CallbackError::Malformed),
    }
}

/// Checks who an answer is from (RFC 9207 section 2.4): letter by letter, on error answers too.
///
/// # Errors
/// `OtherIssuer`.
pub fn check_issuer(provider: &Provider, iss: Option<&str>) -> Result<(), CallbackError> {
    match (iss, &provider.issuer) {
        (Some(iss), Some(issuer)) if iss == issuer => Ok(()),
        // Without an identifier to compare with, a provider that doesn't promise `iss` may send one (RFC 9207 section 2.4).
        (Some(_), None) if !provider.sends_iss => Ok(()),
        (None, _) if !provider.sends_iss => Ok(()),
        _ => Err(CallbackError::OtherIssuer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::tests::provider;
    use proptest::prelude::*;

    #[test]
    fn an_answer_that_waits_for_an_administrator_is_told_from_a_no() {
        let waits = |query: &str| matches!(read_callback(query), Ok(Callback::Error { waits_for_admin: true, .. }));
        assert!(waits(
            "error=access_denied&error_description=AADSTS90094%3A+The+grant+requires+admin+permission.&state=s"
        ));
        assert!(waits("error=admin_policy_enforced&state=s"));
        assert!(!waits("error=access_denied&error_description=AADSTS65004%3A+User+declined.&state=s"));
    }

    #[test]
    fn r03_answers_that_cannot_be_are_refused() {
        for bad in [
            "",
            "code=a",
            "state=s",
            "state=&code=a",
            "code=a&state=s&state=t",
            "code=a&code=b&state=s",
            "code=a&error=b&state=s",
            "code=a%00&state=s",
            "code=a&state=s%0a",
        ] {
            assert_eq!(read_callback(bad).err(), Some(CallbackError::Malformed), "{bad}");
        }
        let long = format!("code=a&state={}", "s".repeat(9000));
        assert!(read_callback(&long).is_err());
        assert!(matches!(read_callback("code=a&state=s&session_state=x"), Ok(Callback::Code { .. })));
    }

    #[test]
    fn an_error_keeps_no_markup() {
        match read_callback("error=access_denied%3Cscript%3E&state=s&error_description=evil").unwrap() {
            Callback::Error { error, .. } => assert_eq!(error, "access_deniedscript"),
            Callback::Code { .. } => panic!("an error was taken for a code"),
        }
    }

    #[test]
    fn r04_the_issuer_is_compared_to_the_letter() {
        let with = |issuer: Option<&str>, sends_iss| {
            let mut provider = provider("http://127.0.0.1:1");
            provider.issuer = issuer.map(str::to_owned);
            provider.sends_iss = sends_iss;
            provider
        };
        let known = with(Some("https://as.example"), true);
        assert!(check_issuer(&known, Some("https://as.example")).is_ok());
        assert!(check_issuer(&known, Some("https://as.example/")).is_err());
        assert!(check_issuer(&known, None).is_err());
        let quiet = with(Some("https://as.example"), false);
        assert!(check_issuer(&quiet, None).is_ok());
        assert!(check_issuer(&quiet, Some("https://evil.example")).is_err());
        assert!(check_issuer(&with(None, true), None).is_err());
        assert!(check_issuer(&with(None, true), Some("https://evil.example")).is_err());
        assert!(check_issuer(&with(None, false), Some("https://any.example")).is_ok());
    }

    proptest! {
        #[test]
        fn no_query_makes_it_panic(query in "\\PC{0,300}") {
            let _read = read_callback(&query);
        }
    }
}
