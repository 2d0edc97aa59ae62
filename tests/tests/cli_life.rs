//! What the command prints through the life of a connection.

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
    insta::assert_snapshot!(terminal.run("connection list --json")?, @"[]");
    insta::assert_snapshot!(terminal.run("connection list --search x")?, @"No connection fits.");
    insta::assert_snapshot!(terminal.run("events")?, @"Nothing has happened yet.");
    insta::assert_snapshot!(terminal.run("connection list --limit 2 --json")?, @r#"
    {
      "items": []
    }
    "#);
    insta::assert_snapshot!(terminal.run("client list")?, @"No program has a token. Let one in: membrane client create NAME");
    insta::assert_snapshot!(terminal.run("origin list")?, @"No web page may show Membrane's pages. Let one: membrane origin allow URL");
    insta::assert_snapshot!(terminal.run("integration list --search sandbox")?, @r#"
    APP               KEY               CATEGORIES
    Membrane Sandbox  membrane-sandbox  developer-tools, crm
    "#);
    insta::assert_snapshot!(terminal.run("integration list --search qqqq")?, @"No app fits. Say it in other words, or add one: membrane app add FILE");
    insta::assert_snapshot!(terminal.run("search membrane sandbox")?, @r#"
    APP               KEY               WHY
    Membrane Sandbox  membrane-sandbox  is called Membrane Sandbox

    membrane connect --integrationKey membrane-sandbox
    "#);
    insta::assert_snapshot!(terminal.run("vault status")?, @"● Secrets are sealed with a key from the environment.");
    insta::assert_snapshot!(terminal.run("sandbox status")?, @"● The sandbox is at http://127.0.0.1:PORT");
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
    insta::assert_snapshot!(terminal.run("connection ensure https://crm.invalid --json")?, @r#"
    ! {
    !   "error": {
    !     "code": "offline",
    !     "hint": "Check the address and your network; addresses inside a private network are not followed.",
    !     "message": "crm.invalid can't be signed in to: the server's name could not be looked up"
    !   }
    ! }
    exit 6
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
    insta::assert_snapshot!(terminal.run("connection test crm")?, @"✓ It works.");
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
    insta::assert_snapshot!(terminal.run("connection delete crm --yes")?, @"✓ Archived My CRM.");
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
      "lastActiveAt": null,
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
      "lastActiveAt": null
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
