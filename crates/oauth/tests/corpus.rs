//! Everything that fuzzing has found worth keeping is read again, in every run.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::collections::BTreeMap;

use membrane_oauth::{
    ClientAuth, ExchangeFailure, Pkce, Provider, Reach, Reply, TokenBodyForm, read_callback, read_tokens,
};
use url::Url;

fn corpus(name: &str) -> Vec<(String, Vec<u8>)> {
    let folder = format!("{}/../../fuzz/corpus/{name}", env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    files.map(|file| (file.file_name().to_string_lossy().into_owned(), std::fs::read(file.path()).unwrap())).collect()
}

fn provider() -> Provider {
    let at = |path: &str| Url::parse(&format!("https://as.example/{path}")).unwrap();
    Provider {
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
        dead_codes: Vec::new(),
        config_codes: Vec::new(),
        lifetime: None,
        par: None,
        dpop: None,
        tokens_at: None,
        reach: Reach::Https,
    }
}

#[test]
fn token_replies_are_tokens_or_say_why_not() {
    let all = corpus("token_reply");
    assert!(all.len() >= 6);
    for (name, body) in all {
        let reply = Reply {
            status: 200,
            content_type: None,
            retry_after: None,
            date: None,
            challenge: None,
            location: None,
            dpop_nonce: None,
            body,
            redirect: false,
        };
        match read_tokens(&provider(), reply) {
            Ok(tokens) => assert!(tokens.expires_in.is_none_or(|lifetime| lifetime.as_secs() >= 1), "{name}"),
            Err(ExchangeFailure::Malformed) => panic!("{name}: an answer is never malformed as a request"),
            Err(failure) => assert!(failure.to_string().len() <= 60, "{name}"),
        }
    }
}

#[test]
fn queries_of_redirects_are_read_or_refused() {
    let all = corpus("callback");
    assert!(all.len() >= 3);
    let read = all.iter().filter(|(_, query)| read_callback(&String::from_utf8_lossy(query)).is_ok()).count();
    assert!(read >= 2 && read < all.len());
}
