//! The page on agents: its commands are run as they are written.

use std::process::Command;

use membrane_tests::agents::ready;
use membrane_tests::home::Home;
use membrane_tests::process::{program, root};
use membrane_tests::{Context, Result, Value, ensure};

/// Returns the fenced blocks of a language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    page.split(&fence).skip(1).filter_map(|rest| Some(rest[..rest.find("```")?].to_owned())).collect()
}

#[test]
fn what_the_page_on_agents_says_to_type_works() -> Result<()> {
    let page = std::fs::read_to_string(root().join("docs/mcp.md"))?;
    let home = Home::with_key()?;
    let ready = ready(&home)?;
    let programs =
        program("membrane")?.parent().map(|folder| folder.to_string_lossy().into_owned()).context("folder")?;
    let path = format!("{programs}:{}", std::env::var("PATH")?);
    let mut said = Vec::new();
    for script in blocks(&page, "sh") {
        let script = script.replace("http://127.0.0.1:4780", &ready.api);
        let mut shell = Command::new("bash");
        for (name, value) in home.command("membrane")?.get_envs() {
            value.map(|value| shell.env(name, value));
        }
        let output = shell.env("PATH", &path).args(["-euo", "pipefail", "-c", &script]).output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        ensure!(output.status.success(), "{script}\n{}\n{}", text(&output.stdout), text(&output.stderr));
        said.push(text(&output.stdout));
    }
    ensure!(said.len() == 2, "the page has {} commands", said.len());
    let written: Value = serde_json::from_str(&std::fs::read_to_string(home.path().join(".cursor/mcp.json"))?)?;
    let shown: Value = serde_json::from_str(blocks(&page, "json").first().context("no entry is shown")?)?;
    ensure!(written["mcpServers"]["membrane"]["args"] == shown["mcpServers"]["membrane"]["args"], "{written}");
    for tool in ["list-connections", "archive-connection"] {
        ensure!(said[1].contains(tool) && page.contains(&format!("| `{tool}` |")), "{tool}: {}", said[1]);
    }
    ready.engine.end()
}
