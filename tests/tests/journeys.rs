//! The main job from a terminal, with no display: connect, stay connected, disconnect, reconnect, archive.

use std::time::Duration;

use membrane_tests::browser::{self, Answer, Landing};
use membrane_tests::home::Home;
use membrane_tests::provider::Provider;
use membrane_tests::{Context, Result, Value, ensure, json, wait};

const SOON: Duration = Duration::from_secs(20);

/// A provider, and a home that knows it as `acme`.
fn start(settings: &Value) -> Result<(Provider, Home)> {
    let provider = Provider::start(settings)?;
    let home = Home::with_key()?;
    home.add_app(&provider.app_file("acme"))?;
    Ok((provider, home))
}

/// Connects as an account and returns the connection.
fn connect(home: &Home, arguments: &[&str], account: &str) -> Result<Value> {
    let (connecting, address) = home.connecting(&[arguments, &["--json"]].concat())?;
    browser::sign_in(&address, account)?;
    let said = connecting.end()?;
    ensure!(said.code == 0, "{said:?}");
    said.json()
}

fn id(connection: &Value) -> String {
    connection["id"].as_str().unwrap_or_default().to_owned()
}

fn token(home: &Home, id: &str) -> Result<String> {
    let reply = home.json(&["connection", "token", id])?;
    Ok(reply["accessToken"].as_str().context("no token")?.to_owned())
}

#[test]
fn r01_r03_connects_by_loopback_and_hands_out_a_token_that_works() -> Result<()> {
    let (provider, home) = start(&json!({}))?;
    let made = connect(&home, &["--integrationKey", "acme"], "ada")?;
    ensure!(made["state"] == "READY" && made["account"]["label"] == "ada", "{made}");
    let token = token(&home, &id(&made))?;
    ensure!(provider.whoami(&token)?.as_deref() == Some("ada"), "the token is of no use");
    let asked = provider.log()?;
    let authorization = asked.iter().find(|one| one["route"] == "authorization").context("nothing was asked")?;
    ensure!(authorization["challengeMethod"] == "S256", "{authorization}");
    let redirect = authorization["redirectUri"].as_str().unwrap_or_default();
    ensure!(redirect.starts_with("http://127.0.0.1:") && redirect.ends_with("/oauth-callback"), "{redirect}");
    ensure!(home.events_of(&id(&made))? == ["connection.created"], "the event is missing");
    Ok(())
}

#[test]
fn an_intent_leads_to_the_app() -> Result<()> {
    let (_provider, home) = start(&json!({}))?;
    let made = connect(&home, &["--intent", "acme crm"], "ada")?;
    ensure!(made["integrationKey"] == "acme", "{made}");
    Ok(())
}

#[test]
fn r30_r41_stays_connected_through_ten_expiries_without_a_gap() -> Result<()> {
    let (provider, home) = start(&json!({ "accessTtl": 3 }))?;
    let made = connect(&home, &["--integrationKey", "acme"], "ada")?;
    let id = id(&made);
    let before = provider.refreshes()?;
    let done = wait::until_true("ten renewals", Duration::from_secs(60), || {
        // Whenever it is asked, the token that comes is good.
        let reply = home.api("GET", &format!("/connections/{id}/token?minValid=1"), None)?;
        let token = reply["accessToken"].as_str().context("no token")?;
        ensure!(provider.whoami(token)?.as_deref() == Some("ada"), "there was a gap");
        Ok(provider.refreshes()? >= before + 10)
    });
    done.with_context(|| home.connection(&id).map(|now| now.to_string()).unwrap_or_default())?;
    let now = home.connection(&id)?;
    ensure!(now["connected"] == true && now["retryAttempts"] == 0, "{now}");
    ensure!(home.events_of(&id)? == ["connection.created"], "renewing is no event");
    Ok(())
}

