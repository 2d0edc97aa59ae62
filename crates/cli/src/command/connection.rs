//! `membrane connection …`

use std::io::IsTerminal;
use std::time::Duration;

use membrane_model::{ConnectionView, Fault, HealthStatus};
use membrane_sdk::{Client, ConnectionFilter};
use serde_json::json;

use crate::args::Connection;
use crate::engine::{running_or_started, straight, told};
use crate::failure::wrong_use;
use crate::input;
use crate::out::{Out, Tone, paint};
use crate::table::{Cell, table};

pub(super) async fn run(command: Connection, out: &Out) -> Result<(), Fault> {
    // Scripts ask for tokens all the time, so this takes one call and no more.
    if let Connection::Token { id, min_valid } = command {
        let token = straight(|client| {
            let id = id.clone();
            async move { client.token(&id, min_valid).await }
        })
        .await?;
        if std::io::stdout().is_terminal() {
            out.note(&paint(Tone::Busy, "This is a secret. Whoever has it can use the account until it runs out."));
        }
        out.answer(&token, || token.access_token.clone());
        return Ok(());
    }
    let client = running_or_started().await?;
    match command {
        Connection::Token { .. } => {}
        Connection::List { integration_key, disconnected, search, archived, limit, cursor } => {
            let filter = ConnectionFilter {
                app: integration_key,
                search,
                disconnected: disconnected.then_some(true),
                include_archived: archived,
            };
            if let Some(limit) = limit {
                let page = told(client.connections_page(&filter, limit, cursor.as_deref()).await)?;
                out.answer(&page, || match &page.cursor {
                    Some(next) => format!("{}\n\nMore: --cursor {next}", list(&page.items, &filter)),
                    None => list(&page.items, &filter),
                });
                return Ok(());
            }
            let mut all = told(client.connections(&filter).await)?;
            all.sort_by_key(|connection| connection.health.status != HealthStatus::Attention);
            out.answer(&all, || list(&all, &filter));
        }
        Connection::Get { id, wait, timeout } => {
            let view = told(client.connection(&id).await)?;
            let view = match wait {
                true => told(client.wait_connected(&view, Duration::from_secs(timeout.into())).await)?,
                false => view,
            };
            show(out, &view);
        }
        Connection::Patch { id, data } => {
            let changes: serde_json::Value = serde_json::from_str(&data)
                .ok()
                .filter(serde_json::Value::is_object)
                .ok_or_else(|| wrong_use("--data is no JSON object", "Write it as --data '{\"name\": \"Work\"}'."))?;
            show(out, &told(client.patch(&id, &changes).await)?);
        }
        Connection::Restore { id } => {
            let view = told(client.restore(&id).await)?;
            show(out, &view);
            if !out.json {
                out.note(&paint(Tone::Quiet, &format!("  membrane connect --connectionId {}", view.id)));
            }
        }
        Connection::Ensure { url, name, no_wait, non_interactive } => {
            let view = told(client.ensure(&url, name.as_deref()).await)?;
            let asks = !out.json && !non_interactive && input::somebody_there();
            match &view.session_id {
                Some(session) if asks && !no_wait && !view.connected => {
                    let session = told(client.session(session.as_str()).await)?;
                    super::connect::to_its_end(&client, session, asks, out).await?;
                }
                _ => {
                    show(out, &view);
                    lead(out, &view);
                }
            }
        }
        Connection::Archive { id, yes } => archive(&client, &id, yes, out).await?,
        Connection::Rename { id, name } => show(out, &told(client.rename(&id, &name).await)?),
        Connection::Refresh { id } => show(out, &told(client.refresh(&id).await)?),
        Connection::End { id, when } => {
            let end = read_end(&when)?;
            show(out, &told(client.set_end(&id, end.as_deref()).await)?);
        }
        Connection::Pause { id, minutes } => show(out, &told(client.pause(&id, minutes).await)?),
        Connection::Resume { id } => show(out, &told(client.resume(&id).await)?),
        Connection::Test { id } => {
            let result = told(client.test(&id).await)?;
            let works = result["success"] == json!(true);
            let cause = result["cause"].as_str().unwrap_or("no reason given").to_owned();
            out.answer(&result, || match works {
                true => format!("{} It works.", paint(Tone::Good, "✓")),
                false => format!("{} It could not be used: {cause}.", paint(Tone::Bad, "✗")),
            });
        }
        Connection::Events { id } => {
            let events = told(client.events_of(&id).await)?;
            out.answer(&events, || {
                let rows = events.iter().map(|event| {
                    let reason = event.reason.map(|reason| reason.sentence()).unwrap_or_default();
                    vec![Cell::new(local(event.created_at)), Cell::new(event.kind.name()), Cell::new(reason)]
                });
                table(&["WHEN", "WHAT", "WHY"], &rows.collect::<Vec<_>>())
            });
        }
    }
    Ok(())
}

async fn archive(client: &Client, id: &str, yes: bool, out: &Out) -> Result<(), Fault> {
    let connection = told(client.connection(id).await)?;
    if !yes {
        if !input::somebody_there() {
            return Err(wrong_use("archiving asks first, and nobody is at the terminal", "Add --yes to archive it."));
        }
        let question = format!(
            "Archive {} ({})? Its access is revoked and its credential destroyed.",
            connection.name, connection.app_name
        );
        if !input::confirm(&question)? {
            out.note("Nothing was changed.");
            return Ok(());
        }
    }
    let archived = told(client.archive(connection.id.as_str()).await)?;
    out.answer(&archived, || format!("{} Archived {}.", paint(Tone::Good, "✓"), archived.name));
    Ok(())
}

