//! The person's settings: few, typed, kept in the store.

use membrane_model::{ErrorCode, Fault};
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
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            notifications: true,
            notification_accounts: false,
            appearance: Appearance::System,
            client_metadata_url: None,
            open_at_login: false,
        }
    }
}

const KEY: &str = "settings";

impl Engine {
    /// Returns the settings.
    ///
    /// # Errors
    /// Fails when the store can't be read.
    pub fn settings(&self) -> Result<Settings, Fault> {
        let value = self.store().read(|tx| tx.setting(KEY))?;
        Ok(value.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default())
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
        Ok(settings)
    }
}

fn is_page(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| membrane_oauth::Reach::HttpsOrLoopback.allows(&url))
}
