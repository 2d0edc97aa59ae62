//! The envelope: XChaCha20-Poly1305 under the master key, bound to the place where the record lives.

use chacha20poly1305::{AeadInOut, KeyInit, Tag, XChaCha20Poly1305, XNonce};
use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox, SecretSlice};

use crate::{MasterKey, VaultError};

/// The version of what is sealed; part of what every envelope is bound to.
pub const SCHEMA_VERSION: u32 = 1;

const NONCE: usize = 24;
const TAG: usize = 16;
const CANARY: &[u8] = b"membrane vault canary";

/// Where a record lives. An envelope opens only in the place it was sealed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The table.
    pub table: &'a str,
    /// The row's id.
    pub row: &'a str,
    /// The column, or the field within it.
    pub field: &'a str,
}

/// A sealed record. Harmless without the key it names.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Which key seals it.
    pub key_id: String,
    /// Nonce, ciphertext and tag, in this order.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealed({}, {} bytes)", self.key_id, self.bytes.len())
    }
}

/// What tells whether a key is the one that sealed the records. Kept beside them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyCheck {
    /// The key's id.
    pub key_id: String,
    /// A known text under that key.
    pub canary: Sealed,
}

impl KeyCheck {
    pub(crate) fn of(key: &MasterKey) -> Result<Self, VaultError> {
        let key_id = key.id();
        let canary = seal(key, Self::place(&key_id), CANARY)?;
        Ok(Self { key_id, canary })
    }

    /// Tells whether `key` is the one this check was made of.
    #[must_use]
    pub fn fits(&self, key: &MasterKey) -> bool {
        key.id() == self.key_id
            && open(key, Self::place(&self.key_id), &self.canary).is_ok_and(|text| text.expose_secret() == CANARY)
    }

    fn place(key_id: &str) -> Place<'_> {
        Place { table: "vault_key", row: key_id, field: "canary" }
    }
}

pub(crate) fn seal(key: &MasterKey, place: Place<'_>, secret: &[u8]) -> Result<Sealed, VaultError> {
    let key_id = key.id();
    let mut nonce = XNonce::default();
    getrandom::fill(&mut nonce).map_err(|_| VaultError::Failed("the system's random source failed".to_owned()))?;

    // Sized once: a vector that grows would leave pieces of the secret behind on the heap.
    let mut bytes = Vec::with_capacity(NONCE + secret.len() + TAG);
    bytes.extend_from_slice(&nonce);
    bytes.extend_from_slice(secret);
    let tag = cipher(key)
        .encrypt_inout_detached(&nonce, &bound_to(place, &key_id), (&mut bytes[NONCE..]).into())
        .map_err(|_| VaultError::Failed("the record is too large to seal".to_owned()))?;
    bytes.extend_from_slice(&tag);
    Ok(Sealed { key_id, bytes })
}

pub(crate) fn open(key: &MasterKey, place: Place<'_>, sealed: &Sealed) -> Result<SecretSlice<u8>, VaultError> {
    if sealed.key_id != key.id() {
        return Err(VaultError::Unreadable);
    }
    let (nonce, rest) = sealed.bytes.split_at_checked(NONCE).ok_or(VaultError::Unreadable)?;
    let text_len = rest.len().checked_sub(TAG).ok_or(VaultError::Unreadable)?;
    let (text, tag) = rest.split_at(text_len);
    let nonce = XNonce::try_from(nonce).map_err(|_| VaultError::Unreadable)?;
    let tag = Tag::try_from(tag).map_err(|_| VaultError::Unreadable)?;

    let mut secret: SecretSlice<u8> = SecretBox::from(text.to_vec().into_boxed_slice());
    cipher(key)
        .decrypt_inout_detached(&nonce, &bound_to(place, &sealed.key_id), secret.expose_secret_mut().into(), &tag)
        .map_err(|_| VaultError::Unreadable)?;
    Ok(secret)
}

fn cipher(key: &MasterKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.expose().into())
}

