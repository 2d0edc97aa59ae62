//! What the command prints when it asks somebody else, signs tokens, and sets up AI clients.

use membrane_tests::home::Home;
use membrane_tests::provider::Provider;
use membrane_tests::terminal::Terminal;
use membrane_tests::{Context, Result, ensure, json, person};

#[test]
fn asking_somebody_who_is_not_here() -> Result<()> {
    let home = Home::with_key()?;
    let engine = home.serve()?;
    home.wait_for_sandbox()?;
    let terminal = Terminal::new(&home);
    insta::assert_snapshot!(terminal.run("connect --integrationKey membrane-sandbox --non-interactive")?, @r#"
    ◐ You asked to connect Membrane Sandbox.
      Open    http://127.0.0.1:PORT/screens/connections?…
      Request req_ID
      membrane connection-request get req_ID --wait
    "#);
    insta::assert_snapshot!(terminal.run("connection-request get $REQ")?, @r#"
    ◐ You asked to connect Membrane Sandbox.
      Request req_ID
      membrane connection-request get req_ID --wait
    "#);
    insta::assert_snapshot!(terminal.run("connection-request get $REQ --wait --timeout 1 --json")?, @r#"
    {
      "requestId": "req_ID",
      "tenantId": "default",
      "status": "pending",
      "clientName": "You",
      "title": "You asked to connect Membrane Sandbox",
      "integrationKey": "membrane-sandbox",
      "connectorId": "membrane-sandbox",
      "appName": "Membrane Sandbox",
      "createdAt": "TIME",
      "expiresAt": "TIME"
    }
    "#);
    insta::assert_snapshot!(terminal.run("connection-request create --integrationKey membrane-sandbox --name Mine --prompt 'To read contacts'")?, @r#"
    ◐ You asked to connect Membrane Sandbox.
      Open    http://127.0.0.1:PORT/screens/connections?…
      Request req_ID
      membrane connection-request get req_ID --wait
    "#);
    insta::assert_snapshot!(terminal.run("connection-request create --integrationKey membrane-sandbox --json")?, @r#"
    {
      "requestId": "req_ID",
      "tenantId": "default",
      "status": "pending",
      "clientName": "You",
      "title": "You asked to connect Membrane Sandbox",
      "integrationKey": "membrane-sandbox",
      "connectorId": "membrane-sandbox",
      "appName": "Membrane Sandbox",
      "url": "http://127.0.0.1:PORT/screens/connections?…",
      "createdAt": "TIME",
      "expiresAt": "TIME"
    }
    "#);
    insta::assert_snapshot!(terminal.run("connection-request create")?, @r#"
    ! Error: Nothing says what to ask for.
    !        Give --integrationKey or --connectionId, or a --prompt for the person to choose by.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("connection-request get req_nothing")?, @r#"
    ! Error: No request to connect has the id "req_nothing".
    !        Ask anew: POST /connection-requests.
    exit 4
    "#);
    insta::assert_snapshot!(terminal.run("connect --intent CRM --non-interactive")?, @r#"
    ◐ You asked to connect an app.
      Open    http://127.0.0.1:PORT/screens/connections?…
      Request req_ID
      membrane connection-request get req_ID --wait
    "#);
    insta::assert_snapshot!(terminal.run("connect --intent 'membrane sandbox' --non-interactive")?, @r#"
    ◐ You asked to connect Membrane Sandbox.
      Open    http://127.0.0.1:PORT/screens/connections?…
      Request req_ID
      membrane connection-request get req_ID --wait
    "#);
    insta::assert_snapshot!(terminal.run("connect --intent qqqqzzzz --non-interactive")?, @r#"
    ! Error: No app fits "qqqqzzzz".
    !        Say it in other words, name the app, or add it with `membrane app add FILE`.
    exit 4
    "#);
    insta::assert_snapshot!(terminal.run("connect --non-interactive")?, @r#"
    ! Error: Nothing says what to connect.
    !        Give --intent, --integrationKey or --connectionId.
    exit 2
    "#);
    engine.end()
}

#[test]
fn a_token_for_a_tenant() -> Result<()> {
    let home = Home::with_key()?;
    let terminal = Terminal::new(&home);
    insta::assert_snapshot!(terminal.run_with("secret\n", "token --workspaceKey wks --tenantKey ada")?, @"eyJ…");
    insta::assert_snapshot!(terminal.run_with("secret\n", "token --workspaceKey wks --tenantKey ada --expiresIn 2h --json")?, @r#"
    {
      "expiresAt": "TIME",
      "token": "eyJ…"
    }
    "#);
    insta::assert_snapshot!(terminal.run("token --workspaceKey wks --tenantKey ada")?, @r#"
    ! Error: There is no workspace secret.
    !        Set MEMBRANE_WORKSPACE_SECRET, or give it on standard input. `membrane client create NAME --workspace` makes one.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run_with("secret\n", "token --workspaceKey wks --tenantKey ada --expiresIn soon")?, @r#"
    ! Error: "soon" is no time.
    !        Write it like 30s, 5m or 2h, at most 30d.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("token --tenantKey ada")?, @r#"
    ! error: the following required arguments were not provided:
    !   --workspaceKey <KEY>
    !
    ! Usage: membrane token --workspaceKey <KEY> --tenantKey <KEY>
    !
    ! For more information, try '--help'.
    exit 2
    "#);
    Ok(())
}

#[test]
fn mcp_install_shows_the_change_first() -> Result<()> {
    let home = Home::with_key()?;
    std::fs::create_dir(home.path().join(".cursor"))?;
    std::fs::write(home.path().join(".cursor/mcp.json"), "{\n  \"mcpServers\": {}\n}\n")?;
    let terminal = Terminal::new(&home);
    insta::assert_snapshot!(terminal.run("mcp install")?, @r#"
    Cursor  HOME/.cursor/mcp.json
      -   "mcpServers": {}
      +   "mcpServers": {
      +     "membrane": {
      +       "command": "BIN/membrane",
      +       "args": ["mcp"],
      +       "env": {
      +         "MEMBRANE_HOME": "HOME"
      +       }
      +     }
      +   }
    ! Nothing was changed. Apply it with --yes.
    "#);
    insta::assert_snapshot!(terminal.run("mcp install --json")?, @r#"
    {
      "applied": false,
      "clients": [
        {
          "added": [
            "  \"mcpServers\": {",
            "    \"membrane\": {",
            "      \"command\": \"BIN/membrane\",",
            "      \"args\": [\"mcp\"],",
            "      \"env\": {",
            "        \"MEMBRANE_HOME\": \"HOME\"",
            "      }",
            "    }",
            "  }"
          ],
          "backup": null,
          "client": "cursor",
          "file": "HOME/.cursor/mcp.json",
          "problem": null,
          "removed": [
            "  \"mcpServers\": {}"
          ],
          "state": "due"
        }
      ]
    }
    "#);
    insta::assert_snapshot!(terminal.run("mcp install --yes")?, @r#"
    Cursor  HOME/.cursor/mcp.json
      -   "mcpServers": {}
      +   "mcpServers": {
      +     "membrane": {
      +       "command": "BIN/membrane",
      +       "args": ["mcp"],
      +       "env": {
      +         "MEMBRANE_HOME": "HOME"
      +       }
      +     }
      +   }
    ✓ Cursor is set up. What was there before: HOME/.cursor/mcp.json.before-membrane
    "#);
    insta::assert_snapshot!(terminal.run("mcp install --yes")?, @r#"
    Cursor  HOME/.cursor/mcp.json
      has it already
    "#);
    insta::assert_snapshot!(terminal.run("mcp install --json")?, @r#"
    {
      "applied": false,
      "clients": [
        {
          "added": [],
          "backup": null,
          "client": "cursor",
          "file": "HOME/.cursor/mcp.json",
          "problem": null,
          "removed": [],
          "state": "in-place"
        }
      ]
    }
    "#);
    insta::assert_snapshot!(terminal.run("mcp install --client codex --yes")?, @r#"
    Codex  HOME/.codex/config.toml
      + [mcp_servers.membrane]
      + command = "BIN/membrane"
      + args = ["mcp"]
      +
      + [mcp_servers.membrane.env]
      + MEMBRANE_HOME = "HOME"
    ✓ Codex is set up.
    "#);
    Ok(())
}

#[test]
fn somebody_who_is_asked_connects_in_their_browser_and_the_command_hears_of_it() -> Result<()> {
    let home = Home::with_key()?;
    let engine = home.serve()?;
    let provider = Provider::start(&json!({}))?;
    home.add_app(&provider.app_file("acme"))?;
    let ask = ["connection-request", "create", "--integrationKey", "acme", "--name", "Asked for", "--wait", "--json"];
    let (asking, link) = home.leading(&ask)?;
    let seen = person::connects_at(&link, "oauth")?;
    ensure!(seen.starts_with("You asked to connect Acme CRM\n"), "{seen}");
    let said = asking.end()?;
    let answer = said.json()?;
    ensure!(said.code == 0 && answer["status"] == "success", "{said:?}");
    let id = answer["resultConnectionId"].as_str().context("no connection")?;
    let connection = home.json(&["connection", "get", id])?;
    ensure!(connection["connected"] == true && connection["name"] == "Asked for", "{connection}");
    let token = home.json(&["connection", "token", id])?;
    ensure!(provider.whoami(token["accessToken"].as_str().unwrap_or_default())?.as_deref() == Some("ada"), "{token}");

    // One more is made where it is asked for, and the link of a request that nobody waits for does as well.
    let more = ["connect", "--integrationKey", "acme", "--non-interactive", "--allowMultipleConnections"];
    let asked = home.json(&more)?;
    let request = asked["requestId"].as_str().context("no request")?;
    person::connects_at(asked["url"].as_str().context("no link")?, "oauth")?;
    let over = home.json(&["connection-request", "get", request, "--wait"])?;
    ensure!(over["status"] == "success" && over["resultConnectionId"] != id, "{over}");
    engine.end()
}
