//! Calls to apps: as they are below `/proxy/`, or described by an object. The credential is added on the way.

use axum::Json;
use axum::body::Body as Stream;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, Full, Limited};
use membrane_engine::{AnswerBody, BrokenAnswer, Call, CallBody, Caller, Engine};
use membrane_model::{ActionRunId, ErrorCode, Fault};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::{Body, From, Segment, filled};

/// The longest answer that `/act` reads into its own, in bytes.
const OUTPUT_MAX: usize = 10 * 1024 * 1024;
/// What stays as it is in a path parameter: all that is unreserved (RFC 3986 section 2.3).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `GET`, `POST`, `PUT`, `PATCH`, `DELETE /connections/:id/proxy/<path>`: the request as it is; and
/// `POST /connections/:id/api/<path>`, as older clients call it.
pub(super) async fn pass(
    State(engine): State<Engine>,
    From(caller): From,
    request: Request,
) -> Result<Response, ApiError> {
    let (id, target) = parts_of(request.uri())?;
    let (parts, body) = request.into_parts();
    forwarded(&engine, &caller, &id, parts.method, target, parts.headers, streamed(body)).await
}

/// A call to an app.
#[derive(Serialize, Deserialize, Default, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ApiCall {
    /// A path below the app's API, or a whole address of one of the app's hosts; may have `{slots}`.
    path: String,
    /// GET unless told.
    method: Option<String>,
    /// Values of the slots.
    path_parameters: Map<String, Value>,
    /// The query; a list repeats its parameter.
    query: Map<String, Value>,
    /// Headers, beside the credential's own.
    headers: Map<String, Value>,
    /// A JSON body; a text is sent as it is when `headers` names its type.
    #[serde(alias = "body")]
    #[schema(value_type = Option<Object>)]
    data: Option<Value>,
}

/// Makes a call that an object describes, and answers as the app does: its status, its headers, its body.
#[utoipa::path(post, path = "/connections/{id}/proxy", tag = "Proxy",
    params(("id" = String, Path, description = "Id, key, or app key")), request_body = ApiCall,
    responses((status = "default", description = "What the app answers; `membrane-answered-by` names it.",
        content_type = "*/*")))]
pub(super) async fn described(
    State(engine): State<Engine>,
    From(caller): From,
    Segment(id): Segment<String>,
    Body(call): Body<ApiCall>,
) -> Result<Response, ApiError> {
    let (method, target, headers, body) = call.read()?;
    forwarded(&engine, &caller, &id, method, target, headers, body).await
}

/// What to do with a connection.
#[derive(Serialize, Deserialize, Default, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Act {
    /// Which connection, by id.
    connection_id: Option<String>,
    /// Or by key.
    connection_key: Option<String>,
    /// The call to make.
    api: Option<ApiCall>,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Acted {
    /// The app's answer: JSON as it is, anything else as text.
    #[schema(value_type = Object)]
    output: Value,
    /// Names this run.
    action_run_id: ActionRunId,
    /// The app's HTTP status.
    status: u16,
}

/// Makes a call to an app and answers with its output. When the app refuses, the failure has its output beside it.
#[utoipa::path(post, path = "/act", tag = "Proxy", request_body = Act, responses((status = 200, body = Acted)))]
pub(super) async fn act(
    State(engine): State<Engine>,
    From(caller): From,
    Body(act): Body<Act>,
) -> Result<Response, ApiError> {
    let named = filled(act.connection_id).or(filled(act.connection_key));
    let id = named.ok_or_else(|| ApiError::bad("neither connectionId nor connectionKey is given"))?;
    let call = act.api.ok_or_else(|| {
        ApiError(
            Fault::new(ErrorCode::BadRequest, "api is missing").hint("Write {\"api\": {\"method\", \"path\", …}}."),
        )
    })?;
    let (method, target, headers, body) = call.read()?;
    let answer = engine.forward(&caller, &id, Call { method, target, headers, body }).await?;
    let status = answer.status();
    let output = output(answer.into_body()).await?;
    let run = ActionRunId::generate();
    if status.is_success() {
        return Ok(Json(Acted { output, action_run_id: run, status: status.as_u16() }).into_response());
    }
    let fault = Fault::new(ErrorCode::ProviderError, format!("the app answered {}", status.as_u16()));
    let mut document = serde_json::to_value(fault.to_wire()).unwrap_or_default();
    if let Some(data) = document["data"].as_object_mut() {
        data.extend([
            ("status".to_owned(), json!(status.as_u16())),
            ("output".to_owned(), output),
            ("actionRunId".to_owned(), json!(run)),
        ]);
    }
    Ok((StatusCode::BAD_GATEWAY, Json(document)).into_response())
}

