//! `membrane search`

use membrane_catalog::Catalog;
use membrane_engine::Paths;
use membrane_model::{Fault, SearchOutcome, SearchResult};

use crate::engine;
use crate::out::{Out, Tone, paint};
use crate::table::{Cell, table};

pub(super) async fn run(intent: &str, out: &Out) -> Result<(), Fault> {
    let result = find(intent).await?;
    out.answer(&result, || match result.outcome {
        SearchOutcome::None => "No app fits. Say it in other words, or add one: membrane app add FILE".to_owned(),
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

/// Searches with the engine that runs, which knows what is connected; else in the catalog alone.
pub(super) async fn find(intent: &str) -> Result<SearchResult, Fault> {
    match engine::running().await {
        Ok(client) => engine::told(client.search(intent).await),
        Err(_) => {
            let (catalog, _) = Catalog::load(Some(&Paths::resolve()?.apps()), &std::collections::BTreeMap::new());
            Ok(catalog.search(intent, &[]))
        }
    }
}
