//! Apps of different shapes, each connected in the real window against a stand-in of its provider.

use std::time::Duration;

use membrane_tests::browser;
use membrane_tests::desktop::{Desktop, Keyring};
use membrane_tests::process::pictures;
use membrane_tests::provider::Provider;
use membrane_tests::window::Window;
use membrane_tests::{Context, Result, Value, ensure, json, wait};

const SOON: Duration = Duration::from_secs(40);

/// The window on a desktop, with the apps of a provider.
struct Room<'d> {
    desktop: &'d Desktop,
    window: Window,
    provider: Provider,
    _keyring: Keyring<'d>,
}

impl<'d> Room<'d> {
    fn open(desktop: &'d Desktop, apps: &[(&str, &str)]) -> Result<Self> {
        let keyring = Keyring::start(desktop)?;
        let sites = json!([{ "id": "s1", "name": "First site" }, { "id": "s2", "name": "Second site" }]);
        let provider = Provider::start(&json!({ "sites": sites, "apiKeys": { "ada": "secret-of-ada" } }))?;
        for (key, text) in apps {
            let file = desktop.path().join(format!("{key}.toml"));
            std::fs::write(&file, provider.app(text))?;
            let (code, _, err) = desktop.cli(&["app", "add", &file.to_string_lossy()])?;
            ensure!(code == 0, "{err}");
        }
        desktop.install_app()?;
        let window = Window::open(desktop)?;
        window.until_says("Step 1 of 3")?;
        window.click("welcome-skip")?;
        window.until_says("Nothing connected yet")?;
        Ok(Self { desktop, window, provider, _keyring: keyring })
    }

    /// Goes to where an app is connected, by the search, and chooses a way.
    fn begin(&self, app: &str, way: Option<&str>) -> Result<()> {
        self.window.script("location.hash = '/connect'")?;
        self.window.until_says("Ready to connect")?;
        self.window.type_into("search", app)?;
        self.press("app-choice", app)?;
        self.window.until_at(&format!("/connect/{app}"))?;
        way.map_or(Ok(()), |way| self.press("method", way))
    }

    /// Clicks what has a test id and a key, once it is there.
    fn press(&self, test_id: &str, key: &str) -> Result<()> {
        let element = format!("document.querySelector('[data-testid=\"{test_id}\"][data-key=\"{key}\"]')");
        let there = format!("return {element} !== null");
        wait::until_true(&format!("{test_id} {key}"), SOON, || Ok(self.window.script(&there)? == json!(true)))
            .with_context(|| self.window.text().unwrap_or_default())?;
        self.window.script(&format!("{element}.click()"))?;
        Ok(())
    }

    /// Sets what a field holds, as typing does.
    fn fill(&self, field: &str, value: &str) -> Result<()> {
        let element = format!("document.querySelector('[data-testid=\"field-{field}\"]')");
        let there = format!("return {element} !== null");
        wait::until_true(field, SOON, || Ok(self.window.script(&there)? == json!(true)))
            .with_context(|| self.window.text().unwrap_or_default())?;
        let event = "new Event(field.tagName === 'SELECT' ? 'change' : 'input', { bubbles: true })";
        self.window.script(&format!(
            "const field = {element}; field.value = {}; field.dispatchEvent({event})",
            json!(value)
        ))?;
        Ok(())
    }

    /// Waits until an app has a connection that works, and the window shows it.
    fn connected(&self, app: &str, way: &str) -> Result<Value> {
        let made = wait::until(&format!("the connection of {app}"), SOON, || {
            let list = self.desktop.json(&["connection", "list", "--integrationKey", app])?;
            let fits = |one: &&Value| one["connected"] == true && one["authOptionKey"] == way;
            Ok(list.as_array().and_then(|all| all.iter().find(fits).cloned()))
        })
        .with_context(|| self.window.text().unwrap_or_default())?;
        self.window.until_at(&format!("/connections/{}", made["id"].as_str().unwrap_or_default()))?;
        self.window.until_says("Connected")?;
        Ok(made)
    }

    fn picture(&self, name: &str) -> Result<()> {
        self.desktop.picture(&pictures()?.join(format!("shape-{name}.png")))
    }
}

