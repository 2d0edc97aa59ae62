//! Every auth shape, from a terminal, against an independent provider and one with every peculiarity at once.

use std::time::Duration;

use membrane_tests::browser;
use membrane_tests::home::{Home, Said};
use membrane_tests::provider::Provider;
use membrane_tests::{Context, Result, Value, ensure, json, wait};

const SOON: Duration = Duration::from_secs(20);
const QUIRKY: &str = include_str!("../src/apps/quirky.toml");
const SITES: &str = include_str!("../src/apps/sites.toml");
const SESSION: &str = include_str!("../src/apps/session.toml");
const BOUND: &str = include_str!("../src/apps/bound.toml");
const KEYS: &str = include_str!("../src/apps/keys.toml");

fn start(settings: &Value, app: &str) -> Result<(Provider, Home)> {
    let provider = Provider::start(settings)?;
    let home = Home::with_key()?;
    home.add_app(&provider.app(app))?;
    Ok((provider, home))
}

fn set_client(home: &Home, app: &str, id: &str, secret: &str) -> Result<()> {
    let said = home.cli_with(secret, &["app", "client", app, "--clientId", id, "--clientSecretFile", "-"])?;
    ensure!(said.code == 0, "{said:?}");
    Ok(())
}

/// Connects in the browser and returns what the command said.
fn sign_in(home: &Home, arguments: &[&str], account: &str) -> Result<Said> {
    let (connecting, address) = home.connecting(&[arguments, one_more(arguments), &["--json"]].concat())?;
    browser::sign_in(&address, account)?;
    connecting.end()
}

fn connected(said: &Said) -> Result<Value> {
    ensure!(said.code == 0, "{said:?}");
    said.json()
}

/// Connects with what is typed.
fn typed(home: &Home, secrets: &Value, arguments: &[&str]) -> Result<Said> {
    let all = [&["connect", "--json", "--secretsFromStdin"], arguments, one_more(arguments)].concat();
    home.cli_with(&secrets.to_string(), &all)
}

/// A connection of its own for each shape of an app, where none is repaired.
fn one_more(arguments: &[&str]) -> &'static [&'static str] {
    if arguments.contains(&"--connectionId") { &[] } else { &["--allowMultipleConnections"] }
}

fn id(connection: &Value) -> &str {
    connection["id"].as_str().unwrap_or_default()
}

fn log(provider: &Provider, route: &str) -> Result<Vec<Value>> {
    Ok(provider.log()?.into_iter().filter(|one| one["route"] == route).collect())
}

#[test]
fn a_provider_with_every_peculiarity_is_connected_and_renewed() -> Result<()> {
    let (provider, home) = start(&json!({ "accessTtl": 4 }), QUIRKY)?;
    set_client(&home, "quirky", "quirky", "quirky-secret")?;
    let made = connected(&sign_in(&home, &["--integrationKey", "quirky", "--input", "subdomain=acme"], "ada")?)?;
    ensure!(made["account"] == json!({ "id": "77:ada", "label": "ada@example.test" }), "{made}");
    ensure!(made["input"]["realm"] == "77", "{made}");
    let asked = &log(&provider, "quirk-authorize")?[0]["query"];
    ensure!(asked["scope"] == "read:all,write:all", "{asked}");
    ensure!(asked["audience"] == "https://acme.example.com/api/", "{asked}");
    ensure!(asked["code_challenge_method"] == "S256", "{asked}");
    let exchange = &log(&provider, "quirk-token")?[0];
    ensure!(exchange["media"] == "application/json" && exchange["how"] == "post", "{exchange}");
    ensure!(exchange["flavour"] == "of acme" && exchange["header"] == "yes", "{exchange}");
    // The provider moves the account to another host with every renewal.
    let before = made["input"]["host"].clone();
    let moved = home.until(id(&made), "a renewal", SOON, |now| now["input"]["host"] != before)?;
    ensure!(moved["connected"] == true, "{moved}");
    let test = home.json(&["connection", "test", id(&made)])?;
    ensure!(test["success"] == true, "{test}");
    Ok(())
}

#[test]
fn r19_a_sign_in_in_another_realm_is_another_account_and_may_be_kept() -> Result<()> {
    let (provider, home) = start(&json!({}), QUIRKY)?;
    set_client(&home, "quirky", "quirky", "quirky-secret")?;
    let made = connected(&sign_in(&home, &["--integrationKey", "quirky", "--input", "subdomain=acme"], "ada")?)?;
    provider.change(&json!({ "realm": "78" }))?;
    let session = home.api("POST", "/connect-sessions", Some(&json!({ "connectionId": id(&made) })))?;
    browser::sign_in(session["authorizationUrl"].as_str().context("no address")?, "ada")?;
    let path = format!("/connect-sessions/{}", session["id"].as_str().unwrap_or_default());
    let ended = home.api("GET", &format!("{path}?wait=20"), None)?;
    ensure!(ended["error"]["data"]["code"] == "account_mismatch", "{ended}");
    let kept = home.api("POST", &format!("{path}/keep"), None)?;
    ensure!(kept["state"] == "done" && kept["connectionId"] != made["id"], "{kept}");
    let other = home.connection(kept["connectionId"].as_str().unwrap_or_default())?;
    ensure!(other["input"]["realm"] == "78" && other["canRefreshCredentials"] == true, "{other}");
    ensure!(home.connection(id(&made))?["input"]["realm"] == "77", "the first one changed");
    Ok(())
}

