//! Talks to this session's own keychain, one command a line, one answer a line: to try it by hand, and for the test
//! `os_keychain`, which runs it in private sessions.
//!
//! `keychain VAULT_ID [KEY_ID CANARY_HEX]` then `unlock`, `ask`, `view`, `check`, `reset`, `seal TEXT` or `open HEX`.

use std::{
    io::{BufRead, Write},
    sync::Arc,
    time::Instant,
};

use membrane_vault::{KeyCheck, OsKeychain, Place, Sealed, Vault};
use secrecy::ExposeSecret;

const PLACE: Place<'_> = Place { table: "example", row: "1", field: "text" };

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (vault_id, expected) = match &arguments[..] {
        [vault_id] => (vault_id, None),
        [vault_id, key_id, canary] => {
            let canary = Sealed { key_id: key_id.clone(), bytes: hex::decode(canary)? };
            (vault_id, Some(KeyCheck { key_id: key_id.clone(), canary }))
        }
        _ => return Err("usage: keychain VAULT_ID [KEY_ID CANARY_HEX]".into()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let vault = Vault::new(Arc::new(OsKeychain::new(vault_id)), expected);
    let mut out = std::io::stdout();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (command, text) = line.split_once(' ').unwrap_or((&line, ""));
        let begun = Instant::now();
        let answer = runtime.block_on(answer(&vault, command, text))?;
        writeln!(out, "{} {answer}", begun.elapsed().as_millis())?;
        out.flush()?;
    }
    Ok(())
}

async fn answer(vault: &Vault, command: &str, text: &str) -> Result<String, Failure> {
    Ok(match command {
        "unlock" => format!("{:?}", vault.unlock().await),
        "ask" => format!("{:?}", vault.unlock_asking().await),
        "reset" => format!("{:?}", vault.reset().await?),
        "view" => vault.view().sentence,
        "check" => match vault.key_check() {
            Some(check) => format!("{} {}", check.key_id, hex::encode(check.canary.bytes)),
            None => "none".to_owned(),
        },
        "seal" => {
            let sealed = vault.seal(PLACE, text.as_bytes())?;
            format!("{}:{}", sealed.key_id, hex::encode(sealed.bytes))
        }
        "open" => {
            let (key_id, bytes) = text.split_once(':').ok_or("open KEY_ID:HEX")?;
            let sealed = Sealed { key_id: key_id.to_owned(), bytes: hex::decode(bytes)? };
            String::from_utf8_lossy(vault.open(PLACE, &sealed)?.expose_secret()).into_owned()
        }
        other => return Err(format!("no such command: {other}").into()),
    })
}
