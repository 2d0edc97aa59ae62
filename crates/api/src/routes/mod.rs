//! All routes, one file per noun.

mod activity;
mod apps;
mod attempts;
mod by_url;
mod clients;
mod connect;
mod connections;
mod console;
mod engine;
mod events;
mod health;
mod pages;
mod proxy;
mod requests;
mod screens;
mod sessions;
mod sse;
mod vault;
mod webhooks;

use axum::Router;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{get, post};
use membrane_engine::Engine;
use membrane_model::{ErrorCode, Fault};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::ApiError;

pub(crate) use console::{console_file, is_page as is_console_page};

/// The version of the wire that is spoken, as clients name it.
const VERSION: &str = "2025-10-21";
const VERSION_HEADER: HeaderName = HeaderName::from_static("membrane-api-version");

/// The routes that the API's description lists: JSON in, JSON out.
pub(crate) fn described() -> OpenApiRouter<Engine> {
    OpenApiRouter::with_openapi(crate::openapi::base())
        .routes(routes!(engine::health))
        .routes(routes!(engine::tenant, engine::change_tenant))
        .routes(routes!(engine::tenants))
        .routes(routes!(engine::status))
        .routes(routes!(engine::stop))
        .routes(routes!(engine::deep_link))
        .routes(routes!(engine::settings, engine::change_settings))
        .routes(routes!(engine::pause_all))
        .routes(routes!(engine::resume_all))
        .routes(routes!(engine::origins, engine::approve_origin, engine::remove_origin))
        .routes(routes!(connections::list, connect::create))
        .routes(routes!(connect::ensure))
        .routes(routes!(by_url::find))
        .routes(routes!(connections::read, connections::change, connections::put, connections::archive))
        .routes(routes!(connections::token))
        .routes(routes!(connections::refresh))
        .routes(routes!(connections::refresh_short))
        .routes(routes!(connections::report))
        .routes(routes!(connections::set_end))
        .routes(routes!(connections::test))
        .routes(routes!(connections::pause))
        .routes(routes!(connections::resume))
        .routes(routes!(connections::restore))
        .routes(routes!(connections::events))
        .routes(routes!(connect::reconnect))
        .routes(routes!(connect::connect))
        .routes(routes!(attempts::list))
        .routes(routes!(apps::connection_options))
        .routes(routes!(apps::generate_options))
        .routes(routes!(requests::create, requests::list))
        .routes(routes!(requests::read, requests::change, requests::decline))
        .routes(routes!(requests::open))
        .routes(routes!(sessions::start))
        .routes(routes!(sessions::read, sessions::cancel))
        .routes(routes!(sessions::open))
        .routes(routes!(sessions::submit))
        .routes(routes!(sessions::paste))
        .routes(routes!(sessions::keep))
        .routes(routes!(apps::list))
        .routes(routes!(apps::read))
        .routes(routes!(apps::spec))
        .routes(routes!(apps::set_client, apps::remove_client))
        .routes(routes!(apps::list_connectors))
        .routes(routes!(apps::read_connector))
        .routes(routes!(apps::list_external))
        .routes(routes!(apps::read_external))
        .routes(routes!(apps::add))
        .routes(routes!(apps::search))
        .routes(routes!(events::stream))
        .routes(routes!(activity::list))
        .routes(routes!(health::doctor))
        .routes(routes!(health::bundle, health::write_bundle))
        .routes(routes!(console::open))
        .routes(routes!(console::code))
        .routes(routes!(clients::list, clients::create))
        .routes(routes!(clients::revoke))
        .routes(routes!(webhooks::list, webhooks::create))
        .routes(routes!(webhooks::read, webhooks::change, webhooks::remove))
        .routes(routes!(webhooks::test))
        .routes(routes!(webhooks::rotate))
        .routes(routes!(webhooks::deliveries))
        .routes(routes!(webhooks::redeliver))
        .routes(routes!(proxy::described))
        .routes(routes!(proxy::act))
        .routes(routes!(vault::init))
        .routes(routes!(vault::unlock))
        .routes(routes!(vault::lock))
        .routes(routes!(vault::reset))
}

/// The routes that a browser opens itself: pages, their files, and streams.
fn opened() -> Router<Engine> {
    Router::new()
        .route("/connect", get(pages::connect))
        .route("/connection-popup", get(pages::connect).post(pages::connect))
        .route("/oauth-callback", get(pages::oauth_callback))
        .route("/screens/connect", get(screens::connect).post(screens::connect))
        .route("/screens/connection", get(screens::connection).post(screens::connection))
        .route("/screens/connections", get(screens::connections).post(screens::connections))
        .route("/screens/integrations/{key}/connect", get(screens::connect_app).post(screens::connect_app))
        .route("/screens/return", get(screens::returned))
        .route("/embed/main", get(screens::connections))
        .route("/embed/connect", get(screens::connect))
        .route("/embed/connections/{id}/refresh", get(screens::reconnect))
        .route("/embed/integrations/{key}/connect", get(screens::connect_app))
        .route("/embed/{*file}", get(crate::html::file))
        .route("/sse/connection-events/{id}", get(sse::connection_events))
        .route("/sse/workspace", get(sse::workspace))
        .route("/sse/page", get(sse::page))
        .route("/page", get(pages::facts))
        .route("/console", get(console::to_page))
        .route("/console/", get(console::page))
        .route("/console/{*file}", get(console::file))
        .route("/docs", get(crate::html::docs_page))
}

/// The routes whose rest of the path is an app's own.
fn passed() -> Router<Engine> {
    let all = || get(proxy::pass).post(proxy::pass).put(proxy::pass).patch(proxy::pass).delete(proxy::pass);
    Router::new()
        .route("/connections/{id}/proxy/", all())
        .route("/connections/{id}/proxy/{*path}", all())
        .route("/connections/{id}/api/{*path}", post(proxy::pass))
}

/// Makes the router of an engine. Whoever serves it says who calls, by a [`membrane_engine::Caller`] extension.
pub fn router(engine: Engine) -> Router {
    // The description is megabytes when it is taken apart: it is made again for whoever asks for it.
    let (routes, _) = described().split_for_parts();
    routes
        .merge(opened())
        .merge(passed())
        .route("/openapi.json", get(crate::openapi::reply))
        .fallback(unknown_route)
        .method_not_allowed_fallback(unknown_method)
        .layer(axum::Extension(crate::kept::KeptLists::default()))
        .layer(map_response(versioned))
        .with_state(engine)
}

/// Says which version of the wire answered. One that is not known gets the newest that is.
async fn versioned(mut response: Response) -> Response {
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(VERSION_HEADER, HeaderValue::from_static(VERSION));
    response
}

async fn unknown_route(uri: Uri) -> ApiError {
    let path: String = uri.path().chars().take(100).collect();
    ApiError(
        Fault::new(ErrorCode::NotFound, format!("there is no route {path:?}")).hint("docs/api.md lists the routes."),
    )
}

async fn unknown_method(uri: Uri) -> ApiError {
    let path: String = uri.path().chars().take(100).collect();
    ApiError(Fault::new(ErrorCode::MethodNotAllowed, format!("{path:?} does not take this method")))
}
