//! Workspaces: clients that sign their own tokens (JWT, RFC 7519; HS256 or HS512), each naming a tenant.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use membrane_model::{ErrorCode, Fault, TenantId, TenantView, Timestamp};
use membrane_store::{ClientRow, TenantRow};
use membrane_vault::Place;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::{Sha256, Sha512};

use crate::{Caller, Engine};

/// A token is refused this long after its end, for clocks that differ.
const LEEWAY_SECONDS: i64 = 60;
/// A tenant's last use is written at most this often.
const TOUCH_EVERY_SECONDS: i64 = 60;
/// Longer tokens are refused unread.
const TOKEN_MAX: usize = 8 * 1024;

#[derive(Deserialize)]
struct Header {
    alg: String,
}

/// The claims that count; others are ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Claims {
    iss: Option<String>,
    workspace_key: Option<String>,
    id: Option<String>,
    tenant_key: Option<String>,
    name: Option<String>,
    exp: Option<f64>,
    nbf: Option<f64>,
}

/// Where a workspace's secret is sealed.
pub(crate) fn secret_place(key: &str) -> Place<'_> {
    Place { table: "workspace", row: key, field: "secret" }
}

/// Tells whether a text has the form of a signed token.
pub(crate) fn looks_signed(token: &str) -> bool {
    token.len() <= TOKEN_MAX && token.split('.').count() == 3
}

impl Engine {
    /// Tells who shows a signed token. Its tenant is made at its first use.
    ///
    /// # Errors
    /// `NotAuthenticated` says which part of the token is wrong; the vault's states while the secret can't be read.
    pub(crate) fn authenticate_signed(&self, token: &str) -> Result<Caller, Fault> {
        let claims = unverified(token)?;
        let key = claims.workspace_key.as_deref().or(claims.iss.as_deref()).unwrap_or_default();
        let unknown = || refused("it names a workspace that is not known, or was revoked");
        let row = self.store().read(|tx| tx.workspace_by_key(key))?.ok_or_else(unknown)?;
        let client = self.store().read(|tx| tx.clients())?.into_iter().find(|client| client.id == row.client_id);
        let client = client.filter(|client| client.revoked_at.is_none()).ok_or_else(unknown)?;
        self.check_vault()?;
        let secret = self.vault().open(secret_place(&row.key), &row.secret)?;
        verify(token, secret.expose_secret())?;
        let now = Timestamp::now();
        check_times(&claims, now)?;
        let tenant_key = claims.tenant_key.as_deref().or(claims.id.as_deref()).map(str::trim).unwrap_or_default();
        if tenant_key.is_empty() || tenant_key.len() > 200 || tenant_key.chars().any(char::is_control) {
            return Err(refused("it names no tenant: put the tenant's id into the claim `id` or `tenantKey`"));
        }
        let tenant = self.tenant_for(&client, tenant_key, claims.name.as_deref(), now)?;
        Ok(Caller::Client { id: client.id, name: client.name, tenant, may_get_tokens: client.may_get_tokens })
    }

    fn tenant_for(
        &self,
        client: &ClientRow,
        internal_id: &str,
        name: Option<&str>,
        now: Timestamp,
    ) -> Result<TenantId, Fault> {
        let shown = |text: &str| text.chars().filter(|c| !c.is_control()).take(100).collect::<String>();
        let find = || self.store().read(|tx| tx.tenant_of(&client.id, internal_id));
        if let Some(known) = find()? {
            let name = name.map_or_else(|| known.name.clone(), shown);
            let stale = now.duration_since(known.last_active_at).as_secs() >= TOUCH_EVERY_SECONDS;
            if stale || name != known.name {
                self.store().write(|tx| tx.touch_tenant(&known.id, &name, now))?;
            }
            return Ok(known.id);
        }
        let row = TenantRow {
            id: TenantId::generate(),
            client_id: client.id.clone(),
            internal_id: internal_id.to_owned(),
            name: name.map_or_else(|| shown(internal_id), shown),
            created_at: now,
            last_active_at: now,
        };
        match self.store().write(|tx| tx.insert_tenant(&row)) {
            Ok(()) => {}
            // Another request with the same token was first.
            Err(membrane_store::StoreError::Conflict(_)) => {
                return find()?.map(|row| row.id).ok_or_else(|| refused("its tenant is being made; try again"));
            }
            Err(error) => return Err(error.into()),
        }
        let key = self.workspace_key_of(&row)?;
        self.publish(membrane_model::StreamMessage::Tenant { tenant: view(row.clone(), key) });
        Ok(row.id)
    }

    fn workspace_key_of(&self, row: &TenantRow) -> Result<Option<String>, Fault> {
        let all = self.store().read(|tx| tx.workspaces())?;
        Ok(all.into_iter().find(|workspace| workspace.client_id == row.client_id).map(|workspace| workspace.key))
    }

    /// Shows a tenant.
    ///
    /// # Errors
    /// Fails when the store can't be read.
    pub fn tenant(&self, id: &TenantId) -> Result<TenantView, Fault> {
        match self.store().read(|tx| tx.tenant(id))? {
            Some(row) => {
                let key = self.workspace_key_of(&row)?;
                Ok(view(row, key))
            }
            None => Ok(TenantView::own()),
        }
    }

