//! Health: how a connection stands, derived from facts by one function for UI, tray, CLI and API.

use std::time::Duration;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use membrane_model::{
    Connection, ConnectionState, Health, HealthStatus, Network, Severity, Timestamp, VaultState, Warning, WarningCode,
};

use crate::Engine;
use crate::refresh::plan::between;
use crate::text::clock;

/// An outage shorter than this is not shown: most are over before anyone looks.
const VISIBLE_AFTER: Duration = Duration::from_secs(30);
/// A sign-in that falls due within this time is announced.
const SIGN_IN_DUE_WITHIN: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The facts about a connection's credential that health and the wire need.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CredentialFacts {
    /// There is something to renew the access with.
    pub renewable: bool,
    /// When the access token or key runs out.
    pub expires_at: Option<Timestamp>,
    /// When it is renewed next.
    pub next_refresh_at: Option<Timestamp>,
    /// Failures in a row.
    pub retry_attempts: u32,
    /// When the next try is due after a failure.
    pub next_retry_at: Option<Timestamp>,
    /// The cause of the last failure, as a short code: `offline`, `http-503`, `captive-portal`.
    pub last_cause: Option<String>,
    /// Since when it has been failing.
    pub failing_since: Option<Timestamp>,
    /// When the person has to sign in again, since renewing does not move that end.
    pub refresh_end: Option<Timestamp>,
    /// Since when the app refuses the credential.
    pub rejected_since: Option<Timestamp>,
    /// It is a key or password, not a sign-in.
    pub is_key: bool,
}

/// What surrounds all connections.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Where the vault stands.
    pub vault: VaultState,
    /// The network, as far as anybody says.
    pub network: Network,
    /// How far servers' clocks are ahead of this computer's, where that is too far.
    pub clock_skew: Option<SignedDuration>,
    /// Since when nothing can be written to the data folder.
    pub storage_trouble: Option<Timestamp>,
    /// The person's time zone.
    pub zone: TimeZone,
}

/// Derives the health of a connection.
#[must_use]
pub fn derive(
    connection: &Connection,
    app_name: &str,
    facts: &CredentialFacts,
    around: &Surroundings,
    now: Timestamp,
) -> Health {
    let say = |at: Timestamp| clock(at, now, &around.zone);
    let warnings = warnings(connection, app_name, facts, around, now);
    let (status, label, sentence) = match &connection.state {
        ConnectionState::Connecting { .. } => {
            (HealthStatus::Connecting, "Connecting", format!("Waiting for you to finish signing in to {app_name}."))
        }
        ConnectionState::Disconnected { reason, since } => (
            HealthStatus::Attention,
            "Reconnect",
            format!("{app_name} needs you since {}: {}. Reconnect to go on.", say(*since), reason.sentence()),
        ),
        ConnectionState::Paused { until: Some(until) } => {
            (HealthStatus::Paused, "Paused", format!("Paused until {}. Tools can't use it meanwhile.", say(*until)))
        }
        ConnectionState::Paused { until: None } => {
            (HealthStatus::Paused, "Paused", "Paused until you resume it. Tools can't use it meanwhile.".to_owned())
        }
        ConnectionState::Connected => match warnings.iter().find(|w| w.severity == Severity::High) {
            Some(warning) => (HealthStatus::Retrying, "Retrying", warning.text.clone()),
            None => (HealthStatus::Connected, "Connected", connected_sentence(facts, &say)),
        },
    };
    Health { status, label: label.to_owned(), sentence, warnings }
}

fn connected_sentence(facts: &CredentialFacts, say: &dyn Fn(Timestamp) -> String) -> String {
    match (facts.renewable, facts.next_refresh_at, facts.expires_at) {
        (true, Some(next), _) => format!("Connected. The access renews by itself, next about {}.", say(next)),
        (true, None, _) => "Connected. The access renews by itself.".to_owned(),
        (false, _, Some(end)) => format!("Connected until {}; then it needs you.", say(end)),
        (false, _, None) => "Connected. The access does not run out by itself.".to_owned(),
    }
}

