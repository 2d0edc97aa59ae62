//! The command beside other programs: remote shells, tokens of programs and tenants, followed events, manual pages.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use membrane_tests::browser::{self, address_in};
use membrane_tests::home::Home;
use membrane_tests::provider::Provider;
use membrane_tests::{Context, Result, Value, ensure, json};

/// What the sandbox lets in with a password, without a browser.
const CONNECT: [&str; 7] =
    ["connect", "--integrationKey", "membrane-sandbox", "--authMethod", "basic", "--input", "username=ada"];
const PASSWORD: &str = "{\"password\": \"sandbox\"}";

#[test]
fn r98_a_sign_in_in_a_browser_elsewhere_is_finished_by_pasting_its_address() -> Result<()> {
    let provider = Provider::start(&json!({}))?;
    let home = Home::with_key()?;
    home.add_app(&provider.app_file("acme"))?;
    let mut command = home.command("membrane")?;
    command.args(["connect", "--integrationKey", "acme", "--authMethod", "link", "--paste", "--json"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut told = BufReader::new(child.stderr.take().context("no standard error")?);
    let mut said = String::new();
    while !said.contains("http") {
        ensure!(told.read_line(&mut said)? > 0, "no address: {said}");
    }
    let link = browser::sign_in(&address_in(&said)?, "ada")?.link()?;
    let mut keyboard = child.stdin.take().context("no standard input")?;
    writeln!(keyboard, "{link}")?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "{said}");
    let made: Value = serde_json::from_slice(&output.stdout)?;
    ensure!(made["state"] == "READY", "{made}");
    Ok(())
}

#[test]
fn a_command_with_a_token_acts_as_the_program_that_has_it() -> Result<()> {
    let mut home = Home::with_key()?;
    // The engine goes on in the background, so that the environment can change.
    let token = home.json(&["client", "create", "script"])?["token"].as_str().context("no token")?.to_owned();
    let address = home.json(&["status"])?["apiUri"].as_str().context("no address")?.to_owned();
    home.set("MEMBRANE_API_URL", &address);
    let said = home.cli(&["connection", "list", "--json"])?;
    ensure!(
        said.code == 2 && said.error()?["hint"].as_str().is_some_and(|hint| hint.contains("client create")),
        "{said:?}"
    );
    home.set("MEMBRANE_TOKEN", &token);
    ensure!(home.json(&["connection", "list"])? == json!([]), "a program may list");
    let refused = home.cli(&["client", "list", "--json"])?;
    ensure!(refused.code == 5, "a program may not see the others: {refused:?}");
    home.set("MEMBRANE_TOKEN", "pat-wrong");
    let refused = home.cli(&["connection", "list", "--json"])?;
    ensure!(refused.code == 5 && refused.error()?["code"] == "not_authenticated", "{refused:?}");
    home.set("MEMBRANE_API_URL", "https://elsewhere.example");
    ensure!(home.cli(&["connection", "list"])?.code == 2, "only this computer is spoken to");
    // Without an address it is where the engine of this computer says that it is.
    home.set("MEMBRANE_API_URL", "");
    home.set("MEMBRANE_TOKEN", &token);
    ensure!(home.json(&["connection", "list"])? == json!([]), "the announced address");
    home.set("MEMBRANE_TOKEN", "");
    ensure!(home.cli(&["stop"])?.code == 0, "stop");
    home.set("MEMBRANE_TOKEN", &token);
    ensure!(home.cli(&["connection", "list"])?.code == 3, "no engine is started for a token");
    Ok(())
}

#[test]
fn a_signed_token_is_a_tenants_own() -> Result<()> {
    let mut home = Home::with_key()?;
    let made = home.json(&["client", "create", "acme", "--workspace"])?;
    let text = |name: &str| made[name].as_str().map(str::to_owned).with_context(|| format!("{name} is missing"));
    let (key, secret) = (text("workspaceKey")?, text("workspaceSecret")?);
    ensure!(home.cli_with(PASSWORD, &[&CONNECT[..], &["--secretsFromStdin"]].concat())?.code == 0, "connected");
    home.set("MEMBRANE_WORKSPACE_SECRET", &secret);
    let signed = home.json(&["token", "--workspaceKey", &key, "--tenantKey", "ada", "--expiresIn", "1m"])?;
    home.set("MEMBRANE_TOKEN", signed["token"].as_str().context("no token")?);
    ensure!(home.json(&["connection", "list"])? == json!([]), "a tenant sees what is the person's");
    home.set("MEMBRANE_TOKEN", "");
    ensure!(home.json(&["connection", "list"])?.as_array().is_some_and(|all| all.len() == 1), "the person's own");
    Ok(())
}

#[test]
fn events_are_followed_until_ctrl_c() -> Result<()> {
    let home = Home::with_key()?;
    let engine = home.serve()?;
    home.wait_for_sandbox()?;
    let mut command = home.command("membrane")?;
    command.args(["events", "--follow", "--json"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("no output")?).lines();
    let connect = [&CONNECT[..], &["--secretsFromStdin", "--allowMultipleConnections"]].concat();
    let mut ids = Vec::new();
    // The first may be past or present when the command comes to it; the second is followed. Each is told once.
    for _ in 0..2 {
        let said = home.cli_with(PASSWORD, &connect)?;
        ensure!(said.code == 0, "{said:?}");
        let event: Value = serde_json::from_str(&lines.next().context("the events ended")??)?;
        ensure!(event["eventType"] == "connection.created" && event["appKey"] == "membrane-sandbox", "{event}");
        ids.push(event["connectionId"].clone());
    }
    ensure!(ids[0] != ids[1], "one was told twice: {ids:?}");
    let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw).context("no pid")?;
    rustix::process::kill_process(pid, rustix::process::Signal::INT)?;
    ensure!(child.wait()?.success(), "Ctrl-C is how it ends");
    engine.end()
}

#[test]
fn manual_pages_and_completions_are_made_from_the_command() -> Result<()> {
    let home = Home::bare()?;
    let page = home.cli(&["man"])?;
    ensure!(page.code == 0 && page.out.contains(".TH membrane 1") && page.out.contains("connection"), "{page:?}");
    let folder = home.path().join("man");
    let said = home.cli(&["man", "--dir", &folder.to_string_lossy()])?;
    ensure!(said.code == 0, "{said:?}");
    for page in ["membrane.1", "membrane-connect.1", "membrane-connection-list.1", "membrane-mcp-install.1"] {
        ensure!(std::fs::read_to_string(folder.join(page))?.contains(".SH SYNOPSIS"), "{page}");
    }
    for shell in ["bash", "zsh", "fish"] {
        let said = home.cli(&["completions", shell])?;
        ensure!(said.code == 0 && said.out.contains("connection-request"), "{shell}");
    }
    Ok(())
}
