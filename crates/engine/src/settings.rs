//! The person's settings: few, typed, kept in the store.

use membrane_model::{ErrorCode, Fault};
use membrane_store::{StoreError, Tx};
use serde::{Deserialize, Serialize};

use crate::Engine;

/// How the console looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Appearance {
    /// As the desktop.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// Which language the console, the tray and notifications speak.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// As the desktop, where it is one of ours.
    #[default]
    System,
    /// English.
    En,
    /// German.
    De,
}

impl Language {
    /// Returns the language to speak: `en` or `de`.
    #[must_use]
    pub fn spoken(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::System => {
                let set = ["LC_ALL", "LC_MESSAGES", "LANG"]
                    .iter()
                    .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
                if set.is_some_and(|value| value.starts_with("de")) { "de" } else { "en" }
            }
        }
    }
}

/// All settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// Raise desktop notifications.
    pub notifications: bool,
    /// Name the account in notifications.
    pub notification_accounts: bool,
    /// How the console looks.
    pub appearance: Appearance,
    /// The https address of a document that describes this client, for servers that take such an address as a client's id.
    pub client_metadata_url: Option<String>,
    /// Start hidden when the person logs in.
    pub open_at_login: bool,
    /// The longest answer that the proxy passes on, in megabytes.
    pub proxy_answer_max_mb: u64,
    /// Which language is spoken.
    pub language: Language,
    /// The first steps were gone through or skipped.
    pub welcomed: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            notifications: true,
            notification_accounts: false,
            appearance: Appearance::System,
            client_metadata_url: None,
            open_at_login: false,
            proxy_answer_max_mb: 4096,
            language: Language::System,
            welcomed: false,
        }
    }
}

const KEY: &str = "settings";

impl Settings {
    /// Reads them beside something else.
    pub(crate) fn read(tx: &Tx<'_>) -> Result<Self, StoreError> {
        Ok(tx.setting(KEY)?.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default())
    }
}

impl Engine {
    /// Returns the settings.
    ///
    /// # Errors
    /// Fails when the store can't be read.
    pub fn settings(&self) -> Result<Settings, Fault> {
        Ok(self.store().read(Settings::read)?)
    }

    /// Tells of every change of the settings.
    #[must_use]
    pub fn settings_changes(&self) -> tokio::sync::watch::Receiver<()> {
        self.inner().settings_changed.subscribe()
    }

    /// Changes the named settings and leaves the others.
    ///
    /// # Errors
    /// `BadRequest` names a setting that doesn't exist or has a value it can't have.
    pub fn change_settings(&self, changes: &serde_json::Map<String, serde_json::Value>) -> Result<Settings, Fault> {
        let current = serde_json::to_value(self.settings()?).unwrap_or_default();
        let serde_json::Value::Object(mut all) = current else {
            return Err(Fault::new(ErrorCode::Internal, "the settings are no object"));
        };
        for (name, value) in changes {
            if !all.contains_key(name) {
                let known = all.keys().cloned().collect::<Vec<_>>().join(", ");
                return Err(Fault::new(ErrorCode::BadRequest, format!("there is no setting {name:?}"))
                    .hint(format!("The settings are: {known}.")));
            }
            all.insert(name.clone(), value.clone());
        }
        let settings: Settings = serde_json::from_value(serde_json::Value::Object(all.clone()))
            .map_err(|e| Fault::new(ErrorCode::BadRequest, format!("a setting has a value it can't have: {e}")))?;
        if settings.client_metadata_url.as_deref().is_some_and(|text| !is_page(text)) {
            return Err(Fault::new(ErrorCode::BadRequest, "clientMetadataUrl is no https address"));
        }
        self.store().write(|tx| tx.set_setting(KEY, &serde_json::Value::Object(all)))?;
        self.inner().settings_changed.send_replace(());
        Ok(settings)
    }
}

fn is_page(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| membrane_oauth::Reach::HttpsOrLoopback.allows(&url))
}