/// Lists what is wrong now, worst first; a root cause hides its consequences.
fn warnings(
    connection: &Connection,
    app_name: &str,
    facts: &CredentialFacts,
    around: &Surroundings,
    now: Timestamp,
) -> Vec<Warning> {
    if connection.state != ConnectionState::Connected {
        return Vec::new();
    }
    let mut found: Vec<Warning> = root_cause(app_name, facts, around, now).into_iter().collect();
    found.extend(refused(app_name, facts));
    found.extend(end_to_come(app_name, facts, around, now));
    found.extend(around.clock_skew.map(|skew| Warning {
        code: WarningCode::ClockSkew,
        severity: Severity::Low,
        text: format!(
            "The clock of this computer is {} {}. Set it, so that times here are right.",
            minutes(skew),
            if skew.is_positive() { "behind" } else { "ahead" }
        ),
        since: None,
    }));
    found
}

/// Returns why nothing is renewed, where that is so: the one cause that explains the others.
fn root_cause(app_name: &str, facts: &CredentialFacts, around: &Surroundings, now: Timestamp) -> Option<Warning> {
    let say = |at: Timestamp| clock(at, now, &around.zone);
    let works_until = match facts.expires_at {
        Some(end) if end > now => format!(" Tools keep working until {}.", say(end)),
        Some(_) => " Tools have to wait until then.".to_owned(),
        None => String::new(),
    };
    let high = |code, text: String, since| Some(Warning { code, severity: Severity::High, text, since });
    if around.vault != VaultState::Unlocked {
        let text = "The vault is locked, so nothing can be renewed. Unlock it to go on.".to_owned();
        return high(WarningCode::VaultLocked, text, None);
    }
    if let Some(since) = around.storage_trouble {
        let text = format!(
            "Nothing can be written to the data folder, so {app_name} is not renewed. Make room or make it writable.{works_until}"
        );
        return high(WarningCode::StorageError, text, Some(since));
    }
    let failing_for = facts.failing_since.map_or(Duration::ZERO, |since| between(since, now));
    let expired = facts.expires_at.is_some_and(|end| end <= now);
    let overdue = facts.renewable && facts.next_refresh_at.is_some_and(|at| between(at, now) >= VISIBLE_AFTER);
    let failing = facts.retry_attempts > 0 && (failing_for >= VISIBLE_AFTER || expired);
    if !around.network.may_reach() && facts.renewable && (failing || overdue || expired) {
        let text = match around.network {
            Network::SignInPage => {
                "This network wants you to sign in on its own page first, so nothing can be renewed."
            }
            Network::Limited => "This network leads nowhere, so nothing can be renewed.",
            Network::Down | Network::Unknown | Network::Up => "This computer is offline, so nothing can be renewed.",
        };
        let since = facts.failing_since.or(facts.next_refresh_at);
        return high(WarningCode::Offline, format!("{text} It goes on by itself.{works_until}"), since);
    }
    if !failing {
        return None;
    }
    let again = facts.next_retry_at.map_or_else(String::new, |at| format!(" Trying again at {}.", say(at)));
    let (code, text) = match facts.last_cause.as_deref() {
        Some("offline" | "dns" | "connect") => {
            (WarningCode::Offline, format!("{app_name} can't be reached from here.{again}{works_until}"))
        }
        Some("web-page") => (
            WarningCode::Offline,
            format!(
                "A page of this network answers in the place of {app_name}; perhaps it wants you to sign in.{again}{works_until}"
            ),
        ),
        Some("app-unknown") => (
            WarningCode::ProviderUnavailable,
            format!(
                "Nothing is known of the app {app_name} any more, so it is not renewed. Add its file again.{works_until}"
            ),
        ),
        Some("tls") => (
            WarningCode::ProviderUnavailable,
            format!(
                "No secure connection to {app_name} can be made; something between may read along, so nothing is sent.{again}{works_until}"
            ),
        ),
        Some(_) | None => {
            (WarningCode::ProviderUnavailable, format!("{app_name} isn't answering.{again}{works_until}"))
        }
    };
    high(code, text, facts.failing_since)
}

