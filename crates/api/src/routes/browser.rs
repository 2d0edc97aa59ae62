//! Where the browser comes back to: authenticated by `state`, answers a fixed page.

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use membrane_engine::{CallbackAnswer, Engine, pages};

/// `GET /oauth-callback`.
pub(super) async fn oauth_callback(
    State(engine): State<Engine>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let redirect_uri = format!("http://{host}/oauth-callback");
    let (status, page) = match engine.callback(&redirect_uri, query.as_deref().unwrap_or_default()).await {
        Ok(CallbackAnswer::Accepted(_)) => (StatusCode::OK, pages::done()),
        Ok(CallbackAnswer::Ended(_)) => (StatusCode::OK, pages::ended()),
        Err(_) => (StatusCode::BAD_REQUEST, pages::refused()),
    };
    (status, pages::HEADERS, page).into_response()
}
