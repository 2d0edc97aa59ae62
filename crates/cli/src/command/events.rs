//! `membrane events`: what happened to connections, and what happens next.

use membrane_model::{Fault, LifecycleEvent, StreamMessage};
use membrane_sdk::{Client, ConnectionFilter};
use tokio::signal::unix::{SignalKind, signal};

use crate::args::Events;
use crate::engine::{running_or_started, told};
use crate::failure::internal;
use crate::out::Out;

pub(super) async fn run(options: Events, out: &Out) -> Result<(), Fault> {
    let client = running_or_started().await?;
    // The stream is open before the past is read, so that nothing falls between them.
    let mut stream = told(client.events().await)?;
    let past = past(&client, options.limit).await?;
    if !options.follow {
        out.answer(&past, || match past.is_empty() {
            true => "Nothing has happened yet.".to_owned(),
            false => past.iter().map(line).collect::<Vec<_>>().join("\n"),
        });
        return Ok(());
    }
    for event in &past {
        print(out, event);
    }
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|e| internal(&e))?;
    loop {
        let message = tokio::select! {
            message = stream.next() => told(message)?,
            _ = interrupt.recv() => return Ok(()),
        };
        match message {
            Some(StreamMessage::Event { event }) if !past.iter().any(|seen| seen.id == event.id) => print(out, &event),
            Some(_) => {}
            None => return Ok(()),
        }
    }
}

/// Reads the last events of all connections, the oldest first.
async fn past(client: &Client, limit: usize) -> Result<Vec<LifecycleEvent>, Fault> {
    let filter = ConnectionFilter { include_archived: true, ..ConnectionFilter::default() };
    let mut all = Vec::new();
    for connection in told(client.connections(&filter).await)? {
        all.extend(told(client.events_of(connection.id.as_str()).await)?);
    }
    all.sort_by_key(|event| event.created_at);
    let first = all.len().saturating_sub(limit);
    Ok(all.split_off(first))
}

fn print(out: &Out, event: &LifecycleEvent) {
    match out.json {
        true => out.line(&serde_json::to_string(event).unwrap_or_default()),
        false => out.line(&line(event)),
    }
}

fn line(event: &LifecycleEvent) -> String {
    let reason = event.reason.map(|reason| format!("  {}", reason.sentence())).unwrap_or_default();
    let when = super::connection::local(event.created_at);
    format!("{when}  {:<23}  {}  {}{reason}", event.kind.name(), event.app_key, event.connection_id)
}
