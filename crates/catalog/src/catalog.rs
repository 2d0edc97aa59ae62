//! The catalog: the apps that come with the product, and the person's own.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use membrane_model::{AppKey, AppSummary, SearchResult};

use crate::parse::{VARS, parse_with};
use crate::search::index::Index;
use crate::{App, AppFileError};

/// The apps that come with the product, read and checked by the build: a line each with its key and the lengths of its JSON
/// and of its file, which stand one after another in [`APPS`] and [`FILES`].
const LIST: &str = include_str!(concat!(env!("OUT_DIR"), "/apps.txt"));
const APPS: &str = include_str!(concat!(env!("OUT_DIR"), "/apps.json"));
const FILES: &str = include_str!(concat!(env!("OUT_DIR"), "/apps.toml"));

/// What apps inherit from: the key of a family and the text of its file.
const FAMILIES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/families.rs"));

/// Own app files beyond this size are refused: the largest of ours has 16 KiB.
const MAX_FILE: u64 = 256 * 1024;

/// All apps that can be connected.
#[derive(Debug)]
pub struct Catalog {
    apps: BTreeMap<AppKey, Entry>,
    vars: BTreeMap<String, String>,
    /// Built by the first search: an engine that only refreshes tokens never needs it.
    index: OnceLock<Index>,
}

/// An app, unfolded when somebody asks for it: an engine touches a few of a thousand.
#[derive(Debug)]
struct Entry {
    json: &'static str,
    app: OnceLock<Option<App>>,
}

/// Reads one app out of the text of its file.
///
/// # Errors
/// The first mistake, with its line and what to write instead.
pub fn parse_app(file_name: &str, text: &str) -> Result<App, AppFileError> {
    parse_with(file_name, text, FAMILIES)
}

impl Catalog {
    /// Takes the apps that come with the product and reads the person's own, which replace built-in ones of the same
    /// key.
    ///
    /// A file that is not valid is left out and told of; the others are there. `vars` fill slots that no person fills;
    /// without `sandbox` among them, its usual address stands in.
    #[must_use]
    pub fn load(own_apps_dir: Option<&Path>, vars: &BTreeMap<String, String>) -> (Self, Vec<AppFileError>) {
        let usual = VARS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let vars = usual.chain(vars.clone()).collect();
        let built_in = built_in().filter_map(|place| {
            Some((place.key.parse().ok()?, Entry { json: APPS.get(place.json)?, app: OnceLock::new() }))
        });
        let mut catalog = Self { apps: built_in.collect(), vars, index: OnceLock::new() };
        let mut errors = Vec::new();
        if let Some(folder) = own_apps_dir {
            catalog.add_own(folder, &mut errors);
        }
        (catalog, errors)
    }

    /// Finds an app.
    #[must_use]
    pub fn get(&self, key: &AppKey) -> Option<&App> {
        self.unfold(self.apps.get(key)?)
    }

    /// Returns the text of an app's file: the person's own, else the one that comes with the product.
    #[must_use]
    pub fn file(own_apps_dir: Option<&Path>, key: &AppKey) -> Option<String> {
        let own = own_apps_dir.map(|folder| folder.join(format!("{key}.toml")));
        let own = own.and_then(|path| fs::read_to_string(path).ok());
        own.or_else(|| {
            let place = built_in().find(|place| place.key == key.as_str())?;
            FILES.get(place.file).map(str::to_owned)
        })
    }

    /// Lists all apps by key.
    pub fn apps(&self) -> impl Iterator<Item = &App> {
        self.apps.values().filter_map(|entry| self.unfold(entry))
    }

    /// Returns what a list shows of an app.
    #[must_use]
    pub fn summary(app: &App) -> AppSummary {
        app.summary()
    }

    /// Returns what to fill templates with: the connection's fields, and what the product itself fills in.
    #[must_use]
    pub fn values(&self, fields: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut values = fields.clone();
        values.extend(self.vars.iter().map(|(name, value)| (name.clone(), value.clone())));
        values
    }

