//! Finding a server's metadata: well-known addresses, asked politely and followed nowhere else (R-22).

use serde_json::Value;
use url::Url;

use crate::public::same_site;
use crate::{Http, Reach, Reply, ResourceMetadata, ServerMetadata, Unreachable};

/// Redirects that are followed, each to the same origin.
const REDIRECTS: usize = 3;

/// Why a server's metadata can't be used. None of the texts repeats what the server sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiscoveryProblem {
    /// It has none.
    #[error("it says nothing about how to sign in")]
    NotThere,
    /// It could not be asked.
    #[error("{0}")]
    Unreachable(#[from] Unreachable),
    /// It sends the question to another server.
    #[error("it sends us to another server")]
    Elsewhere,
    /// What came is no JSON object.
    #[error("its description is no JSON")]
    NotJson,
    /// A member is missing.
    #[error("its description has no {0}")]
    Incomplete(&'static str),
    /// The issuer is not the one that was asked.
    #[error("its description is for another issuer")]
    OtherIssuer,
    /// The description is of another resource.
    #[error("its description is for another address")]
    OtherResource,
    /// An address is not https, private, or no address of a page at all.
    #[error("the {0} in its description is not an https address on the open internet")]
    BadAddress(&'static str),
    /// An address belongs to somebody else.
    #[error("the {0} in its description belongs to another owner than the issuer")]
    MixedHosts(&'static str),
}

/// What a resource says when it is called without a token (RFC 9728 section 5.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Challenge {
    /// Where its metadata is.
    pub metadata: Option<String>,
    /// The scopes that the call would have needed.
    pub scopes: Option<Vec<String>>,
}

impl Challenge {
    /// Reads a `WWW-Authenticate` header; what is no challenge of RFC 9110 section 11.6.1 is passed over.
    #[must_use]
    pub fn read(header: &str) -> Self {
        let sound = |text: &String| !text.is_empty() && text.len() <= 2000 && !text.chars().any(char::is_control);
        let mut found = Self::default();
        for (name, value) in Parameters(header) {
            if found.metadata.is_none() && name.eq_ignore_ascii_case("resource_metadata") {
                found.metadata = Some(value).filter(sound);
            } else if found.scopes.is_none() && name.eq_ignore_ascii_case("scope") {
                let scopes = Some(value).filter(sound);
                found.scopes =
                    scopes.map(|text| text.split(' ').filter(|s| !s.is_empty()).map(str::to_owned).collect());
            }
        }
        found
    }
}

/// The parameters of all challenges in a header, in their order: `name=value` and `name="value"`.
struct Parameters<'a>(&'a str);

impl Iterator for Parameters<'_> {
    type Item = (String, String);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.0 = self.0.trim_start_matches([' ', '\t', ',', '=']);
            let name = self.word();
            self.0 = self.0.trim_start_matches([' ', '\t']);
            let value = match self.0.strip_prefix('=') {
                Some(rest) => {
                    self.0 = rest.trim_start_matches([' ', '\t']);
                    if self.0.starts_with('"') { self.quoted() } else { Some(self.word().to_owned()) }
                }
                // A scheme, or what is left of a quotation that began nowhere.
                None if self.0.starts_with('"') => self.quoted().and(None),
                None if self.0.is_empty() => return None,
                None => continue,
            };
            match value {
                Some(value) if !name.is_empty() => return Some((name.to_owned(), value)),
                _ => {}
            }
        }
    }
}

impl<'a> Parameters<'a> {
    fn word(&mut self) -> &'a str {
        let end = self.0.find([' ', '\t', ',', '=', '"']).unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at(end);
        self.0 = rest;
        word
    }

    /// Reads a quoted string (RFC 9110 section 5.6.4); `None` where it doesn't end.
    fn quoted(&mut self) -> Option<String> {
        let mut text = String::new();
        let mut chars = self.0.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.0 = &self.0[at + 1..];
                    return Some(text);
                }
                '\\' => text.extend(chars.next().map(|(_, escaped)| escaped)),
                other => text.push(other),
            }
        }
        self.0 = "";
        None
    }
}

