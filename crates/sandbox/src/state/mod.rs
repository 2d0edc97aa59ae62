//! What the sandbox remembers: sign-ins, the hashes of their tokens, keys, records. Pure: time arrives as an argument.

mod code;
mod device;
mod key;
#[cfg(test)]
mod tests;
mod ticket;

use std::{collections::BTreeMap, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    client::{Client, Scope},
    people::Person,
    problem::Problem,
    records::Records,
    secret::{Fresh, Hash},
};

use code::Code;
pub(crate) use code::Request;
use device::Device;
pub(crate) use device::{Answer, DEVICE_INTERVAL, DEVICE_LIFETIME};
use key::ApiKey;
pub(crate) use ticket::Ask;
use ticket::Ticket;

const VERSION: u32 = 1;
/// A refresh token that was used is remembered this long, to notice when it is used again.
const USED_TOKENS_ARE_KEPT: SignedDuration = SignedDuration::from_hours(48);

/// How tokens live.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) access_token_lifetime: Duration,
    /// For how long a used refresh token still gives a new one, when its answer got lost on the way.
    pub(crate) reuse_grace: Duration,
}

/// Everything that outlives a restart, and the few things that don't.
#[derive(Serialize, Deserialize)]
pub(crate) struct State {
    version: u32,
    last_number: u64,
    grants: BTreeMap<String, Grant>,
    refresh_tokens: BTreeMap<Hash, RefreshToken>,
    access_tokens: BTreeMap<Hash, AccessToken>,
    keys: BTreeMap<Hash, ApiKey>,
    outage: Option<Outage>,
    pub(crate) records: Records,
    /// This and what follows is minutes old at most: a restart ends the attempts that are under way.
    #[serde(skip)]
    codes: BTreeMap<Hash, Code>,
    #[serde(skip)]
    devices: BTreeMap<Hash, Device>,
    #[serde(skip)]
    tickets: BTreeMap<Hash, Ticket>,
}

/// A person's permission for a client.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Grant {
    person: Person,
    client: Client,
    scopes: Vec<Scope>,
    created_at: Timestamp,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct RefreshToken {
    grant: String,
    used: Option<Used>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Used {
    at: Timestamp,
    successor: Hash,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct AccessToken {
    owner: Owner,
    scopes: Vec<Scope>,
    expires_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Owner {
    Grant(String),
    Service,
}

/// The time when nothing works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outage {
    pub(crate) kind: OutageKind,
    pub(crate) until: Timestamp,
}

/// How it shows that nothing works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum OutageKind {
    /// Every answer is a 503.
    #[serde(rename = "503")]
    Unavailable,
    /// No answer comes.
    #[serde(rename = "hang")]
    Hang,
    /// Every answer is a web page with status 200, as from a hotel's network.
    #[serde(rename = "html")]
    Html,
}

/// Who makes a call, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) who: Who,
    pub(crate) scopes: Vec<Scope>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Person(Person),
    Service,
}

/// What a token request is answered with.
pub(crate) struct Tokens {
    pub(crate) access: Fresh,
    pub(crate) refresh: Option<Fresh>,
    pub(crate) lifetime: Duration,
    pub(crate) scopes: Vec<Scope>,
}

/// What there is, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Counts {
    pub(crate) sign_ins: usize,
    pub(crate) access_tokens: usize,
    pub(crate) api_keys: usize,
}

