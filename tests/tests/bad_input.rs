//! Wrong use, hostile input and broken surroundings: each gets a clear sentence, what to do, and loses nothing.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use membrane_tests::browser::{self, Landing};
use membrane_tests::home::Home;
use membrane_tests::http::{Address, Request, send_raw};
use membrane_tests::provider::Provider;
use membrane_tests::{Context, Result, Value, ensure, json, wait};

const SOON: Duration = Duration::from_secs(20);

/// Runs a command that must fail and checks that it says which code and what to do.
fn refused(home: &Home, input: &str, arguments: &[&str], code: &str) -> Result<Value> {
    let said = home.cli_with(input, &[arguments, &["--json"]].concat())?;
    let error = said.error().with_context(|| format!("{:.200}", format!("{arguments:?}")))?;
    ensure!(error["code"] == code, "{:.200}: {error}", format!("{arguments:?}"));
    for part in ["message", "hint"] {
        ensure!(error[part].as_str().is_some_and(|text| text.len() > 10), "{arguments:?}: no {part}: {error}");
    }
    ensure!(said.out.is_empty(), "{arguments:?} printed {}", said.out);
    Ok(error)
}

#[test]
fn wrong_use_of_the_command_is_explained() -> Result<()> {
    let home = Home::with_key()?;
    let long = "x".repeat(100_000);
    for (arguments, code) in [
        (vec!["frobnicate"], "bad_request"),
        (vec!["connect"], "bad_request"),
        (vec!["connect", "--integrationKey", "nosuch"], "unknown_app"),
        (vec!["connect", "--integrationKey", "Git Hub"], "bad_request"),
        (vec!["connect", "--intent", "qqqqzzzz"], "no_match"),
        (vec!["connect", "--intent", "crm"], "bad_request"),
        (vec!["connect", "--connectionId", "con_none"], "not_found"),
        (vec!["connect", "--integrationKey", "gmail"], "client_required"),
        (vec!["connect", "--integrationKey", "stripe"], "invalid_field"),
        (vec!["connect", "--integrationKey", "stripe", "--input", "nosuch=1"], "invalid_field"),
        (vec!["connect", "--integrationKey", "stripe", "--input", "nosuch"], "bad_request"),
        (vec!["connection", "get", "con_none"], "not_found"),
        (vec!["connection", "get", "../../etc/passwd"], "not_found"),
        (vec!["connection", "get", long.as_str()], "bad_request"),
        (vec!["connection", "token", "con_none"], "not_found"),
        (vec!["connection", "archive", "con_none", "--yes"], "not_found"),
        (vec!["app", "show", "githb"], "unknown_app"),
        (vec!["app", "add", "/no/such/file.toml"], "bad_request"),
        (vec!["app", "client", "anthropic", "--clientId", "x"], "bad_request"),
        (vec!["app", "client", "gmail", "--clientId", ""], "invalid_field"),
        (vec!["client", "create", ""], "bad_request"),
        (vec!["client", "revoke", "nobody"], "not_found"),
        (vec!["vault", "reset"], "bad_request"),
        (vec!["open", "https://example.com"], "invalid_link"),
    ] {
        refused(&home, "", &arguments, code)?;
    }
    Ok(())
}

#[test]
fn r09_hostile_links_are_refused_and_the_engine_lives_on() -> Result<()> {
    let home = Home::with_key()?;
    let engine = home.serve()?;
    let megabyte = format!("membrane://connections/{}", "1".repeat(1024 * 1024 - 100));
    for link in [
        "",
        "membrane:",
        "membrane://",
        "membrane://evil",
        "membrane://connections/../../x",
        "membrane://connections/con_1/archive",
        "membrane://connect?intent=%00",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "dev.membrane.desktop:/oauth/other",
        "dev.membrane.desktop:/oauth/callback/../x",
        "dev.membrane.desktop://evil/oauth/callback",
        megabyte.as_str(),
    ] {
        let reply = home.call("POST", "/deep-link", Some(&json!({ "url": link })))?;
        ensure!((400..500).contains(&reply.status), "{:.60}: {}", link, reply.status);
        ensure!(!reply.text().contains("passwd"), "the link is repeated");
    }
    // More than a body may be.
    let huge = home.call("POST", "/deep-link", Some(&json!({ "url": "x".repeat(2 * 1024 * 1024) })))?;
    ensure!(huge.status == 413 || huge.status == 415 || huge.status == 400, "{}", huge.status);
    home.api("GET", "/status", None)?;
    engine.end()
}