/// Says that the app refused the credential once.
fn refused(app_name: &str, facts: &CredentialFacts) -> Option<Warning> {
    let since = facts.rejected_since?;
    let what = if facts.is_key { "the key" } else { "the access" };
    let text = format!("{app_name} refused {what}; it is asked again in a minute before that is believed.");
    Some(Warning { code: WarningCode::Refused, severity: Severity::Medium, text, since: Some(since) })
}

/// Says when the person will have to do something, in good time.
fn end_to_come(app_name: &str, facts: &CredentialFacts, around: &Surroundings, now: Timestamp) -> Option<Warning> {
    let end = if facts.renewable { facts.refresh_end } else { facts.expires_at }?;
    if between(now, end) > SIGN_IN_DUE_WITHIN {
        return None;
    }
    let day = clock(end, now, &around.zone);
    let (code, text) = match (facts.is_key, facts.renewable) {
        (true, _) => (WarningCode::ExpiresSoon, format!("The key of {app_name} runs out: replace it by {day}.")),
        (false, true) => (
            WarningCode::SignInDue,
            format!("{app_name} ends every sign-in after a while, renewed or not: sign in again by {day}."),
        ),
        (false, false) => (
            WarningCode::SignInDue,
            format!("{app_name} gives nothing to renew the access with: sign in again by {day}."),
        ),
    };
    Some(Warning { code, severity: Severity::Medium, text, since: None })
}

fn minutes(skew: SignedDuration) -> String {
    let minutes = skew.unsigned_abs().as_secs() / 60;
    match minutes {
        0..120 => format!("{minutes} minutes"),
        120..2880 => format!("{} hours", minutes / 60),
        _ => format!("{} days", minutes / 1440),
    }
}

/// How far a server's clock may differ before it is worth a word.
const SKEW_ALLOWED: SignedDuration = SignedDuration::from_mins(5);

