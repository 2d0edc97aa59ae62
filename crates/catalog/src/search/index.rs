//! What a search needs to know of every app, worked out once, by the first search.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::search::lexicon;
use crate::search::meaning::Meaning;
use crate::search::sound;
use crate::search::text::{Word, compact, singular, stems, words};
use crate::{App, capability};

/// The words of all apps, and what words mean.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) entries: Vec<Entry>,
    pub(crate) meaning: Meaning,
    /// Names and aliases, joined and without plural endings, with the places of their apps.
    pub(crate) names: HashMap<String, Vec<Named>>,
    /// Words that stand in the names of one app alone: Lightroom.
    pub(crate) telling_words: HashMap<String, usize>,
    /// All words of names.
    pub(crate) name_words: BTreeSet<String>,
    /// Names in scripts without spaces.
    pub(crate) signs: Vec<(String, usize)>,
    /// What names sound like, with the places of their apps.
    pub(crate) sounds: HashMap<String, Vec<sound::Sound>>,
    /// Names of families with their key.
    pub(crate) families: BTreeMap<String, String>,
    /// In how many descriptions a word stands.
    pub(crate) described: HashMap<String, usize>,
    /// The longest name, in words.
    pub(crate) longest: usize,
}

/// An app that a name belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) entry: usize,
    /// As it is written in the app's file.
    pub(crate) text: String,
    /// Other ways in which it is written there: "git lab" beside GitLab.
    pub(crate) also: Vec<String>,
    /// How near it is to what is written in the app's file; the nearer one wins.
    pub(crate) fit: Fit,
}

/// How near a name is to what is written in an app's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    /// To the letter.
    Exact,
    /// Without plural endings.
    Singular,
    /// A short form that was made up here.
    Made,
}

/// The words of an app.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) name: String,
    /// All names, joined; for slips of the pen.
    pub(crate) joined: Vec<(String, u32)>,
    pub(crate) family: Option<String>,
    pub(crate) description: BTreeSet<String>,
    pub(crate) categories: Vec<String>,
    /// Places of its capabilities in the closed list, the main one first.
    pub(crate) capabilities: Vec<u16>,
    /// Host and path of its domains.
    pub(crate) domains: Vec<(String, String)>,
    pub(crate) popularity: u8,
}

