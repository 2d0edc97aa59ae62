//! Walks through what the client can do, as a check of itself: prints where to sign in, ends well when all of it held.
#![allow(clippy::print_stdout)]

use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use membrane_sdk::model::{EventKind, RequestStatus, StreamMessage, WireState};
use membrane_sdk::{Ask, Client, Connect, ConnectionFilter};

type Outcome = Result<(), Box<dyn std::error::Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let (address, token) = (std::env::var("MEMBRANE_API_URL")?, std::env::var("MEMBRANE_TOKEN")?);
    let membrane = Client::http(&address, &token)?;
    let sandbox = Connect { key: Some("mine".to_owned()), ..Connect::app("membrane-sandbox") };

    let mut events = pin!(membrane.events().await?.into_stream());
    check(
        "the stream begins with everything",
        matches!(events.next().await, Some(Ok(StreamMessage::Snapshot { .. }))),
    )?;
    let made = connect(&membrane, &sandbox).await?;
    check("it is ready", made.state == WireState::Ready && made.key.as_deref() == Some("mine"))?;
    loop {
        match events.next().await.ok_or("the stream ended")?? {
            StreamMessage::Event { event } => break check("it says so", event.kind == EventKind::Created)?,
            _ => continue,
        }
    }

    let again = connect(&membrane, &Connect::again("mine")).await?;
    check("a repair keeps the connection", again.id == made.id && again.connected)?;
    let renamed = membrane.patch("mine", &serde_json::json!({ "name": "Renamed" })).await?;
    check("changes are kept", renamed.name == "Renamed")?;
    let page = membrane.connections_page(&ConnectionFilter::default(), 1, None).await?;
    check("lists come page by page", page.items.len() == 1)?;

    let ask = Ask {
        app: Some("membrane-sandbox".to_owned()),
        client_name: Some("Somebody else".to_owned()),
        ..Ask::default()
    };
    let asked = membrane.ask(&ask).await?;
    check("a program can't ask in another's name", !asked.title.contains("Somebody else"))?;
    let waited = membrane.wait_request(asked.request_id.as_str(), Duration::from_secs(1)).await?;
    check("nobody has answered", waited.status == RequestStatus::Pending)?;

    membrane.archive(made.id.as_str()).await?;
    let back = membrane.restore(made.id.as_str()).await?;
    check("what is restored needs the person", back.disconnected)?;
    let refused = membrane.connection("nothing").await.map_err(membrane_sdk::SdkError::into_fault);
    check("what is not there is told", refused.is_err_and(|fault| fault.code.as_str() == "not_found"))?;
    println!("all of it held");
    Ok(())
}

async fn connect(
    membrane: &Client,
    what: &Connect,
) -> Result<membrane_sdk::model::ConnectionView, membrane_sdk::SdkError> {
    membrane.connect_and_wait(what, Duration::from_secs(60), |_, url| println!("Sign in: {url}")).await
}

fn check(what: &str, holds: bool) -> Outcome {
    if holds { Ok(()) } else { Err(what.into()) }
}
