//! `membrane connect`: from an intent to a connection, on one terminal.

use std::collections::BTreeMap;

use membrane_model::{
    AppKey, ErrorAction, ErrorCode, Fault, Field, ReturnPath, SearchItem, SearchOutcome, Session, SessionKind,
    SessionState,
};
use membrane_sdk::{Ask, Client, NewSession};
use secrecy::ExposeSecret;
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{connection, connection_request, search};
use crate::args::{Connect, Redirect};
use crate::engine::{running_or_started, told};
use crate::failure::{internal, wrong_use};
use crate::out::{Out, Tone, paint};
use crate::{browser, input};

/// How long one question to the engine is held.
const WAIT_SECONDS: u32 = 30;

pub(super) async fn run(args: Connect, out: &Out) -> Result<(), Fault> {
    // From here on Ctrl-C calls the attempt off instead of leaving it behind.
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|e| internal(&e))?;
    let asks = !args.non_interactive && !out.json && input::somebody_there();
    let mut start = NewSession {
        name: args.name.clone(),
        auth_method: args.auth_method.clone(),
        input: values(&args)?,
        scopes: (!args.scope.is_empty()).then(|| args.scope.clone()),
        return_path: args.redirect.map(|redirect| match redirect {
            Redirect::DeepLink => ReturnPath::DeepLink,
            Redirect::Loopback => ReturnPath::Loopback,
        }),
        allow_multiple: Some(args.allow_multiple),
        ..NewSession::default()
    };
    match (&args.intent, &args.integration_key, &args.connection_id) {
        (_, Some(key), _) => start.app_key = Some(app_key(key)?),
        (_, _, Some(id)) => start.connection_id = Some(id.clone()),
        (Some(intent), _, _) if asks_later(&args) => return ask_by_intent(intent, &args, out).await,
        (Some(intent), _, _) => start.app_key = Some(choose(intent, asks, out).await?),
        (None, None, None) if asks => {
            let intent = input::ask("What do you want to connect? ")?;
            start.app_key = Some(choose(&intent, asks, out).await?);
        }
        (None, None, None) => {
            return Err(wrong_use(
                "nothing says what to connect",
                "Give --intent, --integrationKey or --connectionId.",
            ));
        }
    }
    let client = running_or_started().await?;
    if asks_later(&args) {
        let ask = Ask { app: start.app_key, connection: start.connection_id, ..asked(&args) };
        connection_request::show(out, &told(client.ask(&ask).await)?);
        return Ok(());
    }
    if let Some(id) = start.connection_id.take() {
        start.connection_id = Some(told(client.connection(&id).await)?.id.to_string());
    }
    let named = start.connection_id.is_some();
    let session = told(client.start_session(&start).await)?;
    if !named && session.kind == SessionKind::Reconnect {
        let about = format!(
            "{} is connected already: this signs in again. For one more account, add --allowMultipleConnections.",
            session.app_name
        );
        out.note(&paint(Tone::Quiet, &about));
    }
    if args.no_wait {
        out.answer(&session, || link(&session).unwrap_or_else(|| session.id.to_string()));
        return Ok(());
    }
    let opens = !args.no_browser && !args.paste;
    let mut attempt = Attempt { client: &client, out, asks, opens, pastes: args.paste, shown: None };
    let ended = attempt.follow_or_cancel(session, &mut interrupt).await?;
    if let (Some(key), SessionState::Done, Some(id)) = (&args.connection_key, &ended.state, &ended.connection_id) {
        told(client.patch(id.as_str(), &json!({ "key": key })).await)?;
    }
    finish(&client, &ended, out).await
}

/// Follows an attempt that has been started to its end.
pub(super) async fn to_its_end(client: &Client, session: Session, asks: bool, out: &Out) -> Result<(), Fault> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|e| internal(&e))?;
    let mut attempt = Attempt { client, out, asks, opens: true, pastes: false, shown: None };
    let ended = attempt.follow_or_cancel(session, &mut interrupt).await?;
    finish(client, &ended, out).await
}

