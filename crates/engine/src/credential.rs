//! A credential: what the vault keeps for a connection.

use std::collections::BTreeMap;
use std::fmt;

use membrane_model::{ConnectionId, Fault};
use membrane_vault::{Place, Sealed, Vault};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The secrets of one connection, readable only between vault and use.
#[derive(Default, Clone)]
pub(crate) struct Credential {
    /// The access token, or the result of a client-credentials grant.
    pub access_token: Option<SecretString>,
    /// The refresh token.
    pub refresh_token: Option<SecretString>,
    /// The OAuth client that the tokens were issued to.
    pub client_id: Option<String>,
    /// The server that the tokens are from, where it was found by its metadata.
    pub issuer: Option<String>,
    /// What the tokens are for (RFC 8707).
    pub resource: Option<String>,
    /// The key that the tokens are bound to (RFC 9449).
    pub dpop_key: Option<SecretString>,
    /// Values of secret form fields (`key`, `password`, `client_secret`).
    pub values: BTreeMap<String, SecretString>,
}

/// The form that is sealed. Never written anywhere else.
#[derive(Serialize, Deserialize, Default)]
struct Plain {
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dpop_key: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    values: BTreeMap<String, String>,
}

impl Drop for Plain {
    fn drop(&mut self) {
        use zeroize::Zeroize;
        self.access_token.zeroize();
        self.refresh_token.zeroize();
        self.dpop_key.zeroize();
        self.values.values_mut().for_each(Zeroize::zeroize);
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("access_token", &self.access_token.is_some())
            .field("refresh_token", &self.refresh_token.is_some())
            .field("values", &self.values.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl Credential {
    /// Seals it for the row of a connection.
    pub(crate) fn seal(&self, vault: &Vault, connection: &ConnectionId) -> Result<Sealed, Fault> {
        self.seal_at(vault, Place { table: "credential", row: connection.as_str(), field: "sealed" })
    }

    /// Opens the row of a connection.
    pub(crate) fn open(vault: &Vault, connection: &ConnectionId, sealed: &Sealed) -> Result<Self, Fault> {
        Self::open_at(vault, Place { table: "credential", row: connection.as_str(), field: "sealed" }, sealed)
    }

    /// Seals it for a place of its own, like a session that waits for the person's decision.
    pub(crate) fn seal_at(&self, vault: &Vault, place: Place<'_>) -> Result<Sealed, Fault> {
        Ok(vault.seal(place, &self.to_bytes()?)?)
    }

    /// Opens what [`Self::seal_at`] sealed at the same place.
    pub(crate) fn open_at(vault: &Vault, place: Place<'_>, sealed: &Sealed) -> Result<Self, Fault> {
        Self::from_bytes(vault.open(place, sealed)?.expose_secret())
    }

    fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let text = |secret: &SecretString| secret.expose_secret().to_owned();
        let plain = Plain {
            access_token: self.access_token.as_ref().map(text),
            refresh_token: self.refresh_token.as_ref().map(text),
            client_id: self.client_id.clone(),
            issuer: self.issuer.clone(),
            resource: self.resource.clone(),
            dpop_key: self.dpop_key.as_ref().map(text),
            values: self.values.iter().map(|(key, value)| (key.clone(), text(value))).collect(),
        };
        let bytes = serde_json::to_vec(&plain).map_err(|_| unreadable())?;
        Ok(Zeroizing::new(bytes))
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Fault> {
        let mut plain: Plain = serde_json::from_slice(bytes).map_err(|_| unreadable())?;
        Ok(Self {
            access_token: plain.access_token.take().map(SecretString::from),
            refresh_token: plain.refresh_token.take().map(SecretString::from),
            client_id: plain.client_id.take(),
            issuer: plain.issuer.take(),
            resource: plain.resource.take(),
            dpop_key: plain.dpop_key.take().map(SecretString::from),
            values: std::mem::take(&mut plain.values).into_iter().map(|(k, v)| (k, SecretString::from(v))).collect(),
        })
    }
}

fn unreadable() -> Fault {
    Fault::new(membrane_model::ErrorCode::Internal, "a sealed record does not have the shape it should have")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r57_debug_shows_no_secret() {
        let credential = Credential {
            access_token: Some("canary-access".to_owned().into()),
            values: BTreeMap::from([("key".to_owned(), "canary-key".to_owned().into())]),
            ..Credential::default()
        };
        let shown = format!("{credential:?}");
        assert!(!shown.contains("canary"), "{shown}");
    }

    #[test]
    fn it_reads_back() {
        let credential = Credential {
            refresh_token: Some("r".to_owned().into()),
            client_id: Some("c".into()),
            ..Credential::default()
        };
        let back = Credential::from_bytes(&credential.to_bytes().unwrap()).unwrap();
        assert_eq!(back.refresh_token.unwrap().expose_secret(), "r");
        assert!(back.access_token.is_none());
    }
}