#[test]
fn a_confidential_client_shows_its_secret_as_its_provider_wants_it() -> Result<()> {
    let provider = Provider::start(&json!({}))?;
    for (key, auth, client, secret) in [
        ("basic-app", "basic", "confidential", "confidential-client-secret"),
        ("post-app", "post", "posting", "posting-client-secret"),
    ] {
        let home = Home::with_key()?;
        let public = "client = { source = \"public\", id = \"native\" }\n";
        let text = provider.app_file(key).replacen("token_auth = \"none\"", &format!("token_auth = \"{auth}\""), 1);
        home.add_app(&text.replacen(public, "", 1))?;
        let missing = home.cli(&["connect", "--integrationKey", key, "--authMethod", "oauth", "--json"])?;
        ensure!(missing.error()?["code"] == "client_required", "{missing:?}");
        let guide = home.json(&["app", "client", key])?;
        ensure!(guide["ways"][0]["redirectUri"] == "http://127.0.0.1/oauth-callback", "{guide}");
        set_client(&home, key, client, secret)?;
        let made = connected(&sign_in(&home, &["--integrationKey", key, "--authMethod", "oauth"], "ada")?)?;
        ensure!(made["account"]["label"] == "ada", "{made}");
        let renewed = home.json(&["connection", "refresh", id(&made)])?;
        ensure!(renewed["connected"] == true, "{renewed}");
    }
    Ok(())
}

#[test]
fn r21_requests_are_pushed_and_tokens_bound_where_the_provider_wants_it() -> Result<()> {
    let (provider, home) = start(&json!({ "par": true, "dpop": true, "accessTtl": 3600 }), BOUND)?;
    let made = connected(&sign_in(&home, &["--integrationKey", "bound"], "ada")?)?;
    ensure!(made["account"]["label"] == "ada", "{made}");
    let pushed = log(&provider, "pushed_authorization_request")?;
    ensure!(pushed.iter().any(|one| one["status"] == 201), "{pushed:?}");
    let opened = log(&provider, "authorization")?;
    ensure!(opened.iter().all(|one| one["pushed"] == true), "{opened:?}");
    let tokens = log(&provider, "token")?;
    // The first is refused for want of a nonce, the second has it.
    ensure!(tokens.iter().any(|one| one["error"] == "use_dpop_nonce"), "{tokens:?}");
    ensure!(tokens.iter().all(|one| one["proof"] == true), "{tokens:?}");
    let renewed = home.json(&["connection", "refresh", id(&made)])?;
    ensure!(renewed["connected"] == true, "{renewed}");
    let test = home.json(&["connection", "test", id(&made)])?;
    ensure!(test["success"] == true, "{test}");
    // Without the key the token is of no use to anybody, so it is not handed out.
    let token = home.cli(&["connection", "token", id(&made), "--json"])?;
    ensure!(token.error()?["hint"].as_str().is_some_and(|hint| hint.contains("membrane request")), "{token:?}");
    // A confidential client pushes with its secret.
    provider.change(&json!({ "dpop": false }))?;
    set_client(&home, "bound", "posting", "posting-client-secret")?;
    let made = connected(&sign_in(&home, &["--integrationKey", "bound", "--authMethod", "posting"], "ben")?)?;
    ensure!(made["account"]["label"] == "ben", "{made}");
    Ok(())
}

#[test]
fn a_key_buys_a_session_that_is_renewed_until_the_key_ends() -> Result<()> {
    let (provider, home) = start(&json!({ "accessTtl": 4, "apiKeys": { "ada": "first-key" } }), SESSION)?;
    let wrong = typed(&home, &json!({ "key": "wrong" }), &["--integrationKey", "session", "--input", "user=ada"])?;
    ensure!(wrong.error()?["code"] == "key_rejected", "{wrong:?}");
    let key = json!({ "key": "first-key" });
    let made = connected(&typed(&home, &key, &["--integrationKey", "session", "--input", "user=ada"])?)?;
    ensure!(made["account"]["label"] == "ada" && made["canRefreshCredentials"] == true, "{made}");
    let first = home.json(&["connection", "token", id(&made)])?["accessToken"].clone();
    ensure!(first != "first-key", "the key itself was handed out");
    wait::until_true("another session", SOON, || {
        let reply = home.api("GET", &format!("/connections/{}/token?minValid=1", id(&made)), None)?;
        Ok(reply["accessToken"] != first)
    })?;
    provider.change(&json!({ "apiKeys": { "ada": "second-key" } }))?;
    let lost = home.until(id(&made), "the disconnect", SOON, |now| now["disconnected"] == true)?;
    ensure!(lost["reason"] == "key-rejected", "{lost}");
    let other = json!({ "key": "second-key" });
    let back = connected(&typed(&home, &other, &["--connectionId", id(&made), "--input", "user=ada"])?)?;
    ensure!(back["connected"] == true && back["id"] == made["id"], "{back}");
    Ok(())
}

