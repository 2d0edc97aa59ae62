//! The pages a browser ends at: fixed text, no scripts, nothing reflected.

/// The headers that every page is sent with.
pub const HEADERS: [(&str, &str); 6] = [
    ("content-type", "text/html; charset=utf-8"),
    (
        "content-security-policy",
        "default-src 'none'; style-src 'sha256-Iy9ILucQgOg7WJ0gOGoZsDgeTeJ6dafF//rbPjK89dU='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
];

macro_rules! page {
    ($title:literal, $text:literal) => {
        concat!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>",
            $title,
            "</title><meta name=\"viewport\" content=\"width=device-width\"><style>",
            include_str!("pages.css"),
            "</style></head><body><main><h1>",
            $title,
            "</h1><p>",
            $text,
            "</p></main></body></html>"
        )
    };
}

/// The answer arrived; the app goes on from here.
#[must_use]
pub fn done() -> &'static str {
    page!("Back to Membrane", "Your answer has arrived. Membrane finishes the connection; you can close this page.")
}

/// The app reported an error, or the person said no.
#[must_use]
pub fn ended() -> &'static str {
    page!("Not connected", "The access was not allowed. Membrane says what to do next; you can close this page.")
}

/// The answer belongs to no attempt that is waiting.
#[must_use]
pub fn refused() -> &'static str {
    page!(
        "This answer was not used",
        "It does not belong to a sign-in that is waiting. Start connecting again in Membrane; you can close this page."
    )
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use sha2::{Digest, Sha256};

    #[test]
    fn r07_the_policy_allows_exactly_the_style_that_is_there() {
        let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(include_str!("pages.css")));
        let policy = super::HEADERS[1].1;
        assert!(policy.contains(&format!("'sha256-{hash}'")), "{policy} must hold {hash}");
        for page in [super::done(), super::ended(), super::refused()] {
            assert!(!page.contains("<script"));
        }
    }
}
