//! A terminal for snapshots: runs commands as they are typed, and shows what they print with what differs each time
//! masked.

use std::cell::RefCell;
use std::collections::HashMap;

use anyhow::{Context, Result};

use crate::home::Home;

/// A terminal in a home.
pub struct Terminal<'a> {
    home: &'a Home,
    /// The last id of each kind that was printed; `$CON` and `$REQ` stand for them.
    seen: RefCell<HashMap<String, String>>,
}

impl<'a> Terminal<'a> {
    /// Opens it.
    #[must_use]
    pub fn new(home: &'a Home) -> Self {
        Self { home, seen: RefCell::default() }
    }

    /// Runs what is typed after `membrane`, and returns what it printed and how it ended.
    ///
    /// # Errors
    /// Fails when the command can't be started.
    pub fn run(&self, typed: &str) -> Result<String> {
        self.run_with("", typed)
    }

    /// Runs it with a text on standard input.
    ///
    /// # Errors
    /// Fails when the command can't be started.
    pub fn run_with(&self, input: &str, typed: &str) -> Result<String> {
        let arguments = self.words(typed);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let said = self.home.cli_with(input, &arguments).with_context(|| typed.to_owned())?;
        self.remember(&said.out);
        let mut shown = self.mask(&said.out);
        for line in self.mask(&said.err).lines() {
            shown.push_str(format!("! {line}").trim_end());
            shown.push('\n');
        }
        if said.code != 0 {
            shown.push_str(&format!("exit {}\n", said.code));
        }
        Ok(shown)
    }

    /// Splits at spaces; single quotes keep words together.
    fn words(&self, typed: &str) -> Vec<String> {
        let seen = self.seen.borrow();
        let mut words = Vec::new();
        for (number, part) in typed.split('\'').enumerate() {
            if number % 2 == 1 {
                words.push(part.to_owned());
            } else {
                words.extend(part.split_whitespace().map(|word| match word.strip_prefix('$') {
                    Some(name) => seen.get(&name.to_lowercase()).cloned().unwrap_or_else(|| word.to_owned()),
                    None => word.to_owned(),
                }));
            }
        }
        words
    }

    fn remember(&self, text: &str) {
        for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            if let Some((kind, rest)) = word.split_once('_')
                && is_id(rest)
            {
                self.seen.borrow_mut().insert(kind.to_owned(), word.to_owned());
            }
        }
    }

    /// Replaces ids, addresses, times, secrets and the home's folder.
    fn mask(&self, text: &str) -> String {
        let mut text = text.replace(&*self.home.path().to_string_lossy(), "HOME");
        if let Ok(program) = crate::process::program("membrane") {
            text = text.replace(&*program.to_string_lossy(), "BIN/membrane");
        }
        text.lines().map(|line| mask_line(line).trim_end().to_owned() + "\n").collect()
    }
}

fn is_id(text: &str) -> bool {
    text.len() == 32 && text.chars().all(|c| c.is_ascii_hexdigit())
}

fn mask_line(line: &str) -> String {
    let mut masked = String::new();
    let mut rest = line;
    let mut before = "";
    while !rest.is_empty() {
        let end = rest.find([' ', '"', ',']).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(end);
        let number = word.trim_end_matches('.');
        if before == "process" && number.parse::<u32>().is_ok() {
            masked.push_str(&format!("PID{}", &word[number.len()..]));
        } else {
            masked.push_str(&mask_word(word));
        }
        before = word;
        let separator = tail.chars().next().map(char::len_utf8).unwrap_or_default();
        masked.push_str(&tail[..separator]);
        rest = &tail[separator..];
    }
    masked
}

fn mask_word(word: &str) -> String {
    let plain = word.trim_end_matches(['.', ':']);
    let end = &word[plain.len()..];
    if let Some((kind, rest)) = plain.split_once('_')
        && is_id(rest)
    {
        return format!("{kind}_ID{end}");
    }
    if let Some(at) = plain.find("http://127.0.0.1:") {
        let (before, url) = plain.split_at(at);
        let path = url.trim_start_matches("http://127.0.0.1:").trim_start_matches(|c: char| c.is_ascii_digit());
        let rest = path.find(['?', '#']).map_or("", |at| &path[at..=at]);
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let more = if rest.is_empty() { "" } else { "…" };
        return format!("{before}http://127.0.0.1:PORT{path}{rest}{more}{end}");
    }
    if plain.len() > 60 && plain.chars().all(|c| c.is_ascii_hexdigit()) {
        return format!("HEX{end}");
    }
    for secret in ["pat-", "eyJ", "whsec_"] {
        if plain.len() > 30 && plain.starts_with(secret) {
            return format!("{secret}…{end}");
        }
    }
    let has = |kind: fn(&u8) -> bool| plain.bytes().any(|byte| kind(&byte));
    let random = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit);
    if plain.len() >= 40 && random && plain.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
        return format!("SECRET{end}");
    }
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let parts: Vec<&str> = plain.split('-').collect();
    if let [year, month, day, ..] = parts.as_slice()
        && digits(year)
        && year.len() == 4
        && digits(month)
        && day.len() >= 2
        && digits(&day[..2])
    {
        return format!("{}{end}", if plain.contains('T') { "TIME" } else { "DATE" });
    }
    if let Some((hour, minute)) = plain.split_once(':')
        && digits(hour)
        && digits(minute)
        && hour.len() == 2
    {
        return format!("CLOCK{end}");
    }
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_each_time_is_masked_and_nothing_else() {
        let id = "0123456789abcdef0123456789abcdef";
        let line =
            format!("  con_{id}. \"2026-11-24T10:00:00Z\", 2026-11-24 10:00 http://127.0.0.1:4780/a?code=x 12 a-b");
        assert_eq!(mask_line(&line), "  con_ID. \"TIME\", DATE CLOCK http://127.0.0.1:PORT/a?… 12 a-b");
    }
}
