//! The state machine of a connect session, as one pure function.

use membrane_model::{SessionState, WireError};

/// What happens to an attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum SessionEvent {
    /// The form was filled in and leads on to the browser or to a code.
    Continue(SessionState),
    /// The browser came back with a code, or a form was submitted whose values buy a token.
    Answered,
    /// There is a credential, to be checked.
    Credential,
    /// The check failed in a way that the person can mend in the form.
    FormProblem(SessionState),
    /// Signed in, and the person chooses between several tenants.
    Choose(SessionState),
    /// The credential works.
    Accepted,
    /// It will not succeed.
    Failed(WireError),
    /// The person called it off.
    Cancel,
    /// Its time is over.
    TimeOut,
    /// After another account signed in: the person keeps it as a connection of its own.
    Keep,
}

/// Returns the next state, or `None` where the event changes nothing.
#[must_use]
pub fn transition(state: &SessionState, event: &SessionEvent) -> Option<SessionState> {
    use SessionEvent as E;
    use SessionState as S;
    match (state, event) {
        (S::AwaitingUser { .. }, E::Continue(next)) => Some(next.clone()),
        (S::AwaitingUser { .. }, E::Answered) => Some(S::Exchanging),
        (S::AwaitingUser { .. } | S::Exchanging, E::Credential) => Some(S::Verifying),
        (S::Exchanging | S::Verifying, E::FormProblem(next)) => Some(next.clone()),
        (S::Verifying, E::Choose(next)) => Some(next.clone()),
        (S::Verifying, E::Accepted) => Some(S::Done),
        (S::AwaitingUser { .. } | S::Exchanging | S::Verifying, E::Failed(error)) => {
            Some(S::Failed { error: error.clone() })
        }
        (S::AwaitingUser { .. } | S::Exchanging | S::Verifying, E::Cancel) => Some(S::Cancelled),
        // An exchange that is under way is not cut short by the clock: it ends by itself.
        (S::AwaitingUser { .. }, E::TimeOut) => Some(S::Expired),
        (S::Failed { .. }, E::Keep) => Some(S::Done),
        (S::AwaitingUser { .. }, E::FormProblem(_) | E::Choose(_) | E::Accepted | E::Keep)
        | (S::Exchanging, E::Continue(_) | E::Choose(_) | E::Answered | E::Accepted | E::TimeOut | E::Keep)
        | (S::Verifying, E::Continue(_) | E::Answered | E::Credential | E::TimeOut | E::Keep)
        | (
            S::Failed { .. },
            E::Continue(_)
            | E::Answered
            | E::Credential
            | E::FormProblem(_)
            | E::Choose(_)
            | E::Accepted
            | E::Failed(_)
            | E::Cancel
            | E::TimeOut,
        )
        | (S::Done | S::Cancelled | S::Expired, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use membrane_model::{ErrorCode, Fault};

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

    fn error() -> WireError {
        Fault::new(ErrorCode::ProviderError, "no").to_wire()
    }

    #[test]
    fn the_straight_way_leads_to_done() {
        let mut state = waiting();
        for event in [SessionEvent::Answered, SessionEvent::Credential, SessionEvent::Accepted] {
            state = transition(&state, &event).unwrap();
        }
        assert_eq!(state, SessionState::Done);
    }

    #[test]
    fn final_states_stay() {
        for state in [SessionState::Done, SessionState::Cancelled, SessionState::Expired] {
            for event in [
                SessionEvent::Answered,
                SessionEvent::Cancel,
                SessionEvent::TimeOut,
                SessionEvent::Failed(error()),
                SessionEvent::Keep,
            ] {
                assert_eq!(transition(&state, &event), None, "{state:?} {event:?}");
            }
        }
    }

    #[test]
    fn only_waiting_attempts_time_out() {
        assert_eq!(transition(&waiting(), &SessionEvent::TimeOut), Some(SessionState::Expired));
        assert_eq!(transition(&SessionState::Exchanging, &SessionEvent::TimeOut), None);
        assert_eq!(transition(&SessionState::Verifying, &SessionEvent::TimeOut), None);
    }

    #[test]
    fn a_rejected_key_goes_back_to_the_form() {
        let next = transition(&SessionState::Verifying, &SessionEvent::FormProblem(waiting()));
        assert_eq!(next, Some(waiting()));
    }
}
