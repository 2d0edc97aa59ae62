//! The installed package in the real window: from the first link to the archive, through a revocation and its repair.

use std::time::Duration;

use membrane_tests::browser;
use membrane_tests::desktop::{Browser, Desktop, Keyring, Notifications};
use membrane_tests::http::{Address, Request};
use membrane_tests::process::pictures;
use membrane_tests::provider::Provider;
use membrane_tests::window::Window;
use membrane_tests::{Context, Result, Value, ensure, json, wait};

const SOON: Duration = Duration::from_secs(20);

fn the_connection(desktop: &Desktop) -> Result<Value> {
    Ok(desktop.json(&["connection", "list"])?.as_array().and_then(|all| all.first().cloned()).unwrap_or_default())
}

fn until_connected(desktop: &Desktop) -> Result<String> {
    wait::until("the connection", SOON, || {
        let one = the_connection(desktop)?;
        Ok(one["id"].as_str().filter(|_| one["connected"] == true).map(str::to_owned))
    })
}

/// Signs in where the window sent the browser, and follows the link back through the desktop's own handler.
fn come_back_by_link(desktop: &Desktop, opened: &mut Browser) -> Result<()> {
    let link = browser::sign_in(&opened.next_address()?, "ada")?.link()?;
    ensure!(link.starts_with("dev.membrane.desktop:/oauth/callback?"), "{link:.60}");
    let mut handler = desktop.open(&link)?;
    ensure!(handler.wait(SOON)?.success(), "the handler failed: {}", handler.output());
    Ok(())
}

#[test]
fn r11_the_installed_app_connects_renews_tells_repairs_and_archives() -> Result<()> {
    let mut desktop = Desktop::start()?;
    desktop.install_package()?;
    let keyring = Keyring::start(&desktop)?;
    let notifications = Notifications::start(&desktop)?;
    let provider = Provider::start(&json!({ "accessTtl": 4 }))?;
    let file = desktop.path().join("acme.toml");
    std::fs::write(&file, provider.app_file("acme"))?;
    let (code, _, err) = desktop.cli(&["app", "add", &file.to_string_lossy()])?;
    ensure!(code == 0, "{err}");
    let mut opened = desktop.install_browser()?;

    let window = Window::open(&desktop)?;
    let _shown = desktop.open("membrane://connect?intent=acme")?;
    window.until_says("Acme CRM")?;
    desktop.picture(&pictures()?.join("packaged-1-search.png"))?;
    window.script("document.querySelector('[data-testid=\"app-choice\"][data-key=\"acme\"]').click()")?;
    window.until_says("back by link")?;
    window.script("document.querySelector('[data-testid=\"method\"][data-key=\"link\"]').click()")?;
    window.click("submit")?;
    come_back_by_link(&desktop, &mut opened)?;
    let id = until_connected(&desktop)?;
    desktop.picture(&pictures()?.join("packaged-2-connected.png"))?;

    let renewed = provider.refreshes()? + 2;
    wait::until_true("two renewals", SOON, || Ok(provider.refreshes()? >= renewed))?;
    let token = desktop.json(&["connection", "token", &id])?;
    let token = token["accessToken"].as_str().context("no token")?.to_owned();
    ensure!(provider.whoami(&token)?.as_deref() == Some("ada"), "the token is of no use");

    // Whoever looks at the window needs no notification.
    let away = desktop.command("xdotool").args(["search", "--name", "^Membrane$", "windowminimize"]).status()?;
    ensure!(away.success(), "the window could not be put away");
    provider.revoke_all()?;
    let up = notifications.until("the notification", SOON, |up| !up.is_empty())?;
    ensure!(up[0].title == "Acme CRM needs you", "{up:?}");
    let action = up[0].actions.iter().position(|label| label == "Reconnect").context("no action")?;
    let repair = format!("/connections/{id}/reconnect");
    notifications.click(up[0].id, &up[0].actions[action - 1], || Ok(window.path()? == repair))?;
    desktop.picture(&pictures()?.join("packaged-3-reconnect.png"))?;
    window.click("submit")?;
    come_back_by_link(&desktop, &mut opened)?;
    ensure!(until_connected(&desktop)? == id, "it is another connection");
    ensure!(notifications.raised() == 1, "it was told {} times", notifications.raised());
    let events =
        Request::new("GET", &format!("/connections/{id}/events")).send(&Address::Unix(desktop.socket()))?.ok()?;
    let events = events["items"].as_array().context("no events")?;
    let kinds: Vec<&str> = events.iter().filter_map(|event| event["eventType"].as_str()).collect();
    ensure!(kinds == ["connection.reconnected", "connection.disconnected", "connection.created"], "{kinds:?}");

    let _detail = desktop.open(&format!("membrane://connections/{id}"))?;
    window.until_at(&format!("/connections/{id}"))?;
    desktop.picture(&pictures()?.join("packaged-4-detail.png"))?;
    window.click("archive")?;
    window.click("archive-confirm")?;
    wait::until_true("it to be gone", SOON, || Ok(the_connection(&desktop)?.is_null()))?;
    wait::until_true("the revocation", SOON, || Ok(provider.live_refresh_tokens()? == 0))?;
    desktop.picture(&pictures()?.join("packaged-5-archived.png"))?;
    window.close()?;
    drop(keyring);
    Ok(())
}

#[test]
fn the_installed_command_is_completed_and_explained() -> Result<()> {
    let mut desktop = Desktop::start()?;
    desktop.install_package()?;
    let share = desktop.path().join("installed/usr/share");
    let said = |program: &str, arguments: &[&str]| -> Result<String> {
        let output =
            desktop.command(program).args(arguments).output().with_context(|| format!("{program} is not there"))?;
        let error = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{program} {arguments:?}: {error}");
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let pages = share.join("man").to_string_lossy().into_owned();
    for page in ["membrane", "membrane-connect", "membrane-connection-ensure", "membrane-webhook-create"] {
        let text = said("man", &["-M", &pages, "-P", "cat", page])?;
        ensure!(text.contains("SYNOPSIS") && text.contains("--json"), "{page}: {text}");
    }

    let file = share.join("bash-completion/completions/membrane").to_string_lossy().into_owned();
    let bash = format!(
        "source '{file}'; COMP_WORDS=(membrane connection-req); COMP_CWORD=1; \
         _membrane membrane connection-req membrane; echo \"${{COMPREPLY[@]}}\""
    );
    ensure!(said("bash", &["--norc", "-c", &bash])?.trim() == "connection-request", "bash");
    let folder = share.join("zsh/vendor-completions").to_string_lossy().into_owned();
    let zsh = format!(
        "fpath=('{folder}' $fpath); autoload -U compinit; compinit -D -u; autoload +X _membrane; \
         print -r -- $_comps[membrane] $+functions[_membrane]"
    );
    ensure!(said("zsh", &["-f", "-c", &zsh])?.trim() == "_membrane 1", "zsh");
    // Fish finds the file by itself, where packages put theirs.
    let fish = said("fish", &["-c", "complete -C 'membrane connection-req'"])?;
    ensure!(fish.starts_with("connection-request\t"), "fish: {fish}");
    Ok(())
}
