//! Intent search: free text in, apps out, offline and always the same.
//!
//! The stages, in the order of how sure they are: a web address; a name or an alias as the whole text; names within the
//! text; a slip of the pen; what the text asks an app to do; words of categories and descriptions. The first stage that
//! finds something answers, and only the first ones pick: a task is served by many apps.

mod host;
pub(crate) mod index;
mod lexicon;
mod meaning;
mod named;
mod near;
mod rank;
mod reason;
mod sound;
mod text;

use std::cmp::Reverse;
use std::collections::BTreeSet;

use membrane_model::{AppKey, SearchItem, SearchOutcome, SearchResult};

use crate::Catalog;
use crate::search::index::Index;
use crate::search::lexicon::{is_filler, is_quiet};
use crate::search::reason::Reason;
use crate::search::text::Word;

/// More would be no choice.
const MAX_ITEMS: usize = 20;
/// How many popular apps an empty text shows.
const POPULAR: usize = 12;

/// An app that fits.
#[derive(Debug, Clone)]
pub(crate) struct Hit {
    /// The app's place in the index.
    pub(crate) place: usize,
    /// 0 to 1.
    pub(crate) score: f64,
    pub(crate) reason: Reason,
    /// The order of mention.
    pub(crate) rank: usize,
    /// Serves the text as well as others do: the person's own choice may go first.
    pub(crate) serves: bool,
    popularity: u8,
}

impl Hit {
    pub(crate) fn new(index: &Index, place: usize, score: f64, reason: Reason) -> Self {
        let popularity = index.entries[place].popularity;
        Self { place, score, reason, rank: 0, serves: false, popularity }
    }
}

/// What a stage comes to.
pub(crate) enum Answer {
    /// This one.
    Pick(Hit),
    /// One of these.
    Choose(Vec<Hit>),
    /// None of them; the next stage is not asked.
    None,
}

/// Finds the apps for an intent.
pub(crate) fn search(catalog: &Catalog, intent: &str, connected: &[AppKey]) -> SearchResult {
    let index = catalog.index();
    let (outcome, mut hits) = match answer(index, intent) {
        Answer::Pick(hit) => (SearchOutcome::Pick, vec![hit]),
        Answer::Choose(hits) if hits.is_empty() => (SearchOutcome::None, hits),
        Answer::Choose(hits) => (SearchOutcome::Choose, hits),
        Answer::None => (SearchOutcome::None, Vec::new()),
    };
    let connected: BTreeSet<&str> = connected.iter().map(AppKey::as_str).collect();
    let best = hits.iter().map(|hit| hit.score).fold(0.0, f64::max);
    for hit in &mut hits {
        if connected.contains(index.entries[hit.place].key.as_str()) && hit.serves {
            hit.score = best;
            hit.rank = 0;
        }
    }
    hits.sort_by_key(|hit| {
        // Scores are compared in thousandths, so that equals are equals.
        let score = Reverse((hit.score * 1000.0).round() as i64);
        let known = !connected.contains(index.entries[hit.place].key.as_str());
        (score, known, hit.rank, Reverse(hit.popularity), index.entries[hit.place].key.as_str())
    });
    hits.truncate(MAX_ITEMS);
    let items = hits.into_iter().filter_map(|hit| item(catalog, index, &hit)).collect();
    SearchResult { outcome, items }
}

fn item(catalog: &Catalog, index: &Index, hit: &Hit) -> Option<SearchItem> {
    let app = catalog.get(&index.entries[hit.place].key.parse().ok()?)?;
    let score = (hit.score.clamp(0.0, 1.0) * 100.0).round() / 100.0;
    let item = SearchItem::new(app.key.clone(), app.name.clone(), score, hit.reason.to_string());
    Some(SearchItem { because: Some(hit.reason.because()), ..item })
}

