//! What the command says to mistakes: what happened, what to do, and an exit code that means something.

use membrane_tests::Result;
use membrane_tests::home::Home;
use membrane_tests::terminal::Terminal;

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
    ! Error: This is no address of an app: it is not on the open internet (appUrl).
    !        Write it like https://crm.example.com or crm.example.com.
    exit 2
    "#);
    insta::assert_snapshot!(terminal.run("connection ensure https://unknown.invalid")?, @r#"
    ! Error: unknown.invalid can't be signed in to: the server's name could not be looked up.
    !        Check the address and your network; addresses inside a private network are not followed.
    exit 6
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
    Ok(())
}
