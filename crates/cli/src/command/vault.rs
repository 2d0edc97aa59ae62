//! `membrane vault …`

use membrane_model::{ErrorCode, Fault, VaultState, VaultView};
use secrecy::{ExposeSecret, SecretString};

use crate::args::Vault;
use crate::engine::{running_or_started, told};
use crate::failure::wrong_use;
use crate::input;
use crate::out::{Out, Tone, paint};

pub(super) async fn run(command: Vault, out: &Out) -> Result<(), Fault> {
    let client = running_or_started().await?;
    let view = match command {
        Vault::Status => told(client.status().await)?.vault,
        Vault::Lock => told(client.vault("lock", None).await)?,
        Vault::Init { .. } => {
            let passphrase = new_passphrase()?;
            told(client.vault("init", Some(passphrase.expose_secret())).await)?
        }
        Vault::Unlock => {
            let before = told(client.status().await)?.vault;
            if before.backend == "passphrase" && before.state == VaultState::Locked {
                let passphrase =
                    if input::somebody_there() { input::ask_secret("Passphrase: ")? } else { input::secret_line()? };
                told(client.vault("unlock", Some(passphrase.expose_secret())).await)?
            } else {
                told(client.vault("unlock", None).await)?
            }
        }
        Vault::Reset { yes } => {
            if !yes {
                if !input::somebody_there() {
                    return Err(wrong_use("a reset asks first, and nobody is at the terminal", "Add --yes to go on."));
                }
                let question = "Give up all credentials and start with a new key? Every app has to be reconnected.";
                if !input::confirm(question)? {
                    out.note("Nothing was changed.");
                    return Ok(());
                }
            }
            told(client.vault("reset", None).await)?
        }
    };
    show(out, &view);
    Ok(())
}

fn new_passphrase() -> Result<SecretString, Fault> {
    if !input::somebody_there() {
        return input::secret_line();
    }
    let first = input::ask_secret("New passphrase, eight characters or more: ")?;
    let second = input::ask_secret("Once more: ")?;
    if first.expose_secret() != second.expose_secret() {
        return Err(
            Fault::new(ErrorCode::BadRequest, "the two passphrases differ").hint("Run it again; nothing was changed.")
        );
    }
    Ok(first)
}

fn show(out: &Out, view: &VaultView) {
    out.answer(view, || {
        let (tone, sign) = match view.state {
            VaultState::Unlocked => (Tone::Good, "●"),
            VaultState::Locked | VaultState::Missing | VaultState::Broken | VaultState::KeyLost => (Tone::Bad, "!"),
        };
        format!("{} {}", paint(tone, sign), view.sentence)
    });
}
