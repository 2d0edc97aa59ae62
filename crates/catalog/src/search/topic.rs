//! What a text is about: words of categories, of names, of descriptions, and the beginning of a name while somebody types.

use std::collections::{BTreeMap, BTreeSet};

use crate::search::index::{Entry, Index};
use crate::search::lexicon::CATEGORIES;
use crate::search::named::may_be_a_name;
use crate::search::text::Word;
use crate::search::{Answer, Hit, is_filler};

const NAME: f64 = 1.0;
const CATEGORY: f64 = 0.9;
const DESCRIPTION: f64 = 0.4;

/// Less of the text than this explained is chance.
const ENOUGH: f64 = 0.34;
/// From here on one app alone is confident.
const CONFIDENT: f64 = 0.5;
/// How far the first must lead to be picked before others.
const LEAD: f64 = 0.25;

/// Answers a text by what it is about.
pub(crate) fn about<'i>(index: &'i Index, words: &[Word]) -> Option<Answer<'i>> {
    let topics = topics(index, words);
    let covered: BTreeSet<usize> = topics.iter().flat_map(|topic| topic.from..topic.to).collect();
    let telling: Vec<usize> =
        (0..words.len()).filter(|at| covered.contains(at) || !is_filler(&words[*at].plain)).collect();
    let mut hits: Vec<Hit<'i>> =
        index.entries.iter().filter_map(|entry| judge(entry, words, &topics, &telling)).collect();
    hits.extend(beginnings(index, words, &hits));
    put_last(&mut hits);
    hits.sort_by(|a, b| b.score.total_cmp(&a.score));
    let (first, second) = (hits.first()?, hits.get(1));
    let alone = second.is_none() && first.score >= CONFIDENT;
    let ahead = second.is_some_and(|second| first.score >= 0.9 && first.score - second.score >= LEAD);
    if alone || ahead { Some(Answer::Pick(first.clone())) } else { Some(Answer::Choose(hits)) }
}

/// Puts apps that nobody uses in earnest (popularity 0) behind the others: they are found by name.
fn put_last(hits: &mut [Hit<'_>]) {
    let least = hits.iter().filter(|hit| hit.entry.popularity > 0).map(|hit| hit.score).fold(1.0, f64::min);
    for hit in hits.iter_mut().filter(|hit| hit.entry.popularity == 0) {
        hit.score = hit.score.min(least - 0.01);
    }
}

/// A phrase of the text that stands for categories.
struct Topic<'i> {
    from: usize,
    to: usize,
    categories: &'i BTreeSet<String>,
}

/// Finds the phrases that stand for categories, the longest first; a phrase within a longer one doesn't count.
fn topics<'i>(index: &'i Index, words: &[Word]) -> Vec<Topic<'i>> {
    let mut found: Vec<Topic<'i>> = Vec::new();
    for len in (1..=index.longest.min(words.len())).rev() {
        for from in 0..=words.len() - len {
            let taken = found.iter().any(|topic| topic.from < from + len && from < topic.to);
            let stems: Vec<String> = words[from..from + len].iter().map(|word| word.stem.clone()).collect();
            if let Some(categories) = index.phrases.get(&stems).filter(|_| !taken) {
                found.push(Topic { from, to: from + len, categories });
            }
        }
    }
    found
}

/// Weighs how much of the text an app explains.
fn judge<'i>(entry: &'i Entry, words: &[Word], topics: &[Topic<'_>], telling: &[usize]) -> Option<Hit<'i>> {
    let mut weights: BTreeMap<usize, f64> = BTreeMap::new();
    let mut reason: Option<(usize, String)> = None;
    for topic in topics {
        let Some(rank) = entry.categories.iter().position(|category| topic.categories.contains(category)) else {
            continue;
        };
        weights.extend((topic.from..topic.to).map(|at| (at, CATEGORY)));
        if reason.as_ref().is_none_or(|(best, _)| rank < *best) {
            reason = Some((rank, category_reason(&entry.categories[rank])));
        }
    }
    // "linear issues" is about Linear, "linear algebra" is not.
    let on_topic = |at: usize| {
        let fits = |topic: &Topic<'_>| entry.categories.iter().any(|category| topic.categories.contains(category));
        topics.iter().any(|topic| !(topic.from..topic.to).contains(&at) && fits(topic))
    };
    let mut described: Vec<&str> = Vec::new();
    for at in telling {
        let word = &words[*at];
        if word.plain.len() > 2 && entry.name_words.contains(&word.stem) && (may_be_a_name(words, *at) || on_topic(*at))
        {
            weights.insert(*at, NAME);
            reason.get_or_insert_with(|| (0, format!("has {:?} in its name", word.plain)));
        } else if !weights.contains_key(at) && entry.description.contains(&word.stem) {
            described.push(&word.plain);
            weights.insert(*at, DESCRIPTION);
        }
    }
    // One word of a description in common is chance.
    if reason.is_none() && described.len() < 2 {
        return None;
    }
    let (rank, reason) = reason.unwrap_or_else(|| (9, format!("is about {}", described.join(" and "))));
    let score = weights.values().sum::<f64>() / telling.len().max(1) as f64;
    (score >= ENOUGH).then_some(Hit { entry, score, reason, rank: usize::from(rank > 0) })
}

fn category_reason(key: &str) -> String {
    let known = CATEGORIES.iter().find(|category| category.key == key);
    known.map_or_else(|| format!("is in the category {key}"), |category| category.reason.to_owned())
}

/// Finds names that start with the text, for a box that searches while somebody types.
fn beginnings<'i>(index: &'i Index, words: &[Word], known: &[Hit<'i>]) -> Vec<Hit<'i>> {
    let text: String = words.iter().map(|word| word.plain.as_str()).collect();
    if words.len() > 3 || text.chars().count() < 2 {
        return Vec::new();
    }
    let starts = |entry: &&Entry| {
        let names = entry.names.iter().any(|name| name.compact.starts_with(&text));
        names || (words.len() == 1 && entry.name_words.iter().any(|word| word.starts_with(&text)))
    };
    let new = |entry: &&Entry| !known.iter().any(|hit| hit.entry.key == entry.key);
    let hit = |entry| Hit { entry, score: 0.45, reason: format!("starts with {text:?}"), rank: 0 };
    index.entries.iter().filter(new).filter(starts).map(hit).collect()
}
