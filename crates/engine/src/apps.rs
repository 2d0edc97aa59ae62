//! Apps: what the catalog says, joined with the OAuth clients that the person registered.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::sync::{Arc, PoisonError};

use membrane_catalog::{App, AuthMethod, Catalog, ClientSource, TextTemplate, TokenAuth, TokenBody, parse_app};
use membrane_model::{AppKey, AppSummary, ErrorCode, Fault, SearchResult, Timestamp};
use membrane_oauth::{Client, ClientAuth, Pkce, Provider, Reach, TokenBodyForm};
use membrane_store::OauthClientRow;
use membrane_vault::Place;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::credential::Credential;
use crate::detail::{AppDetail, ClientFacts, describe, takes_client};
use crate::own_apps::OwnApps;
use crate::{Engine, Paths};

/// The most an app file may be, in bytes.
const APP_FILE_MAX: usize = 256 * 1024;

impl Engine {
    /// Lists the apps, narrowed to those whose name has the text.
    #[must_use]
    pub fn apps(&self, search: Option<&str>) -> Vec<AppSummary> {
        let needle = search.unwrap_or_default().to_lowercase();
        let catalog = self.catalog();
        catalog
            .apps()
            .filter(|app| app.name.to_lowercase().contains(&needle) || app.key.as_str().contains(&needle))
            .map(App::summary)
            .collect()
    }

    /// Finds the apps that fit an intent; connected ones first among equals.
    ///
    /// # Errors
    /// `BadRequest` for a text over 2,000 characters.
    pub fn search(&self, intent: &str) -> Result<SearchResult, Fault> {
        if intent.chars().count() > 2000 {
            return Err(Fault::new(ErrorCode::BadRequest, "the intent is longer than 2,000 characters"));
        }
        let connected = self.store().read(|tx| tx.connected_apps())?;
        Ok(self.catalog().search(intent, &connected))
    }

    /// Returns what a list shows of an app.
    ///
    /// # Errors
    /// `UnknownApp`.
    pub fn app_summary(&self, key: &AppKey) -> Result<AppSummary, Fault> {
        Ok(self.app(&self.catalog(), key)?.summary())
    }

    /// Describes an app.
    ///
    /// # Errors
    /// `UnknownApp`.
    pub fn app_detail(&self, key: &AppKey) -> Result<AppDetail, Fault> {
        let catalog = self.catalog();
        let app = self.app(&catalog, key)?;
        let client =
            self.own_client(app)?.map(|row| ClientFacts { id: row.client_id, has_secret: row.secret.is_some() });
        Ok(describe(app, client, self.endpoint().callback_port))
    }

