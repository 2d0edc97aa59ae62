//! What servers say of themselves (RFC 8414, OpenID Connect Discovery, RFC 9728), believed only where it fits together.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::public::same_site;
use crate::{ClientAuth, DiscoveryProblem, Reach};

/// What a protected resource says of itself (RFC 9728 section 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceMetadata {
    /// Its identifier; what tokens are asked for (RFC 8707).
    pub resource: String,
    /// The issuers that it takes tokens of.
    pub authorization_servers: Vec<String>,
    /// The scopes that it knows.
    pub scopes: Option<Vec<String>>,
    /// It takes only tokens that are bound to a key.
    pub dpop_required: bool,
}

impl ResourceMetadata {
    /// Reads the metadata of the resource at a URL.
    ///
    /// # Errors
    /// `OtherResource` when it describes something else.
    pub fn read(body: &Value, url: &Url) -> Result<Self, DiscoveryProblem> {
        let resource = text(body, "resource").ok_or(DiscoveryProblem::Incomplete("resource"))?;
        if !covers(&resource, url) {
            return Err(DiscoveryProblem::OtherResource);
        }
        Ok(Self {
            resource,
            authorization_servers: texts(body, "authorization_servers").unwrap_or_default(),
            scopes: texts(body, "scopes_supported"),
            dpop_required: flag(body, "dpop_bound_access_tokens_required"),
        })
    }
}

/// Tells whether a resource identifier names a URL, or a part of the same server that the URL is in.
fn covers(resource: &str, url: &Url) -> bool {
    let Ok(resource) = Url::parse(resource) else { return false };
    let root = resource.path().trim_end_matches('/');
    let inside = url.path().strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    resource.origin() == url.origin() && resource.fragment().is_none() && inside
}

/// What an authorization server says of itself (RFC 8414 section 2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerMetadata {
    /// Its identifier, to the letter.
    pub issuer: String,
    /// The authorization endpoint.
    pub authorize: Url,
    /// The token endpoint.
    pub token: Url,
    /// The device authorization endpoint (RFC 8628).
    pub device: Option<Url>,
    /// The revocation endpoint (RFC 7009).
    pub revoke: Option<Url>,
    /// Where a client registers itself (RFC 7591).
    pub register: Option<Url>,
    /// Where authorization requests can be pushed to (RFC 9126).
    pub par: Option<Url>,
    /// They must be pushed.
    pub par_required: bool,
    /// Who is signed in (OpenID Connect Core section 5.3).
    pub userinfo: Option<Url>,
    /// The PKCE methods; `None` = it doesn't say.
    pub pkce_methods: Option<Vec<String>>,
    /// The scopes; `None` = it doesn't say.
    pub scopes: Option<Vec<String>>,
    /// How clients may prove themselves at the token endpoint; `None` = it doesn't say.
    pub client_auth: Option<Vec<String>>,
    /// It puts `iss` into every authorization response (RFC 9207).
    pub sends_iss: bool,
    /// A client's id may be the address of its metadata.
    pub client_id_documents: bool,
    /// How proofs of a key may be signed (RFC 9449 section 5.1).
    pub dpop_algorithms: Vec<String>,
}

impl ServerMetadata {
    /// Reads metadata; `issuers` are the forms that its issuer may have (RFC 8414 section 3.3, R-05).
    ///
    /// # Errors
    /// Says what doesn't fit together.
    pub fn read(body: &Value, issuers: &[String], reach: Reach) -> Result<Self, DiscoveryProblem> {
        let issuer = text(body, "issuer").ok_or(DiscoveryProblem::Incomplete("issuer"))?;
        if !issuers.contains(&issuer) {
            return Err(DiscoveryProblem::OtherIssuer);
        }
        let home = Url::parse(&issuer).map_err(|_| DiscoveryProblem::BadAddress("issuer"))?;
        let endpoint = |name: &'static str| -> Result<Option<Url>, DiscoveryProblem> {
            let Some(text) = text(body, name) else { return Ok(None) };
            let url = Url::parse(&text).map_err(|_| DiscoveryProblem::BadAddress(name))?;
            let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
            if !plain || !reach.allows(&url) {
                return Err(DiscoveryProblem::BadAddress(name));
            }
            // A sign-in page of one owner and a token endpoint of another is how codes are stolen (RFC 9700 section 4.4).
            if !same_site(&home, &url) {
                return Err(DiscoveryProblem::MixedHosts(name));
            }
            Ok(Some(url))
        };
        let needed = |name: &'static str| endpoint(name)?.ok_or(DiscoveryProblem::Incomplete(name));
        Ok(Self {
            authorize: needed("authorization_endpoint")?,
            token: needed("token_endpoint")?,
            device: endpoint("device_authorization_endpoint")?,
            revoke: endpoint("revocation_endpoint")?,
            register: endpoint("registration_endpoint")?,
            par: endpoint("pushed_authorization_request_endpoint")?,
            par_required: flag(body, "require_pushed_authorization_requests"),
            userinfo: endpoint("userinfo_endpoint")?,
            pkce_methods: texts(body, "code_challenge_methods_supported"),
            scopes: texts(body, "scopes_supported"),
            client_auth: texts(body, "token_endpoint_auth_methods_supported"),
            sends_iss: flag(body, "authorization_response_iss_parameter_supported"),
            client_id_documents: flag(body, "client_id_metadata_document_supported"),
            dpop_algorithms: texts(body, "dpop_signing_alg_values_supported").unwrap_or_default(),
            issuer,
        })
    }

    /// Tells whether it checks PKCE with S256; `None` = it doesn't say.
    #[must_use]
    pub fn pkce(&self) -> Option<bool> {
        self.pkce_methods.as_ref().map(|methods| methods.iter().any(|method| method == "S256"))
    }

    /// Tells whether a scope is on its list.
    #[must_use]
    pub fn knows_scope(&self, scope: &str) -> bool {
        self.scopes.as_ref().is_some_and(|scopes| scopes.iter().any(|known| known == scope))
    }

    /// Picks how a client of this computer proves itself: without a secret where that is possible.
    #[must_use]
    pub fn best_client_auth(&self) -> ClientAuth {
        // Left out, it means client_secret_basic (RFC 8414 section 2); servers that know public clients say so.
        let Some(methods) = &self.client_auth else { return ClientAuth::None };
        let has = |name: &str| methods.iter().any(|method| method == name);
        match () {
            () if has("none") => ClientAuth::None,
            () if has("client_secret_basic") => ClientAuth::Basic,
            () if has("client_secret_post") => ClientAuth::Post,
            () => ClientAuth::None,
        }
    }
}

