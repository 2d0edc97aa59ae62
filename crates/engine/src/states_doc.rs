//! Writes docs/states.md from the two state machines, so that the page can't tell anything else than they do.
//! `UPDATE_DOCS=1 cargo test -p membrane-engine` writes it anew.

use membrane_model::{ConnectionState, DisconnectReason, ErrorCode, Fault, SessionId, SessionState, Timestamp};

use crate::connection::transition::{ConnectionEvent, Effect, transition};
use crate::session::transition::{SessionEvent, transition as session_transition};

fn connection_states() -> [(&'static str, ConnectionState); 4] {
    [
        ("Connecting", ConnectionState::Connecting { session: SessionId::generate() }),
        ("Connected", ConnectionState::Connected),
        (
            "Disconnected",
            ConnectionState::Disconnected { reason: DisconnectReason::Revoked, since: Timestamp::UNIX_EPOCH },
        ),
        ("Paused", ConnectionState::Paused { until: None }),
    ]
}

fn connection_name(state: &ConnectionState) -> &'static str {
    match state {
        ConnectionState::Connecting { .. } => "Connecting",
        ConnectionState::Connected => "Connected",
        ConnectionState::Disconnected { .. } => "Disconnected",
        ConnectionState::Paused { .. } => "Paused",
    }
}

fn connection_events() -> [(&'static str, ConnectionEvent); 7] {
    [
        ("somebody signed in", ConnectionEvent::SignedIn),
        ("access is lost for good", ConnectionEvent::Lost(DisconnectReason::Revoked)),
        ("pause", ConnectionEvent::Pause { until: None }),
        ("resume, or the pause ends", ConnectionEvent::Resume),
        ("archive", ConnectionEvent::Archive),
        ("restore from the archive", ConnectionEvent::Restore),
        ("a client starts a new attempt", ConnectionEvent::AttemptStarted(SessionId::generate())),
    ]
}

fn effect_name(effect: Effect) -> String {
    match effect {
        Effect::Emit(kind) => format!("writes `{}`", kind.name()),
        Effect::Notify => "tells the person".to_owned(),
        Effect::ClearNotification => "withdraws the notification".to_owned(),
        Effect::DestroyCredential => "destroys the credential, revokes it at the app".to_owned(),
    }
}

fn waiting() -> SessionState {
    SessionState::AwaitingUser {
        authorization_url: None,
        redirect_uri: None,
        user_code: None,
        verification_uri: None,
        verification_uri_complete: None,
        fields: Vec::new(),
        problem: None,
    }
}

fn failed() -> SessionState {
    SessionState::Failed { error: Fault::new(ErrorCode::Internal, "x").to_wire() }
}

fn session_states() -> [SessionState; 7] {
    [
        waiting(),
        SessionState::Exchanging,
        SessionState::Verifying,
        SessionState::Done,
        failed(),
        SessionState::Cancelled,
        SessionState::Expired,
    ]
}

fn session_name(state: &SessionState) -> &'static str {
    match state {
        SessionState::AwaitingUser { .. } => "awaiting-user",
        SessionState::Exchanging => "exchanging",
        SessionState::Verifying => "verifying",
        SessionState::Done => "done",
        SessionState::Failed { .. } => "failed",
        SessionState::Cancelled => "cancelled",
        SessionState::Expired => "expired",
    }
}

