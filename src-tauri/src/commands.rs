//! The five commands of the console. Each checks what it is given; all of the product is behind `api`.

use membrane_api::ConsoleReply;
use membrane_engine::Caller;
use membrane_model::{ErrorCode, Fault, StreamMessage, WireError};
use serde::Deserialize;
use tauri::ipc::Channel;
use tauri::{AppHandle, State};
use tauri_plugin_opener::OpenerExt;
use url::Url;

use crate::core::Core;

/// A request to the API.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiRequest {
    method: Method,
    path: String,
    #[serde(default)]
    body: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    fn name(&self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// Makes a request to the API in this process.
#[tauri::command]
pub(crate) async fn api(core: State<'_, Core>, request: ApiRequest) -> Result<ConsoleReply, WireError> {
    let core = core.inner().clone();
    match core.console().await {
        Ok(console) => Ok(console.request(request.method.name(), &request.path, request.body.as_ref()).await),
        Err(fault) => Ok(ConsoleReply::fault(&fault)),
    }
}

/// Streams everything that happens: a snapshot, then deltas. Ends with the page.
#[tauri::command]
pub(crate) async fn events(core: State<'_, Core>, channel: Channel<StreamMessage>) -> Result<(), WireError> {
    let engine = core.inner().clone().engine().await.map_err(|fault| fault.to_wire())?;
    let mut deltas = engine.subscribe(&Caller::Console).map_err(|fault| fault.to_wire())?;
    tauri::async_runtime::spawn(async move {
        while let Some(message) = deltas.next().await {
            if channel.send(message).is_err() {
                break;
            }
        }
    });
    Ok(())
}

/// Opens a page of a vendor in the browser.
#[tauri::command]
pub(crate) async fn open_external(app: AppHandle, url: String) -> Result<(), WireError> {
    let refuse = || Fault::new(ErrorCode::BadRequest, "only https pages are opened").to_wire();
    let parsed = Url::parse(&url).map_err(|_| refuse())?;
    let local = matches!(parsed.host_str(), Some("127.0.0.1" | "localhost"));
    let plain = parsed.username().is_empty() && parsed.password().is_none();
    if !plain || !(parsed.scheme() == "https" || (parsed.scheme() == "http" && local)) {
        return Err(refuse());
    }
    app.opener()
        .open_url(parsed.as_str(), None::<&str>)
        .map_err(|_| Fault::new(ErrorCode::BrowserFailed, "the browser could not be opened").to_wire())
}

/// Notes that the page has painted, for `cargo xtask bench`.
#[tauri::command]
pub(crate) fn ready() {
    if let Some(file) = std::env::var_os("MEMBRANE_TRACE_PAINT") {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        if let Err(error) = std::fs::write(file, since.as_nanos().to_string()) {
            tracing::warn!("the time of the first paint could not be written: {error}");
        }
    }
}

/// Ends the app and starts it again, where the engine could not be opened.
#[tauri::command]
pub(crate) fn restart(app: AppHandle) {
    app.request_restart();
}
