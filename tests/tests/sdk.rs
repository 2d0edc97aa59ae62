//! Our own clients, for TypeScript and for Rust, against the real engine; their quick starts are run as they are written.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use membrane_tests::agents::{Ready, ready};
use membrane_tests::browser;
use membrane_tests::home::Home;
use membrane_tests::process::{program, root};
use membrane_tests::{Context, Result, ensure};

fn reach(command: &mut Command, ready: &Ready<'_>) {
    command.env("MEMBRANE_API_URL", &ready.api).env("MEMBRANE_TOKEN", &ready.token);
}

#[test]
fn the_typescript_client_does_what_its_tests_say() -> Result<()> {
    let home = Home::with_key()?;
    let ready = ready(&home)?;
    let package = root().join("sdk/js");
    ensure!(package.join("dist/index.js").is_file(), "it is not built: `cargo xtask test` builds it");
    let mut node = Command::new("node");
    node.args([
        "--test",
        "--test-reporter=tap",
        // One that hangs is named.
        "--test-timeout=120000",
        "test/client.test.mjs",
        "test/readme.test.mjs",
        "test/browser.test.mjs",
        "test/package.test.mjs",
    ])
    .current_dir(package);
    reach(&mut node, &ready);
    node.env("SOCKET", home.socket());
    let output = node.stdin(Stdio::null()).output().context("node could not be started")?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success() && said.contains("# fail 0"),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    ensure!(!said.contains("# pass 0"), "nothing was run: {said}");
    ensure!(!ready.engine.running.output().contains(&ready.token), "the token is in the engine's log");
    ready.engine.end()
}

/// Runs an example of the Rust client with a person who signs in where it says; returns what it printed.
fn example(name: &str) -> Result<String> {
    let home = Home::with_key()?;
    let ready = ready(&home)?;
    let file = program("membrane")?.parent().map(PathBuf::from).unwrap_or_default().join("examples").join(name);
    ensure!(file.is_file(), "{} is not built: `cargo xtask test` builds it", file.display());
    let mut command = Command::new(file);
    reach(&mut command, &ready);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut said = String::new();
    for line in BufReader::new(child.stdout.take().context("no output")?).lines() {
        let line = line?;
        if let Some(url) = line.strip_prefix("Sign in: ") {
            browser::allow_at_sandbox(url)?;
        }
        said.push_str(&line);
        said.push('\n');
    }
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    ready.engine.end()?;
    Ok(said)
}

#[test]
fn the_quick_start_of_the_rust_client_works_and_is_the_one_in_its_readme() -> Result<()> {
    let code = std::fs::read_to_string(root().join("crates/sdk/examples/quick_start.rs"))?;
    let readme = std::fs::read_to_string(root().join("crates/sdk/README.md"))?;
    let shown = blocks(&readme, "rust");
    ensure!(shown.len() == 1 && code.ends_with(&shown[0]), "the README shows something else than the example");
    let said = example("quick_start")?;
    ensure!(said.contains("Membrane Sandbox is ready, with a token of"), "{said}");
    Ok(())
}

#[test]
fn the_rust_client_does_what_its_tour_says() -> Result<()> {
    let said = example("tour")?;
    ensure!(said.ends_with("all of it held\n"), "{said}");
    Ok(())
}

#[test]
fn the_page_of_clients_shows_only_code_that_is_run() -> Result<()> {
    let page = std::fs::read_to_string(root().join("docs/sdk.md"))?;
    let readme = std::fs::read_to_string(root().join("sdk/js/README.md"))?;
    let example = std::fs::read_to_string(root().join("crates/sdk/examples/quick_start.rs"))?;
    let (script, rust) = (blocks(&page, "js"), blocks(&page, "rust"));
    ensure!(!script.is_empty() && !rust.is_empty(), "there is no code in docs/sdk.md");
    for code in script {
        ensure!(blocks(&readme, "js").contains(&code), "this is not what the README's test runs:\n{code}");
    }
    for code in rust {
        ensure!(example.contains(&code), "this is not in the example:\n{code}");
    }
    Ok(())
}

/// Returns the fenced blocks of a language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    page.split(&fence).skip(1).filter_map(|rest| Some(rest[..rest.find("```")?].to_owned())).collect()
}
