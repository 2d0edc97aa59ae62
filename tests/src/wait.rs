//! Waiting for what other processes do, with a limit and a sentence that says what was waited for.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

const STEP: Duration = Duration::from_millis(25);

/// Waits until `ready` gives something.
///
/// # Errors
/// Fails with `what` when the time is over, or when `ready` fails.
pub fn until<T>(what: &str, limit: Duration, mut ready: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let started = Instant::now();
    loop {
        if let Some(value) = ready()? {
            return Ok(value);
        }
        if started.elapsed() > limit {
            bail!("waited {} s in vain: {what}", limit.as_secs());
        }
        std::thread::sleep(STEP);
    }
}

/// Waits until `holds` is true.
///
/// # Errors
/// As [`until`].
pub fn until_true(what: &str, limit: Duration, mut holds: impl FnMut() -> Result<bool>) -> Result<()> {
    until(what, limit, || Ok(holds()?.then_some(())))
}

/// Checks that something stays true for a while; for what must not happen.
///
/// # Errors
/// Fails as soon as it doesn't hold.
pub fn throughout(what: &str, time: Duration, mut holds: impl FnMut() -> Result<bool>) -> Result<()> {
    let started = Instant::now();
    while started.elapsed() < time {
        if !holds()? {
            bail!("did not stay so: {what}");
        }
        std::thread::sleep(STEP);
    }
    Ok(())
}
