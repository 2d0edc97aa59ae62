//! Pages and their files: which origins may frame them, what they may load, and what they are told at their start.

use std::borrow::Cow;

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use membrane_engine::{Engine, FlowMessage};
use membrane_model::{ConnectionId, RequestId, SessionId, WireError};
use serde::Serialize;

mod files {
    include!(concat!(env!("OUT_DIR"), "/files.rs"));
}

const REPORT: &str = include_str!("../static/report.js");
const DOCS: &str = include_str!("../static/docs.js");
const ELEMENT: &str = include_str!("../../../sdk/js/src/element.js");
const PLAIN: &str = include_str!("../static/plain.css");

/// What a page is told at its start.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Boot {
    /// The page's own token; the window that a browser comes back to has it behind its `#`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
    /// What to show.
    pub(crate) view: View,
    /// Light, dark, or as the system.
    pub(crate) theme: Theme,
    /// Where the browser goes afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) redirect_uri: Option<String>,
    /// The id that the opener waits under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) flow: Option<String>,
    /// The opener's origin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) opener: Option<String>,
}

/// What a page shows first.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "at", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub(crate) enum View {
    /// The choice of an app.
    Search { intent: String },
    /// An app and its ways to connect.
    App { key: String },
    /// An attempt.
    Session { id: SessionId },
    /// A connection.
    Connection { id: ConnectionId },
    /// The repair of a connection.
    Reconnect { id: ConnectionId },
    /// All connections of a tenant.
    Connections,
    /// A request to connect.
    Request { id: RequestId },
    /// The end of a sign-in that began elsewhere.
    Return { id: SessionId },
    /// Something that can't be shown.
    Problem { error: Box<WireError> },
}

/// How a page looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Theme {
    Light,
    Dark,
    #[default]
    Auto,
}

impl Theme {
    pub(crate) fn read(text: Option<&str>) -> Self {
        match text {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            _ => Self::Auto,
        }
    }
}

/// Answers with the connect page.
pub(crate) fn connect_page(engine: &Engine, status: StatusCode, boot: &Boot) -> Response {
    let find = |end: &str| {
        files::FILES.iter().map(|(name, _)| *name).find(|name| name.starts_with("assets/embed") && name.ends_with(end))
    };
    let (Some(script), Some(style)) = (find(".js"), find(".css")) else {
        let text =
            "The connect page is not part of this build. Build the console first: npm ci && npm run build in ui.";
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::CONTENT_TYPE, "text/plain")], text).into_response();
    };
    let html = format!(
        "<!doctype html><html lang=\"en\" data-theme=\"{theme}\"><head><meta charset=\"utf-8\"><title>Membrane</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <link rel=\"icon\" href=\"data:,\"><link rel=\"stylesheet\" href=\"/embed/{style}\"></head>\
         <body><div id=\"app\"></div><script type=\"application/json\" id=\"boot\">{boot}</script>\
         <script type=\"module\" src=\"/embed/{script}\"></script></body></html>",
        theme = match boot.theme {
            Theme::Light => "light",
            Theme::Dark => "dark",
            Theme::Auto => "auto",
        },
        boot = data(boot),
    );
    let mut response = (status, html).into_response();
    let ancestors = engine.approved_origins().join(" ");
    let ancestors = if ancestors.is_empty() { "'none'" } else { &ancestors };
    protect(response.headers_mut(), ancestors);
    response
}

/// How connecting ended, for a page that shows nothing to act on.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) message: Option<FlowMessage>,
    pub(crate) opener: Option<String>,
    pub(crate) redirect: Option<String>,
}

/// Answers with a page that reports an end and closes. Any page may frame it: there is nothing on it to be clicked.
pub(crate) fn report_page(status: StatusCode, report: &Report, title: &str, text: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><link rel=\"icon\" href=\"data:,\">\
         <link rel=\"stylesheet\" href=\"/embed/plain.css\"></head><body><main><h1>{title}</h1><p>{text}</p></main>\
         <script type=\"application/json\" id=\"boot\">{boot}</script><script src=\"/embed/report.js\"></script></body></html>",
        title = escape(title),
        text = escape(text),
        boot = data(report),
    );
    let mut response = (status, html).into_response();
    protect(response.headers_mut(), "*");
    response
}

/// `GET /docs`: the description of the API to read.
pub(crate) async fn docs_page() -> Response {
    let html = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Membrane API</title>\
                <meta name=\"viewport\" content=\"width=device-width\"><link rel=\"icon\" href=\"data:,\">\
                <link rel=\"stylesheet\" href=\"/embed/plain.css\"></head><body><main></main>\
                <script type=\"module\" src=\"/embed/docs.js\"></script></body></html>";
    let mut response = html.into_response();
    protect(response.headers_mut(), "'none'");
    response
}

/// No `Cross-Origin-Opener-Policy`: with it a popup looks closed to the page that waits for it.
fn protect(headers: &mut HeaderMap, ancestors: &str) {
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
    );
    let fixed = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// `GET /embed/…`: a file of the connect page, or an app's logo.
pub(crate) async fn file(Path(name): Path<String>) -> Response {
    let own = match name.as_str() {
        "report.js" => Some(REPORT.as_bytes()),
        "docs.js" => Some(DOCS.as_bytes()),
        "element.js" => Some(ELEMENT.as_bytes()),
        "plain.css" => Some(PLAIN.as_bytes()),
        _ => None,
    };
    let built = || files::FILES.iter().find(|(known, _)| *known == name).map(|(_, bytes)| *bytes);
    let found = own.or_else(built).map(Cow::Borrowed);
    // The console has the logos already.
    let logo = || name.starts_with("logos/").then(|| crate::routes::console_file(&name)).flatten();
    let found = found.or_else(logo);
    let Some(bytes) = found else {
        return (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, "text/plain")], "There is no such file.")
            .into_response();
    };
    let kind = match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    };
    // Built files have a hash in their name.
    let keep = match name.split('/').next() {
        Some("assets") => "public, max-age=31536000, immutable",
        Some("logos") => "public, max-age=86400",
        _ => "no-cache",
    };
    let headers: [(HeaderName, &str); 5] = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, keep),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // An image runs nothing, wherever it is shown.
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
        // The custom element loads its code from here into other people's pages.
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    match bytes {
        Cow::Borrowed(bytes) => (headers, bytes).into_response(),
        Cow::Owned(bytes) => (headers, bytes).into_response(),
    }
}

/// Writes JSON that can stand inside a script element.
fn data(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_else(|_| "{}".to_owned());
    text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r64_nothing_that_is_shown_can_become_markup() {
        let report =
            Report { message: None, opener: Some("</script><script>alert(1)</script>".into()), redirect: None };
        assert!(!data(&report).contains('<'));
        assert_eq!(escape("<b>\"&"), "&lt;b&gt;&quot;&amp;");
    }

    #[test]
    fn r64_the_policy_names_who_may_frame() {
        let mut headers = HeaderMap::new();
        protect(&mut headers, "'none'");
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.ends_with("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
        assert!(!headers.contains_key("cross-origin-opener-policy") && !headers.contains_key("x-frame-options"));
    }
}
