//! Intent search: free text in, apps out, offline and always the same.

use membrane_model::{AppKey, SearchItem, SearchOutcome, SearchResult};

use crate::Catalog;

/// Finds the apps for an intent.
pub(crate) fn search(catalog: &Catalog, intent: &str, _connected: &[AppKey]) -> SearchResult {
    let wanted = intent.trim().to_lowercase();
    let exact = catalog.apps().find(|app| app.key.as_str() == wanted || app.name.to_lowercase() == wanted);
    match exact {
        Some(app) => {
            let reason = format!("is called {}", app.name);
            let item = SearchItem { key: app.key.clone(), name: app.name.clone(), score: 1.0, reason };
            SearchResult { outcome: SearchOutcome::Pick, items: vec![item] }
        }
        None => SearchResult { outcome: SearchOutcome::None, items: Vec::new() },
    }
}
