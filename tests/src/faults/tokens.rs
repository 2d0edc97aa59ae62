//! The tokens of the misbehaving provider: families that rotate, and what it does when a spent one comes back.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::Fault;

/// What happens to a refresh token that was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// It stays good.
    None,
    /// It is spent, and its return ends the family.
    Strict,
    /// It is spent after a while.
    Grace(Duration),
    /// It is spent when the new one is used first.
    UntilUse,
}

/// How a provider works.
#[derive(Debug, Clone)]
pub struct Rules {
    /// What happens to a refresh token that was used.
    pub rotation: Rotation,
    /// How long access tokens last.
    pub access_ttl: Duration,
    /// How long a request takes.
    pub latency: Duration,
    /// How many requests it works on at once; `None` = all.
    pub places: Option<usize>,
    /// Its clock's error, in seconds; `None` = it says nothing of the time.
    pub clock_error: Option<i64>,
    /// Refresh tokens like `seed-17` are good once, without a sign-in.
    pub seeds: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            rotation: Rotation::Strict,
            access_ttl: Duration::from_secs(3600),
            latency: Duration::ZERO,
            places: None,
            clock_error: None,
            seeds: false,
        }
    }
}

/// One line of the provider's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Instant,
    /// `refresh`, `code`, `revoke` or `api`.
    pub route: &'static str,
    /// The refresh token that came, where one did.
    pub token: String,
    /// `ok`, `reuse`, `invalid_grant`, `grace`, or the fault.
    pub outcome: String,
}

#[derive(Debug)]
struct Family {
    current: String,
    /// Those before it, the oldest first, and when each was replaced.
    spent: Vec<(String, Instant)>,
    current_used: bool,
    revoked: bool,
}

/// Everything that the provider knows.
#[derive(Debug)]
pub(super) struct Tokens {
    pub(super) rules: Rules,
    pub(super) faults: VecDeque<Fault>,
    pub(super) always: Option<Fault>,
    pub(super) api_answer: Option<(u16, &'static str, &'static str)>,
    pub(super) revocation_answer: Option<u16>,
    pub(super) log: Vec<Entry>,
    families: Vec<Family>,
    by_refresh: HashMap<String, usize>,
    access: HashMap<String, (usize, Instant)>,
    codes: HashMap<String, ()>,
    issued: u64,
}

/// A pair that was issued.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub(super) access: String,
    pub(super) refresh: Option<String>,
    pub(super) ttl: u64,
}

impl Tokens {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            rules,
            faults: VecDeque::new(),
            always: None,
            api_answer: None,
            revocation_answer: None,
            log: Vec::new(),
            families: Vec::new(),
            by_refresh: HashMap::new(),
            access: HashMap::new(),
            codes: HashMap::new(),
            issued: 0,
        }
    }

    pub(super) fn note(&mut self, route: &'static str, token: &str, outcome: &str) {
        let entry = Entry { at: Instant::now(), route, token: token.to_owned(), outcome: outcome.to_owned() };
        self.log.push(entry);
    }

    fn fresh(&mut self, kind: &str) -> String {
        self.issued += 1;
        format!("{kind}-{}", self.issued)
    }

    pub(super) fn sign_in(&mut self, now: Instant) -> (String, String) {
        let refresh = self.fresh("turn");
        let family = self.add_family(refresh.clone());
        (self.add_access(family, now), refresh)
    }

    fn add_family(&mut self, refresh: String) -> usize {
        let family = self.families.len();
        self.by_refresh.insert(refresh.clone(), family);
        self.families.push(Family { current: refresh, spent: Vec::new(), current_used: false, revoked: false });
        family
    }

    fn add_access(&mut self, family: usize, now: Instant) -> String {
        let access = self.fresh("pass");
        self.access.insert(access.clone(), (family, now + self.rules.access_ttl));
        access
    }

    pub(super) fn new_code(&mut self) -> String {
        let code = self.fresh("code");
        self.codes.insert(code.clone(), ());
        code
    }

    pub(super) fn redeem(&mut self, code: &str, now: Instant) -> Option<Pair> {
        self.codes.remove(code)?;
        let (access, refresh) = self.sign_in(now);
        self.note("code", code, "ok");
        Some(Pair { access, refresh: Some(refresh), ttl: self.rules.access_ttl.as_secs() })
    }

    /// Trades a refresh token, and ends the family when a spent one comes back.
    pub(super) fn refresh(&mut self, token: &str, now: Instant) -> Result<Pair, &'static str> {
        if self.rules.seeds && token.starts_with("seed-") && !self.by_refresh.contains_key(token) {
            self.add_family(token.to_owned());
        }
        let Some(family) = self.by_refresh.get(token).copied() else { return Err("invalid_grant") };
        let rotation = self.rules.rotation;
        let Some(known) = self.families.get_mut(family).filter(|known| !known.revoked) else {
            return Err("invalid_grant");
        };
        if known.current != token && !still_good(rotation, known, token, now) {
            known.revoked = true;
            self.access.retain(|_, (of, _)| *of != family);
            return Err("reuse");
        }
        let graced = known.current != token;
        known.current_used = !graced;
        let ttl = self.rules.access_ttl.as_secs();
        if rotation == Rotation::None {
            return Ok(Pair { access: self.add_access(family, now), refresh: None, ttl });
        }
        let refresh = self.fresh("turn");
        self.by_refresh.insert(refresh.clone(), family);
        if let Some(known) = self.families.get_mut(family) {
            let before = std::mem::replace(&mut known.current, refresh.clone());
            // A lost successor is spent too; what was spent first stays so from then on.
            known.spent.push((before, now));
            known.current_used = false;
        }
        Ok(Pair { access: self.add_access(family, now), refresh: Some(refresh), ttl })
    }

    pub(super) fn would_refresh(&self, token: &str, now: Instant) -> bool {
        let Some(known) = self.by_refresh.get(token).and_then(|family| self.families.get(*family)) else {
            return false;
        };
        !known.revoked && (known.current == token || still_good(self.rules.rotation, known, token, now))
    }

    pub(super) fn takes(&self, access: &str, now: Instant) -> bool {
        access.starts_with("key-good")
            || self.access.get(access).is_some_and(|(family, end)| {
                *end > now && self.families.get(*family).is_some_and(|family| !family.revoked)
            })
    }

    pub(super) fn revoke(&mut self, token: &str) {
        let family = self.by_refresh.get(token).copied().or_else(|| self.access.get(token).map(|(family, _)| *family));
        if let Some(known) = family.and_then(|family| self.families.get_mut(family)) {
            known.revoked = true;
        }
    }

    pub(super) fn revoke_all(&mut self) {
        self.families.iter_mut().for_each(|family| family.revoked = true);
    }

    pub(super) fn end_access(&mut self) {
        self.access.clear();
    }

    pub(super) fn roll_back(&mut self) {
        for family in &mut self.families {
            if let Some((before, _)) = family.spent.pop() {
                self.by_refresh.remove(&family.current);
                family.current = before;
            }
        }
    }
}

fn still_good(rotation: Rotation, family: &Family, token: &str, now: Instant) -> bool {
    let Some((_, since)) = family.spent.iter().find(|(spent, _)| spent == token) else { return false };
    match rotation {
        Rotation::None => true,
        Rotation::Strict => false,
        Rotation::Grace(grace) => now.duration_since(*since) < grace,
        Rotation::UntilUse => !family.current_used && family.spent.last().is_some_and(|(last, _)| last == token),
    }
}