/// Says where the person goes on, and how to wait for them.
fn lead(out: &Out, view: &ConnectionView) {
    if let (false, Some(url)) = (out.json, view.client_action.as_ref().and_then(|action| action.ui_url.as_ref())) {
        out.line(&format!("  Sign in   {url}"));
        out.note(&paint(Tone::Quiet, &format!("  membrane connection get {} --wait", view.id)));
    }
}

/// Shows one connection.
pub(super) fn show(out: &Out, connection: &ConnectionView) {
    out.answer(connection, || {
        let mut lines = vec![
            format!("{} {}", mark(connection), paint(Tone::Strong, &connection.name)),
            format!("  {}", connection.health.sentence),
        ];
        let mut fact = |name: &str, value: &str| lines.push(format!("  {name:<9} {value}"));
        fact("App", &connection.app_name);
        if let Some(account) = &connection.account {
            fact("Account", &account.label);
        }
        if !connection.scopes.is_empty() {
            fact("Scopes", &connection.scopes.join(" "));
        }
        if let Some(at) = connection.expires_at {
            fact("Expires", &local(at));
        }
        if let Some(at) = connection.next_credentials_refresh_at.filter(|_| connection.connected) {
            fact("Renews", &local(at));
        }
        if connection.retry_attempts > 0 {
            let tries = if connection.retry_attempts == 1 { "try" } else { "tries" };
            let next = connection.next_retry_timestamp.map(|at| format!(", next {}", local(at))).unwrap_or_default();
            fact("Failing", &format!("{} {tries}{next}", connection.retry_attempts));
        }
        for warning in connection.health.warnings.iter().filter(|one| one.text != connection.health.sentence) {
            fact("Warning", &warning.text);
        }
        if let Some(key) = &connection.key {
            fact("Key", key);
        }
        fact("Id", connection.id.as_str());
        lines.join("\n")
    });
}

fn list(all: &[ConnectionView], filter: &ConnectionFilter) -> String {
    let narrowed = filter.app.is_some() || filter.search.is_some() || filter.disconnected.is_some();
    if all.is_empty() && narrowed {
        return "No connection fits.".to_owned();
    }
    if all.is_empty() {
        return "No connections yet. Connect one: membrane connect --intent CRM\n\
                Or try the sandbox, with nothing to register: membrane connect --integrationKey membrane-sandbox"
            .to_owned();
    }
    let rows = all.iter().map(|connection| {
        let account = connection.account.as_ref().map(|account| account.label.clone()).unwrap_or_default();
        vec![
            Cell::new(&connection.name),
            Cell::new(&connection.app_name),
            Cell::toned(tone(connection), &connection.health.label),
            Cell::new(account),
            Cell::toned(Tone::Quiet, connection.id.as_str()),
        ]
    });
    let mut text = table(&["NAME", "APP", "STATUS", "ACCOUNT", "ID"], &rows.collect::<Vec<_>>());
    for connection in all.iter().filter(|connection| connection.disconnected) {
        text.push_str(&format!("\n\n{} {}", paint(Tone::Bad, "!"), connection.health.sentence));
        // What follows the sign is a comment to a shell, so that the whole line can be copied.
        let whose = connection.account.as_ref().map_or(&connection.name, |account| &account.label);
        text.push_str(&format!("\n  membrane connect --connectionId {}  # {whose}", connection.id));
    }
    text
}

fn tone(connection: &ConnectionView) -> Tone {
    match connection.health.status {
        HealthStatus::Connected => Tone::Good,
        HealthStatus::Retrying | HealthStatus::Connecting => Tone::Busy,
        HealthStatus::Attention => Tone::Bad,
        HealthStatus::Paused => Tone::Quiet,
    }
}

fn mark(connection: &ConnectionView) -> String {
    let sign = match connection.health.status {
        HealthStatus::Connected => "●",
        HealthStatus::Retrying | HealthStatus::Connecting => "◐",
        HealthStatus::Attention => "!",
        HealthStatus::Paused => "○",
    };
    paint(tone(connection), sign)
}

/// Reads the end of a key: a day ends with its last second here.
fn read_end(text: &str) -> Result<Option<String>, Fault> {
    if text == "never" {
        return Ok(None);
    }
    let at = match text.parse::<jiff::Timestamp>() {
        Ok(at) => at,
        Err(_) => {
            let day = text.parse::<jiff::civil::Date>().ok();
            let end = day.and_then(|day| day.at(23, 59, 59, 0).to_zoned_datetime(jiff::tz::TimeZone::system()).ok());
            end.ok_or_else(|| {
                let shown: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
                wrong_use(format!("{shown:?} is no day"), "Write a day like 2027-01-31, or never.")
            })?
            .timestamp()
        }
    };
    Ok(Some(at.to_string()))
}

/// Says a time in the zone of this computer.
pub(super) fn local(at: jiff::Timestamp) -> String {
    at.to_zoned_datetime(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}