/// Finds the metadata of the protected resource at a URL: by its challenge, else at the well-known addresses.
///
/// # Errors
/// `NotThere` when it is no protected resource; else what is wrong with its description.
pub async fn protected_resource(
    http: &Http,
    url: &Url,
    reach: Reach,
) -> Result<(ResourceMetadata, Challenge), DiscoveryProblem> {
    let reply = get(http, url, reach, "application/json, text/event-stream").await?;
    let challenge = reply.challenge.as_deref().filter(|_| reply.status == 401).map(Challenge::read);
    let challenge = challenge.unwrap_or_default();
    if let Some(text) = &challenge.metadata {
        let place = Url::parse(text).map_err(|_| DiscoveryProblem::BadAddress("resource_metadata"))?;
        if !reach.allows(&place) {
            return Err(DiscoveryProblem::BadAddress("resource_metadata"));
        }
        if !same_site(url, &place) {
            return Err(DiscoveryProblem::MixedHosts("resource_metadata"));
        }
        let body = document(http, &place, reach).await?;
        return Ok((ResourceMetadata::read(&body, url)?, challenge));
    }
    for place in well_known(url, "oauth-protected-resource") {
        match document(http, &place, reach).await {
            Ok(body) => return Ok((ResourceMetadata::read(&body, url)?, challenge)),
            // Plenty of servers answer everything with their own page.
            Err(DiscoveryProblem::NotThere | DiscoveryProblem::NotJson | DiscoveryProblem::Elsewhere) => {}
            Err(problem) => return Err(problem),
        }
    }
    Err(DiscoveryProblem::NotThere)
}

/// Finds the metadata of an authorization server, in the order that MCP asks for.
///
/// `issuer` is compared to the letter; a guessed one, the origin of a site, may end with a slash (R-05).
///
/// # Errors
/// `NotThere` when it has none; else what is wrong with it.
pub async fn authorization_server(
    http: &Http,
    issuer: &str,
    guessed: bool,
    reach: Reach,
) -> Result<ServerMetadata, DiscoveryProblem> {
    let url = Url::parse(issuer).map_err(|_| DiscoveryProblem::BadAddress("issuer"))?;
    if !reach.allows(&url) || url.query().is_some() || url.fragment().is_some() {
        return Err(DiscoveryProblem::BadAddress("issuer"));
    }
    let mut issuers = vec![issuer.to_owned()];
    if guessed {
        issuers.push(format!("{}/", issuer.trim_end_matches('/')));
    }
    let mut places = well_known(&url, "oauth-authorization-server");
    places.truncate(1);
    let mut openid = well_known(&url, "openid-configuration");
    openid.truncate(1);
    let mut appended = url.clone();
    appended.set_path(&format!("{}/.well-known/openid-configuration", url.path().trim_end_matches('/')));
    places.extend(openid);
    places.push(appended);
    places.dedup();
    for place in places {
        match document(http, &place, reach).await {
            Ok(body) => return ServerMetadata::read(&body, &issuers, reach),
            Err(DiscoveryProblem::NotThere | DiscoveryProblem::NotJson | DiscoveryProblem::Elsewhere) => {}
            Err(problem) => return Err(problem),
        }
    }
    Err(DiscoveryProblem::NotThere)
}

/// Lists the well-known addresses of a URL: with its path inserted, then at the root (RFC 8414 section 3).
fn well_known(url: &Url, name: &str) -> Vec<Url> {
    let at = |path: &str| {
        let mut place = url.clone();
        place.set_path(&format!("/.well-known/{name}{path}"));
        place.set_query(None);
        place.set_fragment(None);
        place
    };
    let path = url.path().trim_end_matches('/');
    if path.is_empty() { vec![at("")] } else { vec![at(path), at("")] }
}

/// Gets a JSON object.
async fn document(http: &Http, url: &Url, reach: Reach) -> Result<Value, DiscoveryProblem> {
    let reply = get(http, url, reach, "application/json").await?;
    match reply.status {
        200 => {
            let body: Option<Value> = serde_json::from_slice(&reply.body).ok();
            body.filter(Value::is_object).ok_or(DiscoveryProblem::NotJson)
        }
        500.. => Err(DiscoveryProblem::Unreachable(Unreachable::Reset { sent: true })),
        _ => Err(DiscoveryProblem::NotThere),
    }
}

