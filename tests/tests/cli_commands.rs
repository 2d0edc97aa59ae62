//! What the command prints, command by command, errors included.

use membrane_tests::Result;
use membrane_tests::home::Home;
use membrane_tests::terminal::Terminal;

#[test]
fn what_there_is_before_anything_is_connected() -> Result<()> {
    let home = Home::with_key()?;
    let engine = home.serve()?;
    home.wait_for_sandbox()?;
    let terminal = Terminal::new(&home);
    insta::assert_snapshot!(terminal.run("connection list")?, @r#"
    No connections yet. Connect one: membrane connect --intent CRM
    Or try the sandbox, with nothing to register: membrane connect --integrationKey membrane-sandbox
    "#);
    insta::assert_snapshot!(terminal.run("connection list --json")?, @r#"
    []
    "#);
    insta::assert_snapshot!(terminal.run("connection list --search x")?, @r#"
    No connection fits.
    "#);
    insta::assert_snapshot!(terminal.run("events")?, @r#"
    Nothing has happened yet.
    "#);
    insta::assert_snapshot!(terminal.run("connection list --limit 2 --json")?, @r#"
    {
      "items": []
    }
    "#);
    insta::assert_snapshot!(terminal.run("client list")?, @r#"
    No program has a token. Let one in: membrane client create NAME
    "#);
    insta::assert_snapshot!(terminal.run("origin list")?, @r#"
    No web page may show Membrane's pages. Let one: membrane origin allow URL
    "#);
    insta::assert_snapshot!(terminal.run("integration list --search sandbox")?, @r#"
    APP               KEY               CATEGORIES
    Membrane Sandbox  membrane-sandbox  developer-tools, crm
    "#);
    insta::assert_snapshot!(terminal.run("integration list --search qqqq")?, @r#"
    No app fits. Say it in other words, or add one: membrane app add FILE
    "#);
    insta::assert_snapshot!(terminal.run("search membrane sandbox")?, @r#"
    APP               KEY               WHY
    Membrane Sandbox  membrane-sandbox  is called Membrane Sandbox

    membrane connect --integrationKey membrane-sandbox
    "#);
    insta::assert_snapshot!(terminal.run("vault status")?, @r#"
    ● Secrets are sealed with a key from the environment.
    "#);
    insta::assert_snapshot!(terminal.run("sandbox status")?, @r#"
    ● The sandbox is at http://127.0.0.1:PORT
    "#);
    engine.end()
}

#[test]
fn the_life_of_a_connection() -> Result<()> {
    let home = Home::with_key()?;
    let engine = home.serve()?;
    home.wait_for_sandbox()?;
    let terminal = Terminal::new(&home);
    insta::assert_snapshot!(terminal.run_with("{\"password\": \"sandbox\"}", "connect --integrationKey membrane-sandbox --authMethod basic --input username=ada --secretsFromStdin --connectionKey crm --name 'My CRM'")?, @r#"
    ✓ Connected Membrane Sandbox as ada@sandbox.example.
      Connected. The access does not run out by itself.
      membrane connection token con_ID
    "#);
    insta::assert_snapshot!(terminal.run("connection list")?, @r#"
    NAME    APP               STATUS     ACCOUNT              ID
    My CRM  Membrane Sandbox  Connected  ada@sandbox.example  con_ID
    "#);
    insta::assert_snapshot!(terminal.run("connection list --limit 1 --json")?, @r#"
    {
      "items": [
        {
          "id": "con_ID",
          "key": "crm",
          "name": "My CRM",
          "userId": "default",
          "tenantId": "default",
          "integrationId": "membrane-sandbox",
          "integrationKey": "membrane-sandbox",
          "connectorId": "membrane-sandbox",
          "externalAppId": "membrane-sandbox",
          "authOptionKey": "basic",
          "appName": "Membrane Sandbox",
          "state": "READY",
          "connected": true,
          "disconnected": false,
          "errors": [],
          "retryAttempts": 0,
          "nextRetryTimestamp": null,
          "nextCredentialsRefreshAt": null,
          "canRefreshCredentials": false,
          "canTest": true,
          "expiresAt": null,
          "account": {
            "id": "ada",
            "label": "ada@sandbox.example"
          },
          "scopes": [],
          "input": {
            "username": "ada"
          },
          "meta": {},
          "health": {
            "status": "connected",
            "label": "Connected",
            "sentence": "Connected. The access does not run out by itself.",
            "warnings": []
          },
          "createdAt": "TIME",
          "updatedAt": "TIME",
          "lastActiveAt": null
        }
      ],
      "cursor": "5b226d656d6272616e652d73616e64626f78222c224d792043524d222c22636f6e5f3031613231303064363961343730313838336236343136333564646337646138225d"
    }
    "#);
    insta::assert_snapshot!(terminal.run("connection get crm")?, @r#"
    ● My CRM
      Connected. The access does not run out by itself.
      App       Membrane Sandbox
      Account   ada@sandbox.example
      Key       crm
      Id        con_ID
    "#);
    insta::assert_snapshot!(terminal.run("connection get crm --wait --timeout 5")?, @r#"
    ● My CRM
      Connected. The access does not run out by itself.
      App       Membrane Sandbox
      Account   ada@sandbox.example
      Key       crm
      Id        con_ID
    "#);
    insta::assert_snapshot!(terminal.run("connection ensure https://api.example.com --json")?, @r#"
    ! {
    !   "error": {
    !     "code": "no_match",
    !     "hint": "Describe the app in a small file and add it: membrane app add FILE.",
    !     "message": "no app in the catalog is at api.example.com"
    !   }
    ! }
    exit 4
    "#);
    insta::assert_snapshot!(terminal.run("connection patch crm --data '{\"name\": \"Work\", \"meta\": {\"team\": 7}}'")?, @r#"
    ● Work
      Connected. The access does not run out by itself.
      App       Membrane Sandbox
      Account   ada@sandbox.example
      Key       crm
      Id        con_ID
    "#);
    insta::assert_snapshot!(terminal.run("connection rename crm 'My CRM'")?, @r#"
    ● My CRM
      Connected. The access does not run out by itself.
      App       Membrane Sandbox
      Account   ada@sandbox.example
      Key       crm
      Id        con_ID
    "#);
    insta::assert_snapshot!(terminal.run("connection test crm")?, @r#"
    ✓ It works.
    "#);
    insta::assert_snapshot!(terminal.run("connection refresh crm")?, @r#"
    ! Error: There is nothing to renew this connection with.
    !        It works until it runs out or is revoked; reconnect it then.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("connection pause crm")?, @r#"
    ○ My CRM
      Paused until you resume it. Tools can't use it meanwhile.
      App       Membrane Sandbox
      Account   ada@sandbox.example
      Key       crm
      Id        con_ID
    "#);
    insta::assert_snapshot!(terminal.run("connection token crm")?, @r#"
    ! Error: Membrane Sandbox is paused.
    !        Resume it in the app, or wait until its pause ends.
    exit 8
    "#);
    insta::assert_snapshot!(terminal.run("connection resume crm")?, @r#"
    ● My CRM
      Connected. The access does not run out by itself.
      App       Membrane Sandbox
      Account   ada@sandbox.example
      Key       crm
      Id        con_ID
    "#);
    insta::assert_snapshot!(terminal.run("connection events crm")?, @r#"
    WHEN              WHAT                WHY
    DATE CLOCK  connection.created
    "#);
    insta::assert_snapshot!(terminal.run("connection archive crm")?, @r#"
    ! Error: Archiving asks first, and nobody is at the terminal.
    !        Add --yes to archive it.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("connection delete crm --yes")?, @r#"
    ✓ Archived My CRM.
    "#);
    insta::assert_snapshot!(terminal.run("connection get $CON")?, @r#"
    ! Error: No connection has the id or key "con_ID".
    !        `membrane connection list` shows the ids there are.
    exit 4
    "#);
    insta::assert_snapshot!(terminal.run("connection restore $CON")?, @r#"
    ! My CRM
      Membrane Sandbox needs you since CLOCK: its credential is not on this computer any more. Reconnect to go on.
      App       Membrane Sandbox
      Account   ada@sandbox.example
      Key       crm
      Id        con_ID
    !   membrane connect --connectionId con_ID
    "#);
    insta::assert_snapshot!(terminal.run("connection list")?, @r#"
    NAME    APP               STATUS     ACCOUNT              ID
    My CRM  Membrane Sandbox  Reconnect  ada@sandbox.example  con_ID

    ! Membrane Sandbox needs you since CLOCK: its credential is not on this computer any more. Reconnect to go on.
      membrane connect --connectionId con_ID  # ada@sandbox.example
    "#);
    insta::assert_snapshot!(terminal.run("events --limit 2")?, @r#"
    DATE CLOCK  connection.created       membrane-sandbox  con_ID
    DATE CLOCK  connection.deleted       membrane-sandbox  con_ID
    "#);
    engine.end()
}

#[test]
fn json_answers_have_the_shapes_of_the_api() -> Result<()> {
    let home = Home::with_key()?;
    let engine = home.serve()?;
    home.wait_for_sandbox()?;
    let terminal = Terminal::new(&home);
    insta::assert_snapshot!(terminal.run_with("{\"password\": \"sandbox\"}", "connect --integrationKey membrane-sandbox --authMethod basic --input username=ada --secretsFromStdin --connectionKey crm --json")?, @r#"
    {
      "id": "con_ID",
      "key": "crm",
      "name": "Membrane Sandbox",
      "userId": "default",
      "tenantId": "default",
      "integrationId": "membrane-sandbox",
      "integrationKey": "membrane-sandbox",
      "connectorId": "membrane-sandbox",
      "externalAppId": "membrane-sandbox",
      "authOptionKey": "basic",
      "appName": "Membrane Sandbox",
      "state": "READY",
      "connected": true,
      "disconnected": false,
      "errors": [],
      "retryAttempts": 0,
      "nextRetryTimestamp": null,
      "nextCredentialsRefreshAt": null,
      "canRefreshCredentials": false,
      "canTest": true,
      "expiresAt": null,
      "account": {
        "id": "ada",
        "label": "ada@sandbox.example"
      },
      "scopes": [],
      "input": {
        "username": "ada"
      },
      "meta": {},
      "health": {
        "status": "connected",
        "label": "Connected",
        "sentence": "Connected. The access does not run out by itself.",
        "warnings": []
      },
      "createdAt": "TIME",
      "updatedAt": "TIME",
      "lastActiveAt": null
    }
    "#);
    insta::assert_snapshot!(terminal.run("connection get crm --json")?, @r#"
    {
      "id": "con_ID",
      "key": "crm",
      "name": "Membrane Sandbox",
      "userId": "default",
      "tenantId": "default",
      "integrationId": "membrane-sandbox",
      "integrationKey": "membrane-sandbox",
      "connectorId": "membrane-sandbox",
      "externalAppId": "membrane-sandbox",
      "authOptionKey": "basic",
      "appName": "Membrane Sandbox",
      "state": "READY",
      "connected": true,
      "disconnected": false,
      "errors": [],
      "retryAttempts": 0,
      "nextRetryTimestamp": null,
      "nextCredentialsRefreshAt": null,
      "canRefreshCredentials": false,
      "canTest": true,
      "expiresAt": null,
      "account": {
        "id": "ada",
        "label": "ada@sandbox.example"
      },
      "scopes": [],
      "input": {
        "username": "ada"
      },
      "meta": {},
      "health": {
        "status": "connected",
        "label": "Connected",
        "sentence": "Connected. The access does not run out by itself.",
        "warnings": []
      },
      "createdAt": "TIME",
      "updatedAt": "TIME",
      "lastActiveAt": null
    }
    "#);
    insta::assert_snapshot!(terminal.run("connection test crm --json")?, @r#"
    {
      "success": true
    }
    "#);
    insta::assert_snapshot!(terminal.run("connection events crm --json")?, @r#"
    [
      {
        "id": "evt_ID",
        "eventType": "connection.created",
        "tenantId": "default",
        "connectionId": "con_ID",
        "appKey": "membrane-sandbox",
        "createdAt": "TIME"
      }
    ]
    "#);
    insta::assert_snapshot!(terminal.run("connection archive crm --yes --json")?, @r#"
    {
      "id": "con_ID",
      "key": "crm",
      "name": "Membrane Sandbox",
      "userId": "default",
      "tenantId": "default",
      "integrationId": "membrane-sandbox",
      "integrationKey": "membrane-sandbox",
      "connectorId": "membrane-sandbox",
      "externalAppId": "membrane-sandbox",
      "authOptionKey": "basic",
      "appName": "Membrane Sandbox",
      "state": "READY",
      "connected": false,
      "disconnected": false,
      "errors": [],
      "retryAttempts": 0,
      "nextRetryTimestamp": null,
      "nextCredentialsRefreshAt": null,
      "canRefreshCredentials": false,
      "canTest": true,
      "expiresAt": null,
      "account": {
        "id": "ada",
        "label": "ada@sandbox.example"
      },
      "scopes": [],
      "input": {
        "username": "ada"
      },
      "meta": {},
      "health": {
        "status": "connected",
        "label": "Connected",
        "sentence": "Connected. The access does not run out by itself.",
        "warnings": []
      },
      "createdAt": "TIME",
      "updatedAt": "TIME",
      "lastActiveAt": "TIME",
      "archivedAt": "TIME"
    }
    "#);
    insta::assert_snapshot!(terminal.run("connection restore $CON --json")?, @r#"
    {
      "id": "con_ID",
      "key": "crm",
      "name": "Membrane Sandbox",
      "userId": "default",
      "tenantId": "default",
      "integrationId": "membrane-sandbox",
      "integrationKey": "membrane-sandbox",
      "connectorId": "membrane-sandbox",
      "externalAppId": "membrane-sandbox",
      "authOptionKey": "basic",
      "appName": "Membrane Sandbox",
      "state": "CLIENT_ACTION_REQUIRED",
      "connected": false,
      "disconnected": true,
      "reason": "secret-lost",
      "since": "TIME",
      "clientAction": {
        "type": "connect",
        "description": "Membrane Sandbox needs you since CLOCK: its credential is not on this computer any more. Reconnect to go on.",
        "uiUrl": "membrane://connections/con_ID"
      },
      "errors": [
        {
          "type": "connection",
          "key": "connection_is_defunct",
          "message": "Membrane Sandbox needs you since CLOCK: its credential is not on this computer any more. Reconnect to go on.",
          "data": {
            "code": "disconnected",
            "hint": "Run `membrane connect --connectionId ID`, or press Reconnect in the app.",
            "action": "reconnect"
          }
        }
      ],
      "retryAttempts": 0,
      "nextRetryTimestamp": null,
      "nextCredentialsRefreshAt": null,
      "canRefreshCredentials": false,
      "canTest": true,
      "expiresAt": null,
      "account": {
        "id": "ada",
        "label": "ada@sandbox.example"
      },
      "scopes": [],
      "input": {
        "username": "ada"
      },
      "meta": {},
      "health": {
        "status": "attention",
        "label": "Reconnect",
        "sentence": "Membrane Sandbox needs you since CLOCK: its credential is not on this computer any more. Reconnect to go on.",
        "warnings": []
      },
      "createdAt": "TIME",
      "updatedAt": "TIME",
      "lastActiveAt": "TIME"
    }
    "#);
    insta::assert_snapshot!(terminal.run("events --limit 1 --json")?, @r#"
    [
      {
        "id": "evt_ID",
        "eventType": "connection.deleted",
        "tenantId": "default",
        "connectionId": "con_ID",
        "appKey": "membrane-sandbox",
        "createdAt": "TIME"
      }
    ]
    "#);
    engine.end()
}

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
    ! Error: Several apps fit "CRM".
    !        Choose one with --integrationKey: salesforce, hubspot, pipedrive, membrane-sandbox.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("connect --non-interactive")?, @r#"
    ! Error: Nothing says what to connect.
    !        Give --intent, --integrationKey or --connectionId.
    exit 2
    "#);
    engine.end()
}

#[test]
fn mistakes_say_what_to_do() -> Result<()> {
    let home = Home::with_key()?;
    let engine = home.serve()?;
    home.wait_for_sandbox()?;
    let terminal = Terminal::new(&home);
    insta::assert_snapshot!(terminal.run("connection get nothing")?, @r#"
    ! Error: No connection has the id or key "nothing".
    !        `membrane connection list` shows the ids there are.
    exit 4
    "#);
    insta::assert_snapshot!(terminal.run("connection get nothing --json")?, @r#"
    ! {
    !   "error": {
    !     "code": "not_found",
    !     "hint": "`membrane connection list` shows the ids there are.",
    !     "message": "no connection has the id or key \"nothing\""
    !   }
    ! }
    exit 4
    "#);
    insta::assert_snapshot!(terminal.run("connection patch nothing --data []")?, @r#"
    ! Error: --data is no JSON object.
    !        Write it as --data '{"name": "Work"}'.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("connection patch nothing --data '{}'")?, @r#"
    ! Error: No connection has the id or key "nothing".
    !        `membrane connection list` shows the ids there are.
    exit 4
    "#);
    insta::assert_snapshot!(terminal.run("connection ensure nowhere")?, @r#"
    ! Error: AppUrl is no web address or domain.
    !        Write it like https://slack.com or slack.com.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("connection ensure https://unknown.example")?, @r#"
    ! Error: No app in the catalog is at unknown.example.
    !        Describe the app in a small file and add it: membrane app add FILE.
    exit 4
    "#);
    insta::assert_snapshot!(terminal.run("connection restore con_nothing")?, @r#"
    ! Error: No connection has the id or key "con_nothing".
    !        `membrane connection list` shows the ids there are.
    exit 4
    "#);
    insta::assert_snapshot!(terminal.run("connection archive nothing --yes")?, @r#"
    ! Error: No connection has the id or key "nothing".
    !        `membrane connection list` shows the ids there are.
    exit 4
    "#);
    insta::assert_snapshot!(terminal.run("connection token nothing")?, @r#"
    ! Error: No connection has the id or key "nothing".
    !        `membrane connection list` shows the ids there are.
    exit 4
    "#);
    insta::assert_snapshot!(terminal.run("connection get")?, @r#"
    ! error: the following required arguments were not provided:
    !   <ID>
    ! 
    ! Usage: membrane connection get <ID>
    ! 
    ! For more information, try '--help'.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("connection list --limit 0")?, @r#"
    ! error: invalid value '0' for '--limit <LIMIT>': 0 is not in 1..=1000
    ! 
    ! For more information, try '--help'.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("connection list --cursor x")?, @r#"
    ! error: the following required arguments were not provided:
    !   --limit <LIMIT>
    ! 
    ! Usage: membrane connection list --limit <LIMIT> --cursor <CURSOR>
    ! 
    ! For more information, try '--help'.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("connect")?, @r#"
    ! Error: Nothing says what to connect.
    !        Give --intent, --integrationKey or --connectionId.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("connect --integrationKey 'no such key'")?, @r#"
    ! Error: "no such key" is no app's key: an app key is lower-case words joined by dashes, like "google-calendar".
    !        `membrane app list` shows the keys.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("connect --intent qqqqzzzz")?, @r#"
    ! Error: No app fits "qqqqzzzz".
    !        Say it in other words, name the app, or add it with `membrane app add FILE`.
    exit 4
    "#);
    insta::assert_snapshot!(terminal.run("connect --intent CRM --json")?, @r#"
    ! {
    !   "error": {
    !     "code": "bad_request",
    !     "hint": "Choose one with --integrationKey: salesforce, hubspot, pipedrive, membrane-sandbox.",
    !     "message": "several apps fit \"CRM\""
    !   }
    ! }
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("connect --integrationKey membrane-sandbox --paste --noWait")?, @r#"
    ! error: the argument '--paste' cannot be used with '--noWait'
    ! 
    ! Usage: membrane connect --integrationKey <KEY> --paste
    ! 
    ! For more information, try '--help'.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("connection events nothing")?, @r#"
    ! Error: No connection has the id or key "nothing".
    !        `membrane connection list` shows the ids there are.
    exit 4
    "#);
    insta::assert_snapshot!(terminal.run("connection test nothing")?, @r#"
    ! Error: No connection has the id or key "nothing".
    !        `membrane connection list` shows the ids there are.
    exit 4
    "#);
    insta::assert_snapshot!(terminal.run("connection pause nothing")?, @r#"
    ! Error: No connection has the id or key "nothing".
    !        `membrane connection list` shows the ids there are.
    exit 4
    "#);
    insta::assert_snapshot!(terminal.run("connection resume nothing")?, @r#"
    ! Error: No connection has the id or key "nothing".
    !        `membrane connection list` shows the ids there are.
    exit 4
    "#);
    insta::assert_snapshot!(terminal.run("connection refresh nothing")?, @r#"
    ! Error: No connection has the id or key "nothing".
    !        `membrane connection list` shows the ids there are.
    exit 4
    "#);
    insta::assert_snapshot!(terminal.run("connection rename nothing x")?, @r#"
    ! Error: No connection has the id or key "nothing".
    !        `membrane connection list` shows the ids there are.
    exit 4
    "#);
    insta::assert_snapshot!(terminal.run("no-such-command")?, @r#"
    ! error: unrecognized subcommand 'no-such-command'
    ! 
    ! Usage: membrane [OPTIONS] <COMMAND>
    ! 
    ! For more information, try '--help'.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("mcp install --client emacs")?, @r#"
    ! Error: No AI client is called "emacs".
    !        Choose from: claude-desktop, claude-code, cursor, vscode, windsurf, codex, gemini, zed, copilot.
    exit 2
    "#);
    engine.end()
}

#[test]
fn nobody_runs_and_nothing_is_started_for_it() -> Result<()> {
    let home = Home::with_key()?;
    let terminal = Terminal::new(&home);
    insta::assert_snapshot!(terminal.run("status")?, @r#"
    ! Error: No engine is running.
    !        Open Membrane Desktop, or run `membrane serve`.
    exit 3
    "#);
    insta::assert_snapshot!(terminal.run("status --json")?, @r#"
    ! {
    !   "error": {
    !     "code": "engine_not_running",
    !     "hint": "Open Membrane Desktop, or run `membrane serve`.",
    !     "message": "no engine is running"
    !   }
    ! }
    exit 3
    "#);
    insta::assert_snapshot!(terminal.run("stop")?, @r#"
    ! Error: No engine is running.
    !        Open Membrane Desktop, or run `membrane serve`.
    exit 3
    "#);
    insta::assert_snapshot!(terminal.run("search membrane sandbox --json")?, @r#"
    {
      "outcome": "pick",
      "items": [
        {
          "key": "membrane-sandbox",
          "name": "Membrane Sandbox",
          "score": 1.0,
          "reason": "is called Membrane Sandbox"
        }
      ]
    }
    "#);
    Ok(())
}

#[test]
fn a_token_for_a_tenant() -> Result<()> {
    let home = Home::with_key()?;
    let terminal = Terminal::new(&home);
    insta::assert_snapshot!(terminal.run_with("secret
", "token --workspaceKey wks --tenantKey ada")?, @r#"
    eyJ…
    "#);
    insta::assert_snapshot!(terminal.run_with("secret
", "token --workspaceKey wks --tenantKey ada --expiresIn 2h --json")?, @r#"
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
    insta::assert_snapshot!(terminal.run_with("secret
", "token --workspaceKey wks --tenantKey ada --expiresIn soon")?, @r#"
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
      +       "command": "/tmp/wt/tools/target/debug/membrane",
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
          "backup": null,
          "client": "cursor",
          "file": "HOME/.cursor/mcp.json",
          "problem": null,
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
      +       "command": "/tmp/wt/tools/target/debug/membrane",
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
          "backup": null,
          "client": "cursor",
          "file": "HOME/.cursor/mcp.json",
          "problem": null,
          "state": "in-place"
        }
      ]
    }
    "#);
    insta::assert_snapshot!(terminal.run("mcp install --client codex --yes")?, @r#"
    Codex  HOME/.codex/config.toml
      + [mcp_servers.membrane]
      + command = "/tmp/wt/tools/target/debug/membrane"
      + args = ["mcp"]
      +
      + [mcp_servers.membrane.env]
      + MEMBRANE_HOME = "HOME"
    ✓ Codex is set up.
    "#);
    Ok(())
}
