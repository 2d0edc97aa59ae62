//! `cargo xtask tidy`: the rules of the house that no compiler knows.

mod lexicon;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use serde_json::Value;

use crate::shell::{cargo, output, root, say};

/// The most lines a source file may have.
const LINES_MAX: usize = 500;

/// Which crates may use what; a name that ends in `*` stands for all that start so.
const RESERVED: &[(&str, &[&str])] = &[
    ("tauri*", &["membrane-desktop"]),
    ("rusqlite", &["membrane-store"]),
    ("keyring*", &["membrane-vault"]),
    ("secret-service", &["membrane-vault"]),
    ("zbus-secret-service-keyring-store", &["membrane-vault"]),
    ("axum", &["membrane-api", "membrane-sandbox"]),
    ("oauth2", &["membrane-oauth"]),
    ("reqwest", &["membrane-oauth", "membrane-engine"]),
];

/// Beginnings of real secrets, which nothing in the repository may look like.
const SECRETS: &[&str] = &["ghp_", "github_pat_", "xoxb-", "xoxp-", "sk_live_", "AKIA", "-----BEGIN PRIVATE"];

/// Checks everything and says all that is wrong.
pub(crate) fn run() -> Result<()> {
    let mut problems = Vec::new();
    dependencies(&mut problems)?;
    lexicon::check(root(), &mut problems)?;
    let files = output(&mut crate::shell::command("git", &["ls-files", "--cached", "--others", "--exclude-standard"]))?;
    for file in files.lines().filter(|file| root().join(file).is_file()) {
        let Ok(text) = std::fs::read_to_string(root().join(file)) else { continue };
        source(file, &text, &mut problems);
        secrets(file, &text, &mut problems);
        machine(file, &text, &mut problems);
        if file.ends_with(".md") {
            links(file, &text, &mut problems);
        }
        if let Some(name) = file.strip_prefix("crates/catalog/apps/").filter(|name| name.ends_with(".toml")) {
            app(name, &text, &mut problems);
        }
    }
    unsafe_code(&mut problems)?;
    for problem in &problems {
        say(problem);
    }
    if problems.is_empty() { Ok(()) } else { bail!("{} rules are broken", problems.len()) }
}

fn dependencies(problems: &mut Vec<String>) -> Result<()> {
    let metadata = output(&mut cargo(&["metadata", "--format-version=1", "--no-deps", "--offline"]))?;
    packages(&serde_json::from_str(&metadata)?, problems);
    Ok(())
}

/// Crates are named after their folders and keep to what is theirs; see ARCHITECTURE.md. Tests may use what they like.
fn packages(metadata: &Value, problems: &mut Vec<String>) {
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        let manifest = Path::new(package["manifest_path"].as_str().unwrap_or_default());
        let folder = manifest.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        let is_root = manifest.parent() == metadata["workspace_root"].as_str().map(Path::new);
        let expected = match &*folder {
            _ if is_root => "membrane-desktop".to_owned(),
            "xtask" => "xtask".to_owned(),
            folder => format!("membrane-{folder}"),
        };
        if name != expected {
            problems.push(format!("the crate in {folder} is named {name} instead of {expected}"));
        }
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let used = dependency["name"].as_str().unwrap_or_default();
            let for_tests = dependency["kind"] == "dev" || name == "membrane-tests";
            let rule = RESERVED.iter().find(|(pattern, _)| match pattern.strip_suffix('*') {
                Some(start) => used.starts_with(start),
                None => used == *pattern,
            });
            if let Some((_, allowed)) = rule
                && !for_tests
                && !allowed.contains(&name)
            {
                problems.push(format!("{name} uses {used}, which belongs to {}", allowed.join(" and ")));
            }
        }
    }
}

/// Unsafe code is denied in the whole workspace, and every crate takes part in that.
fn unsafe_code(problems: &mut Vec<String>) -> Result<()> {
    let manifest = |path: &Path| -> Result<toml::Table> { Ok(std::fs::read_to_string(path)?.parse()?) };
    let workspace = manifest(&root().join("Cargo.toml"))?;
    let level = &workspace["workspace"]["lints"]["rust"]["unsafe_code"];
    if !matches!(level.as_str(), Some("deny" | "forbid")) {
        problems.push("Cargo.toml does not deny unsafe code".to_owned());
    }
    let metadata = output(&mut cargo(&["metadata", "--format-version=1", "--no-deps", "--offline"]))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let path = Path::new(package["manifest_path"].as_str().unwrap_or_default());
        let takes_part = manifest(path)?.get("lints").and_then(|lints| lints.get("workspace")?.as_bool());
        if takes_part != Some(true) {
            problems.push(format!("{} does not take the workspace's lints", path.display()));
        }
    }
    Ok(())
}

fn source(file: &str, text: &str, problems: &mut Vec<String>) {
    let code = [".rs", ".ts", ".svelte", ".mjs"].iter().any(|end| file.ends_with(end));
    if !code {
        return;
    }
    let lines = text.lines().count();
    if lines > LINES_MAX {
        problems.push(format!("{file} has {lines} lines, more than {LINES_MAX}: split it"));
    }
    let first = text.lines().next().unwrap_or_default();
    if !["//", "<!--", "#!", "#["].iter().any(|start| first.starts_with(start)) {
        problems.push(format!("{file} does not begin with what it is for"));
    }
    // Put together here, so that this file does not break the rule itself.
    for word in
        ["todo", "unimplemented", "dbg"].map(|word| format!("{word}!(")).into_iter().chain([format!("#[{}]", "ignore")])
    {
        if file.ends_with(".rs") && text.contains(&word) {
            problems.push(format!("{file} has {word}"));
        }
    }
}

