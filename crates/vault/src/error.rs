//! Why the vault could not do what it was asked.

use membrane_model::{ErrorCode, Fault, VaultState};

/// Why a call of the vault failed. Texts hold no secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// Nothing can be sealed or opened while the vault stands like this.
    #[error("{}", crate::sentence::short(*.0))]
    NotUnlocked(VaultState),
    /// The passphrase does not open the vault.
    #[error("the passphrase is not the right one")]
    WrongPassphrase,
    /// The passphrase is too short to protect anything.
    #[error("the passphrase is too short: at least {} characters", crate::keychain::MIN_PASSPHRASE)]
    WeakPassphrase,
    /// What holds the key takes no passphrase.
    #[error("the vault's key is not behind a passphrase")]
    NoPassphrase,
    /// The place for the key holds another key already.
    #[error("there is another key already, and it is not overwritten")]
    Taken,
    /// The record does not open: tampered with, moved, or sealed by another key.
    #[error("the sealed record can't be read")]
    Unreadable,
    /// The system or the keychain failed.
    #[error("{0}")]
    Failed(String),
}

impl From<VaultError> for Fault {
    fn from(error: VaultError) -> Self {
        let message = capitalised(&error.to_string());
        match error {
            VaultError::NotUnlocked(VaultState::Missing) => Self::new(ErrorCode::VaultMissing, message),
            VaultError::NotUnlocked(VaultState::KeyLost) => Self::new(ErrorCode::VaultKeyLost, message),
            VaultError::NotUnlocked(VaultState::Locked | VaultState::Unlocked) => {
                Self::new(ErrorCode::VaultLocked, message)
            }
            VaultError::NotUnlocked(VaultState::Broken) => Self::new(ErrorCode::VaultLocked, message)
                .hint("It is tried again by itself; `membrane status` says what the keychain answered."),
            VaultError::WrongPassphrase => Self::new(ErrorCode::WrongPassphrase, message),
            VaultError::WeakPassphrase => Self::new(ErrorCode::InvalidField, message)
                .hint("Choose a longer one; a few words you can remember are good."),
            VaultError::NoPassphrase => {
                Self::new(ErrorCode::BadRequest, message).hint("Unlock the keychain of your desktop session instead.")
            }
            VaultError::Taken => Self::new(ErrorCode::AlreadyExists, message)
                .hint("Unlock the vault with the key that exists, or give it up with `membrane vault reset`."),
            VaultError::Unreadable => Self::new(ErrorCode::VaultKeyLost, message)
                .hint("Reconnect what it belonged to; nothing else is touched."),
            VaultError::Failed(_) => Self::new(ErrorCode::Internal, message),
        }
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r53_every_state_has_its_code_on_the_wire() {
        let code = |state| Fault::from(VaultError::NotUnlocked(state)).code;
        assert_eq!(code(VaultState::Locked), ErrorCode::VaultLocked);
        assert_eq!(code(VaultState::Broken), ErrorCode::VaultLocked);
        assert_eq!(code(VaultState::Missing), ErrorCode::VaultMissing);
        assert_eq!(code(VaultState::KeyLost), ErrorCode::VaultKeyLost);
        assert_eq!(ErrorCode::VaultLocked.http_status(), 423);
    }

    #[test]
    fn messages_are_sentences() {
        for error in [
            VaultError::NotUnlocked(VaultState::Locked),
            VaultError::WrongPassphrase,
            VaultError::WeakPassphrase,
            VaultError::Taken,
            VaultError::Unreadable,
        ] {
            let message = Fault::from(error).message;
            assert!(message.starts_with(char::is_uppercase) && message.ends_with('.'), "{message}");
            assert!(!message.ends_with(".."), "{message}");
        }
    }
}
