//! The main job in the real window: links, notifications, tray, keychain, two starts.

use std::path::Path;
use std::time::Duration;

use membrane_tests::browser;
use membrane_tests::desktop::{Desktop, Keyring, Notifications, Tray};
use membrane_tests::process::{pictures, root};
use membrane_tests::provider::Provider;
use membrane_tests::window::{DOWN, ENTER, PALETTE, Window};
use membrane_tests::{Context, Result, Value, ensure, json, wait};

const SOON: Duration = Duration::from_secs(20);

/// Writes the provider's app into the person's own apps before the app starts.
fn add_app(desktop: &Desktop, provider: &Provider) -> Result<()> {
    let file = desktop.path().join("acme.toml");
    std::fs::write(&file, provider.app_file("acme"))?;
    let (code, _, err) = desktop.cli(&["app", "add", &file.to_string_lossy()])?;
    ensure!(code == 0, "{err}");
    Ok(())
}

fn connections(desktop: &Desktop) -> Result<Vec<Value>> {
    Ok(desktop.json(&["connection", "list"])?.as_array().cloned().unwrap_or_default())
}

/// Connects `acme` by loopback from the command line, and returns the connection's id.
fn connect(desktop: &Desktop) -> Result<String> {
    let session = desktop.json(&["connect", "--integrationKey", "acme", "--noWait"])?;
    browser::sign_in(session["authorizationUrl"].as_str().context("no address")?, "ada")?;
    wait::until("the connection", SOON, || {
        Ok(connections(desktop)?.first().and_then(|one| one["id"].as_str()).map(str::to_owned))
    })
}

#[test]
fn r11_connects_in_the_window_through_a_link_while_the_app_runs() -> Result<()> {
    let desktop = Desktop::start()?;
    let keyring = Keyring::start(&desktop)?;
    let provider = Provider::start(&json!({}))?;
    add_app(&desktop, &provider)?;
    desktop.install_app()?;
    let mut opened = desktop.install_browser()?;
    let window = Window::open(&desktop)?;
    window.until_says("Step 1 of 3")?;
    desktop.picture(&pictures()?.join("welcome.png"))?;
    window.click("welcome-skip")?;
    window.until_says("Nothing connected yet")?;
    desktop.picture(&pictures()?.join("empty.png"))?;
    window.click("connect")?;
    window.type_into("search", "acme")?;
    window.until_says("Acme CRM")?;
    desktop.picture(&pictures()?.join("search.png"))?;
    window.script("document.querySelector('[data-testid=\"app-choice\"][data-key=\"acme\"]').click()")?;
    // The way that comes back by link alone.
    window.until_says("back by link")?;
    window.script("document.querySelector('[data-testid=\"method\"][data-key=\"link\"]').click()")?;
    window.click("submit")?;
    let address = opened.next_address()?;
    desktop.picture(&pictures()?.join("waiting.png"))?;
    let link = browser::sign_in(&address, "ada")?.link()?;
    ensure!(link.starts_with("dev.membrane.desktop:/oauth/callback?"), "{link:.60}");
    let _handler = desktop.open(&link)?;
    window.until_says("Connected")?;
    wait::until_true("the connection", SOON, || {
        Ok(connections(&desktop)?.first().is_some_and(|one| one["connected"] == true))
    })?;
    // What the command line changes shows at once.
    let id = connections(&desktop)?[0]["id"].as_str().unwrap_or_default().to_owned();
    let (code, _, err) = desktop.cli(&["connection", "rename", &id, "Renamed by hand"])?;
    ensure!(code == 0, "{err}");
    let _home = desktop.open("membrane://connections")?;
    window.until_says("Renamed by hand")?;
    desktop.picture(&pictures()?.join("connected.png"))?;
    window.close()?;
    drop(keyring);
    Ok(())
}

#[test]
fn r11_a_link_starts_the_app_and_finishes_the_sign_in() -> Result<()> {
    let desktop = Desktop::start()?;
    let keyring = Keyring::start(&desktop)?;
    let provider = Provider::start(&json!({}))?;
    add_app(&desktop, &provider)?;
    desktop.install_app()?;
    // Begun with an engine that has no screen, which ends before the browser comes back.
    let session = desktop.json(&["connect", "--integrationKey", "acme", "--redirect", "deep-link", "--noWait"])?;
    desktop.json(&["stop"])?;
    let link = browser::sign_in(session["authorizationUrl"].as_str().context("no address")?, "ada")?.link()?;
    let _app = desktop.open(&link)?;
    desktop.wait_for_engine()?;
    wait::until_true("the connection", SOON, || {
        Ok(connections(&desktop)?.first().is_some_and(|one| one["connected"] == true))
    })?;
    ensure!(desktop.json(&["status"])?["engine"]["mode"] == "desktop", "the app did not start");
    drop(keyring);
    Ok(())
}