fn session_events() -> [(&'static str, SessionEvent); 10] {
    [
        ("the form leads on to the browser or a code", SessionEvent::Continue(waiting())),
        ("the browser came back, or values that buy a token", SessionEvent::Answered),
        ("there is a credential to check", SessionEvent::Credential),
        ("the person can mend it in the form", SessionEvent::FormProblem(waiting())),
        ("the person chooses a tenant", SessionEvent::Choose(waiting())),
        ("the credential works", SessionEvent::Accepted),
        ("it will not succeed", SessionEvent::Failed(Fault::new(ErrorCode::Internal, "x").to_wire())),
        ("the person calls it off", SessionEvent::Cancel),
        ("its time is over", SessionEvent::TimeOut),
        ("another account is kept as a new connection", SessionEvent::Keep),
    ]
}

fn page() -> String {
    let mut page = String::from(
        "# States\n\nGenerated from the two state machines; a test keeps it fresh.\n\n## A connection\n\n\
         What a person sees of it, \"Retrying\" for one, is its health: computed, never stored.\n\n\
         | In | When | Then | And |\n|---|---|---|---|\n",
    );
    for (name, state) in connection_states() {
        for (what, event) in connection_events() {
            let Some(step) = transition(&state, &event, Timestamp::UNIX_EPOCH) else { continue };
            let effects: Vec<_> = step.effects.into_iter().map(effect_name).collect();
            let next = if event == ConnectionEvent::Archive { "archived" } else { connection_name(&step.next) };
            page.push_str(&format!("| {name} | {what} | {next} | {} |\n", effects.join("; ")));
        }
    }
    page.push_str("\nEverything that is not in the table changes nothing.\n\n## A connect session\n\n| In | When | Then |\n|---|---|---|\n");
    for state in session_states() {
        for (what, event) in session_events() {
            if let Some(next) = session_transition(&state, &event) {
                page.push_str(&format!("| {} | {what} | {} |\n", session_name(&state), session_name(&next)));
            }
        }
    }
    page.push_str(
        "\nDone, cancelled and expired are ends. A failed attempt only goes on where another account signed in.\n",
    );
    page
}

/// Draws a connection's states for the page about the life of a token.
fn diagram() -> String {
    let mut text = String::from("```mermaid\nstateDiagram-v2\n    [*] --> Connecting\n");
    for (name, state) in connection_states() {
        for (what, event) in connection_events() {
            let Some(step) = transition(&state, &event, Timestamp::UNIX_EPOCH) else { continue };
            let next = if event == ConnectionEvent::Archive { "[*]" } else { connection_name(&step.next) };
            if next != name {
                text.push_str(&format!("    {name} --> {next}: {what}\n"));
            }
        }
    }
    text.push_str("```\n");
    text
}

/// Draws the states of an attempt for the same page.
fn session_diagram() -> String {
    let drawn = |state: &SessionState| -> String {
        session_name(state).split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
    };
    let mut text = String::from("```mermaid\nstateDiagram-v2\n    [*] --> AwaitingUser\n");
    for state in session_states() {
        let steps = session_events().map(|(what, event)| (what, session_transition(&state, &event)));
        let mut ends = true;
        for (what, next) in steps {
            let Some(next) = next else { continue };
            ends = false;
            text.push_str(&format!("    {} --> {}: {what}\n", drawn(&state), drawn(&next)));
        }
        // A failed attempt goes on in one case only, and mostly ends here.
        if ends || matches!(state, SessionState::Failed { .. }) {
            text.push_str(&format!("    {} --> [*]\n", drawn(&state)));
        }
    }
    text.push_str("```\n");
    text
}

#[test]
fn the_diagrams_in_the_life_of_a_token_are_fresh() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/token-lifecycle.md");
    let mut page = std::fs::read_to_string(file).unwrap_or_default();
    for (name, diagram) in [("states", diagram()), ("states of an attempt", session_diagram())] {
        let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->\n"));
        let (before, rest) = page.split_once(&start).unwrap();
        let (found, after) = rest.split_once(&end).unwrap();
        if std::env::var_os("UPDATE_DOCS").is_some() {
            page = format!("{before}{start}{diagram}{end}{after}");
            std::fs::write(file, &page).unwrap();
        } else {
            assert_eq!(found, diagram, "run UPDATE_DOCS=1 cargo test -p membrane-engine");
        }
    }
}

#[test]
fn the_page_of_states_is_fresh() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/states.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(file, page()).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(file).unwrap_or_default(),
        page(),
        "run UPDATE_DOCS=1 cargo test -p membrane-engine"
    );
}
