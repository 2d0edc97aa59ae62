//! How the vault stands, in words: the one place for these texts.

use membrane_model::VaultState;

use crate::Backend;

/// Returns a clause for errors: it fits "failed to …: {clause}".
pub(crate) fn short(state: VaultState) -> &'static str {
    match state {
        VaultState::Unlocked => "the vault is unlocked",
        VaultState::Locked => "the vault is locked",
        VaultState::Missing => "there is no keychain for the vault's key",
        VaultState::Broken => "the keychain doesn't answer as it should",
        VaultState::KeyLost => "the key of the sealed records is gone",
    }
}

/// Returns one sentence, or two: how it stands and what to do.
pub(crate) fn view(state: VaultState, backend: Backend, trouble: Option<&str>) -> String {
    let text = match (state, backend) {
        (VaultState::Unlocked, Backend::SecretService) => "Secrets are sealed with a key in your keychain.",
        (VaultState::Unlocked, Backend::Passphrase) => "Secrets are sealed with a key behind your passphrase.",
        (VaultState::Unlocked, Backend::Environment) => "Secrets are sealed with a key from the environment.",
        (VaultState::Unlocked, Backend::Memory) => "Secrets are sealed with a key that ends with this process.",
        (VaultState::Locked, Backend::SecretService) => {
            "Your keychain is locked. Unlock it and everything goes on by itself; nothing is lost."
        }
        (VaultState::Locked, Backend::Passphrase) => {
            "The vault waits for its passphrase. Type it in the settings, or run `membrane vault unlock`."
        }
        (VaultState::Locked, Backend::Environment | Backend::Memory) => {
            "The vault is locked. Run `membrane vault unlock`."
        }
        (VaultState::Missing, _) => {
            "There is no keychain in this session. Start one (gnome-keyring, KWallet), or choose a passphrase with `membrane vault init --passphrase`."
        }
        (VaultState::Broken, _) => {
            return format!(
                "The keychain doesn't answer as it should{}. It is tried again by itself; nothing is lost.",
                trouble.map(|trouble| format!(": {trouble}")).unwrap_or_default()
            );
        }
        (VaultState::KeyLost, _) => {
            "The key that sealed your secrets is gone or another one. Restore it, or run `membrane vault reset` and reconnect your apps."
        }
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_says_how_it_stands_and_ends_its_sentence() {
        let states =
            [VaultState::Unlocked, VaultState::Locked, VaultState::Missing, VaultState::Broken, VaultState::KeyLost];
        for state in states {
            for backend in [Backend::SecretService, Backend::Passphrase, Backend::Environment, Backend::Memory] {
                assert!(view(state, backend, None).ends_with('.'));
            }
        }
        let broken = view(VaultState::Broken, Backend::SecretService, Some("it did not answer within 5 seconds"));
        assert!(broken.starts_with("The keychain doesn't answer as it should: it did not answer within 5 seconds. "));
    }
}
