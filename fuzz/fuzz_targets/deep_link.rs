//! Links that anybody can open: parsed or refused, and never more than a known screen or a pending sign-in.
#![no_main]

use libfuzzer_sys::fuzz_target;
use membrane_engine::DeepLink;

fuzz_target!(|link: &str| {
    if DeepLink::parse(link).is_ok() {
        assert!(link.len() <= 8 * 1024 && !link.chars().any(char::is_control));
    }
});