/// Tells whether a person is asked who needn't be here now. With the secrets at hand nobody has to be asked.
fn asks_later(args: &Connect) -> bool {
    args.non_interactive && !args.secrets_from_stdin && !args.no_wait
}

/// Asks for what an intent means; when several apps fit, the person chooses.
async fn ask_by_intent(intent: &str, args: &Connect, out: &Out) -> Result<(), Fault> {
    let found = search::find(intent).await?;
    let app = match (found.outcome, found.items.first()) {
        (SearchOutcome::Pick, Some(first)) => Some(first.key.to_string()),
        (SearchOutcome::None, _) => return Err(Fault::new(ErrorCode::NoMatch, format!("no app fits {intent:?}"))),
        (SearchOutcome::Pick | SearchOutcome::Choose, _) => None,
    };
    let client = running_or_started().await?;
    let ask = Ask { prompt: app.is_none().then(|| intent.to_owned()), app, ..asked(args) };
    connection_request::show(out, &told(client.ask(&ask).await)?);
    Ok(())
}

/// What is asked for beside the app.
fn asked(args: &Connect) -> Ask {
    Ask {
        key: args.connection_key.clone(),
        name: args.name.clone(),
        allow_multiple: args.allow_multiple.then_some(true),
        ..Ask::default()
    }
}

/// Checks a key before it goes anywhere.
fn app_key(key: &str) -> Result<String, Fault> {
    key.parse::<AppKey>()
        .map(|key| key.to_string())
        .map_err(|error| wrong_use(format!("{key:?} is no app's key: {error}"), "`membrane app list` shows the keys."))
}

/// Reads what the form is filled in with.
fn values(args: &Connect) -> Result<BTreeMap<String, String>, Fault> {
    let mut values = BTreeMap::new();
    for pair in &args.input {
        let (field, value) = pair.split_once('=').ok_or_else(|| {
            wrong_use(format!("--input {pair:?} has no value"), "Write it as --input subdomain=acme.")
        })?;
        values.insert(field.to_owned(), value.to_owned());
    }
    if args.secrets_from_stdin {
        let text = input::read_all(std::path::Path::new("-"))?;
        let secrets: BTreeMap<String, String> = serde_json::from_str(&text)
            .map_err(|_| wrong_use("standard input is no JSON object of texts", "Write it as {\"key\": \"…\"}."))?;
        values.extend(secrets);
    }
    Ok(values)
}

/// Picks the app that an intent means; asks when several fit.
async fn choose(intent: &str, asks: bool, out: &Out) -> Result<String, Fault> {
    let result = search::find(intent).await?;
    match result.outcome {
        SearchOutcome::None => Err(Fault::new(ErrorCode::NoMatch, format!("no app fits {intent:?}"))),
        SearchOutcome::Pick => {
            let first = result.items.first().ok_or_else(|| internal(&"the search picked nothing"))?;
            out.note(&paint(Tone::Quiet, &format!("{} fits: it {}.", first.name, first.reason)));
            Ok(first.key.to_string())
        }
        SearchOutcome::Choose if asks => {
            out.note("Several apps fit:");
            let shown = &result.items[..result.items.len().min(9)];
            for (number, item) in shown.iter().enumerate() {
                out.note(&format!(
                    "  {} {}  {}",
                    number + 1,
                    paint(Tone::Strong, &item.name),
                    paint(Tone::Quiet, &item.reason)
                ));
            }
            pick(shown, &input::ask("Which one? (number or name) ")?)
        }
        SearchOutcome::Choose => {
            let keys = result.items.iter().take(9).map(|item| item.key.as_str()).collect::<Vec<_>>().join(", ");
            Err(wrong_use(format!("several apps fit {intent:?}"), format!("Choose one with --integrationKey: {keys}.")))
        }
    }
}

fn pick(items: &[SearchItem], answer: &str) -> Result<String, Fault> {
    let by_number = answer.parse::<usize>().ok().and_then(|number| items.get(number.wrapping_sub(1)));
    let named = |item: &&SearchItem| item.key.as_str() == answer || item.name.eq_ignore_ascii_case(answer);
    let found = by_number.or_else(|| items.iter().find(named));
    found
        .map(|item| item.key.to_string())
        .ok_or_else(|| wrong_use(format!("{answer:?} is none of them"), "Run it again and type a number."))
}