impl Engine {
    /// Returns how far the clocks of servers are ahead of this computer's, where that is more than five minutes.
    pub(crate) fn clock_skew(&self) -> Option<SignedDuration> {
        self.inner().http.clock_skew().filter(|skew| skew.abs() > SKEW_ALLOWED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use membrane_model::{AppKey, ConnectionId, DisconnectReason, TenantId};

    fn now() -> Timestamp {
        "2026-03-04T10:00:00Z".parse().unwrap()
    }

    fn connection(state: ConnectionState) -> Connection {
        Connection {
            id: ConnectionId::generate(),
            key: None,
            tenant: TenantId::own(),
            app: "notion".parse::<AppKey>().unwrap(),
            auth_method: "oauth".into(),
            name: "Notion".into(),
            account: None,
            state,
            fields: Default::default(),
            scopes: Vec::new(),
            meta: Default::default(),
            generation: 1,
            created_at: now(),
            updated_at: now(),
            last_used_at: None,
            archived_at: None,
        }
    }

    fn around(vault: VaultState) -> Surroundings {
        Surroundings { vault, network: Network::Unknown, clock_skew: None, storage_trouble: None, zone: TimeZone::UTC }
    }

    fn of(state: ConnectionState, facts: &CredentialFacts, vault: VaultState) -> Health {
        derive(&connection(state), "Notion", facts, &around(vault), now())
    }

    #[test]
    fn a_healthy_connection_says_when_it_renews() {
        let facts = CredentialFacts {
            renewable: true,
            next_refresh_at: Some("2026-03-04T14:20:00Z".parse().unwrap()),
            ..CredentialFacts::default()
        };
        let health = of(ConnectionState::Connected, &facts, VaultState::Unlocked);
        assert_eq!(health.sentence, "Connected. The access renews by itself, next about 14:20.");
        assert!(health.warnings.is_empty());
    }

    #[test]
    fn an_outage_shows_after_a_while_and_says_what_still_works() {
        let mut facts = CredentialFacts {
            renewable: true,
            retry_attempts: 1,
            failing_since: Some(now()),
            last_cause: Some("http-503".into()),
            next_retry_at: Some("2026-03-04T10:32:00Z".parse().unwrap()),
            expires_at: Some("2026-03-04T11:00:00Z".parse().unwrap()),
            ..CredentialFacts::default()
        };
        assert_eq!(of(ConnectionState::Connected, &facts, VaultState::Unlocked).status, HealthStatus::Connected);
        facts.failing_since = Some("2026-03-04T09:50:00Z".parse().unwrap());
        let health = of(ConnectionState::Connected, &facts, VaultState::Unlocked);
        assert_eq!(health.status, HealthStatus::Retrying);
        assert_eq!(health.sentence, "Notion isn't answering. Trying again at 10:32. Tools keep working until 11:00.");
    }

    #[test]
    fn a_locked_vault_hides_its_consequences() {
        let facts = CredentialFacts {
            renewable: true,
            retry_attempts: 3,
            failing_since: Some(Timestamp::UNIX_EPOCH),
            last_cause: Some("http-503".into()),
            ..CredentialFacts::default()
        };
        let health = of(ConnectionState::Connected, &facts, VaultState::Locked);
        assert_eq!(health.warnings.iter().map(|w| w.code).collect::<Vec<_>>(), [WarningCode::VaultLocked]);
    }

    #[test]
    fn without_a_refresh_token_it_says_when_it_will_need_the_person() {
        let facts = CredentialFacts { expires_at: Some("2026-03-05T10:00:00Z".parse().unwrap()), ..Default::default() };
        let health = of(ConnectionState::Connected, &facts, VaultState::Unlocked);
        assert_eq!(health.warnings[0].code, WarningCode::SignInDue);
        assert!(health.sentence.contains("Thu 10:00"), "{}", health.sentence);
    }

    #[test]
    fn a_disconnect_says_why_and_since_when() {
        let state = ConnectionState::Disconnected { reason: DisconnectReason::Revoked, since: now() };
        let health = of(state, &CredentialFacts::default(), VaultState::Unlocked);
        assert_eq!(health.status, HealthStatus::Attention);
        assert!(health.sentence.contains("since 10:00"), "{}", health.sentence);
    }

    fn renewable() -> CredentialFacts {
        CredentialFacts { renewable: true, ..CredentialFacts::default() }
    }

    fn only(facts: &CredentialFacts, around: &Surroundings) -> Warning {
        let found = derive(&connection(ConnectionState::Connected), "Notion", facts, around, now()).warnings;
        assert_eq!(found.len(), 1, "{found:?}");
        found.into_iter().next().unwrap()
    }

    #[test]
    fn r33_a_network_that_is_gone_is_the_cause_and_not_the_app() {
        let failing = CredentialFacts {
            retry_attempts: 3,
            failing_since: Some("2026-03-04T09:50:00Z".parse().unwrap()),
            last_cause: Some("timeout".into()),
            expires_at: Some("2026-03-04T11:00:00Z".parse().unwrap()),
            ..renewable()
        };
        for (network, code, start) in [
            (Network::Down, WarningCode::Offline, "This computer is offline"),
            (Network::SignInPage, WarningCode::Offline, "This network wants you to sign in"),
            (Network::Limited, WarningCode::Offline, "This network leads nowhere"),
            (Network::Up, WarningCode::ProviderUnavailable, "Notion isn't answering"),
        ] {
            let warning = only(&failing, &Surroundings { network, ..around(VaultState::Unlocked) });
            assert_eq!(warning.code, code);
            assert!(warning.text.starts_with(start) && warning.text.ends_with("until 11:00."), "{}", warning.text);
        }
        // Offline with nothing due is no news.
        let offline = Surroundings { network: Network::Down, ..around(VaultState::Unlocked) };
        assert_eq!(
            derive(&connection(ConnectionState::Connected), "Notion", &renewable(), &offline, now()).warnings,
            []
        );
        let overdue = CredentialFacts { next_refresh_at: Some("2026-03-04T09:59:30Z".parse().unwrap()), ..renewable() };
        assert_eq!(only(&overdue, &offline).code, WarningCode::Offline);
    }

    #[test]
    fn r33_every_cause_is_said_in_words() {
        for (cause, code, word) in [
            ("dns", WarningCode::Offline, "can't be reached"),
            ("web-page", WarningCode::Offline, "A page of this network"),
            ("tls", WarningCode::ProviderUnavailable, "No secure connection"),
            ("http-429", WarningCode::ProviderUnavailable, "isn't answering"),
            ("app-unknown", WarningCode::ProviderUnavailable, "Nothing is known"),
        ] {
            let facts = CredentialFacts {
                retry_attempts: 1,
                failing_since: Some(Timestamp::UNIX_EPOCH),
                last_cause: Some(cause.into()),
                ..renewable()
            };
            let warning = only(&facts, &around(VaultState::Unlocked));
            assert!(warning.code == code && warning.text.contains(word), "{warning:?}");
        }
    }

    #[test]
    fn r46_a_disk_that_takes_nothing_is_the_cause_of_everything_behind_it() {
        let facts = CredentialFacts { retry_attempts: 9, failing_since: Some(Timestamp::UNIX_EPOCH), ..renewable() };
        let trouble =
            Surroundings { storage_trouble: Some(now()), network: Network::Down, ..around(VaultState::Unlocked) };
        let warning = only(&facts, &trouble);
        assert_eq!((warning.code, warning.since), (WarningCode::StorageError, Some(now())));
    }

    #[test]
    fn r38_a_wrong_clock_is_said_with_its_direction() {
        let skew = |seconds| Surroundings {
            clock_skew: Some(SignedDuration::from_secs(seconds)),
            ..around(VaultState::Unlocked)
        };
        for (seconds, words) in [(420, "7 minutes behind"), (-10_800, "3 hours ahead"), (2_592_000, "30 days behind")] {
            let warning = only(&renewable(), &skew(seconds));
            assert!(warning.code == WarningCode::ClockSkew && warning.text.contains(words), "{warning:?}");
        }
        let health = derive(&connection(ConnectionState::Connected), "Notion", &renewable(), &skew(420), now());
        assert_eq!(health.status, HealthStatus::Connected);
    }

    #[test]
    fn r101_an_end_is_said_in_time_and_in_its_own_words() {
        let end = Some("2026-03-08T10:00:00Z".parse().unwrap());
        for (facts, code, word) in [
            (
                CredentialFacts { is_key: true, expires_at: end, ..Default::default() },
                WarningCode::ExpiresSoon,
                "The key",
            ),
            (CredentialFacts { expires_at: end, ..Default::default() }, WarningCode::SignInDue, "nothing to renew"),
            (CredentialFacts { refresh_end: end, ..renewable() }, WarningCode::SignInDue, "renewed or not"),
        ] {
            let warning = only(&facts, &around(VaultState::Unlocked));
            assert!(
                warning.code == code && warning.text.contains(word) && warning.text.contains("Sun 10:00"),
                "{warning:?}"
            );
        }
        let far = CredentialFacts {
            is_key: true,
            expires_at: Some("2026-03-12T10:00:00Z".parse().unwrap()),
            ..Default::default()
        };
        let health =
            derive(&connection(ConnectionState::Connected), "Notion", &far, &around(VaultState::Unlocked), now());
        assert_eq!(health.warnings, []);
    }

    #[test]
    fn r100_a_first_refusal_is_a_doubt() {
        let facts = CredentialFacts { is_key: true, rejected_since: Some(now()), ..Default::default() };
        let warning = only(&facts, &around(VaultState::Unlocked));
        assert_eq!((warning.code, warning.severity), (WarningCode::Refused, Severity::Medium));
        assert!(warning.text.contains("refused the key"));
    }
}