    /// Lists whose connections there are: the person of this computer first, then those that workspaces named.
    ///
    /// # Errors
    /// Fails when the store can't be read.
    pub fn tenants(&self) -> Result<Vec<TenantView>, Fault> {
        let (rows, workspaces) = self.store().read(|tx| Ok((tx.tenants()?, tx.workspaces()?)))?;
        let key = |row: &TenantRow| workspaces.iter().find(|w| w.client_id == row.client_id).map(|w| w.key.clone());
        let named = rows.into_iter().map(|row| {
            let key = key(&row);
            view(row, key)
        });
        Ok(std::iter::once(TenantView::own()).chain(named).collect())
    }
}

fn view(row: TenantRow, workspace_key: Option<String>) -> TenantView {
    TenantView {
        id: row.id,
        name: row.name,
        internal_id: row.internal_id,
        workspace_key,
        created_at: Some(row.created_at),
        last_active_at: Some(row.last_active_at),
    }
}

fn refused(why: &str) -> Fault {
    Fault::new(ErrorCode::NotAuthenticated, format!("the token was refused: {why}"))
        .hint("Sign it with the workspace's secret (HS256), with claims iss = workspace key, id = tenant, and exp.")
}

/// Reads the claims of a token whose signature is not checked yet; only its workspace may be looked up with them.
fn unverified(token: &str) -> Result<Claims, Fault> {
    let payload = token.split('.').nth(1).unwrap_or_default();
    let bytes = URL_SAFE_NO_PAD.decode(payload).map_err(|_| refused("its payload is no base64url"))?;
    serde_json::from_slice(&bytes).map_err(|_| refused("its payload is no JSON of the known claims"))
}

/// Checks the signature, in constant time; `none` and every other algorithm is refused.
fn verify(token: &str, secret: &[u8]) -> Result<(), Fault> {
    let (signed, signature) = token.rsplit_once('.').ok_or_else(|| refused("it has no signature"))?;
    let header = signed.split('.').next().unwrap_or_default();
    let header = URL_SAFE_NO_PAD.decode(header).ok().and_then(|bytes| serde_json::from_slice::<Header>(&bytes).ok());
    let header = header.ok_or_else(|| refused("its header is no JSON"))?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| refused("its signature is no base64url"))?;
    let wrong = || refused("its signature does not fit");
    match header.alg.as_str() {
        "HS256" => {
            let mac = Hmac::<Sha256>::new_from_slice(secret).map_err(|_| wrong())?;
            mac.chain_update(signed).verify_slice(&signature).map_err(|_| wrong())
        }
        "HS512" => {
            let mac = Hmac::<Sha512>::new_from_slice(secret).map_err(|_| wrong())?;
            mac.chain_update(signed).verify_slice(&signature).map_err(|_| wrong())
        }
        _ => Err(refused("it is signed with something else than HS256 or HS512")),
    }
}

fn check_times(claims: &Claims, now: Timestamp) -> Result<(), Fault> {
    #[allow(clippy::cast_precision_loss, reason = "seconds since 1970 fit")]
    let now = now.as_second() as f64;
    #[allow(clippy::cast_precision_loss, reason = "a minute fits")]
    let leeway = LEEWAY_SECONDS as f64;
    match claims.exp {
        Some(exp) if exp + leeway > now => {}
        Some(_) => return Err(refused("it has run out")),
        None => return Err(refused("it never runs out: give it an exp")),
    }
    if claims.nbf.is_some_and(|nbf| nbf > now + leeway) {
        return Err(refused("it is not valid yet"));
    }
    Ok(())
}

/// Makes what a workspace signs with.
pub(crate) fn new_secret() -> Result<SecretString, Fault> {
    let mut random = [0_u8; 32];
    crate::session::random(&mut random)?;
    Ok(SecretString::from(URL_SAFE_NO_PAD.encode(random)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(header: &str, payload: &str, secret: &[u8]) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let mac = Hmac::<Sha256>::new_from_slice(secret).unwrap().chain_update(&signed).finalize().into_bytes();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac))
    }

    #[test]
    fn only_the_right_secret_and_algorithm_verify() {
        let good = sign(r#"{"alg":"HS256","typ":"JWT"}"#, r#"{"iss":"w","id":"t"}"#, b"secret");
        assert!(verify(&good, b"secret").is_ok());
        assert!(verify(&good, b"other").is_err());
        for header in [r#"{"alg":"none"}"#, r#"{"alg":"HS512"}"#, r#"{"alg":"RS256"}"#, "{}"] {
            assert!(verify(&sign(header, "{}", b"secret"), b"secret").is_err(), "{header}");
        }
        let unsigned = format!("{}.", good.rsplit_once('.').unwrap().0);
        assert!(verify(&unsigned, b"secret").is_err());
    }

    #[test]
    fn a_token_has_an_end() {
        let claims = |text: &str| serde_json::from_str::<Claims>(text).unwrap();
        let now = Timestamp::from_second(1_000_000).unwrap();
        assert!(check_times(&claims(r#"{"exp":1000001}"#), now).is_ok());
        assert!(check_times(&claims(r#"{"exp":999900}"#), now).is_err());
        assert!(check_times(&claims("{}"), now).is_err());
        assert!(check_times(&claims(r#"{"exp":1000001,"nbf":1000500}"#), now).is_err());
    }
}
