//! `membrane origin …`

use membrane_model::Fault;
use serde_json::json;

use crate::args::Origin;
use crate::engine::{running_or_started, told};
use crate::out::{Out, Tone, paint};
use crate::table::{Cell, table};

pub(super) async fn run(command: Origin, out: &Out) -> Result<(), Fault> {
    let client = running_or_started().await?;
    match command {
        Origin::Allow { origin } => {
            let made = told(client.approve_origin(&origin).await)?;
            out.answer(&made, || {
                format!("{} Pages of {} may show Membrane's pages.", paint(Tone::Good, "✓"), made.origin)
            });
        }
        Origin::List => {
            let all = told(client.origins().await)?;
            out.answer(&all, || {
                if all.is_empty() {
                    return "No web page may show Membrane's pages. Let one: membrane origin allow URL".to_owned();
                }
                let rows = all.iter().map(|view| {
                    vec![Cell::new(&view.origin), Cell::new(view.approved_at.strftime("%Y-%m-%d").to_string())]
                });
                table(&["ORIGIN", "ALLOWED"], &rows.collect::<Vec<_>>())
            });
        }
        Origin::Remove { origin } => {
            told(client.remove_origin(&origin).await)?;
            out.answer(&json!({ "removed": true }), || format!("{} It may no longer.", paint(Tone::Good, "✓")));
        }
    }
    Ok(())
}
