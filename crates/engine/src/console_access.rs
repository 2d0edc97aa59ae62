//! The console in a browser: a one-time code leads in, a token of the page's own keeps it in. Both live in memory only.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use membrane_model::{ErrorCode, Fault, Timestamp};
use sha2::{Digest, Sha256};

use crate::{Caller, Engine};

/// Tokens of a page start with this.
const PREFIX: &str = "con-";
/// How long a code waits for its page.
const CODE_LIFE: Duration = Duration::from_secs(5 * 60);
/// How long a page stays in after its last request.
const IDLE: Duration = Duration::from_secs(12 * 60 * 60);
/// How many codes and pages are kept; the oldest goes first.
const KEPT: usize = 16;

/// What is let in: hashes, and when each was made or last used.
#[derive(Default)]
pub(crate) struct ConsoleAccess(Mutex<Held>);

#[derive(Default)]
struct Held {
    codes: Vec<([u8; 32], Timestamp)>,
    pages: Vec<([u8; 32], Timestamp)>,
}

impl Held {
    fn forget_old(&mut self, now: Timestamp) {
        self.codes.retain(|(_, made)| age(*made, now) < CODE_LIFE);
        self.pages.retain(|(_, used)| age(*used, now) < IDLE);
        for list in [&mut self.codes, &mut self.pages] {
            let surplus = list.len().saturating_sub(KEPT);
            list.drain(..surplus);
        }
    }
}

impl ConsoleAccess {
    fn admit(&self, token: &str, now: Timestamp) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.codes.push((hash(token), now));
        held.forget_old(now);
    }

    /// Takes a code once, and notes the page's token in its place.
    fn trade(&self, code: &str, token: &str, now: Timestamp) -> bool {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.forget_old(now);
        let digest = hash(code);
        let Some(at) = held.codes.iter().position(|(known, _)| *known == digest) else { return false };
        held.codes.remove(at);
        held.pages.push((hash(token), now));
        held.forget_old(now);
        true
    }

    fn knows(&self, token: &str, now: Timestamp) -> bool {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.forget_old(now);
        let digest = hash(token);
        match held.pages.iter_mut().find(|(known, _)| *known == digest) {
            Some((_, used)) => {
                *used = now;
                true
            }
            None => false,
        }
    }
}

impl Engine {
    /// Makes a code that opens the console in a browser once, within five minutes.
    ///
    /// # Errors
    /// Fails when the system gives no randomness.
    pub fn console_code(&self) -> Result<String, Fault> {
        let code = secret()?;
        self.inner().console.admit(&code, Timestamp::now());
        Ok(code)
    }

    /// Trades a code for a token that the page shows with its requests.
    ///
    /// # Errors
    /// `NotAuthenticated` for a code that is not known, was used, or is too old.
    pub fn open_console(&self, code: &str) -> Result<String, Fault> {
        let token = format!("{PREFIX}{}", secret()?);
        if self.inner().console.trade(code, &token, Timestamp::now()) {
            return Ok(token);
        }
        Err(Fault::new(ErrorCode::NotAuthenticated, "this link to the console was used already or is too old")
            .hint("Run `membrane console` for a new one."))
    }

    /// Tells whether a token is one of a page of the console.
    pub(crate) fn console_caller(&self, token: &str) -> Option<Caller> {
        (token.starts_with(PREFIX) && self.inner().console.knows(token, Timestamp::now())).then_some(Caller::Console)
    }
}

fn secret() -> Result<String, Fault> {
    let mut random = [0_u8; 32];
    crate::session::random(&mut random)?;
    Ok(URL_SAFE_NO_PAD.encode(random))
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

fn age(since: Timestamp, now: Timestamp) -> Duration {
    now.duration_since(since).unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn r61_a_code_opens_one_page_once() {
        let access = ConsoleAccess::default();
        access.admit("code", at(0));
        assert!(!access.knows("page", at(1)));
        assert!(access.trade("code", "page", at(1)));
        assert!(access.knows("page", at(2)));
        assert!(!access.trade("code", "another", at(2)), "a code is good once");
        assert!(!access.knows("another", at(2)));
    }

    #[test]
    fn r61_codes_and_pages_run_out() {
        let access = ConsoleAccess::default();
        access.admit("late", at(0));
        assert!(!access.trade("late", "page", at(301)));
        access.admit("soon", at(0));
        assert!(access.trade("soon", "page", at(299)));
        assert!(access.knows("page", at(299 + 11 * 3600)), "each use keeps it for longer");
        assert!(access.knows("page", at(299 + 22 * 3600)));
        assert!(!access.knows("page", at(299 + 35 * 3600)));
    }

    #[test]
    fn the_oldest_pages_make_room() {
        let access = ConsoleAccess::default();
        for number in 0..=KEPT {
            access.admit(&format!("code{number}"), at(0));
            assert!(access.trade(&format!("code{number}"), &format!("page{number}"), at(0)));
        }
        assert!(!access.knows("page0", at(1)) && access.knows(&format!("page{KEPT}"), at(1)));
    }
}
