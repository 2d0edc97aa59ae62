//! Device codes (RFC 8628): one for the device, one for the person to type.

use std::time::Duration;

use jiff::Timestamp;

use super::{Rules, State, Tokens, later};
use crate::{
    client::{Client, Scope},
    people::Person,
    problem::Problem,
    secret::{Fresh, Hash},
};

/// How long a person has to type the code.
pub(crate) const DEVICE_LIFETIME: Duration = Duration::from_secs(600);
/// How often a device may ask, to begin with.
pub(crate) const DEVICE_INTERVAL: Duration = Duration::from_secs(5);

/// A device that waits for a person.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    client: Client,
    scopes: Vec<Scope>,
    /// The typed code, as a hash and without its dash.
    typed: Hash,
    expires_at: Timestamp,
    interval: Duration,
    asked_at: Option<Timestamp>,
    answer: Answer,
}

/// What the person said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Waiting,
    Allowed(Person),
    Denied,
}

/// The two codes.
pub(crate) struct DeviceCodes {
    pub(crate) device: Fresh,
    pub(crate) typed: Fresh,
}

impl Device {
    pub(super) fn forgotten(&self, now: Timestamp) -> bool {
        now >= later(self.expires_at, DEVICE_LIFETIME)
    }

    pub(crate) fn client(&self) -> Client {
        self.client
    }

    pub(crate) fn scopes(&self) -> &[Scope] {
        &self.scopes
    }
}

impl State {
    /// Starts a device flow.
    pub(crate) fn start_device(
        &mut self,
        client: Client,
        asked: Option<&str>,
        now: Timestamp,
    ) -> Result<DeviceCodes, Problem> {
        self.tidy(now);
        let codes = DeviceCodes { device: Fresh::new("sbx-device-")?, typed: Fresh::typed()? };
        let device = Device {
            client,
            scopes: Scope::read_list(asked)?,
            typed: typed_hash(codes.typed.reveal()),
            expires_at: later(now, DEVICE_LIFETIME),
            interval: DEVICE_INTERVAL,
            asked_at: None,
            answer: Answer::Waiting,
        };
        self.devices.insert(codes.device.hash(), device);
        Ok(codes)
    }

    /// Finds the device that waits for a typed code.
    pub(crate) fn waiting_device(&self, typed: &str, now: Timestamp) -> Option<&Device> {
        let typed = typed_hash(typed);
        let waits =
            |device: &&Device| device.typed == typed && now < device.expires_at && device.answer == Answer::Waiting;
        self.devices.values().find(waits)
    }

    /// Notes what the person said; `false` when no device waits for that code.
    pub(crate) fn answer_device(&mut self, typed: &str, answer: Answer, now: Timestamp) -> bool {
        let hash = typed_hash(typed);
        if self.waiting_device(typed, now).is_none() {
            return false;
        }
        let device = self.devices.values_mut().find(|device| device.typed == hash);
        device.is_some_and(|device| {
            device.answer = answer;
            true
        })
    }

    /// Answers a device that asks.
    pub(crate) fn poll_device(
        &mut self,
        code: &str,
        client: Client,
        now: Timestamp,
        rules: Rules,
    ) -> Result<Tokens, Problem> {
        let hash = Hash::of(code);
        let unknown = Problem::InvalidGrant("The device code is unknown or used.");
        let device = self.devices.get_mut(&hash).filter(|device| device.client == client).ok_or(unknown)?;
        if now >= device.expires_at {
            return Err(Problem::ExpiredToken);
        }
        let too_soon = device.asked_at.is_some_and(|asked| now < later(asked, device.interval));
        device.asked_at = Some(now);
        match device.answer {
            Answer::Waiting if too_soon => {
                device.interval += DEVICE_INTERVAL;
                Err(Problem::SlowDown)
            }
            Answer::Waiting => Err(Problem::AuthorizationPending),
            Answer::Denied => Err(Problem::AccessDenied),
            Answer::Allowed(person) => {
                let scopes = device.scopes.clone();
                self.devices.remove(&hash);
                let grant = self.grant(person, client, scopes.clone(), now);
                self.issue(&grant, scopes, now, rules)
            }
        }
    }
}

/// Takes a code as people type it: lower case, with or without the dash, with spaces.
fn typed_hash(typed: &str) -> Hash {
    let letters: String = typed.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    Hash::of(&letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules { access_token_lifetime: Duration::from_secs(600), reuse_grace: Duration::ZERO };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn started() -> (State, String, String) {
        let mut state = State::new(at(0));
        let codes = state.start_device(Client::Desktop, None, at(0)).unwrap();
        (state, codes.device.reveal().to_owned(), codes.typed.reveal().to_owned())
    }

    fn poll(state: &mut State, code: &str, now: i64) -> Result<Tokens, Problem> {
        state.poll_device(code, Client::Desktop, at(now), RULES)
    }

    #[test]
    fn r13_a_device_waits_slows_down_and_gets_its_tokens_once() {
        let (mut state, device, typed) = started();
        assert_eq!(poll(&mut state, &device, 5).err(), Some(Problem::AuthorizationPending));
        assert_eq!(poll(&mut state, &device, 6).err(), Some(Problem::SlowDown));
        assert_eq!(poll(&mut state, &device, 12).err(), Some(Problem::SlowDown), "the interval is 10 seconds now");
        assert_eq!(poll(&mut state, &device, 27).err(), Some(Problem::AuthorizationPending));
        assert!(state.answer_device(&typed.replace('-', " ").to_lowercase(), Answer::Allowed(Person::Ada), at(28)));
        assert!(poll(&mut state, &device, 29).is_ok());
        assert!(matches!(poll(&mut state, &device, 60), Err(Problem::InvalidGrant(_))));
    }

    #[test]
    fn r13_denied_and_expired_are_told_apart() {
        let (mut state, device, typed) = started();
        assert!(state.answer_device(&typed, Answer::Denied, at(1)));
        assert_eq!(poll(&mut state, &device, 2).err(), Some(Problem::AccessDenied));
        assert!(!state.answer_device(&typed, Answer::Allowed(Person::Ada), at(3)), "one answer is enough");

        let (mut state, device, typed) = started();
        assert_eq!(poll(&mut state, &device, 600).err(), Some(Problem::ExpiredToken));
        assert!(!state.answer_device(&typed, Answer::Allowed(Person::Ada), at(600)));
    }

    #[test]
    fn a_wrong_code_answers_nobody() {
        let (mut state, _, _) = started();
        assert!(!state.answer_device("BBBB-BBBB", Answer::Allowed(Person::Ada), at(1)));
        assert!(!state.answer_device("", Answer::Allowed(Person::Ada), at(1)));
    }
}
