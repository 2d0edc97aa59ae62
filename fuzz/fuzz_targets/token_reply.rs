//! Token replies: whatever a server sends is tokens, weather or an error, and no secret of it is ever shown.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use membrane_oauth::{ClientAuth, Pkce, Provider, Reach, Reply, TokenBodyForm, read_tokens};
use url::Url;

fuzz_target!(|body: &[u8]| {
    let at = |path: &str| Url::parse(&format!("https://as.example/{path}")).expect("a fixed URL");
    let provider = Provider {
        issuer: None,
        sends_iss: false,
        authorize: at("authorize"),
        token: at("token"),
        device: None,
        revoke: None,
        pkce: Pkce::Required,
        client_auth: ClientAuth::None,
        token_body: TokenBodyForm::Form,
        scope_separator: " ".into(),
        authorize_params: BTreeMap::new(),
        token_params: BTreeMap::new(),
        token_headers: BTreeMap::new(),
        dead_codes: vec!["token_revoked".into()],
        config_codes: Vec::new(),
        lifetime: Some(std::time::Duration::from_secs(3600)),
        par: None,
        dpop: None,
        tokens_at: None,
        reach: Reach::Https,
    };
    for (status, content_type) in [(200, None), (200, Some("text/html")), (400, None), (503, None)] {
        let reply = Reply {
            status,
            content_type: content_type.map(str::to_owned),
            retry_after: None,
            date: None,
            challenge: None,
            location: None,
            dpop_nonce: None,
            body: body.to_vec(),
            redirect: false,
        };
        match read_tokens(&provider, reply) {
            Ok(tokens) => {
                assert!(tokens.expires_in.is_none_or(|lifetime| lifetime.as_secs() >= 1));
                for name in ["access_token", "refresh_token", "id_token"] {
                    assert!(!tokens.extra.contains_key(name));
                }
            }
            Err(failure) => assert!(failure.to_string().len() <= 60),
        }
    }
});