    pub(crate) fn app<'a>(&self, catalog: &'a Catalog, key: &AppKey) -> Result<&'a App, Fault> {
        catalog.get(key).ok_or_else(|| {
            let fault = Fault::new(ErrorCode::UnknownApp, format!("no app is called {:?}", key.as_str()));
            match catalog.search(key.as_str(), &[]).items.first() {
                Some(near) => fault.hint(format!("Did you mean {}? `membrane app list` shows all.", near.key)),
                None => fault,
            }
        })
    }

    pub(crate) fn method<'a>(&self, app: &'a App, key: &str) -> Result<&'a AuthMethod, Fault> {
        app.method(key).ok_or_else(|| {
            let known = app.auth.iter().map(|method| method.key.as_str()).collect::<Vec<_>>().join(", ");
            let shown: String = key.chars().filter(|c| !c.is_control()).take(60).collect();
            Fault::new(ErrorCode::BadRequest, format!("{} can't be connected by {shown:?}", app.name))
                .hint(format!("Its ways to connect are: {known}."))
        })
    }

    pub(crate) fn app_name(&self, key: &AppKey) -> String {
        self.catalog().get(key).map_or_else(|| key.to_string(), |app| app.name.clone())
    }

    /// Adds an app of the person's own from the text of its file, or replaces one.
    ///
    /// # Errors
    /// `InvalidAppFile` names the line and what to write instead.
    pub fn add_app(&self, file_name: &str, text: &str) -> Result<AppSummary, Fault> {
        let app = check_app_file(file_name, text)?;
        write_app_file(self.paths(), &app.key, text)?;
        self.reload_apps();
        Ok(app.summary())
    }

    /// Reads the person's own apps again.
    pub fn reload_apps(&self) {
        let seen = OwnApps::look(&self.paths().apps());
        *self.inner().own_apps.lock().unwrap_or_else(PoisonError::into_inner) = seen;
        let (catalog, problems) = Catalog::load(Some(&self.paths().apps()), &self.vars());
        for problem in problems {
            tracing::warn!("an app file was left out: {problem}");
        }
        *self.inner().catalog.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(catalog);
    }

    /// Keeps the person's own OAuth client for an app and its family.
    ///
    /// # Errors
    /// `UnknownApp`, `BadRequest` for an app without OAuth or an id that can't be one, and the vault's states.
    pub async fn set_client(&self, key: &AppKey, id: &str, secret: Option<SecretString>) -> Result<AppDetail, Fault> {
        let catalog = self.catalog();
        let app = self.app(&catalog, key)?;
        if !app.auth.iter().any(takes_client) {
            return Err(Fault::new(
                ErrorCode::BadRequest,
                format!("{} is not connected with an OAuth client", app.name),
            )
            .hint(format!("Connect it right away: membrane connect --integrationKey {key}")));
        }
        let id = id.trim();
        let usable = |text: &str, max: usize| {
            !text.is_empty() && text.len() <= max && !text.chars().any(|c| c.is_control() || c.is_whitespace())
        };
        if !usable(id, 512) {
            return Err(Fault::new(ErrorCode::InvalidField, "clientId is 1 to 512 characters without spaces"));
        }
        let secret = match secret.filter(|secret| !secret.expose_secret().trim().is_empty()) {
            Some(secret) => {
                let text = secret.expose_secret().trim();
                if !usable(text, 4096) {
                    return Err(Fault::new(ErrorCode::InvalidField, "clientSecret has spaces or is too long"));
                }
                self.need_vault().await?;
                Some(self.vault().seal(client_place(app.client_key()), text.as_bytes())?)
            }
            None => None,
        };
        let row = OauthClientRow {
            app_key: app.client_key().clone(),
            client_id: id.to_owned(),
            secret,
            updated_at: Timestamp::now(),
        };
        self.write(move |tx| tx.put_oauth_client(&row)).await?;
        self.app_detail(key)
    }

    /// Forgets the person's own OAuth client of an app and its family.
    ///
    /// # Errors
    /// `UnknownApp`.
    pub async fn remove_client(&self, key: &AppKey) -> Result<AppDetail, Fault> {
        let catalog = self.catalog();
        let client_key = self.app(&catalog, key)?.client_key().clone();
        self.write(move |tx| tx.delete_oauth_client(&client_key)).await?;
        self.app_detail(key)
    }

    pub(crate) fn own_client(&self, app: &App) -> Result<Option<OauthClientRow>, Fault> {
        Ok(self.store().read(|tx| tx.oauth_client(app.client_key()))?)
    }

    /// Returns the OAuth client that a method uses; `issued_to` is the client that tokens were issued to.
    pub(crate) fn client_for(&self, app: &App, method: &AuthMethod, issued_to: Option<&str>) -> Result<Client, Fault> {
        let source = method.oauth.as_ref().map(|oauth| &oauth.client);
        match source {
            Some(ClientSource::Public { .. } | ClientSource::Own) => {
                // The person's own client goes before the one that comes with the catalog.
                let Some(row) = self.own_client(app)? else {
                    return match source {
                        Some(ClientSource::Public { id }) => {
                            Ok(Client { id: issued_to.unwrap_or(id).to_owned(), secret: None })
                        }
                        _ => Err(client_required(app)),
                    };
                };
                let secret = match &row.secret {
                    // A secret belongs to its id: tokens of an older client are renewed without it.
                    Some(sealed) if issued_to.is_none_or(|id| id == row.client_id) => {
                        let bytes = self.vault().open(client_place(app.client_key()), sealed)?;
                        Some(SecretString::from(String::from_utf8_lossy(bytes.expose_secret()).into_owned()))
                    }
                    Some(_) | None => None,
                };
                Ok(Client { id: issued_to.unwrap_or(&row.client_id).to_owned(), secret })
            }
            Some(ClientSource::Registered | ClientSource::None) | None => Err(client_required(app)),
        }
    }

    /// Returns the OAuth client that was typed into a form (client credentials).
    pub(crate) fn client_from_values(&self, credential: &Credential) -> Result<Client, Fault> {
        let id = credential
            .values
            .get("client_id")
            .map(|id| id.expose_secret().to_owned())
            .or_else(|| credential.client_id.clone());
        let id = id.ok_or_else(|| Fault::new(ErrorCode::InvalidField, "client_id is missing"))?;
        Ok(Client { id, secret: credential.values.get("client_secret").cloned() })
    }

    /// Joins the catalog's facts into what the protocol needs.
    pub(crate) fn provider(
        &self,
        app: &App,
        method: &AuthMethod,
        fields: &BTreeMap<String, String>,
    ) -> Result<Provider, Fault> {
        let oauth = method
            .oauth
            .as_ref()
            .ok_or_else(|| Fault::new(ErrorCode::Internal, "the auth method has no OAuth facts"))?;
        let mut values = self.vars();
        values.extend(fields.clone());
        let fill = |template: &membrane_catalog::Template| -> Result<Url, Fault> {
            template.fill(&values).map_err(|problem| Fault::new(ErrorCode::InvalidField, problem.to_string()))
        };
        // An issuer is compared to the letter, so it must not be normalised as a URL is.
        let exact = |template: &membrane_catalog::Template| {
            template.fill_text(&values).map_err(|problem| Fault::new(ErrorCode::InvalidField, problem.to_string()))
        };
        // Parameters may name the tenant that a token is for; text that only looks like a slot stays as it is.
        let params = |list: &BTreeMap<String, String>| {
            let one = |(name, text): (&String, &String)| {
                let template = TextTemplate::parse(text).filter(|_| text.contains('{'));
                let value = template.map_or_else(|| Ok(text.clone()), |template| template.fill(&values));
                value
                    .map(|value| (name.clone(), value))
                    .map_err(|problem| Fault::new(ErrorCode::InvalidField, problem.to_string()))
            };
            list.iter().map(one).collect::<Result<BTreeMap<_, _>, _>>()
        };
        let token = fill(&oauth.token_url)?;
        Ok(Provider {
            issuer: oauth.issuer.as_ref().map(exact).transpose()?,
            sends_iss: oauth.sends_iss,
            authorize: oauth.authorize_url.as_ref().map(fill).transpose()?.unwrap_or_else(|| token.clone()),
            token,
            device: oauth.device_url.as_ref().map(fill).transpose()?,
            revoke: oauth.revoke_url.as_ref().map(fill).transpose()?,
            pkce: match oauth.pkce {
                membrane_catalog::Pkce::Required => Pkce::Required,
                membrane_catalog::Pkce::Supported => Pkce::Supported,
                membrane_catalog::Pkce::Rejected => Pkce::Rejected,
                membrane_catalog::Pkce::Unknown => Pkce::Unknown,
            },
            client_auth: match oauth.token_auth {
                TokenAuth::Basic => ClientAuth::Basic,
                TokenAuth::Post => ClientAuth::Post,
                TokenAuth::None => ClientAuth::None,
            },
            token_body: match oauth.token_body {
                TokenBody::Form => TokenBodyForm::Form,
                TokenBody::Json => TokenBodyForm::Json,
            },
            scope_separator: oauth.scope_separator.clone(),
            authorize_params: params(&oauth.authorize_params)?,
            token_params: params(&oauth.token_params)?,
            token_headers: oauth.token_headers.clone(),
            dead_codes: oauth.errors.dead.clone(),
            config_codes: oauth.errors.config.clone(),
            par: oauth.par_url.as_ref().map(fill).transpose()?,
            dpop: None,
            tokens_at: oauth.token.at.clone(),
            lifetime: oauth.token.lifetime.map(std::time::Duration::from_secs),
            reach: reach(app),
        })
    }
}

