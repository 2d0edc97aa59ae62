//! When to refresh and when to try again: pure arithmetic on times.

use std::time::Duration;

use membrane_model::Timestamp;

/// The longest wait between tries in the first day of an outage.
const CAP: Duration = Duration::from_secs(5 * 60);
/// The longest wait after that.
const LONG_CAP: Duration = Duration::from_secs(30 * 60);
/// How long an outage counts as young.
const YOUNG: Duration = Duration::from_secs(24 * 60 * 60);
/// The most of a server's Retry-After that is believed.
const RETRY_AFTER_CAP: Duration = Duration::from_secs(60 * 60);
/// A refresh token that dies of disuse is used at least this often.
const KEEP_ALIVE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How often the app is asked about a credential that nothing else is heard of.
const DAILY: Duration = Duration::from_secs(24 * 60 * 60);
/// The longest wait after an exchange whose outcome is open.
const PROMPT: Duration = Duration::from_secs(2);
/// How often in a row that is held to.
const PROMPT_TRIES: u32 = 5;
/// The base of the exponential backoff.
const BASE: Duration = Duration::from_secs(2);

/// Returns how long before its end a credential with this lifetime is renewed, without jitter:
/// `min(max(60 s, min(10 % of the lifetime, 5 min)), half the lifetime)`.
#[must_use]
pub fn lead(lifetime: Duration) -> Duration {
    let tenth = (lifetime / 10).min(Duration::from_secs(300));
    tenth.max(Duration::from_secs(60)).min(lifetime / 2)
}

/// Returns when to renew a credential; `random` in 0..1 moves it by up to a tenth of the lead either way.
#[must_use]
pub fn refresh_at(obtained_at: Timestamp, expires_at: Timestamp, random: f64) -> Timestamp {
    let lifetime = between(obtained_at, expires_at);
    let lead = lead(lifetime);
    let jitter = lead.mul_f64(0.2 * random.clamp(0.0, 1.0));
    let ahead = (lead.mul_f64(0.9) + jitter).min(lifetime);
    before(expires_at, ahead).max(obtained_at)
}

/// Returns when a credential is renewed by itself: ahead of the access token's end, ahead of the refresh token's, and
/// often enough that a refresh token which dies of disuse stays alive; whichever comes first.
#[must_use]
pub fn next_refresh(
    now: Timestamp,
    expires_at: Option<Timestamp>,
    refresh_expires_at: Option<Timestamp>,
    dies_idle_after: Option<Duration>,
    random: f64,
) -> Option<Timestamp> {
    let of_access = expires_at.map(|end| refresh_at(now, end, random));
    let of_refresh = refresh_expires_at.map(|end| refresh_at(now, end, random));
    let alive = dies_idle_after.map(|idle| {
        let often = (idle / 2).min(KEEP_ALIVE);
        after(now, often.mul_f64(0.1_f64.mul_add(-random.clamp(0.0, 1.0), 1.0)))
    });
    [of_access, of_refresh, alive].into_iter().flatten().min()
}

/// Returns when the app is asked whether a credential still works: daily, unless it is renewed more often than that,
/// which tells as much.
#[must_use]
pub fn next_check(now: Timestamp, next_refresh_at: Option<Timestamp>, random: f64) -> Option<Timestamp> {
    let at = after(now, DAILY.mul_f64(0.2_f64.mul_add(-random.clamp(0.0, 1.0), 1.1)));
    next_refresh_at.is_none_or(|refresh| refresh > at).then_some(at)
}

/// Returns how long to wait after an exchange whose outcome is open: briefly, so that the next one with the same token
/// falls into the provider's grace window.
#[must_use]
pub fn prompt(attempts: u32, wait: Duration) -> Duration {
    if attempts <= PROMPT_TRIES { wait.min(PROMPT) } else { wait }
}

/// Returns how long to wait after `attempts` failures in a row (1 = the first), with full jitter:
/// anything from a tenth of a second to the ceiling, `random` in 0..1.
#[must_use]
pub fn backoff(attempts: u32, failing_for: Duration, retry_after: Option<Duration>, random: f64) -> Duration {
    let ceiling = backoff_ceiling(attempts, failing_for);
    let floor = Duration::from_millis(100);
    let wait = floor + (ceiling.saturating_sub(floor)).mul_f64(random.clamp(0.0, 1.0));
    match retry_after {
        Some(asked) => wait.max(asked.min(RETRY_AFTER_CAP)),
        None => wait,
    }
}

/// Returns the longest wait that [`backoff`] gives without a Retry-After.
#[must_use]
pub fn backoff_ceiling(attempts: u32, failing_for: Duration) -> Duration {
    let cap = if failing_for >= YOUNG { LONG_CAP } else { CAP };
    let exponent = attempts.saturating_sub(1).min(16);
    BASE.saturating_mul(1 << exponent).min(cap)
}

