//! `membrane integration …`

use membrane_model::Fault;

use crate::args::Integration;
use crate::engine::{running_or_started, told};
use crate::out::{Out, Tone};
use crate::table::{Cell, table};

pub(super) async fn run(command: Integration, out: &Out) -> Result<(), Fault> {
    let client = running_or_started().await?;
    match command {
        Integration::List { search, limit } => {
            let mut all = told(client.apps(search.as_deref()).await)?;
            all.truncate(limit.unwrap_or(usize::MAX));
            out.answer(&all, || {
                if all.is_empty() {
                    return "No app fits. Say it in other words, or add one: membrane app add FILE".to_owned();
                }
                let rows = all.iter().map(|app| {
                    vec![
                        Cell::toned(Tone::Strong, &app.name),
                        Cell::new(app.key.as_str()),
                        Cell::new(app.categories.join(", ")),
                    ]
                });
                table(&["APP", "KEY", "CATEGORIES"], &rows.collect::<Vec<_>>())
            });
        }
    }
    Ok(())
}
