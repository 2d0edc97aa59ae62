//! The vault: unlock, lock, and the passphrase file.

use axum::Json;
use axum::extract::State;
use membrane_engine::Engine;
use membrane_model::VaultView;
use secrecy::SecretString;
use serde::Deserialize;

use crate::error::ApiError;
use crate::extract::{Body, Person};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Key {
    passphrase: Option<String>,
}

/// `POST /vault/init {passphrase}`.
pub(super) async fn init(
    State(engine): State<Engine>,
    _: Person,
    Body(key): Body<Key>,
) -> Result<Json<VaultView>, ApiError> {
    let passphrase = key.passphrase.ok_or_else(|| ApiError::bad("passphrase is missing"))?;
    Ok(Json(engine.init_passphrase(SecretString::from(passphrase)).await?))
}

/// `POST /vault/unlock {passphrase?}`.
pub(super) async fn unlock(
    State(engine): State<Engine>,
    _: Person,
    Body(key): Body<Key>,
) -> Result<Json<VaultView>, ApiError> {
    Ok(Json(engine.unlock(key.passphrase.map(SecretString::from)).await?))
}

/// `POST /vault/lock`.
pub(super) async fn lock(State(engine): State<Engine>, _: Person) -> Json<VaultView> {
    Json(engine.lock_vault())
}

/// `POST /vault/reset`: gives up what is sealed and starts with a new key.
pub(super) async fn reset(State(engine): State<Engine>, _: Person) -> Result<Json<VaultView>, ApiError> {
    Ok(Json(engine.reset_vault().await?))
}
