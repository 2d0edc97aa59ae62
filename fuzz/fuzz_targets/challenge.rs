//! `WWW-Authenticate`: whatever stands in it, what is taken from it is short, visible, and stood there as a parameter.
#![no_main]

use libfuzzer_sys::fuzz_target;
use membrane_oauth::Challenge;

fuzz_target!(|header: &str| {
    let found = Challenge::read(header);
    if let Some(metadata) = &found.metadata {
        assert!(!metadata.is_empty() && metadata.len() <= 2000 && !metadata.chars().any(char::is_control));
        assert!(header.to_ascii_lowercase().contains("resource_metadata"));
    }
    for scope in found.scopes.iter().flatten() {
        assert!(!scope.is_empty() && !scope.contains(' ') && !scope.chars().any(char::is_control));
    }
    // What stands in a quotation is nobody's parameter.
    let text = header.replace('\\', "\\\\").replace('"', "\\\"");
    let quoted = Challenge::read(&format!("Bearer error_description=\"{text}\", scope=\"mine\""));
    assert_eq!(quoted, Challenge { metadata: None, scopes: Some(vec!["mine".to_owned()]) });
});
