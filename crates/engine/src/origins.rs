//! Origins: which web pages may call the API and show our pages in a frame.

use membrane_model::{ErrorCode, Fault, OriginView, Timestamp};
use url::{Host, Origin, Url};

use crate::Engine;

/// Reads an origin: scheme, host and port of an `http` or `https` address, in its one spelling.
///
/// # Errors
/// `BadRequest` for anything else.
pub fn parse_origin(text: &str) -> Result<String, Fault> {
    let wrong = || {
        Fault::new(ErrorCode::BadRequest, "that is no origin of a web page")
            .hint("Write scheme, host and port: http://localhost:3000 or https://app.example.com.")
    };
    let url = Url::parse(text.trim()).map_err(|_| wrong())?;
    let plain = url.username().is_empty() && url.password().is_none() && matches!(url.path(), "" | "/");
    let plain = plain && url.query().is_none() && url.fragment().is_none();
    let usable = match url.scheme() {
        "https" => true,
        // Without TLS anybody on the way could be that page.
        "http" => is_loopback(&url),
        _ => false,
    };
    match url.origin() {
        Origin::Tuple(..) if plain && usable => Ok(url.origin().ascii_serialization()),
        Origin::Tuple(..) | Origin::Opaque(_) => Err(wrong()),
    }
}

/// Tells whether a web page's address is on this computer.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    here && matches!(url.scheme(), "http" | "https")
}

impl Engine {
    /// Lists the origins that the person approved.
    ///
    /// # Errors
    /// Fails when the store can't be read.
    pub fn origins(&self) -> Result<Vec<OriginView>, Fault> {
        Ok(self.store().read(|tx| tx.origins())?)
    }

    /// Lets the pages of an origin call the API with a token and show our pages in a frame.
    ///
    /// # Errors
    /// `BadRequest` for what is no origin: `https`, or `http` on this computer.
    pub async fn approve_origin(&self, text: &str) -> Result<OriginView, Fault> {
        let origin = parse_origin(text)?;
        let approved_at = Timestamp::now();
        let kept = origin.clone();
        self.write(move |tx| tx.approve_origin(&kept, approved_at)).await?;
        self.reload_origins();
        Ok(OriginView { origin, approved_at })
    }

    /// Takes an approval back.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn remove_origin(&self, text: &str) -> Result<(), Fault> {
        let origin = parse_origin(text)?;
        let known = self.origins()?.into_iter().any(|view| view.origin == origin);
        if !known {
            return Err(Fault::new(ErrorCode::NotFound, format!("{origin} is not approved"))
                .hint("`membrane origin list` shows the origins there are."));
        }
        self.write(move |tx| tx.remove_origin(&origin)).await?;
        self.reload_origins();
        Ok(())
    }

    /// Tells whether an origin was approved.
    #[must_use]
    pub fn is_approved(&self, origin: &str) -> bool {
        self.approved_origins().iter().any(|one| one == origin)
    }

    /// Returns the origins that were approved, from memory.
    #[must_use]
    pub fn approved_origins(&self) -> std::sync::Arc<Vec<String>> {
        let origins = self.inner().origins.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        std::sync::Arc::clone(&origins)
    }

    /// Reads the approved origins into memory.
    pub(crate) fn reload_origins(&self) {
        match self.origins() {
            Ok(all) => {
                let all = all.into_iter().map(|view| view.origin).collect();
                *self.inner().origins.write().unwrap_or_else(std::sync::PoisonError::into_inner) =
                    std::sync::Arc::new(all);
            }
            Err(fault) => tracing::warn!("failed to read the approved origins: {fault}"),
        }
    }

    /// Checks where a browser is to go after an attempt: a page on this computer, or of an approved origin.
    ///
    /// # Errors
    /// `BadRequest` for any other address.
    pub fn check_redirect(&self, text: &str) -> Result<String, Fault> {
        let refused = |why: &str| {
            Fault::new(ErrorCode::BadRequest, format!("redirectUri {why}"))
                .hint("Use a page on localhost, or approve its origin: membrane origin allow URL.")
        };
        if text.len() > 2000 {
            return Err(refused("is longer than 2,000 characters"));
        }
        let url = Url::parse(text).map_err(|_| refused("is no web address"))?;
        let ours = self.endpoint().api_uri.is_some_and(|api| url.as_str().starts_with(&api));
        let good =
            is_loopback(&url) || (url.scheme() == "https" && self.is_approved(&url.origin().ascii_serialization()));
        if good && !ours { Ok(url.into()) } else { Err(refused("leads to a page that is not approved")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r64_origins_have_one_spelling() {
        assert_eq!(parse_origin("HTTP://LocalHost:3000/").unwrap(), "http://localhost:3000");
        assert_eq!(parse_origin("https://app.example.com:443").unwrap(), "https://app.example.com");
        for wrong in [
            "",
            "null",
            "*",
            "localhost:3000",
            "http://app.example.com",
            "https://app.example.com/path",
            "https://user@app.example.com",
            "https://app.example.com?x",
            "file:///etc",
            "javascript:alert(1)",
        ] {
            assert!(parse_origin(wrong).is_err(), "{wrong}");
        }
    }
}
