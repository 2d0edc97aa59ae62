//! Apps that the text calls by a name, an alias, or the name of their family.

use std::collections::BTreeSet;

use crate::search::index::{Index, Named};
use crate::search::lexicon::{introduces_a_name, is_filler, is_ordinary, is_quiet};
use crate::search::reason::Reason;
use crate::search::text::{Word, compact, singular};
use crate::search::{Answer, Hit};

/// What may stand around a name when nothing but the app is meant: "our Gusto account".
const AROUND: [&str; 24] = [
    "account",
    "accounts",
    "app",
    "api",
    "workspace",
    "integration",
    "server",
    "online",
    "login",
    "cloud",
    "software",
    "com",
    "connector",
    "konto",
    "cuenta",
    "conta",
    "compte",
    "アカウント",
    "アプリ",
    "ワークスペース",
    "账号",
    "账户",
    "аккаунт",
    "계정",
];
/// What may stand around a name that is no ordinary word, or is written as a name: "Stripe dashboard", not "front page".
const BESIDE: [&str; 56] = [
    "admin",
    "base",
    "blog",
    "board",
    "boards",
    "bot",
    "business",
    "channel",
    "company",
    "console",
    "crm",
    "dashboard",
    "data",
    "database",
    "empresa",
    "enterprise",
    "entreprise",
    "file",
    "files",
    "firma",
    "folder",
    "home",
    "hosted",
    "hr",
    "inbox",
    "instance",
    "instances",
    "key",
    "onprem",
    "org",
    "organisation",
    "organization",
    "page",
    "pages",
    "personal",
    "platform",
    "plus",
    "portal",
    "premium",
    "private",
    "pro",
    "prod",
    "production",
    "project",
    "projects",
    "self",
    "selfhosted",
    "site",
    "space",
    "staging",
    "team",
    "tenant",
    "test",
    "token",
    "website",
    "work",
];
/// More words than this before or after a name are a sentence.
const AROUND_MAX: usize = 8;
/// Days of the week are dates, wherever they stand in a sentence.
const DAYS: [&str; 2] = ["monday", "today"];

/// Ordinary words that one does: after "to" they are no names.
const VERBS: [&str; 36] = [
    "buffer",
    "close",
    "connect",
    "drift",
    "drop",
    "flow",
    "gather",
    "help",
    "kick",
    "knock",
    "line",
    "make",
    "meet",
    "mention",
    "mint",
    "paddle",
    "pitch",
    "post",
    "print",
    "recall",
    "remote",
    "render",
    "replicate",
    "reply",
    "resend",
    "rise",
    "ship",
    "spark",
    "split",
    "square",
    "switch",
    "tick",
    "twist",
    "up",
    "wave",
    "zoom",
];

/// Finds the app that the whole text names, words such as "connect my … account" left out.
pub(crate) fn whole(index: &Index, words: &[Word]) -> Option<Answer> {
    let all: Vec<&Word> = words.iter().collect();
    let core: Vec<&Word> = words.iter().filter(|word| !is_filler(&word.plain) && !is_quiet(&word.plain)).collect();
    let bare: Vec<&Word> = core.iter().copied().filter(|word| !is_around(word)).collect();
    let stripped = stripped(&all);
    // The most of the text first: "Dropbox Sign account" is not Dropbox.
    if let Some(answer) = stripped.iter().find_map(|part| owners(index, &joined(part))) {
        return Some(answer);
    }
    let (named, name) = (without_beside(&core), without_beside(&bare));
    let texts = [
        joined(&core),
        stemmed(&core),
        joined(&named),
        stemmed(&named),
        joined(&bare),
        stemmed(&bare),
        joined(&name),
        stemmed(&name),
        joined(&quiet_name(words)),
    ];
    for text in texts {
        if text.is_empty() {
            continue;
        }
        if let Some(answer) = owners(index, &text) {
            return Some(answer);
        }
        if let Some(family) = index.families.get(&text) {
            return of_family(index, family);
        }
    }
    let [word] = bare.as_slice() else { return None };
    let place = *index.telling_words.get(&word.plain)?;
    let known = is_ordinary(&word.plain) || index.meaning.knows(&word.stem);
    (!known).then(|| Answer::Pick(Hit::new(index, place, 0.93, Reason::WordOfName(word.plain.clone()))))
}

/// Tells whether a word says nothing beside a name.
pub(crate) fn is_around(word: &Word) -> bool {
    AROUND.contains(&word.plain.as_str())
}

