//! The fault table against a provider that we did not write: one refresh goes wrong, then the provider is well again.

use std::time::Duration;

use membrane_tests::browser;
use membrane_tests::home::Home;
use membrane_tests::provider::Provider;
use membrane_tests::{Context, Result, Value, bail, ensure, json, wait};

const SOON: Duration = Duration::from_secs(20);

/// A provider, and a home that knows it as `acme` and is connected to it; rotation is strict unless a grace is set.
fn start(settings: &Value) -> Result<(Provider, Home, String)> {
    let provider = Provider::start(settings)?;
    let home = Home::with_key()?;
    home.add_app(&provider.app_file("acme"))?;
    let id = sign_in(&home, &["--integrationKey", "acme"])?["id"].as_str().context("no id")?.to_owned();
    Ok((provider, home, id))
}

fn sign_in(home: &Home, arguments: &[&str]) -> Result<Value> {
    let (connecting, address) = home.connecting(&[&["--json"], arguments].concat())?;
    browser::sign_in(&address, "ada")?;
    let said = connecting.end()?;
    ensure!(said.code == 0, "{said:?}");
    said.json()
}

/// Tells whether the provider takes the token that is handed out.
fn works(provider: &Provider, home: &Home, id: &str) -> Result<bool> {
    let token = home.json(&["connection", "token", id])?;
    Ok(provider.whoami(token["accessToken"].as_str().context("no token")?)?.as_deref() == Some("ada"))
}

/// Signs in again, after which everything is as if nothing had been.
fn mend(provider: &Provider, home: &Home, id: &str) -> Result<()> {
    let back = sign_in(home, &["--connectionId", id])?;
    ensure!(back["id"] == *id && back["connected"] == true && back["errors"] == json!([]), "{back}");
    ensure!(works(provider, home, id)?, "it does not work again");
    home.json(&["connection", "refresh", id])?;
    let events = home.events_of(id)?;
    ensure!(events == ["connection.created", "connection.disconnected", "connection.reconnected"], "{events:?}");
    Ok(())
}

#[test]
fn r32_bad_weather_is_never_a_disconnect() -> Result<()> {
    let (provider, home, id) = start(&json!({}))?;
    for mode in ["503", "html", "html-403", "429", "reset"] {
        provider.fault(mode, 9)?;
        let said = home.cli(&["connection", "refresh", &id, "--json"])?;
        ensure!(said.code == 6 && said.error()?["code"] == "provider_unavailable", "{mode}: {said:?}");
        let now = home.connection(&id)?;
        ensure!(now["connected"] == true && now["retryAttempts"].as_u64() > Some(0), "{mode}: {now}");
        ensure!(now["nextRetryTimestamp"].is_string(), "{mode}: {now}");
        provider.well_again()?;
        home.json(&["connection", "refresh", &id])?;
        let now = home.connection(&id)?;
        ensure!(now["health"]["status"] == "connected" && now["retryAttempts"] == 0, "{mode}: {now}");
    }
    ensure!(home.events_of(&id)? == ["connection.created"], "weather made an event");
    Ok(())
}

#[test]
fn r32_one_wrong_answer_is_asked_about_again_before_it_is_believed() -> Result<()> {
    let (provider, home, id) = start(&json!({}))?;
    provider.fault("invalid_grant", 1)?;
    let now = home.json(&["connection", "refresh", &id])?;
    ensure!(now["connected"] == true, "{now}");
    Ok(())
}

#[test]
fn r35_many_callers_share_one_renewal() -> Result<()> {
    let (provider, home, id) = start(&json!({ "accessTtl": 12 }))?;
    // What it has ends soon; what comes next lasts for everybody.
    provider.change(&json!({ "accessTtl": 3600 }))?;
    let first = home.api("GET", &format!("/connections/{id}/token"), None)?;
    ensure!(provider.refreshes()? == 0, "it was renewed already");
    let tokens = std::thread::scope(|scope| {
        let ask = || {
            wait::until("another token", SOON, || {
                let now = home.api("GET", &format!("/connections/{id}/token?minValid=1800"), None)?;
                Ok(Some(now).filter(|now| now["accessToken"] != first["accessToken"]))
            })
        };
        let threads: Vec<_> = (0..20).map(|_| scope.spawn(ask)).collect();
        let end = |thread: std::thread::ScopedJoinHandle<'_, Result<Value>>| match thread.join() {
            Ok(answer) => answer,
            Err(_) => bail!("a thread ended"),
        };
        threads.into_iter().map(end).collect::<Result<Vec<_>>>()
    })?;
    ensure!(tokens.iter().all(|one| one["accessToken"] == tokens[0]["accessToken"]), "they got different tokens");
    ensure!(provider.whoami(tokens[0]["accessToken"].as_str().context("no token")?)?.is_some(), "it is of no use");
    ensure!(provider.refreshes()? == 1, "{:#?}", provider.log()?);
    Ok(())
}

