//! Which computer this is, for telling a data folder that was copied from one that is at home.

use membrane_model::EventId;
use membrane_store::{Store, StoreError};
use sha2::{Digest, Sha256};

/// The fact under which the store knows the computer that it is at home on.
const KEY: &str = "computer";

/// Names this computer and person; `None` where the computer has no name of its own. Its own name does not leave it.
pub(crate) fn id() -> Option<String> {
    let machine = ["/etc/machine-id", "/var/lib/dbus/machine-id"]
        .iter()
        .find_map(|path| std::fs::read_to_string(path).ok().filter(|text| !text.trim().is_empty()))?;
    let text = format!("membrane computer\0{}\0{}", machine.trim(), rustix::process::getuid().as_raw());
    Some(hex::encode(&Sha256::digest(text.as_bytes())[..16]))
}

/// Returns the name that new credentials get. A folder that finds itself on another computer takes a new one, so that what
/// it brought along is told from what is signed in here.
pub(crate) fn settle(store: &Store, computer: Option<String>) -> Result<String, StoreError> {
    let (home, name) = store.read(|tx| Ok((tx.meta(KEY)?, tx.meta("device_id")?)))?;
    let name = name.unwrap_or_default();
    let Some(computer) = computer else { return Ok(name) };
    match home {
        Some(home) if home == computer => Ok(name),
        Some(_) => {
            let name = EventId::generate().to_string();
            store.write(|tx| {
                tx.set_meta(KEY, &computer)?;
                tx.set_meta("device_id", &name)?;
                Ok(name.clone())
            })
        }
        None => {
            store.write(|tx| tx.set_meta(KEY, &computer))?;
            Ok(name)
        }
    }
}
