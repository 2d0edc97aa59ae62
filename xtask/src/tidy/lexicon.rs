//! What the search is measured with is not what it was taught: no test intent stands in the lexicon.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};

/// Shorter texts are names of things ("crm", "point of sale"), which a lexicon is made of.
const WORDS_MIN: usize = 4;

/// Finds test intents that are a phrase or a term of the lexicon.
pub(super) fn check(root: &Path, problems: &mut Vec<String>) -> Result<()> {
    let catalog = root.join("crates/catalog");
    let taught: BTreeSet<String> = texts(&catalog.join("lexicon"), "txt")?
        .iter()
        .flat_map(|(_, text)| text.lines().flat_map(pieces).map(plain).collect::<Vec<_>>())
        .collect();
    for (name, text) in texts(&catalog.join("tests/intents"), "tsv")? {
        taught_intents(&name, &text, &taught, problems);
    }
    Ok(())
}

fn taught_intents(name: &str, text: &str, taught: &BTreeSet<String>, problems: &mut Vec<String>) {
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
        let Some(intent) = line.splitn(3, '\t').nth(2).map(plain) else {
            problems.push(format!("{name}, line {}: no kind, answer and intent", number + 1));
            continue;
        };
        if intent.split(' ').count() >= WORDS_MIN && taught.contains(&intent) {
            problems.push(format!("{name}, line {}: {intent:?} stands in the lexicon", number + 1));
        }
    }
}

/// Cuts a line of the lexicon into its terms; a phrase is one piece.
fn pieces(line: &str) -> impl Iterator<Item = &str> {
    let terms = line.split_once(": ").map_or(line, |(_, terms)| terms);
    terms.split([',', '|']).chain([line])
}

fn plain(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

/// Reads the files of a folder, and of those within it.
fn texts(folder: &Path, end: &str) -> Result<Vec<(String, String)>> {
    let mut list = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("failed to list {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            list.extend(texts(&path, end)?);
        } else if path.extension().is_some_and(|other| other == end) {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            list.push((name, std::fs::read_to_string(&path)?));
        }
    }
    list.sort();
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_intent_that_was_taught_is_found() {
        let lexicon = "send-email: send email to somebody now, mail | letter\nwrite to my landlord today";
        let taught: BTreeSet<String> = lexicon.lines().flat_map(pieces).map(plain).collect();
        let mut problems = Vec::new();
        let intents = "# kind, answer, intent\n\
            task\t@send-email\tWrite to my landlord, today!\n\
            task\t@send-email\tsend email to somebody now\n\
            category\t@send-email\tmail\n\
            task\t@send-email\tlet the landlord know\n\
            broken line";
        taught_intents("a.tsv", intents, &taught, &mut problems);
        assert_eq!(problems.len(), 3, "{problems:#?}");
        assert!(problems[0].starts_with("a.tsv, line 2"));
    }
}
