//! Reads parameters: each at most once, as the OAuth standards demand, and of a sane size.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::header,
};
use url::form_urlencoded;

use crate::problem::Problem;

/// Parameters of a query or a form.
#[derive(Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// Reads `a=1&b=2`. An empty value counts as absent (RFC 6749 section 3.1).
    pub(crate) fn read(text: &[u8]) -> Result<Self, Problem> {
        let mut list: Vec<(String, String)> = Vec::new();
        for (key, value) in form_urlencoded::parse(text) {
            if list.iter().any(|(known, _)| *known == key) {
                return Err(Problem::InvalidRequest("A parameter is there twice."));
            }
            if value.chars().any(char::is_control) {
                return Err(Problem::InvalidRequest("A parameter has control characters."));
            }
            list.push((key.into_owned(), value.into_owned()));
        }
        Ok(Self(list))
    }

    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        let value = self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str());
        value.filter(|value| !value.is_empty())
    }

    pub(crate) fn need(&self, key: &str, complaint: &'static str) -> Result<&str, Problem> {
        self.get(key).ok_or(Problem::InvalidRequest(complaint))
    }
}

/// The parameters of a form that was posted.
pub(crate) struct Form(pub(crate) Params);

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
        {
            return Err(Problem::InvalidRequest("Send a form: application/x-www-form-urlencoded."));
        }
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|_| Problem::InvalidRequest("The form is too large or was cut off."))?;
        Params::read(&body).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_once_each() {
        let params = Params::read(b"a=1&b=&c=x%20y").unwrap();
        assert_eq!((params.get("a"), params.get("b"), params.get("c")), (Some("1"), None, Some("x y")));
        assert!(Params::read(b"a=1&a=1").is_err());
        assert!(Params::read(b"a=%00").is_err());
    }
}
