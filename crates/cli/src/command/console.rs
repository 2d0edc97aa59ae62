//! `membrane console`: the window's pages in a browser.

use membrane_model::Fault;
use membrane_sdk::Method;
use serde_json::{Value, json};

use crate::browser;
use crate::engine::{running_or_started, told};
use crate::out::Out;

pub(super) async fn run(print: bool, out: &Out) -> Result<(), Fault> {
    let client = running_or_started().await?;
    let made: Value = told(client.call(Method::POST, "/console/code", None::<&()>).await)?;
    let url = made["url"].as_str().unwrap_or_default();
    let opened = !print && browser::there_is_a_desktop() && browser::open_page(url).is_ok();
    out.answer(&json!({ "url": url, "opened": opened }), || {
        if opened {
            "The console is open in your browser.".to_owned()
        } else {
            format!("Open this in a browser on this computer, within five minutes; it works once:\n  {url}")
        }
    });
    Ok(())
}
