//! What a text asks an app to do: terms that mean a capability, and words that speak for one.
//!
//! Terms are looked up as they stand, the longest first. Beyond them every word speaks for the capabilities whose terms,
//! hints and example phrases use it more than others do (naive Bayes). Phrases that no app is meant by are a class of
//! their own, so that chatter is recognised and not only missed.

use std::collections::{BTreeMap, HashMap};

use crate::capability;
use crate::search::lexicon::{self, is_filler, is_quiet};
use crate::search::text::{Word, words};

/// The most words of a term.
const LONGEST: usize = 5;
/// The most signs of a term in a script without spaces.
const LONGEST_SIGNS: usize = 10;
/// Spreads the evidence: a word seen once says less than one seen often.
const SMOOTHING: f32 = 12.0;
/// No single word says more than this.
const LOUDEST: f32 = 3.0;

const OF_TERM: f32 = 1.2;
const OF_HINT: f32 = 1.0;
const OF_PHRASE: f32 = 1.0;

/// The vocabulary of all capabilities.
#[derive(Debug)]
pub(crate) struct Meaning {
    /// Stems and signs with their numbers; sorted, so that near ones are neighbours.
    vocabulary: BTreeMap<Box<str>, u32>,
    /// Terms as numbers of their words.
    terms: HashMap<Box<[u32]>, Vec<u16>>,
    /// Terms in scripts without spaces.
    signs: HashMap<Box<str>, Vec<u16>>,
    /// For every word, how much it speaks for capabilities.
    weights: Vec<Box<[(u16, f32)]>>,
    /// The same for pairs of neighbouring words.
    pairs: HashMap<(u32, u32), Vec<u16>>,
    classes: usize,
}

/// What a text was found to mean.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reading {
    /// Capabilities with their scores, best first.
    pub(crate) capabilities: Vec<(u16, f32)>,
    /// The part of the telling words that spoke for the best one, 0 to 1.
    pub(crate) covered: f32,
    /// A term stands in the text.
    pub(crate) by_term: bool,
    /// How much speaks for idle talk.
    pub(crate) idle: f32,
}

impl Meaning {
    /// Reads the lexicon.
    pub(crate) fn build() -> Self {
        let classes = capability::list().count() + 1;
        let mut draft = Draft::new(classes);
        for entry in lexicon::entries() {
            for term in entry.terms {
                draft.term(entry.capability, term);
            }
            for hint in entry.hints {
                draft.bag(entry.capability, hint, OF_HINT);
            }
        }
        for (class, phrase) in lexicon::phrases() {
            draft.phrase(class, phrase);
        }
        let idle = (classes - 1) as u16;
        for phrase in lexicon::idle() {
            draft.phrase(idle, phrase);
        }
        draft.finish()
    }

    /// Tells whether a stem is a word of the lexicon.
    pub(crate) fn knows(&self, stem: &str) -> bool {
        self.vocabulary.contains_key(stem)
    }

    /// Tells whether a run of signs is a term of the lexicon.
    pub(crate) fn is_term(&self, run: &str) -> bool {
        self.signs.contains_key(run)
    }

    /// Tells whether a run of signs is, for the most part, a term of the lexicon.
    pub(crate) fn knows_signs(&self, run: &str) -> bool {
        let signs: Vec<char> = run.chars().collect();
        let least = signs.len().div_ceil(2).max(2);
        (least..=signs.len())
            .any(|len| signs.windows(len).any(|part| self.signs.contains_key(&*String::from_iter(part))))
    }

