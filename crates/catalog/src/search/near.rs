//! Slips of the pen in a short text: "hubsopt", "sales forse".

use crate::search::index::{Entry, Index};
use crate::search::text::Word;
use crate::search::{Answer, Hit};

/// Longer texts are sentences, where a near word is an ordinary word.
const MAX_WORDS: usize = 3;

/// Finds the names that a short text is near to.
pub(crate) fn misspelt<'i>(index: &'i Index, telling: &[&Word]) -> Option<Answer<'i>> {
    let text: String = telling.iter().map(|word| word.plain.as_str()).collect();
    let length = text.chars().count();
    if telling.len() > MAX_WORDS || length < 4 {
        return None;
    }
    let near = index.entries.iter().filter_map(|entry| Some((entry, nearest(entry, &text, length)?)));
    let near: Vec<(&Entry, (usize, &str))> = near.collect();
    let best = near.iter().map(|(_, (distance, _))| *distance).min()?;
    let mut closest = near.into_iter().filter(|(_, (distance, _))| *distance == best);
    let score = 0.85 - best as f64 * 0.1;
    let reason = format!("is close to {text:?}");
    let hit = |(entry, _): (&'i Entry, (usize, &str))| Hit { entry, score, reason: reason.clone(), rank: 0 };
    let (first, second) = (closest.next()?, closest.next());
    match second {
        None if sure(&text, first.1.1, best) => Some(Answer::Pick(hit(first))),
        _ => Some(Answer::Choose([Some(first), second].into_iter().flatten().chain(closest).map(hit).collect())),
    }
}

fn nearest<'e>(entry: &'e Entry, text: &str, length: usize) -> Option<(usize, &'e str)> {
    let allowed = match length {
        0..=7 => 1,
        8..=12 => 2,
        _ => 3,
    };
    let long_enough = entry.names.iter().filter(|name| name.compact.len() >= 4);
    let distances = long_enough.map(|name| (strsim::osa_distance(text, &name.compact), name.compact.as_str()));
    distances.filter(|(distance, _)| (1..=allowed).contains(distance)).min()
}

/// Tells a slip from another word: "slakc" is Slack, "stack" may be a stack.
fn sure(text: &str, name: &str, distance: usize) -> bool {
    let same_start = text.chars().next() == name.chars().next();
    let long = text.chars().count() >= 6 && name.chars().count() >= 6;
    let dropped_or_doubled = distance == 1 && (is_within(text, name) || is_within(name, text));
    let small = distance == 1 || text.chars().count() >= 9;
    same_start && (long && small || swapped(text, name) || dropped_or_doubled)
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
