//! Places where a test may end the process without warning, named by MEMBRANE_KILL_AT. Builds for use have none of it.

/// Ends the process here, as a power cut would, when a test named this place.
#[cfg(debug_assertions)]
pub(crate) fn reach(place: &str) {
    use std::sync::OnceLock;
    static CHOSEN: OnceLock<Option<String>> = OnceLock::new();
    let chosen = CHOSEN.get_or_init(|| std::env::var("MEMBRANE_KILL_AT").ok());
    if chosen.as_deref() == Some(place) {
        let _never_returns = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}

/// Does nothing.
#[cfg(not(debug_assertions))]
pub(crate) fn reach(_place: &str) {}