/// One attempt, followed to its end.
struct Attempt<'a> {
    client: &'a Client,
    out: &'a Out,
    asks: bool,
    opens: bool,
    pastes: bool,
    /// The page that was opened last, so that it is opened once.
    shown: Option<String>,
}

impl Attempt<'_> {
    async fn follow_or_cancel(&mut self, session: Session, interrupt: &mut Signal) -> Result<Session, Fault> {
        let id = session.id.to_string();
        let client = self.client;
        tokio::select! {
            ended = self.follow(session) => ended,
            _ = interrupt.recv() => {
                told(client.cancel_session(&id).await)?;
                Err(Fault::new(ErrorCode::SessionEnded, "you called it off").hint("Nothing was changed."))
            }
        }
    }

    async fn follow(&mut self, mut session: Session) -> Result<Session, Fault> {
        loop {
            let seen = match &session.state {
                SessionState::AwaitingUser { fields, problem, .. } if !fields.is_empty() => {
                    let problem = problem.clone();
                    session = self.fill(&session, fields.clone(), problem).await?;
                    continue;
                }
                SessionState::AwaitingUser { user_code, .. } => {
                    let pastes = self.pastes && user_code.is_none();
                    self.lead(&session);
                    if pastes {
                        let address = input::ask_beside("Then paste the address that the browser ended at: ").await?;
                        session = told(self.client.paste(session.id.as_str(), &address).await)?;
                        continue;
                    }
                    "awaiting-user"
                }
                SessionState::Exchanging => "exchanging",
                SessionState::Verifying => "verifying",
                SessionState::Done | SessionState::Failed { .. } | SessionState::Cancelled | SessionState::Expired => {
                    return Ok(session);
                }
            };
            session = told(self.client.wait_session(session.id.as_str(), seen, WAIT_SECONDS).await)?;
        }
    }

    /// Opens the page to sign in at, or says where it is.
    fn lead(&mut self, session: &Session) {
        let Some(url) = link(session) else { return };
        if self.shown.as_deref() == Some(&url) {
            return;
        }
        if let SessionState::AwaitingUser { user_code: Some(code), .. } = &session.state {
            self.out.note(&format!("Your code for {}: {}", session.app_name, paint(Tone::Strong, code)));
        }
        let opened = self.opens && browser::there_is_a_desktop() && browser::open_page(&url).is_ok();
        let lead = if self.pastes {
            format!("Open this page in any browser to sign in to {}:", session.app_name)
        } else if opened {
            format!("Sign in to {} in the browser that opened. If none did, open this page:", session.app_name)
        } else {
            format!("Open this page in a browser on this computer to sign in to {}:", session.app_name)
        };
        self.out.note(&lead);
        self.out.note(&format!("  {url}"));
        self.shown = Some(url);
    }

    /// Asks for what the form needs and sends it.
    async fn fill(
        &self,
        session: &Session,
        fields: Vec<Field>,
        problem: Option<membrane_model::WireError>,
    ) -> Result<Session, Fault> {
        let tell = |error: &membrane_model::WireError| error.clone().into_fault();
        if !self.asks {
            told(self.client.cancel_session(session.id.as_str()).await)?;
            return Err(match &problem {
                Some(error) => tell(error),
                None => missing(session, &fields),
            });
        }
        if let Some(error) = &problem {
            self.out.note(&format!("{} {}. {}", paint(Tone::Bad, "✗"), error.message, error.data.hint));
            if error.data.action == ErrorAction::Retry {
                input::ask("Press Enter to try again, Ctrl-C to stop. ")?;
            }
        }
        let mut values = BTreeMap::new();
        for field in &fields {
            if let Some(hint) = &field.hint {
                self.out.note(&paint(Tone::Quiet, hint));
            }
            if let Some(link) = &field.link {
                self.out.note(&paint(Tone::Quiet, link));
            }
            for (number, choice) in field.choices.iter().enumerate() {
                self.out.note(&format!("  {} {}", number + 1, choice.label));
            }
            let optional = if field.optional { " (may stay empty)" } else { "" };
            let prompt = format!("{}{optional}: ", field.label);
            let value = if field.secret {
                input::ask_secret(&prompt)?.expose_secret().to_owned()
            } else {
                input::ask(&prompt)?
            };
            let by_number = value.parse::<usize>().ok().and_then(|number| field.choices.get(number.wrapping_sub(1)));
            let value = by_number.map_or(value, |choice| choice.value.clone());
            if !value.is_empty() {
                values.insert(field.key.clone(), value);
            }
        }
        match self.client.submit(session.id.as_str(), &values).await.map_err(membrane_sdk::SdkError::into_fault) {
            Err(fault) if fault.code == ErrorCode::InvalidField => {
                self.out.note(&format!("{} {}.", paint(Tone::Bad, "✗"), fault.message));
                told(self.client.session(session.id.as_str()).await)
            }
            other => other,
        }
    }
}

