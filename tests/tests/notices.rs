//! What the person is told outside of the window, and where it leads: notifications and the tray, on a desktop of their own.

use std::time::Duration;

use membrane_tests::desktop::{Desktop, Keyring, Notifications, Tray};
use membrane_tests::http::{Address, Request, target_of};
use membrane_tests::process::pictures;
use membrane_tests::provider::Provider;
use membrane_tests::receiver::Receiver;
use membrane_tests::window::Window;
use membrane_tests::{Context, Result, ensure, json, wait};
use url::Url;

const SOON: Duration = Duration::from_secs(20);

/// Puts the window away, so that nobody looks at it.
fn put_away(desktop: &Desktop) -> Result<()> {
    let away = desktop.command("xdotool").args(["search", "--name", "^Membrane$", "windowminimize"]).status()?;
    ensure!(away.success(), "the window could not be put away");
    Ok(())
}

/// Counts the windows that can be seen.
fn windows(desktop: &Desktop) -> Result<usize> {
    let output = desktop.command("xdotool").args(["search", "--onlyvisible", "--name", "^Membrane$"]).output()?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().count())
}

#[test]
fn r84_what_a_program_asks_for_is_told_once_stands_in_the_tray_and_goes_with_its_answer() -> Result<()> {
    let desktop = Desktop::start()?;
    let keyring = Keyring::start(&desktop)?;
    let notifications = Notifications::start(&desktop)?;
    let tray = Tray::start(&desktop)?;
    let provider = Provider::start(&json!({}))?;
    let file = desktop.path().join("acme.toml");
    std::fs::write(&file, provider.app_file("acme"))?;
    let (code, _, err) = desktop.cli(&["app", "add", &file.to_string_lossy()])?;
    ensure!(code == 0, "{err}");
    desktop.install_app()?;
    let window = Window::open(&desktop)?;
    desktop.wait_for_engine()?;
    window.click("welcome-skip")?;
    put_away(&desktop)?;
    let token = desktop.json(&["client", "create", "Cursor"])?["token"].as_str().context("no token")?.to_owned();
    let address = desktop.json(&["status"])?["apiUri"].as_str().context("no address")?.to_owned();
    let address = Url::parse(&format!("{address}/connection-requests"))?;
    let bearer = format!("Bearer {token}");
    let body = json!({ "integrationKey": "acme", "prompt": "To read your contacts." });
    let ask = Request::new("POST", &target_of(&address)).header("authorization", &bearer).json(&body);
    let request = ask.send(&Address::of(&address)?)?.ok()?;
    let up = notifications.until("the notification", SOON, |up| !up.is_empty())?;
    ensure!(up[0].title == "Cursor asks to connect Acme CRM", "{up:?}");
    ensure!(up[0].body == "It says: To read your contacts." && up[0].actions.contains(&"Review".to_owned()), "{up:?}");
    tray.click("Cursor wants Acme CRM…")?;
    wait::until_true("the window to come up", SOON, || Ok(windows(&desktop)? == 1))?;
    window.until_says("Cursor asks to connect Acme CRM")?;
    window.click("request-decline")?;
    notifications.until("the notification to go", SOON, <[_]>::is_empty)?;
    tray.no_entry("Cursor wants")?;
    ensure!(notifications.raised() == 1, "it was told {} times", notifications.raised());
    let target = format!("{}/{}", target_of(&address), request["requestId"].as_str().unwrap_or_default());
    let answer = Request::new("GET", &target).header("authorization", &bearer).send(&Address::of(&address)?)?.ok()?;
    ensure!(answer["status"] == "cancelled", "{answer}");
    window.close()?;
    drop(keyring);
    Ok(())
}

#[test]
fn r83_r84_a_webhook_that_was_turned_off_is_told_once_and_the_notification_leads_to_it() -> Result<()> {
    let desktop = Desktop::start()?;
    let keyring = Keyring::start(&desktop)?;
    let notifications = Notifications::start(&desktop)?;
    let _tray = Tray::start(&desktop)?;
    let receiver = Receiver::start()?;
    let window = Window::open(&desktop)?;
    desktop.wait_for_engine()?;
    window.click("welcome-skip")?;
    put_away(&desktop)?;
    let made = desktop.json(&["webhook", "create", &receiver.url("/hook?key=canary"), "--allowLocal"])?;
    let id = made["id"].as_str().context("no id")?.to_owned();
    receiver.always_answers(410)?;
    let fixed = ["connect", "--integrationKey", "membrane-sandbox", "--authMethod", "basic"];
    let typed = ["--input", "username=ada", "--input", "password=sandbox"];
    desktop.json(&[&fixed[..], &typed[..]].concat())?;
    let up = notifications.until("the notification", SOON, |up| !up.is_empty())?;
    ensure!(up[0].title == "A webhook was turned off" && !up[0].body.contains("canary"), "{up:?}");
    let action = up[0].actions.iter().position(|label| label == "Open").context("no action")?;
    let page = format!("/webhooks/{id}");
    notifications.click(up[0].id, &up[0].actions[action - 1], || Ok(window.path()? == page))?;
    wait::until_true("the window to come up", SOON, || Ok(windows(&desktop)? == 1))?;
    window.until_says("This webhook was turned off")?;
    desktop.picture(&pictures()?.join("webhook.png"))?;
    // Turned on again, it takes what comes.
    receiver.always_answers(204)?;
    window.click("webhook-on")?;
    window.until_says("Nothing has got through since")?;
    window.click("webhook-test")?;
    window.until_says("Events are sent as they happen")?;
    ensure!(notifications.raised() == 1, "it was told {} times", notifications.raised());
    window.close()?;
    drop(keyring);
    Ok(())
}
