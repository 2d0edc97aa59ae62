//! The API's description (OpenAPI 3.1), made from the routes themselves.

use std::sync::OnceLock;

use axum::body::Bytes;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use membrane_model::WireError;
use utoipa::OpenApi as _;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, ResponseBuilder};

/// The failures that any route may answer with, each with its reason.
const FAILURES: &[(&str, &str)] = &[
    ("400", "A part of the request can't be; the message names it."),
    ("401", "No token, or one that is not known."),
    ("403", "This caller may not do that."),
    ("404", "Nothing has that id or key."),
    ("409", "It can't be done as things stand; `data.action` says what would help."),
    ("410", "The attempt ran out of time."),
    ("415", "The body is no JSON, or too large."),
    ("423", "The vault is locked."),
    ("429", "Too many requests; `Retry-After` says when to try again."),
    ("502", "The app answered with an error."),
    ("503", "The app isn't answering, or nothing can be reached."),
];

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Membrane Desktop API",
        description = "Connect an app once; every program on this computer can use it. Send `Authorization: Bearer` with \
                       a token that the person made (`membrane client create NAME`), or with one that a workspace signed.",
        license(name = "MIT OR Apache-2.0")
    ),
    components(schemas(WireError))
)]
struct Base;

/// Returns the document without any route.
pub(crate) fn base() -> OpenApi {
    Base::openapi()
}

/// Adds what all routes have in common: who may call, and how they fail.
fn finished(mut document: OpenApi) -> OpenApi {
    document.servers = Some(vec![utoipa::openapi::Server::new("http://127.0.0.1:4780")]);
    let components = document.components.get_or_insert_with(Default::default);
    components.add_security_scheme("token", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    document.security = Some(vec![SecurityRequirement::new("token", Vec::<String>::new())]);
    for (path, item) in &mut document.paths.paths {
        // It says nothing that could fail.
        if path == "/health" {
            continue;
        }
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            operation.operation_id = Some(unique_name(operation));
            for (status, why) in FAILURES {
                let content = Content::new(Some(RefOr::Ref(Ref::from_schema_name("WireError"))));
                let response = ResponseBuilder::new().description(*why).content("application/json", content).build();
                operation.responses.responses.entry((*status).to_owned()).or_insert_with(|| response.into());
            }
        }
    }
    document
}

/// Names an operation for the clients that are generated from the document: its tag, then its function's name.
fn unique_name(operation: &utoipa::openapi::path::Operation) -> String {
    let tag = operation.tags.iter().flatten().next().map(String::as_str).unwrap_or_default();
    let words = [tag, operation.operation_id.as_deref().unwrap_or_default()].join(" ");
    let mut name = String::new();
    for word in words.split([' ', '_', '-']) {
        let mut letters = word.chars();
        let first = letters
            .next()
            .map(|first| if name.is_empty() { first.to_ascii_lowercase() } else { first.to_ascii_uppercase() });
        name.extend(first.into_iter().chain(letters));
    }
    name
}

/// Answers with the document, which is written when it is first asked for.
pub(crate) async fn reply() -> Response {
    static TEXT: OnceLock<Option<Bytes>> = OnceLock::new();
    match TEXT.get_or_init(|| served().to_json().ok().map(Bytes::from)) {
        Some(text) => ([(header::CONTENT_TYPE, "application/json")], text.clone()).into_response(),
        None => axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn served() -> OpenApi {
    finished(crate::routes::described().split_for_parts().1)
}

/// Returns the document as it is kept in `docs/openapi.json`.
///
/// # Errors
/// Fails when it can't be written as JSON.
pub fn document() -> Result<String, serde_json::Error> {
    served().to_pretty_json().map(|text| text + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `UPDATE_DOCS=1 cargo test -p membrane-api` writes it anew.
    #[test]
    fn the_description_that_is_kept_is_the_one_that_is_served() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
        let now = document().unwrap();
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(file, &now).unwrap();
        }
        let kept = std::fs::read_to_string(file).unwrap();
        assert!(kept == now, "docs/openapi.json is old: UPDATE_DOCS=1 cargo test -p membrane-api");
    }

    #[test]
    fn every_route_says_what_it_does_and_how_it_fails() {
        let (_, document) = crate::routes::described().split_for_parts();
        let document = serde_json::to_value(finished(document)).unwrap();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        let mut count = 0;
        let mut names = std::collections::BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                count += 1;
                assert!(names.insert(operation["operationId"].to_string()), "{method} {path} has another's name");
                assert!(operation["summary"].as_str().is_some_and(|text| text.len() > 10), "{method} {path}");
                assert!(path == "/health" || operation["responses"]["401"].is_object(), "{method} {path}");
            }
        }
        assert!(count > 50, "{count}");
    }

    #[test]
    fn r66_no_shape_can_carry_what_stays_in_the_vault() {
        let text = document().unwrap();
        for word in ["refreshToken", "refresh_token", "codeVerifier", "masterKey"] {
            assert!(!text.contains(word), "{word}");
        }
    }
}
