//! Without a display and without a session bus: the whole main job from a terminal, and who may use the socket.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use membrane_tests::browser;
use membrane_tests::home::Home;
use membrane_tests::provider::Provider;
use membrane_tests::{Context, Result, ensure, json, wait};

const SOON: Duration = Duration::from_secs(20);

#[test]
fn r98_the_whole_main_job_is_done_from_a_terminal_alone() -> Result<()> {
    let provider = Provider::start(&json!({ "accessTtl": 4 }))?;
    let home = Home::with_key()?;
    home.add_app(&provider.app_file("acme"))?;
    let (connecting, address) = home.connecting(&["--intent", "acme crm", "--json"])?;
    browser::sign_in(&address, "ada")?;
    let made = connecting.end()?.json()?;
    let id = made["id"].as_str().context("no id")?;
    let renewed = provider.refreshes()? + 1;
    wait::until_true("a renewal", SOON, || Ok(provider.refreshes()? >= renewed))?;
    provider.revoke_all()?;
    home.until(id, "the disconnect", SOON, |connection| connection["disconnected"] == true)?;
    let told = home.cli(&["connection", "list"])?;
    ensure!(told.out.contains("Reconnect") && told.out.contains("Acme CRM"), "{told:?}");
    let refused = home.cli(&["connection", "token", id, "--json"])?;
    ensure!(
        refused.code == 8 && refused.error()?["hint"].as_str().is_some_and(|hint| hint.contains(id)),
        "{refused:?}"
    );
    let (connecting, address) = home.connecting(&["--connectionId", id, "--json"])?;
    browser::sign_in(&address, "ada")?;
    ensure!(connecting.end()?.json()?["id"] == made["id"], "it is another connection");
    home.json(&["connection", "archive", id, "--yes"])?;
    wait::until_true("the revocation", SOON, || Ok(provider.live_refresh_tokens()? == 0))
}

#[test]
fn r98_the_answer_of_a_browser_on_another_computer_is_pasted_back() -> Result<()> {
    let provider = Provider::start(&json!({}))?;
    let home = Home::with_key()?;
    home.add_app(&provider.app_file("acme"))?;
    // A link that only a desktop can follow stands for a loopback address that only the other computer has.
    let started = ["connect", "--integrationKey", "acme", "--authMethod", "link", "--noWait"];
    let session = home.json(&started)?;
    let link = browser::sign_in(session["authorizationUrl"].as_str().context("no address")?, "ada")?.link()?;
    let path = format!("/connect-sessions/{}", session["id"].as_str().unwrap_or_default());
    home.api("POST", &format!("{path}/callback"), Some(&json!({ "url": link })))?;
    wait::until_true("the connection", SOON, || Ok(home.api("GET", &path, None)?["state"] == "done"))?;
    let again = home.call("POST", &format!("{path}/callback"), Some(&json!({ "url": link })))?;
    ensure!(again.status >= 400, "an answer was taken twice: {}", again.text());
    Ok(())
}

#[test]
fn r60_another_user_of_this_computer_is_refused_even_if_the_file_lets_it_in() -> Result<()> {
    const PROBE: &str = "import socket, sys
peer = socket.socket(socket.AF_UNIX)
peer.settimeout(10)
try:
    peer.connect(sys.argv[1])
    peer.sendall(b'GET /connections HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n')
    print(peer.recv(200).decode())
except OSError as error:
    print('closed', error)
";
    let home = Home::with_key()?;
    let engine = home.serve()?;
    let socket = home.socket();
    let ask = |program: &str, arguments: &[&str]| -> Result<String> {
        let output =
            Command::new(program).args(arguments).args(["/usr/bin/python3", "-c", PROBE]).arg(&socket).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    ensure!(ask("env", &[])?.starts_with("HTTP/1.1 200"), "the owner is refused");
    if !rustix::process::geteuid().is_root() {
        // Nobody else can be played; that the folder is closed to others is what is left to show.
        let mode = std::fs::metadata(home.path().join("run"))?.permissions().mode();
        ensure!(mode & 0o077 == 0, "{mode:o}");
        return engine.end();
    }
    let open = |path: &std::path::Path| std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777));
    open(home.path())?;
    open(&home.path().join("run"))?;
    open(&socket)?;
    let stranger = ask("setpriv", &["--reuid=65534", "--regid=65534", "--clear-groups"])?;
    ensure!(!stranger.contains("200"), "another user was let in: {stranger}");
    ensure!(ask("env", &[])?.starts_with("HTTP/1.1 200"), "the owner is refused after that");
    engine.end()
}