#[test]
fn r84_revoked_access_is_told_once_and_the_notification_leads_to_the_repair() -> Result<()> {
    let desktop = Desktop::start()?;
    let keyring = Keyring::start(&desktop)?;
    let notifications = Notifications::start(&desktop)?;
    let tray = Tray::start(&desktop)?;
    let provider = Provider::start(&json!({ "accessTtl": 4 }))?;
    add_app(&desktop, &provider)?;
    desktop.install_app()?;
    let mut opened = desktop.install_browser()?;
    let window = Window::open(&desktop)?;
    desktop.wait_for_engine()?;
    tray.entry("Nothing connected yet")?;
    let normal = tray.image()?;
    let id = connect(&desktop)?;
    tray.entry("All connected")?;
    // Whoever looks at the window needs no notification.
    window.script("window.blur()")?;
    let away = desktop.command("xdotool").args(["search", "--name", "^Membrane$", "windowminimize"]).status()?;
    ensure!(away.success(), "the window could not be put away");
    provider.revoke_all()?;
    let up = notifications.until("the notification", SOON, |up| !up.is_empty())?;
    ensure!(up[0].title == "Acme CRM needs you" && up[0].actions.contains(&"Reconnect".to_owned()), "{up:?}");
    ensure!(!up[0].body.contains("ada"), "the account is named unasked");
    tray.entry("1 needs attention")?;
    tray.entry("Reconnect…")?;
    ensure!(tray.image()? != normal, "the icon has the same shape");

    let action = up[0].actions.iter().position(|label| label == "Reconnect").context("no action")?;
    let repair = format!("/connections/{id}/reconnect");
    notifications.click(up[0].id, &up[0].actions[action - 1], || Ok(window.path()? == repair))?;
    window.until_says("Reconnect")?;
    wait::until_true("the window to come up", SOON, || Ok(windows(&desktop)? == 1))?;
    desktop.picture(&pictures()?.join("reconnect.png"))?;
    window.click("submit")?;
    browser::sign_in(&opened.next_address()?, "ada")?;
    wait::until_true("the repair", SOON, || Ok(connections(&desktop)?[0]["connected"] == true))?;
    notifications.until("the notification to go", SOON, <[_]>::is_empty)?;
    tray.entry("All connected")?;
    ensure!(tray.image()? == normal, "the icon kept its shape");
    ensure!(notifications.raised() == 1, "it was told {} times", notifications.raised());
    ensure!(connections(&desktop)?[0]["id"] == *id, "it is another connection");
    window.close()?;
    drop(keyring);
    Ok(())
}

#[test]
fn the_tray_and_a_link_lead_to_the_repair_too() -> Result<()> {
    let desktop = Desktop::start()?;
    let keyring = Keyring::start(&desktop)?;
    let tray = Tray::start(&desktop)?;
    let provider = Provider::start(&json!({ "accessTtl": 4 }))?;
    add_app(&desktop, &provider)?;
    desktop.install_app()?;
    let window = Window::open(&desktop)?;
    let id = connect(&desktop)?;
    let detail = format!("/connections/{id}");
    let repair = format!("{detail}/reconnect");
    let _link = desktop.open(&format!("membrane://connections/{id}"))?;
    window.until_at(&detail)?;
    provider.revoke_all()?;
    tray.click("Reconnect…")?;
    window.until_at(&repair)?;
    let _home = desktop.open("membrane://connections")?;
    window.until_at("/")?;
    let _link = desktop.open(&format!("membrane://connections/{id}"))?;
    window.until_at(&repair)?;
    window.close()?;
    drop(keyring);
    Ok(())
}