impl ApiCall {
    /// Reads what is to be sent.
    fn read(self) -> Result<(Method, String, HeaderMap, CallBody), ApiError> {
        let method = match self.method.as_deref().map(str::to_ascii_uppercase).as_deref().unwrap_or("GET") {
            "GET" => Method::GET,
            "POST" => Method::POST,
            "PUT" => Method::PUT,
            "PATCH" => Method::PATCH,
            "DELETE" => Method::DELETE,
            "HEAD" => Method::HEAD,
            _ => return Err(ApiError::bad("method is none of GET, POST, PUT, PATCH, DELETE and HEAD")),
        };
        let target = with_query(with_slots(&self.path, &self.path_parameters)?, &self.query)?;
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let wrong = || ApiError::bad(format!("headers.{name} can't be sent: a name or value may not have that"));
            let key = HeaderName::try_from(name).map_err(|_| wrong())?;
            headers.append(key, HeaderValue::try_from(scalar("headers", name, value)?).map_err(|_| wrong())?);
        }
        let typed = headers.contains_key(header::CONTENT_TYPE);
        let body = match self.data {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::String(text)) if typed => text.into_bytes(),
            Some(value) => {
                headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
                serde_json::to_vec(&value).map_err(|_| ApiError::bad("data can't be written as JSON"))?
            }
        };
        let body = Full::new(body.into()).map_err(|never| match never {}).boxed_unsync();
        Ok((method, target, headers, body))
    }
}

/// Cuts `/connections/ID/proxy/REST?QUERY` into the id and what is asked for, as it was written.
fn parts_of(uri: &Uri) -> Result<(String, String), ApiError> {
    let wrong = || ApiError::bad("the path is not UTF-8");
    let mut parts = uri.path().splitn(5, '/').skip(2);
    let id = parts.next().unwrap_or_default();
    let id = percent_encoding::percent_decode_str(id).decode_utf8().map_err(|_| wrong())?.into_owned();
    let rest = parts.nth(1).unwrap_or_default();
    Ok((id, uri.query().map_or_else(|| rest.to_owned(), |query| format!("{rest}?{query}"))))
}

fn streamed(body: Stream) -> CallBody {
    body.map_err(std::convert::Into::into).boxed_unsync()
}

async fn forwarded(
    engine: &Engine,
    caller: &Caller,
    id: &str,
    method: Method,
    target: String,
    headers: HeaderMap,
    body: CallBody,
) -> Result<Response, ApiError> {
    let answer = engine.forward(caller, id, Call { method, target, headers, body }).await?;
    Ok(answer.map(Stream::new))
}

/// Reads an answer to its end: JSON, or text.
async fn output(body: AnswerBody) -> Result<Value, ApiError> {
    let failed = |message: &str| {
        ApiError(Fault::new(ErrorCode::ProviderError, message).hint("Use the proxy for what is larger than 10 MiB."))
    };
    let bytes = Limited::new(body, OUTPUT_MAX).collect().await.map_err(|error| match error.downcast_ref() {
        Some(BrokenAnswer::Broken) => failed("the app's answer broke off"),
        Some(BrokenAnswer::TooLong) | None => failed("the app's answer is too long to be read as a whole"),
    })?;
    let bytes = bytes.to_bytes();
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    Ok(serde_json::from_slice(&bytes).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned())))
}

