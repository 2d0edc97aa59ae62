//! Names written as they sound in another script: スラック, Дискорд, 유튜브.
//!
//! Such a text is spelt in Latin letters, and compared by its consonants: scripts differ in which vowels they write, and
//! which consonants they tell apart.

use std::collections::HashMap;

use crate::search::index::Index;
use crate::search::lexicon::{is_filler, is_quiet};
use crate::search::named::is_around;
use crate::search::reason::Reason;
use crate::search::text::{Word, words};
use crate::search::{Answer, Hit};

/// How much of the letters has to be alike.
const ALIKE: f64 = 0.45;
/// How much of them within a sentence, where a foreign word is mostly just a word.
const ALIKE_WITHIN: f64 = 0.6;
/// How much of them to be sure.
const SURE: f64 = 0.6;
/// By how much the best has to be before the next to be the only one.
const LEAD: f64 = 0.08;

/// A name as it sounds, and whose it is.
#[derive(Debug)]
pub(crate) struct Sound {
    place: usize,
    folded: String,
}

/// Finds the name that the whole text, or a word of it in another script, sounds like.
pub(crate) fn named(index: &Index, words: &[Word]) -> Option<Answer> {
    let tells = |word: &&Word| !is_filler(&word.plain) && !is_quiet(&word.plain) && !is_around(word);
    let telling: Vec<&Word> = words.iter().filter(tells).collect();
    let whole: Option<String> = telling.iter().map(|word| latin(&word.plain)).collect();
    if let Some(answer) = whole.and_then(|text| alike(index, &text, ALIKE)) {
        return Some(answer);
    }
    let unknown = telling.iter().filter(|word| !index.meaning.knows(&word.plain));
    let runs = unknown.flat_map(|word| runs(&word.plain)).filter(|run| !index.meaning.knows_signs(run));
    runs.filter_map(|run| latin(&run)).find_map(|text| alike(index, &text, ALIKE_WITHIN))
}

/// Tells whether a text is one word from abroad that is not itself a term: メールチンプ begins like a mail, and is none.
pub(crate) fn is_foreign(index: &Index, words: &[Word]) -> bool {
    let [word] = words else { return false };
    latin(&word.plain).is_some() && !index.meaning.is_term(&word.plain)
}

/// Adds what an app's name sounds like: as it is written, without the r that many languages leave out, and with the w that
/// others write as a v.
pub(crate) fn add(sounds: &mut HashMap<String, Vec<Sound>>, name: &str, place: usize) {
    let text: String = words(name).into_iter().map(|word| word.plain).collect();
    if !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return;
    }
    for spelling in [text.clone(), without_r(&text), text.replace('w', "v")] {
        let key = consonants(&spelling);
        let sounds = sounds.entry(key.clone()).or_default();
        let folded = fold(&spelling);
        if key.len() >= 2 && !sounds.iter().any(|sound| sound.place == place && sound.folded == folded) {
            sounds.push(Sound { place, folded });
        }
    }
}

fn alike(index: &Index, text: &str, least: f64) -> Option<Answer> {
    let folded = fold(text);
    let mut near: Vec<(f64, usize)> = Vec::new();
    for sound in index.sounds.get(&consonants(text))? {
        let likeness = likeness(&sound.folded, &folded);
        match near.iter_mut().find(|(_, place)| *place == sound.place) {
            Some((best, _)) => *best = best.max(likeness),
            None => near.push((likeness, sound.place)),
        }
    }
    near.retain(|(likeness, _)| *likeness >= least);
    // Who writes a name by its sound means one that is known.
    let worth = |(likeness, place): &(f64, usize)| likeness + f64::from(index.entries[*place].popularity) / 400.0;
    near.sort_by(|one, other| worth(other).total_cmp(&worth(one)).then(one.1.cmp(&other.1)));
    let best = near.first()?;
    let hit = |(likeness, place): &(f64, usize)| {
        Hit::new(index, *place, 0.7 + 0.2 * likeness, Reason::NearName(text.to_owned()))
    };
    let alone = near.get(1).is_none_or(|next| worth(best) - worth(next) >= LEAD);
    if alone && best.0 >= SURE {
        return Some(Answer::Pick(hit(best)));
    }
    let mut hits: Vec<Hit> = near.iter().map(hit).collect();
    for (rank, hit) in hits.iter_mut().enumerate() {
        (hit.rank, hit.score) = (rank, 0.8);
    }
    Some(Answer::Choose(hits))
}

fn likeness(one: &str, other: &str) -> f64 {
    let longer = one.len().max(other.len()).max(1);
    1.0 - strsim::osa_distance(one, other) as f64 / longer as f64
}

