//! The vault: unlock, lock, and the passphrase file.

use axum::Json;
use axum::extract::State;
use membrane_engine::Engine;
use membrane_model::VaultView;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::{Body, Person};

/// A passphrase.
#[derive(Deserialize, Default, ToSchema)]
#[serde(default)]
pub(super) struct Key {
    #[schema(write_only)]
    passphrase: Option<String>,
}

/// Keeps the master key in a file behind a passphrase; the person only.
#[utoipa::path(post, path = "/vault/init", tag = "Vault", request_body = Key, responses((status = 200, body = VaultView)))]
pub(super) async fn init(
    State(engine): State<Engine>,
    _: Person,
    Body(key): Body<Key>,
) -> Result<Json<VaultView>, ApiError> {
    let passphrase = key.passphrase.ok_or_else(|| ApiError::bad("passphrase is missing"))?;
    Ok(Json(engine.init_passphrase(SecretString::from(passphrase)).await?))
}

/// Unlocks the vault; the person only.
#[utoipa::path(post, path = "/vault/unlock", tag = "Vault", request_body = Key, responses((status = 200, body = VaultView)))]
pub(super) async fn unlock(
    State(engine): State<Engine>,
    _: Person,
    Body(key): Body<Key>,
) -> Result<Json<VaultView>, ApiError> {
    Ok(Json(engine.unlock(key.passphrase.map(SecretString::from)).await?))
}

/// Locks the vault; the person only.
#[utoipa::path(post, path = "/vault/lock", tag = "Vault", responses((status = 200, body = VaultView)))]
pub(super) async fn lock(State(engine): State<Engine>, _: Person) -> Json<VaultView> {
    Json(engine.lock_vault())
}

/// Gives up what is sealed and starts with a new key; the person only.
#[utoipa::path(post, path = "/vault/reset", tag = "Vault", responses((status = 200, body = VaultView)))]
pub(super) async fn reset(State(engine): State<Engine>, _: Person) -> Result<Json<VaultView>, ApiError> {
    Ok(Json(engine.reset_vault().await?))
}
