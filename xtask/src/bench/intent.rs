//! Measures the search by intent: how often it is right, how fast it is, and what it holds.

use anyhow::Result;

use crate::shell::{cargo, root, run};

/// Test intents: those the search was tuned with, and those that nobody looked at meanwhile.
const FILES: [&str; 3] = ["tuned", "held-out", "names"];

/// Prints a table for each file, one for intents made from the catalog, and the times.
pub(super) fn measure(profile: &str) -> Result<()> {
    let example = ["run", "--quiet", "--profile", profile, "-p", "membrane-catalog", "--example", "intents", "--"];
    let folder = root().join("crates/catalog/tests/intents");
    let files = FILES.map(|name| folder.join(format!("{name}.tsv")));
    run(cargo(&example).args(files).current_dir(root()))
}