    /// Finds the apps for an intent: a name, a web address, a category, a task in a few words.
    ///
    /// `connected` apps come first among equals. Works offline and always answers the same.
    #[must_use]
    pub fn search(&self, intent: &str, connected: &[AppKey]) -> SearchResult {
        crate::search::search(self, intent, connected)
    }

    pub(crate) fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::build(self.apps()))
    }

    /// Unfolds a built-in app. What the build wrote always reads: a test unfolds every one.
    fn unfold<'a>(&self, entry: &'a Entry) -> Option<&'a App> {
        entry.app.get_or_init(|| serde_json::from_str(entry.json).ok().map(|app| self.filled(app))).as_ref()
    }

    fn insert(&mut self, app: App) {
        let app = self.filled(app);
        self.apps.insert(app.key.clone(), Entry { json: "", app: OnceLock::from(Some(app)) });
    }

    /// Puts the product's own values into the addresses of pages.
    fn filled(&self, mut app: App) -> App {
        for method in &mut app.auth {
            let links = method.fields.iter_mut().filter_map(|field| field.link.as_mut());
            for page in links.chain(method.setup.as_mut().map(|setup| &mut setup.url)) {
                self.fill_page(page);
            }
        }
        app
    }

    /// Puts the product's own values into the address of a page; people's values never stand there.
    fn fill_page(&self, page: &mut String) {
        for (name, value) in &self.vars {
            let slot = format!("{{{name}}}");
            if page.contains(&slot) {
                *page = page.replace(&slot, value.trim_end_matches('/'));
            }
        }
    }

    fn add_own(&mut self, folder: &Path, errors: &mut Vec<AppFileError>) {
        let mut seen = BTreeSet::new();
        for path in own_files(folder, errors) {
            match read_own(&path) {
                Ok(app) if !seen.insert(app.key.clone()) => errors.push(AppFileError {
                    file: file_name(&path),
                    line: 1,
                    problem: format!("another file of yours has the key {:?} already", app.key.as_str()),
                    instead: "Write another key, or remove one of the two files.".to_owned(),
                }),
                Ok(app) => self.insert(app),
                Err(error) => errors.push(error),
            }
        }
    }
}

/// Where a built-in app stands.
struct Place {
    key: &'static str,
    json: Range<usize>,
    file: Range<usize>,
}

fn built_in() -> impl Iterator<Item = Place> {
    LIST.lines().scan((0, 0), |(json, file), line| {
        let mut parts = line.split(' ');
        let key = parts.next()?;
        let mut next = |start: &mut usize| {
            let end = *start + parts.next()?.parse::<usize>().ok()?;
            Some(std::mem::replace(start, end)..end)
        };
        Some(Place { key, json: next(json)?, file: next(file)? })
    })
}

/// Lists the app files of a folder by name; a folder that isn't there has none.
fn own_files(folder: &Path, errors: &mut Vec<AppFileError>) -> Vec<PathBuf> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            errors.push(unreadable(folder, &error.to_string()));
            return Vec::new();
        }
    };
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .collect();
    files.sort();
    files
}

fn read_own(path: &Path) -> Result<App, AppFileError> {
    let size = fs::metadata(path).map_err(|error| unreadable(path, &error.to_string()))?.len();
    if size > MAX_FILE {
        return Err(unreadable(path, "it is larger than 256 KiB"));
    }
    let text = fs::read_to_string(path).map_err(|error| unreadable(path, &error.to_string()))?;
    let mut app = parse_app(&file_name(path), &text)?;
    app.own = true;
    Ok(app)
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.to_string_lossy().into_owned(), |name| name.to_string_lossy().into_owned())
}

fn unreadable(path: &Path, why: &str) -> AppFileError {
    AppFileError {
        file: file_name(path),
        line: 1,
        problem: format!("it can't be read: {}", why.trim_end_matches('.')),
        instead: "Make it a text file in UTF-8 that you may read.".to_owned(),
    }
}
