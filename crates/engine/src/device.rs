//! Which computer this is, for telling a data folder that was copied from one that is at home.

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

/// Returns the name that credentials get. Credentials from before computers had names are taken for its own.
pub(crate) fn settle(store: &Store, computer: Option<String>) -> Result<String, StoreError> {
    let (known, old) = store.read(|tx| Ok((tx.meta(KEY)?, tx.meta("device_id")?)))?;
    let old = old.unwrap_or_default();
    match (computer, known) {
        (Some(computer), None) => {
            let name = computer.clone();
            store.write(|tx| {
                tx.rename_device(&old, &name)?;
                tx.set_meta(KEY, &name)
            })?;
            Ok(computer)
        }
        (Some(computer), Some(_)) => Ok(computer),
        (None, Some(known)) => Ok(known),
        (None, None) => Ok(old),
    }
}
