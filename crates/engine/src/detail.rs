//! An app as a person sees it: its ways to connect, what each asks for, and what to register at the vendor.

use membrane_catalog::{App, AuthMethod, Scope, TokenAuth};
use membrane_model::{AppKey, AuthMethodKind, Field, ReturnPath};
use serde::Serialize;

use crate::deep_link::CALLBACK_URI;
use crate::session::CALLBACK_PORTS;

/// An app with all that a person needs to connect it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppDetail {
    /// Names the app.
    pub key: AppKey,
    /// What a person calls it.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Lower-case category names.
    pub categories: Vec<String>,
    /// What it can do, the main thing first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<String>,
    /// Its ways to connect, best first.
    pub auth_methods: Vec<MethodDetail>,
    /// Connects with nothing to register.
    pub ready: bool,
    /// Added by the person.
    pub own: bool,
    /// The page that the facts come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_url: Option<String>,
    /// What backs the facts: `docs` or `memory`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checked: Option<String>,
}

/// A way to connect, with its form, scopes and set-up steps.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MethodDetail {
    /// Names it within the app.
    pub key: String,
    /// What kind it is.
    #[serde(rename = "type")]
    pub kind: AuthMethodKind,
    /// What a person calls it.
    pub label: String,
    /// Needs an OAuth client of the person's own.
    pub needs_client: bool,
    /// The client that is set, without its secret.
    pub client: Option<ClientFacts>,
    /// Wants a client secret beside the id.
    pub wants_secret: bool,
    /// What is asked for, in human words.
    pub scopes: Vec<ScopeDetail>,
    /// The form.
    pub fields: Vec<Field>,
    /// Where a client or key is made.
    pub setup: Option<SetupDetail>,
    /// The redirect URI to register.
    pub redirect_uri: Option<String>,
    /// The ways back from the browser that the provider accepts, best first.
    pub return_paths: Vec<ReturnPath>,
}

/// An OAuth client of the person's own.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClientFacts {
    /// Its id.
    pub id: String,
    /// A secret is kept for it.
    pub has_secret: bool,
}

/// A scope with its sentence.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ScopeDetail {
    /// As the provider names it.
    pub name: String,
    /// What it lets tools do.
    pub text: String,
    /// Asked for only when chosen.
    pub optional: bool,
}

/// How a client or key is made at the vendor.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct SetupDetail {
    /// The page where it is made.
    pub url: String,
    /// What to do there, in order.
    pub steps: Vec<String>,
}

/// Describes an app. `client` is the person's own OAuth client for it; `callback_port` is where redirects with a fixed
/// port arrive, the usual one unless known.
#[must_use]
pub fn describe(app: &App, client: Option<ClientFacts>, callback_port: Option<u16>) -> AppDetail {
    AppDetail {
        key: app.key.clone(),
        name: app.name.clone(),
        description: app.description.clone(),
        categories: app.categories.clone(),
        capabilities: app.capabilities.clone(),
        auth_methods: app
            .auth
            .iter()
            .map(|method| describe_method(app, method, client.clone(), callback_port))
            .collect(),
        ready: app.ready(),
        own: app.own,
        source_url: app.source.as_ref().map(|source| source.url.clone()),
        checked: app.source.as_ref().map(|source| source.checked.as_str().to_owned()),
    }
}

fn describe_method(
    app: &App,
    method: &AuthMethod,
    client: Option<ClientFacts>,
    callback_port: Option<u16>,
) -> MethodDetail {
    let oauth = method.oauth.as_ref();
    let redirect_uri = match method.kind {
        AuthMethodKind::OAuth2 => registered_redirect(app, method, callback_port),
        AuthMethodKind::Device
        | AuthMethodKind::ClientCredentials
        | AuthMethodKind::ApiKey
        | AuthMethodKind::Basic
        | AuthMethodKind::Mcp => None,
    };
    let setup = method.setup.as_ref().map(|setup| SetupDetail {
        url: setup.url.clone(),
        steps: setup.steps_for(redirect_uri.as_deref().unwrap_or_default()),
    });
    let scope = |s: &Scope| ScopeDetail { name: s.name.clone(), text: s.text.clone(), optional: s.optional };
    MethodDetail {
        key: method.key.clone(),
        kind: method.kind,
        label: method.label.clone(),
        needs_client: method.needs_client(),
        client: client.filter(|_| takes_client(method)),
        wants_secret: oauth.is_some_and(|oauth| oauth.token_auth != TokenAuth::None),
        scopes: oauth.map_or_else(Vec::new, |oauth| oauth.scopes.iter().map(scope).collect()),
        fields: method.fields.clone(),
        setup,
        redirect_uri,
        return_paths: oauth.map_or_else(Vec::new, |oauth| oauth.redirects.return_paths()),
    }
}

/// Returns the redirect URI that a person registers at the vendor for the way back that is used by itself.
fn registered_redirect(app: &App, method: &AuthMethod, callback_port: Option<u16>) -> Option<String> {
    let oauth = method.oauth.as_ref()?;
    Some(match oauth.redirects.return_paths().into_iter().next()? {
        ReturnPath::DeepLink => deep_link_redirect(app, oauth.sends_iss),
        ReturnPath::Loopback => {
            let host = if oauth.redirects.loopback.wants_localhost() { "localhost" } else { "127.0.0.1" };
            if oauth.redirects.loopback.any_port() {
                format!("http://{host}/oauth-callback")
            } else {
                format!("http://{host}:{}/oauth-callback", callback_port.unwrap_or(CALLBACK_PORTS[0]))
            }
        }
    })
}

/// Returns the deep link that a provider sends the person back to; told apart by app where the answer has no `iss`.
pub(crate) fn deep_link_redirect(app: &App, sends_iss: bool) -> String {
    if sends_iss { CALLBACK_URI.to_owned() } else { format!("{CALLBACK_URI}/{}", app.key) }
}

/// Tells whether a way to connect goes through an OAuth client that the person can set.
pub(crate) fn takes_client(method: &AuthMethod) -> bool {
    matches!(method.kind, AuthMethodKind::OAuth2 | AuthMethodKind::Device | AuthMethodKind::Mcp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r08_each_app_whose_answers_have_no_issuer_comes_back_by_a_link_of_its_own() {
        let (catalog, _) = membrane_catalog::Catalog::load(None, &std::collections::BTreeMap::new());
        let by_link: Vec<String> = catalog
            .apps()
            .flat_map(|app| app.auth.iter().map(move |method| (app, method)))
            .filter_map(|(app, method)| Some((app, method.oauth.as_ref()?)))
            .filter(|(_, oauth)| oauth.redirects.custom_scheme)
            .map(|(app, oauth)| deep_link_redirect(app, oauth.sends_iss))
            .collect();
        assert!(!by_link.is_empty());
        for uri in by_link {
            // A reverse domain name, one slash, no host (RFC 8252 section 7.1).
            assert!(uri.starts_with("dev.membrane.desktop:/oauth/callback"), "{uri}");
        }
        let of = |key: &str| deep_link_redirect(catalog.get(&key.parse().unwrap()).unwrap(), false);
        assert_ne!(of("github"), of("gitlab"));
    }
}