#[test]
fn the_whole_flow_goes_by_keys_alone() -> Result<()> {
    let desktop = Desktop::start()?;
    let keyring = Keyring::start(&desktop)?;
    let provider = Provider::start(&json!({ "accessTtl": 4 }))?;
    add_app(&desktop, &provider)?;
    desktop.install_app()?;
    let mut opened = desktop.install_browser()?;
    let window = Window::open(&desktop)?;
    window.until_says("Your desktop’s keychain")?;
    window.tab_to("welcome-next")?;
    window.press(ENTER)?;
    window.until_at("/welcome/2")?;
    window.tab_to("search")?;
    window.press("acme")?;
    window.until_says("Acme CRM")?;
    window.press(DOWN)?;
    window.press(ENTER)?;
    window.until_at("/connect/acme")?;
    window.tab_to("submit")?;
    window.press(ENTER)?;
    browser::sign_in(&opened.next_address()?, "ada")?;
    window.until_at("/welcome/3")?;
    desktop.picture(&pictures()?.join("welcome-tools.png"))?;
    window.tab_to("welcome-next")?;
    window.press(ENTER)?;
    window.until_at("/")?;
    // Lost, it is repaired by keys too.
    let id = connections(&desktop)?[0]["id"].as_str().context("no connection")?.to_owned();
    provider.revoke_all()?;
    window.until_says("Needs attention")?;
    window.tab_to("reconnect")?;
    window.press(ENTER)?;
    window.until_at(&format!("/connections/{id}/reconnect"))?;
    window.tab_to("submit")?;
    window.press(ENTER)?;
    browser::sign_in(&opened.next_address()?, "ada")?;
    wait::until_true("the repair", SOON, || Ok(connections(&desktop)?[0]["connected"] == true))?;
    window.close()?;
    drop(keyring);
    Ok(())
}

#[test]
fn the_palette_opens_by_its_keys_and_does_what_is_chosen() -> Result<()> {
    let desktop = Desktop::start()?;
    let keyring = Keyring::start(&desktop)?;
    let provider = Provider::start(&json!({}))?;
    add_app(&desktop, &provider)?;
    desktop.install_app()?;
    let id = connect(&desktop)?;
    let window = Window::open(&desktop)?;
    window.until_says("Acme CRM")?;
    window.press(PALETTE)?;
    wait::until_true("the palette", SOON, || Ok(window.focused()? == "palette-input"))?;
    window.press("acme pause")?;
    window.until_says("Pause for 1 hour: Acme CRM")?;
    desktop.picture(&pictures()?.join("palette.png"))?;
    window.press(ENTER)?;
    wait::until_true("the pause", SOON, || {
        Ok(desktop.json(&["connection", "get", &id])?["health"]["status"] == "paused")
    })?;
    window.close()?;
    drop(keyring);
    Ok(())
}

#[test]
fn r98_opening_at_login_is_kept_in_the_desktops_own_list() -> Result<()> {
    let desktop = Desktop::start()?;
    let keyring = Keyring::start(&desktop)?;
    let window = Window::open(&desktop)?;
    desktop.wait_for_engine()?;
    let entry = desktop.path().join(".config/autostart/Membrane.desktop");
    window.click("welcome-skip")?;
    window.click("settings")?;
    window.click("open-at-login")?;
    wait::until_true("the entry", SOON, || {
        Ok(std::fs::read_to_string(&entry).is_ok_and(|text| text.contains("--hidden")))
    })?;
    window.click("open-at-login")?;
    wait::until_true("the entry to go", SOON, || Ok(!entry.exists()))?;
    window.close()?;
    drop(keyring);
    Ok(())
}

#[test]
fn archiving_in_the_window_asks_once() -> Result<()> {
    let desktop = Desktop::start()?;
    let keyring = Keyring::start(&desktop)?;
    let provider = Provider::start(&json!({}))?;
    add_app(&desktop, &provider)?;
    desktop.install_app()?;
    let window = Window::open(&desktop)?;
    let id = connect(&desktop)?;
    let _link = desktop.open(&format!("membrane://connections/{id}"))?;
    window.until_at(&format!("/connections/{id}"))?;
    window.until_says("Archive")?;
    desktop.picture(&pictures()?.join("detail.png"))?;
    window.click("archive")?;
    window.click("archive-confirm")?;
    wait::until_true("it to be gone", SOON, || Ok(connections(&desktop)?.is_empty()))?;
    wait::until_true("the revocation", SOON, || Ok(provider.live_refresh_tokens()? == 0))?;
    window.close()?;
    drop(keyring);
    Ok(())
}

