//! Apps that the text calls by a name, an alias or the name of their family.

use crate::search::index::{Entry, Index, Name};
use crate::search::lexicon::{ORDINARY_NAMES, PREPOSITIONS};
use crate::search::text::Word;
use crate::search::{Answer, Hit, is_filler, telling};

/// Finds the app that the whole text names, words such as "connect my … account" left out.
pub(crate) fn whole<'i>(index: &'i Index, words: &[Word]) -> Option<Answer<'i>> {
    let joined = |words: &[&Word]| words.iter().map(|word| word.plain.as_str()).collect::<String>();
    let all: Vec<&Word> = words.iter().collect();
    let core = telling(words);
    let texts = [joined(&all), joined(&core)];
    for text in texts.iter().filter(|text| !text.is_empty()) {
        let mut hits = index.entries.iter().filter_map(|entry| {
            let name = entry.names.iter().find(|name| name.compact == *text)?;
            Some(Hit { entry, score: 1.0, reason: called(entry, name), rank: 0 })
        });
        match (hits.next(), hits.next()) {
            (Some(hit), None) => return Some(Answer::Pick(hit)),
            (Some(first), Some(second)) => {
                return Some(Answer::Choose([first, second].into_iter().chain(hits).collect()));
            }
            (None, _) => {}
        }
    }
    family(index, &core)
}

/// Finds the apps of a family when nothing but the family is named: "google".
fn family<'i>(index: &'i Index, core: &[&Word]) -> Option<Answer<'i>> {
    let [word] = core else { return None };
    let of_it = index.entries.iter().filter(|entry| entry.family.as_deref() == Some(word.plain.as_str()));
    let family = capitalised(&word.plain);
    let hits: Vec<Hit<'i>> =
        of_it.map(|entry| Hit { entry, score: 0.9, reason: format!("is one of the {family} apps"), rank: 0 }).collect();
    (!hits.is_empty()).then_some(Answer::Choose(hits))
}

/// Finds the apps that are named somewhere in the text.
pub(crate) fn within<'i>(index: &'i Index, words: &[Word]) -> Option<Answer<'i>> {
    let mut hits: Vec<Hit<'i>> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let longest = index.longest.min(words.len() - at);
        let found = (1..=longest).rev().find_map(|len| named_at(index, words, at, len).map(|named| (len, named)));
        let Some((len, (entry, name))) = found else {
            at += 1;
            continue;
        };
        if !hits.iter().any(|hit| hit.entry.key == entry.key) {
            hits.push(Hit { entry, score: 0.95, reason: called(entry, name), rank: hits.len() });
        }
        at += len;
    }
    match hits.len() {
        0 => None,
        1 => hits.pop().map(Answer::Pick),
        _ => Some(Answer::Choose(hits)),
    }
}

fn named_at<'i>(index: &'i Index, words: &[Word], at: usize, len: usize) -> Option<(&'i Entry, &'i Name)> {
    let here = &words[at..at + len];
    let compact: String = here.iter().map(|word| word.plain.as_str()).collect();
    let is_it = |name: &&Name| name.compact == compact && name.stems.len() <= len;
    let found = index.entries.iter().find_map(|entry| Some((entry, entry.names.iter().find(is_it)?)))?;
    (len > 1 || may_be_a_name(words, at)).then_some(found)
}

/// Tells whether a word of the text may be meant as a name: "cut me some slack" names nothing, "post it in slack" does.
pub(crate) fn may_be_a_name(words: &[Word], at: usize) -> bool {
    let word = &words[at];
    if is_filler(&word.plain) {
        return false;
    }
    if !ORDINARY_NAMES.contains(&word.plain.as_str()) {
        return true;
    }
    let before = at.checked_sub(1).map(|index| words[index].plain.as_str());
    let capital = word.capital && at > 0;
    capital || before.is_some_and(|before| PREPOSITIONS.contains(&before))
}

fn called(entry: &Entry, name: &Name) -> String {
    match entry.names.first() {
        Some(first) if first.compact == name.compact => format!("is called {}", first.text),
        Some(_) | None => format!("is also called {}", name.text),
    }
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
