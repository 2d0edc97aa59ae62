//! Measures the search by intent: `intents [--wrong] FILE…` with files of test intents, one of kind, answer and text a line.
#![allow(clippy::print_stdout, reason = "it is a command")]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fs};

use membrane_catalog::{App, Catalog};
use membrane_model::{SearchOutcome, SearchResult};

/// A test intent.
struct Intent {
    kind: String,
    /// Keys of apps, capabilities after an @; empty where nothing is right.
    right: Vec<String>,
    text: String,
}

/// What was counted of one kind.
#[derive(Default)]
struct Slice {
    all: usize,
    first: usize,
    third: usize,
    picked: usize,
    picked_right: usize,
    answered: usize,
}

fn main() -> ExitCode {
    let mut files: Vec<String> = env::args().skip(1).collect();
    let wrong = files.first().is_some_and(|arg| arg == "--wrong");
    if wrong {
        files.remove(0);
    }
    let before = resident();
    let start = Instant::now();
    let (catalog, errors) = Catalog::load(None, &BTreeMap::new());
    let loaded = start.elapsed();
    let with_catalog = resident();
    let start = Instant::now();
    let _ = catalog.search("warm up", &[]);
    let indexed = start.elapsed();
    for error in errors {
        println!("{error}");
    }
    let mut times = Vec::new();
    for file in &files {
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) => {
                println!("{file}: {error}");
                return ExitCode::FAILURE;
            }
        };
        let intents: Vec<Intent> = text.lines().filter_map(read).collect();
        measure(&catalog, file, &intents, wrong, &mut times);
    }
    let made = made(&catalog);
    measure(&catalog, "made from the catalog", &made, wrong, &mut times);
    times.sort_unstable();
    let at = |part: usize| times.get((times.len() * part / 1000).min(times.len().saturating_sub(1)));
    println!("\n| measure | value |\n|---|---|");
    println!("| apps | {} |", catalog.apps().count());
    println!("| load of the catalog | {:.1} ms |", ms(loaded));
    println!("| index, at the first search | {:.1} ms |", ms(indexed));
    println!("| memory of the catalog | {:.1} MB |", megabytes(with_catalog, before));
    println!("| memory that the search adds | {:.1} MB |", megabytes(resident(), with_catalog));
    for (name, part) in [("p50", 500), ("p99", 990), ("slowest", 1000)] {
        println!("| {name} of {} searches | {:.2} ms |", times.len(), at(part).map_or(0.0, |time| ms(*time)));
    }
    ExitCode::SUCCESS
}

fn measure(catalog: &Catalog, name: &str, intents: &[Intent], wrong: bool, times: &mut Vec<Duration>) {
    let mut slices: BTreeMap<&str, Slice> = BTreeMap::new();
    let mut skipped = 0;
    for intent in intents {
        let known =
            |right: &String| right.starts_with('@') || right.parse().is_ok_and(|key| catalog.get(&key).is_some());
        if !intent.right.is_empty() && !intent.right.iter().any(known) {
            skipped += 1;
            if wrong {
                println!("no such app: {} for {:?}", intent.right.join(","), intent.text);
            }
            continue;
        }
        let start = Instant::now();
        let found = catalog.search(&intent.text, &[]);
        times.push(start.elapsed());
        let right: Vec<bool> = found
            .items
            .iter()
            .map(|item| catalog.get(&item.key).is_some_and(|app| is_right(app, &intent.right)))
            .collect();
        let slice = slices.entry(&intent.kind).or_default();
        slice.all += 1;
        let nothing = intent.right.is_empty();
        let first = if nothing { found.outcome == SearchOutcome::None } else { right.first() == Some(&true) };
        slice.first += usize::from(first);
        slice.third += usize::from(nothing && first || right.iter().take(3).any(|right| *right));
        slice.picked += usize::from(found.outcome == SearchOutcome::Pick);
        slice.picked_right += usize::from(found.outcome == SearchOutcome::Pick && first && !nothing);
        slice.answered += usize::from(found.outcome != SearchOutcome::None);
        if wrong && !first {
            println!("{}\t{}\t{:?}\t{}", intent.kind, intent.right.join(","), intent.text, shown(&found));
        }
    }
    println!("\n{name}{}\n", if skipped > 0 { format!(" ({skipped} skipped: no such app)") } else { String::new() });
    println!(
        "| kind | intents | first is right | one of three | picks | picks that are right |\n|---|---|---|---|---|---|"
    );
    let mut sum = Slice::default();
    for (kind, slice) in &slices {
        row(kind, slice);
        if *kind != "negative" {
            sum.all += slice.all;
            sum.first += slice.first;
            sum.third += slice.third;
        }
        sum.picked += slice.picked;
        sum.picked_right += slice.picked_right;
    }
    row("all but negatives", &sum);
}

