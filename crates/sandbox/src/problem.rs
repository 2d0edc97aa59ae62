//! What goes wrong at an OAuth endpoint, as the standards name it.

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

/// An error of RFC 6749, 7009 or 8628. Texts hold nothing that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Problem {
    InvalidRequest(&'static str),
    InvalidClient,
    InvalidGrant(&'static str),
    UnauthorizedClient,
    UnsupportedGrantType,
    UnsupportedResponseType,
    InvalidScope,
    AccessDenied,
    AuthorizationPending,
    SlowDown,
    ExpiredToken,
    /// No random source: nothing can be given out.
    ServerError,
}

impl Problem {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant(_) => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::AccessDenied => "access_denied",
            Self::AuthorizationPending => "authorization_pending",
            Self::SlowDown => "slow_down",
            Self::ExpiredToken => "expired_token",
            Self::ServerError => "server_error",
        }
    }

    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::InvalidRequest(text) | Self::InvalidGrant(text) => text,
            Self::InvalidClient => "The client is unknown, or its secret is wrong.",
            Self::UnauthorizedClient => "The client may not do that.",
            Self::UnsupportedGrantType => "There is no such grant type here.",
            Self::UnsupportedResponseType => "Only response_type=code is spoken here.",
            Self::InvalidScope => {
                "There are profile, crm.read and crm.write, and a refresh can't ask for more than was given."
            }
            Self::AccessDenied => "The person said no.",
            Self::AuthorizationPending => "The person has not answered yet.",
            Self::SlowDown => "Ask less often.",
            Self::ExpiredToken => "The code is too old; start again.",
            Self::ServerError => "The sandbox has no random numbers to give out.",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::InvalidClient => StatusCode::UNAUTHORIZED,
            Self::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
            Self::InvalidRequest(_)
            | Self::InvalidGrant(_)
            | Self::UnauthorizedClient
            | Self::UnsupportedGrantType
            | Self::UnsupportedResponseType
            | Self::InvalidScope
            | Self::AccessDenied
            | Self::AuthorizationPending
            | Self::SlowDown
            | Self::ExpiredToken => StatusCode::BAD_REQUEST,
        }
    }
}

impl From<getrandom::Error> for Problem {
    fn from(_: getrandom::Error) -> Self {
        Self::ServerError
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Json(json!({ "error": self.code(), "error_description": self.text() }));
        let mut response = (self.status(), body).into_response();
        if self == Self::InvalidClient {
            let challenge = HeaderValue::from_static(r#"Basic realm="sandbox""#);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// An error of the API and the control routes: a status, a code and a sentence.
pub(crate) struct ApiProblem {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) text: String,
    pub(crate) header: Option<(HeaderName, HeaderValue)>,
}

impl ApiProblem {
    pub(crate) fn new(status: StatusCode, code: &'static str, text: impl Into<String>) -> Self {
        Self { status, code, text: text.into(), header: None }
    }
}

impl IntoResponse for ApiProblem {
    fn into_response(self) -> Response {
        let body = Json(json!({ "error": self.code, "error_description": self.text }));
        let mut response = (self.status, body).into_response();
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