#[test]
fn r54_a_locked_keychain_is_said_and_everything_is_there_once_it_is_unlocked() -> Result<()> {
    let desktop = Desktop::start()?;
    let keyring = Keyring::start(&desktop)?;
    let provider = Provider::start(&json!({}))?;
    add_app(&desktop, &provider)?;
    let id = connect(&desktop)?;
    desktop.json(&["stop"])?;
    keyring.lock()?;
    let window = Window::open(&desktop)?;
    desktop.wait_for_engine()?;
    wait::until_true("it to say so", SOON, || Ok(desktop.json(&["status"])?["vault"]["state"] == "locked"))?;
    window.until_says("Unlock")?;
    desktop.picture(&pictures()?.join("locked.png"))?;
    let (code, _, err) = desktop.cli(&["connection", "token", &id, "--json"])?;
    ensure!(code == 7 && err.contains("vault_locked"), "{code}: {err}");
    ensure!(connections(&desktop)?[0]["disconnected"] == false, "a locked keychain is no disconnect");
    keyring.unlock()?;
    wait::until_true("it to go on", SOON, || Ok(desktop.json(&["status"])?["vault"]["state"] == "unlocked"))?;
    let token = desktop.json(&["connection", "token", &id])?;
    let token = token["accessToken"].as_str().context("no token")?;
    ensure!(provider.whoami(token)?.as_deref() == Some("ada"), "the token is of no use");
    window.close()
}

#[test]
fn without_a_keychain_a_passphrase_takes_its_place() -> Result<()> {
    let desktop = Desktop::start()?;
    let window = Window::open(&desktop)?;
    desktop.wait_for_engine()?;
    ensure!(desktop.json(&["status"])?["vault"]["state"] == "missing", "there is a keychain");
    window.until_says("keychain")?;
    desktop.picture(&pictures()?.join("no-keychain.png"))?;
    window.close()
}

#[test]
fn a_second_start_shows_the_first_and_ends() -> Result<()> {
    let desktop = Desktop::start()?;
    let keyring = Keyring::start(&desktop)?;
    let first = desktop.start_app(&["--hidden"])?;
    desktop.wait_for_engine()?;
    ensure!(windows(&desktop)? == 0, "a hidden start shows a window");
    let mut second = desktop.start_app(&[])?;
    ensure!(second.wait(SOON)?.success(), "the second start failed: {}", second.output());
    wait::until_true("the window of the first", SOON, || Ok(windows(&desktop)? == 1))?;
    let pid = desktop.json(&["status"])?["engine"]["pid"].as_u64();
    ensure!(pid == Some(u64::from(first.pid())), "{pid:?}");
    drop(keyring);
    Ok(())
}

fn windows(desktop: &Desktop) -> Result<usize> {
    let output = desktop.command("xdotool").args(["search", "--onlyvisible", "--name", "^Membrane$"]).output()?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().count())
}

#[test]
fn a_signal_ends_the_app_in_order() -> Result<()> {
    let desktop = Desktop::start()?;
    let keyring = Keyring::start(&desktop)?;
    let mut app = desktop.start_app(&[])?;
    desktop.wait_for_engine()?;
    let status = app.terminate()?;
    ensure!(status.success(), "{status}: {}", app.output());
    ensure!(!desktop.socket().exists(), "it left its socket behind");
    drop(keyring);
    Ok(())
}

#[test]
fn r85_without_the_trays_library_the_app_runs_and_closing_its_window_ends_it() -> Result<()> {
    // In a view of the file system of its own, where the library is an empty file.
    const WITHOUT: &str = "for file in /usr/lib/*/lib*appindicator3.so*; do \
        [ ! -e \"$file\" ] || mount --bind /dev/null \"$(readlink -f \"$file\")\" || exit 9; done; exec \"$0\"";
    let desktop = Desktop::start()?;
    let keyring = Keyring::start(&desktop)?;
    let mut command = desktop.command("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", WITHOUT]).arg(desktop.program("membrane-desktop")?);
    let mut app = desktop.start_program(command)?;
    desktop.wait_for_engine()?;
    wait::until_true("the window", SOON, || Ok(windows(&desktop)? == 1))?;
    ensure!(app.output().contains("there is no tray icon"), "it has a tray: {}", app.output());
    // Again where the keys came before the window manager was ready for them. Two commands: with a window at hand the
    // keys would pass the window manager by.
    wait::until_true("the window to close", SOON, || {
        for arguments in [["search", "--name", "^Membrane$", "windowactivate"].as_slice(), &["key", "alt+F4"]] {
            let _gone_already = desktop.command("xdotool").args(arguments).status()?;
        }
        Ok(windows(&desktop)? == 0)
    })?;
    ensure!(app.wait(SOON)?.success(), "{}", app.output());
    ensure!(!desktop.socket().exists(), "it left its socket behind");
    drop(keyring);
    Ok(())
}

