//! Waiting for the person, with progress for whoever asked for it.

use std::time::{Duration, Instant};

use membrane_model::{ConnectionView, Fault, WireState};
use membrane_sdk::{Client, SdkError};
use rmcp::RoleServer;
use rmcp::model::ProgressNotificationParam;
use rmcp::service::RequestContext;

/// How often progress is told.
const TELLING: Duration = Duration::from_secs(5);

/// Waits until what was begun is over, at most so many seconds; then the connection as it stands.
pub(crate) async fn until_connected(
    client: &Client,
    begun: &ConnectionView,
    seconds: u32,
    context: &RequestContext<RoleServer>,
) -> Result<ConnectionView, Fault> {
    let limit = Duration::from_secs(seconds.into());
    let started = Instant::now();
    let mut seen = begun.clone();
    loop {
        let left = limit.saturating_sub(started.elapsed());
        if left.is_zero() {
            return Ok(seen);
        }
        tell(context, started.elapsed(), limit, begun).await;
        let view = client.wait_connected(begun, left.min(TELLING)).await.map_err(SdkError::into_fault)?;
        let over = match &begun.session_id {
            // A repair leaves the connection as it is: the attempt says whether it is over.
            Some(attempt) if begun.connected || begun.disconnected => {
                client.session(attempt.as_str()).await.map_err(SdkError::into_fault)?.state.is_final()
            }
            _ => view.state != WireState::ClientActionRequired || view.disconnected,
        };
        if over {
            return Ok(view);
        }
        seen = view;
    }
}

async fn tell(context: &RequestContext<RoleServer>, passed: Duration, limit: Duration, begun: &ConnectionView) {
    let Some(token) = context.meta.get_progress_token() else { return };
    let message = format!("Waiting for the sign-in to {}", crate::give::plain(&begun.app_name));
    let progress = ProgressNotificationParam::new(token, passed.as_secs_f64())
        .with_total(limit.as_secs_f64())
        .with_message(message);
    // Whoever asked for progress and went away is told nothing more.
    let _told = context.peer.notify_progress(progress).await;
}
