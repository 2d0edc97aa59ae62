//! Reading requests: lenient where the official SDK needs it, and clear about what is wrong.

use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::header;
use axum::http::request::Parts;
use http_body_util::{BodyExt, Limited};
use membrane_engine::Caller;
use membrane_model::{ErrorCode, Fault};
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// The most that a request body may be, in bytes.
pub(crate) const BODY_MAX: usize = 1024 * 1024;

/// A JSON body; an empty one counts as `{}` whatever its content type says.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        let json = request.headers().get(header::CONTENT_TYPE).is_some_and(|value| {
            let kind = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
            kind.eq_ignore_ascii_case("application/json")
        });
        let too_large =
            |_| ApiError(Fault::new(ErrorCode::UnsupportedBody, "the body is larger than 1 MiB or broke off"));
        let bytes = Limited::new(request.into_body(), BODY_MAX).collect().await.map_err(too_large)?.to_bytes();
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        if !bytes.is_empty() && !json {
            return Err(ApiError(Fault::new(
                ErrorCode::UnsupportedBody,
                "the body is not declared as application/json",
            )));
        }
        serde_json::from_slice(text).map(Self).map_err(|error| {
            let place = if error.is_data() { "the body does not fit" } else { "the body is no JSON" };
            ApiError::bad(format!("{place}: {}", short(&error.to_string())))
        })
    }
}

/// Query parameters; unknown ones are ignored.
pub(crate) struct Params<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let read = Query::<T>::from_request_parts(parts, state).await;
        read.map(|Query(value)| Self(value)).map_err(|rejection: QueryRejection| {
            ApiError::bad(format!("the query does not fit: {}", short(&rejection.body_text())))
        })
    }
}

/// Who calls, as the way in has found out.
pub(crate) struct From(pub(crate) Caller);

impl<S: Send + Sync> FromRequestParts<S> for From {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        parts
            .extensions
            .get::<Caller>()
            .cloned()
            .map(Self)
            .ok_or_else(|| ApiError(Fault::new(ErrorCode::NotAuthenticated, "the request shows no token")))
    }
}

/// A call that only the person may make: from the console or their own terminal.
pub(crate) struct Person;

impl<S: Send + Sync> FromRequestParts<S> for Person {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let From(caller) = From::from_request_parts(parts, state).await?;
        if caller.is_person() {
            return Ok(Self);
        }
        Err(ApiError(
            Fault::new(ErrorCode::AccessDenied, "only the person may do that, not a client")
                .hint("Use the app's window, or `membrane` in the person's own terminal."),
        ))
    }
}

/// A query parameter that may be said as true, false, 1 or 0.
pub(crate) fn flag<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    use serde::Deserialize;
    let text = Option::<String>::deserialize(deserializer)?;
    match text.as_deref() {
        None | Some("") => Ok(None),
        Some("true" | "1") => Ok(Some(true)),
        Some("false" | "0") => Ok(Some(false)),
        Some(_) => Err(serde::de::Error::custom("a yes-or-no parameter is true, false, 1 or 0")),
    }
}

/// Error texts of the parser may repeat input; they are cut, and control characters are left out.
fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}