impl Index {
    /// Reads the words of all apps.
    pub(crate) fn build<'a>(apps: impl Iterator<Item = &'a App>) -> Self {
        let places: HashMap<&str, u16> = capability::list().zip(0..).map(|((id, _), place)| (id, place)).collect();
        let mut index = Self {
            entries: Vec::new(),
            meaning: Meaning::build(),
            names: HashMap::new(),
            telling_words: HashMap::new(),
            name_words: BTreeSet::new(),
            signs: Vec::new(),
            sounds: HashMap::new(),
            families: BTreeMap::new(),
            described: HashMap::new(),
            longest: 1,
        };
        let mut owners: HashMap<String, BTreeSet<usize>> = HashMap::new();
        for app in apps {
            let place = index.entries.len();
            index.add_names(app, place);
            for word in std::iter::once(&app.name).chain(&app.aliases).flat_map(|name| words(name)) {
                owners.entry(word.plain).or_default().insert(place);
            }
            if let Some(family) = &app.family {
                index.families.insert(compact(family.as_str()), family.as_str().to_owned());
            }
            let entry = entry(app, &places);
            for word in &entry.description {
                *index.described.entry(word.clone()).or_default() += 1;
            }
            index.entries.push(entry);
        }
        for (name, family) in lexicon::families() {
            if index.families.values().any(|known| known == family) {
                index.families.insert(compact(name), family.to_owned());
            }
        }
        index.name_words = owners.keys().cloned().collect();
        let alone = |(word, places): (String, BTreeSet<usize>)| {
            let [place] = places.into_iter().collect::<Vec<_>>()[..] else { return None };
            (word.len() >= 4 && word.bytes().any(|b| b.is_ascii_alphabetic())).then_some((word, place))
        };
        index.telling_words = owners.into_iter().filter_map(alone).collect();
        index
    }

    fn add_names(&mut self, app: &App, place: usize) {
        let written = std::iter::once(app.name.as_str()).chain(app.aliases.iter().map(String::as_str));
        for text in written.chain([app.key.as_str()]) {
            self.add_name(text, place, Fit::Exact);
            sound::add(&mut self.sounds, text, place);
        }
        for short in short_forms(&app.name) {
            self.add_name(&short, place, Fit::Made);
        }
    }

    fn add_name(&mut self, text: &str, place: usize, fit: Fit) {
        let words = words(text);
        self.longest = self.longest.max(words.len());
        if words.iter().any(|word| word.signs) {
            self.signs.push((words.iter().map(|word| word.plain.as_str()).collect(), place));
        }
        let joined: String = words.iter().map(|word| word.plain.as_str()).collect();
        let bare: String = words.iter().map(|word| singular(&word.plain)).collect();
        for (key, fit) in [(joined, fit), (bare, fit.max(Fit::Singular))] {
            let owners = self.names.entry(key).or_default();
            match owners.iter_mut().find(|named| named.entry == place) {
                Some(named) => {
                    named.fit = named.fit.min(fit);
                    if named.text != text {
                        named.also.push(text.to_owned());
                    }
                }
                None => owners.push(Named { entry: place, text: text.to_owned(), also: Vec::new(), fit }),
            }
        }
    }

    /// Tells whether a word is part of the lexicon or of an app's name.
    pub(crate) fn knows(&self, word: &Word) -> bool {
        self.meaning.knows(&word.stem) || self.name_words.contains(&word.plain)
    }

    /// Lists the apps that a joined text is the name of; a made-up short form gives way to a written name.
    pub(crate) fn named(&self, joined: &str) -> &[Named] {
        self.names.get(joined).map_or(&[], Vec::as_slice)
    }
}

/// Makes the short forms that people use of the big vendors' apps: gcal, gsheets, ms teams.
fn short_forms(name: &str) -> Vec<String> {
    let Some((vendor, rest)) = name.split_once(' ') else { return Vec::new() };
    match vendor {
        "Google" => vec![format!("g{rest}"), format!("g {rest}")],
        "Microsoft" => vec![format!("ms {rest}"), format!("office {rest}")],
        "Amazon" => vec![format!("aws {rest}")],
        "AWS" => vec![format!("amazon {rest}")],
        _ => Vec::new(),
    }
}

fn entry(app: &App, places: &HashMap<&str, u16>) -> Entry {
    let names =
        std::iter::once(app.name.as_str()).chain(app.aliases.iter().map(String::as_str)).chain([app.key.as_str()]);
    let joined: BTreeSet<String> = names.map(compact).filter(|name| name.len() >= 4).collect();
    Entry {
        key: app.key.as_str().to_owned(),
        name: app.name.clone(),
        joined: joined.into_iter().map(|name| (name.clone(), letters(&name))).collect(),
        family: app.family.as_ref().map(|family| family.as_str().to_owned()),
        description: stems(&app.description).into_iter().filter(|word| word.len() > 2).collect(),
        categories: app.categories.clone(),
        capabilities: app.capabilities.iter().filter_map(|id| places.get(id.as_str()).copied()).collect(),
        domains: app.domains.iter().map(|domain| split(domain)).collect(),
        popularity: app.popularity,
    }
}

/// Marks the letters of a word, so that words with other letters are passed over fast.
pub(crate) fn letters(word: &str) -> u32 {
    word.bytes().fold(0, |mask, b| match b {
        b'a'..=b'z' => mask | 1 << (b - b'a'),
        _ => mask | 1 << 26,
    })
}

fn split(domain: &str) -> (String, String) {
    match domain.split_once('/') {
        Some((host, path)) => (host.to_owned(), format!("/{path}").to_lowercase()),
        None => (domain.to_owned(), String::new()),
    }
}
