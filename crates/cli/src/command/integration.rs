//! `membrane integration list` and `membrane external-app list`: one list under two names.

use membrane_model::Fault;

use crate::args::{ExternalApp, Integration, Listed};
use crate::engine::{running_or_started, told};
use crate::out::{Out, Tone};
use crate::table::{Cell, table};

pub(super) async fn run(command: Integration, out: &Out) -> Result<(), Fault> {
    let Integration::List(listed) = command;
    list(listed, out).await
}

pub(super) async fn run_external(command: ExternalApp, out: &Out) -> Result<(), Fault> {
    let ExternalApp::List(listed) = command;
    list(listed, out).await
}

async fn list(listed: Listed, out: &Out) -> Result<(), Fault> {
    let client = running_or_started().await?;
    let mut all = told(client.apps(listed.search.as_deref()).await)?;
    if let Some(category) = &listed.category {
        let category = category.trim().to_lowercase().replace(' ', "-");
        all.retain(|app| app.categories.contains(&category));
    }
    all.truncate(listed.limit.unwrap_or(usize::MAX));
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
    Ok(())
}
