//! How often the search is right, on intents that it was tuned with and on some that nobody looked at meanwhile.
//!
//! The floors are those that the search promises; `cargo xtask bench intent` prints the figures.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use membrane_catalog::{App, Catalog};
use membrane_model::{AppKey, SearchOutcome};

/// The least share of first answers that are right, by kind, in percent.
const FLOORS: [(&str, usize); 9] = [
    ("name", 99),
    ("url", 99),
    ("typo", 96),
    ("alias", 85),
    ("category", 92),
    ("task", 75),
    ("agent", 75),
    ("multilingual", 85),
    ("fresh", 80),
];

fn catalog() -> &'static Catalog {
    static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::load(None, &BTreeMap::new()).0);
    &CATALOG
}

struct Intent<'t> {
    kind: &'t str,
    right: Vec<&'t str>,
    text: &'t str,
}

fn intents(file: &str) -> Vec<Intent<'_>> {
    let read = |line| {
        let parts: Vec<&str> = str::splitn(line, 3, '\t').collect();
        let [kind, right, text] = parts[..] else { panic!("{line:?} is no intent") };
        Intent { kind, right: right.split(',').filter(|word| *word != "-").collect(), text }
    };
    file.lines().filter(|line| !line.starts_with('#')).map(read).collect()
}

/// An app is right by its key, or by a capability that is among its first three.
fn is_right(app: &App, right: &[&str]) -> bool {
    right.iter().any(|right| match right.strip_prefix('@') {
        Some(id) => app.capabilities.iter().take(3).any(|capability| capability == id),
        None => app.key.as_str() == *right,
    })
}

/// Tells whether the catalog has an app that would be right; an intent for another one can't be judged.
fn can_be_right(right: &[&str]) -> bool {
    right
        .iter()
        .any(|right| right.starts_with('@') || right.parse::<AppKey>().is_ok_and(|key| catalog().get(&key).is_some()))
}

fn check(name: &str, file: &str, kinds: &[(&str, usize)]) {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let (mut picks, mut right_picks, mut nonsense, mut nonsense_picked) = (0, 0, 0, 0);
    for intent in intents(file) {
        let found = catalog().search(intent.text, &[]);
        let picked = found.outcome == SearchOutcome::Pick;
        if intent.right.is_empty() {
            nonsense += 1;
            nonsense_picked += usize::from(picked);
            continue;
        }
        if !can_be_right(&intent.right) {
            continue;
        }
        let first = found.items.first().and_then(|item| catalog().get(&item.key));
        let right = first.is_some_and(|app| is_right(app, &intent.right));
        let count = counts.entry(intent.kind).or_default();
        count.0 += usize::from(right);
        count.1 += 1;
        picks += usize::from(picked);
        right_picks += usize::from(picked && right);
    }
    for (kind, floor) in kinds {
        let (right, all) = counts[kind];
        assert!(right * 100 >= floor * all, "{name}: {right} of {all} are right for {kind}, less than {floor} %");
    }
    assert!(right_picks * 100 >= 97 * picks, "{name}: {right_picks} of {picks} picks are right");
    assert!(nonsense_picked * 50 <= nonsense, "{name}: {nonsense_picked} of {nonsense} texts without sense are picked");
}

#[test]
fn intents_that_the_search_was_tuned_with_are_understood() {
    check("tuned", include_str!("intents/tuned.tsv"), &FLOORS);
}

#[test]
fn intents_that_nobody_looked_at_are_understood() {
    check("held out", include_str!("intents/held-out.tsv"), &FLOORS);
}

#[test]
fn names_that_nobody_looked_at_are_understood() {
    check("names", include_str!("intents/names.tsv"), &[("name", 99)]);
}
