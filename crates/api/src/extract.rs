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
/// How long a client may take to send a body.
pub(crate) const BODY_TIME: std::time::Duration = std::time::Duration::from_secs(10);

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
        let reading = Limited::new(request.into_body(), BODY_MAX).collect();
        let slow =
            |_| ApiError(Fault::new(ErrorCode::UnsupportedBody, "the body took longer than 10 seconds to arrive"));
        let bytes = tokio::time::timeout(BODY_TIME, reading).await.map_err(slow)?.map_err(too_large)?.to_bytes();
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        if !bytes.is_empty() && !json {
            return Err(ApiError(Fault::new(
                ErrorCode::UnsupportedBody,
                "the body is not declared as application/json",
            )));
        }
        let mut reader = serde_json::Deserializer::from_slice(text);
        let value: Result<T, _> = serde_path_to_error::deserialize(&mut reader);
        let value = value.map_err(|error| {
            let (field, cause) = (error.path().to_string(), error.inner());
            if !cause.is_data() {
                return ApiError::bad(format!("the body is no JSON: {}", short(&cause.to_string())));
            }
            // Where in the text it is says less than which field it is.
            let cause = cause.to_string();
            let cause = short(cause.rsplit_once(" at line ").map_or(cause.as_str(), |(said, _)| said));
            match field.as_str() {
                "." => ApiError::bad(format!("the body does not fit: {cause}")),
                field => ApiError::bad(format!("{}: {cause}", short(field))),
            }
        })?;
        reader.end().map_err(|_| ApiError::bad("the body is no JSON: something follows its end"))?;
        Ok(Self(value))
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

/// Who calls, as the way in has found out: the person or a program. A page of ours is refused.
pub(crate) struct From(pub(crate) Caller);

/// Who calls, a page of ours among them; for the few routes that pages use.
pub(crate) struct Guest(pub(crate) Caller);

impl<S: Send + Sync> FromRequestParts<S> for Guest {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let caller = parts.extensions.get::<Caller>().cloned();
        caller.map(Self).ok_or_else(|| ApiError(Fault::new(ErrorCode::NotAuthenticated, "the request shows no token")))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for From {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Guest(caller) = Guest::from_request_parts(parts, state).await?;
        match caller {
            Caller::Page(_) => Err(ApiError(
                Fault::new(ErrorCode::AccessDenied, "a connect page may not do that")
                    .hint("Use the token of a client: membrane client create NAME."),
            )),
            Caller::Console | Caller::Terminal | Caller::Client { .. } => Ok(Self(caller)),
        }
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

/// Reads a whole number in a range out of a query parameter.
pub(crate) fn number(
    name: &str,
    text: Option<&str>,
    range: std::ops::RangeInclusive<u64>,
) -> Result<Option<u64>, ApiError> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let fits = text.parse::<u64>().ok().filter(|number| range.contains(number));
    let wrong = || ApiError::bad(format!("{name} is no whole number from {} to {}", range.start(), range.end()));
    fits.map(Some).ok_or_else(wrong)
}

/// Returns a text parameter that says something.
pub(crate) fn filled(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
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

/// One named part of the path.
pub(crate) struct Segment<T>(pub(crate) T);

impl<S, T> FromRequestParts<S> for Segment<T>
where
    S: Send + Sync,
    T: std::str::FromStr,
    T::Err: Into<ApiError>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let read = axum::extract::Path::<String>::from_request_parts(parts, state).await;
        let text = read.map_err(|_| ApiError::bad("the path is not UTF-8"))?.0;
        text.parse().map(Self).map_err(Into::into)
    }
}

impl std::convert::From<std::convert::Infallible> for ApiError {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}