#[test]
fn r43_an_answer_that_got_lost_is_asked_for_again_within_the_grace() -> Result<()> {
    let (provider, home, id) = start(&json!({ "graceSeconds": 5 }))?;
    provider.fault("lost", 1)?;
    let now = home.json(&["connection", "refresh", &id])?;
    ensure!(now["connected"] == true && now["retryAttempts"] == 0, "{now}");
    ensure!(works(&provider, &home, &id)?, "it does not work any more");
    Ok(())
}

#[test]
fn r43_a_lost_answer_without_a_grace_says_exactly_why() -> Result<()> {
    let (provider, home, id) = start(&json!({}))?;
    provider.fault("lost", 1)?;
    let said = home.cli(&["connection", "refresh", &id, "--json"])?;
    ensure!(said.code == 8 && said.error()?["code"] == "disconnected", "{said:?}");
    let lost = home.connection(&id)?;
    ensure!(lost["disconnected"] == true && lost["reason"] == "rotation-lost", "{lost}");
    ensure!(lost["health"]["sentence"].as_str().is_some_and(|text| text.contains("got lost on the way")), "{lost}");
    // The provider took the second request for theft, as it should; that is what can't be helped.
    ensure!(provider.live_refresh_tokens()? == 0, "{:#?}", provider.log()?);
    mend(&provider, &home, &id)
}

#[test]
fn r32_r39_a_grant_that_is_gone_is_told_once_and_left_alone() -> Result<()> {
    let (provider, home, id) = start(&json!({}))?;
    provider.revoke_all()?;
    for _ in 0..3 {
        let said = home.cli(&["connection", "refresh", &id, "--json"])?;
        ensure!(said.code == 8 && said.error()?["code"] == "disconnected", "{said:?}");
    }
    let log = provider.log()?;
    let asked = log.iter().filter(|one| one["grant"] == "refresh_token").count();
    ensure!(asked == 2, "once, and once more before it is believed: {log:#?}");
    ensure!(home.connection(&id)?["reason"] == "revoked", "{}", home.connection(&id)?);
    mend(&provider, &home, &id)
}

#[test]
fn r32_a_refused_client_is_said_and_nothing_is_thrown_away() -> Result<()> {
    let (provider, home, id) = start(&json!({}))?;
    provider.fault("invalid_client", 1)?;
    let said = home.cli(&["connection", "refresh", &id, "--json"])?;
    ensure!(said.code == 8, "{said:?}");
    let now = home.connection(&id)?;
    ensure!(now["reason"] == "client-invalid" && now["state"] == "CONFIGURATION_ERROR", "{now}");
    ensure!(provider.live_refresh_tokens()? == 1, "the token was revoked");
    mend(&provider, &home, &id)
}

#[test]
fn r31_a_provider_that_asks_for_peace_gets_it_and_is_asked_again_by_itself() -> Result<()> {
    let (provider, home, id) = start(&json!({}))?;
    // It asks for two seconds.
    provider.fault("429", 1)?;
    let said = home.cli(&["connection", "refresh", &id, "--json"])?;
    ensure!(said.code == 6 && said.error()?["code"] == "provider_unavailable", "{said:?}");
    ensure!(works(&provider, &home, &id)?, "the good token is not handed out");
    wait::until_true("the renewal", SOON, || Ok(provider.refreshes()? == 1))?;
    let log = provider.log()?;
    let at = |fits: &dyn Fn(&Value) -> bool| log.iter().find(|one| fits(one)).and_then(|one| one["at"].as_i64());
    let refused = at(&|one| one["fault"] == "429").context("nothing was refused")?;
    let renewed = at(&|one| one["grant"] == "refresh_token").context("nothing was renewed")?;
    ensure!(renewed - refused >= 1990, "it came back after {} ms", renewed - refused);
    home.until(&id, "it to be well", SOON, |now| now["health"]["status"] == "connected" && now["retryAttempts"] == 0)?;
    ensure!(home.events_of(&id)? == ["connection.created"], "weather made an event");
    Ok(())
}
