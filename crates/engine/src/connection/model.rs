//! Both state machines against models of them: whatever happens in whatever order, what people and clients are told fits.

use membrane_model::{
    ConnectionState, DisconnectReason, ErrorCode, EventKind, Fault, SessionId, SessionState, Timestamp,
};
use proptest::prelude::*;

use crate::connection::transition::{ConnectionEvent, Effect, transition};
use crate::session::transition::{SessionEvent, transition as session_transition};

/// What an outsider who hears all events and sees all notifications knows of a connection.
#[derive(Debug, Default)]
struct Outsider {
    heard: Vec<EventKind>,
    notified: bool,
    has_credential: bool,
    archived: bool,
    /// Whoever brings a connection back knows that it needs them, and isn't told.
    brought_back: bool,
}

/// The same machine, written down a second time as what an outsider may expect of each event.
fn expected(state: &ConnectionState, event: &ConnectionEvent) -> Option<&'static str> {
    let kind = match state {
        ConnectionState::Connecting { .. } => "connecting",
        ConnectionState::Connected => "connected",
        ConnectionState::Disconnected { .. } => "disconnected",
        ConnectionState::Paused { .. } => "paused",
    };
    match (kind, event) {
        (_, ConnectionEvent::SignedIn) => Some("connected"),
        ("connected" | "paused", ConnectionEvent::Lost(_)) => Some("disconnected"),
        ("connected" | "paused", ConnectionEvent::Pause { .. }) => Some("paused"),
        ("paused", ConnectionEvent::Resume) => Some("connected"),
        ("connecting", ConnectionEvent::AttemptStarted(_)) => Some("connecting"),
        (_, ConnectionEvent::Archive) | ("connecting", ConnectionEvent::Restore) => Some(kind),
        (_, ConnectionEvent::Restore) => Some("disconnected"),
        _ => None,
    }
}

fn name(state: &ConnectionState) -> &'static str {
    match state {
        ConnectionState::Connecting { .. } => "connecting",
        ConnectionState::Connected => "connected",
        ConnectionState::Disconnected { .. } => "disconnected",
        ConnectionState::Paused { .. } => "paused",
    }
}

