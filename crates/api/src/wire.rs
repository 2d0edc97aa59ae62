//! The catalog in the words of the official clients: integrations, connectors, external apps, ways to connect.

use membrane_engine::{AppDetail, MethodDetail};
use membrane_model::{AppKey, AppSummary, AuthMethodKind, Because, ConnectionView, Field};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// The wire's kinds of authentication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WireAuthType {
    /// A sign-in in the browser.
    #[serde(rename = "oauth2")]
    OAuth2,
    /// Something that a person types: a key, a password, a client id with its secret.
    ClientCredentials,
}

impl WireAuthType {
    fn of(kind: AuthMethodKind) -> Self {
        match kind {
            AuthMethodKind::OAuth2 | AuthMethodKind::Device | AuthMethodKind::Mcp => Self::OAuth2,
            AuthMethodKind::ClientCredentials | AuthMethodKind::ApiKey | AuthMethodKind::Basic => {
                Self::ClientCredentials
            }
        }
    }
}

/// What an app is called on the wire, beside its own facts.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireNames {
    /// The app's key, under the wire's four names for it.
    id: AppKey,
    /// See `id`.
    uuid: AppKey,
    /// See `id`.
    connector_id: AppKey,
    /// See `id`.
    external_app_id: AppKey,
    /// Where its logo is.
    logo_uri: String,
    /// The kind of its first way to connect.
    auth_type: WireAuthType,
    /// Always `READY`: an app of the catalog can be connected.
    state: &'static str,
}

impl WireNames {
    fn new(key: &AppKey, first: Option<AuthMethodKind>, api_uri: &str) -> Self {
        Self {
            id: key.clone(),
            uuid: key.clone(),
            connector_id: key.clone(),
            external_app_id: key.clone(),
            logo_uri: format!("{api_uri}/embed/logos/{key}.svg"),
            auth_type: first.map_or(WireAuthType::ClientCredentials, WireAuthType::of),
            state: "READY",
        }
    }
}

/// An app in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct IntegrationItem {
    #[serde(flatten)]
    names: WireNames,
    #[serde(flatten)]
    app: AppSummary,
}

impl IntegrationItem {
    pub(crate) fn new(app: AppSummary, api_uri: &str) -> Self {
        let first = app.auth_methods.first().map(|method| method.kind);
        Self { names: WireNames::new(&app.key, first, api_uri), app }
    }
}

/// An app with its ways to connect, and the caller's connection of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Integration {
    #[serde(flatten)]
    names: WireNames,
    #[serde(flatten)]
    app: AppDetail,
    /// Where the browser comes back to.
    #[serde(skip_serializing_if = "Option::is_none")]
    o_auth_callback_uri: Option<String>,
    /// The caller's first connection of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<ConnectionView>,
    /// Its ways to connect, as the wire has them.
    auth_options: Vec<ConnectionOption>,
}

impl Integration {
    pub(crate) fn new(app: AppDetail, connection: Option<ConnectionView>, api_uri: &str) -> Self {
        let first = app.auth_methods.first().map(|method| method.kind);
        Self {
            names: WireNames::new(&app.key, first, api_uri),
            o_auth_callback_uri: app.auth_methods.iter().find_map(|method| method.redirect_uri.clone()),
            connection,
            auth_options: options(&app),
            app,
        }
    }
}

/// A way to connect an app, as the official client asks for it before it connects.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConnectionOption {
    /// Names it within the app.
    key: String,
    /// What kind it is.
    #[serde(rename = "type")]
    kind: WireAuthType,
    /// What a person calls it.
    title: String,
    /// What the person fills in, as JSON Schema.
    #[schema(value_type = Object)]
    input_schema: Value,
    /// Where the browser comes back to.
    #[serde(skip_serializing_if = "Option::is_none")]
    o_auth_callback_uri: Option<String>,
}

/// Returns an app's ways to connect.
pub(crate) fn options(app: &AppDetail) -> Vec<ConnectionOption> {
    app.auth_methods.iter().map(option).collect()
}

fn option(method: &MethodDetail) -> ConnectionOption {
    ConnectionOption {
        key: method.key.clone(),
        kind: WireAuthType::of(method.kind),
        title: method.label.clone(),
        input_schema: input_schema(&method.fields),
        o_auth_callback_uri: method.redirect_uri.clone(),
    }
}

