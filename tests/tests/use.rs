//! Use finds the truth, from outside: a program reports a 401, a person names a key's end, and everybody is told why.

use std::time::Duration;

use membrane_tests::desktop::{Desktop, Silent};
use membrane_tests::faults::{Fault, Faults, Rules, sign_in_again, sign_in_through};
use membrane_tests::home::Home;
use membrane_tests::{Context, Result, ensure, json, wait};

const SOON: Duration = Duration::from_secs(20);
const TOKEN: &str = r#"rotation = "single-use", lifetime = 3600"#;

fn start() -> Result<(Faults, Home)> {
    let faults = Faults::start(Rules::default())?;
    let home = Home::with_key()?;
    home.add_app(&faults.app_file("acme", TOKEN))?;
    Ok((faults, home))
}

#[test]
fn a_program_that_got_a_401_gets_a_token_that_works() -> Result<()> {
    let (faults, home) = start()?;
    let engine = home.serve()?;
    let id = sign_in_through(&home, "acme")?["id"].as_str().context("no id")?.to_owned();
    faults.end_access();
    let report = home.api("POST", &format!("/connections/{id}/report"), None)?;
    ensure!(report["retry"] == true && report["connection"]["connected"] == true, "{report}");
    let token = home.api("GET", &format!("/connections/{id}/token"), None)?;
    ensure!(faults.takes(token["accessToken"].as_str().context("no token")?), "it is of no use");
    faults.revoke_all();
    let tested = home.api("POST", &format!("/connections/{id}/test"), None)?;
    ensure!(tested["success"] == false, "{tested}");
    engine.end()
}

#[test]
fn r101_a_keys_end_is_named_shown_and_taken_back() -> Result<()> {
    let (_faults, home) = start()?;
    let arguments = ["connect", "--integrationKey", "acme", "--authMethod", "key", "--secretsFromStdin", "--json"];
    let said = home.cli_with(r#"{"key":"key-good-1"}"#, &arguments)?;
    ensure!(said.code == 0, "{said:?}");
    let id = said.json()?["id"].as_str().context("no id")?.to_owned();
    let shown = home.json(&["connection", "end", &id, "2099-12-31"])?;
    ensure!(
        shown["expiresAt"].as_str().is_some_and(|end| end.starts_with("2099-12-31") || end.starts_with("2100-01-01")),
        "{shown}"
    );
    for wrong in ["tomorrow", "2020-01-01", ""] {
        let refused = home.cli(&["connection", "end", &id, wrong, "--json"])?;
        ensure!(refused.code != 0 && !refused.error()?["hint"].is_null(), "{wrong}: {refused:?}");
    }
    ensure!(home.json(&["connection", "end", &id, "never"])?["expiresAt"].is_null(), "it still ends");
    Ok(())
}

#[test]
fn r39_the_command_line_and_the_api_say_why_in_words() -> Result<()> {
    let (faults, home) = start()?;
    let engine = home.serve()?;
    let id = sign_in_through(&home, "acme")?["id"].as_str().context("no id")?.to_owned();
    let well = home.cli(&["connection", "get", &id])?;
    ensure!(well.out.contains("Renews") && !well.out.contains("Failing"), "{well:?}");
    faults.always(Some(Fault::error(503, "temporarily_unavailable")));
    home.call("POST", &format!("/connections/{id}/refresh-credentials"), None)?;
    let failing = home.cli(&["connection", "get", &id])?;
    ensure!(failing.out.contains("Failing") && failing.out.contains("next"), "{failing:?}");
    faults.always(None);
    faults.revoke_all();
    home.until(&id, "the end", SOON, |now| now["disconnected"] == true)?;
    let lost = home.cli(&["connection", "get", &id])?;
    ensure!(lost.out.contains("somebody signed out there"), "{lost:?}");
    let now = home.connection(&id)?;
    ensure!(now["errors"][0]["data"]["code"] == "disconnected" && now["retryAttempts"] == 0, "{now}");
    ensure!(now["nextRetryTimestamp"] == json!(null), "{now}");
    engine.end()
}

#[test]
fn r84_a_notification_service_that_never_answers_holds_up_nothing() -> Result<()> {
    let desktop = Desktop::start()?;
    let silent = Silent::start(&desktop)?;
    let (faults, mut home) = start()?;
    home.add_app(&faults.app_file("beta", TOKEN))?;
    let bus = desktop.environment().iter().find(|(name, _)| name == "DBUS_SESSION_BUS_ADDRESS").context("no bus")?;
    home.set(&bus.0, &bus.1);
    let engine = home.serve()?;
    let lost = sign_in_through(&home, "acme")?["id"].as_str().context("no id")?.to_owned();
    faults.revoke_all();
    let good = sign_in_through(&home, "beta")?["id"].as_str().context("no id")?.to_owned();
    let refresh = |id: &str| home.call("POST", &format!("/connections/{id}/refresh-credentials"), None);
    ensure!(refresh(&lost)?.json()?["data"]["code"] == "disconnected", "{}", home.connection(&lost)?);
    wait::until_true("the notification", SOON, || Ok(silent.asked() == 1))?;
    // While it hangs there, everybody else is served, and what was lost is mended.
    ensure!(refresh(&good)?.status == 200, "{}", home.connection(&good)?);
    let token = home.api("GET", &format!("/connections/{good}/token"), None)?;
    ensure!(faults.takes(token["accessToken"].as_str().context("no token")?), "it is of no use");
    ensure!(sign_in_again(&home, &lost)?["connected"] == true, "{}", home.connection(&lost)?);
    let events = home.events_of(&lost)?;
    ensure!(events == ["connection.created", "connection.disconnected", "connection.reconnected"], "{events:?}");
    engine.end()
}
