//! All routes, one file per noun.

mod apps;
mod browser;
mod clients;
mod connect;
mod connections;
mod engine;
mod events;
mod sessions;
mod vault;

use axum::Router;
use axum::http::Uri;
use axum::routing::{delete, get, post, put};
use membrane_engine::Engine;
use membrane_model::{ErrorCode, Fault};

use crate::error::ApiError;

/// Makes the router of an engine. Whoever serves it says who calls, by a [`membrane_engine::Caller`] extension.
pub fn router(engine: Engine) -> Router {
    Router::new()
        .route("/health", get(engine::health))
        .route("/self", get(engine::tenant))
        .route("/status", get(engine::status))
        .route("/engine/stop", post(engine::stop))
        .route("/deep-link", post(engine::deep_link))
        .route("/settings", get(engine::settings).patch(engine::change_settings))
        .route("/pause", post(engine::pause_all))
        .route("/resume", post(engine::resume_all))
        .route("/connections", get(connections::list).post(connect::create))
        .route(
            "/connections/{id}",
            get(connections::read).patch(connections::change).put(connections::change).delete(connections::archive),
        )
        .route("/connections/{id}/token", get(connections::token))
        .route("/connections/{id}/refresh-credentials", post(connections::refresh))
        .route("/connections/{id}/report", post(connections::report))
        .route("/connections/{id}/end", put(connections::set_end))
        .route("/connections/{id}/refresh", post(connections::refresh))
        .route("/connections/{id}/test", post(connections::test))
        .route("/connections/{id}/pause", post(connections::pause))
        .route("/connections/{id}/resume", post(connections::resume))
        .route("/connections/{id}/reconnect", post(connect::reconnect))
        .route("/connections/{id}/events", get(connections::events))
        .route("/connect", post(connect::connect))
        .route("/connect-sessions", post(sessions::start))
        .route("/connect-sessions/{id}", get(sessions::read).delete(sessions::cancel))
        .route("/connect-sessions/{id}/open", post(sessions::open))
        .route("/connect-sessions/{id}/credentials", post(sessions::submit))
        .route("/connect-sessions/{id}/callback", post(sessions::paste))
        .route("/connect-sessions/{id}/keep", post(sessions::keep))
        .route("/integrations", get(apps::list))
        .route("/integrations/{key}", get(apps::read))
        .route("/integrations/{key}/client", put(apps::set_client).delete(apps::remove_client))
        .route("/apps", post(apps::add))
        .route("/search", get(apps::search))
        .route("/events", get(events::stream))
        .route("/clients", get(clients::list).post(clients::create))
        .route("/clients/{id}", delete(clients::revoke))
        .route("/vault/init", post(vault::init))
        .route("/vault/unlock", post(vault::unlock))
        .route("/vault/lock", post(vault::lock))
        .route("/vault/reset", post(vault::reset))
        .route("/oauth-callback", get(browser::oauth_callback))
        .fallback(unknown_route)
        .method_not_allowed_fallback(unknown_method)
        .with_state(engine)
}

async fn unknown_route(uri: Uri) -> ApiError {
    let path: String = uri.path().chars().take(100).collect();
    ApiError(
        Fault::new(ErrorCode::NotFound, format!("there is no route {path:?}")).hint("docs/api.md lists the routes."),
    )
}

async fn unknown_method(uri: Uri) -> ApiError {
    let path: String = uri.path().chars().take(100).collect();
    ApiError(
        Fault::new(ErrorCode::NotFound, format!("{path:?} does not take this method"))
            .hint("docs/api.md lists the routes."),
    )
}
