//! Failures as the wire shows them.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use membrane_model::{ErrorCode, Fault};

/// A failure on its way to a client.
#[derive(Debug)]
pub(crate) struct ApiError(pub(crate) Fault);

impl From<Fault> for ApiError {
    fn from(fault: Fault) -> Self {
        Self(fault)
    }
}

impl From<membrane_model::IdError> for ApiError {
    fn from(error: membrane_model::IdError) -> Self {
        Self(error.into())
    }
}

impl ApiError {
    /// Says what is wrong with a request.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self(Fault::new(ErrorCode::BadRequest, message))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(self.0.to_wire())).into_response();
        if let Some(seconds) = self.0.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
