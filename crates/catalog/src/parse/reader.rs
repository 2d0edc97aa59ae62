//! Reads a TOML table key by key and knows the line of everything, so that a mistake is told with what to write instead.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::AppFileError;

/// An app file's name and text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Doc<'t> {
    pub(crate) file: &'t str,
    pub(crate) text: &'t str,
    /// The file that it inherits from, and its text; places beyond the own text are in there.
    pub(crate) family: Option<(&'t str, &'t str)>,
}

impl Doc<'_> {
    /// Finds where a text stands, in the file or in the one it inherits from.
    pub(crate) fn find(&self, needle: &str) -> Option<usize> {
        let inherited = || Some(self.family?.1.find(needle)? + self.text.len() + 1);
        self.text.find(needle).or_else(inherited)
    }

    /// Makes an error about the byte at `at`.
    pub(crate) fn error(&self, at: usize, problem: impl Into<String>, instead: impl Into<String>) -> AppFileError {
        let (file, text, at) = match self.family {
            Some((file, text)) if at > self.text.len() => (file, text, at - self.text.len() - 1),
            Some(_) | None => (self.file, self.text, at),
        };
        let before = text.get(..at).unwrap_or(text);
        AppFileError {
            file: file.to_owned(),
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            problem: problem.into(),
            instead: instead.into(),
        }
    }
}

/// A value and where it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) at: usize,
}

/// A table of an app file whose keys are all known.
#[derive(Debug, Clone)]
pub(crate) struct Table<'t> {
    pub(crate) doc: Doc<'t>,
    /// What a person would call it: "the file", "[source]", "verify".
    pub(crate) name: String,
    pub(crate) at: usize,
    entries: &'t DeTable<'t>,
}

type Read<T> = Result<T, AppFileError>;

impl<'t> Table<'t> {
    /// Takes a table, if it has no unknown keys.
    pub(crate) fn new(doc: Doc<'t>, name: &str, at: usize, entries: &'t DeTable<'t>, known: &[&str]) -> Read<Self> {
        for key in entries.keys() {
            let word: &str = key.get_ref();
            if !known.contains(&word) {
                return Err(doc.error(
                    key.span().start,
                    format!("unknown key {word:?} in {name}"),
                    suggest(word, known),
                ));
            }
        }
        Ok(Self { doc, name: name.to_owned(), at, entries })
    }

    /// Makes an error about the table as a whole.
    pub(crate) fn error(&self, problem: impl Into<String>, instead: impl Into<String>) -> AppFileError {
        self.doc.error(self.at, problem, instead)
    }

    /// Tells where a key stands, or the table when it is not there.
    pub(crate) fn place(&self, key: &str) -> usize {
        self.entries.get_key_value(key).map_or(self.at, |(key, _)| key.span().start)
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Tells whether a key has a list.
    pub(crate) fn is_list(&self, key: &str) -> bool {
        self.get(key).is_some_and(|value| value.get_ref().is_array())
    }

    fn get(&self, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.entries.get(key)
    }

    fn wrong(&self, key: &str, value: &Spanned<DeValue<'_>>, want: &str, example: &str) -> AppFileError {
        let found = value.get_ref().type_str();
        self.doc.error(
            value.span().start,
            format!("{key} is {} {found}, not {want}", article(found)),
            format!("Write {key} = {example}."),
        )
    }

    pub(crate) fn text(&self, key: &str) -> Read<Option<At<&'t str>>> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let text = value.get_ref().as_str().ok_or_else(|| self.wrong(key, value, "a text", "\"…\""))?;
        if text.trim().is_empty()
            && key != "prefix"
            && key != "password"
            && key != "username"
            && key != "scope_separator"
        {
            let instead = format!("Write something, or leave {key} out.");
            return Err(self.doc.error(value.span().start, format!("{key} is empty"), instead));
        }
        Ok(Some(At { value: text, at: value.span().start }))
    }

