//! The TCP door: tokens, hosts and origins, before any route sees a request.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use membrane_engine::Engine;
use membrane_model::{ErrorCode, Fault};

use crate::error::ApiError;

/// What the door needs to know.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) engine: Engine,
    pub(crate) port: u16,
}

/// Lets a request through when its host is ours, its origin is local and its token is known.
pub(crate) async fn tcp(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    if let Err(fault) = check_host(request.headers(), door.port) {
        return ApiError(fault).into_response();
    }
    let path = request.uri().path();
    if path == "/oauth-callback" || path == "/health" || crate::routes::is_console_page(request.method(), path) {
        return next.run(request).await;
    }
    let origin = match check_origin(request.headers()) {
        Ok(origin) => origin,
        Err(fault) => return ApiError(fault).into_response(),
    };
    let mut response = if request.method() == Method::OPTIONS && origin.is_some() {
        StatusCode::NO_CONTENT.into_response()
    } else {
        match bearer(request.headers()).and_then(|token| door.engine.authenticate(token)) {
            Ok(caller) => {
                request.extensions_mut().insert(caller);
                next.run(request).await
            }
            Err(fault) => ApiError(fault).into_response(),
        }
    };
    if let Some(origin) = origin {
        allow_origin(response.headers_mut(), &origin);
    }
    response
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

/// Returns the origin of a page on this computer; none at all is fine, any other is refused.
fn check_origin(headers: &HeaderMap) -> Result<Option<String>, Fault> {
    let denied = || Fault::new(ErrorCode::OriginDenied, "the request comes from a page that may not use this API");
    let Some(origin) = headers.get(header::ORIGIN) else {
        let cross = headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site");
        return if cross { Err(denied()) } else { Ok(None) };
    };
    let origin = origin.to_str().map_err(|_| denied())?;
    let url = url::Url::parse(origin).map_err(|_| denied())?;
    let local = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    let web = matches!(url.scheme(), "http" | "https");
    if local && web { Ok(Some(origin.to_owned())) } else { Err(denied()) }
}

fn allow_origin(headers: &mut HeaderMap, origin: &str) {
    let Ok(origin) = origin.parse() else { return };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    let fixed = [
        (header::VARY, "Origin"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, membrane-api-version"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT, PATCH, DELETE"),
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
    fn r62_only_pages_of_this_computer_pass() {
        for origin in ["http://localhost:5173", "http://127.0.0.1:3000", "http://[::1]:8080", "https://localhost"] {
            assert_eq!(check_origin(&headers(&[("origin", origin)])).unwrap().as_deref(), Some(origin));
        }
        for origin in
            ["null", "https://evil.example", "http://localhost.evil.example", "file://", "chrome-extension://abc"]
        {
            assert!(check_origin(&headers(&[("origin", origin)])).is_err(), "{origin}");
        }
        assert!(check_origin(&headers(&[("sec-fetch-site", "cross-site")])).is_err());
        assert_eq!(check_origin(&headers(&[("sec-fetch-site", "none")])).unwrap(), None);
    }
}
