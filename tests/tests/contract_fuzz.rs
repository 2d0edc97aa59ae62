//! Schemathesis against the API's own description: whatever it sends, no answer is a 5xx or one that is not described.

use std::net::{Shutdown, TcpListener};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Command;

use membrane_tests::home::Home;
use membrane_tests::process::root;
use membrane_tests::{Context, Result, contract, ensure};

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance,unsupported_method";
/// How many requests it makes at least.
const EXAMPLES: u64 = 300;

/// What may end or lock the engine, open a browser, or never ends.
const LEFT_OUT: &str = "^/(events|engine/stop|vault/.*|deep-link|.*/open)$";

#[test]
fn r61_r70_whatever_a_client_sends_no_answer_is_undescribed() -> Result<()> {
    let home = Home::with_key()?;
    let (engine, environment) = contract::start(&home)?;
    let find = |wanted: &str| environment.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
    let (api, token) = (find("API").context("no API")?, find("TOKEN").context("no token")?);
    fuzz(
        &home,
        &api,
        &["--header", &format!("Authorization: Bearer {token}"), "--checks", &format!("{CHECKS},ignored_auth")],
    )?;
    engine.end()
}

#[test]
fn whatever_the_person_sends_no_answer_is_undescribed() -> Result<()> {
    let home = Home::with_key()?;
    let (engine, _) = contract::start(&home)?;
    let address = bridge(home.socket())?;
    fuzz(&home, &address, &["--checks", CHECKS])?;
    engine.end()
}

/// Runs the fuzzer against an engine that has a connection.
fn fuzz(home: &Home, api: &str, arguments: &[&str]) -> Result<()> {
    let connected = r#"{"integrationKey":"membrane-sandbox","authOptionKey":"basic","key":"crm","input":{"username":"ada","password":"sandbox"}}"#;
    home.api("POST", "/connections", Some(&serde_json::from_str(connected)?))?;
    let output = Command::new(root().join("target/python/contract/bin/schemathesis"))
        .current_dir(home.path())
        .env("NO_COLOR", "1")
        .args(["run", &format!("{api}/openapi.json"), "--url", api, "--exclude-path-regex", LEFT_OUT])
        .args(["--phases", "examples,coverage,fuzzing", "--max-examples", "12"])
        .args(["--seed", "1", "--generation-deterministic", "--warnings", "off"])
        .args(["--suppress-health-check", "all", "--request-timeout", "70"])
        .args(arguments)
        .output()
        .context("run `cargo xtask test` once: it installs schemathesis")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let made = said.lines().rev().filter(|line| line.contains("generated")).find_map(count).context(said.clone())?;
    ensure!(made >= EXAMPLES, "only {made} requests were made");
    let still = home.api("GET", "/health", None)?;
    ensure!(still["ok"] == true, "{still}");
    Ok(())
}

/// Listens on TCP for what goes to the engine's socket, where the person is who calls.
fn bridge(socket: PathBuf) -> Result<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = format!("http://{}", listener.local_addr()?);
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(engine) = UnixStream::connect(&socket) else { continue };
            let (Ok(mut client_in), Ok(mut engine_out)) = (client.try_clone(), engine.try_clone()) else { continue };
            let (mut client_out, mut engine_in) = (client, engine);
            std::thread::spawn(move || {
                let _ended = std::io::copy(&mut client_in, &mut engine_out);
                let _closed = engine_out.shutdown(Shutdown::Write);
            });
            std::thread::spawn(move || {
                let _ended = std::io::copy(&mut engine_in, &mut client_out);
                let _closed = client_out.shutdown(Shutdown::Both);
            });
        }
    });
    Ok(address)
}

/// Returns the first number of a line.
fn count(line: &str) -> Option<u64> {
    let digits =
        line.split(|c: char| !c.is_ascii_digit() && c != ',').find(|part| part.chars().any(|c| c.is_ascii_digit()))?;
    digits.replace(',', "").parse().ok()
}
