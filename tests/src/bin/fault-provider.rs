//! The misbehaving provider in a process of its own, for measurements: prints its origin, ends with its standard input.

use std::io::Read as _;
use std::time::Duration;

use anyhow::{Context as _, Result};
use membrane_tests::faults::{Faults, Rotation, Rules};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |what: &str| -> Result<u64> {
        let text = arguments.next().with_context(|| format!("{what} is missing"))?;
        text.parse().with_context(|| format!("{what} is no number"))
    };
    let (latency, places) = (number("the milliseconds per request")?, number("the requests at once")?);
    let faults = Faults::start(Rules {
        rotation: Rotation::Strict,
        latency: Duration::from_millis(latency),
        places: (places > 0).then_some(usize::try_from(places)?),
        seeds: true,
        ..Rules::default()
    })?;
    use std::io::Write as _;
    writeln!(std::io::stdout(), "{}", faults.origin())?;
    let mut end = Vec::new();
    std::io::stdin().read_to_end(&mut end)?;
    Ok(())
}
