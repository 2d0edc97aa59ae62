//! Tickets: a page hands one out with its form, and the form works once with it. No other site can read one, so none can
//! post the form in a person's name.

use std::time::Duration;

use jiff::Timestamp;

use super::{Request, State, later};
use crate::{
    problem::Problem,
    secret::{Fresh, Hash},
};

/// How long a page may stay open before its form is sent.
const LIFETIME: Duration = Duration::from_secs(600);
/// Pages that were opened and left alone don't fill the memory.
const MOST_TICKETS: usize = 500;

/// What a form was handed out for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ask {
    /// May the client have access? With the `state` that goes back with the answer.
    Authorize { request: Request, state: Option<String> },
    /// May the device with this typed code have access?
    Device { typed: String },
    /// The keys page.
    Keys,
}

#[derive(Debug, Clone)]
pub(super) struct Ticket {
    ask: Ask,
    expires_at: Timestamp,
}

impl Ticket {
    pub(super) fn forgotten(&self, now: Timestamp) -> bool {
        now >= self.expires_at
    }
}

impl State {
    /// Makes a ticket for a form.
    pub(crate) fn ticket(&mut self, ask: Ask, now: Timestamp) -> Result<Fresh, Problem> {
        self.tidy(now);
        while self.tickets.len() >= MOST_TICKETS {
            let oldest = self.tickets.iter().min_by_key(|(_, ticket)| ticket.expires_at).map(|(hash, _)| hash.clone());
            oldest.and_then(|hash| self.tickets.remove(&hash));
        }
        let fresh = Fresh::new("")?;
        self.tickets.insert(fresh.hash(), Ticket { ask, expires_at: later(now, LIFETIME) });
        Ok(fresh)
    }

    /// Takes a ticket back; it is good once.
    pub(crate) fn take_ticket(&mut self, ticket: &str, now: Timestamp) -> Option<Ask> {
        let ticket = self.tickets.remove(&Hash::of(ticket))?;
        (!ticket.forgotten(now)).then_some(ticket.ask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_ticket_is_good_once_and_for_ten_minutes() {
        let mut state = State::new(at(0));
        let ticket = state.ticket(Ask::Keys, at(0)).unwrap();
        assert_eq!(state.take_ticket(ticket.reveal(), at(599)), Some(Ask::Keys));
        assert_eq!(state.take_ticket(ticket.reveal(), at(599)), None);
        let late = state.ticket(Ask::Keys, at(0)).unwrap();
        assert_eq!(state.take_ticket(late.reveal(), at(600)), None);
        assert_eq!(state.take_ticket("", at(0)), None);
    }

    #[test]
    fn pages_left_alone_do_not_pile_up() {
        let mut state = State::new(at(0));
        let first = state.ticket(Ask::Keys, at(0)).unwrap();
        for _ in 0..MOST_TICKETS {
            state.ticket(Ask::Keys, at(1)).unwrap();
        }
        assert_eq!(state.tickets.len(), MOST_TICKETS);
        assert_eq!(state.take_ticket(first.reveal(), at(2)), None);
    }
}