    /// Reads a text.
    pub(crate) fn read(&self, words: &[Word]) -> Reading {
        let mut scores = vec![0.0_f32; self.classes];
        let kept: Vec<&Word> = words.iter().filter(|word| !is_filler(&word.plain)).collect();
        let mut support: Vec<Vec<u16>> = vec![Vec::new(); kept.len()];
        let ids: Vec<Vec<u32>> = kept.iter().map(|word| self.ids(word)).collect();
        let mut by_term = self.score_terms(&ids, &mut scores, &mut support);
        for (at, word) in kept.iter().enumerate() {
            if word.signs {
                by_term |= self.score_signs(&word.plain, &mut scores, &mut support[at]);
            }
            if is_quiet(&word.plain) {
                continue;
            }
            for (class, weight) in self.loudest(&ids[at]) {
                scores[usize::from(class)] += weight;
                if weight > 0.4 {
                    support[at].push(class);
                }
            }
        }
        self.score_pairs(&ids, &mut scores);
        let idle = scores.pop().unwrap_or_default();
        let mut capabilities: Vec<(u16, f32)> =
            (0..).zip(scores).filter(|(_, score)| *score > 0.2).collect::<Vec<(u16, f32)>>();
        capabilities.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let telling = kept.iter().filter(|word| !is_quiet(&word.plain)).count();
        let covered = capabilities.first().map_or(0, |(best, _)| {
            support.iter().zip(&kept).filter(|(list, word)| list.contains(best) && !is_quiet(&word.plain)).count()
        });
        Reading { capabilities, covered: covered as f32 / telling.max(1) as f32, by_term, idle }
    }

    /// Adds what the words of one place say, each class once: a compound counts as its loudest part.
    fn loudest(&self, ids: &[u32]) -> BTreeMap<u16, f32> {
        let mut best: BTreeMap<u16, f32> = BTreeMap::new();
        for id in ids {
            for (class, weight) in self.weights[*id as usize].iter() {
                let entry = best.entry(*class).or_insert(*weight);
                *entry = entry.max(*weight);
            }
        }
        best
    }

    fn score_terms(&self, ids: &[Vec<u32>], scores: &mut [f32], support: &mut [Vec<u16>]) -> bool {
        let mut found = false;
        let mut covered = vec![false; ids.len()];
        for len in (1..=LONGEST.min(ids.len())).rev() {
            for from in 0..=ids.len() - len {
                let here: Vec<u32> = ids[from..from + len].iter().filter_map(|list| list.first().copied()).collect();
                // The parts of a compound and the near forms of an unknown word count as single words.
                let singles = if len == 1 { ids[from].as_slice() } else { &[] };
                let keys = std::iter::once(here.as_slice()).chain(singles.iter().skip(1).map(std::slice::from_ref));
                let within = covered[from..from + len].iter().all(|covered| *covered);
                for key in keys.filter(|key| key.len() == len || len == 1) {
                    let Some(classes) = self.terms.get(key) else { continue };
                    found = true;
                    let worth = term_worth(len, classes.len()) * if within { 0.3 } else { 1.0 };
                    add(classes, worth, scores, &mut support[from..from + len]);
                    covered[from..from + len].fill(true);
                }
            }
        }
        self.score_gaps(ids, scores, support) || found
    }

    /// Finds terms of two words with others between them, or the other way round: "move my dentist appointment".
    fn score_gaps(&self, ids: &[Vec<u32>], scores: &mut [f32], support: &mut [Vec<u16>]) -> bool {
        let mut found = false;
        for (at, first) in ids.iter().enumerate() {
            for (distance, second) in ids.iter().enumerate().skip(at + 1).take(5).map(|(to, ids)| (to - at, ids)) {
                for (pair, worth) in [([first, second], 0.7), ([second, first], 0.55)] {
                    if distance == 1 && worth > 0.6 {
                        continue;
                    }
                    let [Some(one), Some(two)] = pair.map(|list| list.first().copied()) else { continue };
                    let Some(classes) = self.terms.get([one, two].as_slice()) else { continue };
                    found = true;
                    add(classes, term_worth(2, classes.len()) * worth, scores, &mut support[at..=at]);
                    add(classes, 0.0, scores, &mut support[at + distance..=at + distance]);
                }
            }
        }
        found
    }

