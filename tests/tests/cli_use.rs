//! What the command prints where connections are used: calls, webhooks, searches.

use membrane_tests::Result;
use membrane_tests::home::Home;
use membrane_tests::terminal::Terminal;

#[test]
fn calling_an_app() -> Result<()> {
    let home = Home::with_key()?;
    let engine = home.serve()?;
    home.wait_for_sandbox()?;
    let terminal = Terminal::new(&home);
    let connect = "connect --integrationKey membrane-sandbox --authMethod basic --input username=ada --secretsFromStdin --connectionKey crm";
    terminal.run_with("{\"password\": \"sandbox\"}", connect)?;
    insta::assert_snapshot!(terminal.run("request crm /me")?, @r#"{"email":"ada@sandbox.example","id":"ada","name":"Ada Winter","scopes":"profile crm.read crm.write"}"#);
    insta::assert_snapshot!(terminal.run("request crm /me --json")?, @r#"
    {
      "email": "ada@sandbox.example",
      "id": "ada",
      "name": "Ada Winter",
      "scopes": "profile crm.read crm.write"
    }
    "#);
    insta::assert_snapshot!(terminal.run("request crm /nothing")?, @r#"
    {"error":"not_found","error_description":"There is nothing at this address. The front page tells what there is."}
    ! Error: The app answered 404.
    !        Its own answer is printed above, on standard output.
    exit 6
    "#);
    insta::assert_snapshot!(terminal.run("request nothing /me")?, @r#"
    ! Error: No connection has the id or key "nothing".
    !        `membrane connection list` shows the ids there are.
    exit 4
    "#);
    insta::assert_snapshot!(terminal.run("request crm https://evil.example/x")?, @r#"
    ! Error: The address is not one of Membrane Sandbox's own.
    !        Its credential only goes to http://127.0.0.1:PORT.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("request crm /me -H nonsense")?, @r#"
    ! Error: "nonsense" is no header.
    !        Write a name and a value: -H "Accept: text/csv"
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("request crm /me --query nonsense")?, @r#"
    ! Error: "nonsense" is no pair.
    !        Write a name and a value: --query name=value
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("request crm /me -d '{' --json")?, @r#"
    ! {
    !   "error": {
    !     "code": "bad_request",
    !     "hint": "Mend it, or send it with --rawData.",
    !     "message": "the data is no JSON: EOF while parsing an object at line 1 column 1"
    !   }
    ! }
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("request crm '/contacts/{id}'")?, @r#"
    ! Error: {id} in the path has no value.
    !        Give it: --pathParam id=VALUE
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("request crm /me -X NONSENSE")?, @r#"
    ! Error: Method is none of GET, POST, PUT, PATCH, DELETE and HEAD.
    !        Mend the named part of the request and send it again.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("request crm /me --data x --rawData y")?, @r#"
    ! error: the argument '--data <DATA>' cannot be used with '--rawData <DATA>'
    !
    ! Usage: membrane request --data <DATA> <CONNECTION> <PATH>
    !
    ! For more information, try '--help'.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("request crm")?, @r#"
    ! error: the following required arguments were not provided:
    !   <PATH>
    !
    ! Usage: membrane request <CONNECTION> <PATH>
    !
    ! For more information, try '--help'.
    exit 2
    "#);
    engine.end()
}

#[test]
fn calling_an_app_as_one_json_object() -> Result<()> {
    let home = Home::with_key()?;
    let engine = home.serve()?;
    home.wait_for_sandbox()?;
    let terminal = Terminal::new(&home);
    let connect = "connect --integrationKey membrane-sandbox --authMethod basic --input username=ada --secretsFromStdin --connectionKey crm";
    terminal.run_with("{\"password\": \"sandbox\"}", connect)?;
    insta::assert_snapshot!(terminal.run("act --connectionKey crm --api '{\"path\": \"/me\"}'")?, @r#"
    {
      "email": "ada@sandbox.example",
      "id": "ada",
      "name": "Ada Winter",
      "scopes": "profile crm.read crm.write"
    }
    "#);
    insta::assert_snapshot!(terminal.run("act --connectionKey crm --api '{\"path\": \"/me\"}' --json")?, @r#"
    {
      "actionRunId": "run_ID",
      "output": {
        "email": "ada@sandbox.example",
        "id": "ada",
        "name": "Ada Winter",
        "scopes": "profile crm.read crm.write"
      },
      "status": 200
    }
    "#);
    insta::assert_snapshot!(terminal.run("act --connectionId $CON --api '{\"path\": \"/nothing\"}'")?, @r#"
    ! Error: The app answered 404.
    !        The app's own message says more; start again if it looks temporary.
    exit 6
    "#);
    insta::assert_snapshot!(terminal.run("act")?, @r#"
    ! error: the following required arguments were not provided:
    !   --connectionId <ID>
    !
    ! Usage: membrane act --connectionId <ID>
    !
    ! For more information, try '--help'.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("act --connectionKey crm")?, @r#"
    ! Error: Nothing says what to call.
    !        Describe the call: --api '{"method": "GET", "path": "/users"}'. docs/proxy.md says what it takes.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("act --connectionKey crm --api []")?, @r#"
    ! Error: --api is no JSON object.
    !        Describe the call: --api '{"method": "GET", "path": "/users"}'. docs/proxy.md says what it takes.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("act --connectionKey crm --key list-users")?, @r#"
    ! Error: Actions and code are not run on this computer.
    !        Describe the call: --api '{"method": "GET", "path": "/users"}'. docs/proxy.md says what it takes.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("act --connectionKey nothing --api '{\"path\": \"/me\"}'")?, @r#"
    ! Error: No connection has the id or key "nothing".
    !        `membrane connection list` shows the ids there are.
    exit 4
    "#);
    insta::assert_snapshot!(terminal.run("act --connectionKey crm --api @no-such-file")?, @r#"
    ! Error: Failed to read no-such-file: No such file or directory (os error 2).
    !        Check the file's name and that it is text you may read.
    exit 2
    "#);
    engine.end()
}

#[test]
fn addresses_that_are_told() -> Result<()> {
    let home = Home::with_key()?;
    let engine = home.serve()?;
    home.wait_for_sandbox()?;
    let terminal = Terminal::new(&home);
    let connect = "connect --integrationKey membrane-sandbox --authMethod basic --input username=ada --secretsFromStdin --connectionKey crm";
    terminal.run_with("{\"password\": \"sandbox\"}", connect)?;
    insta::assert_snapshot!(terminal.run("webhook list")?, @"No webhooks yet. Tell an address of events: membrane webhook create URL");
    insta::assert_snapshot!(terminal.run("webhook create http://127.0.0.1:9/hook")?, @r#"
    ! Error: URL leads to this computer.
    !        If that is what you want, allow it: --allowLocal, or "allowLocal": true.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("webhook create nonsense")?, @r#"
    ! Error: URL is not a proper address.
    !        Write a public address that starts with https://.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("webhook create https://hooks.example.com/x --event nonsense")?, @r#"
    ! Error: events[0]: unknown variant `nonsense`, expected one of `connection.created`, `connection.deleted`, `connection.disconnected`, `connection.reconnected`.
    !        Mend the named part of the request and send it again.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("webhook create http://127.0.0.1:9/hook --allowLocal --event connection.disconnected")?, @r#"
    whsec_…
    ! Webhook whk_ID. Its secret is shown once; receivers need it.
    "#);
    insta::assert_snapshot!(terminal.run("webhook list")?, @r#"
    URL                      STATUS  WAITING  DEAD  ID
    http://127.0.0.1:PORT/hook  on      0        0     whk_ID
    "#);
    insta::assert_snapshot!(terminal.run("webhook list --json")?, @r#"
    [
      {
        "id": "whk_ID",
        "url": "http://127.0.0.1:PORT/hook",
        "events": [
          "connection.disconnected"
        ],
        "allowLocal": true,
        "includeAccount": false,
        "enabled": true,
        "waiting": 0,
        "dead": 0,
        "createdAt": "TIME",
        "updatedAt": "TIME"
      }
    ]
    "#);
    insta::assert_snapshot!(terminal.run("webhook get $WHK")?, @r#"
    http://127.0.0.1:PORT/hook
      Events    connection.disconnected
      Status    on
      Waiting   0
      Dead      0
      Id        whk_ID
    "#);
    insta::assert_snapshot!(terminal.run("webhook get nothing")?, @r#"
    ! Error: No webhook has the id "nothing".
    !        `membrane webhook list` and `membrane webhook deliveries ID` show the ids there are.
    exit 4
    "#);
    insta::assert_snapshot!(terminal.run("webhook update $WHK --disable")?, @r#"
    http://127.0.0.1:PORT/hook
      Events    connection.disconnected
      Status    off; turn it on: membrane webhook update whk_ID --enable
      Waiting   0
      Dead      0
      Id        whk_ID
    "#);
    insta::assert_snapshot!(terminal.run("webhook update $WHK")?, @r#"
    http://127.0.0.1:PORT/hook
      Events    connection.disconnected
      Status    off; turn it on: membrane webhook update whk_ID --enable
      Waiting   0
      Dead      0
      Id        whk_ID
    "#);
    insta::assert_snapshot!(terminal.run("webhook update nothing --enable")?, @r#"
    ! Error: No webhook has the id "nothing".
    !        `membrane webhook list` and `membrane webhook deliveries ID` show the ids there are.
    exit 4
    "#);
    insta::assert_snapshot!(terminal.run("webhook update $WHK --enable --disable")?, @r#"
    ! error: the argument '--enable' cannot be used with '--disable'
    !
    ! Usage: membrane webhook update --enable <ID>
    !
    ! For more information, try '--help'.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("webhook test nothing")?, @r#"
    ! Error: No webhook has the id "nothing".
    !        `membrane webhook list` and `membrane webhook deliveries ID` show the ids there are.
    exit 4
    "#);
    insta::assert_snapshot!(terminal.run("webhook test $WHK --event nonsense")?, @r#"
    ! Error: eventType: unknown variant `nonsense`, expected one of `connection.created`, `connection.deleted`, `connection.disconnected`, `connection.reconnected`.
    !        Mend the named part of the request and send it again.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("webhook rotate $WHK --overlapHours 1")?, @r#"
    whsec_…
    ! Webhook whk_ID. Its secret is shown once; receivers need it.
    "#);
    insta::assert_snapshot!(terminal.run("webhook rotate nothing")?, @r#"
    ! Error: No webhook has the id "nothing".
    !        `membrane webhook list` and `membrane webhook deliveries ID` show the ids there are.
    exit 4
    "#);
    insta::assert_snapshot!(terminal.run("webhook deliveries $WHK")?, @"Nothing was delivered yet.");
    insta::assert_snapshot!(terminal.run("webhook deliveries nothing")?, @r#"
    ! Error: No webhook has the id "nothing".
    !        `membrane webhook list` and `membrane webhook deliveries ID` show the ids there are.
    exit 4
    "#);
    insta::assert_snapshot!(terminal.run("webhook redeliver $WHK nothing")?, @r#"
    ! Error: The webhook is off.
    !        Turn it on first: membrane webhook update whk_ID --enable
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("webhook delete nothing --yes")?, @r#"
    ! Error: No webhook has the id "nothing".
    !        `membrane webhook list` and `membrane webhook deliveries ID` show the ids there are.
    exit 4
    "#);
    insta::assert_snapshot!(terminal.run("webhook delete $WHK")?, @r#"
    ! Error: Removing asks first, and nobody is at the terminal.
    !        Add --yes to remove it.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("webhook delete $WHK --yes")?, @"✓ Removed.");
    insta::assert_snapshot!(terminal.run("webhook create")?, @r#"
    ! error: the following required arguments were not provided:
    !   <URL>
    !
    ! Usage: membrane webhook create <URL>
    !
    ! For more information, try '--help'.
    exit 2
    "#);
    engine.end()
}

#[test]
fn finding_apps_and_saying_when_a_key_ends() -> Result<()> {
    let home = Home::with_key()?;
    let engine = home.serve()?;
    home.wait_for_sandbox()?;
    let terminal = Terminal::new(&home);
    let connect = "connect --integrationKey membrane-sandbox --authMethod basic --input username=ada --secretsFromStdin --connectionKey crm";
    terminal.run_with("{\"password\": \"sandbox\"}", connect)?;
    insta::assert_snapshot!(terminal.run("search")?, @r#"
    ! error: the following required arguments were not provided:
    !   <INTENT>...
    !
    ! Usage: membrane search <INTENT>...
    !
    ! For more information, try '--help'.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("search qqqqzzzz")?, @"No app fits. Say it in other words, name the app's web address, or add it: membrane app add FILE");
    insta::assert_snapshot!(terminal.run("search qqqqzzzz --json")?, @r#"
    {
      "outcome": "none",
      "items": []
    }
    "#);
    insta::assert_snapshot!(terminal.run("search membrane sandbox --limit 1 --elementType connector --json")?, @r#"
    {
      "outcome": "pick",
      "items": [
        {
          "key": "membrane-sandbox",
          "name": "Membrane Sandbox",
          "score": 1.0,
          "reason": "is called Membrane Sandbox",
          "because": {
            "kind": "called",
            "what": "Membrane Sandbox"
          },
          "elementType": "connector",
          "element": {
            "id": "membrane-sandbox",
            "key": "membrane-sandbox",
            "name": "Membrane Sandbox"
          }
        }
      ]
    }
    "#);
    insta::assert_snapshot!(terminal.run("search sandbox --elementType flow")?, @r#"
    ! Error: "flow" is no type of what can be found here.
    !        Leave --elementType out, or give connector.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("search --batch no-such-file")?, @r#"
    ! Error: Failed to read no-such-file: No such file or directory (os error 2).
    !        Check the file's name and that it is text you may read.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("search sandbox --limit 0")?, @r#"
    ! error: invalid value '0' for '--limit <LIMIT>': 0 is not in 1..=100
    !
    ! For more information, try '--help'.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("external-app list --search sandbox")?, @r#"
    APP               KEY               CATEGORIES
    Membrane Sandbox  membrane-sandbox  developer-tools, crm
    "#);
    insta::assert_snapshot!(terminal.run("external-app list --category nonsense")?, @"No app fits. Say it in other words, or add one: membrane app add FILE");
    insta::assert_snapshot!(terminal.run("integration list --search sandbox --connectors 1 --externalApps")?, @r#"
    APP               KEY               CATEGORIES
    Membrane Sandbox  membrane-sandbox  developer-tools, crm
    "#);
    insta::assert_snapshot!(terminal.run("integration list --limit x")?, @r#"
    ! error: invalid value 'x' for '--limit <LIMIT>': invalid digit found in string
    !
    ! For more information, try '--help'.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("events --limit x")?, @r#"
    ! error: invalid value 'x' for '--limit <LIMIT>': invalid digit found in string
    !
    ! For more information, try '--help'.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("connection end crm tomorrow")?, @r#"
    ! Error: "tomorrow" is no day.
    !        Write a day like DATE, or never.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("connection end nothing never")?, @r#"
    ! Error: No connection has the id or key "nothing".
    !        `membrane connection list` shows the ids there are.
    exit 4
    "#);
    engine.end()
}