fn missing(session: &Session, fields: &[Field]) -> Fault {
    let name = |field: &Field| field.key.clone();
    let plain: Vec<_> = fields.iter().filter(|field| !field.secret && !field.optional).map(name).collect();
    let secret: Vec<_> = fields.iter().filter(|field| field.secret && !field.optional).map(name).collect();
    let mut how = Vec::new();
    for field in fields.iter().filter(|field| !field.choices.is_empty()) {
        let known = field.choices.iter().take(20).map(|choice| format!("{} ({})", choice.value, choice.label));
        how.push(format!("choose {} out of {}", field.key, known.collect::<Vec<_>>().join(", ")));
    }
    if !plain.is_empty() {
        how.push(format!("give {} with --input FIELD=VALUE", plain.join(", ")));
    }
    if !secret.is_empty() {
        how.push(format!("give {} as JSON on standard input with --secretsFromStdin", secret.join(", ")));
    }
    Fault::new(ErrorCode::InvalidField, format!("{} needs values that nobody was asked for", session.app_name))
        .hint(format!("Run it in a terminal, or {}.", how.join(" and ")))
}

/// The page to sign in at.
fn link(session: &Session) -> Option<String> {
    match &session.state {
        SessionState::AwaitingUser { authorization_url, verification_uri_complete, verification_uri, .. } => {
            authorization_url.clone().or_else(|| verification_uri_complete.clone()).or_else(|| verification_uri.clone())
        }
        _ => None,
    }
}

async fn finish(client: &Client, ended: &Session, out: &Out) -> Result<(), Fault> {
    match &ended.state {
        SessionState::Done => {
            let id = ended.connection_id.as_ref().ok_or_else(|| internal(&"the attempt made no connection"))?;
            let view = told(client.connection(id.as_str()).await)?;
            if out.json {
                connection::show(out, &view);
                return Ok(());
            }
            let verb = match ended.kind {
                SessionKind::Connect => "Connected",
                SessionKind::Reconnect => "Reconnected",
            };
            let who = view.account.as_ref().map(|account| format!(" as {}", account.label)).unwrap_or_default();
            out.line(&format!("{} {verb} {}{who}.", paint(Tone::Good, "✓"), view.app_name));
            out.line(&format!("  {}", view.health.sentence));
            out.line(&paint(Tone::Quiet, &format!("  membrane connection token {}", view.id)));
            Ok(())
        }
        SessionState::Failed { error } => {
            let mut fault = error.clone().into_fault();
            if fault.code == ErrorCode::AccountMismatch {
                fault = fault.hint(
                    "Sign in with the connection's own account, or connect the other one with --allowMultipleConnections.",
                );
            }
            Err(fault)
        }
        SessionState::Cancelled => {
            Err(Fault::new(ErrorCode::SessionEnded, "the sign-in was called off").hint("Nothing was changed."))
        }
        SessionState::Expired => Err(Fault::new(ErrorCode::SessionExpired, "nobody finished the sign-in in time")),
        SessionState::AwaitingUser { .. } | SessionState::Exchanging | SessionState::Verifying => {
            Err(internal(&json!({ "state": "not ended" })))
        }
    }
}
