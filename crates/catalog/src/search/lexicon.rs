//! The words people use, as data: terms and hints of what apps can do, example phrases, and words that say nothing.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::capability;

/// Terms and hints, a file for each language.
const TERMS: [&str; 9] = [
    include_str!("../../lexicon/terms/en.txt"),
    include_str!("../../lexicon/terms/de.txt"),
    include_str!("../../lexicon/terms/fr.txt"),
    include_str!("../../lexicon/terms/es.txt"),
    include_str!("../../lexicon/terms/pt.txt"),
    include_str!("../../lexicon/terms/it.txt"),
    include_str!("../../lexicon/terms/nl.txt"),
    include_str!("../../lexicon/terms/ja.txt"),
    include_str!("../../lexicon/terms/zh.txt"),
];

/// Example phrases: a capability in brackets, and below it a phrase on each line.
const PHRASES: [&str; 5] = [
    include_str!("../../lexicon/phrases/office.txt"),
    include_str!("../../lexicon/phrases/business.txt"),
    include_str!("../../lexicon/phrases/development.txt"),
    include_str!("../../lexicon/phrases/media.txt"),
    include_str!("../../lexicon/phrases/life.txt"),
];

/// Phrases that no app is meant by.
const IDLE: &str = include_str!("../../lexicon/phrases/idle.txt");

/// What vendors' families are called.
const FAMILIES: &str = include_str!("../../lexicon/families.txt");

static FILLERS: LazyLock<Vec<&str>> = LazyLock::new(|| sorted(include_str!("../../lexicon/fillers.txt")));
static QUIET: LazyLock<Vec<&str>> = LazyLock::new(|| sorted(include_str!("../../lexicon/quiet.txt")));
static ORDINARY: LazyLock<Vec<&str>> = LazyLock::new(|| sorted(include_str!("../../lexicon/ordinary.txt")));

/// After these words an ordinary word can be a name: "put it in Linear".
const PREPOSITIONS: [&str; 28] = [
    "in", "from", "with", "via", "through", "using", "into", "onto", "inside", "our", "my", "connect", "called", "mit",
    "uber", "aus", "dans", "avec", "depuis", "con", "desde", "com", "tramite", "su", "our", "open", "within", "use",
];

/// A capability with some of its words in one language.
pub(crate) struct Entry {
    /// The place of the capability in the closed list.
    pub(crate) capability: u16,
    /// Mean the thing.
    pub(crate) terms: Vec<&'static str>,
    /// Hint at it.
    pub(crate) hints: Vec<&'static str>,
}

/// Lists other names of families with the family's key.
pub(crate) fn families() -> impl Iterator<Item = (&'static str, &'static str)> {
    let named = data_lines(FAMILIES).filter_map(|line| line.split_once(": "));
    named.flat_map(|(family, names)| names.split(", ").map(move |name| (name, family)))
}

/// Tells whether a word is an article, a pronoun or the like.
pub(crate) fn is_filler(word: &str) -> bool {
    FILLERS.binary_search(&word).is_ok()
}

/// Tells whether a word says nothing alone, yet may be part of a term.
pub(crate) fn is_quiet(word: &str) -> bool {
    QUIET.binary_search(&word).is_ok()
}

/// Tells whether a name is an ordinary word too.
pub(crate) fn is_ordinary(word: &str) -> bool {
    ORDINARY.binary_search(&word).is_ok()
}

/// Tells whether an ordinary word after this one can be a name.
pub(crate) fn introduces_a_name(word: &str) -> bool {
    PREPOSITIONS.contains(&word)
}

/// Lists terms and hints in all languages.
pub(crate) fn entries() -> impl Iterator<Item = Entry> {
    let places = places();
    TERMS.into_iter().flat_map(data_lines).filter_map(move |line| {
        let (id, words) = line.split_once(": ")?;
        let (terms, hints) = words.split_once('|').unwrap_or((words, ""));
        let list = |text: &'static str| text.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
        Some(Entry { capability: *places.get(id)?, terms: list(terms), hints: list(hints) })
    })
}

/// Lists example phrases with the place of their capability.
pub(crate) fn phrases() -> impl Iterator<Item = (u16, &'static str)> {
    let places = places();
    let mut current = None;
    PHRASES.into_iter().flat_map(data_lines).filter_map(move |line| {
        match line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(id) => {
                current = places.get(id).copied();
                None
            }
            None => Some((current?, line)),
        }
    })
}

/// Lists phrases that no app is meant by.
pub(crate) fn idle() -> impl Iterator<Item = &'static str> {
    data_lines(IDLE)
}

fn places() -> HashMap<&'static str, u16> {
    capability::list().zip(0..).map(|((id, _), place)| (id, place)).collect()
}

fn data_lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn sorted(text: &'static str) -> Vec<&'static str> {
    let mut words: Vec<&str> = data_lines(text).flat_map(str::split_whitespace).collect();
    words.sort_unstable();
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_knows_every_capability() {
        let all = capability::list().count();
        for (place, text) in TERMS.iter().enumerate() {
            let known = data_lines(text).count();
            assert_eq!(known, all, "file {place}");
        }
        assert_eq!(entries().count(), all * TERMS.len(), "an id is misspelt");
        for entry in entries() {
            assert!(!entry.terms.is_empty(), "capability {} has no term", entry.capability);
        }
    }

    #[test]
    fn every_capability_has_example_phrases() {
        let mut counts = vec![0; capability::list().count()];
        for (place, _) in phrases() {
            counts[usize::from(place)] += 1;
        }
        for ((id, _), count) in capability::list().zip(counts) {
            assert!(count >= 12, "{id} has {count} phrases");
        }
        let headers: usize =
            PHRASES.iter().flat_map(|text| data_lines(text)).filter(|line| line.starts_with('[')).count();
        assert_eq!(headers, capability::list().count(), "an id in brackets is misspelt or there twice");
    }
}
