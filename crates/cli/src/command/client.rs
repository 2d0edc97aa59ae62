//! `membrane client …`

use membrane_model::Fault;
use serde_json::json;

use crate::args::Client;
use crate::engine::{running_or_started, told};
use crate::out::{Out, Tone, paint};
use crate::table::{Cell, table};

pub(super) async fn run(command: Client, out: &Out) -> Result<(), Fault> {
    let client = running_or_started().await?;
    match command {
        Client::Create { name, no_tokens, workspace: true } => {
            let made = told(client.create_workspace(&name, !no_tokens).await)?;
            if !out.json {
                out.note(&paint(Tone::Quiet, "This secret is shown once. Keep it where your server keeps secrets."));
            }
            out.answer(&made, || {
                format!(
                    "workspaceKey     {}\nworkspaceSecret  {}",
                    made.workspace_key.as_deref().unwrap_or_default(),
                    made.workspace_secret.as_deref().unwrap_or_default()
                )
            });
        }
        Client::Create { name, no_tokens, workspace: false } => {
            let made = told(client.create_client(&name, !no_tokens).await)?;
            if !out.json {
                out.note(&paint(
                    Tone::Quiet,
                    "This token is shown once. Give it to the program; it is no longer shown after this.",
                ));
            }
            out.answer(&json!({ "id": made.id, "name": made.name, "token": made.token }), || made.token.clone());
        }
        Client::List => {
            let all = told(client.clients().await)?;
            out.answer(&all, || {
                if all.is_empty() {
                    return "No program has a token. Let one in: membrane client create NAME".to_owned();
                }
                let rows = all.iter().map(|client| {
                    let tokens = if client.may_get_tokens { "yes" } else { "no" };
                    let used = client
                        .last_used_at
                        .map_or_else(|| "never".to_owned(), |at| at.strftime("%Y-%m-%d").to_string());
                    vec![
                        Cell::new(&client.name),
                        Cell::new(tokens),
                        Cell::new(used),
                        Cell::toned(Tone::Quiet, client.id.as_str()),
                    ]
                });
                table(&["NAME", "GETS TOKENS", "LAST USED", "ID"], &rows.collect::<Vec<_>>())
            });
        }
        Client::Revoke { id } => {
            told(client.revoke_client(&id).await)?;
            out.answer(&json!({ "revoked": true }), || {
                format!("{} Its token is refused from now on.", paint(Tone::Good, "✓"))
            });
        }
    }
    Ok(())
}