/// A connector: an app with what connecting it takes.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConnectorSpec {
    /// Names the app.
    key: AppKey,
    /// What a person calls it.
    name: String,
    /// Where its logo is.
    logo_uri: String,
    /// What the person fills in.
    #[schema(value_type = Object)]
    input_schema: Value,
    /// Its ways to connect.
    auth: ConnectorAuth,
}

/// How a connector is connected: the first way, and all of them by key.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ConnectorAuth {
    #[serde(rename = "type")]
    kind: WireAuthType,
    title: String,
    #[schema(value_type = Object)]
    input_schema: Value,
    #[schema(value_type = Object)]
    options: Map<String, Value>,
}

impl ConnectorSpec {
    pub(crate) fn new(app: &AppDetail, api_uri: &str) -> Self {
        let all = options(app);
        let first = all.first();
        let schema = first.map_or_else(|| json!({ "type": "object" }), |first| first.input_schema.clone());
        Self {
            key: app.key.clone(),
            name: app.name.clone(),
            logo_uri: format!("{api_uri}/embed/logos/{}.svg", app.key),
            auth: ConnectorAuth {
                kind: first.map_or(WireAuthType::ClientCredentials, |first| first.kind),
                title: first.map(|first| first.title.clone()).unwrap_or_default(),
                input_schema: schema.clone(),
                options: all
                    .iter()
                    .map(|one| (one.key.clone(), serde_json::to_value(one).unwrap_or_default()))
                    .collect(),
            },
            input_schema: schema,
        }
    }
}

/// Writes a form as the subset of JSON Schema that the official clients show.
fn input_schema(fields: &[Field]) -> Value {
    let property = |field: &Field| {
        let mut schema = Map::new();
        schema.insert("type".to_owned(), json!("string"));
        schema.insert("title".to_owned(), json!(field.label));
        let texts = [("description", &field.hint), ("pattern", &field.pattern)];
        for (name, text) in texts {
            if let Some(text) = text {
                schema.insert(name.to_owned(), json!(text));
            }
        }
        if let Some(example) = field.example.as_ref().filter(|_| !field.secret) {
            schema.insert("examples".to_owned(), json!([example]));
        }
        if field.secret {
            schema.insert("isSensitive".to_owned(), json!(true));
            schema.insert("writeOnly".to_owned(), json!(true));
        }
        (field.key.clone(), Value::Object(schema))
    };
    let required: Vec<_> = fields.iter().filter(|field| !field.optional).map(|field| field.key.as_str()).collect();
    json!({
        "type": "object",
        "properties": fields.iter().map(property).collect::<Map<_, _>>(),
        "required": required,
    })
}

/// An app that a search found, as the wire has it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SearchHit {
    /// Names the app.
    pub(crate) key: AppKey,
    /// What a person calls it.
    pub(crate) name: String,
    /// 0 to 1.
    pub(crate) score: f64,
    /// Why it fits.
    pub(crate) reason: String,
    /// The same for readers that speak another language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) because: Option<Because>,
    /// What was found: always `connector`.
    pub(crate) element_type: &'static str,
    /// The app, as in a list of them.
    pub(crate) element: IntegrationItem,
}

/// What a search for an intent comes to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct SearchPage {
    /// What to do with the items.
    pub(crate) outcome: membrane_model::SearchOutcome,
    /// Best first.
    pub(crate) items: Vec<SearchHit>,
    /// Where the next page starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_shown_without_what_is_secret() {
        let field = |key: &str, secret| Field {
            key: key.into(),
            label: "Label".into(),
            hint: None,
            link: None,
            example: Some("example".into()),
            pattern: None,
            choices: Vec::new(),
            secret,
            optional: !secret,
        };
        let schema = input_schema(&[field("key", true), field("region", false)]);
        assert_eq!(schema["required"], json!(["key"]));
        assert_eq!(schema["properties"]["key"]["isSensitive"], true);
        assert!(schema["properties"]["key"].get("examples").is_none());
        assert_eq!(schema["properties"]["region"]["examples"], json!(["example"]));
    }
}