fn answer(index: &Index, intent: &str) -> Answer {
    let mut words = text::words(intent);
    if words.is_empty() {
        return if intent.trim().is_empty() { popular(index) } else { Answer::None };
    }
    if let Some(answer) = by_address(index, intent) {
        return answer;
    }
    if let Some(answer) = named::whole(index, &words) {
        return answer;
    }
    if !words.iter().any(tells) {
        return Answer::None;
    }
    // Somebody's address says that it is about mail, whatever the address is made of.
    if host::has_mail_address(intent) {
        words.extend(text::words("email"));
    }
    let reading = index.meaning.read(&words);
    let family = named::family_in(index, &words);
    let meant = rank::by_meaning(index, &words, &reading, family);
    let named = named::within(index, &words);
    if !named.is_empty() {
        return by_name(index, &words, named, meant);
    }
    let clear = reading.by_term && reading.covered > 0.99;
    if (!clear || sound::is_foreign(index, &words))
        && let Some(answer) = sound::named(index, &words)
    {
        return answer;
    }
    if !clear && let Some(answer) = near::whole(index, &words) {
        return answer;
    }
    if let Some(answer) = near::within(index, &words) {
        return answer;
    }
    if !meant.is_empty() {
        return Answer::Choose(meant);
    }
    let described = rank::by_description(index, &words);
    if !described.is_empty() {
        return alone(described);
    }
    alone(rank::beginnings(index, &words))
}

/// Answers a text that names apps. A name that has little to do with what the text is about may be somebody it is about:
/// "the invoice from Hetzner in my mailbox".
fn by_name(index: &Index, words: &[Word], named: Vec<Hit>, meant: Vec<Hit>) -> Answer {
    // "Zoho Billng" names Zoho, and means another app of theirs.
    let unknown = |word: &Word| tells(word) && !index.knows(word);
    if named.len() == 1
        && words.len() <= 5
        && words.iter().any(unknown)
        && let Some(answer) = near::whole(index, words)
    {
        return answer;
    }
    let [only] = named.as_slice() else { return Answer::Choose(named) };
    let serves = meant.iter().any(|hit| hit.place == only.place);
    let best = meant.first().map_or(0.0, |_| meant.iter().map(|hit| hit.score).fold(0.0, f64::max));
    if serves || best < 0.68 || words.len() <= 3 {
        return named.into_iter().next().map_or(Answer::None, Answer::Pick);
    }
    Answer::Choose(named.into_iter().chain(meant).collect())
}

/// Picks the only one there is, if it is sure enough.
fn alone(hits: Vec<Hit>) -> Answer {
    match hits.as_slice() {
        [only] if only.score >= 0.5 => Answer::Pick(only.clone()),
        _ => Answer::Choose(hits),
    }
}

/// Tells whether a word says something about an app.
fn tells(word: &Word) -> bool {
    !is_filler(&word.plain) && !is_quiet(&word.plain)
}

fn popular(index: &Index) -> Answer {
    let mut places: Vec<usize> = (0..index.entries.len()).collect();
    places.sort_by_key(|place| (Reverse(index.entries[*place].popularity), &index.entries[*place].key));
    let hit = |place: usize| {
        let score = f64::from(index.entries[place].popularity) / 1000.0;
        Hit::new(index, place, score, Reason::Popular)
    };
    Answer::Choose(places.into_iter().take(POPULAR).map(hit).collect())
}

/// Answers a text with a web address. One that is nothing else and nobody's has no app: it can be added by its address.
fn by_address(index: &Index, intent: &str) -> Option<Answer> {
    let mut hits: Vec<Hit> = Vec::new();
    let addresses = host::addresses(intent);
    for address in &addresses {
        for (place, domain) in host::owners(index, address) {
            if !hits.iter().any(|hit| hit.place == place) {
                let mut hit = Hit::new(index, place, 1.0, Reason::Address(domain));
                hit.rank = hits.len();
                hits.push(hit);
            }
        }
    }
    if hits.is_empty() {
        hits = addresses.iter().flat_map(|address| host::alike(index, address)).collect();
        if !hits.is_empty() {
            return Some(Answer::Choose(hits));
        }
    }
    match hits.len() {
        0 if host::is_address(intent) && named::whole(index, &text::words(intent)).is_none() => {
            Some(host::misspelt(index, intent).map_or(Answer::None, Answer::Choose))
        }
        0 => None,
        1 => hits.pop().map(Answer::Pick),
        _ => Some(Answer::Choose(hits)),
    }
}
