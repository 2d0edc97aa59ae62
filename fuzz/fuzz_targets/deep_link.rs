//! Links that anybody can open: parsed or refused, and never more than a known screen or a pending sign-in.
#![no_main]

// These two files of the engine need nothing of the rest of it, which would take minutes to build.
#[allow(dead_code)]
#[path = "../../crates/engine/src/deep_link.rs"]
mod deep_link;
#[allow(dead_code)]
#[path = "../../crates/engine/src/host.rs"]
mod host;

use deep_link::{CALLBACK_URI, DeepLink, MAX_LINK};
use host::Screen;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|link: &str| {
    let Ok(read) = DeepLink::parse(link) else { return };
    assert!(link.len() <= MAX_LINK && !link.chars().any(char::is_control));
    match read {
        DeepLink::Callback { redirect_uri, query } => {
            assert!(redirect_uri.starts_with(CALLBACK_URI));
            assert!(link.ends_with(&query) || link.contains(&format!("{query}#")));
        }
        DeepLink::Show(Screen::Connect { intent, .. }) => {
            let sound = |text: &String| !text.is_empty() && text.chars().count() <= 200;
            assert!(intent.iter().all(|text| sound(text) && !text.chars().any(char::is_control)));
        }
        DeepLink::Show(Screen::Home | Screen::Reconnect(_)) => {}
        DeepLink::Show(other) => panic!("no link leads to {other:?}"),
    }
});
