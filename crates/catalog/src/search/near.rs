//! Slips of the pen: "hubsopt", "sales forse", "upload it to dorpbox".

use crate::search::index::{Index, letters};
use crate::search::lexicon::{is_filler, is_quiet};
use crate::search::reason::Reason;
use crate::search::text::Word;
use crate::search::{Answer, Hit};

/// Longer texts are sentences, where a near word is an ordinary word.
const MAX_WORDS: usize = 5;

/// Finds the name that a short text is near to.
pub(crate) fn whole(index: &Index, words: &[Word]) -> Option<Answer> {
    if words.iter().any(|word| word.signs) {
        return None;
    }
    let all: Vec<&Word> = words.iter().collect();
    let telling: Vec<&Word> = words.iter().filter(|word| !is_filler(&word.plain)).collect();
    let whole = short(index, &telling);
    if telling.len() < all.len() && whole.is_none() { short(index, &all) } else { whole }
}

fn short(index: &Index, telling: &[&Word]) -> Option<Answer> {
    if telling.is_empty() || telling.len() > MAX_WORDS {
        return None;
    }
    let text: String = telling.iter().map(|word| word.plain.as_str()).collect();
    let ordinary = telling.iter().all(|word| is_quiet(&word.plain) || index.meaning.knows(&word.stem));
    // Two ordinary words can be a slip ("type from") only where little else can be meant.
    let allowed = match (ordinary, text.chars().count()) {
        (true, 0..=7) => return None,
        (true, _) => 1,
        (false, 0..=3) => return None,
        (false, 4..=6) => 1,
        (false, 7..=11) => 2,
        (false, _) => 3,
    };
    answer(index, &text, allowed, MinLength(4))
}

/// Finds the names that a text without spaces is near to.
pub(crate) fn joined(index: &Index, text: &str) -> Vec<Hit> {
    match answer(index, text, if text.len() > 8 { 2 } else { 1 }, MinLength(5)) {
        Some(Answer::Pick(hit)) => vec![hit],
        Some(Answer::Choose(hits)) => hits,
        Some(Answer::None) | None => Vec::new(),
    }
}

/// Finds a name that a word within a sentence is near to; the word must be no word of any vocabulary.
pub(crate) fn within(index: &Index, words: &[Word]) -> Option<Answer> {
    let unknown = words.iter().filter(|word| {
        !word.signs
            && word.plain.len() >= 6
            && word.plain.bytes().all(|b| b.is_ascii_alphanumeric())
            && !is_filler(&word.plain)
            && !is_quiet(&word.plain)
            && !index.knows(word)
    });
    unknown.take(4).find_map(|word| {
        let allowed = if word.plain.len() >= 9 { 2 } else { 1 };
        answer(index, &word.plain, allowed, MinLength(6))
    })
}

/// Names shorter than this are near to too much.
struct MinLength(usize);

fn answer(index: &Index, text: &str, allowed: usize, least: MinLength) -> Option<Answer> {
    let mask = letters(text);
    let mut near: Vec<(usize, usize, &str)> = Vec::new();
    for (place, entry) in index.entries.iter().enumerate() {
        let distances = entry.joined.iter().filter_map(|(name, marks)| {
            let close = name.len().abs_diff(text.len()) <= allowed
                && name.len() >= least.0
                && (marks ^ mask).count_ones() as usize <= 2 * allowed;
            let distance = close.then(|| strsim::osa_distance(text, name))?;
            ((1..=allowed).contains(&distance) && plausible(text, name, distance)).then_some((distance, name.as_str()))
        });
        near.extend(distances.min().map(|(distance, name)| (distance, place, name)));
    }
    let best = near.iter().map(|(distance, ..)| *distance).min()?;
    let hits: Vec<Hit> = near
        .iter()
        .filter(|(distance, ..)| *distance == best)
        .map(|(distance, place, _)| {
            Hit::new(index, *place, 0.9 - 0.08 * *distance as f64, Reason::NearName(text.to_owned()))
        })
        .collect();
    let alone = near.iter().filter(|(distance, ..)| *distance <= best.max(1)).count() == 1;
    let sure = near.iter().any(|(distance, _, name)| *distance == best && sure(text, name, best));
    match hits.as_slice() {
        [hit] if alone && sure => Some(Answer::Pick(hit.clone())),
        _ => Some(Answer::Choose(hits)),
    }
}

/// Tells a slip from another word by how it starts, and by how much of it is as it should be.
fn plausible(text: &str, name: &str, distance: usize) -> bool {
    let same_start = text.chars().next() == name.chars().next();
    let swapped_start =
        distance == 1 && text.get(..2).is_some_and(|start| start.chars().rev().eq(name.chars().take(2)));
    let long = text.len() >= 7 && distance == 1;
    distance == 0 || same_start || swapped_start || long
}

/// Tells a slip from another word: "slakc" is Slack, "stack" may be a stack.
fn sure(text: &str, name: &str, distance: usize) -> bool {
    let long = text.len() >= 6 && name.len() >= 6;
    let dropped_or_doubled = distance == 1 && (is_within(text, name) || is_within(name, text));
    (long && distance * 4 <= text.len()) || swapped(text, name) || dropped_or_doubled
}

fn swapped(text: &str, name: &str) -> bool {
    let sorted = |text: &str| {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters
    };
    sorted(text) == sorted(name)
}

/// Tells whether all letters of `short` stand in `long`, in that order.
fn is_within(short: &str, long: &str) -> bool {
    let mut letters = long.chars();
    short.chars().all(|letter| letters.any(|other| other == letter))
}