#[test]
fn r19_r39_revoked_access_disconnects_once_and_a_reconnect_clears_everything() -> Result<()> {
    let (provider, home) = start(&json!({ "accessTtl": 3 }))?;
    let id = id(&connect(&home, &["--integrationKey", "acme"], "ada")?);
    provider.revoke_all()?;
    let lost = home.until(&id, "the disconnect", SOON, |now| now["disconnected"] == true)?;
    ensure!(lost["reason"] == "revoked" && lost["state"] == "CLIENT_ACTION_REQUIRED", "{lost}");
    ensure!(lost["clientAction"]["uiUrl"] == format!("membrane://connections/{id}"), "{lost}");
    let refused = home.cli(&["connection", "token", &id, "--json"])?;
    ensure!(refused.code == 8 && refused.error()?["code"] == "disconnected", "{refused:?}");

    let back = connect(&home, &["--connectionId", &id], "ada")?;
    ensure!(back["id"] == *id && back["connected"] == true && back["errors"] == json!([]), "{back}");
    ensure!(provider.whoami(&token(&home, &id)?)?.as_deref() == Some("ada"), "it does not work again");
    let events = home.events_of(&id)?;
    ensure!(events == ["connection.created", "connection.disconnected", "connection.reconnected"], "{events:?}");
    Ok(())
}

#[test]
fn r19_another_account_does_not_take_a_connection_over() -> Result<()> {
    let (_provider, home) = start(&json!({}))?;
    let id = id(&connect(&home, &["--integrationKey", "acme"], "ada")?);
    let (connecting, address) = home.connecting(&["--connectionId", &id, "--json"])?;
    browser::sign_in(&address, "ben")?;
    let said = connecting.end()?;
    ensure!(said.code == 10 && said.err.contains("account_mismatch"), "{said:?}");
    let now = home.connection(&id)?;
    ensure!(now["connected"] == true && now["account"]["label"] == "ada", "{now}");
    Ok(())
}

#[test]
fn a_reconnect_that_is_called_off_changes_nothing() -> Result<()> {
    let (provider, home) = start(&json!({}))?;
    let id = id(&connect(&home, &["--integrationKey", "acme"], "ada")?);
    let before = home.connection(&id)?;
    let (connecting, _address) = home.connecting(&["--connectionId", &id])?;
    connecting.interrupt();
    let said = connecting.end()?;
    ensure!(said.code == 10, "{said:?}");
    let (connecting, address) = home.connecting(&["--connectionId", &id, "--json"])?;
    browser::answer(&address, "ada", Answer::Deny)?;
    let said = connecting.end()?;
    ensure!(said.code == 10 && said.err.contains("access_denied_by_user"), "{said:?}");
    let after = home.connection(&id)?;
    for part in ["state", "connected", "account", "errors", "expiresAt"] {
        ensure!(before[part] == after[part], "{part} changed: {before} {after}");
    }
    ensure!(provider.whoami(&token(&home, &id)?)?.is_some(), "it does not work any more");
    Ok(())
}

#[test]
fn r20_archiving_asks_revokes_and_destroys() -> Result<()> {
    let (provider, home) = start(&json!({}))?;
    let id = id(&connect(&home, &["--integrationKey", "acme"], "ada")?);
    ensure!(provider.live_refresh_tokens()? == 1, "there is no token to revoke");
    let asked = home.cli(&["connection", "archive", &id])?;
    ensure!(asked.code == 2 && asked.err.contains("--yes"), "{asked:?}");
    home.json(&["connection", "archive", &id, "--yes"])?;
    ensure!(home.json(&["connection", "list"])? == json!([]), "it is still listed");
    wait::until_true("the revocation", SOON, || Ok(provider.live_refresh_tokens()? == 0))?;
    let gone = home.cli(&["connection", "token", &id, "--json"])?;
    ensure!(gone.code == 4, "{gone:?}");
    Ok(())
}

