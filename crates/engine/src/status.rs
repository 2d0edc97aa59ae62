//! The engine at a glance.

use std::path::Path;
use std::sync::PoisonError;

use membrane_model::{EngineStatus, EngineView, Fault, SandboxView, TenantId, Timestamp, VaultState};

use crate::{Caller, Engine};

/// Where the HTTP API listens.
#[derive(Debug, Clone, Default)]
pub(crate) struct Endpoint {
    /// `http://127.0.0.1:4780`.
    pub api_uri: Option<String>,
    /// Its port, when it is one of those that redirects are registered with.
    pub callback_port: Option<u16>,
    /// Said when the saved port was taken.
    pub port_note: Option<String>,
}

/// Which facts an answer was made from: while it stays the same, only the clock can make the answer another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactsVersion {
    commits: u64,
    vault: Option<VaultState>,
    catalog: usize,
}

impl FactsVersion {
    /// Makes one of a count of writes alone.
    #[must_use]
    pub fn of_commits(commits: u64) -> Self {
        Self { commits, vault: None, catalog: 0 }
    }
}

impl Engine {
    /// Returns which facts there are now.
    #[must_use]
    pub fn facts_version(&self) -> FactsVersion {
        FactsVersion {
            commits: self.store().commits(),
            vault: Some(self.vault().state()),
            catalog: std::sync::Arc::as_ptr(&self.catalog()).addr(),
        }
    }

    /// Tells the engine where its API listens; `callback_port` is set when the port is one that redirects name.
    pub fn listening(&self, api_uri: Option<String>, callback_port: Option<u16>, port_note: Option<String>) {
        *self.inner().endpoint.lock().unwrap_or_else(PoisonError::into_inner) =
            Endpoint { api_uri, callback_port, port_note };
        self.publish_status();
    }

    /// Returns where the HTTP API listens; empty when no port could be had.
    #[must_use]
    pub fn api_uri(&self) -> String {
        self.endpoint().api_uri.unwrap_or_default()
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        self.inner().endpoint.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the port that the API was given at its first start.
    ///
    /// # Errors
    /// Fails when the store can't be read.
    pub fn saved_port(&self) -> Result<Option<u16>, Fault> {
        Ok(self.store().read(|tx| tx.meta("api_port"))?.and_then(|text| text.parse().ok()))
    }

    /// Saves the port for the next starts.
    ///
    /// # Errors
    /// Fails when the store can't be written.
    pub fn save_port(&self, port: u16) -> Result<(), Fault> {
        Ok(self.store().write(|tx| tx.set_meta("api_port", &port.to_string()))?)
    }

    /// Returns the engine at a glance.
    ///
    /// # Errors
    /// Fails when the store can't be read.
    pub fn status(&self) -> Result<EngineStatus, Fault> {
        self.status_of(None)
    }

    /// Returns the engine at a glance as a caller may see it: its own tenant's counts, and for a page no places.
    ///
    /// # Errors
    /// Fails when the store can't be read.
    pub fn status_for(&self, caller: &Caller) -> Result<EngineStatus, Fault> {
        let mut status = self.status_of(caller.only_tenant().as_ref())?;
        if let Caller::Page(_) = caller {
            status.socket.clear();
            status.data_dir.clear();
            status.engine.pid = 0;
            status.sandbox = None;
        }
        Ok(status)
    }

    fn status_of(&self, tenant: Option<&TenantId>) -> Result<EngineStatus, Fault> {
        let inner = self.inner();
        let endpoint = self.endpoint();
        let (counts, webhooks_off) =
            self.store().read(|tx| Ok((tx.connection_counts(tenant)?, tx.webhooks_turned_off()?)))?;
        Ok(EngineStatus {
            api_uri: endpoint.api_uri,
            port_note: endpoint.port_note,
            socket: text(&inner.paths.socket),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            data_dir: text(&inner.paths.data),
            vault: inner.vault.view(),
            engine: EngineView { pid: std::process::id(), mode: inner.mode, started_at: inner.started_at },
            connections: counts.all,
            disconnected: counts.disconnected,
            webhooks_off: if tenant.is_none() { webhooks_off } else { 0 },
            paused_until: self.paused_until(Timestamp::now())?,
            network: inner.weather.now().network,
            clock_skew_seconds: self.clock_skew().map(|skew| skew.as_secs()),
            storage_trouble_since: inner.storage.trouble_since(),
            sandbox: self.vars().remove("sandbox").map(|url| SandboxView { url }),
        })
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
