//! The master key: 256 random bits, wiped when dropped, known outside by its id only.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox, SecretString};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

/// How long the key is as text (base64 of 32 bytes): it fits every keychain's limit.
pub const KEY_TEXT_LEN: usize = 44;

/// The key that seals all records. `Debug` shows its id and never its bytes; clones share the one copy in memory.
#[derive(Clone)]
pub struct MasterKey {
    bytes: Arc<SecretBox<[u8; 32]>>,
}

/// The text is not 44 characters of base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not a key: {KEY_TEXT_LEN} characters of base64 are expected")]
pub struct NotAKey;

impl MasterKey {
    /// Makes a new one from the system's random source.
    ///
    /// # Errors
    /// When the system has no random source to offer.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = SecretBox::new(Box::new([0; 32]));
        getrandom::fill(bytes.expose_secret_mut())?;
        Ok(Self { bytes: Arc::new(bytes) })
    }

    pub(crate) fn from_slice(slice: &[u8]) -> Result<Self, NotAKey> {
        if slice.len() != 32 {
            return Err(NotAKey);
        }
        let mut bytes = SecretBox::new(Box::new([0; 32]));
        bytes.expose_secret_mut().copy_from_slice(slice);
        Ok(Self { bytes: Arc::new(bytes) })
    }

    /// Reads the text form; white space around it is ignored.
    ///
    /// # Errors
    /// When it is anything but 44 characters of base64.
    pub fn from_text(text: &str) -> Result<Self, NotAKey> {
        let text = text.trim();
        if text.len() != KEY_TEXT_LEN {
            return Err(NotAKey);
        }
        let mut raw = Zeroizing::new([0; 33]);
        let count = STANDARD.decode_slice(text, &mut *raw).map_err(|_| NotAKey)?;
        Self::from_slice(raw.get(..count).unwrap_or_default())
    }

    /// Returns the text form, which is what a keychain keeps.
    #[must_use]
    pub fn to_text(&self) -> SecretString {
        STANDARD.encode(self.expose()).into()
    }

    /// Returns the key's name: the same key has the same id everywhere, and the id tells nothing about the key.
    #[must_use]
    pub fn id(&self) -> String {
        let mut digest = Sha256::new_with_prefix(b"membrane master key id\0");
        digest.update(self.expose());
        let mut sum = digest.finalize();
        let id = hex::encode(&sum[..8]);
        sum.as_mut_slice().zeroize();
        id
    }

    /// The bytes, for the cipher and the memory lock alone.
    pub(crate) fn expose(&self) -> &[u8; 32] {
        self.bytes.expose_secret()
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MasterKey({})", self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r51_a_key_is_44_characters_and_comes_back_the_same() {
        let key = MasterKey::random().unwrap();
        let text = key.to_text();
        assert_eq!(text.expose_secret().len(), 44);
        assert_eq!(MasterKey::from_text(&format!(" {}\n", text.expose_secret())).unwrap().id(), key.id());
    }

    #[test]
    fn anything_but_a_key_is_refused() {
        for text in ["", "short", &"A".repeat(44), &"=".repeat(44), &"A".repeat(43), &"ä".repeat(22), &"A".repeat(4096)]
        {
            assert_eq!(MasterKey::from_text(text).unwrap_err(), NotAKey, "{text}");
        }
        assert!(
            MasterKey::from_text(&format!("{}=", "A".repeat(43))).is_ok(),
            "32 zero bytes are a key, if a poor one"
        );
    }

    #[test]
    fn r57_debug_shows_the_id_only() {
        let key = MasterKey::random().unwrap();
        assert_eq!(format!("{key:?}"), format!("MasterKey({})", key.id()));
        assert!(!format!("{:?}", key.to_text()).contains(key.to_text().expose_secret()));
    }

    #[test]
    fn two_keys_are_two() {
        assert_ne!(MasterKey::random().unwrap().id(), MasterKey::random().unwrap().id());
    }
}