#[test]
fn r20_an_app_that_is_down_does_not_keep_a_connection_from_being_archived() -> Result<()> {
    let (provider, home) = start(&json!({}))?;
    let id = id(&connect(&home, &["--integrationKey", "acme"], "ada")?);
    drop(provider);
    home.json(&["connection", "archive", &id, "--yes"])?;
    ensure!(home.json(&["connection", "list"])? == json!([]), "it is still listed");
    Ok(())
}

#[test]
fn r13_connects_by_device_code() -> Result<()> {
    let (provider, home) = start(&json!({}))?;
    let session = home.json(&["connect", "--integrationKey", "acme", "--authMethod", "device", "--noWait"])?;
    let code = session["userCode"].as_str().context("no code")?;
    browser::type_code(session["verificationUri"].as_str().context("no page")?, code, "ada")?;
    let path = format!("/connect-sessions/{}?wait=30&state=awaiting-user", session["id"].as_str().unwrap_or_default());
    wait::until_true("the connection", SOON, || Ok(home.api("GET", &path, None)?["state"] == "done"))?;
    ensure!(provider.whoami(&token(&home, "acme")?)?.as_deref() == Some("ada"), "the token is of no use");
    Ok(())
}

#[test]
fn connects_a_machine_a_key_and_a_password_after_checking_each() -> Result<()> {
    let (provider, home) = start(&json!({ "apiKeys": { "kay": "key-1234", "pat": "pat:pass word" } }))?;
    let by = |method: &str, input: &[&str], secrets: &str| {
        let fixed = ["connect", "--integrationKey", "acme", "--authMethod", method, "--allowMultipleConnections"];
        home.cli_with(secrets, &[fixed.as_slice(), &["--secretsFromStdin", "--json"], input].concat())
    };
    for (method, input, wrong, right, who) in [
        ("key", vec![], r#"{"key":"key-9999"}"#, r#"{"key":"key-1234"}"#, "kay"),
        ("basic", vec!["--input", "username=pat"], r#"{"password":"wrong"}"#, r#"{"password":"pass word"}"#, "pat"),
        (
            "service",
            vec!["--input", "client_id=machine"],
            r#"{"client_secret":"wrong"}"#,
            r#"{"client_secret":"machine-client-secret"}"#,
            "machine",
        ),
    ] {
        let refused = by(method, &input, wrong)?;
        ensure!(refused.code != 0 && !refused.err.contains("wrong"), "{method}: {refused:?}");
        ensure!(
            home.json(&["connection", "list", "--search", who])? == json!([]),
            "{method}: a wrong secret connected"
        );
        let made = by(method, &input, right)?;
        ensure!(made.code == 0, "{method}: {made:?}");
        let made = made.json()?;
        ensure!(made["connected"] == true && made["account"]["label"] == who, "{method}: {made}");
        if method == "service" {
            let token = token(&home, &id(&made))?;
            ensure!(provider.whoami(&token)?.as_deref() == Some("machine"), "the token is of no use");
        }
    }
    Ok(())
}

#[test]
fn r23_what_has_nothing_to_renew_says_when_it_needs_the_person() -> Result<()> {
    let (_provider, home) = start(&json!({ "refreshTokens": false, "accessTtl": 4 }))?;
    let made = connect(&home, &["--integrationKey", "acme"], "ada")?;
    ensure!(made["canRefreshCredentials"] == false && made["expiresAt"].is_string(), "{made}");
    let says = |what: &Value, text: &str| what.as_str().is_some_and(|said| said.contains(text));
    ensure!(says(&made["health"]["sentence"], "then it needs you"), "{made}");
    ensure!(says(&made["health"]["warnings"][0]["text"], "sign in again"), "{made}");
    let lost = home.until(&id(&made), "the end", SOON, |now| now["disconnected"] == true)?;
    ensure!(lost["reason"] == "expired", "{lost}");
    Ok(())
}

#[test]
fn r41_kill_at_any_moment_loses_nothing() -> Result<()> {
    let (provider, home) = start(&json!({ "accessTtl": 2, "graceSeconds": 10 }))?;
    let engine = home.serve()?;
    let id = id(&connect(&home, &["--integrationKey", "acme"], "ada")?);
    engine.kill()?;
    let rounds = if std::env::var_os("MEMBRANE_TEST_LONG").is_some() { 1000 } else { 12 };
    for round in 0..rounds {
        let engine = home.serve()?;
        // Tokens live two seconds, so that kills fall into renewals as often as beside them.
        std::thread::sleep(Duration::from_millis(37 * (round % 23) + 10));
        engine.kill()?;
    }
    let engine = home.serve()?;
    let now = home.until(&id, "it to be well", SOON, |now| now["health"]["status"] == "connected")?;
    ensure!(now["connected"] == true, "{now}");
    wait::until_true("a good token", SOON, || Ok(provider.whoami(&token(&home, &id)?)?.is_some()))?;
    ensure!(home.events_of(&id)? == ["connection.created"], "a kill made an event");
    engine.end()
}

#[test]
fn an_attempt_survives_the_engines_end() -> Result<()> {
    let (_provider, home) = start(&json!({}))?;
    let engine = home.serve()?;
    let session = home.json(&["connect", "--integrationKey", "acme", "--noWait"])?;
    engine.kill()?;
    let engine = home.serve()?;
    let landing = browser::sign_in(session["authorizationUrl"].as_str().context("no address")?, "ada")?;
    ensure!(matches!(landing, Landing::Page { status: 200, .. }), "{landing:?}");
    let path = format!("/connect-sessions/{}", session["id"].as_str().unwrap_or_default());
    wait::until_true("the connection", SOON, || Ok(home.api("GET", &path, None)?["state"] == "done"))?;
    engine.end()
}

#[test]
fn r06_the_listener_ends_with_its_attempt() -> Result<()> {
    let (_provider, home) = start(&json!({}))?;
    let session = home.json(&["connect", "--integrationKey", "acme", "--noWait"])?;
    let port = |text: &str| text.parse::<url::Url>().ok().and_then(|url| url.port());
    let port = session["redirectUri"].as_str().and_then(port).context("no port")?;
    ensure!(std::net::TcpStream::connect(("127.0.0.1", port)).is_ok(), "nobody listens");
    let path = format!("/connect-sessions/{}", session["id"].as_str().unwrap_or_default());
    home.api("DELETE", &path, None)?;
    wait::until_true("the port to close", SOON, || Ok(std::net::TcpStream::connect(("127.0.0.1", port)).is_err()))
}

#[test]
fn a_change_by_the_command_line_shows_at_once_on_the_stream() -> Result<()> {
    let (_provider, home) = start(&json!({}))?;
    let engine = home.serve()?;
    let mut events = membrane_tests::stream::Events::follow(&home.socket())?;
    events.next("the snapshot", SOON, |message| message["type"] == "snapshot")?;
    let made = connect(&home, &["--integrationKey", "acme"], "ada")?;
    let shown = |message: &Value| message["type"] == "connection" && message["connection"]["id"] == made["id"];
    events.next("the event", SOON, |message| message["event"]["eventType"] == "connection.created")?;
    events.next("the connection", SOON, shown)?;
    engine.end()
}

#[test]
fn connects_the_sandbox_with_nothing_registered() -> Result<()> {
    let home = Home::with_key()?;
    let arguments = [
        "connect",
        "--integrationKey",
        "membrane-sandbox",
        "--authMethod",
        "basic",
        "--input",
        "username=ada",
        "--secretsFromStdin",
        "--json",
    ];
    let said = home.cli_with(r#"{"password":"sandbox"}"#, &arguments)?;
    ensure!(said.code == 0, "{said:?}");
    ensure!(said.json()?["connected"] == true, "{said:?}");
    Ok(())
}
