//! When a delivery that failed is tried again: ten attempts over three days, each a little off, so that receivers that
//! come back are not met by everything at once.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
/// How long after each attempt the next one comes; after the last there is none.
const WAITS: [u64; 9] = [5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];
/// How much longer a wait may be than planned, as a part of it.
const JITTER: f64 = 0.1;
/// The longest that a receiver may ask for.
const ASKED_MAX: Duration = Duration::from_secs(24 * HOUR);

/// Tells how long to wait after so many attempts; none when the delivery is given up. `unit` is random, 0 to 1; `asked`
/// is what the receiver asks for.
pub(crate) fn wait(attempts: u32, unit: f64, asked: Option<Duration>) -> Option<Duration> {
    let index = usize::try_from(attempts.checked_sub(1)?).ok()?;
    let planned = Duration::from_secs(*WAITS.get(index)?).mul_f64(1.0 + JITTER * unit.clamp(0.0, 1.0));
    Some(planned.max(asked.unwrap_or_default().min(ASKED_MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r81_ten_attempts_over_three_days() {
        let waits: Vec<u64> = (1..).map_while(|attempts| wait(attempts, 0.0, None)).map(|w| w.as_secs()).collect();
        assert_eq!(waits, [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]);
        let days = waits.iter().sum::<u64>() as f64 / 86_400.0;
        assert!((3.0..3.3).contains(&days), "{days}");
        assert_eq!(wait(10, 0.5, None), None);
        assert_eq!(wait(0, 0.5, None), None);
    }

    #[test]
    fn r81_waits_are_never_shorter_than_planned_and_hardly_longer() {
        assert_eq!(wait(2, 1.0, None), Some(Duration::from_secs(330)));
        assert_eq!(wait(2, 7.0, None), Some(Duration::from_secs(330)));
        assert_eq!(wait(1, 0.0, Some(Duration::from_secs(60))), Some(Duration::from_secs(60)));
        assert_eq!(wait(2, 0.0, Some(Duration::from_secs(60))), Some(Duration::from_secs(300)));
        assert_eq!(wait(1, 0.0, Some(Duration::MAX)), Some(ASKED_MAX));
    }
}