/// Checks the text of an app file.
///
/// # Errors
/// `InvalidAppFile` names the line and what to write instead.
pub fn check_app_file(file_name: &str, text: &str) -> Result<App, Fault> {
    if text.len() > APP_FILE_MAX {
        return Err(Fault::new(ErrorCode::InvalidAppFile, format!("{file_name} is larger than 256 KiB")));
    }
    let mut app =
        parse_app(file_name, text).map_err(|error| Fault::new(ErrorCode::InvalidAppFile, error.to_string()))?;
    app.own = true;
    Ok(app)
}

/// Writes an app file into the person's own apps, whole or not at all.
///
/// # Errors
/// `StorageError` when the folder can't be written.
pub fn write_app_file(paths: &Paths, key: &AppKey, text: &str) -> Result<(), Fault> {
    let failed =
        |e: std::io::Error| Fault::new(ErrorCode::StorageError, format!("failed to keep the app file: {}", e.kind()));
    let folder = paths.apps();
    // It may be the first thing that is put into the data folder, which is the person's alone.
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed)?;
    let draft = folder.join(format!(".{key}.toml.new"));
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    std::fs::rename(&draft, folder.join(format!("{key}.toml"))).map_err(failed)
}

/// Tells how far an app's requests may reach: to this computer only where its file says so.
pub(crate) fn reach(app: &App) -> Reach {
    if app.local { Reach::HttpsOrLoopback } else { Reach::Https }
}

pub(crate) fn client_required(app: &App) -> Fault {
    Fault::new(ErrorCode::ClientRequired, format!("{} needs an OAuth client of your own first", app.name)).hint(
        format!("`membrane app show {}` says how to make one; then run `membrane app client {}`.", app.key, app.key),
    )
}

pub(crate) fn client_place(key: &AppKey) -> Place<'_> {
    Place { table: "oauth_client", row: key.as_str(), field: "secret" }
}
