//! Cuts free text into plain words: lower case, no accents, no punctuation.

use unicode_normalization::UnicodeNormalization;

/// Longer texts are cut: an intent is a sentence, not a document.
const MAX_CHARS: usize = 500;

/// A word of an intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// Lower case, without accents.
    pub(crate) plain: String,
    /// Without the ending of a plural or a verb; rough, and the same for all forms of a word.
    pub(crate) stem: String,
    /// Was written with a capital.
    pub(crate) capital: bool,
    /// Is a run of Chinese or Japanese signs, where no space stands between words.
    pub(crate) signs: bool,
}

/// Cuts a text into words.
pub(crate) fn words(text: &str) -> Vec<Word> {
    let folded: Vec<char> =
        text.chars().take(MAX_CHARS).nfkd().filter(|c| !is_accent(*c) && !matches!(c, '\'' | '’')).nfc().collect();
    let mut list = Vec::new();
    let mut start = 0;
    for at in 0..=folded.len() {
        if at == folded.len() || !folded[at].is_alphanumeric() {
            // "e-mail" and "t-shirt" are one word each.
            if at - start == 1 && folded.get(at) == Some(&'-') && folded.get(at + 1).is_some_and(|c| c.is_alphabetic())
            {
                continue;
            }
            push(&mut list, &folded[start.min(at)..at]);
            start = at + 1;
        } else if at > start && border(&folded[start..at], folded[at]) {
            push(&mut list, &folded[start..at]);
            start = at;
        }
    }
    joined_up(list)
}

/// Joins what is one word though a space stands in it: "to do" as a thing, "on call".
fn joined_up(list: Vec<Word>) -> Vec<Word> {
    let mut out: Vec<Word> = Vec::with_capacity(list.len());
    for word in list {
        let before = out.last().map(|word| word.plain.as_str());
        match (before, word.plain.as_str()) {
            (Some("to"), "do" | "dos") | (Some("on"), "call") => {
                let first = out.pop().map(|first| (first.plain, first.capital));
                let (plain, capital) = first.unwrap_or_default();
                let plain = format!("{plain}{}", word.plain.trim_end_matches('s'));
                out.push(Word { stem: plain.clone(), plain, capital, signs: false });
            }
            _ => out.push(word),
        }
    }
    out
}

/// Returns the words of a text without endings.
pub(crate) fn stems(text: &str) -> Vec<String> {
    words(text).into_iter().map(|word| word.stem).collect()
}

/// Joins the words of a text, so that "Hub Spot" and "hubspot" are the same.
pub(crate) fn compact(text: &str) -> String {
    words(text).into_iter().map(|word| word.plain).collect()
}

/// Takes a plural ending off, and no other: what is safe for names.
pub(crate) fn singular(word: &str) -> &str {
    let kept = ["ss", "us", "is", "ous", "news", "sales", "dns", "sms", "aws", "saas"];
    let plural =
        word.len() > 3 && word.is_ascii() && word.ends_with('s') && !kept.iter().any(|end| word.ends_with(end));
    if plural { &word[..word.len() - 1] } else { word }
}

fn push(list: &mut Vec<Word>, piece: &[char]) {
    let Some(first) = piece.first() else { return };
    let mut plain = String::with_capacity(piece.len());
    for c in piece.iter().filter(|c| **c != '-').flat_map(|c| c.to_lowercase()) {
        match c {
            'ß' => plain.push_str("ss"),
            'æ' => plain.push_str("ae"),
            'œ' => plain.push_str("oe"),
            'ø' => plain.push('o'),
            'ł' => plain.push('l'),
            'đ' => plain.push('d'),
            'ı' => plain.push('i'),
            c => plain.push(c),
        }
    }
    let signs = is_sign(*first);
    list.push(Word {
        stem: if signs { plain.clone() } else { stem(&plain) },
        capital: first.is_uppercase(),
        signs,
        plain,
    });
}

