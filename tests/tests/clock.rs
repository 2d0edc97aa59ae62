//! Somebody sets the clock while the engine runs (libfaketime): nothing is lost, nothing is hammered, nobody is told.

use std::path::Path;
use std::time::Duration;

use membrane_tests::faults::{Faults, Rules, sign_in_through};
use membrane_tests::home::Home;
use membrane_tests::{Context, Result, bail, ensure, wait};

const SOON: Duration = Duration::from_secs(40);
const TOKEN: &str = r#"rotation = "single-use", lifetime = 3600"#;
const HOUR: i64 = 3600;

/// Where distributions put the library.
fn library() -> Result<String> {
    let places = ["/usr/lib/x86_64-linux-gnu/faketime", "/usr/lib/aarch64-linux-gnu/faketime", "/usr/lib/faketime"];
    let found = places.iter().map(|place| format!("{place}/libfaketimeMT.so.1")).find(|file| Path::new(file).exists());
    found.context("libfaketime is not installed; `cargo xtask test` installs it")
}

fn set(home: &Home, offset: i64) -> Result<()> {
    let draft = home.path().join("clock.new");
    std::fs::write(&draft, format!("{offset:+}"))?;
    Ok(std::fs::rename(draft, home.path().join("clock"))?)
}

/// A home whose programs see a clock that can be set.
fn start() -> Result<(Faults, Home)> {
    let faults = Faults::start(Rules::default())?;
    let mut home = Home::with_key()?;
    home.add_app(&faults.app_file("acme", TOKEN))?;
    set(&home, 0)?;
    let file = home.path().join("clock").to_string_lossy().into_owned();
    home.set("LD_PRELOAD", &library()?);
    home.set("FAKETIME_TIMESTAMP_FILE", &file);
    home.set("FAKETIME_NO_CACHE", "1");
    // Only the clock on the wall is set; the one that counts goes on.
    home.set("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    Ok((faults, home))
}

fn seconds(time: &str) -> Result<i64> {
    let at: membrane_model::Timestamp = time.parse().map_err(|_| membrane_tests::Error::msg("no time"))?;
    Ok(at.as_second())
}

fn now() -> Result<i64> {
    Ok(i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs())?)
}

/// Checks that after setting the clock a token is handed out that works, ends when it should by the new clock, and cost
/// at most one renewal.
fn survives(faults: &Faults, home: &Home, id: &str, offset: i64) -> Result<()> {
    let before = faults.refreshes();
    set(home, offset)?;
    let token = home.api("GET", &format!("/connections/{id}/token"), None)?;
    ensure!(faults.takes(token["accessToken"].as_str().context("no token")?), "{offset:+}: a token of no use");
    let left = seconds(token["expiresAt"].as_str().context("no end")?)? - now()? - offset;
    ensure!((1..=HOUR + 2).contains(&left), "{offset:+}: it is said to last {left} s");
    wait::throughout("one renewal is enough", Duration::from_secs(3), || Ok(faults.refreshes() <= before + 1))?;
    let shown = home.connection(id)?;
    ensure!(shown["connected"] == true && shown["retryAttempts"] == 0, "{offset:+}: {shown}");
    let next = seconds(shown["nextCredentialsRefreshAt"].as_str().context("no schedule")?)? - now()? - offset;
    ensure!((0..HOUR).contains(&next), "{offset:+}: it is renewed in {next} s");
    Ok(())
}

fn jumps(offsets: &[i64]) -> Result<()> {
    let (faults, home) = start()?;
    let engine = home.serve()?;
    let id = sign_in_through(&home, "acme")?["id"].as_str().context("no id")?.to_owned();
    for offset in offsets {
        survives(&faults, &home, &id, *offset)?;
    }
    ensure!(home.events_of(&id)? == ["connection.created"], "{:?}", home.events_of(&id)?);
    ensure!(faults.reuses() == 0, "a token was lost");
    engine.end()
}

#[test]
fn r37_r38_two_hours_ahead() -> Result<()> {
    jumps(&[2 * HOUR])
}

#[test]
fn r37_r38_one_hour_back() -> Result<()> {
    jumps(&[-HOUR])
}

#[test]
fn r37_r38_thirty_days_ahead() -> Result<()> {
    jumps(&[30 * 24 * HOUR])
}

#[test]
fn r37_r38_there_and_back_again() -> Result<()> {
    jumps(&[2 * HOUR, -HOUR, 0])
}

#[test]
fn r37_a_clock_that_is_set_is_noticed_without_anyone_asking() -> Result<()> {
    let (faults, home) = start()?;
    let engine = home.serve()?;
    let id = sign_in_through(&home, "acme")?["id"].as_str().context("no id")?.to_owned();
    // An hour and a half from now the token has ended: the schedule sees it at its next look.
    set(&home, HOUR + HOUR / 2)?;
    wait::until_true("the renewal", SOON, || Ok(faults.refreshes() == 1))?;
    ensure!(home.connection(&id)?["connected"] == true, "it was taken for a disconnect");
    engine.end()
}

#[test]
fn r38_a_clock_that_was_set_back_while_nothing_ran() -> Result<()> {
    let (faults, home) = start()?;
    set(&home, 5 * HOUR)?;
    let engine = home.serve()?;
    let id = sign_in_through(&home, "acme")?["id"].as_str().context("no id")?.to_owned();
    engine.end()?;
    let engine = match home.serve() {
        Ok(engine) => engine,
        Err(error) => bail!("it did not start again: {error:#}"),
    };
    survives(&faults, &home, &id, 0)?;
    engine.end()
}
