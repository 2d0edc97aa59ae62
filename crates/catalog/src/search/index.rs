//! What a search needs to know of every app, worked out once.

use std::collections::{BTreeMap, BTreeSet};

use crate::App;
use crate::search::lexicon::CATEGORIES;
use crate::search::text::{compact, stems};

/// The words of all apps.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) entries: Vec<Entry>,
    /// Phrases of categories, as stems, with the categories they stand for.
    pub(crate) phrases: BTreeMap<Vec<String>, BTreeSet<String>>,
    /// The longest phrase or name, in words.
    pub(crate) longest: usize,
}

/// The words of an app.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    /// The name and the aliases, the name first.
    pub(crate) names: Vec<Name>,
    /// Words of the names and of the family.
    pub(crate) name_words: BTreeSet<String>,
    pub(crate) family: Option<String>,
    pub(crate) description: BTreeSet<String>,
    pub(crate) categories: Vec<String>,
    /// Host and path of its domains.
    pub(crate) domains: Vec<(String, String)>,
    pub(crate) popularity: u8,
}

/// One of an app's names.
#[derive(Debug)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) stems: Vec<String>,
    pub(crate) compact: String,
}

impl Index {
    /// Reads the words of all apps.
    pub(crate) fn build<'a>(apps: impl Iterator<Item = &'a App>) -> Self {
        let entries: Vec<Entry> = apps.map(entry).collect();
        let mut index = Self { entries, ..Self::default() };
        for category in CATEGORIES {
            for words in category.words {
                index.phrase(stems(words), category.key);
            }
            index.phrase(stems(category.key), category.key);
        }
        // Own apps may have categories of their own.
        let own: BTreeSet<String> = index.entries.iter().flat_map(|entry| entry.categories.iter().cloned()).collect();
        for category in own {
            index.phrase(stems(&category), &category);
        }
        let names = index.entries.iter().flat_map(|entry| entry.names.iter().map(|name| name.stems.len()));
        index.longest = names.chain(index.phrases.keys().map(Vec::len)).max().unwrap_or(1);
        index
    }

    fn phrase(&mut self, words: Vec<String>, category: &str) {
        if !words.is_empty() {
            self.phrases.entry(words).or_default().insert(category.to_owned());
        }
    }
}

fn entry(app: &App) -> Entry {
    let all = std::iter::once(&app.name).chain(&app.aliases);
    let mut names: Vec<Name> = all.map(|text| name(text)).filter(|name| !name.stems.is_empty()).collect();
    let by_key = name(app.key.as_str());
    if !names.iter().any(|name| name.compact == by_key.compact) {
        names.push(by_key);
    }
    let family = app.family.as_ref().map(|family| family.as_str().to_owned());
    let name_words = names.iter().flat_map(|name| name.stems.iter().cloned()).chain(family.clone()).collect();
    Entry {
        key: app.key.as_str().to_owned(),
        name_words,
        names,
        family,
        description: stems(&app.description).into_iter().filter(|word| word.len() > 2).collect(),
        categories: app.categories.clone(),
        domains: app.domains.iter().map(|domain| split(domain)).collect(),
        popularity: app.popularity,
    }
}

fn name(text: &str) -> Name {
    Name { text: text.to_owned(), stems: stems(text), compact: compact(text) }
}

fn split(domain: &str) -> (String, String) {
    match domain.split_once('/') {
        Some((host, path)) => (host.to_owned(), format!("/{path}")),
        None => (domain.to_owned(), String::new()),
    }
}
