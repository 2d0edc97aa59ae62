//! The keychain, as the doctor sees it.

use membrane_model::{Finding, Outcome, Subject, VaultState, VaultView};

use super::{finding, with};

/// Says how the keychain stands.
pub(super) fn found(vault: &VaultView) -> Finding {
    let (outcome, case, fix) = match vault.state {
        VaultState::Unlocked => (Outcome::Fine, "unlocked", None),
        VaultState::Locked => {
            (Outcome::Broken, "locked", Some("Unlock it in the settings, or run `membrane vault unlock`."))
        }
        VaultState::Missing => (
            Outcome::Broken,
            "missing",
            Some(
                "Start a keychain (gnome-keyring or KWallet), or choose a passphrase with `membrane vault init --passphrase`.",
            ),
        ),
        VaultState::Broken => {
            (Outcome::Broken, "broken", Some("Restart the keychain of your desktop, then try again."))
        }
        VaultState::KeyLost => (
            Outcome::Broken,
            "key-lost",
            Some("Restore the keychain item from a backup, or give up what is sealed with `membrane vault reset`."),
        ),
    };
    with(finding(Subject::Keychain, outcome, case, vault.sentence.clone()), fix, &[("backend", vault.backend.as_str())])
}

/// Says that nobody could be asked.
pub(super) fn not_asked() -> Finding {
    let sentence = "No engine runs, so the keychain was not asked.";
    with(
        finding(Subject::Keychain, Outcome::Unknown, "not-asked", sentence),
        Some("Open Membrane Desktop or run `membrane serve`, and examine again."),
        &[],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_but_the_good_one_has_a_fix() {
        use VaultState::{Broken, KeyLost, Locked, Missing, Unlocked};
        for state in [Unlocked, Locked, Missing, Broken, KeyLost] {
            let view = VaultView { state, backend: "secret-service".into(), sentence: "A sentence.".into() };
            let found = found(&view);
            assert_eq!(found.fix.is_none(), state == Unlocked, "{state:?}");
            assert_eq!(found.outcome == Outcome::Fine, state == Unlocked, "{state:?}");
        }
    }
}