#[test]
fn r10_a_second_start_hands_over_one_link_and_nothing_else() -> Result<()> {
    let desktop = Desktop::start()?;
    let keyring = Keyring::start(&desktop)?;
    let window = Window::open(&desktop)?;
    desktop.wait_for_engine()?;
    window.click("welcome-skip")?;
    window.until_at("/")?;
    for arguments in [
        ["membrane://settings", "membrane://connect?intent=crm"].as_slice(),
        &["--remote-debugging-port=1", "/etc/passwd"],
        &["membrane://connections/con_0/../../settings"],
        &["https://evil.example/#/settings"],
    ] {
        let mut second = desktop.start_app(arguments)?;
        ensure!(second.wait(SOON)?.success(), "{arguments:?}: {}", second.output());
        ensure!(window.path()? == "/", "{arguments:?} led to {}", window.path()?);
    }
    // A sound one comes behind them all, so that they had their chance.
    let mut second = desktop.start_app(&["membrane://connect?intent=crm"])?;
    ensure!(second.wait(SOON)?.success(), "{}", second.output());
    wait::until_true("the search", SOON, || Ok(window.path()?.starts_with("/connect")))?;
    window.close()?;
    drop(keyring);
    Ok(())
}

#[test]
fn r92_no_page_of_a_provider_opens_in_the_window() -> Result<()> {
    let desktop = Desktop::start()?;
    let keyring = Keyring::start(&desktop)?;
    let provider = Provider::start(&json!({}))?;
    add_app(&desktop, &provider)?;
    let window = Window::open(&desktop)?;
    desktop.wait_for_engine()?;
    let session = desktop.json(&["connect", "--integrationKey", "acme", "--noWait"])?;
    let page = session["authorizationUrl"].as_str().context("no address")?;
    for way in [
        "location.href = PAGE",
        "window.open(PAGE)",
        "document.body.append(Object.assign(document.createElement('iframe'), { src: PAGE }))",
        "document.body.append(Object.assign(document.createElement('img'), { src: PAGE }))",
    ] {
        window.script(&way.replace("PAGE", &format!("'{page}'")))?;
    }
    window.click("welcome-skip")?;
    window.click("connect")?;
    window.until_says("Connect an app")?;
    let asked = provider.log()?;
    ensure!(asked.is_empty(), "the window asked the provider: {asked:?}");
    browser::sign_in(page, "ada")?;
    ensure!(!provider.log()?.is_empty(), "the provider notes nothing");
    window.close()?;
    drop(keyring);
    Ok(())
}

#[test]
fn r90_r91_the_pages_policy_and_rights_are_the_least() -> Result<()> {
    let read = |path: &str| -> Result<Value> {
        Ok(serde_json::from_str(&std::fs::read_to_string(root().join(Path::new(path)))?)?)
    };
    let config = read("tauri.conf.json")?;
    let security = &config["app"]["security"];
    for (directive, value) in [
        ("default-src", "'self'"),
        ("script-src", "'self'"),
        ("connect-src", "ipc: http://ipc.localhost"),
        ("object-src", "'none'"),
        ("base-uri", "'none'"),
        ("frame-ancestors", "'none'"),
    ] {
        ensure!(security["csp"][directive] == value, "{directive}: {}", security["csp"][directive]);
    }
    ensure!(security["freezePrototype"] == true && config["app"]["withGlobalTauri"] == false, "{config}");
    ensure!(security["pattern"]["use"] == "isolation", "no isolation");
    let rights = read("src-tauri/capabilities/main.json")?;
    let named = rights["permissions"].as_array().context("no permissions")?.iter().filter_map(Value::as_str);
    let named: Vec<&str> = named.collect();
    let expected = [
        "core:event:allow-listen",
        "core:event:allow-unlisten",
        "allow-api",
        "allow-events",
        "allow-open-external",
        "allow-ready",
        "allow-restart",
    ];
    ensure!(named == expected, "{named:?}");
    Ok(())
}
