//! What the command prints about what surrounds connections: apps, programs, origins, the vault, the sandbox, itself.

use membrane_tests::Result;
use membrane_tests::home::Home;
use membrane_tests::terminal::Terminal;

#[test]
fn apps_and_their_clients() -> Result<()> {
    let home = Home::with_key()?;
    let engine = home.serve()?;
    home.wait_for_sandbox()?;
    let terminal = Terminal::new(&home);
    insta::assert_snapshot!(terminal.run("app show membrane-sandbox")?, @r#"
    Membrane Sandbox
    A make-believe CRM on this computer, to try everything with before you connect anything real.

    Sign in with Membrane Sandbox --authMethod oauth
      Redirect URI: http://127.0.0.1/oauth-callback

    Sign in on another device --authMethod device

    API key --authMethod api-key
      1. Open the keys page of the sandbox, choose whose key it is, and make one.
      2. Copy it and paste it here.
      http://127.0.0.1:PORT/keys
      key: API key — Shown once, right after you make it.

    User name and password --authMethod basic
      1. Write ada or ben as the user name, and sandbox as the password.
      http://127.0.0.1:PORT/
      username: User name — ada or ben.
      password: Password — It is sandbox for both of them.

    Client id and secret --authMethod service
      1. Write sandbox-service as the client id, and sandbox-service-secret as its secret.
      http://127.0.0.1:PORT/
      client_id: Client id — It is sandbox-service.
      client_secret: Client secret — It is sandbox-service-secret: it opens made-up data only.

    membrane connect --integrationKey membrane-sandbox
    "#);
    insta::assert_snapshot!(terminal.run("app show nothing")?, @r#"
    ! Error: No app is called "nothing".
    !        `membrane app list` shows the apps; `membrane app add FILE` adds one of your own.
    exit 4
    "#);
    insta::assert_snapshot!(terminal.run("app show 'No Key' --json")?, @r#"
    ! {
    !   "error": {
    !     "code": "bad_request",
    !     "hint": "Mend the named part of the request and send it again.",
    !     "message": "an app key is lower-case words joined by dashes, like \"google-calendar\""
    !   }
    ! }
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("app export nothing")?, @r#"
    ! Error: No app is called "nothing".
    !        `membrane app list` shows the apps; `membrane app add FILE` adds one of your own.
    exit 4
    "#);
    insta::assert_snapshot!(terminal.run("app add no-such-file.toml")?, @r#"
    ! Error: Failed to read no-such-file.toml: No such file or directory (os error 2).
    !        Check the file's name and that it is text you may read.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run_with("key = 'broken'\n", "app add -")?, @r#"
    ! Error: Standard input, line 1: the file has no name. Write name = "My App".
    !        Mend the named line; docs/catalog.md describes the format.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run_with("", "app add -")?, @r#"
    ! Error: Standard input, line 1: the file has no key. Write key = "my-app".
    !        Mend the named line; docs/catalog.md describes the format.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("app client membrane-sandbox --clientId mine")?, @"✓ Membrane Sandbox uses your client now: membrane connect --integrationKey membrane-sandbox");
    insta::assert_snapshot!(terminal.run("app client nothing --clientId mine")?, @r#"
    ! Error: No app is called "nothing".
    !        `membrane app list` shows the apps; `membrane app add FILE` adds one of your own.
    exit 4
    "#);
    insta::assert_snapshot!(terminal.run("app client hubspot --clientId 'two words'")?, @r#"
    ! Error: clientId is 1 to 512 characters without spaces.
    !        Mend the named field and send it again.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("app client hubspot --clientId mine --clientSecretFile no-such-file")?, @r#"
    ! Error: Failed to read no-such-file: No such file or directory (os error 2).
    !        Check the file's name and that it is text you may read.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("app client hubspot --clientSecretFile - --remove")?, @r#"
    ! error: the argument '--clientSecretFile <FILE>' cannot be used with '--remove'
    !
    ! Usage: membrane app client --clientSecretFile <FILE> <KEY>
    !
    ! For more information, try '--help'.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("app client hubspot --remove")?, @"✓ The client of HubSpot is forgotten.");
    engine.end()
}

#[test]
fn programs_that_are_let_in() -> Result<()> {
    let home = Home::with_key()?;
    let engine = home.serve()?;
    home.wait_for_sandbox()?;
    let terminal = Terminal::new(&home);
    insta::assert_snapshot!(terminal.run("client create 'My script'")?, @r#"
    pat-…
    ! This token is shown once. Give it to the program; it is no longer shown after this.
    "#);
    insta::assert_snapshot!(terminal.run("client create ''")?, @r#"
    ! Error: A client's name has 1 to 80 characters on one line.
    !        Mend the named part of the request and send it again.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("client create server --workspace --json")?, @r#"
    {
      "id": "cli_ID",
      "name": "server",
      "workspaceKey": "wks_ID",
      "workspaceSecret": "SECRET"
    }
    "#);
    insta::assert_snapshot!(terminal.run("client list")?, @r#"
    NAME       GETS TOKENS  LAST USED  ID
    My script  yes          never      cli_ID
    server     yes          never      cli_ID
    "#);
    insta::assert_snapshot!(terminal.run("client revoke nobody")?, @r#"
    ! Error: No client is called "nobody".
    !        `membrane client list` shows the clients there are.
    exit 4
    "#);
    insta::assert_snapshot!(terminal.run("client revoke 'My script'")?, @"✓ Its token is refused from now on.");
    insta::assert_snapshot!(terminal.run("client create")?, @r#"
    ! error: the following required arguments were not provided:
    !   <NAME>
    !
    ! Usage: membrane client create <NAME>
    !
    ! For more information, try '--help'.
    exit 2
    "#);
    engine.end()
}

#[test]
fn origins_that_are_let_in() -> Result<()> {
    let home = Home::with_key()?;
    let engine = home.serve()?;
    home.wait_for_sandbox()?;
    let terminal = Terminal::new(&home);
    insta::assert_snapshot!(terminal.run("origin allow http://localhost:3000")?, @"✓ Pages of http://localhost:3000 may show Membrane's pages.");
    insta::assert_snapshot!(terminal.run("origin allow nonsense")?, @r#"
    ! Error: That is no origin of a web page.
    !        Write scheme, host and port: http://localhost:3000 or https://app.example.com.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("origin allow https://shop.example/path")?, @r#"
    ! Error: That is no origin of a web page.
    !        Write scheme, host and port: http://localhost:3000 or https://app.example.com.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("origin allow http://shop.example")?, @r#"
    ! Error: That is no origin of a web page.
    !        Write scheme, host and port: http://localhost:3000 or https://app.example.com.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("origin list")?, @r#"
    ORIGIN                 ALLOWED
    http://localhost:3000  DATE
    "#);
    insta::assert_snapshot!(terminal.run("origin list --json")?, @r#"
    [
      {
        "origin": "http://localhost:3000",
        "approvedAt": "TIME"
      }
    ]
    "#);
    insta::assert_snapshot!(terminal.run("origin remove http://localhost:3000")?, @"✓ It may no longer.");
    insta::assert_snapshot!(terminal.run("origin remove http://localhost:3000")?, @r#"
    ! Error: http://localhost:3000 is not approved.
    !        `membrane origin list` shows the origins there are.
    exit 4
    "#);
    engine.end()
}

#[test]
fn the_vault_says_how_it_is_opened() -> Result<()> {
    let home = Home::with_key()?;
    let engine = home.serve()?;
    home.wait_for_sandbox()?;
    let terminal = Terminal::new(&home);
    insta::assert_snapshot!(terminal.run("vault status --json")?, @r#"
    {
      "state": "unlocked",
      "backend": "environment",
      "sentence": "Secrets are sealed with a key from the environment."
    }
    "#);
    insta::assert_snapshot!(terminal.run("vault init")?, @r#"
    ! error: the following required arguments were not provided:
    !   --passphrase
    !
    ! Usage: membrane vault init --passphrase
    !
    ! For more information, try '--help'.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run_with("secret\n", "vault init --passphrase")?, @r#"
    ! Error: The passphrase is too short: at least 8 characters.
    !        Choose a longer one; a few words you can remember are good.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("vault unlock")?, @"● Secrets are sealed with a key from the environment.");
    insta::assert_snapshot!(terminal.run("vault lock")?, @"! The vault is locked. Run `membrane vault unlock`.");
    insta::assert_snapshot!(terminal.run("vault reset")?, @r#"
    ! Error: A reset asks first, and nobody is at the terminal.
    !        Add --yes to go on.
    exit 2
    "#);
    engine.end()
}

#[test]
fn the_sandbox_plays() -> Result<()> {
    let home = Home::with_key()?;
    let engine = home.serve()?;
    home.wait_for_sandbox()?;
    let terminal = Terminal::new(&home);
    insta::assert_snapshot!(terminal.run("sandbox revoke")?, @"✓ Access was ended at the sandbox.");
    insta::assert_snapshot!(terminal.run("sandbox outage --minutes 1")?, @"✓ The sandbox stopped answering. End it with `membrane sandbox recover`.");
    insta::assert_snapshot!(terminal.run("sandbox status")?, @"● The sandbox is at http://127.0.0.1:PORT");
    insta::assert_snapshot!(terminal.run("sandbox recover")?, @"✓ The sandbox answers again.");
    insta::assert_snapshot!(terminal.run("sandbox expire")?, @"✓ All access tokens have run out.");
    insta::assert_snapshot!(terminal.run("sandbox outage --kind nonsense")?, @r#"
    ! error: invalid value 'nonsense' for '--kind <KIND>'
    !   [possible values: 503, hang, html]
    !
    ! For more information, try '--help'.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("sandbox status --json")?, @r#"
    {
      "state": {
        "accessTokens": 0,
        "apiKeys": 0,
        "origin": "http://127.0.0.1:PORT",
        "outage": null,
        "signIns": 0
      },
      "url": "http://127.0.0.1:PORT"
    }
    "#);
    engine.end()
}

#[test]
fn there_is_no_account_and_it_says_so() -> Result<()> {
    let home = Home::with_key()?;
    let engine = home.serve()?;
    home.wait_for_sandbox()?;
    let terminal = Terminal::new(&home);
    insta::assert_snapshot!(terminal.run("status")?, @r#"
    ● Membrane 0.1.0 runs without a screen, process PID.
      Connections  none yet
      Vault        Secrets are sealed with a key from the environment.
      API          http://127.0.0.1:PORT
      Socket       HOME/run/api.sock
      Data         HOME/data
    "#);
    insta::assert_snapshot!(terminal.run("login")?, @r#"
    ✓ You are in: commands of yours on this computer need no login.
      A script of yours gets in with a token: membrane client create NAME
    "#);
    insta::assert_snapshot!(terminal.run("login --non-interactive --clientName claude --json")?, @r#"
    {
      "account": null,
      "apiUri": "http://127.0.0.1:PORT",
      "loggedIn": true
    }
    "#);
    insta::assert_snapshot!(terminal.run("login start")?, @r#"
    ✓ You are in: commands of yours on this computer need no login.
      A script of yours gets in with a token: membrane client create NAME
    "#);
    insta::assert_snapshot!(terminal.run("login --apiUri https://api.example.com")?, @r#"
    ! Error: https://api.example.com is not where the engine of this computer listens.
    !        Leave --apiUri out. To act as a program at another address, set MEMBRANE_API_URL and MEMBRANE_TOKEN.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("login complete 123456")?, @r#"
    ! Error: There is no login to complete.
    !        You need no account on this computer: go on with `membrane connect`.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("logout")?, @r#"
    ! Error: There is no account to log out of.
    !        To end a program's access: membrane client revoke NAME. To lock what is kept: membrane vault lock.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("logout --json")?, @r#"
    ! {
    !   "error": {
    !     "code": "bad_request",
    !     "hint": "To end a program's access: membrane client revoke NAME. To lock what is kept: membrane vault lock.",
    !     "message": "there is no account to log out of"
    !   }
    ! }
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("credentials")?, @r#"
    API  http://127.0.0.1:PORT
    ! Tokens are shown once, when a program is let in: membrane client create NAME
    "#);
    insta::assert_snapshot!(terminal.run("credentials --shell")?, @r#"
    export MEMBRANE_API_URL='http://127.0.0.1:PORT'
    ! Tokens are shown once, when a program is let in: membrane client create NAME
    "#);
    insta::assert_snapshot!(terminal.run("credentials --json")?, @r#"
    {
      "apiUri": "http://127.0.0.1:PORT",
      "token": null
    }
    "#);
    engine.end()
}

#[test]
fn pages_links_and_the_end() -> Result<()> {
    let home = Home::with_key()?;
    let engine = home.serve()?;
    home.wait_for_sandbox()?;
    let terminal = Terminal::new(&home);
    insta::assert_snapshot!(terminal.run("console --print")?, @r#"
    Open this in a browser on this computer, within five minutes; it works once:
      http://127.0.0.1:PORT/console/#…
    "#);
    insta::assert_snapshot!(terminal.run("console --print --json")?, @r#"
    {
      "opened": false,
      "url": "http://127.0.0.1:PORT/console/#…"
    }
    "#);
    insta::assert_snapshot!(terminal.run("open https://example.com")?, @r#"
    ! Error: The link was not followed: its scheme is not one of ours.
    !        Links look like membrane://connect?intent=CRM or membrane://connections/ID.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("open membrane://nothing")?, @r#"
    ! Error: The link was not followed: it names no screen.
    !        Links look like membrane://connect?intent=CRM or membrane://connections/ID.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("open 'membrane://connect?intent=crm'")?, @"Followed.");
    insta::assert_snapshot!(terminal.run("completions nonsense")?, @r#"
    ! error: invalid value 'nonsense' for '<SHELL>'
    !   [possible values: bash, elvish, fish, powershell, zsh]
    !
    ! For more information, try '--help'.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("man --dir /proc/nowhere")?, @r#"
    ! Error: Failed to write into /proc/nowhere: No such file or directory (os error 2).
    !        Choose a folder that you may write to.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("serve")?, @r#"
    ! Error: The data folder is in use by process PID.
    !        `membrane status` says which process it is; `membrane stop` ends it.
    exit 11
    "#);
    insta::assert_snapshot!(terminal.run("serve --port 99999")?, @r#"
    ! error: invalid value '99999' for '--port <PORT>': 99999 is not in 0..=65535
    !
    ! For more information, try '--help'.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("stop")?, @"✓ The engine ended.");
    insta::assert_snapshot!(terminal.run("credentials")?, @r#"
    ! Error: No engine is running.
    !        Open Membrane Desktop, or run `membrane serve`.
    exit 3
    "#);
    insta::assert_snapshot!(terminal.run("sandbox status")?, @"● The sandbox is at http://127.0.0.1:PORT");
    drop(engine);
    Ok(())
}

#[test]
fn what_the_doctor_looks_at() -> Result<()> {
    let home = Home::with_key()?;
    let engine = home.serve()?;
    let terminal = Terminal::new(&home);
    // What it finds is about this computer; what it looks at is always the same.
    let found = home.json(&["doctor"])?;
    let findings = found["findings"].as_array().cloned().unwrap_or_default();
    let subjects: Vec<&str> = findings.iter().filter_map(|one| one["subject"].as_str()).collect();
    assert_eq!(subjects, ["keychain", "schemes", "port", "clock", "network", "permissions", "disk"]);
    for one in &findings {
        let wanting = one["outcome"] == "warning" || one["outcome"] == "broken";
        assert!(one["sentence"].is_string() && (!wanting || one["fix"].is_string()), "{one}");
    }
    insta::assert_snapshot!(terminal.run("doctor extra")?, @r#"
    ! error: unexpected argument 'extra' found
    !
    ! Usage: membrane doctor [OPTIONS]
    !
    ! For more information, try '--help'.
    exit 2
    "#);
    engine.end()
}
