//! What the tray and notifications say, in the person's language: the files that the console reads too.

use std::collections::BTreeMap;
use std::sync::OnceLock;

type Table = BTreeMap<String, String>;

/// The texts of one language.
#[derive(Debug, Clone, Copy)]
pub struct Texts {
    own: &'static Table,
    english: &'static Table,
}

impl Texts {
    /// Returns the texts of a language; of English for one that is not ours.
    #[must_use]
    pub fn of(language: &str) -> Self {
        let english = english();
        let own = if language == "de" { german() } else { english };
        Self { own, english }
    }

    /// Returns a text with its slots filled; a key that is nowhere is its own text.
    #[must_use]
    pub fn get(&self, key: &str, slots: &[(&str, &str)]) -> String {
        let text = self.own.get(key).or_else(|| self.english.get(key)).map_or(key, String::as_str);
        slots.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    /// Returns the text for a number: `KEY.one` or `KEY.other`.
    #[must_use]
    pub fn count(&self, key: &str, number: usize) -> String {
        let form = if number == 1 { "one" } else { "other" };
        self.get(&format!("{key}.{form}"), &[("n", &number.to_string())])
    }
}

impl crate::Engine {
    /// Returns the texts in the language that the person chose.
    #[must_use]
    pub fn texts(&self) -> Texts {
        Texts::of(self.settings().unwrap_or_default().language.spoken())
    }
}

fn english() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| read(include_str!("../../../texts/en.json")))
}

fn german() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| read(include_str!("../../../texts/de.json")))
}

fn read(text: &str) -> Table {
    serde_json::from_str(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_can_be_read_and_slots_are_filled() {
        assert!(english().len() > 300 && german().len() > english().len());
        assert_eq!(Texts::of("en").get("notice.needsYou", &[("app", "Slack")]), "Slack needs you");
        assert_eq!(Texts::of("de").get("notice.needsYou", &[("app", "Slack")]), "Slack braucht dich");
        assert_eq!(Texts::of("fr").count("tray.attention", 1), "1 needs attention");
        assert_eq!(Texts::of("en").count("tray.attention", 3), "3 need attention");
        assert_eq!(Texts::of("en").get("no.such.key", &[]), "no.such.key");
    }
}