    pub(crate) fn need_text(&self, key: &str, example: &str) -> Read<At<&'t str>> {
        self.text(key)?.ok_or_else(|| self.missing(key, &format!("{example:?}")))
    }

    pub(crate) fn missing(&self, key: &str, example: &str) -> AppFileError {
        self.error(format!("{} has no {key}", self.name), format!("Write {key} = {example}."))
    }

    pub(crate) fn owned(&self, key: &str) -> Read<Option<String>> {
        Ok(self.text(key)?.map(|text| text.value.to_owned()))
    }

    pub(crate) fn flag(&self, key: &str) -> Read<bool> {
        let Some(value) = self.get(key) else {
            return Ok(false);
        };
        value.get_ref().as_bool().ok_or_else(|| self.wrong(key, value, "true or false", "true"))
    }

    pub(crate) fn number(&self, key: &str, most: u64, example: &str) -> Read<Option<u64>> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        self.number_of(key, value, most, example).map(Some)
    }

    fn number_of(&self, key: &str, value: &Spanned<DeValue<'_>>, most: u64, example: &str) -> Read<u64> {
        let integer = value.get_ref().as_integer().ok_or_else(|| self.wrong(key, value, "a whole number", example))?;
        let number = u64::from_str_radix(integer.as_str(), integer.radix()).ok().filter(|number| *number <= most);
        number.ok_or_else(|| {
            let problem = format!("{key} is not between 0 and {most}");
            self.doc.error(value.span().start, problem, format!("Write {key} = {example}."))
        })
    }

    fn array(&self, key: &str, example: &str) -> Read<&'t [Spanned<DeValue<'t>>]> {
        let Some(value) = self.get(key) else {
            return Ok(&[]);
        };
        value.get_ref().as_array().map(|list| list.as_ref()).ok_or_else(|| self.wrong(key, value, "a list", example))
    }

    pub(crate) fn texts(&self, key: &str) -> Read<Vec<At<&'t str>>> {
        let list = self.array(key, "[\"…\"]")?;
        let one = |value: &'t Spanned<DeValue<'t>>| {
            let text = value.get_ref().as_str().filter(|text| !text.trim().is_empty());
            let text = text.ok_or_else(|| self.wrong(&format!("an item of {key}"), value, "a text", "[\"…\"]"))?;
            Ok(At { value: text, at: value.span().start })
        };
        list.iter().map(one).collect()
    }

    pub(crate) fn words(&self, key: &str) -> Read<Vec<String>> {
        Ok(self.texts(key)?.into_iter().map(|text| text.value.to_owned()).collect())
    }

    /// Reads a text or a list of texts.
    pub(crate) fn one_or_many(&self, key: &str) -> Read<Vec<At<&'t str>>> {
        match self.get(key).map(|value| value.get_ref().is_array()) {
            Some(true) => self.texts(key),
            Some(false) | None => Ok(self.text(key)?.into_iter().collect()),
        }
    }

    pub(crate) fn codes(&self, key: &str, standard: &[u16]) -> Read<Vec<u16>> {
        if !self.has(key) {
            return Ok(standard.to_vec());
        }
        let one = |value: &Spanned<DeValue<'_>>| {
            let code = self.number_of(key, value, 599, "[200]")?;
            let in_range = u16::try_from(code).ok().filter(|code| *code >= 100);
            in_range.ok_or_else(|| {
                self.doc.error(value.span().start, format!("{code} is no HTTP status"), format!("Write {key} = [200]."))
            })
        };
        self.array(key, "[200]")?.iter().map(one).collect()
    }

    pub(crate) fn table(&self, key: &str, known: &[&str]) -> Read<Option<Table<'t>>> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let entries = value.get_ref().as_table().ok_or_else(|| self.wrong(key, value, "a table", "{ … }"))?;
        let at = self.place(key).max(value.span().start.min(self.doc.text.len()));
        Table::new(self.doc, key, at, entries, known).map(Some)
    }

    /// Reads a list of tables; a single table counts as a list of one.
    pub(crate) fn tables(&self, key: &str, known: &[&str]) -> Read<Vec<Table<'t>>> {
        let Some(value) = self.get(key) else {
            return Ok(Vec::new());
        };
        let list = match value.get_ref() {
            DeValue::Table(_) => std::slice::from_ref(value),
            _ => self.array(key, "[{ … }]")?,
        };
        let one = |value: &'t Spanned<DeValue<'t>>| {
            let entries = value.get_ref().as_table().ok_or_else(|| self.wrong(key, value, "a table", "[{ … }]"))?;
            Table::new(self.doc, key, value.span().start, entries, known)
        };
        list.iter().map(one).collect()
    }

    /// Reads a table of texts with free keys.
    pub(crate) fn pairs(&self, key: &str) -> Read<BTreeMap<String, At<&'t str>>> {
        let Some(value) = self.get(key) else {
            return Ok(BTreeMap::new());
        };
        let entries =
            value.get_ref().as_table().ok_or_else(|| self.wrong(key, value, "a table", "{ name = \"value\" }"))?;
        let one = |(name, value): (&'t Spanned<_>, &'t Spanned<DeValue<'t>>)| {
            let name: &std::borrow::Cow<'_, str> = name.get_ref();
            let text = value.get_ref().as_str().ok_or_else(|| self.wrong(name, value, "a text", "\"…\""))?;
            Ok((name.to_string(), At { value: text, at: value.span().start }))
        };
        entries.iter().map(one).collect()
    }

    /// Reads a word out of a closed list.
    pub(crate) fn choice<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Read<Option<T>> {
        let Some(text) = self.text(key)? else {
            return Ok(None);
        };
        if let Some((_, choice)) = words.iter().find(|(word, _)| *word == text.value) {
            return Ok(Some(*choice));
        }
        let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let problem = format!("{key} = {:?} is none of the words there are", text.value);
        let instead = match nearest(text.value, &all) {
            Some(word) => format!("Write {key} = {word:?}."),
            None => format!("Write one of {}.", quoted(&all)),
        };
        Err(self.doc.error(text.at, problem, instead))
    }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" }
}

/// Says what to write instead of an unknown key.
fn suggest(word: &str, known: &[&str]) -> String {
    match nearest(word, known) {
        Some(key) => format!("Write {key}."),
        None => format!("Leave it out; the keys there are: {}.", known.join(", ")),
    }
}

/// Finds what was meant: the same word in another case style, or a near one.
fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let meant = plain(word);
    if meant.is_empty() {
        return None;
    }
    let distance = |key: &&&str| strsim::osa_distance(&meant, &plain(key));
    let best = known.iter().min_by_key(distance)?;
    let contained = || known.iter().find(|key| plain(key).contains(&meant) && meant.len() >= 4);
    if distance(&best) <= (meant.len() / 4).max(1) { Some(best) } else { contained().copied() }
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(", ")
}
