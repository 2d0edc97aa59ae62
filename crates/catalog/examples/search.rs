//! Answers every line of standard input with what a search finds, and says how long the searches took.
#![allow(clippy::print_stdout, reason = "it is a program to look at")]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::time::Instant;

use membrane_catalog::Catalog;

const ROUNDS: u32 = 200;

fn main() -> std::io::Result<()> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let started = Instant::now();
    let (catalog, _) = Catalog::load(None, &BTreeMap::new());
    let loaded = started.elapsed();
    let started = Instant::now();
    std::hint::black_box(catalog.search("crm", &[]));
    let first = started.elapsed();
    for line in text.lines() {
        let found = catalog.search(line, &[]);
        let items = found.items.iter().take(6).map(|item| format!("{} ({:.2} {})", item.key, item.score, item.reason));
        println!("{line:40} {:?} {}", found.outcome, items.collect::<Vec<_>>().join(", "));
    }
    let started = Instant::now();
    for line in (0..ROUNDS).flat_map(|_| text.lines()) {
        std::hint::black_box(catalog.search(line, &[]));
    }
    let lines = u32::try_from(text.lines().count()).unwrap_or(u32::MAX).max(1);
    println!("\nload {loaded:?}, first search {first:?}, then {:?} each", started.elapsed() / ROUNDS / lines);
    Ok(())
}
