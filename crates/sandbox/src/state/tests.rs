//! How tokens live and die, in the sandbox's own time.

use super::*;

const RULES: Rules = Rules { access_token_lifetime: Duration::from_secs(600), reuse_grace: Duration::from_secs(30) };

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn signed_in() -> (State, String) {
    let mut state = State::new(at(0));
    let grant = state.grant(Person::Ada, Client::Desktop, vec![Scope::Profile, Scope::CrmRead], at(0));
    let tokens = state.issue(&grant, vec![Scope::CrmRead], at(0), RULES).unwrap();
    (state, tokens.refresh.unwrap().reveal().to_owned())
}

fn refresh(state: &mut State, token: &str, now: i64) -> Result<String, Problem> {
    let tokens = state.refresh(token, Client::Desktop, None, at(now), RULES)?;
    assert!(state.bearer(tokens.access.reveal(), at(now)).is_some());
    Ok(tokens.refresh.unwrap().reveal().to_owned())
}

#[test]
fn every_refresh_gives_a_new_refresh_token() {
    let (mut state, first) = signed_in();
    let second = refresh(&mut state, &first, 600).unwrap();
    let third = refresh(&mut state, &second, 1200).unwrap();
    assert!(first != second && second != third);
}

#[test]
fn a_used_refresh_token_ends_the_sign_in_when_its_successor_was_used() {
    let (mut state, first) = signed_in();
    let second = refresh(&mut state, &first, 600).unwrap();
    let third = refresh(&mut state, &second, 601).unwrap();
    assert!(matches!(refresh(&mut state, &first, 602), Err(Problem::InvalidGrant(_))));
    assert!(matches!(refresh(&mut state, &third, 603), Err(Problem::InvalidGrant(_))), "the whole family is dead");
}

#[test]
fn r43_a_lost_answer_is_given_again_within_the_grace() {
    let (mut state, first) = signed_in();
    let lost = refresh(&mut state, &first, 600).unwrap();
    let second = refresh(&mut state, &first, 629).unwrap();
    assert!(refresh(&mut state, &second, 1200).is_ok());
    assert!(matches!(refresh(&mut state, &lost, 1201), Err(Problem::InvalidGrant(_))));
}

#[test]
fn the_grace_ends_and_can_not_be_stretched() {
    let (mut state, first) = signed_in();
    refresh(&mut state, &first, 600).unwrap();
    refresh(&mut state, &first, 629).unwrap();
    assert!(matches!(refresh(&mut state, &first, 630), Err(Problem::InvalidGrant(_))));
    assert_eq!(state.counts(at(630)).sign_ins, 0);
}

#[test]
fn a_refresh_narrows_scopes_and_never_widens_them() {
    let (mut state, first) = signed_in();
    let wide = state.refresh(&first, Client::Desktop, Some("crm.write"), at(1), RULES);
    assert!(matches!(wide, Err(Problem::InvalidScope)));
    let narrow = state.refresh(&first, Client::Desktop, Some("profile"), at(2), RULES).unwrap();
    assert_eq!(narrow.scopes, [Scope::Profile]);
}

#[test]
fn another_client_gets_nothing_for_a_stolen_refresh_token() {
    let (mut state, first) = signed_in();
    assert!(state.refresh(&first, Client::Service, None, at(1), RULES).is_err());
    assert!(refresh(&mut state, &first, 2).is_ok());
    assert_eq!(state.give_back(&first, Client::Service), Err(Problem::UnauthorizedClient));
}

#[test]
fn giving_back_the_refresh_token_ends_the_sign_in() {
    let (mut state, first) = signed_in();
    let access = state.refresh(&first, Client::Desktop, None, at(1), RULES).unwrap().access;
    state.give_back(&first, Client::Desktop).unwrap();
    assert!(state.bearer(access.reveal(), at(2)).is_none());
    assert_eq!(state.counts(at(2)).sign_ins, 0);
    assert_eq!(state.give_back("unknown", Client::Desktop), Ok(()));
}

#[test]
fn an_access_token_ends_by_its_time_by_expiry_and_by_revocation() {
    let (mut state, first) = signed_in();
    let access = state.refresh(&first, Client::Desktop, None, at(0), RULES).unwrap().access;
    assert!(state.bearer(access.reveal(), at(599)).is_some());
    assert!(state.bearer(access.reveal(), at(600)).is_none());
    state.expire_all();
    assert!(state.bearer(access.reveal(), at(1)).is_none());
    assert_eq!(state.counts(at(1)).sign_ins, 1);
    state.revoke(None);
    assert_eq!(state.counts(at(1)), Counts { sign_ins: 0, access_tokens: 0, api_keys: 0 });
}

#[test]
fn an_outage_ends_by_itself_or_when_it_is_ended() {
    let mut state = State::new(at(0));
    let outage = Outage { kind: OutageKind::Html, until: at(60) };
    state.set_outage(Some(outage));
    assert!(state.outage(at(59)).is_some() && state.outage(at(60)).is_none());
    state.set_outage(None);
    assert!(state.outage(at(0)).is_none());
}

#[test]
fn one_person_can_be_revoked_alone() {
    let (mut state, adas) = signed_in();
    let grant = state.grant(Person::Ben, Client::Desktop, vec![Scope::Profile], at(0));
    let bens = state.issue(&grant, vec![Scope::Profile], at(0), RULES).unwrap();
    state.revoke(Some(Person::Ben));
    assert!(state.bearer(bens.access.reveal(), at(1)).is_none());
    assert!(refresh(&mut state, &adas, 1).is_ok());
}

#[test]
fn what_is_stored_holds_no_token() {
    let (mut state, first) = signed_in();
    let second = state.refresh(&first, Client::Desktop, None, at(1), RULES).unwrap();
    let key = state.make_key(Person::Ada, "test", at(1)).unwrap();
    let text = serde_json::to_string(&state).unwrap();
    for secret in [first.as_str(), second.access.reveal(), second.refresh.unwrap().reveal(), key.reveal()] {
        assert!(!text.contains(secret));
    }
    let mut again: State = serde_json::from_str(&text).unwrap();
    assert!(refresh(&mut again, &first, 2).is_ok(), "and works after a restart");
}