/// Returns the time from one point to a later one, zero when it isn't later.
#[must_use]
pub fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO)
}

/// Returns a point that much later, at the end of time at the latest.
#[must_use]
pub fn after(point: Timestamp, wait: Duration) -> Timestamp {
    point.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// Returns a point that much earlier.
#[must_use]
pub fn before(point: Timestamp, wait: Duration) -> Timestamp {
    point.checked_sub(wait).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seconds(n: i64) -> Timestamp {
        Timestamp::from_second(n).unwrap()
    }

    #[test]
    fn r30_the_lead_follows_the_rule() {
        for (lifetime, expected) in [(3600, 300), (600, 60), (1200, 120), (86_400, 300), (60, 30), (10, 5), (1, 0)] {
            assert_eq!(lead(Duration::from_secs(lifetime)).as_secs(), expected, "{lifetime}");
        }
    }

    #[test]
    fn a_renewal_comes_ahead_of_whatever_ends_first() {
        let day = 86_400;
        let idle = |days: u64| Some(Duration::from_secs(days * 86_400));
        for (access, refresh, dies, expected) in [
            (Some(3600), None, None, Some(3300)),
            (Some(3600), None, idle(90), Some(3300)),
            (None, None, None, None),
            (None, None, idle(90), Some(7 * day)),
            (None, None, idle(10), Some(5 * day)),
            (Some(30 * day), None, idle(60), Some(7 * day)),
            (None, Some(1800), None, Some(1800 - 180)),
            (Some(3600), Some(1800), None, Some(1800 - 180)),
        ] {
            // With 0.5 the jitter of ends is none; that of keeping alive shortens by a twentieth.
            let at = next_refresh(seconds(0), access.map(seconds), refresh.map(seconds), dies, 0.5);
            let expected = match (expected, access.is_some_and(|a| a < day) || refresh.is_some()) {
                (Some(at), false) => Some(at - at / 20),
                (at, _) => at,
            };
            assert_eq!(at.map(Timestamp::as_second), expected, "{access:?} {refresh:?} {dies:?}");
        }
    }

    #[test]
    fn r100_what_is_renewed_daily_is_not_asked_about() {
        let day = 86_400;
        assert_eq!(next_check(seconds(0), None, 0.5), Some(seconds(day)));
        assert_eq!(next_check(seconds(0), Some(seconds(3600)), 0.5), None);
        assert_eq!(next_check(seconds(0), Some(seconds(7 * day)), 0.5), Some(seconds(day)));
        assert_eq!(next_check(seconds(0), None, 0.0), Some(seconds(day * 11 / 10)));
        assert_eq!(next_check(seconds(0), None, 1.0), Some(seconds(day * 9 / 10)));
    }

    #[test]
    fn r43_an_open_outcome_is_asked_about_soon_but_not_for_ever() {
        let long = Duration::from_secs(240);
        assert_eq!(prompt(1, long), PROMPT);
        assert_eq!(prompt(5, long), PROMPT);
        assert_eq!(prompt(6, long), long);
        assert_eq!(prompt(1, Duration::from_millis(300)), Duration::from_millis(300));
    }

    proptest! {
        #[test]
        fn r30_renewal_falls_between_half_the_lifetime_and_the_end(lifetime in 2i64..1_000_000, random in 0.0f64..1.0) {
            let at = refresh_at(seconds(0), seconds(lifetime), random);
            prop_assert!(at < seconds(lifetime));
            prop_assert!(at >= seconds(0) + jiff::SignedDuration::from_millis(lifetime * 440));
        }

        #[test]
        fn r31_waits_are_bounded_and_the_ceiling_never_falls(attempts in 1u32..200, random in 0.0f64..1.0, hours in 0u64..100) {
            let failing = Duration::from_secs(hours * 3600);
            let wait = backoff(attempts, failing, None, random);
            prop_assert!(wait >= Duration::from_millis(100));
            let cap = if hours < 24 { CAP } else { LONG_CAP };
            prop_assert!(wait <= cap);
            prop_assert!(backoff_ceiling(attempts + 1, failing) >= backoff_ceiling(attempts, failing));
        }

        #[test]
        fn r31_retry_after_is_honoured_up_to_an_hour(asked in 0u64..100_000, random in 0.0f64..1.0) {
            let wait = backoff(1, Duration::ZERO, Some(Duration::from_secs(asked)), random);
            prop_assert!(wait >= Duration::from_secs(asked.min(3600)));
            prop_assert!(wait <= Duration::from_secs(asked.clamp(2, 3600)));
        }
    }
}
