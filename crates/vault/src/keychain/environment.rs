//! A key that came with the environment: for servers, containers and systemd credentials.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::{Backend, Keychain, KeychainError};
use crate::MasterKey;

/// Names a file with the key: 44 characters of base64, readable for its owner only.
const KEY_FILE: &str = "MEMBRANE_VAULT_KEY_FILE";
/// Holds the key itself. The file is better: an environment is inherited.
const KEY: &str = "MEMBRANE_VAULT_KEY";

/// Reads the key that was given from outside, and never writes one.
pub struct EnvironmentKeychain {
    source: Source,
}

enum Source {
    File(PathBuf),
    Value(SecretString),
}

impl EnvironmentKeychain {
    /// Takes `MEMBRANE_VAULT_KEY_FILE`, else `MEMBRANE_VAULT_KEY`; an empty one counts as unset.
    ///
    /// A malformed one is taken too and then answers that it is broken: falling back to another key would be worse.
    #[must_use]
    pub fn from_env() -> Option<Self> {
        if let Some(path) = std::env::var_os(KEY_FILE).filter(|path| !path.is_empty()) {
            return Some(Self::file(path));
        }
        let value = std::env::var_os(KEY).filter(|value| !value.is_empty())?;
        Some(Self::value(value.into_string().unwrap_or_default().into()))
    }

    /// Takes the key from a file.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self { source: Source::File(path.into()) }
    }

    /// Takes the key itself.
    #[must_use]
    pub fn value(text: SecretString) -> Self {
        Self { source: Source::Value(text) }
    }
}

impl Keychain for EnvironmentKeychain {
    fn backend(&self) -> Backend {
        Backend::Environment
    }

    fn read(&self) -> Result<Option<MasterKey>, KeychainError> {
        let key = match &self.source {
            Source::File(path) => MasterKey::from_text(&read_key_file(path)?)
                .map_err(|error| KeychainError::Broken(format!("the file of {KEY_FILE}: {error}")))?,
            Source::Value(text) => MasterKey::from_text(text.expose_secret())
                .map_err(|error| KeychainError::Broken(format!("{KEY}: {error}")))?,
        };
        Ok(Some(key))
    }

    fn write(&self, _key: &MasterKey) -> Result<MasterKey, KeychainError> {
        self.read()?.ok_or(KeychainError::Missing)
    }

    fn delete(&self) -> Result<(), KeychainError> {
        Err(KeychainError::broken("a key from the environment is destroyed where it came from"))
    }
}

fn read_key_file(path: &Path) -> Result<Zeroizing<String>, KeychainError> {
    let failed =
        |error: std::io::Error| KeychainError::Broken(format!("the file of {KEY_FILE} can't be read: {error}"));
    let file = std::fs::File::open(path).map_err(failed)?;
    super::passphrase::private(&file, "the file with the key")?;
    // More than a key is there only by mistake; no need to read on.
    let mut text = Zeroizing::new(String::with_capacity(256));
    file.take(256).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn file(text: &str, mode: u32) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        (dir, path)
    }

    fn trouble(keychain: &EnvironmentKeychain) -> String {
        match keychain.read() {
            Err(KeychainError::Broken(text)) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn r52_an_injected_key_is_read_from_a_file_or_a_value() {
        let key = MasterKey::random().unwrap();
        let text = key.to_text();
        let (_dir, path) = file(&format!("{}\n", text.expose_secret()), 0o600);
        assert_eq!(EnvironmentKeychain::file(path).read().unwrap().unwrap().id(), key.id());
        assert_eq!(EnvironmentKeychain::value(text).read().unwrap().unwrap().id(), key.id());
    }

    #[test]
    fn r52_a_key_file_open_to_others_is_refused() {
        let key = MasterKey::random().unwrap().to_text();
        for mode in [0o644, 0o640, 0o606] {
            let (_dir, path) = file(key.expose_secret(), mode);
            assert!(trouble(&EnvironmentKeychain::file(path)).contains("chmod 600"));
        }
    }

    #[test]
    fn a_malformed_key_says_so_and_shows_nothing_of_it() {
        let (_dir, path) = file("hunter2", 0o600);
        for keychain in [EnvironmentKeychain::file(path), EnvironmentKeychain::value("hunter2".into())] {
            let text = trouble(&keychain);
            assert!(text.contains("44 characters") && !text.contains("hunter2"), "{text}");
        }
        assert!(trouble(&EnvironmentKeychain::file("/nonexistent/key")).contains("can't be read"));
    }

    #[test]
    fn r54_an_injected_key_is_never_replaced() {
        let (given, other) = (MasterKey::random().unwrap(), MasterKey::random().unwrap());
        let keychain = EnvironmentKeychain::value(given.to_text());
        assert_eq!(keychain.write(&other).unwrap().id(), given.id());
        assert!(keychain.delete().is_err());
    }
}
