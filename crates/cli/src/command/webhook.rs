//! `membrane webhook …`

use clap::{Subcommand, ValueEnum};
use membrane_model::{Delivery, DeliveryState, Fault, NewWebhook, Webhook as View, WebhookOff};
use serde_json::{Map, Value, json};

use crate::engine::{running_or_started, told};
use crate::failure::wrong_use;
use crate::input;
use crate::out::{Out, Tone, paint};
use crate::table::{Cell, table};

#[derive(Subcommand)]
pub(crate) enum Webhook {
    /// Tell an address of events: prints the secret that signs them, this one time
    Create {
        /// Where events are sent; https, or http on this computer with --allowLocal
        url: String,
        /// Which event, like connection.disconnected; may be given several times; all unless told
        #[arg(long = "event", value_name = "EVENT")]
        events: Vec<String>,
        /// Only of this tenant's connections
        #[arg(long = "tenantId", value_name = "ID")]
        tenant: Option<String>,
        /// It may be an address of this computer
        #[arg(long = "allowLocal")]
        allow_local: bool,
        /// Name the account, and the connection as you call it
        #[arg(long = "includeAccount")]
        include_account: bool,
    },
    /// List webhooks
    List,
    /// Show a webhook
    Get {
        /// Its id
        id: String,
    },
    /// Change a webhook, or turn it on or off
    Update {
        /// Its id
        id: String,
        /// Where events are sent
        #[arg(long)]
        url: Option<String>,
        /// Which event; may be given several times, and takes the place of those there were
        #[arg(long = "event", value_name = "EVENT")]
        events: Vec<String>,
        /// It may be an address of this computer
        #[arg(long = "allowLocal", value_name = "YES")]
        allow_local: Option<bool>,
        /// Name the account, and the connection as you call it
        #[arg(long = "includeAccount", value_name = "YES")]
        include_account: Option<bool>,
        /// Send events
        #[arg(long, conflicts_with = "disable")]
        enable: bool,
        /// Send none
        #[arg(long)]
        disable: bool,
    },
    /// Remove a webhook with its history
    Delete {
        /// Its id
        id: String,
        /// Don't ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Send an event that did not happen, and say what the receiver answered
    Test {
        /// Its id
        id: String,
        /// Which event to make up
        #[arg(long, default_value = "connection.created")]
        event: String,
    },
    /// Give a webhook a new secret: prints it, this one time
    Rotate {
        /// Its id
        id: String,
        /// For how many hours the secret before signs too
        #[arg(long = "overlapHours", value_name = "HOURS", default_value_t = 24)]
        overlap_hours: u64,
    },
    /// Show what was delivered and what was not, newest first
    Deliveries {
        /// The webhook's id
        id: String,
        /// Only those in one state
        #[arg(long, value_enum)]
        state: Option<State>,
        /// How many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Deliver something again, with the same event id
    Redeliver {
        /// The webhook's id
        id: String,
        /// The delivery's id
        delivery: String,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum State {
    /// Waits for its next attempt
    Waiting,
    /// Taken by the receiver
    Delivered,
    /// Given up
    Dead,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }
}

pub(super) async fn run(command: Webhook, out: &Out) -> Result<(), Fault> {
    let client = running_or_started().await?;
    match command {
        Webhook::Create { url, events, tenant, allow_local, include_account } => {
            let body = json!({
                "url": url, "events": events, "tenantId": tenant, "allowLocal": allow_local,
                "includeAccount": include_account,
            });
            secret(out, &told(client.create_webhook(&body).await)?);
        }
        Webhook::List => {
            let all = told(client.webhooks().await)?;
            out.answer(&all, || list(&all));
        }
        Webhook::Get { id } => show(out, &told(client.webhook(&id).await)?),
        Webhook::Update { id, url, events, allow_local, include_account, enable, disable } => {
            let mut change = Map::new();
            let mut set = |name: &str, value: Value| drop(change.insert(name.to_owned(), value));
            if let Some(url) = url {
                set("url", json!(url));
            }
            if !events.is_empty() {
                set("events", json!(events));
            }
            if let Some(allow) = allow_local {
                set("allowLocal", json!(allow));
            }
            if let Some(include) = include_account {
                set("includeAccount", json!(include));
            }
            if enable || disable {
                set("enabled", json!(enable));
            }
            show(out, &told(client.change_webhook(&id, &Value::Object(change)).await)?);
        }
        Webhook::Delete { id, yes } => {
            let webhook = told(client.webhook(&id).await)?;
            if !yes && !input::somebody_there() {
                return Err(wrong_use("removing asks first, and nobody is at the terminal", "Add --yes to remove it."));
            }
            if !yes && !input::confirm(&format!("Remove the webhook to {} with its history?", webhook.url))? {
                out.note("Nothing was changed.");
                return Ok(());
            }
            told(client.delete_webhook(&id).await)?;
            out.answer(&json!({ "removed": true }), || format!("{} Removed.", paint(Tone::Good, "✓")));
        }
        Webhook::Test { id, event } => {
            let outcome = told(client.test_webhook(&id, Some(&event)).await)?;
            let why = outcome["delivery"]["lastError"].as_str().unwrap_or("no reason given");
            out.answer(&outcome, || match outcome["delivered"] == json!(true) {
                true => format!("{} The receiver took it.", paint(Tone::Good, "✓")),
                false => format!("{} The receiver did not take it: {why}.", paint(Tone::Bad, "✗")),
            });
        }
        Webhook::Rotate { id, overlap_hours } => {
            secret(out, &told(client.rotate_webhook(&id, Some(overlap_hours)).await)?);
        }
        Webhook::Deliveries { id, state, limit } => {
            let all = told(client.webhook_deliveries(&id, state.map(State::name), limit).await)?;
            out.answer(&all, || history(&all));
        }
        Webhook::Redeliver { id, delivery } => {
            let again = told(client.redeliver(&id, &delivery).await)?;
            out.answer(&again, || format!("{} It is delivered again now.", paint(Tone::Good, "✓")));
        }
    }
    Ok(())
}

fn secret(out: &Out, made: &NewWebhook) {
    if !out.json {
        out.note(&paint(
            Tone::Quiet,
            &format!("Webhook {}. Its secret is shown once; receivers need it.", made.webhook.id),
        ));
    }
    out.answer(made, || made.secret.clone());
}

fn list(all: &[View]) -> String {
    if all.is_empty() {
        return "No webhooks yet. Tell an address of events: membrane webhook create URL".to_owned();
    }
    let rows = all.iter().map(|webhook| {
        vec![
            Cell::new(&webhook.url),
            standing(webhook),
            Cell::new(webhook.waiting.to_string()),
            Cell::new(webhook.dead.to_string()),
            Cell::toned(Tone::Quiet, webhook.id.as_str()),
        ]
    });
    table(&["URL", "STATUS", "WAITING", "DEAD", "ID"], &rows.collect::<Vec<_>>())
}

fn standing(webhook: &View) -> Cell {
    match webhook.off_because {
        None => Cell::toned(Tone::Good, "on"),
        Some(WebhookOff::ByYou) => Cell::toned(Tone::Quiet, "off"),
        Some(WebhookOff::Gone) => Cell::toned(Tone::Bad, "off: it is gone"),
        Some(WebhookOff::Failing) => Cell::toned(Tone::Bad, "off: nothing got through"),
        Some(WebhookOff::SecretLost) => Cell::toned(Tone::Bad, "off: its secret is lost"),
    }
}

fn show(out: &Out, webhook: &View) {
    out.answer(webhook, || {
        let mut lines = vec![paint(Tone::Strong, &webhook.url)];
        let mut fact = |name: &str, value: &str| lines.push(format!("  {name:<9} {value}"));
        fact("Events", &webhook.events.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", "));
        if let Some(tenant) = &webhook.tenant_id {
            fact("Tenant", tenant.as_str());
        }
        let next = format!("membrane webhook update {} --enable", webhook.id);
        match webhook.off_because {
            None => fact("Status", "on"),
            Some(WebhookOff::ByYou) => fact("Status", &format!("off; turn it on: {next}")),
            Some(WebhookOff::Gone) => fact("Status", &format!("off: it said that it is gone; turn it on: {next}")),
            Some(WebhookOff::Failing) => {
                fact("Status", &format!("off: it took nothing for three days; turn it on: {next}"))
            }
            Some(WebhookOff::SecretLost) => {
                fact("Status", &format!("off: its secret is lost; make one: membrane webhook rotate {}", webhook.id));
            }
        }
        fact("Waiting", &webhook.waiting.to_string());
        fact("Dead", &webhook.dead.to_string());
        fact("Id", webhook.id.as_str());
        lines.join("\n")
    });
}

fn history(all: &[Delivery]) -> String {
    if all.is_empty() {
        return "Nothing was delivered yet.".to_owned();
    }
    let rows = all.iter().map(|delivery| {
        let (tone, state) = match delivery.state {
            DeliveryState::Delivered => (Tone::Good, "delivered"),
            DeliveryState::Waiting => (Tone::Busy, "waiting"),
            DeliveryState::Dead => (Tone::Bad, "dead"),
        };
        vec![
            Cell::new(local(delivery.created_at)),
            Cell::new(delivery.kind.name()),
            Cell::toned(tone, state),
            Cell::new(delivery.attempts.to_string()),
            Cell::new(delivery.last_error.clone().unwrap_or_default()),
            Cell::toned(Tone::Quiet, delivery.id.as_str()),
        ]
    });
    table(&["WHEN", "WHAT", "STATE", "TRIES", "LAST ERROR", "ID"], &rows.collect::<Vec<_>>())
}

fn local(at: jiff::Timestamp) -> String {
    at.to_zoned_datetime(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}
