//! Writes docs/cli.md from the command line itself. `UPDATE_DOCS=1 cargo test -p membrane-cli` writes it anew.

use clap::{Command, CommandFactory};

use crate::args::Args;

const HEAD: &str = "# The membrane command

Generated from the command itself; a test keeps it fresh.

* Every command takes `--json` and then prints one document; a failure prints `{\"error\": {\"code\", \"message\", \"hint\"}}` on
  standard error.
* Text is coloured on a terminal only; `NO_COLOR` turns colour off.
* Secrets are asked for, read from a file or from standard input, never taken from the command line.
* `connect`, `connection`, `connection-request`, `integration`, `events`, `request`, `webhook`, `mcp`, `client`, `console`,
  `vault`, `sandbox`, `open` and `app client` start an engine without a screen when none runs; `status`, `doctor`, `search`
  and the other `app` commands never do. `membrane stop` ends it.
* With `MEMBRANE_TOKEN` a command acts as the program that has the token, over HTTP at `MEMBRANE_API_URL` or where the
  engine of this computer listens.
* `MEMBRANE_HOME` moves all data and runtime files under one folder.

| Exit code | Meaning |
|---|---|
| 0 | done |
| 1 | a mistake of ours; `doctor` found something broken |
| 2 | wrong use |
| 3 | no engine runs |
| 4 | not found |
| 5 | not allowed |
| 6 | the app or the network isn't answering |
| 7 | the vault is locked, missing, or its key is lost |
| 8 | the connection needs you, or rests |
| 9 | an OAuth client is missing or refused |
| 10 | the sign-in ended without success |
| 11 | the data folder can't be used |
";

fn describe(command: &mut Command, path: &str, page: &mut String) {
    let subcommands: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    if subcommands.is_empty() || (!command.is_subcommand_required_set() && path != "membrane") {
        let help = command.render_help().to_string();
        let help: Vec<&str> = help.lines().map(str::trim_end).collect();
        page.push_str(&format!("\n## {path}\n\n```text\n{}\n```\n", help.join("\n").trim_end()));
    }
    for name in subcommands {
        if let Some(sub) = command.find_subcommand_mut(&name) {
            describe(sub, &format!("{path} {name}"), page);
        }
    }
}

#[test]
fn the_page_of_commands_is_fresh() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli.md");
    let mut page = HEAD.to_owned();
    let mut command = Args::command().term_width(100).after_help("");
    command.build();
    describe(&mut command, "membrane", &mut page);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(file, &page).unwrap();
    }
    assert_eq!(std::fs::read_to_string(file).unwrap_or_default(), page, "run UPDATE_DOCS=1 cargo test -p membrane-cli");
}

/// A command line is seen by every program of this computer.
#[test]
fn r71_no_option_takes_a_secret() {
    fn look(command: &Command, path: &str) {
        for argument in command.get_arguments().filter(|argument| argument.get_action().takes_values()) {
            let name = argument.get_id().as_str().to_lowercase();
            let secret =
                ["secret", "password", "passphrase", "token", "credential"].iter().any(|word| name.contains(word));
            assert!(!secret || name.ends_with("file"), "{path} takes {name} on the command line");
        }
        command.get_subcommands().for_each(|sub| look(sub, &format!("{path} {}", sub.get_name())));
    }
    look(&Args::command(), "membrane");
}
