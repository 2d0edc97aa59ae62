//! The real window, driven through WebKit's own driver.

use std::future::Future;
use std::time::Duration;

use anyhow::{Context, Result};
use fantoccini::error::CmdError;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Map, Value, json};

use crate::desktop::Desktop;
use crate::process::Running;
use crate::wait;

const PATIENCE: Duration = Duration::from_secs(20);
/// How often Tab is pressed before an element counts as out of reach.
const TABS_MAX: usize = 60;
/// WebDriver's names of keys.
pub const TAB: &str = "\u{E004}";
/// Enter.
pub const ENTER: &str = "\u{E007}";
/// The arrow down.
pub const DOWN: &str = "\u{E015}";
/// Control and K together, and both let go.
pub const PALETTE: &str = "\u{E009}k\u{E000}";

/// The app's window under a driver. Ended with [`Window::close`], so that nothing is left behind.
pub struct Window {
    runtime: tokio::runtime::Runtime,
    client: Client,
    _driver: Running,
}

impl Window {
    /// Starts the app under a driver, on a desktop.
    ///
    /// # Errors
    /// Fails when the driver is not installed or the app isn't built.
    pub fn open(desktop: &Desktop) -> Result<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut driver = desktop.command("WebKitWebDriver");
        driver.arg(format!("--port={port}")).env("TAURI_AUTOMATION", "true").env("TAURI_WEBVIEW_AUTOMATION", "true");
        let painted = desktop.path().join("painted");
        driver.env("MEMBRANE_TRACE_PAINT", &painted);
        let driver = desktop.start_program(driver)?;
        wait::until_true("the driver", PATIENCE, || Ok(std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let app = desktop.program("membrane-desktop")?;
        let options = json!({ "binary": app, "args": [] });
        let capabilities = Map::from_iter([("webkitgtk:browserOptions".to_owned(), options)]);
        let connecting = async {
            let mut builder = ClientBuilder::new(hyper_connector());
            builder.capabilities(capabilities).connect(&format!("http://127.0.0.1:{port}")).await
        };
        let client = runtime
            .block_on(async { tokio::time::timeout(PATIENCE, connecting).await })
            .context("the driver did not start the app in time")?
            .context("the driver could not start the app")?;
        // A script that comes while the page is being loaded is never answered.
        wait::until_true("the first paint", PATIENCE, || Ok(painted.exists()))?;
        Ok(Self { runtime, client, _driver: driver })
    }

    /// Waits for the driver's answer, which never comes when the page hangs.
    fn ask<T>(&self, question: impl Future<Output = Result<T, CmdError>>) -> Result<T> {
        let limited = async { tokio::time::timeout(PATIENCE + PATIENCE, question).await };
        Ok(self.runtime.block_on(limited).context("the driver does not answer")??)
    }

    fn find(&self, test_id: &str) -> Result<fantoccini::elements::Element> {
        let css = format!("[data-testid=\"{test_id}\"]");
        let found = self.client.wait().at_most(PATIENCE);
        let found = self.ask(found.for_element(Locator::Css(&css)));
        found.with_context(|| format!("{test_id} is not there: {}", self.text().unwrap_or_default()))
    }

    /// Clicks the first element of that test id, once it is there.
    ///
    /// # Errors
    /// Fails with the page's text when it isn't.
    pub fn click(&self, test_id: &str) -> Result<()> {
        let element = self.find(test_id)?;
        self.ask(element.click())
    }

    /// Types into an element.
    ///
    /// # Errors
    /// Fails with the page's text when it isn't there.
    pub fn type_into(&self, test_id: &str, text: &str) -> Result<()> {
        let element = self.find(test_id)?;
        self.ask(element.send_keys(text))
    }

    /// Presses keys where the focus is, as WebDriver writes them: `\u{E004}` is Tab.
    ///
    /// # Errors
    /// Fails when nothing has the focus.
    pub fn press(&self, keys: &str) -> Result<()> {
        let focused = self.runtime.block_on(self.client.active_element())?;
        Ok(self.runtime.block_on(focused.send_keys(keys))?)
    }

    /// Returns the test id of what has the focus, or of what it is in.
    ///
    /// # Errors
    /// Fails when the window is gone.
    pub fn focused(&self) -> Result<String> {
        let found = self.script("return document.activeElement.closest('[data-testid]')?.dataset.testid ?? ''")?;
        Ok(found.as_str().unwrap_or_default().to_owned())
    }

    /// Presses Tab until an element of that test id has the focus, as somebody without a mouse does.
    ///
    /// # Errors
    /// Fails when Tab doesn't lead there.
    pub fn tab_to(&self, test_id: &str) -> Result<()> {
        self.find(test_id)?;
        for _ in 0..TABS_MAX {
            if self.focused()? == test_id {
                return Ok(());
            }
            self.press(TAB)?;
        }
        anyhow::bail!("Tab does not lead to {test_id} but to {}", self.focused()?)
    }

    /// Returns all that the page says.
    ///
    /// # Errors
    /// Fails when the window is gone.
    pub fn text(&self) -> Result<String> {
        let value = self.ask(self.client.execute("return document.body.innerText", Vec::new()))?;
        Ok(value.as_str().unwrap_or_default().to_owned())
    }

    /// Returns the console's path that is shown.
    ///
    /// # Errors
    /// Fails when the window is gone.
    pub fn path(&self) -> Result<String> {
        let value = self.ask(self.client.execute("return location.hash", Vec::new()))?;
        Ok(value.as_str().unwrap_or_default().trim_start_matches('#').to_owned())
    }

    /// Waits until the page says a text.
    ///
    /// # Errors
    /// Fails with the page's text when it doesn't.
    pub fn until_says(&self, text: &str) -> Result<()> {
        wait::until_true(text, PATIENCE, || Ok(self.text()?.contains(text)))
            .with_context(|| self.text().unwrap_or_default())
    }

    /// Waits until a path is shown.
    ///
    /// # Errors
    /// Fails with the path that is shown.
    pub fn until_at(&self, path: &str) -> Result<()> {
        wait::until_true(path, PATIENCE, || Ok(self.path()? == path)).with_context(|| self.path().unwrap_or_default())
    }

    /// Runs a script in the page.
    ///
    /// # Errors
    /// Fails when it throws.
    pub fn script(&self, script: &str) -> Result<Value> {
        self.ask(self.client.execute(script, Vec::new()))
    }

    /// Ends the app through its driver.
    ///
    /// # Errors
    /// Fails when the driver is gone.
    pub fn close(self) -> Result<()> {
        let client = self.client.clone();
        self.ask(client.close())
    }
}

fn hyper_connector() -> hyper_util::client::legacy::connect::HttpConnector {
    hyper_util::client::legacy::connect::HttpConnector::new()
}
