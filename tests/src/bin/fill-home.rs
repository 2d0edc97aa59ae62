//! Fills a home folder with connections of the misbehaving provider, for measurements of what many of them cost.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use membrane_model::{AppKey, Connection, ConnectionId, ConnectionState, TenantId, Timestamp};
use membrane_store::{CredentialRow, Store, StoreError};
use membrane_vault::{EnvironmentKeychain, Place, Vault};

const BATCH: usize = 5000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [home, origin, count, due_in] = arguments.as_slice() else {
        bail!("fill-home HOME ORIGIN COUNT SECONDS_UNTIL_DUE, with the vault's key in MEMBRANE_VAULT_KEY_FILE");
    };
    let (count, due_in): (usize, u64) = (count.parse()?, due_in.parse()?);
    let data = PathBuf::from(home).join("data");
    let store = Store::open(&data)?;
    let app = membrane_tests::faults::app_file_at(origin, "acme", r#"rotation = "single-use", lifetime = 3600"#);
    let apps = data.join("apps");
    std::fs::create_dir_all(&apps)?;
    std::fs::write(apps.join("acme.toml"), app)?;
    let key = EnvironmentKeychain::from_env().context("MEMBRANE_VAULT_KEY_FILE is not set")?;
    let vault = Vault::new(std::sync::Arc::new(key), store.read(|tx| tx.key_check())?);
    vault.unlock().await;
    let check = vault.key_check().context("the vault did not open")?;
    store.write(|tx| match tx.key_check()? {
        Some(_) => Ok(()),
        None => tx.put_key_check(&check),
    })?;
    let device = store.read(|tx| tx.meta("device_id"))?.unwrap_or_default();
    let now = Timestamp::now();
    for start in (0..count).step_by(BATCH) {
        let rows = (start..count.min(start + BATCH))
            .map(|number| row(&vault, number, now, due_in, &device))
            .collect::<Result<Vec<_>>>()?;
        store.write(|tx| {
            rows.iter().try_for_each(|(connection, credential)| {
                tx.insert_connection(connection)?;
                tx.put_credential(credential)?;
                Ok::<_, StoreError>(())
            })
        })?;
    }
    store.checkpoint()?;
    Ok(())
}

fn row(vault: &Vault, number: usize, now: Timestamp, due_in: u64, device: &str) -> Result<(Connection, CredentialRow)> {
    let connection = Connection {
        id: ConnectionId::generate(),
        key: Some(format!("seed-{number}")),
        tenant: TenantId::own(),
        app: "acme".parse::<AppKey>().map_err(|_| anyhow::anyhow!("no app key"))?,
        auth_method: "oauth".into(),
        name: format!("Acme {number}"),
        account: None,
        state: ConnectionState::Connected,
        fields: Default::default(),
        scopes: vec!["read".into()],
        meta: Default::default(),
        generation: 1,
        created_at: now,
        updated_at: now,
        last_used_at: None,
        archived_at: None,
    };
    let plain = serde_json::json!({
        "access_token": format!("pass-seed-{number}"), "refresh_token": format!("seed-{number}"), "client_id": "native"
    });
    let place = Place { table: "credential", row: connection.id.as_str(), field: "sealed" };
    let sealed = vault.seal(place, plain.to_string().as_bytes())?;
    let due = now + Duration::from_secs(due_in);
    let credential = CredentialRow {
        has_refresh: true,
        expires_at: Some(due + Duration::from_secs(300)),
        next_refresh_at: Some(due),
        ..CredentialRow::lasting(&connection.id, sealed, now, device)
    };
    Ok((connection, credential))
}
