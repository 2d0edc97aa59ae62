//! Connects an app by intent, waits for the person, and gets an access token.
#![allow(clippy::print_stdout)]

use std::time::Duration;

use membrane_sdk::{Client, Connect};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (address, token) = (std::env::var("MEMBRANE_API_URL")?, std::env::var("MEMBRANE_TOKEN")?);
    let membrane = Client::http(&address, &token)?;

    // Or "CRM", "my calendar", "notion.so".
    let what = Connect::intent("membrane sandbox");
    let show = |_: &_, url: &str| println!("Sign in: {url}");
    let connection = membrane.connect_and_wait(&what, Duration::from_secs(300), show).await?;

    let token = membrane.token(connection.id.as_str(), 60).await?;
    println!("{} is ready, with a token of {} characters", connection.name, token.access_token.len());
    Ok(())
}