fn connection_event() -> impl Strategy<Value = ConnectionEvent> {
    let reason = proptest::sample::select(DisconnectReason::ALL.to_vec());
    prop_oneof![
        3 => Just(ConnectionEvent::SignedIn),
        3 => reason.prop_map(ConnectionEvent::Lost),
        2 => proptest::option::of(0i64..1000).prop_map(|second| ConnectionEvent::Pause {
            until: second.map(|second| Timestamp::from_second(second).unwrap()),
        }),
        2 => Just(ConnectionEvent::Resume),
        1 => Just(ConnectionEvent::AttemptStarted(SessionId::generate())),
        1 => Just(ConnectionEvent::Archive),
        1 => Just(ConnectionEvent::Restore),
    ]
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

fn session_event() -> impl Strategy<Value = SessionEvent> {
    let error = Fault::new(ErrorCode::Internal, "x").to_wire();
    proptest::sample::select(vec![
        SessionEvent::Continue(waiting()),
        SessionEvent::Answered,
        SessionEvent::Credential,
        SessionEvent::FormProblem(waiting()),
        SessionEvent::Choose(waiting()),
        SessionEvent::Accepted,
        SessionEvent::Failed(error),
        SessionEvent::Cancel,
        SessionEvent::TimeOut,
        SessionEvent::Keep,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn r39_whatever_happens_what_is_told_fits_the_state(events in proptest::collection::vec(connection_event(), 0..40)) {
        let mut state = ConnectionState::Connecting { session: SessionId::generate() };
        let mut outsider = Outsider::default();
        for (second, event) in events.iter().enumerate() {
            // What is archived can only be brought back, and only that.
            if outsider.archived != (*event == ConnectionEvent::Restore) {
                continue;
            }
            let now = Timestamp::from_second(i64::try_from(second).unwrap()).unwrap();
            let step = transition(&state, event, now);
            prop_assert_eq!(step.as_ref().map(|step| name(&step.next)), expected(&state, event), "{:?} {:?}", state, event);
            let Some(step) = step else { continue };
            if let (ConnectionEvent::Lost(reason), ConnectionState::Disconnected { reason: noted, since }) = (event, &step.next) {
                prop_assert_eq!((reason, now), (noted, *since));
            }
            if let (ConnectionEvent::Pause { until }, ConnectionState::Paused { until: noted }) = (event, &step.next) {
                prop_assert_eq!(until, noted);
            }
            for effect in &step.effects {
                match effect {
                    Effect::Emit(kind) => outsider.heard.push(*kind),
                    Effect::Notify => {
                        prop_assert!(!outsider.notified, "told twice");
                        outsider.notified = true;
                    }
                    Effect::ClearNotification => outsider.notified = false,
                    Effect::DestroyCredential => outsider.has_credential = false,
                }
            }
            outsider.has_credential |= *event == ConnectionEvent::SignedIn;
            outsider.archived = *event == ConnectionEvent::Archive;
            outsider.brought_back = match event {
                ConnectionEvent::Restore => true,
                ConnectionEvent::SignedIn | ConnectionEvent::Archive => false,
                _ => outsider.brought_back,
            };
            state = step.next;
            let disconnected = matches!(state, ConnectionState::Disconnected { .. });
            prop_assert_eq!(outsider.notified, disconnected && !outsider.archived && !outsider.brought_back);
            prop_assert!(!outsider.archived || !outsider.has_credential);
        }
        let heard = &outsider.heard;
        // Created comes first and once; after a deletion somebody signs in again, or it is deleted again; no two
        // disconnects without a sign-in between.
        prop_assert!(heard.first().is_none_or(|first| *first == EventKind::Created));
        prop_assert!(heard.iter().filter(|kind| **kind == EventKind::Created).count() <= 1);
        for pair in heard.windows(2) {
            prop_assert!(pair != [EventKind::Disconnected, EventKind::Disconnected]);
            if pair[0] == EventKind::Deleted {
                prop_assert!(matches!(pair[1], EventKind::Reconnected | EventKind::Deleted), "{:?}", heard);
            }
        }
    }

    #[test]
    fn an_attempt_ends_once_and_succeeds_only_by_a_credential_that_was_checked(events in proptest::collection::vec(session_event(), 0..40)) {
        let mut state = waiting();
        let mut checked = false;
        for event in &events {
            let Some(next) = session_transition(&state, event) else { continue };
            prop_assert!(!matches!(state, SessionState::Done | SessionState::Cancelled | SessionState::Expired), "{:?} was an end", state);
            if matches!(state, SessionState::Failed { .. }) {
                prop_assert!(matches!((event, &next), (SessionEvent::Keep, SessionState::Done)));
            } else if matches!(next, SessionState::Done) {
                prop_assert!(checked && matches!(event, SessionEvent::Accepted));
            }
            if matches!(next, SessionState::Expired) {
                prop_assert!(matches!(state, SessionState::AwaitingUser { .. }), "an exchange was cut short");
            }
            checked = matches!(next, SessionState::Verifying);
            state = next;
        }
    }
}

/// The other machine, written down a second time: a row for each state, a column for each event.
#[test]
fn an_attempt_takes_exactly_these_steps() {
    let failure = Fault::new(ErrorCode::ProviderError, "no").to_wire();
    let problem = SessionState::AwaitingUser {
        authorization_url: None,
        redirect_uri: None,
        user_code: Some("CODE".into()),
        verification_uri: None,
        verification_uri_complete: None,
        fields: Vec::new(),
        problem: None,
    };
    let events = [
        SessionEvent::Continue(problem.clone()),
        SessionEvent::Answered,
        SessionEvent::Credential,
        SessionEvent::FormProblem(problem.clone()),
        SessionEvent::Choose(problem.clone()),
        SessionEvent::Accepted,
        SessionEvent::Failed(failure.clone()),
        SessionEvent::Cancel,
        SessionEvent::TimeOut,
        SessionEvent::Keep,
    ];
    let failed = SessionState::Failed { error: failure };
    let old = SessionState::Failed { error: Fault::new(ErrorCode::Internal, "x").to_wire() };
    for (state, steps) in [
        (waiting(), "w x v . . . f c e ."),
        (SessionState::Exchanging, ". . v w . . f c . ."),
        (SessionState::Verifying, ". . . w w d f c . ."),
        (old, ". . . . . . . . . d"),
        (SessionState::Done, ". . . . . . . . . ."),
        (SessionState::Cancelled, ". . . . . . . . . ."),
        (SessionState::Expired, ". . . . . . . . . ."),
    ] {
        for (event, step) in events.iter().zip(steps.split(' ')) {
            let next = match step {
                "w" => Some(problem.clone()),
                "x" => Some(SessionState::Exchanging),
                "v" => Some(SessionState::Verifying),
                "d" => Some(SessionState::Done),
                "f" => Some(failed.clone()),
                "c" => Some(SessionState::Cancelled),
                "e" => Some(SessionState::Expired),
                _ => None,
            };
            assert_eq!(session_transition(&state, event), next, "{state:?} {event:?}");
        }
    }
}