/// Cuts the words from abroad out of a text: runs of katakana, and whole words of scripts with spaces.
fn runs(text: &str) -> Vec<String> {
    if text.starts_with(|c| matches!(c, '\u{400}'..='\u{4ff}' | '\u{ac00}'..='\u{d7a3}')) {
        return vec![text.to_owned()];
    }
    let runs = text.split(|c: char| !('\u{30a0}'..='\u{30ff}').contains(&c));
    runs.filter(|run| run.chars().count() >= 3).map(str::to_owned).collect()
}

/// Spells a word of another script in Latin letters; none if it is Latin already, or in signs that no name from abroad is
/// written with.
fn latin(word: &str) -> Option<String> {
    let first = word.chars().next()?;
    match first {
        '\u{30a0}'..='\u{30ff}' => from_katakana(word),
        '\u{400}'..='\u{4ff}' => word.chars().map(cyrillic).collect::<Option<Vec<_>>>().map(|list| list.concat()),
        '\u{ac00}'..='\u{d7a3}' => word.chars().map(hangul).collect(),
        _ => None,
    }
}

fn from_katakana(word: &str) -> Option<String> {
    let mut out = String::new();
    for c in word.chars() {
        match c {
            'ー' | 'ッ' | '・' => {}
            'ァ' | 'ィ' | 'ゥ' | 'ェ' | 'ォ' => {
                // ウィ is a wi, フィ a fi.
                if out.pop() == Some('u') && (out.is_empty() || out.ends_with(is_vowel)) {
                    out.push('w');
                }
                out.push(['a', 'i', 'u', 'e', 'o'][(u32::from(c) - u32::from('ァ')) as usize / 2]);
            }
            'ャ' | 'ュ' | 'ョ' => {
                out.pop();
                out.push_str(match c {
                    'ャ' => "ya",
                    'ュ' => "yu",
                    _ => "yo",
                });
            }
            c => out.push_str(KANA.iter().find_map(|(row, sounds)| {
                let at = row.chars().position(|kana| kana == c)?;
                sounds.get(at).copied()
            })?),
        }
    }
    Some(out)
}

/// Rows of kana with their sounds.
const KANA: [(&str, [&str; 5]); 18] = [
    ("アイウエオ", ["a", "i", "u", "e", "o"]),
    ("カキクケコ", ["ka", "ki", "ku", "ke", "ko"]),
    ("ガギグゲゴ", ["ga", "gi", "gu", "ge", "go"]),
    ("サシスセソ", ["sa", "shi", "su", "se", "so"]),
    ("ザジズゼゾ", ["za", "ji", "zu", "ze", "zo"]),
    ("タチツテト", ["ta", "chi", "tsu", "te", "to"]),
    ("ダヂヅデド", ["da", "ji", "zu", "de", "do"]),
    ("ナニヌネノ", ["na", "ni", "nu", "ne", "no"]),
    ("ハヒフヘホ", ["ha", "hi", "fu", "he", "ho"]),
    ("バビブベボ", ["ba", "bi", "bu", "be", "bo"]),
    ("パピプペポ", ["pa", "pi", "pu", "pe", "po"]),
    ("マミムメモ", ["ma", "mi", "mu", "me", "mo"]),
    ("ラリルレロ", ["ra", "ri", "ru", "re", "ro"]),
    ("ヤユヨ", ["ya", "yu", "yo", "", ""]),
    ("ワヲン", ["wa", "o", "n", "", ""]),
    ("ヴ", ["vu", "", "", "", ""]),
    ("ヵヶ", ["ka", "ke", "", "", ""]),
    ("ヮ", ["wa", "", "", "", ""]),
];

fn cyrillic(c: char) -> Option<&'static str> {
    const LATIN: [&str; 32] = [
        "a", "b", "v", "g", "d", "e", "zh", "z", "i", "y", "k", "l", "m", "n", "o", "p", "r", "s", "t", "u", "f", "kh",
        "ts", "ch", "sh", "sh", "", "y", "", "e", "yu", "ya",
    ];
    match c {
        'а'..='я' => LATIN.get((u32::from(c) - u32::from('а')) as usize).copied(),
        'і' | 'ї' => Some("i"),
        'є' => Some("e"),
        'ґ' => Some("g"),
        _ => None,
    }
}

