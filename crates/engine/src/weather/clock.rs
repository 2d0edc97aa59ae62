//! Two clocks: the one on the wall, which people and servers set, and the one that only counts on.

use std::sync::{Mutex, PoisonError};

use membrane_model::{Fault, Timestamp};
use membrane_store::{Store, StoreError};
use rustix::time::{ClockId, clock_gettime};

use crate::Engine;

/// A difference up to this is the clocks' own drift.
const DRIFT_MS: i64 = 5_000;
const KEY: &str = "clock";

/// How far the wall clock is ahead of the counting one; it stays the same unless somebody sets the clock.
#[derive(Debug, Default)]
pub(crate) struct Clock(Mutex<i64>);

/// Returns the milliseconds that this computer has been running for, its sleep included.
fn counted_ms() -> i64 {
    let time = clock_gettime(ClockId::Boottime);
    time.tv_sec.saturating_mul(1000).saturating_add(time.tv_nsec / 1_000_000)
}

fn ahead_ms() -> i64 {
    Timestamp::now().as_millisecond().saturating_sub(counted_ms())
}

/// Names the time since the computer was started; without a name nothing is compared with earlier.
fn this_start() -> Option<String> {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok().map(|id| id.trim().to_owned())
}

impl Clock {
    /// Reads the clocks, and heeds what was done to them while nobody looked.
    pub(crate) fn open(store: &Store) -> Result<Self, StoreError> {
        let ahead = ahead_ms();
        if let Some(start) = this_start() {
            let noted = store.read(|tx| tx.meta(KEY))?;
            let before = noted.as_deref().and_then(|text| text.split_once(' '));
            let before = before.filter(|(noted, _)| *noted == start).and_then(|(_, ahead)| ahead.parse::<i64>().ok());
            heed(store, before.unwrap_or(ahead), ahead)?;
            let note = format!("{start} {ahead}");
            if noted.as_deref() != Some(&note) {
                store.write(|tx| tx.set_meta(KEY, &note))?;
            }
        }
        Ok(Self(Mutex::new(ahead)))
    }

    /// Tells by how much the wall clock was set since the last look, and looks.
    fn set_by(&self) -> Option<(i64, i64)> {
        let ahead = ahead_ms();
        let mut before = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = (ahead - *before).abs() > DRIFT_MS;
        changed.then(|| (std::mem::replace(&mut *before, ahead), ahead))
    }
}

/// A clock that was set back takes everything noted by it along, else nothing would be renewed for that long. After one
/// that was set forward everything is early, which does no harm; that the tokens aged meanwhile can't be ruled out,
/// since a paused virtual machine looks the same.
fn heed(store: &Store, before: i64, ahead: i64) -> Result<(), StoreError> {
    let by = ahead - before;
    if by < -DRIFT_MS {
        store.write(|tx| tx.move_times(by))?;
    }
    Ok(())
}

impl Engine {
    /// Looks whether somebody set the clock; returns whether they did.
    pub(crate) async fn heed_clock(&self) -> Result<bool, Fault> {
        let Some((before, ahead)) = self.inner().clock.set_by() else { return Ok(false) };
        tracing::info!(seconds = (ahead - before) / 1000, "the clock was set");
        self.write(move |tx| {
            if ahead - before < -DRIFT_MS {
                tx.move_times(ahead - before)?;
            }
            match this_start() {
                Some(start) => tx.set_meta(KEY, &format!("{start} {ahead}")),
                None => Ok(()),
            }
        })
        .await?;
        self.inner().wake.notify_one();
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r37_a_clock_that_nobody_sets_is_no_news() {
        let clock = Clock(Mutex::new(ahead_ms()));
        assert_eq!(clock.set_by(), None);
        *clock.0.lock().unwrap() -= 7_200_000;
        let (before, ahead) = clock.set_by().unwrap();
        assert!((7_199_000..7_201_000).contains(&(ahead - before)));
        assert_eq!(clock.set_by(), None);
    }
}
