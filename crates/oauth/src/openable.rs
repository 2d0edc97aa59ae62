//! Which addresses may be handed to the browser.

use membrane_model::{ErrorCode, Fault};
use url::Url;

use crate::Reach;

/// Checks that a URL may be opened in the browser: `https`, or `http` to this computer where the app's file allows it.
///
/// # Errors
/// `BrowserFailed` for every other scheme and for URLs with a user name or password.
pub fn openable(url: &Url, reach: Reach) -> Result<(), Fault> {
    let plain = url.username().is_empty() && url.password().is_none();
    if plain && reach.allows(url) {
        return Ok(());
    }
    Err(Fault::new(ErrorCode::BrowserFailed, "the sign-in page was not opened: its address is not https")
        .hint("The app's file names a wrong authorization address; correct it and start connecting again."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r12_only_web_pages_are_opened() {
        assert!(openable(&Url::parse("https://example.com/authorize?x=1").unwrap(), Reach::Https).is_ok());
        for bad in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "smb://host/share",
            "search-ms:query=x",
            "data:text/html,x",
            "http://example.com/authorize",
            "https://user:password@example.com/",
            "dev.membrane.desktop:/oauth/callback",
        ] {
            assert!(openable(&Url::parse(bad).unwrap(), Reach::HttpsOrLoopback).is_err(), "{bad}");
        }
    }
}