    fn score_pairs(&self, ids: &[Vec<u32>], scores: &mut [f32]) {
        for pair in ids.windows(2) {
            let [Some(one), Some(two)] = [pair[0].first(), pair[1].first()] else { continue };
            if let Some(classes) = self.pairs.get(&(*one, *two)) {
                let worth = 0.9 / (classes.len() as f32).sqrt();
                add(classes, worth, scores, &mut []);
            }
        }
    }

    /// Cuts a run of signs into terms, the longest first; pairs of signs speak for the rest.
    fn score_signs(&self, run: &str, scores: &mut [f32], support: &mut Vec<u16>) -> bool {
        let signs: Vec<char> = run.chars().collect();
        let mut found = false;
        let mut at = 0;
        while at < signs.len() {
            let longest = LONGEST_SIGNS.min(signs.len() - at);
            let term = (1..=longest).rev().find_map(|len| {
                let text: String = signs[at..at + len].iter().collect();
                Some((len, self.signs.get(text.as_str())?))
            });
            let Some((len, classes)) = term else {
                at += 1;
                continue;
            };
            found = true;
            let worth = (1.2 + 0.5 * len.min(6) as f32) / (classes.len() as f32).sqrt();
            add(classes, worth, scores, std::slice::from_mut(support));
            at += len;
        }
        for pair in signs.windows(2) {
            let text: String = pair.iter().collect();
            let Some(id) = self.vocabulary.get(text.as_str()) else { continue };
            for (class, weight) in self.weights[*id as usize].iter() {
                scores[usize::from(*class)] += weight * 0.4;
                support.push(*class);
            }
        }
        found
    }

    /// Numbers the word, or what stands in for one that is unknown: the parts of a compound, or near forms.
    fn ids(&self, word: &Word) -> Vec<u32> {
        // A number alone counts something; it is no word.
        if word.plain.bytes().all(|b| b.is_ascii_digit()) {
            return Vec::new();
        }
        if let Some(id) = self.vocabulary.get(word.stem.as_str()) {
            return vec![*id];
        }
        if word.signs || word.stem.len() < 5 || !word.stem.is_ascii() {
            return Vec::new();
        }
        let compound = self.parts(&word.stem);
        if compound.is_empty() { self.near_forms(&word.stem) } else { compound }
    }

    /// Cuts a compound in two: Kundenrechnung, timetracking.
    fn parts(&self, stem: &str) -> Vec<u32> {
        let known = |part: &str| (part.len() >= 4).then(|| self.vocabulary.get(part).copied()).flatten();
        (4..stem.len().saturating_sub(3))
            .find_map(|at| {
                let (left, right) = stem.split_at(at);
                let linked = ["s", "n", "en", "e"].iter().filter_map(|link| left.strip_suffix(link)).find_map(known);
                Some(vec![known(right)?, known(left).or(linked)?])
            })
            .unwrap_or_default()
    }

    /// Finds a known word with the same beginning: invoiceable, facturar.
    fn near_forms(&self, stem: &str) -> Vec<u32> {
        let shared = (stem.len() * 3 / 4).max(5);
        let Some(start) = stem.get(..shared) else { return Vec::new() };
        let after = self.vocabulary.range::<str, _>((std::ops::Bound::Included(start), std::ops::Bound::Unbounded));
        let longer =
            after.take_while(|(word, _)| word.starts_with(start)).find(|(word, _)| word.len() <= stem.len() + 4);
        let shorter = (shared..stem.len()).rev().find_map(|end| self.vocabulary.get_key_value(stem.get(..end)?));
        shorter.or(longer).map(|(_, id)| *id).into_iter().collect()
    }
}

fn term_worth(words: usize, classes: usize) -> f32 {
    (1.4 + 0.9 * words as f32) / (classes as f32).sqrt()
}

fn add(classes: &[u16], worth: f32, scores: &mut [f32], support: &mut [Vec<u16>]) {
    for class in classes {
        scores[usize::from(*class)] += worth;
        for list in support.iter_mut() {
            list.push(*class);
        }
    }
}

