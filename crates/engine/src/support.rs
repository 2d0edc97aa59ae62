//! The support bundle: what helps to find a mistake of ours, without names, accounts, ids or secrets.

use std::collections::HashMap;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use membrane_model::{ConnectionId, ErrorCode, Fault, TenantId, Timestamp};
use membrane_store::ActivityFilter;
use serde_json::{Value, json};

use crate::Engine;

/// How much of the activity goes in.
const ACTIVITY: u32 = 200;

impl Engine {
    /// Returns the bundle as one JSON document. Connections are numbered; whose they are is left out.
    ///
    /// # Errors
    /// Fails when the store can't be read.
    pub async fn support_bundle(&self) -> Result<Value, Fault> {
        let status = self.status()?;
        let connections = self.list_all(&TenantId::own())?;
        let mut numbers: HashMap<ConnectionId, usize> = HashMap::new();
        for connection in &connections {
            let next = numbers.len() + 1;
            numbers.insert(connection.id.clone(), next);
        }
        let shown: Vec<Value> = connections
            .iter()
            .map(|connection| {
                json!({
                    "number": numbers.get(&connection.id),
                    "app": connection.integration_key,
                    "method": connection.auth_option_key,
                    "status": connection.health.status,
                    "reason": connection.reason,
                    "since": connection.since,
                    "warnings": connection.health.warnings.iter().map(|w| json!({ "code": w.code, "since": w.since })).collect::<Vec<_>>(),
                    "retryAttempts": connection.retry_attempts,
                    "nextRetry": connection.next_retry_timestamp,
                    "nextRenewal": connection.next_credentials_refresh_at,
                    "renewable": connection.can_refresh_credentials,
                    "expiresAt": connection.expires_at,
                    "createdAt": connection.created_at,
                    "lastUsed": connection.last_active_at,
                    "scopes": connection.scopes.len(),
                })
            })
            .collect();
        let activity = self.activity(ActivityFilter::default(), Some(ACTIVITY)).await?;
        let happened: Vec<Value> = activity
            .items
            .iter()
            .map(|item| {
                json!({
                    "at": item.at,
                    "kind": item.kind,
                    "app": item.app_key,
                    "connection": numbers.get(&item.connection_id),
                    "reason": item.reason,
                    "by": item.by.as_ref().map(|by| by.kind.clone()),
                    "uses": item.uses,
                })
            })
            .collect();
        let mut bundle = json!({
            "madeAt": Timestamp::now(),
            "version": status.version,
            "system": { "os": std::env::consts::OS, "architecture": std::env::consts::ARCH, "release": release(), "desktop": std::env::var("XDG_CURRENT_DESKTOP").ok(), "session": std::env::var("XDG_SESSION_TYPE").ok() },
            "engine": { "mode": status.engine.mode, "startedAt": status.engine.started_at, "dataDir": status.data_dir, "apiUri": status.api_uri, "portNote": status.port_note },
            "vault": { "state": status.vault.state, "backend": status.vault.backend },
            "settings": self.settings()?,
            "clients": self.clients()?.len(),
            "doctor": self.doctor().await?.findings,
            "connections": shown,
            "activity": happened,
        });
        if let Some(home) =
            std::env::var_os("HOME").map(|home| home.to_string_lossy().into_owned()).filter(|home| home.len() > 1)
        {
            without_home(&mut bundle, &home);
        }
        Ok(bundle)
    }

    /// Writes the bundle to the person's downloads and returns where it is.
    ///
    /// # Errors
    /// `StorageError` when the file can't be written.
    pub async fn write_support_bundle(&self) -> Result<PathBuf, Fault> {
        let bundle = self.support_bundle().await?;
        // To the millisecond, so that two in a row are two files.
        let name = format!("membrane-support-{}.json", Timestamp::now().strftime("%Y%m%d-%H%M%S-%3f"));
        let file = downloads(&self.paths().data).join(name);
        let text = serde_json::to_string_pretty(&bundle).unwrap_or_default();
        let write = || -> std::io::Result<()> {
            std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file)?.write_all(text.as_bytes())
        };
        write().map_err(|error| {
            Fault::new(ErrorCode::StorageError, format!("failed to write {}: {}", file.display(), error.kind()))
        })?;
        Ok(file)
    }
}

/// Returns the first of these that is there: the downloads folder, the home, the data folder.
fn downloads(data: &Path) -> PathBuf {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let named = std::env::var_os("XDG_DOWNLOAD_DIR").map(PathBuf::from);
    let usual = home.as_ref().map(|home| home.join("Downloads"));
    [named, usual, home].into_iter().flatten().find(|folder| folder.is_dir()).unwrap_or_else(|| data.to_owned())
}

fn release() -> Option<String> {
    let text = std::fs::read_to_string("/etc/os-release").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(line.trim_matches('"').to_owned())
}

/// Replaces the home folder in all texts, since its name is often the person's.
fn without_home(value: &mut Value, home: &str) {
    match value {
        Value::String(text) if text.contains(home) => *text = text.replace(home, "~"),
        Value::Array(items) => items.iter_mut().for_each(|item| without_home(item, home)),
        Value::Object(fields) => fields.values_mut().for_each(|item| without_home(item, home)),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_folder_is_nowhere() {
        let mut value = json!({ "a": ["/users/ada/x"], "b": { "c": "in /users/ada" }, "d": 1 });
        without_home(&mut value, "/users/ada");
        assert_eq!(value, json!({ "a": ["~/x"], "b": { "c": "in ~" }, "d": 1 }));
    }
}
