//! The network comes and goes, and the computer sleeps: what NetworkManager and logind say is heeded.

use std::time::Duration;

use membrane_tests::faults::{Fault, Faults, Rules, sign_in_through};
use membrane_tests::home::Home;
use membrane_tests::system::{Connectivity, System};
use membrane_tests::{Context, Result, ensure, wait};

const SOON: Duration = Duration::from_secs(20);
const TOKEN: &str = r#"rotation = "single-use", lifetime = 3600"#;

/// A computer with a network, an engine, and a connection whose token lives for three seconds.
fn start(rules: Rules) -> Result<(System, Faults, Home)> {
    let faults = Faults::start(rules)?;
    let mut home = Home::with_key()?;
    let system = System::start(home.path())?;
    home.set("DBUS_SYSTEM_BUS_ADDRESS", system.address());
    home.add_app(&faults.app_file("acme", TOKEN))?;
    Ok((system, faults, home))
}

fn brief() -> Rules {
    Rules { access_ttl: Duration::from_secs(3), ..Rules::default() }
}

fn network_is(home: &Home, name: &str) -> Result<()> {
    wait::until_true(&format!("the network to be {name}"), SOON, || {
        Ok(home.api("GET", "/status", None)?["network"] == name)
    })
}

#[test]
fn r33_r37_offline_and_captive_stop_the_clockwork_and_nothing_else() -> Result<()> {
    let (system, faults, home) = start(brief())?;
    let engine = home.serve()?;
    network_is(&home, "up")?;
    let id = sign_in_through(&home, "acme")?["id"].as_str().context("no id")?.to_owned();
    wait::until_true("a renewal", SOON, || Ok(faults.refreshes() > 0))?;
    for (connectivity, name) in
        [(Connectivity::None, "down"), (Connectivity::Portal, "sign-in-page"), (Connectivity::Limited, "limited")]
    {
        system.network(connectivity)?;
        network_is(&home, name)?;
        // One may have been under way.
        wait::until_true("the exchange to end", SOON, || Ok(home.connection(&id)?["retryAttempts"] == 0))?;
        let before = faults.refreshes();
        wait::throughout("nothing is sent", Duration::from_secs(5), || Ok(faults.refreshes() <= before + 1))?;
        let now = home.connection(&id)?;
        ensure!(now["connected"] == true && now["disconnected"] == false, "{now}");
        ensure!(now["health"]["status"] == "retrying", "{now}");
        ensure!(now["health"]["warnings"][0]["code"] == "offline", "{now}");
        let paused = faults.refreshes();
        system.network(Connectivity::Full)?;
        network_is(&home, "up")?;
        wait::until_true("the renewal", SOON, || Ok(faults.refreshes() > paused))?;
        home.until(&id, "it to be well", SOON, |now| now["health"]["status"] == "connected")?;
    }
    ensure!(home.events_of(&id)? == ["connection.created"], "weather made an event");
    ensure!(faults.reuses() == 0, "a token was lost");
    engine.end()
}

#[test]
fn r44_nothing_starts_in_the_first_seconds_of_a_network() -> Result<()> {
    let (system, faults, home) = start(brief())?;
    let engine = home.serve()?;
    network_is(&home, "up")?;
    let id = sign_in_through(&home, "acme")?["id"].as_str().context("no id")?.to_owned();
    system.network(Connectivity::None)?;
    network_is(&home, "down")?;
    home.until(&id, "the end of the token", SOON, |now| now["health"]["status"] == "retrying")?;
    let before = faults.refreshes();
    system.network(Connectivity::Full)?;
    network_is(&home, "up")?;
    let came = std::time::Instant::now();
    wait::until_true("the renewal", SOON, || Ok(faults.refreshes() > before))?;
    let waited = came.elapsed();
    ensure!(waited > Duration::from_millis(2500), "it was sent {waited:?} after the network came");
    engine.end()
}

#[test]
fn r37_r44_sleep_is_put_off_for_an_exchange_and_none_starts_before_it() -> Result<()> {
    let (system, faults, home) = start(Rules { latency: Duration::from_millis(800), ..brief() })?;
    let engine = home.serve()?;
    network_is(&home, "up")?;
    let id = sign_in_through(&home, "acme")?["id"].as_str().context("no id")?.to_owned();
    wait::until_true("the wish to stay awake", SOON, || Ok(system.inhibitors()? >= 1))?;
    home.until(&id, "the renewal", SOON, |now| now["retryAttempts"] == 0 && now["connected"] == true)?;
    system.sleep(true)?;
    // What had started ends.
    wait::until_true("the exchange to end", SOON, || Ok(!under_way(&home)?))?;
    let before = faults.refreshes();
    wait::throughout("nothing starts", Duration::from_secs(5), || Ok(faults.refreshes() <= before + 1))?;
    let asleep = faults.refreshes();
    system.sleep(false)?;
    wait::until_true("the renewal after waking", SOON, || Ok(faults.refreshes() > asleep))?;
    home.until(&id, "it to be well", SOON, |now| now["health"]["status"] == "connected")?;
    ensure!(faults.reuses() == 0 && home.events_of(&id)? == ["connection.created"], "sleep lost something");
    engine.end()
}

fn under_way(home: &Home) -> Result<bool> {
    let folder = home.path().join("data/renewing");
    Ok(folder.is_dir() && std::fs::read_dir(folder)?.next().is_some())
}

#[test]
fn r33_what_failed_while_nobody_knew_is_tried_at_once_when_the_network_says_so() -> Result<()> {
    let (system, faults, home) = start(Rules::default())?;
    let engine = home.serve()?;
    network_is(&home, "up")?;
    let id = sign_in_through(&home, "acme")?["id"].as_str().context("no id")?.to_owned();
    faults.always(Some(Fault::Page(200)));
    for _ in 0..6 {
        let _refused = home.call("POST", &format!("/connections/{id}/refresh-credentials"), None)?;
    }
    ensure!(home.connection(&id)?["retryAttempts"].as_u64() > Some(3), "it did not fail");
    system.network(Connectivity::Portal)?;
    network_is(&home, "sign-in-page")?;
    faults.always(None);
    system.network(Connectivity::Full)?;
    home.until(&id, "it to be well", SOON, |now| now["retryAttempts"] == 0)?;
    engine.end()
}

#[test]
fn r98_without_a_system_bus_everything_works() -> Result<()> {
    let faults = Faults::start(brief())?;
    let mut home = Home::with_key()?;
    home.set("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent");
    home.add_app(&faults.app_file("acme", TOKEN))?;
    let engine = home.serve()?;
    sign_in_through(&home, "acme")?;
    wait::until_true("two renewals", SOON, || Ok(faults.refreshes() >= 2))?;
    ensure!(home.api("GET", "/status", None)?["network"] == "unknown", "somebody said something");
    engine.end()
}
