//! The TCP door: tokens, hosts and origins, before any route sees a request.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use membrane_engine::{Caller, Engine};
use membrane_model::{ErrorCode, Fault};

use crate::error::ApiError;
use crate::limits::Limits;

/// What the door needs to know.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) engine: Engine,
    pub(crate) port: u16,
    pub(crate) limits: Arc<Limits>,
}

/// Lets a request through when its host is ours, its origin may call, its token is known and it takes no more than
/// its share. Routes that a browser opens itself have their token in a form, a query or a code: they check it.
pub(crate) async fn tcp(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    if let Err(fault) = check_host(request.headers(), door.port) {
        return ApiError(fault).into_response();
    }
    let opened = opens_in_browser(&request);
    let origin = match check_origin(request.headers(), &door.engine) {
        Ok(origin) => origin,
        Err(_) if opened => None,
        Err(fault) => return ApiError(fault).into_response(),
    };
    let mut response = if request.method() == Method::OPTIONS && origin.is_some() {
        StatusCode::NO_CONTENT.into_response()
    } else if opened {
        next.run(request).await
    } else {
        let known = bearer(request.headers()).and_then(|token| door.engine.authenticate(token));
        match known.and_then(|caller| Ok((door.limits.take(&caller, Instant::now())?, caller))) {
            Ok((_until_answered, caller)) => {
                let revoked = match &caller {
                    Caller::Client { id, .. } => Some(door.engine.until_revoked(id)),
                    Caller::Console | Caller::Terminal | Caller::Page(_) => None,
                };
                request.extensions_mut().insert(caller);
                let response = next.run(request).await;
                match revoked {
                    Some(revoked) if is_stream(&response) => response.map(|body| until(body, revoked)),
                    Some(_) | None => response,
                }
            }
            Err(fault) => ApiError(fault).into_response(),
        }
    };
    if let Some(origin) = origin {
        allow_origin(response.headers_mut(), &origin);
    }
    response
}

/// Tells whether an answer goes on for as long as its reader stays.
fn is_stream(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}

/// Ends a body when something has happened.
fn until(body: Body, end: impl Future<Output = ()> + Send + 'static) -> Body {
    Body::from_stream(body.into_data_stream().take_until(Box::pin(end)))
}

/// Tells whether a browser opens this by itself: a page, a form, a stream, a file of ours, or the document.
fn opens_in_browser(request: &Request) -> bool {
    let path = request.uri().path();
    let under = |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    match path {
        "/health" | "/oauth-callback" | "/connection-popup" | "/openapi.json" | "/docs" => true,
        "/connect" => request.method() == Method::GET || is_form(request.headers()),
        _ => {
            let console = crate::routes::is_console_page(request.method(), path);
            console || under("/screens") || under("/embed") || under("/sse")
        }
    }
}

/// Tells whether a body is what an HTML form sends.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let empty = headers.get(header::CONTENT_LENGTH).is_some_and(|length| length == "0");
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") && !empty
}

fn bearer(headers: &HeaderMap) -> Result<&str, Fault> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = value.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    token.ok_or_else(|| Fault::new(ErrorCode::NotAuthenticated, "the request shows no token"))
}

fn check_host(headers: &HeaderMap, port: u16) -> Result<(), Fault> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|value| value.to_str().ok()).unwrap_or_default();
    let ours = [format!("127.0.0.1:{port}"), format!("[::1]:{port}"), format!("localhost:{port}")];
    if hosts.next().is_none() && ours.iter().any(|name| name.eq_ignore_ascii_case(host)) {
        return Ok(());
    }
    Err(Fault::new(ErrorCode::OriginDenied, "the request's Host header is not this API's address"))
}

/// Returns the origin of a page that may call: one on this computer, or one that the person approved. No origin at all
/// is fine, any other is refused.
fn check_origin(headers: &HeaderMap, engine: &Engine) -> Result<Option<String>, Fault> {
    check_origin_with(headers, |origin| engine.is_approved(origin))
}

fn check_origin_with(headers: &HeaderMap, approved: impl Fn(&str) -> bool) -> Result<Option<String>, Fault> {
    let denied = || Fault::new(ErrorCode::OriginDenied, "the request comes from a page that may not use this API");
    let Some(origin) = headers.get(header::ORIGIN) else {
        let cross = headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site");
        return if cross { Err(denied()) } else { Ok(None) };
    };
    let origin = origin.to_str().map_err(|_| denied())?;
    let url = url::Url::parse(origin).map_err(|_| denied())?;
    if membrane_engine::is_loopback(&url) || approved(origin) { Ok(Some(origin.to_owned())) } else { Err(denied()) }
}

fn allow_origin(headers: &mut HeaderMap, origin: &str) {
    let Ok(origin) = origin.parse() else { return };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    let fixed = [
        (header::VARY, "Origin"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, membrane-api-version"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT, PATCH, DELETE"),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, "membrane-api-version, retry-after"),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    for (name, value) in fixed {
        headers.insert(name, axum::http::HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse::<header::HeaderName>().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn r62_only_our_own_hosts_pass() {
        for host in ["127.0.0.1:4780", "localhost:4780", "[::1]:4780", "LOCALHOST:4780"] {
            assert!(check_host(&headers(&[("host", host)]), 4780).is_ok(), "{host}");
        }
        for host in ["evil.example:4780", "127.0.0.1", "127.0.0.1:4781", "127.0.0.1.evil.example:4780", ""] {
            assert!(check_host(&headers(&[("host", host)]), 4780).is_err(), "{host}");
        }
        assert!(check_host(&HeaderMap::new(), 4780).is_err());
    }

    #[test]
    fn r62_only_pages_of_this_computer_and_approved_ones_pass() {
        let check = |pairs: &[(&'static str, &str)]| {
            check_origin_with(&headers(pairs), |origin| origin == "https://app.example.com")
        };
        for origin in [
            "http://localhost:5173",
            "http://127.0.0.1:3000",
            "http://[::1]:8080",
            "https://localhost",
            "https://app.example.com",
        ] {
            assert_eq!(check(&[("origin", origin)]).unwrap().as_deref(), Some(origin));
        }
        for origin in [
            "null",
            "https://evil.example",
            "http://localhost.evil.example",
            "file://",
            "chrome-extension://abc",
            "http://app.example.com",
        ] {
            assert!(check(&[("origin", origin)]).is_err(), "{origin}");
        }
        assert!(check(&[("sec-fetch-site", "cross-site")]).is_err());
        assert_eq!(check(&[("sec-fetch-site", "none")]).unwrap(), None);
    }

    #[test]
    fn r61_only_what_a_browser_opens_goes_without_a_bearer_token() {
        let opened = |method: &str, path: &str, kind: &str| {
            let request = Request::builder().method(method).uri(path).header("content-type", kind);
            opens_in_browser(&request.body(axum::body::Body::empty()).unwrap())
        };
        let form = "application/x-www-form-urlencoded";
        assert!(opened("GET", "/connect?token=x", "") && opened("POST", "/connect", form));
        assert!(opened("POST", "/screens/connect", form) && opened("GET", "/sse/workspace", ""));
        for path in ["/connections", "/connect", "/screens", "/ssex/y", "/events", "/status", "/embedded/x"] {
            assert!(!opened("POST", path, "application/json"), "{path}");
        }
        assert!(!opened("GET", "/integrations", ""));
    }
}