impl State {
    /// The state of a sandbox that nobody has used.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            version: VERSION,
            last_number: 0,
            grants: BTreeMap::new(),
            refresh_tokens: BTreeMap::new(),
            access_tokens: BTreeMap::new(),
            keys: BTreeMap::new(),
            outage: None,
            records: Records::demo(now),
            codes: BTreeMap::new(),
            devices: BTreeMap::new(),
            tickets: BTreeMap::new(),
        }
    }

    /// Tells whether the state can be read by this version.
    pub(crate) fn is_ours(&self) -> bool {
        self.version == VERSION
    }

    /// Exchanges a refresh token for a new pair, and makes it useless by that.
    ///
    /// A used one that comes back is an alarm: either its thief or its owner has the successor. Within the grace, and
    /// as long as nobody used the successor, it is a lost answer instead, and a new successor takes the old one's place.
    pub(crate) fn refresh(
        &mut self,
        token: &str,
        client: Client,
        asked: Option<&str>,
        now: Timestamp,
        rules: Rules,
    ) -> Result<Tokens, Problem> {
        const DEAD: Problem = Problem::InvalidGrant("The refresh token is not good any more.");
        self.tidy(now);
        let hash = Hash::of(token);
        let known = self.refresh_tokens.get(&hash).cloned().ok_or(DEAD)?;
        let grant = self.grants.get(&known.grant).cloned().ok_or(DEAD)?;
        if grant.client != client {
            return Err(DEAD);
        }
        if let Some(used) = &known.used {
            let fresh_successor = self.refresh_tokens.get(&used.successor).is_some_and(|next| next.used.is_none());
            if !fresh_successor || now >= later(used.at, rules.reuse_grace) {
                self.end_grant(&known.grant);
                return Err(Problem::InvalidGrant(
                    "The refresh token was used before; the sign-in is ended for safety.",
                ));
            }
            self.refresh_tokens.remove(&used.successor);
        }
        let scopes = match asked {
            Some(asked) => Scope::read_list(Some(asked))?,
            None => grant.scopes.clone(),
        };
        if scopes.iter().any(|scope| !grant.scopes.contains(scope)) {
            return Err(Problem::InvalidScope);
        }
        let tokens = self.issue(&known.grant, scopes, now, rules)?;
        if let (Some(successor), Some(known)) = (&tokens.refresh, self.refresh_tokens.get_mut(&hash)) {
            // The first use counts, also when a lost answer is given again: the grace can't be stretched.
            let at = known.used.as_ref().map_or(now, |used| used.at);
            known.used = Some(Used { at, successor: successor.hash() });
        }
        Ok(tokens)
    }

    /// Gives the demo service a token of its own.
    pub(crate) fn client_credentials(
        &mut self,
        asked: Option<&str>,
        now: Timestamp,
        rules: Rules,
    ) -> Result<Tokens, Problem> {
        self.tidy(now);
        let scopes = Scope::read_list(asked)?;
        let access = self.issue_access(Owner::Service, &scopes, now, rules)?;
        Ok(Tokens { access, refresh: None, lifetime: rules.access_token_lifetime, scopes })
    }

    /// Forgets a token that its client gives back (RFC 7009); a refresh token takes the whole sign-in with it.
    pub(crate) fn give_back(&mut self, token: &str, client: Client) -> Result<(), Problem> {
        let hash = Hash::of(token);
        if let Some(known) = self.refresh_tokens.get(&hash).cloned() {
            if self.grants.get(&known.grant).is_some_and(|grant| grant.client != client) {
                return Err(Problem::UnauthorizedClient);
            }
            self.end_grant(&known.grant);
        } else if let Some(known) = self.access_tokens.get(&hash) {
            let owner = match &known.owner {
                Owner::Grant(id) => self.grants.get(id).map(|grant| grant.client),
                Owner::Service => Some(Client::Service),
            };
            if owner.is_some_and(|owner| owner != client) {
                return Err(Problem::UnauthorizedClient);
            }
            self.access_tokens.remove(&hash);
        }
        Ok(())
    }

    /// Says whose access token it is.
    pub(crate) fn bearer(&self, token: &str, now: Timestamp) -> Option<Caller> {
        let known = self.access_tokens.get(&Hash::of(token)).filter(|known| now < known.expires_at)?;
        let who = match &known.owner {
            Owner::Grant(id) => Who::Person(self.grants.get(id)?.person),
            Owner::Service => Who::Service,
        };
        Some(Caller { who, scopes: known.scopes.clone() })
    }

    /// Ends the sign-ins and withdraws the keys of a person, or of everybody, as if they had changed their minds.
    pub(crate) fn revoke(&mut self, whose: Option<Person>) {
        let hit = |person: Person| whose.is_none_or(|whose| whose == person);
        let ended: Vec<String> =
            self.grants.iter().filter(|(_, grant)| hit(grant.person)).map(|(id, _)| id.clone()).collect();
        for id in ended {
            self.end_grant(&id);
        }
        self.keys.retain(|_, key| !hit(key.person));
        if whose.is_none() {
            self.access_tokens.clear();
        }
    }

    /// Makes all access tokens useless; refresh tokens stay good.
    pub(crate) fn expire_all(&mut self) {
        self.access_tokens.clear();
    }

    /// Starts or ends an outage.
    pub(crate) fn set_outage(&mut self, outage: Option<Outage>) {
        self.outage = outage;
    }

    /// Returns the outage that goes on.
    pub(crate) fn outage(&self, now: Timestamp) -> Option<Outage> {
        self.outage.filter(|outage| now < outage.until)
    }

    pub(crate) fn counts(&self, now: Timestamp) -> Counts {
        Counts {
            sign_ins: self.grants.len(),
            access_tokens: self.access_tokens.values().filter(|token| now < token.expires_at).count(),
            api_keys: self.keys.len(),
        }
    }

    fn grant(&mut self, person: Person, client: Client, scopes: Vec<Scope>, now: Timestamp) -> String {
        let id = format!("grant_{}", self.next_number());
        self.grants.insert(id.clone(), Grant { person, client, scopes, created_at: now });
        id
    }

    fn end_grant(&mut self, id: &str) {
        self.grants.remove(id);
        self.refresh_tokens.retain(|_, token| token.grant != id);
        self.access_tokens.retain(|_, token| token.owner != Owner::Grant(id.to_owned()));
    }

    fn issue(&mut self, grant: &str, scopes: Vec<Scope>, now: Timestamp, rules: Rules) -> Result<Tokens, Problem> {
        let access = self.issue_access(Owner::Grant(grant.to_owned()), &scopes, now, rules)?;
        let refresh = Fresh::new("sbx-rt-")?;
        self.refresh_tokens.insert(refresh.hash(), RefreshToken { grant: grant.to_owned(), used: None });
        Ok(Tokens { access, refresh: Some(refresh), lifetime: rules.access_token_lifetime, scopes })
    }

    fn issue_access(&mut self, owner: Owner, scopes: &[Scope], now: Timestamp, rules: Rules) -> Result<Fresh, Problem> {
        let access = Fresh::new("sbx-at-")?;
        let expires_at = later(now, rules.access_token_lifetime);
        self.access_tokens.insert(access.hash(), AccessToken { owner, scopes: scopes.to_vec(), expires_at });
        Ok(access)
    }

    fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// Drops what has no meaning any more.
    fn tidy(&mut self, now: Timestamp) {
        self.access_tokens.retain(|_, token| now < token.expires_at);
        self.refresh_tokens.retain(|_, token| {
            token.used.as_ref().is_none_or(|used| now.duration_since(used.at) < USED_TOKENS_ARE_KEPT)
        });
        self.codes.retain(|_, code| !code.forgotten(now));
        self.devices.retain(|_, device| !device.forgotten(now));
        self.tickets.retain(|_, ticket| !ticket.forgotten(now));
        self.outage = self.outage(now);
    }
}

/// Adds to a time; one beyond the calendar is its end.
pub(crate) fn later(at: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