/// Takes words that say nothing beside a name off both ends, one by one; the longest part comes first. A lone word that is
/// left and says nothing itself is no name.
fn stripped<'w>(words: &[&'w Word]) -> Vec<Vec<&'w Word>> {
    let says_nothing =
        |word: &&Word| is_filler(&word.plain) || is_quiet(&word.plain) || is_around(word) || is_beside(word);
    let first = words.iter().take_while(|word| says_nothing(word)).count();
    let last = words.iter().rev().take_while(|word| says_nothing(word)).count();
    // Nobody says this much around a name.
    let (first, last) = (first.min(AROUND_MAX), last.min(AROUND_MAX));
    let mut parts: Vec<(usize, usize)> = Vec::new();
    for start in 0..=first.min(words.len()) {
        parts.extend((0..=last).map(|end| (start, words.len() - end)).filter(|(start, end)| start < end));
    }
    parts.sort_by_key(|(start, end)| (words.len() - (end - start), *start));
    let clear = |(start, end): &(usize, usize)| {
        let part = &words[*start..*end];
        let ordinary = part.iter().any(|word| !word.capital && is_ordinary(&word.plain));
        let beside = words[..*start].iter().chain(&words[*end..]).any(|word| is_beside(word));
        let silent = part.len() == 1 && is_quiet(&part[0].plain);
        part.len() == words.len() || !(silent || ordinary && beside)
    };
    parts.into_iter().filter(clear).map(|(start, end)| words[start..end].to_vec()).collect()
}

fn is_beside(word: &Word) -> bool {
    BESIDE.contains(&word.plain.as_str())
}

/// Leaves out what may stand beside a name, where what is left is clearly one; else nothing is left.
fn without_beside<'w>(words: &[&'w Word]) -> Vec<&'w Word> {
    let name: Vec<&Word> = words.iter().copied().filter(|word| !is_beside(word)).collect();
    let clear = name.iter().all(|word| word.capital || !is_ordinary(&word.plain));
    if clear && name.len() < words.len() { name } else { Vec::new() }
}

/// Finds the word that is a name though it says nothing as a word, where nothing else is said: "log in to Make".
fn quiet_name(words: &[Word]) -> Vec<&Word> {
    let says = |word: &&Word| !is_filler(&word.plain) && !is_quiet(&word.plain) && !is_around(word);
    if words.iter().any(|word| says(&word)) {
        return Vec::new();
    }
    let capitals: Vec<usize> =
        (0..words.len()).filter(|at| words[*at].capital && is_quiet(&words[*at].plain)).collect();
    let alone = |at: usize| at > 0 || words[1..].iter().all(is_around);
    match capitals.as_slice() {
        [at] if alone(*at) && words.len() > 1 => vec![&words[*at]],
        _ => Vec::new(),
    }
}

fn owners(index: &Index, text: &str) -> Option<Answer> {
    let owners = preferred(index.named(text));
    let hits: Vec<Hit> = owners.iter().map(|named| Hit::new(index, named.entry, 1.0, called(index, named))).collect();
    match hits.len() {
        0 => None,
        1 => hits.into_iter().next().map(Answer::Pick),
        _ => Some(Answer::Choose(hits)),
    }
}

/// Returns those whose name is nearest to what is written in their files.
fn preferred(named: &[Named]) -> Vec<&Named> {
    let best = named.iter().map(|named| named.fit).min();
    named.iter().filter(|named| Some(named.fit) == best).collect()
}

/// Offers the apps of a family when nothing but the family is named: "google".
fn of_family(index: &Index, family: &str) -> Option<Answer> {
    let reason = Reason::Family(capitalised(family));
    let of_it = index.entries.iter().enumerate().filter(|(_, entry)| entry.family.as_deref() == Some(family));
    let hits: Vec<Hit> = of_it.map(|(place, _)| Hit::new(index, place, 0.9, reason.clone())).collect();
    (!hits.is_empty()).then_some(Answer::Choose(hits))
}

/// Finds the apps that are named somewhere in the text, in the order of mention.
pub(crate) fn within(index: &Index, words: &[Word]) -> Vec<Hit> {
    let mut hits: Vec<Hit> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let longest = index.longest.min(6).min(words.len() - at);
        let found = (1..=longest).rev().find_map(|len| named_at(index, words, at, len).map(|list| (len, list)));
        let Some((len, list)) = found else {
            at += 1;
            continue;
        };
        for named in list {
            if !hits.iter().any(|hit| hit.place == named.entry) {
                let mut hit = Hit::new(index, named.entry, 0.95, called(index, named));
                hit.rank = hits.len();
                hits.push(hit);
            }
        }
        at += len;
    }
    for word in words.iter().filter(|word| word.signs) {
        for (name, place) in index.signs.iter().filter(|(name, _)| word.plain.contains(name.as_str())) {
            if !hits.iter().any(|hit| hit.place == *place) {
                hits.push(Hit::new(index, *place, 0.95, Reason::AlsoCalled(name.clone())));
            }
        }
    }
    hits
}

