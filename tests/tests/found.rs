//! Remote MCP servers, and any app by its address: found by what they say of themselves, refused where it doesn't fit.

use membrane_tests::browser;
use membrane_tests::home::Home;
use membrane_tests::http::{Address, Request};
use membrane_tests::provider::Provider;
use membrane_tests::{Context, Result, Value, ensure, json};

const MCP: &str = r#"key = "tools"
name = "Tools"
domains = []
categories = ["crm"]
description = "A remote MCP server."
popularity = 1
local = true

[[auth]]
type = "mcp"
url = "ORIGIN/mcp"
"#;

fn start(settings: &Value) -> Result<(Provider, Home)> {
    let provider = Provider::start(settings)?;
    let home = Home::with_key()?;
    home.add_app(&provider.app(MCP))?;
    Ok((provider, home))
}

/// Connects the MCP server and returns the connection.
fn connect(home: &Home, arguments: &[&str], account: &str) -> Result<Value> {
    let (connecting, address) = home.connecting(&[arguments, &["--json"]].concat())?;
    browser::sign_in(&address, account)?;
    let said = connecting.end()?;
    ensure!(said.code == 0, "{said:?}");
    said.json()
}

fn id(connection: &Value) -> &str {
    connection["id"].as_str().unwrap_or_default()
}

fn log(provider: &Provider, route: &str) -> Result<Vec<Value>> {
    Ok(provider.log()?.into_iter().filter(|one| one["route"] == route).collect())
}

#[test]
fn r14_r16_r17_an_mcp_server_is_signed_in_to_with_nothing_registered_by_hand() -> Result<()> {
    let (provider, home) = start(&json!({}))?;
    let made = connect(&home, &["--integrationKey", "tools"], "ada")?;
    ensure!(made["connected"] == true && made["canRefreshCredentials"] == true, "{made}");
    let registered = log(&provider, "registration")?;
    ensure!(registered.len() == 1, "{registered:?}");
    let body = &registered[0]["registered"];
    ensure!(body["application_type"] == "native" && body["token_endpoint_auth_method"] == "none", "{body}");
    let asked = &log(&provider, "authorization")?[0];
    let resource = format!("{}/mcp", provider.origin());
    ensure!(asked["resource"] == *resource && asked["challengeMethod"] == "S256", "{asked}");
    ensure!(asked["scope"].as_str().is_some_and(|scope| scope.contains("contacts.read")), "{asked}");
    // The token was tried at the server before anything was called connected.
    ensure!(log(&provider, "mcp")?.iter().any(|one| one["status"] == 200), "the token was not tried");
    home.json(&["connection", "refresh", id(&made)])?;
    let tokens = log(&provider, "token")?;
    ensure!(tokens.iter().all(|one| one["resource"] == *resource), "{tokens:?}");
    let token = home.json(&["connection", "token", id(&made)])?;
    let bearer = format!("Bearer {}", token["accessToken"].as_str().unwrap_or_default());
    let reply = Request::new("POST", "/mcp").header("Authorization", &bearer).json(&json!({}));
    ensure!(reply.send(&Address::of(&provider.origin().parse()?)?)?.status == 200, "the token is of no use");
    // Another connection uses the client that is there.
    connect(&home, &["--integrationKey", "tools", "--name", "second"], "ben")?;
    ensure!(log(&provider, "registration")?.len() == 1, "it registered twice");
    let said = home.cli(&["connection", "archive", id(&made), "--yes"])?;
    ensure!(said.code == 0, "{said:?}");
    Ok(())
}

#[test]
fn r19_an_mcp_server_whose_issuer_tells_who_signed_in_has_an_account() -> Result<()> {
    let scopes = json!({ "resource": { "scopes_supported": ["openid", "contacts.read"] } });
    let (_provider, home) = start(&json!({ "metadata": scopes }))?;
    let made = connect(&home, &["--integrationKey", "tools"], "ada")?;
    ensure!(made["account"] == json!({ "id": "ada", "label": "ada" }), "{made}");
    // One that doesn't tell has none.
    let (_provider, home) = start(&json!({}))?;
    let made = connect(&home, &["--integrationKey", "tools"], "ada")?;
    ensure!(made["connected"] == true && made.get("account").is_none(), "{made}");
    Ok(())
}

