//! The life of a token through deaths of the engine: at every step of a rotation, at random, and by a signal. What the
//! provider accepts afterwards is the judge, and its own log.

use std::time::Duration;

use membrane_tests::faults::{Faults, Rotation, Rules, sign_in_again, sign_in_through};
use membrane_tests::home::Home;
use membrane_tests::{Context, Result, bail, ensure, wait};

const SOON: Duration = Duration::from_secs(20);
const TOKEN: &str = r#"rotation = "single-use", lifetime = 3600"#;

fn start(rules: Rules) -> Result<(Faults, Home)> {
    let faults = Faults::start(rules)?;
    let home = Home::with_key()?;
    home.add_app(&faults.app_file("acme", TOKEN))?;
    Ok((faults, home))
}

fn long() -> bool {
    std::env::var_os("MEMBRANE_TEST_LONG").is_some()
}

/// What must be true after a death, whatever happened: a token that the provider accepts, or the honest reason.
fn judge(faults: &Faults, home: &Home, id: &str, may_be_lost: bool) -> Result<bool> {
    let now = home.until(id, "a verdict", SOON, |now| {
        now["disconnected"] == true || (now["retryAttempts"] == 0 && now["connected"] == true)
    })?;
    if now["connected"] == true {
        // Renewing proves that what is on the disk is what the provider has.
        let renewed = home.call("POST", &format!("/connections/{id}/refresh-credentials"), None)?;
        if renewed.status == 200 {
            let token = home.api("GET", &format!("/connections/{id}/token"), None)?;
            ensure!(faults.takes(token["accessToken"].as_str().context("no token")?), "a token that is of no use");
            return Ok(true);
        }
    }
    let now = home.connection(id)?;
    ensure!(now["reason"] == "rotation-lost", "{now}");
    ensure!(may_be_lost, "a token was lost that could have been kept: {now} {:#?}", faults.log());
    Ok(false)
}

/// Lets the engine die at one step of a rotation and looks what is left.
fn dies_at(place: &str, rotation: Rotation, may_be_lost: bool) -> Result<()> {
    let (faults, mut home) = start(Rules { rotation, ..Rules::default() })?;
    let engine = home.serve()?;
    let id = sign_in_through(&home, "acme")?["id"].as_str().context("no id")?.to_owned();
    engine.end()?;
    let rounds = if long() { 125 } else { 4 };
    for round in 0..rounds {
        home.set("MEMBRANE_KILL_AT", place);
        let mut engine = home.serve()?;
        let before = faults.refreshes();
        let cut = home.call("POST", &format!("/connections/{id}/refresh-credentials"), None);
        ensure!(cut.is_err(), "round {round}: the engine outlived {place}: {cut:?}");
        engine.running.wait(SOON)?;
        ensure!((faults.refreshes() > before) == (place != "journalled"), "round {round}: {place} is somewhere else");
        drop(engine);
        home.set("MEMBRANE_KILL_AT", "");
        let engine = home.serve()?;
        if !judge(&faults, &home, &id, may_be_lost).with_context(|| format!("round {round} at {place}"))? {
            sign_in_again(&home, &id)?;
        }
        engine.end()?;
    }
    Ok(())
}

const GRACE: Rotation = Rotation::Grace(Duration::from_secs(60));

#[test]
fn r40_killed_before_the_token_leaves() -> Result<()> {
    dies_at("journalled", Rotation::Strict, false)
}

#[test]
fn r41_killed_before_the_answer_is_written_with_grace() -> Result<()> {
    dies_at("answered", GRACE, false)
}

#[test]
fn r41_killed_before_the_answer_is_written_where_the_next_use_ends_the_old_one() -> Result<()> {
    dies_at("answered", Rotation::UntilUse, false)
}

#[test]
fn r41_killed_before_the_answer_is_written_without_grace() -> Result<()> {
    dies_at("answered", Rotation::Strict, true)
}

#[test]
fn r41_killed_in_the_middle_of_writing_with_grace() -> Result<()> {
    dies_at("keeping", GRACE, false)
}

#[test]
fn r41_killed_in_the_middle_of_writing_without_grace() -> Result<()> {
    dies_at("keeping", Rotation::Strict, true)
}

#[test]
fn r41_killed_after_the_answer_is_written() -> Result<()> {
    dies_at("kept", Rotation::Strict, false)
}

#[test]
fn r41_killed_after_a_disconnect_is_written_tells_it_once() -> Result<()> {
    let (faults, mut home) = start(Rules::default())?;
    let engine = home.serve()?;
    let id = sign_in_through(&home, "acme")?["id"].as_str().context("no id")?.to_owned();
    engine.end()?;
    faults.revoke_all();
    home.set("MEMBRANE_KILL_AT", "lost");
    let mut engine = home.serve()?;
    let cut = home.call("POST", &format!("/connections/{id}/refresh-credentials"), None);
    ensure!(cut.is_err(), "{cut:?}");
    engine.running.wait(SOON)?;
    drop(engine);
    home.set("MEMBRANE_KILL_AT", "");
    let engine = home.serve()?;
    ensure!(home.connection(&id)?["reason"] == "revoked", "the disconnect was not written");
    ensure!(home.events_of(&id)? == ["connection.created", "connection.disconnected"], "{:?}", home.events_of(&id)?);
    engine.end()
}

