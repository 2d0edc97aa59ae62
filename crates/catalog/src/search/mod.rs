//! Intent search: free text in, apps out, offline and always the same.
//!
//! The stages, in the order of how sure they are: a web address; a name or an alias as the whole text; names within the
//! text; words of categories, names and descriptions; a slip of the pen in a short text. The first stage that finds
//! something answers; a slip goes before words that explain the text only in part.

mod host;
pub(crate) mod index;
pub(crate) mod lexicon;
mod named;
mod near;
mod text;
mod topic;

use std::cmp::Reverse;
use std::collections::BTreeSet;

use membrane_model::{AppKey, SearchItem, SearchOutcome, SearchResult};

use crate::Catalog;
use crate::search::index::{Entry, Index};
use crate::search::lexicon::FILLERS;
use crate::search::text::Word;

/// More would be no choice.
const MAX_ITEMS: usize = 20;
/// A text that is explained this well has no slip of the pen.
const EXPLAINED: f64 = 0.9;
/// How many popular apps an empty text shows.
const POPULAR: usize = 12;

/// An app that fits.
#[derive(Debug, Clone)]
pub(crate) struct Hit<'i> {
    pub(crate) entry: &'i Entry,
    /// 0 to 1.
    pub(crate) score: f64,
    pub(crate) reason: String,
    /// Comes earlier among equals: order of mention, the main category.
    pub(crate) rank: usize,
}

/// What a stage comes to.
pub(crate) enum Answer<'i> {
    /// This one.
    Pick(Hit<'i>),
    /// One of these.
    Choose(Vec<Hit<'i>>),
    /// None of them; the next stage is not asked.
    None,
}

impl Answer<'_> {
    fn best(&self) -> f64 {
        match self {
            Self::Pick(hit) => hit.score,
            Self::Choose(hits) => hits.iter().map(|hit| hit.score).fold(0.0, f64::max),
            Self::None => 0.0,
        }
    }
}

/// Finds the apps for an intent.
pub(crate) fn search(catalog: &Catalog, intent: &str, connected: &[AppKey]) -> SearchResult {
    let index = catalog.index();
    let answer = answer(index, intent);
    let (outcome, mut hits) = match answer {
        Answer::Pick(hit) => (SearchOutcome::Pick, vec![hit]),
        Answer::Choose(hits) if hits.is_empty() => (SearchOutcome::None, hits),
        Answer::Choose(hits) => (SearchOutcome::Choose, hits),
        Answer::None => (SearchOutcome::None, Vec::new()),
    };
    let connected: BTreeSet<&str> = connected.iter().map(AppKey::as_str).collect();
    hits.sort_by_key(|hit| {
        // Scores are compared in hundredths, so that equals are equals.
        let score = Reverse((hit.score * 100.0).round() as i64);
        let known = !connected.contains(hit.entry.key.as_str());
        (score, known, hit.rank, Reverse(hit.entry.popularity), hit.entry.key.clone())
    });
    hits.truncate(MAX_ITEMS);
    let items = hits.into_iter().filter_map(|hit| item(catalog, &hit)).collect();
    SearchResult { outcome, items }
}

fn item(catalog: &Catalog, hit: &Hit<'_>) -> Option<SearchItem> {
    let app = catalog.get(&hit.entry.key.parse().ok()?)?;
    let score = (hit.score * 100.0).round() / 100.0;
    Some(SearchItem { key: app.key.clone(), name: app.name.clone(), score, reason: hit.reason.clone() })
}

fn answer<'i>(index: &'i Index, intent: &str) -> Answer<'i> {
    let words = text::words(intent);
    if words.is_empty() {
        return if intent.trim().is_empty() { popular(index) } else { Answer::None };
    }
    if let Some(answer) = by_address(index, intent) {
        return answer;
    }
    if let Some(answer) = named::whole(index, &words) {
        return answer;
    }
    if let Some(answer) = named::within(index, &words) {
        return answer;
    }
    let telling = telling(&words);
    if telling.is_empty() {
        return Answer::None;
    }
    let topic = topic::about(index, &words);
    if topic.as_ref().is_some_and(|topic| topic.best() >= EXPLAINED) {
        return topic.unwrap_or(Answer::None);
    }
    match (near::misspelt(index, &telling), topic) {
        (Some(Answer::Pick(hit)), _) => Answer::Pick(hit),
        (_, Some(topic)) => topic,
        (near, None) => near.unwrap_or(Answer::None),
    }
}

/// Returns the words that say something.
pub(crate) fn telling(words: &[Word]) -> Vec<&Word> {
    words.iter().filter(|word| !is_filler(&word.plain)).collect()
}

pub(crate) fn is_filler(word: &str) -> bool {
    FILLERS.contains(&word)
}

fn popular(index: &Index) -> Answer<'_> {
    let mut entries: Vec<&Entry> = index.entries.iter().collect();
    entries.sort_by_key(|entry| (Reverse(entry.popularity), &entry.key));
    let hit =
        |entry| Hit { entry, score: f64::from(entry.popularity) / 1000.0, reason: "is popular".to_owned(), rank: 0 };
    Answer::Choose(entries.into_iter().take(POPULAR).map(hit).collect())
}

/// Answers a text with a web address. One that is nothing else and nobody's has no app: it can be added by its address.
fn by_address<'i>(index: &'i Index, intent: &str) -> Option<Answer<'i>> {
    let mut hits: Vec<Hit<'i>> = Vec::new();
    for address in host::addresses(intent) {
        for (entry, domain) in host::owners(index, &address) {
            if !hits.iter().any(|hit| hit.entry.key == entry.key) {
                hits.push(Hit { entry, score: 1.0, reason: format!("matches {domain}"), rank: hits.len() });
            }
        }
    }
    match hits.len() {
        0 if host::is_address(intent) && named::whole(index, &text::words(intent)).is_none() => Some(Answer::None),
        0 => None,
        1 => hits.pop().map(Answer::Pick),
        _ => Some(Answer::Choose(hits)),
    }
}
