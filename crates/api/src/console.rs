//! The console's way in: a request in the same process, with no socket and no token.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use http_body_util::BodyExt;
use membrane_engine::{Caller, Engine};
use membrane_model::{ErrorCode, Fault};
use serde::Serialize;
use tower::ServiceExt;

/// The router as the console reaches it.
#[derive(Clone)]
pub struct Console(Router);

/// An answer for the console.
#[derive(Debug, Clone, Serialize)]
pub struct ConsoleReply {
    /// The HTTP status.
    pub status: u16,
    /// The JSON body; `null` where there is none.
    pub body: serde_json::Value,
}

impl Console {
    /// Makes the console's way in to an engine.
    #[must_use]
    pub fn new(engine: Engine) -> Self {
        Self(crate::router(engine))
    }

    /// Makes one request, as the person at the console.
    pub async fn request(&self, method: &str, path: &str, body: Option<&serde_json::Value>) -> ConsoleReply {
        let bytes = body.map(|body| serde_json::to_vec(body).unwrap_or_default()).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json")
            .extension(Caller::Console)
            .body(Body::from(bytes));
        let Ok(request) = request else {
            return ConsoleReply::fault(&Fault::new(
                ErrorCode::BadRequest,
                "the console made a request that makes no sense",
            ));
        };
        let response = match self.0.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let status = response.status().as_u16();
        let body = match response.into_body().collect().await {
            Ok(body) => serde_json::from_slice(&body.to_bytes()).unwrap_or_default(),
            Err(_) => serde_json::Value::Null,
        };
        ConsoleReply { status, body }
    }
}

impl ConsoleReply {
    /// Answers with a failure, for a shell whose engine could not be opened.
    #[must_use]
    pub fn fault(fault: &Fault) -> Self {
        Self { status: fault.code.http_status(), body: serde_json::to_value(fault.to_wire()).unwrap_or_default() }
    }
}
