//! Somebody new and the installed package: connects the sandbox, sees it revoked, and repairs it; with a mouse, and with
//! keys alone.

use std::time::Duration;

use membrane_tests::browser;
use membrane_tests::desktop::{Desktop, Keyring};
use membrane_tests::process::pictures;
use membrane_tests::window::{ENTER, Window};
use membrane_tests::{Context, Result, ensure, wait};

const SOON: Duration = Duration::from_secs(20);

/// How somebody gets at things.
#[derive(Clone, Copy)]
enum By {
    Mouse,
    Keys,
}

impl By {
    fn does(self, window: &Window, test_id: &str) -> Result<()> {
        match self {
            Self::Mouse => window.click(test_id),
            Self::Keys => {
                window.tab_to(test_id)?;
                window.press(ENTER)
            }
        }
    }
}

fn id(desktop: &Desktop) -> Result<String> {
    Ok(desktop.json(&["connection", "list"])?[0]["id"].as_str().context("no connection")?.to_owned())
}

fn whole_job(by: By, name: &str) -> Result<()> {
    let mut desktop = Desktop::start()?;
    desktop.install_package()?;
    let keyring = Keyring::start(&desktop)?;
    let mut opened = desktop.install_browser()?;
    let window = Window::open(&desktop)?;
    window.until_says("Your desktop’s keychain")?;
    desktop.picture(&pictures()?.join(format!("{name}-1-welcome.png")))?;
    by.does(&window, "welcome-next")?;
    window.until_at("/welcome/2")?;
    by.does(&window, "welcome-sandbox")?;
    window.until_at("/connect/membrane-sandbox")?;
    by.does(&window, "submit")?;
    browser::allow_at_sandbox(&opened.next_address()?)?;
    window.until_at("/welcome/3")?;
    by.does(&window, "welcome-next")?;
    window.until_at("/")?;
    window.until_says("Membrane Sandbox")?;
    let made = id(&desktop)?;
    desktop.picture(&pictures()?.join(format!("{name}-2-connected.png")))?;

    let (code, _, err) = desktop.cli(&["sandbox", "revoke"])?;
    ensure!(code == 0, "{err}");
    window.until_says("Needs attention")?;
    desktop.picture(&pictures()?.join(format!("{name}-3-revoked.png")))?;
    by.does(&window, "reconnect")?;
    window.until_at(&format!("/connections/{made}/reconnect"))?;
    by.does(&window, "submit")?;
    browser::allow_at_sandbox(&opened.next_address()?)?;
    wait::until_true("the repair", SOON, || Ok(desktop.json(&["connection", "list"])?[0]["connected"] == true))?;
    ensure!(id(&desktop)? == made, "it is another connection");
    desktop.picture(&pictures()?.join(format!("{name}-4-repaired.png")))?;
    window.close()?;
    drop(keyring);
    Ok(())
}

#[test]
fn somebody_new_gets_along_by_mouse_alone() -> Result<()> {
    whole_job(By::Mouse, "mouse")
}

#[test]
fn somebody_new_gets_along_by_keys_alone() -> Result<()> {
    whole_job(By::Keys, "keys")
}
