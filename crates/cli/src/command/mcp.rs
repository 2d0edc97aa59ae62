//! `membrane mcp`: serves an AI agent, or writes that into the configuration of the AI clients on this computer.

use membrane_mcp::install::{Change, Entry, Outcome, Places};
use membrane_model::Fault;
use serde_json::json;

use crate::args::{Install, Mcp, McpCommand};
use crate::engine::running_or_started;
use crate::failure::{internal, wrong_use};
use crate::input;
use crate::out::{Out, Tone, paint};

pub(super) async fn run(options: Mcp, out: &Out) -> Result<(), Fault> {
    match options.command {
        Some(McpCommand::Install(options)) => install(&options, out),
        None => {
            let client = running_or_started().await?;
            membrane_mcp::stdio(client).await.map_err(|sentence| internal(&sentence))
        }
    }
}

fn install(options: &Install, out: &Out) -> Result<(), Fault> {
    let program = std::env::current_exe().map_err(|e| internal(&e))?;
    let mut entry = Entry::new(&program);
    // Where everything is moved, the client has to start the command with the same variable.
    if let Some(home) = std::env::var_os("MEMBRANE_HOME") {
        entry = entry.with("MEMBRANE_HOME", &home.to_string_lossy());
    }
    let places = Places::of_this_computer()
        .ok_or_else(|| wrong_use("there is no home folder", "Set HOME to where the AI clients keep their settings."))?;
    let changes = places.plan(&entry, &options.client).map_err(|sentence| {
        wrong_use(sentence, format!("Choose from: {}.", membrane_mcp::install::names().join(", ")))
    })?;
    if !out.json {
        show(out, &changes);
    }
    let due = changes.iter().any(|change| matches!(change.outcome, Outcome::Due { .. }));
    let apply = due && (options.yes || (!out.json && input::somebody_there() && input::confirm("Apply this?")?));
    let mut results = Vec::new();
    for change in &changes {
        let applied = match (&change.outcome, apply) {
            (Outcome::Due { .. }, true) => Some(change.apply()),
            (Outcome::Due { .. } | Outcome::InPlace | Outcome::Refused(_), _) => None,
        };
        if !out.json {
            tell(out, change, applied.as_ref());
        }
        results.push(document(change, applied));
    }
    if out.json {
        out.document(&json!({ "applied": apply, "clients": results }));
    } else if due && !apply {
        out.note("Nothing was changed. Apply it with --yes.");
    }
    Ok(())
}

fn show(out: &Out, changes: &[Change]) {
    if changes.is_empty() {
        out.line("No AI client was found here. Name one with --client, or add this command to yours: membrane mcp");
    }
    for change in changes {
        out.line(&format!("{}  {}", paint(Tone::Strong, change.client), change.file.display()));
        match &change.outcome {
            Outcome::Due { added, removed } => {
                removed.iter().for_each(|line| out.line(&paint(Tone::Bad, &format!("  - {line}"))));
                added.iter().for_each(|line| out.line(&paint(Tone::Good, &format!("  + {line}"))));
            }
            Outcome::InPlace => out.line(&paint(Tone::Quiet, "  has it already")),
            Outcome::Refused(why) => out.line(&format!("  {} {why}", paint(Tone::Bad, "!"))),
        }
    }
}

fn tell(out: &Out, change: &Change, applied: Option<&Result<Option<std::path::PathBuf>, String>>) {
    match applied {
        Some(Ok(Some(backup))) => out.line(&format!(
            "{} {} is set up. What was there before: {}",
            paint(Tone::Good, "✓"),
            change.client,
            backup.display()
        )),
        Some(Ok(None)) => out.line(&format!("{} {} is set up.", paint(Tone::Good, "✓"), change.client)),
        Some(Err(why)) => out.line(&format!("{} {}: {why}", paint(Tone::Bad, "✗"), change.client)),
        None => {}
    }
}

fn document(change: &Change, applied: Option<Result<Option<std::path::PathBuf>, String>>) -> serde_json::Value {
    let (state, why) = match (&change.outcome, &applied) {
        (Outcome::InPlace, _) => ("in-place", None),
        (Outcome::Refused(why), _) => ("refused", Some(why.clone())),
        (Outcome::Due { .. }, None) => ("due", None),
        (Outcome::Due { .. }, Some(Ok(_))) => ("applied", None),
        (Outcome::Due { .. }, Some(Err(why))) => ("failed", Some(why.clone())),
    };
    let backup = applied.and_then(Result::ok).flatten();
    let (added, removed) = match &change.outcome {
        Outcome::Due { added, removed } => (added.as_slice(), removed.as_slice()),
        Outcome::InPlace | Outcome::Refused(_) => (&[] as &[String], &[] as &[String]),
    };
    json!({ "added": added, "removed": removed, "client": change.key, "file": change.file, "state": state, "backup": backup, "problem": why })
}