fn with_slots(path: &str, values: &Map<String, Value>) -> Result<String, ApiError> {
    let mut out = path.to_owned();
    for (name, value) in values {
        let value = scalar("pathParameters", name, value)?;
        // A value of dots alone would be read as a step up.
        if value.is_empty() || value.chars().all(|c| c == '.') {
            return Err(ApiError::bad(format!("pathParameters.{name} can't be a part of a path")));
        }
        out = out.replace(&format!("{{{name}}}"), &utf8_percent_encode(&value, ESCAPED).to_string());
    }
    Ok(out)
}

fn with_query(mut path: String, query: &Map<String, Value>) -> Result<String, ApiError> {
    let mut pairs = Vec::new();
    for (name, value) in query {
        let values = match value {
            Value::Array(values) => values.as_slice(),
            Value::Null => &[],
            other => std::slice::from_ref(other),
        };
        for value in values {
            let value = scalar("query", name, value)?;
            pairs.push(format!("{}={}", utf8_percent_encode(name, ESCAPED), utf8_percent_encode(&value, ESCAPED)));
        }
    }
    if !pairs.is_empty() {
        path.push(if path.contains('?') { '&' } else { '?' });
        path.push_str(&pairs.join("&"));
    }
    Ok(path)
}

fn scalar(what: &str, name: &str, value: &Value) -> Result<String, ApiError> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(ApiError::bad(format!("{what}.{name} is no text"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(call: &Value) -> Result<(Method, String, HeaderMap), String> {
        let call: ApiCall = serde_json::from_value(call.clone()).unwrap();
        call.read().map(|(method, target, headers, _)| (method, target, headers)).map_err(|error| error.0.message)
    }

    #[test]
    fn an_object_becomes_a_call() {
        let (method, target, headers) = read(&json!({
            "path": "/users/{id}/files?deep=1", "method": "post", "pathParameters": { "id": "a/b c" },
            "query": { "q": "x&y", "n": 2, "tag": ["a", "b"], "none": null }, "data": { "a": 1 },
        }))
        .unwrap();
        assert_eq!(method, Method::POST);
        assert_eq!(target, "/users/a%2Fb%20c/files?deep=1&n=2&q=x%26y&tag=a&tag=b");
        assert_eq!(headers["content-type"], "application/json");
        assert_eq!(read(&json!({ "path": "x" })).unwrap().0, Method::GET);
    }

    #[test]
    fn r67_line_breaks_steps_up_and_odd_methods_are_refused() {
        for (wrong, named) in [
            (json!({ "path": "x", "headers": { "x-a": "b\r\nHost: evil.example" } }), "headers.x-a"),
            (json!({ "path": "x", "headers": { "x a": "b" } }), "headers.x a"),
            (json!({ "path": "{id}", "pathParameters": { "id": ".." } }), "pathParameters.id"),
            (json!({ "path": "x", "method": "CONNECT" }), "method"),
            (json!({ "path": "x", "method": "TRACE" }), "method"),
            (json!({ "path": "x", "query": { "q": {} } }), "query.q"),
        ] {
            assert!(read(&wrong).unwrap_err().contains(named), "{wrong}");
        }
    }

    #[test]
    fn what_is_below_the_proxy_is_taken_as_it_was_written() {
        for (uri, id, target) in [
            ("/connections/con_1/proxy/users/a%2Fb?x=%20", "con_1", "users/a%2Fb?x=%20"),
            ("/connections/a%20b/proxy/https://api.example.com/v1/x?y", "a b", "https://api.example.com/v1/x?y"),
            ("/connections/con_1/proxy/", "con_1", ""),
            ("/connections/con_1/api/tasks", "con_1", "tasks"),
        ] {
            assert_eq!(parts_of(&uri.parse().unwrap()).unwrap(), (id.to_owned(), target.to_owned()), "{uri}");
        }
    }
}
