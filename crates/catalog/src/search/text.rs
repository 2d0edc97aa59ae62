//! Cuts free text into plain words: lower case, no accents, no punctuation.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Longer texts are cut: an intent is a sentence, not a document.
const MAX_CHARS: usize = 500;

/// A word of an intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// Lower case, without accents.
    pub(crate) plain: String,
    /// Without a plural ending.
    pub(crate) stem: String,
    /// Was written with a capital.
    pub(crate) capital: bool,
}

/// Cuts a text into words.
pub(crate) fn words(text: &str) -> Vec<Word> {
    let folded: String =
        text.chars().take(MAX_CHARS).nfkd().filter(|c| !is_combining_mark(*c) && *c != '\'' && *c != '’').collect();
    let pieces = folded.split(|c: char| !c.is_alphanumeric()).filter(|piece| !piece.is_empty());
    pieces
        .map(|piece| {
            let plain = piece.to_lowercase();
            Word { stem: stem(&plain).to_owned(), capital: piece.chars().next().is_some_and(char::is_uppercase), plain }
        })
        .collect()
}

/// Returns the words of a text without plural endings.
pub(crate) fn stems(text: &str) -> Vec<String> {
    words(text).into_iter().map(|word| word.stem).collect()
}

/// Joins the words of a text, so that "Hub Spot" and "hubspot" are the same.
pub(crate) fn compact(text: &str) -> String {
    words(text).into_iter().map(|word| word.plain).collect()
}

/// Takes a plural ending off; only what is safe for names too.
fn stem(word: &str) -> &str {
    let kept = ["ss", "us", "is", "ous", "news", "sales", "dns", "sms", "aws", "saas"];
    let plural =
        word.len() > 3 && word.is_ascii() && word.ends_with('s') && !kept.iter().any(|end| word.ends_with(end));
    if plural { &word[..word.len() - 1] } else { word }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_plain() {
        let plain = |text: &str| words(text).into_iter().map(|word| word.plain).collect::<Vec<_>>();
        assert_eq!(plain("Café, Zürich; what's up?"), ["cafe", "zurich", "whats", "up"]);
        assert_eq!(compact("Hub-Spot"), "hubspot");
        assert_eq!(plain(""), Vec::<String>::new());
    }

    #[test]
    fn stems_lose_plural_endings_only() {
        assert_eq!(
            stems("invoices teams address sales status dns"),
            ["invoice", "team", "address", "sales", "status", "dns"]
        );
    }

    #[test]
    fn long_texts_are_cut() {
        assert!(words(&"word ".repeat(100_000)).len() <= 101);
    }
}