/// Makes a request and follows redirects within the origin.
async fn get(http: &Http, url: &Url, reach: Reach, accept: &str) -> Result<Reply, DiscoveryProblem> {
    let mut url = url.clone();
    for _ in 0..=REDIRECTS {
        let request = ::http::Request::get(url.as_str()).header(::http::header::ACCEPT, accept).body(Vec::new());
        let request = request.map_err(|_| DiscoveryProblem::Unreachable(Unreachable::Forbidden))?;
        let reply = http.send(request, reach).await?;
        let Some(location) = reply.location.as_deref().filter(|_| reply.redirect) else { return Ok(reply) };
        let next = url.join(location).map_err(|_| DiscoveryProblem::Elsewhere)?;
        if next.origin() != url.origin() {
            return Err(DiscoveryProblem::Elsewhere);
        }
        url = next;
    }
    Err(DiscoveryProblem::Elsewhere)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read() {
        let read =
            Challenge::read("Bearer error=\"invalid_token\", resource_metadata=\"https://a.example/x\", scope=\"a b\"");
        assert_eq!(read.metadata.as_deref(), Some("https://a.example/x"));
        assert_eq!(read.scopes, Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(Challenge::read("Bearer x_resource_metadata=\"y\""), Challenge::default());
        assert_eq!(Challenge::read("Basic realm=scope"), Challenge::default());
        assert_eq!(Challenge::read("Bearer scope=one").scopes, Some(vec!["one".to_owned()]));
    }

    #[test]
    fn what_stands_in_a_quotation_is_no_parameter() {
        for (header, metadata, scopes) in [
            (r#"Bearer error_description="it lacks scope=x", scope="a""#, None, Some(vec!["a"])),
            (r#"Bearer error_description="say \" scope=x", scope="a""#, None, Some(vec!["a"])),
            (r#"Bearer realm=", resource_metadata=https://evil.example/", scope=a"#, None, Some(vec!["a"])),
            (r#"Basic realm="x", Bearer Resource_Metadata = "https://a.example/m""#, Some("https://a.example/m"), None),
            (r#"Bearer scope="a  b", scope="c""#, None, Some(vec!["a", "b"])),
            (r#"Bearer scope="a b"#, None, None),
            (r#"Bearer "scope=x", scope=y"#, None, Some(vec!["y"])),
            ("Bearer scope=", None, None),
            ("Bearer scope=\"a\u{7}\"", None, None),
            ("Basic dXNlcg==, Bearer scope=a,resource_metadata=b", Some("b"), Some(vec!["a"])),
            ("====,,,\"", None, None),
            ("", None, None),
        ] {
            let found = Challenge::read(header);
            assert_eq!(found.metadata.as_deref(), metadata, "{header}");
            let scopes: Option<Vec<String>> = scopes.map(|list| list.into_iter().map(str::to_owned).collect());
            assert_eq!(found.scopes, scopes, "{header}");
        }
    }

    #[test]
    fn paths_are_inserted_into_well_known_addresses() {
        let places = well_known(&Url::parse("https://a.example/v1/mcp?x=1").unwrap(), "oauth-protected-resource");
        let texts: Vec<&str> = places.iter().map(Url::as_str).collect();
        assert_eq!(
            texts,
            [
                "https://a.example/.well-known/oauth-protected-resource/v1/mcp",
                "https://a.example/.well-known/oauth-protected-resource"
            ]
        );
    }

    proptest::proptest! {
        #[test]
        fn no_challenge_makes_it_panic(header in "\\PC{0,200}") {
            let _read = Challenge::read(&header);
        }

        #[test]
        fn every_text_comes_back_from_its_quotation(text in "[ -~é]{1,80}", other in "[ -~]{0,40}") {
            let quote = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
            let header = format!("Bearer realm={}, resource_metadata={}", quote(&other), quote(&text));
            proptest::prop_assert_eq!(Challenge::read(&header).metadata, Some(text));
        }
    }
}