#[test]
fn r03_replayed_swapped_and_unknown_answers_change_nothing() -> Result<()> {
    let provider = Provider::start(&json!({}))?;
    let home = Home::with_key()?;
    home.add_app(&provider.app_file("acme"))?;
    let session = home.json(&["connect", "--integrationKey", "acme", "--redirect", "deep-link", "--noWait"])?;
    let path = format!("/connect-sessions/{}", session["id"].as_str().unwrap_or_default());
    let link = browser::sign_in(session["authorizationUrl"].as_str().context("no address")?, "ada")?.link()?;
    let follow = |link: &str| home.call("POST", "/deep-link", Some(&json!({ "url": link })));

    let state = link.split("state=").nth(1).and_then(|rest| rest.split('&').next()).context("no state")?;
    for wrong in [
        link.replace(state, &"A".repeat(43)),
        link.replace("iss=http", "iss=https"),
        link.replace("/oauth/callback", "/oauth/callback/github"),
        format!("{link}&state={state}"),
        link.split("&state").next().unwrap_or_default().to_owned(),
    ] {
        let reply = follow(&wrong)?;
        ensure!(reply.status == 400, "{}: {}", reply.status, reply.text());
        ensure!(home.api("GET", &path, None)?["state"] == "awaiting-user", "a wrong answer ended the attempt");
    }
    ensure!(follow(&link)?.status == 200, "the right answer was refused");
    wait::until_true("the connection", SOON, || Ok(home.api("GET", &path, None)?["state"] == "done"))?;
    ensure!(follow(&link)?.status == 400, "an answer was taken twice");
    ensure!(home.json(&["connection", "list"])?.as_array().map(Vec::len) == Some(1), "the replay connected again");
    Ok(())
}

#[test]
fn r07_a_page_cannot_end_an_attempt_by_guessing() -> Result<()> {
    let provider = Provider::start(&json!({}))?;
    let home = Home::with_key()?;
    home.add_app(&provider.app_file("acme"))?;
    let (connecting, address) = home.connecting(&["--integrationKey", "acme", "--json"])?;
    let redirect: url::Url = address.parse()?;
    let redirect =
        redirect.query_pairs().find(|(name, _)| name == "redirect_uri").context("no redirect")?.1.into_owned();
    let redirect: url::Url = redirect.parse()?;
    let at = Address::of(&redirect)?;
    for bytes in [
        b"GET /oauth-callback?error=access_denied&state=guess HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".to_vec(),
        b"\x16\x03\x01\x02\x00junk\r\n\r\n".to_vec(),
        vec![b'x'; 64 * 1024],
    ] {
        // Whatever it answers, it goes on.
        let _answer = send_raw(&at, &bytes);
    }
    let landing = browser::sign_in(&address, "ada")?;
    ensure!(matches!(landing, Landing::Page { status: 200, .. }), "{landing:?}");
    let said = connecting.end()?;
    ensure!(said.code == 0, "{said:?}");
    Ok(())
}

#[test]
fn a_provider_that_answers_a_page_is_named_and_nothing_is_connected() -> Result<()> {
    let provider = Provider::start(&json!({}))?;
    let home = Home::with_key()?;
    home.add_app(&provider.app_file("acme"))?;
    let (connecting, address) = home.connecting(&["--integrationKey", "acme", "--json"])?;
    provider.fault("html", 5)?;
    browser::sign_in(&address, "ada")?;
    let said = connecting.end()?;
    ensure!(said.code == 6 && said.err.contains("Acme CRM isn't answering as it should"), "{said:?}");
    ensure!(home.json(&["connection", "list"])? == json!([]), "something was connected");
    Ok(())
}

#[test]
fn an_invalid_app_file_is_refused_with_its_line() -> Result<()> {
    let provider = Provider::start(&json!({}))?;
    let home = Home::with_key()?;
    let good = provider.app_file("acme");
    for (from, to, line) in [
        ("type = \"oauth2\"", "type = \"oauth3\"", "line 12"),
        ("key = \"acme\"", "key = \"Acme App\"", "line 1"),
        ("pkce = \"required\"", "pkce = \"maybe\"", "line"),
        ("local = true", "local = false", "line"),
    ] {
        let error = refused(&home, &good.replacen(from, to, 1), &["app", "add", "-"], "invalid_app_file")?;
        let message = error["message"].as_str().unwrap_or_default();
        ensure!(message.contains("standard input") && message.contains(line), "{from}: {message}");
    }
    refused(&home, &"x".repeat(300 * 1024), &["app", "add", "-"], "invalid_app_file")?;
    refused(&home, "key = \"x", &["app", "add", "-"], "invalid_app_file")?;
    let apps = home.json(&["app", "list"])?;
    ensure!(!apps.to_string().contains("Acme"), "a refused app is listed");
    Ok(())
}