/// The lexicon while it is counted.
struct Draft {
    vocabulary: BTreeMap<Box<str>, u32>,
    terms: HashMap<Box<[u32]>, Vec<u16>>,
    signs: HashMap<Box<str>, Vec<u16>>,
    counts: Vec<HashMap<u16, f32>>,
    pairs: HashMap<(u32, u32), Vec<u16>>,
    totals: Vec<f32>,
}

impl Draft {
    fn new(classes: usize) -> Self {
        Self {
            vocabulary: BTreeMap::new(),
            terms: HashMap::new(),
            signs: HashMap::new(),
            counts: Vec::new(),
            pairs: HashMap::new(),
            totals: vec![0.0; classes],
        }
    }

    fn term(&mut self, class: u16, text: &str) {
        let words = telling(text);
        for word in words.iter().filter(|word| word.signs) {
            once(self.signs.entry(word.plain.as_str().into()).or_default(), class);
        }
        let ids: Vec<u32> = words.iter().map(|word| self.id(&word.stem)).collect();
        // "what was said" leaves one word that means little alone.
        let left_over = words.len() == 1 && crate::search::text::words(text).len() > 2;
        let quiet = words.len() == 1 && is_quiet(&words[0].plain) || left_over;
        if !ids.is_empty() && !quiet && ids.len() <= LONGEST {
            once(self.terms.entry(ids.into()).or_default(), class);
        }
        self.bag(class, text, OF_TERM / (words.len().max(1) as f32).sqrt());
    }

    fn phrase(&mut self, class: u16, text: &str) {
        self.bag(class, text, OF_PHRASE);
        let ids: Vec<u32> = telling(text).iter().map(|word| self.id(&word.stem)).collect();
        for pair in ids.windows(2) {
            once(self.pairs.entry((pair[0], pair[1])).or_default(), class);
        }
    }

    fn bag(&mut self, class: u16, text: &str, weight: f32) {
        for word in telling(text) {
            if word.signs {
                let signs: Vec<char> = word.plain.chars().collect();
                for pair in signs.windows(2) {
                    let text: String = pair.iter().collect();
                    self.count(class, &text, weight * 0.5);
                }
            } else if !is_quiet(&word.plain) {
                self.count(class, &word.stem, weight);
            }
        }
    }

    fn count(&mut self, class: u16, word: &str, weight: f32) {
        let id = self.id(word);
        *self.counts[id as usize].entry(class).or_default() += weight;
        self.totals[usize::from(class)] += weight;
    }

    fn id(&mut self, word: &str) -> u32 {
        if let Some(id) = self.vocabulary.get(word) {
            return *id;
        }
        let id = self.counts.len() as u32;
        self.vocabulary.insert(word.into(), id);
        self.counts.push(HashMap::new());
        id
    }

    fn finish(self) -> Meaning {
        let all: f32 = self.totals.iter().sum::<f32>().max(1.0);
        let weigh = |counts: HashMap<u16, f32>| {
            let share = counts.values().sum::<f32>() / all;
            let mut weights: Vec<(u16, f32)> = counts
                .into_iter()
                .map(|(class, count)| {
                    let here = (count + SMOOTHING * share) / (self.totals[usize::from(class)] + SMOOTHING);
                    let seen = count / (count + 0.6);
                    (class, ((here / share).ln() * 0.6 * seen).min(LOUDEST))
                })
                .filter(|(_, weight)| *weight > 0.05)
                .collect();
            weights.sort_by_key(|(class, _)| *class);
            weights.into_boxed_slice()
        };
        Meaning {
            classes: self.totals.len(),
            weights: self.counts.into_iter().map(weigh).collect(),
            vocabulary: self.vocabulary,
            terms: self.terms,
            signs: self.signs,
            pairs: self.pairs,
        }
    }
}

fn once(list: &mut Vec<u16>, class: u16) {
    if !list.contains(&class) {
        list.push(class);
    }
}

fn telling(text: &str) -> Vec<Word> {
    words(text).into_iter().filter(|word| !is_filler(&word.plain)).collect()
}