#[test]
fn r19_a_login_as_somebody_else_does_not_take_a_connection_over() -> Result<()> {
    let (_provider, home) = start(&json!({ "apiKeys": { "ada": "key-a", "ben": "key-b" } }), SESSION)?;
    let basic = |user: &str, password: &str, more: &[&str]| {
        let input = format!("username={user}");
        typed(&home, &json!({ "password": password }), &[more, &["--authMethod", "basic", "--input", &input]].concat())
    };
    let made = connected(&basic("ada", "key-a", &["--integrationKey", "session"])?)?;
    ensure!(made["account"]["label"] == "ada", "{made}");
    let other = basic("ben", "key-b", &["--connectionId", id(&made)])?;
    ensure!(other.error()?["code"] == "account_mismatch", "{other:?}");
    ensure!(home.connection(id(&made))?["account"]["label"] == "ada", "it was taken over");
    Ok(())
}

#[test]
fn one_of_several_sites_is_chosen_after_the_sign_in() -> Result<()> {
    let sites = json!([{ "id": "s1", "name": "First site" }, { "id": "s2", "name": "Second site" }]);
    let (provider, home) = start(&json!({ "sites": sites }), SITES)?;
    set_client(&home, "sites", "quirky", "quirky-secret")?;
    let session = home.api("POST", "/connect-sessions", Some(&json!({ "appKey": "sites" })))?;
    let path = format!("/connect-sessions/{}", session["id"].as_str().unwrap_or_default());
    browser::sign_in(session["authorizationUrl"].as_str().context("no address")?, "ada")?;
    let asked = wait::until("the choice", SOON, || {
        Ok(Some(home.api("GET", &path, None)?).filter(|now| !now["fields"].is_null()))
    })?;
    let first = json!({ "value": "s1", "label": "First site" });
    ensure!(asked["state"] == "awaiting-user" && asked["fields"][0]["choices"][0] == first, "{asked}");
    let answer =
        |site: &str| home.call("POST", &format!("{path}/credentials"), Some(&json!({ "values": { "site": site } })));
    let wrong = answer("s3")?;
    ensure!(wrong.status >= 400 && wrong.text().contains("invalid_field"), "{}", wrong.text());
    let done = answer("s2")?.ok()?;
    ensure!(done["state"] == "done", "{done}");
    let made = home.connection(done["connectionId"].as_str().unwrap_or_default())?;
    ensure!(made["input"]["site"] == "s2" && made["account"]["id"] == "s2:ada", "{made}");
    ensure!(made["canRefreshCredentials"] == true, "{made}");
    // A reconnect stays with the site; a site said beforehand needs no question.
    let back = connected(&sign_in(&home, &["--connectionId", id(&made)], "ada")?)?;
    ensure!(back["input"]["site"] == "s2", "{back}");
    let other = connected(&sign_in(&home, &["--integrationKey", "sites", "--input", "site=s1"], "ada")?)?;
    ensure!(other["input"]["site"] == "s1", "{other}");
    // The only one there is is taken; none at all is said.
    provider.change(&json!({ "sites": [{ "id": "s9" }] }))?;
    let only = connected(&sign_in(&home, &["--integrationKey", "sites"], "ada")?)?;
    ensure!(only["input"]["site"] == "s9", "{only}");
    provider.change(&json!({ "sites": [] }))?;
    let none = sign_in(&home, &["--integrationKey", "sites"], "ada")?;
    ensure!(none.code != 0 && none.err.contains("provider_error") && none.err.contains("lists nothing"), "{none:?}");
    Ok(())
}

#[test]
fn a_key_travels_in_whatever_place_its_app_wants() -> Result<()> {
    let (_provider, home) = start(&json!({ "apiKeys": { "ada": "secret-of-ada" } }), KEYS)?;
    for (way, input) in [
        ("prefix", None),
        ("query", None),
        ("user", None),
        ("pair", Some("id=ada")),
        ("named", Some("header=X-My-Key")),
        ("bearer", None),
        ("path", None),
    ] {
        let mut arguments = vec!["--integrationKey", "keys", "--authMethod", way];
        arguments.extend(input.iter().flat_map(|input| ["--input", *input]));
        let wrong = typed(&home, &json!({ "key": "another" }), &arguments)?;
        ensure!(wrong.error()?["code"] == "key_rejected", "{way}: {wrong:?}");
        let made = connected(&typed(&home, &json!({ "key": "secret-of-ada" }), &arguments)?)?;
        ensure!(made["connected"] == true, "{way}: {made}");
    }
    Ok(())
}