/// Tells whether a word ends before `next`: where the script changes, and within `createInvoice`.
fn border(before: &[char], next: char) -> bool {
    let last = before.last().copied().unwrap_or(next);
    let hump = next.is_uppercase() && before.len() >= 3 && before.iter().all(|c| c.is_lowercase());
    is_sign(last) != is_sign(next) || hump
}

fn is_accent(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

fn is_sign(c: char) -> bool {
    matches!(c, '\u{3005}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

fn stem(word: &str) -> String {
    if word.len() <= 3 || !word.is_ascii() {
        return word.to_owned();
    }
    let word = match word {
        word if word.ends_with("ies") && word.len() > 4 => format!("{}y", &word[..word.len() - 3]),
        word if word.ends_with("coes") => format!("{}cao", &word[..word.len() - 4]),
        word => singular(word).to_owned(),
    };
    let word = match word.as_str() {
        word if word.len() >= 6 && word.ends_with("ing") => undoubled(&word[..word.len() - 3]),
        word if word.len() >= 5 && word.ends_with("ed") && !word.ends_with("eed") => undoubled(&word[..word.len() - 2]),
        // German plurals: Aufgaben, Rechnungen.
        word if word.len() >= 6 && word.ends_with("en") && word != "listen" => word[..word.len() - 1].to_owned(),
        word => word.to_owned(),
    };
    match word.strip_suffix('e') {
        Some(short) if short.len() >= 3 => short.to_owned(),
        Some(_) | None => word,
    }
}

/// Takes one of two equal letters at the end away: shipp(ing).
fn undoubled(word: &str) -> String {
    let bytes = word.as_bytes();
    let doubled = bytes.len() > 3
        && bytes[bytes.len() - 1] == bytes[bytes.len() - 2]
        && !matches!(bytes[bytes.len() - 1], b'l' | b's' | b'z');
    if doubled { word[..word.len() - 1].to_owned() } else { word.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Vec<String> {
        words(text).into_iter().map(|word| word.plain).collect()
    }

    #[test]
    fn words_are_plain() {
        assert_eq!(plain("Café, Zürich; what's up?"), ["cafe", "zurich", "whats", "up"]);
        assert_eq!(compact("Hub-Spot"), "hubspot");
        assert_eq!(plain("Straße, e-mail, t-shirt, ABC-1"), ["strasse", "email", "tshirt", "abc", "1"]);
        assert_eq!(plain(""), Vec::<String>::new());
    }

    #[test]
    fn a_word_ends_where_the_script_changes_and_within_a_function_name() {
        assert_eq!(plain("Slackで連絡"), ["slack", "で連絡"]);
        assert_eq!(plain("createInvoice send_email(to)"), ["create", "invoice", "send", "email", "to"]);
        assert_eq!(plain("iPhone eBay"), ["iphone", "ebay"]);
        assert_eq!(plain("が"), ["が"]);
        assert_eq!(plain("my to-dos, who is on call"), ["my", "todo", "who", "is", "oncall"]);
    }

    #[test]
    fn all_forms_of_a_word_have_one_stem() {
        for forms in [
            ["invoice", "invoices", "invoicing", "invoiced"],
            ["ship", "ships", "shipping", "shipped"],
            ["bill", "bills", "billing", "billed"],
            ["aufgabe", "aufgaben", "aufgabe", "aufgaben"],
            ["rechnung", "rechnungen", "rechnung", "rechnungen"],
            ["reunion", "reuniones", "reunion", "reunions"],
            ["notificacao", "notificacoes", "notificacao", "notificacoes"],
        ] {
            let stems: Vec<String> = forms.iter().map(|form| stem(form)).collect();
            assert!(stems.iter().all(|stem| *stem == stems[0]), "{stems:?}");
        }
        assert_eq!(stem("address"), "address");
        assert_eq!(singular("teams"), "team");
    }

    #[test]
    fn long_texts_are_cut() {
        assert!(words(&"word ".repeat(100_000)).len() <= 101);
    }
}