#[test]
fn r60_r63_the_port_takes_only_known_clients_from_this_computer() -> Result<()> {
    let home = Home::with_key()?;
    let engine = home.serve()?;
    let status = home.json(&["status"])?;
    let origin: url::Url = status["apiUri"].as_str().context("no port")?.parse()?;
    let at = Address::of(&origin)?;
    let client = home.json(&["client", "create", "script"])?;
    let bearer = format!("Bearer {}", client["token"].as_str().context("no token")?);
    let get = |path: &str| Request::new("GET", path);
    ensure!(get("/health").send(&at)?.status == 200, "health takes no token");
    ensure!(get("/connections").send(&at)?.status == 401, "no token");
    ensure!(get("/connections").header("Authorization", "Bearer pat-wrong").send(&at)?.status == 401, "a wrong token");
    let with = |path: &str| get(path).header("Authorization", &bearer);
    ensure!(with("/connections").send(&at)?.status == 200, "the right token");
    ensure!(with("/connections").header("Host", "evil.example").send(&at)?.status == 403, "another host");
    ensure!(with("/connections").header("Origin", "https://evil.example").send(&at)?.status == 403, "another origin");
    ensure!(with("/clients").send(&at)?.status == 403, "a client lists clients");
    ensure!(with("/vault/lock").send(&at)?.status >= 400, "a client locks the vault");
    home.json(&["client", "revoke", "script"])?;
    ensure!(with("/connections").send(&at)?.status == 401, "a revoked token");
    engine.end()
}

#[test]
fn junk_on_the_port_is_survived() -> Result<()> {
    let home = Home::with_key()?;
    let engine = home.serve()?;
    let status = home.json(&["status"])?;
    let origin: url::Url = status["apiUri"].as_str().context("no port")?.parse()?;
    for at in [Address::of(&origin)?, Address::Unix(home.socket())] {
        for bytes in [
            b"\x00\x01\x02\x03\r\n\r\n".to_vec(),
            b"GET / HTTP/9.9\r\n\r\n".to_vec(),
            format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(100_000)).into_bytes(),
            format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(5_000)).into_bytes(),
            b"POST /connections HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{\"intent\":".to_vec(),
        ] {
            let _answer = send_raw(&at, &bytes);
        }
    }
    home.api("GET", "/status", None)?;
    engine.end()
}

#[test]
fn a_port_that_is_taken_is_said_and_nothing_else_stops() -> Result<()> {
    let home = Home::with_key()?;
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let port = taken.local_addr()?.port().to_string();
    let error = refused(&home, "", &["serve", "--port", &port], "bad_request")?;
    ensure!(error["message"].as_str().is_some_and(|text| text.contains(&port)), "{error}");
    let engine = home.serve()?;
    home.json(&["connection", "list"])?;
    engine.end()
}

#[test]
fn r56_a_folder_that_others_can_read_is_not_used() -> Result<()> {
    let home = Home::with_key()?;
    let data = home.path().join("data");
    std::fs::create_dir(&data)?;
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755))?;
    refused(&home, "", &["connection", "list"], "unsafe_data_folder")?;
    ensure!(std::fs::read_dir(&data)?.count() == 0, "something was written");
    Ok(())
}

#[test]
fn a_database_that_is_newer_or_no_database_is_left_as_it_is() -> Result<()> {
    let home = Home::with_key()?;
    home.serve()?.end()?;
    let file = home.path().join("data/membrane.db");
    let mut newer = std::fs::read(&file)?;
    // SQLite keeps the schema's version at byte 60.
    newer[60..64].copy_from_slice(&99_u32.to_be_bytes());
    for (bytes, code) in [(newer, "newer_database"), (b"a letter to myself\n".repeat(400), "storage_error")] {
        std::fs::write(&file, &bytes)?;
        refused(&home, "", &["connection", "list"], code)?;
        ensure!(std::fs::read(&file)? == bytes, "{code}: the file was changed");
    }
    Ok(())
}

#[test]
fn r74_two_starts_make_one_engine() -> Result<()> {
    let home = Home::with_key()?;
    let engine = home.serve()?;
    let error = refused(&home, "", &["serve"], "already_running")?;
    ensure!(error["message"].as_str().is_some_and(|text| text.contains(&engine.running.pid().to_string())), "{error}");
    home.api("GET", "/status", None)?;
    engine.end()
}

#[test]
fn r71_no_secret_is_in_logs_arguments_or_files() -> Result<()> {
    let canary = "canary-7f3a-secret";
    let provider = Provider::start(&json!({ "apiKeys": { "kay": canary } }))?;
    let home = Home::with_key()?;
    home.add_app(&provider.app_file("acme"))?;
    let engine = home.serve()?;
    let arguments = ["connect", "--integrationKey", "acme", "--authMethod", "key", "--secretsFromStdin", "--json"];
    let said = home.cli_with(&json!({ "key": canary }).to_string(), &arguments)?;
    ensure!(said.code == 0, "{said:?}");
    let pid = engine.running.pid();
    let process = std::fs::read(format!("/proc/{pid}/cmdline"))?;
    ensure!(!has(&process, canary) && !has(engine.running.output().as_bytes(), canary), "in the arguments or the log");
    ensure!(!said.out.contains(canary) && !said.err.contains(canary), "in what was printed");
    engine.end()?;
    for entry in std::fs::read_dir(home.path().join("data"))? {
        let path = entry?.path();
        if path.is_file() {
            ensure!(!has(&std::fs::read(&path)?, canary), "in {}", path.display());
        }
    }
    Ok(())
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}