fn named_at<'i>(index: &'i Index, words: &[Word], at: usize, len: usize) -> Option<Vec<&'i Named>> {
    let here = &words[at..at + len];
    if is_filler(&here[0].plain) && len == 1 || here.iter().any(|word| word.signs) {
        return None;
    }
    let refs: Vec<&Word> = here.iter().collect();
    let exact = joined(&refs);
    let found = match index.named(&exact) {
        [] => index.named(&stemmed(&refs)),
        found => found,
    };
    let list = preferred(found);
    let fits = |named: &&Named| match len {
        1 => may_be_a_name(index, words, at, named),
        // "work day" joined is a name, and yet two words of a sentence: as a name it is written like one.
        _ => spellings(named).any(|text| is_written_so(text, here)) || !here.iter().all(|word| is_known(index, word)),
    };
    let list: Vec<&Named> = list.into_iter().filter(fits).collect();
    (!list.is_empty()).then_some(list)
}

fn spellings(named: &Named) -> impl Iterator<Item = &str> {
    std::iter::once(named.text.as_str()).chain(named.also.iter().map(String::as_str))
}

/// Tells whether the words of a name are cut as those of the text.
fn is_written_so(name: &str, here: &[Word]) -> bool {
    let words = crate::search::text::words(name);
    words.len() == here.len()
        && words.iter().zip(here).all(|(one, other)| singular(&one.plain) == singular(&other.plain))
}

fn is_known(index: &Index, word: &Word) -> bool {
    is_filler(&word.plain) || is_quiet(&word.plain) || index.meaning.knows(&word.stem)
}

/// Tells whether a word of the text may be meant as a name: "cut me some slack" names nothing, "post it in slack" does.
fn may_be_a_name(index: &Index, words: &[Word], at: usize, named: &Named) -> bool {
    let (word, entry) = (&words[at], named.entry);
    if !is_ordinary(&word.plain) && !is_quiet(&word.plain) {
        return word.plain.len() > 1;
    }
    // "our team" is not Teams.
    if !word.capital && spellings(named).all(|text| compact(text) != word.plain) {
        return false;
    }
    let before = at.checked_sub(1).map(|at| words[at].plain.as_str());
    let after = words.get(at + 1).map(|word| word.plain.as_str());
    if DAYS.contains(&word.plain.as_str()) {
        let introduced = matches!(before, Some("in" | "from" | "via" | "with" | "into" | "using"));
        return introduced || matches!(after, Some("com" | "board" | "boards" | "item" | "items"));
    }
    // "in front of", "in line with", "in close contact".
    if matches!(after, Some("of" | "contact" | "call")) && before == Some("in") {
        return false;
    }
    let all_capitals = words.iter().filter(|word| !is_filler(&word.plain)).all(|word| word.capital);
    if word.capital && at > 0 && !all_capitals {
        return true;
    }
    if before.is_some_and(introduces_a_name) {
        return after.is_none_or(|after| !index.meaning.knows(after) || is_filler(after) || at + 1 == words.len())
            || on_topic(index, words, at, entry);
    }
    // "post it to slack and gmail", not "about to close".
    let aim = before == Some("to") && !VERBS.contains(&word.plain.as_str());
    if aim && after.is_none_or(|after| matches!(after, "and" | "or")) {
        return true;
    }
    (word.capital || words.len() <= 4) && on_topic(index, words, at, entry)
}

/// Tells whether the rest of the text is about what the app does: "square payments", not "linear algebra".
fn on_topic(index: &Index, words: &[Word], at: usize, entry: usize) -> bool {
    let rest: Vec<Word> =
        words.iter().enumerate().filter(|(place, _)| *place != at).map(|(_, word)| word.clone()).collect();
    let kind: Vec<&str> = rest.iter().filter(|word| !is_filler(&word.plain)).map(|word| word.plain.as_str()).collect();
    if !kind.is_empty() && index.entries[entry].categories.contains(&kind.join("-")) {
        return true;
    }
    let reading = index.meaning.read(&rest);
    let best = reading.capabilities.first().map_or(0.0, |(_, score)| *score);
    let close = reading.capabilities.iter().filter(|(_, score)| *score >= best * 0.6 && *score > 0.8);
    let about: BTreeSet<u16> = close.map(|(capability, _)| *capability).collect();
    index.entries[entry].capabilities.iter().any(|capability| about.contains(capability))
}

/// Returns the family that a word of the text names, if it names no app.
pub(crate) fn family_in<'i>(index: &'i Index, words: &[Word]) -> Option<&'i str> {
    let verb = words.get(1).is_some_and(|second| is_filler(&second.plain));
    // "google the opening hours" is something one does.
    let named = words.iter().skip(usize::from(verb)).find_map(|word| index.families.get(&word.plain));
    named.map(String::as_str)
}

fn called(index: &Index, named: &Named) -> Reason {
    let name = &index.entries[named.entry].name;
    if *name == named.text || named.text == index.entries[named.entry].key {
        Reason::Called(name.clone())
    } else {
        Reason::AlsoCalled(named.text.clone())
    }
}

fn joined(words: &[&Word]) -> String {
    words.iter().map(|word| word.plain.as_str()).collect()
}

fn stemmed(words: &[&Word]) -> String {
    words.iter().map(|word| singular(&word.plain)).collect()
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
