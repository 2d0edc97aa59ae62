//! What the sandbox gives out: random, shown once, and kept as a hash.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The SHA-256 of something secret; all that is stored of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Hash(String);

impl Hash {
    pub(crate) fn of(secret: &str) -> Self {
        Self(hex::encode(Sha256::digest(secret.as_bytes())))
    }
}

/// A secret on its way to whom it was made for. Not stored, not shown by `Debug`.
pub(crate) struct Fresh(String);

impl Fresh {
    /// Makes one of 256 random bits: `sbx-rt-…`.
    pub(crate) fn new(prefix: &str) -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// Makes a short code that a person can type: `BCDF-GHJK`. No vowels, so no words; no letters that look alike.
    pub(crate) fn typed() -> Result<Self, getrandom::Error> {
        const LETTERS: &[u8; 16] = b"BCDFGHJKLMPQRTWX";
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes)?;
        let code: String = bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 16)])).collect();
        Ok(Self(format!("{}-{}", &code[..4], &code[4..])))
    }

    pub(crate) fn hash(&self) -> Hash {
        Hash::of(&self.0)
    }

    /// Gives the text away, to be sent to whom it was made for.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

/// Tells whether a PKCE verifier belongs to an S256 challenge (RFC 7636 section 4.6), in constant time.
pub(crate) fn verifier_fits(verifier: &str, challenge: &str) -> bool {
    let well_formed = (43..=128).contains(&verifier.len())
        && verifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    let expected = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    well_formed && same(&expected, challenge)
}

/// Compares in constant time.
pub(crate) fn same(one: &str, other: &str) -> bool {
    subtle::ConstantTimeEq::ct_eq(one.as_bytes(), other.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r01_the_verifier_of_the_standards_example_fits_its_challenge() {
        let (verifier, challenge) =
            ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert!(verifier_fits(verifier, challenge));
        assert!(!verifier_fits(&verifier.replace('d', "e"), challenge));
        assert!(!verifier_fits(challenge, challenge), "plain is not S256");
        assert!(!verifier_fits("short", challenge));
    }

    #[test]
    fn codes_for_people_are_easy_to_type() {
        let code = Fresh::typed().unwrap();
        let code = code.reveal();
        assert_eq!(code.len(), 9);
        assert!(code.bytes().all(|byte| byte == b'-' || b"BCDFGHJKLMPQRTWX".contains(&byte)), "{code}");
    }
}
