//! `membrane connection-request …`

use std::time::Duration;

use membrane_model::{Fault, RequestStatus};
use membrane_sdk::Ask;

use crate::args::ConnectionRequest;
use crate::engine::{running_or_started, told};
use crate::failure::wrong_use;
use crate::out::{Out, Tone, paint};

pub(super) async fn run(command: ConnectionRequest, out: &Out) -> Result<(), Fault> {
    let client = running_or_started().await?;
    match command {
        ConnectionRequest::Create {
            integration_key,
            connection_id,
            connection_key,
            name,
            prompt,
            allow_multiple,
            wait,
            timeout,
        } => {
            if integration_key.is_none() && connection_id.is_none() && prompt.is_none() {
                return Err(wrong_use(
                    "nothing says what to ask for",
                    "Give --integrationKey or --connectionId, or a --prompt for the person to choose by.",
                ));
            }
            let ask = Ask {
                app: integration_key,
                connection: connection_id,
                key: connection_key,
                name,
                prompt,
                allow_multiple: allow_multiple.then_some(true),
                ..Ask::default()
            };
            let request = told(client.ask(&ask).await)?;
            if !wait {
                show(out, &request);
                return Ok(());
            }
            if let Some(url) = &request.url {
                out.note(&format!("{}. Open this page to answer:", request.title));
                out.note(&format!("  {url}"));
            }
            let limit = Duration::from_secs(timeout.into());
            show(out, &told(client.wait_request(request.request_id.as_str(), limit).await)?);
        }
        ConnectionRequest::Get { id, wait, timeout } => {
            let request = match wait {
                true => client.wait_request(&id, Duration::from_secs(timeout.into())).await,
                false => client.request(&id).await,
            };
            show(out, &told(request)?);
        }
    }
    Ok(())
}

/// Shows a request: the link for the person, its id, and what came of it.
pub(super) fn show(out: &Out, request: &membrane_model::ConnectionRequest) {
    out.answer(request, || {
        let mut lines = Vec::new();
        match request.status {
            RequestStatus::Pending => lines.push(format!("{} {}.", paint(Tone::Busy, "◐"), request.title)),
            RequestStatus::Success => lines.push(format!("{} Connected.", paint(Tone::Good, "✓"))),
            RequestStatus::Cancelled => lines.push(format!("{} The person said no.", paint(Tone::Bad, "✗"))),
            RequestStatus::Error => {
                let why = request.result_error.as_ref().map_or("nobody answered in time", |error| &error.message);
                lines.push(format!("{} It could not be done: {why}.", paint(Tone::Bad, "✗")));
            }
        }
        if let Some(url) = &request.url {
            lines.push(format!("  Open    {url}"));
        }
        if let Some(connection) = &request.result_connection_id {
            lines.push(format!("  Id      {connection}"));
        }
        lines.push(format!("  Request {}", request.request_id));
        if request.status == RequestStatus::Pending {
            let next = format!("  membrane connection-request get {} --wait", request.request_id);
            lines.push(paint(Tone::Quiet, &next));
        }
        lines.join("\n")
    });
}
