//! The console in a browser: its files for anyone on this computer, its rights for whoever brings a one-time code.

use std::borrow::Cow;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderName, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use membrane_engine::Engine;
use membrane_model::{ErrorCode, Fault};
use rust_embed::RustEmbed;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::{Body, Person};

/// The built pages. A debug build reads them from the disk, so that a change shows at once.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../ui/dist"]
#[allow_missing = true]
struct Pages;

/// The page may do no more than the window's: nothing inline, nothing from elsewhere, in nobody's frame.
const HEADERS: [(HeaderName, &str); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Tells whether a request needs no token: a file of the console, or the trade of a code for one.
pub(crate) fn is_page(method: &Method, path: &str) -> bool {
    match *method {
        Method::GET => path == "/console" || path.starts_with("/console/"),
        Method::POST => path == "/console/session",
        _ => false,
    }
}

/// `GET /console`.
pub(super) async fn to_page() -> Redirect {
    Redirect::permanent("/console/")
}

/// `GET /console/`.
pub(super) async fn page() -> Response {
    answer("index.html")
}

/// `GET /console/…`.
pub(super) async fn file(Path(file): Path<String>) -> Response {
    answer(&file)
}

/// The code of the address that opened the console.
#[derive(Deserialize, ToSchema)]
pub(super) struct Open {
    /// Good once.
    code: String,
}

/// What the console's page calls with.
#[derive(Serialize, ToSchema)]
pub(super) struct Opened {
    token: String,
}

/// Trades a one-time code for the token of the console's page.
#[utoipa::path(post, path = "/console/session", tag = "Engine", request_body = Open, responses((status = 200, body = Opened)))]
pub(super) async fn open(State(engine): State<Engine>, Body(open): Body<Open>) -> Result<Json<Opened>, ApiError> {
    Ok(Json(Opened { token: engine.open_console(&open.code)? }))
}

/// An address that opens the console once.
#[derive(Serialize, ToSchema)]
pub(super) struct OpensOnce {
    url: String,
}

/// Makes an address that opens the console in a browser, once; the person only.
#[utoipa::path(post, path = "/console/code", tag = "Engine", responses((status = 200, body = OpensOnce)))]
pub(super) async fn code(State(engine): State<Engine>, _: Person) -> Result<Json<OpensOnce>, ApiError> {
    let Some(origin) = engine.status()?.api_uri else {
        return Err(ApiError(
            Fault::new(ErrorCode::EngineNotRunning, "the engine listens on no port")
                .hint("Restart it once a port on 127.0.0.1 is free."),
        ));
    };
    if Pages::get("index.html").is_none() {
        return Err(ApiError(
            Fault::new(ErrorCode::NotFound, "this build has no console in it")
                .hint("Build the pages first: npm ci && npm run build in ui."),
        ));
    }
    let code = engine.console_code()?;
    // Behind the '#', so that it enters no log and no Referer.
    Ok(Json(OpensOnce { url: format!("{origin}/console/#code={code}") }))
}

/// Returns a built file of the console.
pub(crate) fn console_file(name: &str) -> Option<Cow<'static, [u8]>> {
    Pages::get(name).map(|found| found.data)
}

fn answer(file: &str) -> Response {
    let Some(found) = Pages::get(file) else {
        let fault = Fault::new(ErrorCode::NotFound, "the console has no such file");
        return ApiError(fault).into_response();
    };
    // Names of the built files change with their content; the page itself does not.
    let cache = match file.split('/').next() {
        Some("assets") => "max-age=31536000, immutable",
        Some("logos") => "max-age=86400",
        _ => "no-cache",
    };
    let kind = [(header::CONTENT_TYPE, media_type(file)), (header::CACHE_CONTROL, cache)];
    (StatusCode::OK, HEADERS, kind, found.data.into_owned()).into_response()
}

fn media_type(file: &str) -> &'static str {
    match file.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r61_only_files_and_the_trade_go_without_a_token() {
        assert!(is_page(&Method::GET, "/console/assets/x.js") && is_page(&Method::POST, "/console/session"));
        assert!(!is_page(&Method::POST, "/console/code") && !is_page(&Method::GET, "/consoles"));
        assert!(!is_page(&Method::DELETE, "/console/") && !is_page(&Method::GET, "/connections"));
    }
}
