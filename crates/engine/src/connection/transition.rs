//! The state machine of a connection, as one pure function.

use membrane_model::{ConnectionState, DisconnectReason, EventKind, SessionId, Timestamp};

/// What happens to a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectionEvent {
    /// A connect session succeeded.
    SignedIn,
    /// A refresh ended with a confirmed permanent failure, or a credential ran out with nothing to renew it.
    Lost(DisconnectReason),
    /// The person told it to rest.
    Pause {
        /// Until when; `None` = until resumed.
        until: Option<Timestamp>,
    },
    /// The person or the clock woke it.
    Resume,
    /// The person archived it.
    Archive,
    /// It is brought back from the archive, where its credential was destroyed.
    Restore,
    /// A wire client started a new attempt on a connection that has never been connected.
    AttemptStarted(SessionId),
}

/// What the driver does after it has written the next state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Writes this event, in the same transaction as the state.
    Emit(EventKind),
    /// Tells the person, once.
    Notify,
    /// Withdraws what was told.
    ClearNotification,
    /// Destroys the credential, in the same transaction as the state, and revokes it at the provider.
    DestroyCredential,
}

/// A step of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The state after it.
    pub next: ConnectionState,
    /// What follows from it.
    pub effects: Vec<Effect>,
}

/// Returns the step that an event causes, or `None` where it changes nothing.
#[must_use]
pub fn transition(state: &ConnectionState, event: &ConnectionEvent, now: Timestamp) -> Option<Step> {
    use ConnectionEvent as E;
    use ConnectionState as S;
    let step = |next, effects: &[Effect]| Some(Step { next, effects: effects.to_vec() });
    match (state, event) {
        (S::Connecting { .. }, E::SignedIn) => step(S::Connected, &[Effect::Emit(EventKind::Created)]),
        (S::Connected | S::Paused { .. }, E::SignedIn) => step(S::Connected, &[Effect::Emit(EventKind::Reconnected)]),
        (S::Disconnected { .. }, E::SignedIn) => {
            step(S::Connected, &[Effect::Emit(EventKind::Reconnected), Effect::ClearNotification])
        }

        (S::Connected | S::Paused { .. }, E::Lost(reason)) => step(
            S::Disconnected { reason: *reason, since: now },
            &[Effect::Emit(EventKind::Disconnected), Effect::Notify],
        ),
        (S::Disconnected { .. } | S::Connecting { .. }, E::Lost(_)) => None,

        (S::Connected | S::Paused { .. }, E::Pause { until }) => step(S::Paused { until: *until }, &[]),
        (S::Connecting { .. } | S::Disconnected { .. }, E::Pause { .. }) => None,

        (S::Paused { .. }, E::Resume) => step(S::Connected, &[]),
        (S::Connecting { .. } | S::Connected | S::Disconnected { .. }, E::Resume) => None,

        (S::Connecting { .. }, E::Archive) => step(state.clone(), &[Effect::DestroyCredential]),
        (S::Connected | S::Disconnected { .. } | S::Paused { .. }, E::Archive) => step(
            state.clone(),
            &[Effect::Emit(EventKind::Deleted), Effect::DestroyCredential, Effect::ClearNotification],
        ),

        // What was never connected has lost nothing: its first sign-in is still to come.
        (S::Connecting { .. }, E::Restore) => step(state.clone(), &[]),
        (S::Connected | S::Disconnected { .. } | S::Paused { .. }, E::Restore) => {
            step(S::Disconnected { reason: DisconnectReason::SecretLost, since: now }, &[])
        }

        (S::Connecting { .. }, E::AttemptStarted(session)) => step(S::Connecting { session: session.clone() }, &[]),
        (S::Connected | S::Disconnected { .. } | S::Paused { .. }, E::AttemptStarted(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states() -> Vec<ConnectionState> {
        vec![
            ConnectionState::Connecting { session: SessionId::generate() },
            ConnectionState::Connected,
            ConnectionState::Disconnected { reason: DisconnectReason::Revoked, since: Timestamp::UNIX_EPOCH },
            ConnectionState::Paused { until: None },
        ]
    }

    #[test]
    fn r39_a_disconnect_is_told_once() {
        let now = Timestamp::UNIX_EPOCH;
        let first =
            transition(&ConnectionState::Connected, &ConnectionEvent::Lost(DisconnectReason::Revoked), now).unwrap();
        assert_eq!(first.effects, [Effect::Emit(EventKind::Disconnected), Effect::Notify]);
        assert_eq!(transition(&first.next, &ConnectionEvent::Lost(DisconnectReason::Expired), now), None);
        let back = transition(&first.next, &ConnectionEvent::SignedIn, now).unwrap();
        assert_eq!(back.next, ConnectionState::Connected);
        assert_eq!(back.effects, [Effect::Emit(EventKind::Reconnected), Effect::ClearNotification]);
    }

    #[test]
    fn signing_in_connects_from_every_state() {
        for state in states() {
            let step = transition(&state, &ConnectionEvent::SignedIn, Timestamp::UNIX_EPOCH).unwrap();
            assert_eq!(step.next, ConnectionState::Connected, "{state:?}");
        }
    }

    #[test]
    fn a_first_connect_is_created_and_never_deleted_before_it() {
        let connecting = &states()[0];
        let now = Timestamp::UNIX_EPOCH;
        let step = transition(connecting, &ConnectionEvent::SignedIn, now).unwrap();
        assert_eq!(step.effects, [Effect::Emit(EventKind::Created)]);
        let gone = transition(connecting, &ConnectionEvent::Archive, now).unwrap();
        assert_eq!(gone.effects, [Effect::DestroyCredential]);
    }

    #[test]
    fn archiving_always_destroys_the_credential() {
        for state in states() {
            let step = transition(&state, &ConnectionEvent::Archive, Timestamp::UNIX_EPOCH).unwrap();
            assert!(step.effects.contains(&Effect::DestroyCredential), "{state:?}");
        }
    }

    #[test]
    fn a_pause_keeps_what_needs_the_person() {
        let now = Timestamp::UNIX_EPOCH;
        let pause = ConnectionEvent::Pause { until: None };
        assert_eq!(transition(&states()[2], &pause, now), None);
        let paused = transition(&ConnectionState::Connected, &pause, now).unwrap().next;
        assert_eq!(transition(&paused, &ConnectionEvent::Resume, now).unwrap().next, ConnectionState::Connected);
        assert_eq!(transition(&ConnectionState::Connected, &ConnectionEvent::Resume, now), None);
    }
}