#[test]
fn r21_a_resource_that_wants_bound_tokens_gets_them() -> Result<()> {
    let (provider, home) = start(&json!({ "dpop": true }))?;
    let made = connect(&home, &["--integrationKey", "tools"], "ada")?;
    ensure!(made["connected"] == true, "{made}");
    let tried = log(&provider, "mcp")?;
    ensure!(tried.iter().any(|one| one["status"] == 200 && one["scheme"] == "DPoP"), "{tried:?}");
    Ok(())
}

#[test]
fn r14_a_client_may_be_known_by_the_address_of_its_description() -> Result<()> {
    let settings = json!({ "metadata": { "server": { "client_id_metadata_document_supported": true } } });
    let (provider, home) = start(&settings)?;
    let engine = home.serve()?;
    let document = format!("{}/client.json", provider.origin());
    home.api("PATCH", "/settings", Some(&json!({ "clientMetadataUrl": document })))?;
    let session = home.api("POST", "/connect-sessions", Some(&json!({ "appKey": "tools" })))?;
    let address = session["authorizationUrl"].as_str().context("no address")?;
    ensure!(address.contains("client_id=http%3A%2F%2F127.0.0.1") && address.contains("client.json"), "{address}");
    ensure!(log(&provider, "registration")?.is_empty(), "it registered all the same");
    let bad = home.call("PATCH", "/settings", Some(&json!({ "clientMetadataUrl": "http://example.com/x" })))?;
    ensure!(bad.status == 400, "{}", bad.text());
    engine.end()
}

/// What a server says of itself that must not be believed, and what is said then.
#[test]
fn r02_r05_r12_r16_r22_metadata_that_does_not_fit_is_refused_before_anything_is_opened() -> Result<()> {
    let elsewhere = Provider::start(&json!({}))?;
    let (provider, home) = start(&json!({}))?;
    let engine = home.serve()?;
    let other = elsewhere.origin();
    for (bent, says) in [
        (json!({ "without": ["code_challenge_methods_supported"] }), "PKCE"),
        (json!({ "server": { "code_challenge_methods_supported": ["plain"] } }), "PKCE"),
        (json!({ "server": { "issuer": "http://127.0.0.1:1" } }), "another issuer"),
        (json!({ "server": { "issuer": format!("{}/", provider.origin()) } }), "another issuer"),
        (json!({ "without": ["token_endpoint"] }), "no token_endpoint"),
        (json!({ "server": { "authorization_endpoint": "javascript:alert(1)" } }), "authorization_endpoint"),
        (json!({ "server": { "authorization_endpoint": "http://example.com/authorize" } }), "authorization_endpoint"),
        (json!({ "server": { "token_endpoint": "https://collect.example.com/token" } }), "another owner"),
        (json!({ "server": { "registration_endpoint": "file:///etc/passwd" } }), "registration_endpoint"),
        (json!({ "redirectServer": format!("{other}/.well-known/openid-configuration") }), "nothing about how"),
        (json!({ "resource": { "resource": format!("{other}/mcp") } }), "another address"),
        (json!({ "resource": { "authorization_servers": ["http://example.com"] } }), "issuer"),
        (json!({ "hugeResource": true }), "too long"),
        (json!({ "redirectResource": format!("{other}/.well-known/oauth-protected-resource/mcp") }), "another server"),
        (json!({ "pointer": "http://example.com/metadata" }), "resource_metadata"),
        (json!({ "pointer": "https://collect.example.com/metadata" }), "another owner"),
        (json!({ "pointer": "javascript:alert(1)" }), "resource_metadata"),
    ] {
        provider.change(&json!({ "metadata": bent }))?;
        let reply = home.call("POST", "/connect-sessions", Some(&json!({ "appKey": "tools" })))?;
        let text = reply.text();
        ensure!(reply.status >= 400 && text.contains(says), "{bent}: {text}");
        ensure!(!text.contains("javascript:") && !text.contains("passwd"), "{text}");
    }
    ensure!(log(&provider, "authorization")?.is_empty() && log(&provider, "registration")?.is_empty(), "it was asked");
    ensure!(home.json(&["connection", "list"])? == json!([]), "something was connected");
    engine.end()
}

