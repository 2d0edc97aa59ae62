//! What apps can do: a closed list of ids, each with the reason that follows an app's name.

use std::collections::BTreeMap;
use std::sync::LazyLock;

const LIST: &str = include_str!("../lexicon/capabilities.txt");

static REASONS: LazyLock<BTreeMap<&str, &str>> = LazyLock::new(|| list().collect());

/// Lists the ids in order, each with its reason: `send-email`, "sends e-mail".
pub fn list() -> impl Iterator<Item = (&'static str, &'static str)> {
    LIST.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(": "))
}

/// Returns what an app with this capability does, in words that follow its name; none for an unknown id.
#[must_use]
pub fn reason(id: &str) -> Option<&'static str> {
    REASONS.get(id).copied()
}

/// Finds the id that was meant, if one is near.
pub(crate) fn nearest(id: &str) -> Option<&'static str> {
    let best = REASONS.keys().min_by_key(|known| strsim::osa_distance(known, id))?;
    let near = strsim::osa_distance(best, id) <= 3;
    let shared = || {
        let words: Vec<&str> = id.split('-').collect();
        REASONS.keys().find(|known| known.split('-').any(|word| word.len() > 3 && words.contains(&word)))
    };
    if near { Some(best) } else { shared().copied() }
}
