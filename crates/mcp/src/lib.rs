//! The MCP server: tools for AI agents, written against the API alone. It knows neither the engine nor where it runs.
//!
//! Over standard input and output it serves one agent ([`stdio`]); mounted beside the API it serves all of them over
//! Streamable HTTP ([`Endpoint`]). [`install`] writes it into the configuration of the AI clients on this computer.

mod act;
mod give;
pub mod install;
mod person;
mod server;
mod take;
mod tool;
mod wait;

use std::sync::Arc;

use membrane_sdk::Client;
use rmcp::ServiceExt;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio_util::sync::CancellationToken;

pub use server::Server;

/// The largest message that is read over HTTP, as for the API's other bodies.
const BODY_MAX: usize = 1024 * 1024;

/// Serves one agent on standard input and output until it closes them.
///
/// # Errors
/// A sentence, when the agent does not speak the protocol or the connection breaks.
pub async fn stdio(client: Client) -> Result<(), String> {
    let running = Server::new(client).serve(rmcp::transport::stdio()).await.map_err(|error| error.to_string())?;
    running.waiting().await.map(|_| ()).map_err(|error| error.to_string())
}

/// The endpoint for Streamable HTTP. Whoever mounts it has checked token, host and origin before a request comes here
/// every call is made on behalf of who made that request.
pub struct Endpoint {
    service: StreamableHttpService<Server, LocalSessionManager>,
    stop: CancellationToken,
}

impl Endpoint {
    /// Makes it, with a client in the same process.
    #[must_use]
    pub fn new(client: Client) -> Self {
        let stop = CancellationToken::new();
        let config = StreamableHttpServerConfig::default()
            .with_cancellation_token(stop.child_token())
            .with_max_request_body_bytes(BODY_MAX);
        let server = move || Ok(Server::new(client.clone()));
        Self { service: StreamableHttpService::new(server, Arc::new(LocalSessionManager::default()), config), stop }
    }

    /// Returns what answers requests.
    #[must_use]
    pub fn service(&self) -> StreamableHttpService<Server, LocalSessionManager> {
        self.service.clone()
    }

    /// Ends all sessions.
    pub fn stop(&self) {
        self.stop.cancel();
    }
}