fn text(body: &Value, name: &str) -> Option<String> {
    let text = body.get(name)?.as_str()?;
    (!text.is_empty() && text.len() <= 2000 && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

fn texts(body: &Value, name: &str) -> Option<Vec<String>> {
    let sound = |text: &&str| !text.is_empty() && text.len() <= 500 && !text.chars().any(char::is_control);
    let list = body.get(name)?.as_array()?;
    Some(list.iter().filter_map(Value::as_str).filter(sound).take(200).map(str::to_owned).collect())
}

fn flag(body: &Value, name: &str) -> bool {
    body.get(name) == Some(&Value::Bool(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn good() -> Value {
        json!({
            "issuer": "https://as.example.com",
            "authorization_endpoint": "https://login.example.com/authorize",
            "token_endpoint": "https://as.example.com/token",
            "registration_endpoint": "https://as.example.com/register",
            "code_challenge_methods_supported": ["S256"],
        })
    }

    fn read(body: &Value) -> Result<ServerMetadata, DiscoveryProblem> {
        ServerMetadata::read(body, &["https://as.example.com".to_owned()], Reach::Public)
    }

    #[test]
    fn metadata_that_fits_together_is_read() {
        let found = read(&good()).unwrap();
        assert_eq!(found.pkce(), Some(true));
        assert_eq!(found.best_client_auth(), ClientAuth::None);
    }

    #[test]
    fn r05_r12_r22_hostile_metadata_is_refused() {
        use DiscoveryProblem as P;
        let with = |name: &str, value: Value| {
            let mut body = good();
            body[name] = value;
            read(&body).unwrap_err()
        };
        for (name, value, problem) in [
            ("issuer", json!("https://as.example.com/"), P::OtherIssuer),
            ("issuer", json!("https://evil.example.net"), P::OtherIssuer),
            ("issuer", json!(["https://as.example.com"]), P::Incomplete("issuer")),
            ("authorization_endpoint", json!("javascript:alert(1)"), P::BadAddress("authorization_endpoint")),
            ("authorization_endpoint", json!("file:///etc/passwd"), P::BadAddress("authorization_endpoint")),
            ("authorization_endpoint", json!("http://as.example.com/a"), P::BadAddress("authorization_endpoint")),
            ("authorization_endpoint", json!("https://u:p@as.example.com/"), P::BadAddress("authorization_endpoint")),
            (
                "authorization_endpoint",
                json!("https://bank.example.net/authorize"),
                P::MixedHosts("authorization_endpoint"),
            ),
            ("token_endpoint", json!("https://127.0.0.1/token"), P::BadAddress("token_endpoint")),
            ("token_endpoint", json!("https://[::ffff:10.0.0.1]/token"), P::BadAddress("token_endpoint")),
            ("token_endpoint", json!("https://169.254.169.254/token"), P::BadAddress("token_endpoint")),
            ("token_endpoint", json!("https://collect.example.net/token"), P::MixedHosts("token_endpoint")),
            ("token_endpoint", json!("https://as.example.com.evil.example.net/token"), P::MixedHosts("token_endpoint")),
            ("token_endpoint", json!(null), P::Incomplete("token_endpoint")),
            ("registration_endpoint", json!("http://localhost:9/register"), P::BadAddress("registration_endpoint")),
        ] {
            assert_eq!(with(name, value.clone()), problem, "{name} = {value}");
        }
        // A text with a control character is no text at all.
        let mut body = good();
        body["registration_endpoint"] = json!("https://as.example.com/r\u{0}");
        assert_eq!(read(&body).unwrap().register, None);
    }

    #[test]
    fn r16_a_resource_answers_for_itself_only() {
        let url = Url::parse("https://mcp.example.com/v1/mcp").unwrap();
        let read = |resource: &str| ResourceMetadata::read(&json!({ "resource": resource }), &url);
        for good in ["https://mcp.example.com/v1/mcp", "https://mcp.example.com", "https://mcp.example.com/v1"] {
            assert!(read(good).is_ok(), "{good}");
        }
        for bad in [
            "https://mcp.example.com/v1/m",
            "https://mcp.example.com/v2",
            "https://mcp.example.net/v1/mcp",
            "http://mcp.example.com/v1/mcp",
            "https://mcp.example.com:8443/v1/mcp",
            "not a url",
        ] {
            assert_eq!(read(bad), Err(DiscoveryProblem::OtherResource), "{bad}");
        }
    }
}
