//! Which headers go through, in either direction.

use std::collections::BTreeMap;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use membrane_catalog::Api;

/// Headers of one connection, which mean nothing on the next (RFC 9110 section 7.6.1).
const HOP_BY_HOP: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
    "expect",
];
/// What a caller shows to us and to nobody else, or what would tell where it is.
const OURS: &[&str] = &[
    "authorization",
    "cookie",
    "cookie2",
    "host",
    "content-length",
    "origin",
    "referer",
    "forwarded",
    "via",
    "x-real-ip",
];
const OURS_BEGIN: &[&str] = &["membrane-", "sec-", "x-forwarded-", "access-control-"];
/// What an app must not say to a browser in our name.
const THEIRS: &[&str] = &[
    "set-cookie",
    "set-cookie2",
    "strict-transport-security",
    "clear-site-data",
    "service-worker-allowed",
    "alt-svc",
    "refresh",
    "report-to",
    "nel",
    "content-security-policy",
    "content-security-policy-report-only",
];
const THEIRS_BEGIN: &[&str] = &["access-control-", "membrane-"];
/// Marks an answer as the app's own; ours, like a refusal, don't have it.
pub(crate) const ANSWERED_BY: HeaderName = HeaderName::from_static("membrane-answered-by");

/// Returns what of a caller's headers goes to the app, with what the app wants to see in every call.
pub(crate) fn outgoing(mut headers: HeaderMap, api: Option<&Api>, values: &BTreeMap<String, String>) -> HeaderMap {
    without_hops(&mut headers);
    drop_all(&mut headers, OURS, OURS_BEGIN);
    for (name, value) in api.into_iter().flat_map(|api| api.headers_with(values)) {
        // A caller may know better which version of the API it speaks.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.entry(name).or_insert(value);
        }
    }
    headers.entry(header::USER_AGENT).or_insert(HeaderValue::from_static(super::line::USER_AGENT));
    headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
    headers
}

/// Takes out of an app's answer what is not for the caller.
pub(crate) fn incoming(headers: &mut HeaderMap, app: &str) {
    without_hops(headers);
    drop_all(headers, THEIRS, THEIRS_BEGIN);
    // Opened in a browser, an app's page must not act as one of ours.
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(app) = HeaderValue::try_from(app) {
        headers.insert(ANSWERED_BY, app);
    }
}

fn without_hops(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| HeaderName::try_from(name.trim()).ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
    drop_all(headers, HOP_BY_HOP, &[]);
}

fn drop_all(headers: &mut HeaderMap, names: &[&str], beginnings: &[&str]) {
    for name in names {
        headers.remove(*name);
    }
    let begun: Vec<HeaderName> = headers
        .keys()
        .filter(|name| beginnings.iter().any(|start| name.as_str().starts_with(start)))
        .cloned()
        .collect();
    for name in begun {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        map
    }

    #[test]
    fn r73_nothing_that_was_shown_to_us_goes_on() {
        let sent = outgoing(
            map(&[
                ("authorization", "Bearer pat-canary"),
                ("cookie", "a=canary"),
                ("proxy-authorization", "Basic canary"),
                ("membrane-api-version", "2025-10-21"),
                ("origin", "http://localhost:3000"),
                ("referer", "http://localhost:3000/canary"),
                ("sec-fetch-site", "same-origin"),
                ("x-forwarded-for", "10.0.0.1"),
                ("connection", "close, X-Hop, te"),
                ("x-hop", "canary"),
                ("transfer-encoding", "chunked"),
                ("upgrade", "websocket"),
                ("host", "127.0.0.1:4780"),
                ("content-length", "3"),
                ("x-mine", "stays"),
                ("accept-encoding", "gzip"),
                ("idempotency-key", "1"),
            ]),
            None,
            &BTreeMap::new(),
        );
        let mut names: Vec<_> = sent.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept", "accept-encoding", "idempotency-key", "user-agent", "x-mine"]);
    }

    #[test]
    fn r67_an_app_sets_no_cookies_and_no_rules_for_our_origin() {
        let mut headers = map(&[
            ("set-cookie", "a=b"),
            ("access-control-allow-origin", "*"),
            ("strict-transport-security", "max-age=1"),
            ("connection", "keep-alive, x-hop"),
            ("x-hop", "1"),
            ("content-type", "text/html"),
            ("content-length", "12"),
            ("retry-after", "5"),
            ("etag", "x"),
        ]);
        incoming(&mut headers, "acme");
        let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "content-length",
                "content-security-policy",
                "content-type",
                "etag",
                "membrane-answered-by",
                "retry-after",
                "x-content-type-options"
            ]
        );
    }
}