/// Returns the associated data: every part with its length before it, so that no two places read the same.
fn bound_to(place: Place<'_>, key_id: &str) -> Vec<u8> {
    let parts = [place.table, place.row, place.field, key_id];
    let mut data = Vec::with_capacity(4 + parts.iter().map(|part| 8 + part.len()).sum::<usize>());
    data.extend_from_slice(&SCHEMA_VERSION.to_be_bytes());
    for part in parts {
        data.extend_from_slice(&(part.len() as u64).to_be_bytes());
        data.extend_from_slice(part.as_bytes());
    }
    data
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HERE: Place<'_> = Place { table: "credential", row: "con_1", field: "current" };

    fn key() -> MasterKey {
        MasterKey::random().unwrap()
    }

    #[test]
    fn r50_what_is_sealed_opens_in_its_place_only() {
        let key = key();
        let sealed = seal(&key, HERE, b"refresh-token").unwrap();
        assert_eq!(open(&key, HERE, &sealed).unwrap().expose_secret(), b"refresh-token");
        for elsewhere in [
            Place { table: "session", ..HERE },
            Place { row: "con_2", ..HERE },
            Place { field: "previous", ..HERE },
            Place { table: "credentialcon_1", row: "", field: "current" },
        ] {
            assert!(matches!(open(&key, elsewhere, &sealed), Err(VaultError::Unreadable)), "{elsewhere:?}");
        }
    }

    #[test]
    fn r50_another_key_opens_nothing_even_under_the_first_ones_name() {
        let (first, second) = (key(), key());
        let mut sealed = seal(&first, HERE, b"secret").unwrap();
        assert!(matches!(open(&second, HERE, &sealed), Err(VaultError::Unreadable)));
        sealed.key_id = second.id();
        assert!(matches!(open(&second, HERE, &sealed), Err(VaultError::Unreadable)));
        assert!(matches!(open(&first, HERE, &sealed), Err(VaultError::Unreadable)));
    }

    #[test]
    fn the_same_secret_never_looks_the_same_twice() {
        let key = key();
        assert_ne!(seal(&key, HERE, b"secret").unwrap().bytes, seal(&key, HERE, b"secret").unwrap().bytes);
    }

    #[test]
    fn a_check_fits_its_own_key_only() {
        let (first, second) = (key(), key());
        let check = KeyCheck::of(&first).unwrap();
        assert!(check.fits(&first));
        assert!(!check.fits(&second));
        let forged = KeyCheck { key_id: second.id(), canary: check.canary.clone() };
        assert!(!forged.fits(&second), "the id alone is not enough");
    }

    #[test]
    fn r57_debug_shows_no_secret() {
        let key = key();
        let sealed = seal(&key, HERE, b"canary-secret").unwrap();
        let opened = open(&key, HERE, &sealed).unwrap();
        let shown = format!("{sealed:?} {opened:?} {:?}", KeyCheck::of(&key).unwrap());
        assert!(!shown.contains("canary-secret") && !shown.contains("99, 97, 110"), "{shown}");
    }

    proptest! {
        #[test]
        fn r50_every_secret_comes_back(secret in prop::collection::vec(any::<u8>(), 0..2000), table: String, row: String, field: String) {
            let key = key();
            let place = Place { table: &table, row: &row, field: &field };
            let sealed = seal(&key, place, &secret).unwrap();
            let opened = open(&key, place, &sealed).unwrap();
            prop_assert_eq!(opened.expose_secret(), &secret[..]);
            prop_assert_eq!(sealed.bytes.len(), secret.len() + 40);
        }

        #[test]
        fn r50_one_changed_bit_anywhere_is_noticed(secret in prop::collection::vec(any::<u8>(), 0..200), at: prop::sample::Index, bit in 0..8u8) {
            let key = key();
            let mut sealed = seal(&key, HERE, &secret).unwrap();
            let at = at.index(sealed.bytes.len());
            sealed.bytes[at] ^= 1 << bit;
            prop_assert!(matches!(open(&key, HERE, &sealed), Err(VaultError::Unreadable)));
        }

        #[test]
        fn r50_a_cut_or_stretched_envelope_is_noticed(secret in prop::collection::vec(any::<u8>(), 0..200), cut: prop::sample::Index, more in prop::collection::vec(any::<u8>(), 1..50)) {
            let key = key();
            let sealed = seal(&key, HERE, &secret).unwrap();
            let short = Sealed { bytes: sealed.bytes[..cut.index(sealed.bytes.len())].to_vec(), ..sealed.clone() };
            prop_assert!(matches!(open(&key, HERE, &short), Err(VaultError::Unreadable)));
            let long = Sealed { bytes: [sealed.bytes.clone(), more].concat(), ..sealed };
            prop_assert!(matches!(open(&key, HERE, &long), Err(VaultError::Unreadable)));
        }

        #[test]
        fn r50_no_two_places_are_bound_to_the_same_data(a: [String; 4], b: [String; 4]) {
            let data = |p: &[String; 4]| bound_to(Place { table: &p[0], row: &p[1], field: &p[2] }, &p[3]);
            prop_assert_eq!(a == b, data(&a) == data(&b));
        }

        #[test]
        fn r50_sliding_a_letter_to_the_next_part_changes_the_place(word in "[a-z]{2,12}", at in 1usize..2) {
            let key = key();
            let (left, right) = word.split_at(at);
            let sealed = seal(&key, Place { table: &word, row: "", field: "f" }, b"x").unwrap();
            let slid = Place { table: left, row: right, field: "f" };
            prop_assert!(matches!(open(&key, slid, &sealed), Err(VaultError::Unreadable)));
        }
    }
}
