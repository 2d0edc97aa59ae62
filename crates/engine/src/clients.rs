//! Local programs that use the API, and the tokens they show.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use membrane_model::{ClientId, ClientView, ErrorCode, Fault, NewClient, TenantId, Timestamp};
use membrane_store::{ClientRow, WorkspaceRow};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use tokio::sync::broadcast::error::RecvError;

use crate::workspace::{looks_signed, new_secret, secret_place};
use crate::{Caller, Engine};

/// Tokens start with this, as the official SDK expects of opaque ones.
const PREFIX: &str = "pat-";
/// A client's last use is written at most this often.
const TOUCH_EVERY_SECONDS: i64 = 60;

impl Engine {
    /// Makes a client and its token, which is shown this one time.
    ///
    /// # Errors
    /// `BadRequest` for a name that is empty, too long, or has control characters; `AlreadyExists` for one in use.
    pub fn create_client(&self, name: &str, may_get_tokens: bool) -> Result<NewClient, Fault> {
        let (row, token) = self.new_client(name, may_get_tokens)?;
        self.store().write(|tx| tx.insert_client(&row))?;
        Ok(NewClient { id: row.id, name: row.name, token, workspace_key: None, workspace_secret: None })
    }

    /// Makes a workspace: a client that signs tokens of its own, one tenant each. Its secret is shown this one time.
    ///
    /// # Errors
    /// As [`Self::create_client`], and the vault's states: the secret is kept sealed.
    pub async fn create_workspace(&self, name: &str, may_get_tokens: bool) -> Result<NewClient, Fault> {
        self.need_vault().await?;
        // Nobody ever sees its opaque token; what it shows are tokens that it signs.
        let (row, _never_shown) = self.new_client(name, may_get_tokens)?;
        let key = row.id.as_str().replacen("cli_", "wks_", 1);
        let secret = new_secret()?;
        let sealed = self.vault().seal(secret_place(&key), secret.expose_secret().as_bytes())?;
        let workspace = WorkspaceRow { client_id: row.id.clone(), key: key.clone(), secret: sealed };
        let made = row.clone();
        self.write(move |tx| {
            tx.insert_client(&made)?;
            tx.insert_workspace(&workspace)
        })
        .await?;
        let secret = secret.expose_secret().to_owned();
        let (workspace_key, workspace_secret) = (Some(key), Some(secret));
        Ok(NewClient { id: row.id, name: row.name, token: String::new(), workspace_key, workspace_secret })
    }

    fn new_client(&self, name: &str, may_get_tokens: bool) -> Result<(ClientRow, String), Fault> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 80 || name.chars().any(char::is_control) {
            return Err(Fault::new(ErrorCode::BadRequest, "a client's name has 1 to 80 characters on one line"));
        }
        let mut random = [0_u8; 32];
        crate::session::random(&mut random)?;
        let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random));
        let id = ClientId::generate();
        let row = ClientRow {
            id,
            name: name.to_owned(),
            token_hash: hash(&token),
            may_get_tokens,
            created_at: Timestamp::now(),
            last_used_at: None,
            revoked_at: None,
        };
        let taken = self.clients()?.into_iter().any(|client| client.name == name);
        if taken {
            return Err(Fault::new(ErrorCode::AlreadyExists, format!("there is a client named {name:?} already"))
                .hint("Choose another name, or revoke the old one with `membrane client revoke`."));
        }
        Ok((row, token))
    }

    /// Lists the clients that may call.
    ///
    /// # Errors
    /// Fails when the store can't be read.
    pub fn clients(&self) -> Result<Vec<ClientView>, Fault> {
        let (rows, workspaces) = self.store().read(|tx| Ok((tx.clients()?, tx.workspaces()?)))?;
        let live = rows.into_iter().filter(|row| row.revoked_at.is_none());
        Ok(live.map(|row| view(row, &workspaces)).collect())
    }

    /// Ends a client: its token is refused from the next request on, and its streams end.
    ///
    /// # Errors
    /// `NotFound` when no client has that id or name.
    pub fn revoke_client(&self, id_or_name: &str) -> Result<(), Fault> {
        let found = self.clients()?.into_iter().find(|c| c.id.as_str() == id_or_name || c.name == id_or_name);
        let client = found.ok_or_else(|| {
            Fault::new(ErrorCode::NotFound, format!("no client is called {id_or_name:?}"))
                .hint("`membrane client list` shows the clients there are.")
        })?;
        self.store().write(|tx| tx.revoke_client(&client.id, Timestamp::now()))?;
        // Nobody may have a stream open.
        let _heard = self.inner().revoked.send(client.id);
        Ok(())
    }

    /// Waits until a client's token is revoked, from now on; open streams end with it.
    pub fn until_revoked(&self, id: &ClientId) -> impl Future<Output = ()> + Send + use<> {
        let (mut revoked, id) = (self.inner().revoked.subscribe(), id.clone());
        async move {
            loop {
                match revoked.recv().await {
                    Ok(gone) if gone == id => return,
                    Ok(_) => {}
                    // What was missed may have been this one: the client opens its stream again, or is refused.
                    Err(RecvError::Lagged(_) | RecvError::Closed) => return,
                }
            }
        }
    }

    /// Tells who shows a token.
    ///
    /// # Errors
    /// `NotAuthenticated` for a token that isn't known or was revoked.
    pub fn authenticate(&self, token: &str) -> Result<Caller, Fault> {
        let refuse = || Fault::new(ErrorCode::NotAuthenticated, "the token is not known, or was revoked");
        if token.starts_with(crate::page::PREFIX) {
            return self.page(token).map(Caller::Page);
        }
        if looks_signed(token) {
            return self.authenticate_signed(token);
        }
        if let Some(caller) = self.console_caller(token) {
            return Ok(caller);
        }
        if !token.starts_with(PREFIX) || token.len() > 200 {
            return Err(refuse());
        }
        let digest = hash(token);
        // The look-up is by hash, so that its time tells nothing about a token.
        let row = self.store().read(|tx| tx.client_by_token_hash(&digest))?.ok_or_else(refuse)?;
        if row.revoked_at.is_some() {
            return Err(refuse());
        }
        let now = Timestamp::now();
        let stale = row.last_used_at.is_none_or(|at| now.duration_since(at).as_secs() >= TOUCH_EVERY_SECONDS);
        if stale {
            let id = row.id.clone();
            let engine = self.clone();
            tokio::spawn(async move {
                if let Err(fault) = engine.write(move |tx| tx.touch_client(&id, now)).await {
                    tracing::debug!("failed to note a client's use: {fault}");
                }
            });
        }
        Ok(Caller::Client { id: row.id, name: row.name, tenant: TenantId::own(), may_get_tokens: row.may_get_tokens })
    }
}

pub(crate) fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

fn view(row: ClientRow, workspaces: &[WorkspaceRow]) -> ClientView {
    ClientView {
        workspace_key: workspaces.iter().find(|one| one.client_id == row.id).map(|one| one.key.clone()),
        id: row.id,
        name: row.name,
        may_get_tokens: row.may_get_tokens,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
    }
}