#[test]
fn apps_of_different_shapes_are_connected_in_the_window() -> Result<()> {
    let desktop = Desktop::start()?;
    let acme = include_str!("../src/app.toml").replace("KEY", "acme");
    let apps = [
        ("acme", acme.as_str()),
        ("quirky", include_str!("../src/apps/quirky.toml")),
        ("keys", include_str!("../src/apps/keys.toml")),
        ("session", include_str!("../src/apps/session.toml")),
        ("sites", include_str!("../src/apps/sites.toml")),
    ];
    let room = Room::open(&desktop, &apps)?;
    let mut opened = room.desktop.install_browser()?;
    let window = &room.window;

    // A public client: nothing to register, and the browser comes back by a link.
    room.begin("acme", Some("link"))?;
    window.click("submit")?;
    let link = browser::sign_in(&opened.next_address()?, "ada")?.link()?;
    let _handler = room.desktop.open(&link)?;
    let made = room.connected("acme", "link")?;
    ensure!(made["account"]["label"] == "ada" && made["canRefreshCredentials"] == true, "{made}");

    // A code to type elsewhere.
    room.begin("acme", Some("device"))?;
    window.click("submit")?;
    window.until_says("Enter this code")?;
    room.picture("code")?;
    let code = window.script("return document.querySelector('[data-testid=\"user-code\"]').innerText")?;
    let code = code.as_str().context("no code")?.trim().to_owned();
    browser::type_code(&format!("{}/device", room.provider.origin()), &code, "ben")?;
    room.connected("acme", "device")?;

    // A confidential client of one's own, for an app with an address per company: first its set-up page.
    room.begin("quirky", None)?;
    window.until_says("http://127.0.0.1")?;
    room.picture("client")?;
    room.fill("client_id", "quirky")?;
    room.fill("client_secret", "quirky-secret")?;
    window.click("submit")?;
    room.fill("subdomain", "acme")?;
    window.click("submit")?;
    comes_back(&next_page(&mut opened)?)?;
    let made = room.connected("quirky", "oauth")?;
    ensure!(made["account"]["label"] == "ada@example.test" && made["input"]["subdomain"] == "acme", "{made}");

    // A key, which is tried before anything is called connected.
    room.begin("keys", Some("prefix"))?;
    room.fill("key", "wrong")?;
    window.click("submit")?;
    let refused = "return document.querySelector('[data-testid=\"problem-key\"]') !== null";
    wait::until_true("the refusal", SOON, || Ok(window.script(refused)? == json!(true)))
        .with_context(|| window.text().unwrap_or_default())?;
    room.picture("key")?;
    room.fill("key", "secret-of-ada")?;
    window.click("submit")?;
    room.connected("keys", "prefix")?;

    // A key that buys a session.
    room.begin("session", Some("key"))?;
    room.fill("user", "ada")?;
    room.fill("key", "secret-of-ada")?;
    window.click("submit")?;
    let made = room.connected("session", "key")?;
    ensure!(made["account"]["label"] == "ada" && made["canRefreshCredentials"] == true, "{made}");

    // One sign-in for several sites: the person chooses.
    room.begin("sites", None)?;
    room.fill("client_id", "quirky")?;
    room.fill("client_secret", "quirky-secret")?;
    window.click("submit")?;
    let consent = "return document.querySelector('[data-testid=\"field-client_id\"]') === null";
    wait::until_true("the client to be kept", SOON, || Ok(window.script(consent)? == json!(true)))?;
    window.click("submit")?;
    comes_back(&next_page(&mut opened)?)?;
    window.until_says("Site")?;
    room.fill("site", "s2")?;
    room.picture("choice")?;
    window.click("submit")?;
    let made = room.connected("sites", "oauth")?;
    ensure!(made["input"]["site"] == "s2" && made["account"]["id"] == "s2:ada", "{made}");
    room.picture("connected")?;
    room.window.close()
}

/// Signs in, and sees that the answer was taken.
fn comes_back(address: &str) -> Result<()> {
    match browser::sign_in(address, "ada")? {
        browser::Landing::Page { status: 200, .. } => Ok(()),
        other => membrane_tests::bail!("the browser ended at {other:?}"),
    }
}

/// Returns the next page to sign in at; the page for a device's code is passed over.
fn next_page(opened: &mut membrane_tests::desktop::Browser) -> Result<String> {
    loop {
        let address = opened.next_address()?;
        if !address.contains("/device") {
            return Ok(address);
        }
    }
}
