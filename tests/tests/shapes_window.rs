//! Five apps of different shapes, connected in the real window against stand-ins of their providers.

use std::time::Duration;

use membrane_tests::browser;
use membrane_tests::desktop::{Desktop, Keyring};
use membrane_tests::process::pictures;
use membrane_tests::provider::Provider;
use membrane_tests::window::Window;
use membrane_tests::{Context, Result, Value, ensure, json, wait};

const SOON: Duration = Duration::from_secs(20);

fn add(desktop: &Desktop, key: &str, text: &str) -> Result<()> {
    let file = desktop.path().join(format!("{key}.toml"));
    std::fs::write(&file, text)?;
    let (code, _, err) = desktop.cli(&["app", "add", &file.to_string_lossy()])?;
    ensure!(code == 0, "{err}");
    Ok(())
}

/// Waits until an app has a connection that works.
fn connection(desktop: &Desktop, app: &str) -> Result<Value> {
    wait::until(&format!("the connection of {app}"), SOON, || {
        let list = desktop.json(&["connection", "list", "--integrationKey", app])?;
        Ok(list.as_array().and_then(|all| all.first().cloned()).filter(|one| one["connected"] == true))
    })
}

/// Goes to where an app is connected, and chooses a way.
fn choose(window: &Window, app: &str, way: Option<&str>) -> Result<()> {
    window.script(&format!("location.hash = '/connect?app={app}'"))?;
    if let Some(way) = way {
        let found = format!("return document.querySelector('[data-testid=\"method\"][data-key=\"{way}\"]') !== null");
        wait::until_true("the ways to connect", SOON, || Ok(window.script(&found)? == json!(true)))?;
        window.script(&format!("document.querySelector('[data-testid=\"method\"][data-key=\"{way}\"]').click()"))?;
    }
    Ok(())
}

#[test]
fn five_apps_of_different_shapes_are_connected_in_the_window() -> Result<()> {
    let desktop = Desktop::start()?;
    let keyring = Keyring::start(&desktop)?;
    let sites = json!([{ "id": "s1", "name": "First site" }, { "id": "s2", "name": "Second site" }]);
    let keys = json!({ "ada": "secret-of-ada" });
    let provider = Provider::start(&json!({ "sites": sites, "apiKeys": keys }))?;
    for (key, text) in [
        ("quirky", include_str!("../src/apps/quirky.toml")),
        ("keys", include_str!("../src/apps/keys.toml")),
        ("session", include_str!("../src/apps/session.toml")),
        ("sites", include_str!("../src/apps/sites.toml")),
    ] {
        add(&desktop, key, &provider.app(text))?;
    }
    add(&desktop, "acme", &provider.app_file("acme"))?;
    desktop.install_app()?;
    let mut opened = desktop.install_browser()?;
    let window = Window::open(&desktop)?;
    desktop.wait_for_engine()?;
    wait::until_true("the console", SOON, || Ok(!window.text()?.trim().is_empty()))?;

    // A confidential client of one's own, for an app with an address per company: first its set-up page.
    choose(&window, "quirky", None)?;
    window.until_says("http://127.0.0.1/oauth-callback")?;
    desktop.picture(&pictures()?.join("shape-client.png"))?;
    window.type_into("field-client_id", "quirky")?;
    window.type_into("field-client_secret", "quirky-secret")?;
    window.click("submit")?;
    window.type_into("field-subdomain", "acme")?;
    window.click("submit")?;
    browser::sign_in(&opened.next_address()?, "ada")?;
    window.until_says("is connected")?;
    let made = connection(&desktop, "quirky")?;
    ensure!(made["account"]["label"] == "ada@example.test" && made["input"]["subdomain"] == "acme", "{made}");

    // A key in a header.
    choose(&window, "keys", Some("prefix"))?;
    window.type_into("field-key", "wrong")?;
    window.click("submit")?;
    window.until_says("not valid")?;
    window.script("document.querySelector('[data-testid=\"field-key\"]').value = ''")?;
    window.script(
        "document.querySelector('[data-testid=\"field-key\"]').dispatchEvent(new Event('input', { bubbles: true }))",
    )?;
    window.type_into("field-key", "secret-of-ada")?;
    window.click("submit")?;
    window.until_says("is connected")?;
    desktop.picture(&pictures()?.join("shape-key.png"))?;
    let made = connection(&desktop, "keys")?;
    ensure!(made["authOptionKey"] == "prefix", "{made}");

    // The key as the user name, and no password.
    choose(&window, "keys", Some("user"))?;
    window.type_into("field-key", "secret-of-ada")?;
    window.click("submit")?;
    window.until_says("is connected")?;
    let both = desktop.json(&["connection", "list", "--integrationKey", "keys"])?;
    ensure!(both.as_array().is_some_and(|all| all.iter().any(|one| one["authOptionKey"] == "user")), "{both}");

    // A code to type.
    choose(&window, "acme", Some("device"))?;
    window.click("submit")?;
    window.until_says("Enter this code")?;
    desktop.picture(&pictures()?.join("shape-code.png"))?;
    let code = window.script("return document.querySelector('[data-testid=\"user-code\"]').innerText")?;
    let code = code.as_str().context("no code")?.trim().to_owned();
    browser::type_code(&format!("{}/device", provider.origin()), &code, "ada")?;
    let made = connection(&desktop, "acme")?;
    ensure!(made["account"]["label"] == "ada", "{made}");

    // A key that buys a session.
    choose(&window, "session", Some("key"))?;
    window.type_into("field-user", "ada")?;
    window.type_into("field-key", "secret-of-ada")?;
    window.click("submit")?;
    window.until_says("is connected")?;
    let made = connection(&desktop, "session")?;
    ensure!(made["account"]["label"] == "ada" && made["canRefreshCredentials"] == true, "{made}");

    // One sign-in for several sites: the person chooses.
    choose(&window, "sites", None)?;
    window.type_into("field-client_id", "quirky")?;
    window.type_into("field-client_secret", "quirky-secret")?;
    window.click("submit")?;
    window.click("submit")?;
    browser::sign_in(&opened.next_address()?, "ada")?;
    window.until_says("Second site")?;
    desktop.picture(&pictures()?.join("shape-choice.png"))?;
    window.script(
        "const list = document.querySelector('[data-testid=\"field-site\"]'); list.value = 's2'; list.dispatchEvent(new Event('change', { bubbles: true }))",
    )?;
    window.click("submit")?;
    window.until_says("is connected")?;
    let made = connection(&desktop, "sites")?;
    ensure!(made["input"]["site"] == "s2" && made["account"]["id"] == "s2:ada", "{made}");
    window.close()?;
    drop(keyring);
    Ok(())
}