#[test]
fn r42_a_signal_does_not_cut_an_exchange_short() -> Result<()> {
    let (faults, home) = start(Rules { latency: Duration::from_secs(1), ..Rules::default() })?;
    let engine = home.serve()?;
    let id = sign_in_through(&home, "acme")?["id"].as_str().context("no id")?.to_owned();
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| home.call("POST", &format!("/connections/{id}/refresh-credentials"), None));
        wait::until_true("the exchange", SOON, || under_way(&home))?;
        engine.end()?;
        // The caller may have been answered or not; the exchange was finished either way.
        let _answered = asked.join();
        Ok::<_, membrane_tests::Error>(())
    })?;
    ensure!(faults.refreshes() == 1, "{:#?}", faults.log());
    let engine = home.serve()?;
    ensure!(judge(&faults, &home, &id, false)?, "it was lost");
    ensure!(faults.reuses() == 0, "a spent token was sent again");
    engine.end()
}

/// Tells whether an exchange holds its lock.
fn under_way(home: &Home) -> Result<bool> {
    let folder = home.path().join("data/renewing");
    Ok(folder.is_dir() && std::fs::read_dir(folder)?.next().is_some())
}

/// A little generator, so that a failing run can be told by its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Kills at random moments from outside while the token is renewed over and over.
fn killed_at_random(rotation: Rotation, may_be_lost: bool) -> Result<()> {
    let rules =
        Rules { rotation, access_ttl: Duration::from_secs(2), latency: Duration::from_millis(20), ..Rules::default() };
    let (faults, home) = start(rules)?;
    let engine = home.serve()?;
    let id = sign_in_through(&home, "acme")?["id"].as_str().context("no id")?.to_owned();
    engine.kill()?;
    let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    let mut random = Random(seed);
    let rounds = if long() { 250 } else { 12 };
    for round in 0..rounds {
        let engine = home.serve()?;
        // Somebody renews as fast as it goes, so that most kills fall into an exchange.
        std::thread::scope(|scope| {
            scope.spawn(|| while home.call("POST", &format!("/connections/{id}/refresh-credentials"), None).is_ok() {});
            std::thread::sleep(Duration::from_millis(random.below(250)));
            engine.kill()
        })?;
        let engine = home.serve()?;
        let kept = judge(&faults, &home, &id, may_be_lost).with_context(|| format!("seed {seed}, round {round}"))?;
        if !kept {
            sign_in_again(&home, &id)?;
        }
        engine.kill()?;
    }
    // The provider's log: a token that came back spent is always the last one that it replaced, whose answer got lost;
    // one that was spent earlier would mean that a newer one was on the disk and was not used.
    let log = faults.log();
    let refreshes: Vec<_> = log.iter().filter(|entry| entry.route == "refresh").collect();
    for (place, entry) in refreshes.iter().enumerate().filter(|(_, entry)| entry.outcome == "reuse") {
        let replaced = refreshes[..place].iter().rev().find(|one| one.outcome == "ok");
        ensure!(replaced.is_some_and(|one| one.token == entry.token), "seed {seed}: {:#?}", &refreshes[..=place]);
    }
    if !may_be_lost && faults.reuses() > 0 {
        bail!("seed {seed}: a family was ended");
    }
    Ok(())
}

#[test]
fn r41_r43_killed_at_random_moments_with_grace_nothing_is_lost() -> Result<()> {
    killed_at_random(GRACE, false)
}

#[test]
fn r41_r43_killed_at_random_moments_without_grace_the_reason_is_honest() -> Result<()> {
    killed_at_random(Rotation::Strict, true)
}

#[test]
fn r47_an_older_copy_of_the_folder_asks_for_a_sign_in_instead_of_ending_the_family() -> Result<()> {
    let (faults, home) = start(Rules::default())?;
    home.add_app(&faults.app_file("beta", TOKEN))?;
    let engine = home.serve()?;
    let renewed = sign_in_through(&home, "acme")?["id"].as_str().context("no id")?.to_owned();
    let untouched = sign_in_through(&home, "beta")?["id"].as_str().context("no id")?.to_owned();
    let refresh = |id: &str| home.call("POST", &format!("/connections/{id}/refresh-credentials"), None);
    ensure!(refresh(&renewed)?.status == 200, "it does not renew");
    engine.end()?;
    let (data, copy) = (home.path().join("data"), home.path().join("copy"));
    let copied = std::process::Command::new("cp").arg("-a").args([&data, &copy]).status()?;
    ensure!(copied.success(), "the folder was not copied");
    let engine = home.serve()?;
    ensure!(refresh(&renewed)?.status == 200, "it does not renew");
    engine.end()?;
    std::fs::remove_dir_all(&data)?;
    std::fs::rename(&copy, &data)?;
    let sent = faults.refreshes();
    let engine = home.serve()?;
    let refused = refresh(&renewed)?;
    ensure!(refused.json()?["data"]["code"] == "disconnected", "{refused:?}");
    let now = home.connection(&renewed)?;
    ensure!(now["reason"] == "old-copy" && faults.refreshes() == sent, "{now} {:#?}", faults.log());
    // What was not renewed since the copy was made is as good as it was.
    ensure!(refresh(&untouched)?.status == 200 && home.connection(&untouched)?["connected"] == true, "beta was lost");
    sign_in_again(&home, &renewed)?;
    for _ in 0..2 {
        ensure!(refresh(&renewed)?.status == 200, "{}", home.connection(&renewed)?);
    }
    ensure!(faults.reuses() == 0, "a spent token was sent");
    engine.end()
}

#[test]
fn r35_two_engines_do_not_share_a_folder_and_a_killed_ones_lock_is_free() -> Result<()> {
    let (_faults, home) = start(Rules::default())?;
    let engine = home.serve()?;
    let refused = home.cli(&["serve", "--json"])?;
    ensure!(refused.code != 0 && refused.error()?["code"] == "already_running", "{refused:?}");
    engine.kill()?;
    home.serve()?.end()
}
