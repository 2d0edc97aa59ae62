//! The query of a redirect: read or refused, and what an error says is cut down to a code.
#![no_main]

use libfuzzer_sys::fuzz_target;
use membrane_oauth::{Callback, read_callback};

fuzz_target!(|query: &str| {
    match read_callback(query) {
        Ok(Callback::Code { state, .. }) => assert!(!state.is_empty()),
        Ok(Callback::Error { error, state, .. }) => {
            assert!(!state.is_empty() && error.len() <= 60);
            assert!(error.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b)));
        }
        Err(_) => {}
    }
});
