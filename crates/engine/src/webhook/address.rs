//! Where events may be sent.

use membrane_model::{ErrorCode, Fault};
use url::Url;

use crate::proxy::address::{Ground, ground};

const URL_MAX: usize = 2048;

/// Checks where events are to be sent.
pub(crate) fn checked_url(text: &str, allow_local: bool) -> Result<String, Fault> {
    let bad = |message: String| Fault::new(ErrorCode::BadRequest, message);
    let text = text.trim();
    if text.len() > URL_MAX || text.chars().any(char::is_control) {
        return Err(bad("url is longer than 2,048 characters or has a control character".to_owned()));
    }
    let url = Url::parse(text).map_err(|_| bad("url is not a proper address".to_owned()).hint(WRITE))?;
    if url.fragment().is_some() {
        return Err(bad("url has a fragment (#…), which is never sent".to_owned()));
    }
    // What could be on this computer is looked at as if it may be, so that the refusal says what would help.
    match (ground(&url, true), allow_local) {
        (Ok(Ground::ThisComputer), false) => Err(bad("url leads to this computer".to_owned())
            .hint("If that is what you want, allow it: --allowLocal, or \"allowLocal\": true.")),
        (Ok(_), _) => Ok(url.into()),
        (Err(barred), _) => Err(bad(format!("url can't be called: {barred}")).hint(WRITE)),
    }
}

const WRITE: &str = "Write a public address that starts with https://.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r82_https_or_this_computer_when_it_is_allowed() {
        for good in ["https://example.com/hook?key=1", "https://8.8.8.8/", "  https://example.com  "] {
            assert!(checked_url(good, false).is_ok(), "{good}");
        }
        for local in ["http://127.0.0.1:9/", "http://localhost/x", "https://[::1]/", "https://0x7f.1/"] {
            assert!(checked_url(local, false).unwrap_err().hint.unwrap().contains("--allowLocal"), "{local}");
            assert!(checked_url(local, true).is_ok(), "{local}");
        }
        for never in [
            "http://example.com/",
            "http://10.0.0.1/",
            "https://10.0.0.1/",
            "https://169.254.169.254/",
            "https://[::ffff:127.0.0.1]/",
            "https://[fe80::1]/",
            "https://user:pw@example.com/",
            "https://example.com/#x",
            "ftp://example.com/",
            "file:///etc/passwd",
            "example.com",
            "",
            "https://example.com/\r\nx",
        ] {
            assert!(checked_url(never, true).is_err(), "{never}");
        }
    }
}
