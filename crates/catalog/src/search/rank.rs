//! Ranks apps by what they can do: the main capability before a lesser one, the better known before the obscure.

use std::collections::BTreeSet;

use crate::search::Hit;
use crate::search::index::{Entry, Index};
use crate::search::lexicon::{is_filler, is_quiet};
use crate::search::meaning::Reading;
use crate::search::reason::Reason;
use crate::search::text::Word;

/// Less than this says nothing.
const ENOUGH: f32 = 1.6;
/// A capability counts when it scores at least this part of the best one.
const CLOSE: f32 = 0.5;
/// A text is read in a second way too, where that scores at least this part of the best.
const AMBIGUOUS: f64 = 0.55;
/// No more ways to read a text are shown first.
const READINGS: usize = 3;
/// No more capabilities are looked at.
const MOST: usize = 5;

/// What a capability is worth by its place in an app's list.
const PLACES: [f64; 6] = [1.0, 0.92, 0.84, 0.76, 0.7, 0.64];
const POPULARITY: f64 = 0.3;
const SECOND: f64 = 0.06;
const TEXT: f64 = 0.08;

/// Offers the apps that do what a text asks for; `family` narrows them down.
pub(crate) fn by_meaning(index: &Index, words: &[Word], reading: &Reading, family: Option<&str>) -> Vec<Hit> {
    let Some((_, best)) = reading.capabilities.first() else { return Vec::new() };
    if !is_enough(reading, *best) {
        return Vec::new();
    }
    let wanted: Vec<(u16, f64)> = reading
        .capabilities
        .iter()
        .take(MOST)
        .filter(|(_, score)| *score >= best * CLOSE)
        .map(|(capability, score)| (*capability, f64::from(score / best)))
        .collect();
    let told = told(words);
    let hits = index.entries.iter().enumerate().filter_map(|(place, entry)| {
        let in_family = family.is_none_or(|family| entry.family.as_deref() == Some(family));
        let (worth, capability) = worth(entry, &wanted).filter(|_| in_family)?;
        let words = described(index, entry, &told) * TEXT;
        let score = worth + words + POPULARITY * f64::from(entry.popularity) / 100.0;
        let mut hit = Hit::new(index, place, score, Reason::Capability(capability));
        hit.serves = worth >= 0.6;
        Some(hit)
    });
    let mut hits: Vec<Hit> = hits.collect();
    put_last(index, &mut hits);
    let most = hits.iter().map(|hit| hit.score).fold(0.0, f64::max).max(0.01);
    let sure = f64::from(best / (best + 2.0));
    hits.iter_mut().for_each(|hit| hit.score = hit.score / most * (0.35 + 0.5 * sure));
    put_readings_first(index, &wanted, &mut hits);
    hits
}

/// Where a text can be read in several ways, shows the best app of each reading first: ten mail programs help nobody who
/// meant the calendar.
fn put_readings_first(index: &Index, wanted: &[(u16, f64)], hits: &mut [Hit]) {
    let best = |hits: &[Hit]| (0..hits.len()).max_by(|a, b| hits[*a].score.total_cmp(&hits[*b].score));
    let Some(first) = best(hits) else { return };
    let (top, mut shown) = (hits[first].score, vec![first]);
    for (capability, _) in wanted.iter().filter(|(_, score)| *score >= AMBIGUOUS).take(READINGS) {
        let does = |place: usize| index.entries[place].capabilities.iter().take(2).any(|other| other == capability);
        if shown.iter().any(|shown| does(hits[*shown].place)) {
            continue;
        }
        let mains = |hit: &Hit| index.entries[hit.place].capabilities.first() == Some(capability);
        let fitting = (0..hits.len()).filter(|at| does(hits[*at].place));
        let next = fitting.max_by_key(|at| (mains(&hits[*at]), index.entries[hits[*at].place].popularity));
        let Some(next) = next else { continue };
        hits[next].score = top;
        hits[next].rank = shown.len();
        hits[next].reason = Reason::Capability(*capability);
        shown.push(next);
    }
}

/// Tells whether a reading says something: a term, or several words that agree, and no idle talk.
fn is_enough(reading: &Reading, best: f32) -> bool {
    let chatter = if reading.by_term { 0.9 } else { 0.6 };
    if reading.idle > best * chatter && reading.idle > 0.8 {
        return false;
    }
    if reading.by_term && best >= ENOUGH {
        return reading.covered >= 0.2;
    }
    best >= ENOUGH && reading.covered >= 0.5
}

