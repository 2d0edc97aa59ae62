//! Authorization codes: good for a minute, once, with the verifier that belongs to them.

use std::time::Duration;

use jiff::Timestamp;

use super::{Rules, State, Tokens, later};
use crate::{
    client::{Client, Scope},
    people::Person,
    problem::Problem,
    secret::{Fresh, Hash, verifier_fits},
};

const CODE_LIFETIME: Duration = Duration::from_secs(60);

/// What a person is asked to allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) client: Client,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: String,
    pub(crate) scopes: Vec<Scope>,
}

/// A code that was given out.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    request: Request,
    person: Person,
    expires_at: Timestamp,
    /// The sign-in it was exchanged for.
    grant: Option<String>,
}

impl Code {
    pub(super) fn forgotten(&self, now: Timestamp) -> bool {
        now >= later(self.expires_at, CODE_LIFETIME)
    }
}

impl State {
    /// Gives a code to the client that a person allowed.
    pub(crate) fn allow(&mut self, request: Request, person: Person, now: Timestamp) -> Result<Fresh, Problem> {
        self.tidy(now);
        let code = Fresh::new("sbx-code-")?;
        let expires_at = later(now, CODE_LIFETIME);
        self.codes.insert(code.hash(), Code { request, person, expires_at, grant: None });
        Ok(code)
    }

    /// Exchanges a code for tokens. One that comes back a second time ends what the first time gave
    /// (RFC 6749 section 4.1.2).
    pub(crate) fn exchange(
        &mut self,
        code: &str,
        client: Client,
        redirect_uri: &str,
        verifier: &str,
        now: Timestamp,
        rules: Rules,
    ) -> Result<Tokens, Problem> {
        let hash = Hash::of(code);
        let unknown = Problem::InvalidGrant("The code is unknown, used or too old.");
        let known = self.codes.get(&hash).cloned().ok_or(unknown)?;
        if let Some(grant) = &known.grant {
            self.end_grant(grant);
            return Err(unknown);
        }
        if now >= known.expires_at || known.request.client != client {
            return Err(unknown);
        }
        if known.request.redirect_uri != redirect_uri {
            return Err(Problem::InvalidGrant("The redirect_uri is not the one of the authorization request."));
        }
        if !verifier_fits(verifier, &known.request.challenge) {
            return Err(Problem::InvalidGrant("The code_verifier does not belong to the code_challenge."));
        }
        let scopes = known.request.scopes.clone();
        let grant = self.grant(known.person, client, scopes.clone(), now);
        if let Some(known) = self.codes.get_mut(&hash) {
            known.grant = Some(grant.clone());
        }
        self.issue(&grant, scopes, now, rules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules { access_token_lifetime: Duration::from_secs(600), reuse_grace: Duration::ZERO };
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const BACK: &str = "http://127.0.0.1:4780/oauth-callback";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn allowed() -> (State, String) {
        let mut state = State::new(at(0));
        let request = Request {
            client: Client::Desktop,
            redirect_uri: BACK.to_owned(),
            challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned(),
            scopes: vec![Scope::CrmRead],
        };
        let code = state.allow(request, Person::Ada, at(0)).unwrap().reveal().to_owned();
        (state, code)
    }

    #[test]
    fn r01_a_code_needs_its_verifier_its_redirect_and_its_client() {
        let (mut state, code) = allowed();
        let other = VERIFIER.replace('d', "e");
        assert!(state.exchange(&code, Client::Desktop, BACK, &other, at(1), RULES).is_err());
        assert!(state.exchange(&code, Client::Desktop, &BACK.replace("4780", "4781"), VERIFIER, at(1), RULES).is_err());
        assert!(state.exchange(&code, Client::Service, BACK, VERIFIER, at(1), RULES).is_err());
        assert!(state.exchange(&code, Client::Desktop, BACK, VERIFIER, at(1), RULES).is_ok());
    }

    #[test]
    fn a_code_is_good_for_a_minute() {
        let (mut state, code) = allowed();
        assert!(state.exchange(&code, Client::Desktop, BACK, VERIFIER, at(60), RULES).is_err());
    }

    #[test]
    fn a_code_used_twice_ends_the_sign_in() {
        let (mut state, code) = allowed();
        let tokens = state.exchange(&code, Client::Desktop, BACK, VERIFIER, at(1), RULES).unwrap();
        assert!(state.exchange(&code, Client::Desktop, BACK, VERIFIER, at(2), RULES).is_err());
        assert!(state.bearer(tokens.access.reveal(), at(2)).is_none());
    }
}
