//! `membrane search`

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;

use membrane_catalog::Catalog;
use membrane_engine::Paths;
use membrane_model::{Fault, SearchOutcome, SearchResult};
use serde_json::Value;

use crate::engine;
use crate::failure::wrong_use;
use crate::out::{Out, Tone, paint};
use crate::table::{Cell, table};

/// What an app is called on the wire.
const TYPES: [&str; 3] = ["connector", "integration", "external-app"];

/// Who is asked: the engine that runs, which knows what is connected; else the catalog alone.
enum Asked {
    Engine(Box<membrane_sdk::Client>),
    Catalog(Box<Catalog>),
}

impl Asked {
    async fn now() -> Result<Self, Fault> {
        if let Ok(client) = engine::running().await {
            return Ok(Self::Engine(Box::new(client)));
        }
        let (catalog, _) = Catalog::load(Some(&Paths::resolve()?.apps()), &BTreeMap::new());
        Ok(Self::Catalog(Box::new(catalog)))
    }

    async fn search(&self, intent: &str) -> Result<SearchResult, Fault> {
        match self {
            Self::Engine(client) => engine::told(client.search(intent).await),
            Self::Catalog(catalog) => Ok(catalog.search(intent, &[])),
        }
    }
}

pub(super) async fn run(intent: &str, element_type: Option<&str>, limit: Option<u16>, out: &Out) -> Result<(), Fault> {
    if let Some(other) = element_type.filter(|kind| !TYPES.contains(kind)) {
        return Err(wrong_use(
            format!("{other:?} is no type of what can be found here"),
            "Leave --elementType out, or give connector.",
        ));
    }
    let mut result = find(intent).await?;
    result.items.truncate(limit.map_or(usize::MAX, usize::from));
    out.answer(&result, || match result.outcome {
        SearchOutcome::None => "No app fits. Say it in other words, name the app's web address, or add it: \
                                membrane app add FILE"
            .to_owned(),
        SearchOutcome::Pick | SearchOutcome::Choose => {
            let rows = result.items.iter().map(|item| {
                vec![
                    Cell::toned(Tone::Strong, &item.name),
                    Cell::new(item.key.as_str()),
                    Cell::toned(Tone::Quiet, &item.reason),
                ]
            });
            let first = result.items.first().map(|item| item.key.to_string()).unwrap_or_default();
            let next = paint(Tone::Quiet, &format!("membrane connect --integrationKey {first}"));
            format!("{}\n\n{next}", table(&["APP", "KEY", "WHY"], &rows.collect::<Vec<_>>()))
        }
    });
    Ok(())
}

/// Answers the intents of a file, one answer a line, in their order.
pub(super) async fn batch(file: &Path, out: &Out) -> Result<(), Fault> {
    let asked = Asked::now().await?;
    for (number, line) in lines(file)?.enumerate() {
        let line = line.map_err(|error| unreadable(file, &error))?;
        if line.trim().is_empty() {
            continue;
        }
        let intent = intent(&line).ok_or_else(|| {
            wrong_use(
                format!("line {} of {} is no intent", number + 1, file.display()),
                "Write a JSON text, or an object with \"intent\": {\"intent\": \"send an e-mail\"}.",
            )
        })?;
        let result = asked.search(&intent).await?;
        if out.json {
            out.line(&serde_json::to_string(&result).unwrap_or_default());
        } else {
            let first = result.items.first();
            let (key, why) = first.map_or(("–", ""), |item| (item.key.as_str(), item.reason.as_str()));
            out.line(&format!("{intent}: {} {}", paint(Tone::Strong, key), paint(Tone::Quiet, why)));
        }
    }
    Ok(())
}

/// Searches with the engine that runs, which knows what is connected; else in the catalog alone.
pub(super) async fn find(intent: &str) -> Result<SearchResult, Fault> {
    Asked::now().await?.search(intent).await
}

fn intent(line: &str) -> Option<String> {
    match serde_json::from_str::<Value>(line).ok()? {
        Value::String(text) => Some(text),
        Value::Object(object) => Some(object.get("intent")?.as_str()?.to_owned()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

fn lines(file: &Path) -> Result<Box<dyn Iterator<Item = std::io::Result<String>>>, Fault> {
    if file.as_os_str() == "-" {
        return Ok(Box::new(BufReader::new(std::io::stdin()).lines()));
    }
    let open = std::fs::File::open(file).map_err(|error| unreadable(file, &error))?;
    Ok(Box::new(BufReader::new(open).lines()))
}

fn unreadable(file: &Path, error: &std::io::Error) -> Fault {
    wrong_use(
        format!("failed to read {}: {error}", file.display()),
        "Check the file's name and that it is text you may read.",
    )
}
