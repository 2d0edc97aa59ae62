//! Who gets through: only this computer, only programs at the controls, and nobody during an outage.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse as _, Response},
};

use crate::{problem::ApiProblem, server::Shared, state::OutageKind};

/// A page in a browser can't send this header without asking first, and is never allowed to.
const CONTROL_HEADER: &str = "x-sandbox-control";
/// During an outage, clients are asked to come back after this many seconds, to see soon that it is over.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("15");

const PORTAL: &str = "<!doctype html><html lang=\"en\"><title>Welcome</title>\
    <h1>Welcome to our network</h1><p>Please accept the terms of use to go on.</p></html>";

/// Refuses requests that were meant for another host: a page elsewhere may have its name point here.
pub(crate) async fn host(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok()).unwrap_or_default();
    let (name, port) = host.rsplit_once(':').unwrap_or((host, "80"));
    let ours = (name == "127.0.0.1" || name == "localhost") && port == app.port.to_string();
    if !ours || hosts.next().is_some() {
        let text = "The sandbox answers to 127.0.0.1 and localhost only.";
        return ApiProblem::new(StatusCode::MISDIRECTED_REQUEST, "wrong_host", text).into_response();
    }
    next.run(request).await
}

/// Lets programs through to the controls, and no web page.
pub(crate) async fn programs_only(request: Request, next: Next) -> Response {
    if is_program(request.headers()) {
        return next.run(request).await;
    }
    let text = "The controls are for programs: send X-Sandbox-Control: 1 and no Origin.";
    ApiProblem::new(StatusCode::FORBIDDEN, "programs_only", text).into_response()
}

fn is_program(headers: &HeaderMap) -> bool {
    let mut marks = headers.get_all(CONTROL_HEADER).iter();
    let marked = marks.next().is_some_and(|mark| mark == "1") && marks.next().is_none();
    let from_page = headers.contains_key(header::ORIGIN) || headers.contains_key("sec-fetch-site");
    marked && !from_page
}

/// Answers as a provider that is down, while an outage is played.
pub(crate) async fn outage(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let Some(outage) = app.outage() else { return next.run(request).await };
    match outage.kind {
        OutageKind::Unavailable => unavailable(),
        OutageKind::Html => Html(PORTAL).into_response(),
        OutageKind::Hang => {
            app.outage_over().await;
            // Who still waits is told to ask again: what was asked so long ago may not be wanted any more.
            unavailable()
        }
    }
}

fn unavailable() -> Response {
    let text = "The sandbox plays an outage.";
    let mut problem = ApiProblem::new(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", text);
    problem.header = Some((header::RETRY_AFTER, RETRY_AFTER));
    problem.into_response()
}