fn secrets(file: &str, text: &str, problems: &mut Vec<String>) {
    if file == "xtask/src/tidy/mod.rs" || file == "crates/catalog/src/lint.rs" || file.ends_with("package-lock.json") {
        return;
    }
    for start in SECRETS {
        let looks_real = text.match_indices(start).any(|(place, _)| {
            let rest = &text[place + start.len()..];
            let run: String =
                rest.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).collect();
            run.len() >= 16 && !run.to_lowercase().contains("example")
        });
        if looks_real {
            problems.push(format!("{file} has something that looks like a secret ({start}…)"));
        }
    }
}

/// Nothing names a folder of the machine it was written on; examples are of Ada, or of you.
fn machine(file: &str, text: &str, problems: &mut Vec<String>) {
    let examples = ["ada/", "you/", "<", "$", "{"];
    for folder in [concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("/ho", "me/")] {
        let named = text.match_indices(folder).any(|(place, _)| {
            // A part of a longer path or of an address is another folder.
            let begins =
                text[..place].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && !"._-~})".contains(c));
            let rest = &text[place + folder.len()..];
            begins && !examples.iter().any(|example| rest.starts_with(example))
        });
        if named {
            problems.push(format!("{file} names a folder of one machine ({folder})"));
        }
    }
}

/// Links between files lead somewhere.
fn links(file: &str, text: &str, problems: &mut Vec<String>) {
    let folder = Path::new(file).parent().unwrap_or(Path::new(""));
    for (place, _) in text.match_indices("](") {
        let target = text[place + 2..].split([')', '#', ' ']).next().unwrap_or_default();
        let outside = target.is_empty() || target.contains("://") || target.starts_with("mailto:");
        let path: PathBuf = root().join(folder).join(target);
        if !outside && !path.exists() {
            problems.push(format!("{file} links to {target}, which is not there"));
        }
    }
}

fn app(name: &str, text: &str, problems: &mut Vec<String>) {
    let key = text.parse::<toml::Table>().ok().and_then(|table| Some(table.get("key")?.as_str()?.to_owned()));
    if key.as_deref() != name.strip_suffix(".toml") {
        problems.push(format!("crates/catalog/apps/{name} is not named after its key"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_rules_are_found() {
        let mut problems = Vec::new();
        source("a.rs", &format!("fn main() {{ {}() }}", "todo!"), &mut problems);
        secrets("a.txt", &format!("token = {}{}", "ghp", "_0123456789abcdefghij"), &mut problems);
        links("README.md", "[x](no/such/file.md) [y](https://example.com)", &mut problems);
        app("github.toml", "key = \"gitlab\"", &mut problems);
        assert_eq!(problems.len(), 4 + 1, "{problems:#?}");
    }

    #[test]
    fn crates_keep_to_what_is_theirs() {
        let dependency = |name: &str, kind: Option<&str>| serde_json::json!({"name": name, "kind": kind});
        let package = |name: &str, folder: &str, dependencies: &[Value]| serde_json::json!({"name": name, "manifest_path": format!("/x/{folder}Cargo.toml"), "dependencies": dependencies});
        let metadata = serde_json::json!({"workspace_root": "/x", "packages": [
            package("membrane-desktop", "", &[dependency("tauri-plugin-opener", None)]),
            package("membrane-store", "crates/store/", &[dependency("rusqlite", None)]),
            package("membrane-api", "crates/api/", &[dependency("axum", None), dependency("reqwest", Some("dev"))]),
            package("membrane-cli", "crates/cli/", &[dependency("rusqlite", None), dependency("tauri-build", Some("build"))]),
            package("helpers", "crates/util/", &[]),
        ]});
        let mut problems = Vec::new();
        packages(&metadata, &mut problems);
        assert_eq!(
            problems,
            [
                "membrane-cli uses rusqlite, which belongs to membrane-store",
                "membrane-cli uses tauri-build, which belongs to membrane-desktop",
                "the crate in util is named helpers instead of membrane-util",
            ]
        );
    }

    #[test]
    fn folders_of_one_machine_are_found_and_examples_pass() {
        let mut problems = Vec::new();
        machine("a.rs", concat!("let file = \"/ro", "ot/notes\";"), &mut problems);
        machine("b.md", concat!("see /ho", "me/someone/x"), &mut problems);
        assert_eq!(problems.len(), 2, "{problems:#?}");
        machine("c.md", concat!("/ho", "me/ada/x, https://a.example/ho", "me/x, $DIR/wo", "rk/x"), &mut problems);
        assert_eq!(problems.len(), 2, "{problems:#?}");
    }

    #[test]
    fn sound_files_pass() {
        let mut problems = Vec::new();
        source("a.rs", "//! What it is for.\n", &mut problems);
        secrets("a.txt", "token = ghp_", &mut problems);
        links("README.md", "[x](Cargo.toml#top)", &mut problems);
        assert!(problems.is_empty(), "{problems:#?}");
    }
}