/// Takes a syllable apart: first consonant, vowel, last consonant.
fn hangul(c: char) -> Option<String> {
    const FIRST: [&str; 19] =
        ["g", "k", "n", "d", "t", "r", "m", "b", "p", "s", "s", "", "j", "j", "ch", "k", "t", "p", "h"];
    const VOWEL: [&str; 21] = [
        "a", "e", "ya", "e", "o", "e", "yo", "e", "o", "wa", "we", "we", "yo", "u", "wo", "we", "wi", "yu", "u", "ui",
        "i",
    ];
    const LAST: [&str; 28] = [
        "", "k", "k", "k", "n", "n", "n", "t", "l", "k", "m", "l", "l", "l", "p", "l", "m", "p", "p", "t", "t", "ng",
        "t", "t", "k", "t", "p", "t",
    ];
    let at = u32::from(c).checked_sub(0xac00)? as usize;
    Some([*FIRST.get(at / 588)?, VOWEL[at % 588 / 28], LAST[at % 28]].concat())
}

/// Writes what sounds alike alike, and nothing twice.
fn fold(text: &str) -> String {
    let mut text = text.to_owned();
    if text.starts_with('x') && text.len() > 1 {
        text.replace_range(..1, "z");
    }
    if text.ends_with("gn") {
        text.replace_range(text.len() - 2.., "n");
    }
    for (from, to) in [("tion", "shon"), ("ph", "f"), ("ck", "k"), ("qu", "k"), ("x", "ks"), ("wh", "w"), ("sh", "s")] {
        text = text.replace(from, to);
    }
    for (from, to) in [("ch", "t"), ("ts", "t"), ("kh", "h"), ("zh", "s"), ("ng", "n")] {
        text = text.replace(from, to);
    }
    let letters: Vec<char> = text.chars().collect();
    let soft = |at: usize| matches!(letters.get(at + 1), Some('e' | 'i' | 'y'));
    let mut out = String::with_capacity(text.len());
    for (at, letter) in letters.iter().enumerate() {
        let folded = match letter {
            'c' if soft(at) => 's',
            'c' | 'k' | 'q' | 'g' => 'k',
            'z' | 'j' | 's' => 's',
            'd' | 't' => 't',
            'b' | 'p' | 'v' | 'f' => 'b',
            'm' | 'n' => 'n',
            'l' | 'r' => 'r',
            other => *other,
        };
        if !out.ends_with(folded) {
            out.push(folded);
        }
    }
    out
}

/// Returns the consonants of a word, a final r left out: "calendar" ends in a vowel where the r isn't spoken.
fn consonants(text: &str) -> String {
    let spoken = match text.strip_suffix('r') {
        Some(before) if before.ends_with(is_vowel) && before.len() > 1 => before,
        _ => text,
    };
    let mut out = String::with_capacity(spoken.len());
    for letter in fold(spoken).chars().filter(|letter| !is_vowel(*letter) && !matches!(letter, 'y' | 'w')) {
        if !out.ends_with(letter) {
            out.push(letter);
        }
    }
    out
}

/// Leaves out the r between a vowel and a consonant, which many languages don't write: ディスコード.
fn without_r(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let silent = |at: usize| {
        letters[at] == 'r'
            && at > 0
            && is_vowel(letters[at - 1])
            && letters.get(at + 1).is_some_and(|next| !is_vowel(*next))
    };
    (0..letters.len()).filter(|at| !silent(*at)).map(|at| letters[at]).collect()
}

fn is_vowel(letter: char) -> bool {
    matches!(letter, 'a' | 'e' | 'i' | 'o' | 'u')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_scripts_are_spelt_in_latin_letters() {
        for (word, spelt) in [
            ("スラック", "suraku"),
            ("ノーション", "noshyon"),
            ("フィグマ", "figuma"),
            ("ズーム", "zumu"),
            ("дискорд", "diskord"),
            ("슬랙", "sulrek"),
            ("유튜브", "yutyubu"),
        ] {
            assert_eq!(latin(word).unwrap(), spelt, "{word}");
        }
        assert_eq!(latin("slack"), None);
        assert_eq!(latin("谷歌"), None);
        assert_eq!(latin("ありがとう"), None);
    }

    #[test]
    fn a_name_sounds_as_it_does_in_another_script() {
        for (name, word) in [
            ("Slack", "スラック"),
            ("Discord", "ディスコード"),
            ("Discord", "дискорд"),
            ("Google Calendar", "구글캘린더"),
            ("Salesforce", "セールスフォース"),
            ("Dropbox", "ドロップボックス"),
            ("DocuSign", "ドキュサイン"),
            ("Xero", "ゼロ"),
            ("WordPress", "вордпресс"),
            ("Figma", "피그마"),
        ] {
            let sound = consonants(&latin(word).unwrap());
            let mut sounds = HashMap::new();
            add(&mut sounds, name, 0);
            assert!(sounds.contains_key(&sound), "{name} is {:?}, {word} is {sound}", sounds.keys());
        }
    }
}