/// Weighs an app's capabilities: the best match, and a little for a second one.
fn worth(entry: &Entry, wanted: &[(u16, f64)]) -> Option<(f64, u16)> {
    let mut found: Vec<(f64, u16)> = entry
        .capabilities
        .iter()
        .zip(PLACES)
        .filter_map(|(capability, place)| {
            let (_, score) = wanted.iter().find(|(other, _)| other == capability)?;
            Some((place * score, *capability))
        })
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (best, capability) = *found.first()?;
    let second = found.get(1).map_or(0.0, |(worth, _)| worth * SECOND);
    Some((best + second, capability))
}

/// Weighs how many words of the text stand in the description, rare ones more.
fn described(index: &Index, entry: &Entry, told: &BTreeSet<&str>) -> f64 {
    let rarity = |word: &&str| {
        let count = index.described.get(*word).copied().unwrap_or_default();
        (index.entries.len() as f64 / (count as f64 + 1.0)).ln().max(0.0)
    };
    let all: f64 = told.iter().map(rarity).sum::<f64>().max(6.0);
    let here: f64 = told.iter().filter(|word| entry.description.contains(**word)).map(rarity).sum();
    here / all
}

/// Offers apps by their categories and descriptions, where the lexicon knows nothing: an app of one's own may be in a
/// category of its own.
pub(crate) fn by_description(index: &Index, words: &[Word]) -> Vec<Hit> {
    let told = told(words);
    if told.is_empty() {
        return Vec::new();
    }
    let plain: BTreeSet<&str> = words.iter().map(|word| word.plain.as_str()).collect();
    let hits = index.entries.iter().enumerate().filter_map(|(place, entry)| {
        let category = entry.categories.iter().find(|category| category.split('-').all(|word| plain.contains(word)));
        if let Some(category) = category {
            let rank = entry.categories.iter().position(|other| other == category).unwrap_or(0);
            let score = 0.6 - 0.05 * rank as f64 + 0.1 * f64::from(entry.popularity) / 100.0;
            return Some(Hit::new(index, place, score, Reason::Category(category.clone())));
        }
        let shared: Vec<&str> = told.iter().copied().filter(|word| entry.description.contains(*word)).collect();
        let most = shared.len() >= 2 && shared.len() * 2 >= told.len();
        most.then(|| {
            let score = 0.3 + 0.2 * described(index, entry, &told);
            Hit::new(index, place, score, Reason::Words(shared.join(" and ")))
        })
    });
    let mut hits: Vec<Hit> = hits.collect();
    put_last(index, &mut hits);
    hits
}

/// Finds names that start with the text, for a box that searches while somebody types.
pub(crate) fn beginnings(index: &Index, words: &[Word]) -> Vec<Hit> {
    let text: String = words.iter().map(|word| word.plain.as_str()).collect();
    if words.len() > 3 || text.chars().count() < 2 {
        return Vec::new();
    }
    let starts = |entry: &&(usize, &Entry)| entry.1.joined.iter().any(|(name, _)| name.starts_with(&text));
    let hit = |(place, entry): (usize, &Entry)| {
        let score = 0.4 + 0.1 * f64::from(entry.popularity) / 100.0;
        Hit::new(index, place, score, Reason::Beginning(text.clone()))
    };
    index.entries.iter().enumerate().filter(|one| starts(&one)).map(hit).collect()
}

/// Puts apps that nobody uses in earnest (popularity 0) behind the others: they are found by name.
fn put_last(index: &Index, hits: &mut [Hit]) {
    let unused = |hit: &Hit| index.entries[hit.place].popularity == 0;
    let least = hits.iter().filter(|hit| !unused(hit)).map(|hit| hit.score).fold(1.0, f64::min);
    for hit in hits.iter_mut().filter(|hit| unused(hit)) {
        hit.score = hit.score.min(least - 0.01);
    }
}

fn told(words: &[Word]) -> BTreeSet<&str> {
    let telling = words.iter().filter(|word| !is_filler(&word.plain) && !is_quiet(&word.plain));
    telling.map(|word| word.stem.as_str()).filter(|word| word.len() > 2).collect()
}
