//! Health: how a connection stands, derived from facts by one function for UI, tray, CLI and API.

use std::time::Duration;

use jiff::tz::TimeZone;
use membrane_model::{
    Connection, ConnectionState, Health, HealthStatus, Severity, Timestamp, VaultState, Warning, WarningCode,
};

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
}

/// What surrounds all connections.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Where the vault stands.
    pub vault: VaultState,
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
        (false, _, Some(end)) => format!("Connected until {}; then you sign in again.", say(end)),
        (false, _, None) => "Connected. The access does not run out by itself.".to_owned(),
    }
}

/// Lists what is wrong now; a root cause hides its consequences.
fn warnings(
    connection: &Connection,
    app_name: &str,
    facts: &CredentialFacts,
    around: &Surroundings,
    now: Timestamp,
) -> Vec<Warning> {
    let mut found = Vec::new();
    if connection.state != ConnectionState::Connected {
        return found;
    }
    let say = |at: Timestamp| clock(at, now, &around.zone);
    let mut add = |code, severity, text: String, since| found.push(Warning { code, severity, text, since });
    let works_until = match facts.expires_at {
        Some(end) if end > now => format!(" Tools keep working until {}.", say(end)),
        Some(_) => " Tools have to wait until then.".to_owned(),
        None => String::new(),
    };
    let again = facts.next_retry_at.map_or_else(String::new, |at| format!(" Trying again at {}.", say(at)));
    let failing_for = facts.failing_since.map_or(Duration::ZERO, |since| between(since, now));
    let expired = facts.expires_at.is_some_and(|end| end <= now);
    if around.vault != VaultState::Unlocked {
        let text = "The vault is locked, so nothing can be renewed. Unlock it to go on.".to_owned();
        add(WarningCode::VaultLocked, Severity::High, text, None);
    } else if facts.retry_attempts > 0 && (failing_for >= VISIBLE_AFTER || expired) {
        let (code, text) = match facts.last_cause.as_deref() {
            Some("offline" | "dns" | "connect") => {
                (WarningCode::Offline, format!("{app_name} can't be reached from here.{again}{works_until}"))
            }
            Some("storage") => (
                WarningCode::StorageError,
                format!("Nothing can be written to the data folder, so {app_name} is not renewed.{works_until}"),
            ),
            _ => (WarningCode::ProviderUnavailable, format!("{app_name} isn't answering.{again}{works_until}")),
        };
        add(code, Severity::High, text, facts.failing_since);
    }
    if let Some(end) = facts.expires_at
        && !facts.renewable
        && between(now, end) <= SIGN_IN_DUE_WITHIN
    {
        let text = format!("{app_name} gives nothing to renew the access with: sign in again by {}.", say(end));
        add(WarningCode::SignInDue, Severity::Medium, text, None);
    }
    found
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
        Surroundings { vault, zone: TimeZone::UTC }
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
}