fn row(kind: &str, slice: &Slice) {
    let part = |count: usize, all: usize| {
        if all == 0 { "–".to_owned() } else { format!("{:.1} %", 100.0 * count as f64 / all as f64) }
    };
    println!(
        "| {kind} | {} | {} | {} | {} | {} |",
        slice.all,
        part(slice.first, slice.all),
        part(slice.third, slice.all),
        part(slice.picked, slice.all),
        part(slice.picked_right, slice.picked)
    );
}

fn read(line: &str) -> Option<Intent> {
    if let Ok(object) = serde_json::from_str::<serde_json::Value>(line) {
        let text = |key: &str| object.get(key).and_then(|value| value.as_str()).map(str::to_owned);
        let expect = object.get("expect")?.as_array()?.iter().filter_map(|key| key.as_str()).map(str::to_owned);
        return Some(Intent { kind: text("kind")?, right: expect.collect(), text: text("intent")? });
    }
    let mut parts = line.splitn(3, '\t');
    let (kind, right, text) = (parts.next()?, parts.next()?, parts.next()?);
    let right = right.split(',').filter(|word| *word != "-").map(str::to_owned).collect();
    Some(Intent { kind: kind.to_owned(), right, text: text.to_owned() })
}

/// An app is right by its key, or by a capability that is among its first three.
fn is_right(app: &App, right: &[String]) -> bool {
    right.iter().any(|right| match right.strip_prefix('@') {
        Some(id) => app.capabilities.iter().take(3).any(|capability| capability == id),
        None => app.key.as_str() == right,
    })
}

/// Makes intents of every app: its name, its domains, and two slips of the pen.
fn made(catalog: &Catalog) -> Vec<Intent> {
    let mut list = Vec::new();
    let mut seed = 7_u64;
    for app in catalog.apps().filter(|app| !app.local) {
        let one = |kind: &str, text: String| Intent { kind: kind.to_owned(), right: vec![app.key.to_string()], text };
        list.push(one("name", app.name.clone()));
        list.extend(app.aliases.iter().map(|alias| one("alias", alias.clone())));
        list.extend(app.domains.iter().map(|domain| one("url", format!("https://{domain}"))));
        if app.name.len() >= 5 && app.name.is_ascii() {
            list.push(one("typo", slip(&app.name, &mut seed)));
            list.push(one("typo", slip(&app.name, &mut seed)));
        }
    }
    list
}

/// Makes one slip of the pen: two letters swapped, one left out, doubled, or hit beside.
fn slip(name: &str, seed: &mut u64) -> String {
    let mut letters: Vec<char> = name.chars().collect();
    let mut next = |limit: usize| {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*seed >> 33) as usize % limit
    };
    let at = 1 + next(letters.len() - 2);
    match next(4) {
        0 => letters.swap(at, at + 1),
        1 => {
            letters.remove(at);
        }
        2 => letters.insert(at, letters[at]),
        _ => letters[at] = char::from(b'a' + next(26) as u8),
    }
    letters.into_iter().collect()
}

fn shown(found: &SearchResult) -> String {
    let items = found.items.iter().take(4).map(|item| format!("{} ({})", item.key, item.reason));
    format!("{:?}: {}", found.outcome, items.collect::<Vec<_>>().join("; "))
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Reads how much memory the process holds, in KiB.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.and_then(|line| line.split_whitespace().nth(1)).and_then(|number| number.parse().ok()).unwrap_or_default()
}

fn megabytes(after: u64, before: u64) -> f64 {
    after.saturating_sub(before) as f64 / 1024.0
}