#[test]
fn an_unknown_app_is_made_of_what_its_address_says() -> Result<()> {
    let provider = Provider::start(&json!({}))?;
    let home = Home::with_key()?;
    // A protected resource: it names its server, and needs nothing of the person but a sign-in.
    let resource = format!("{}/mcp", provider.origin());
    let begun = home.json(&["connection", "ensure", &resource, "--noWait"])?;
    let key = begun["integrationKey"].as_str().context("no app")?.to_owned();
    ensure!(begun["connected"] == false && key.starts_with("at-127-0-0-1-"), "{begun}");
    let address = begun["clientAction"]["uiUrl"].as_str().context("no address")?;
    browser::sign_in(address, "ada")?;
    let done = home.api("GET", &format!("/connections/{}?wait=true&timeout=20", id(&begun)), None)?;
    ensure!(done["connected"] == true, "{done}");
    // The same address again is the same connection, and the file is the person's.
    ensure!(home.json(&["connection", "ensure", &resource])?["id"] == begun["id"], "it was made twice");
    let file = home.cli(&["app", "export", &key])?;
    ensure!(file.code == 0 && file.out.contains("type = \"mcp\""), "{file:?}");
    home.add_app(&file.out)?;
    Ok(())
}

#[test]
fn a_site_with_a_sign_in_is_connected_and_says_whose_it_is() -> Result<()> {
    let provider = Provider::start(&json!({}))?;
    let home = Home::with_key()?;
    let begun = home.json(&["connection", "ensure", &provider.origin(), "--noWait"])?;
    let address = begun["clientAction"]["uiUrl"].as_str().context("no address")?;
    ensure!(address.contains("/auth?"), "{address}");
    browser::sign_in(address, "ada")?;
    let done = home.api("GET", &format!("/connections/{}?wait=true&timeout=20", id(&begun)), None)?;
    ensure!(done["connected"] == true && done["account"]["id"] == "ada", "{done}");
    ensure!(log(&provider, "registration")?.len() == 1, "no client was registered");
    Ok(())
}

#[test]
fn a_site_that_says_nothing_takes_a_key() -> Result<()> {
    let provider = Provider::start(&json!({ "metadata": { "redirectServer": "/nowhere" } }))?;
    let home = Home::with_key()?;
    let begun = home.json(&["connection", "ensure", &provider.origin(), "--noWait"])?;
    ensure!(begun["clientAction"]["type"] == "provide-input", "{begun}");
    let key = begun["integrationKey"].as_str().context("no app")?;
    let shown = home.json(&["app", "show", key])?;
    let ways: Vec<_> = shown["authMethods"].as_array().into_iter().flatten().map(|way| way["key"].clone()).collect();
    ensure!(ways == ["bearer", "api-key", "basic"], "{ways:?}");
    let said = home.cli_with(
        "{\"key\": \"anything\"}",
        &[
            "connect",
            "--integrationKey",
            key,
            "--authMethod",
            "api-key",
            "--input",
            "header=X-Key",
            "--secretsFromStdin",
            "--json",
        ],
    )?;
    ensure!(said.code == 0 && said.json()?["connected"] == true, "{said:?}");
    Ok(())
}

#[test]
fn r12_r22_addresses_that_lead_nowhere_good_are_refused() -> Result<()> {
    let home = Home::with_key()?;
    let engine = home.serve()?;
    for address in [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://user:password@example.com",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[fd00::1]/",
        "https://printer.local/",
        "not an address",
    ] {
        let said = home.cli(&["connection", "ensure", address, "--json"])?;
        ensure!(said.error()?["code"] == "bad_request" && !said.err.contains("password@"), "{address}: {said:?}");
    }
    // Only the person may have this computer looked at: a program with a token may not.
    let token = home.json(&["client", "create", "a program"])?["token"].as_str().context("no token")?.to_owned();
    let status = home.json(&["status"])?;
    let api = status["apiUri"].as_str().context("no port")?.to_owned();
    let request = Request::new("POST", "/connections/ensure").header("Authorization", &format!("Bearer {token}"));
    let reply = request.json(&json!({ "appUrl": "http://127.0.0.1:9/" })).send(&Address::of(&api.parse()?)?)?;
    ensure!(reply.status == 400 && reply.text().contains("open internet"), "{}", reply.text());
    // What is in the catalog is found there, without a question to anybody.
    let app = home.api("POST", "/apps/by-url", Some(&json!({ "url": "https://linear.app/acme/issue/X-1" })))?;
    ensure!(app["key"] == "linear", "{app}");
    engine.end()
}
