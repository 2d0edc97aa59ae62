//! A file that holds the master key behind a passphrase (Argon2id), for computers without a keychain.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Backend, Keychain, KeychainError};
use crate::{
    MasterKey, Place, Sealed, VaultError,
    envelope::{open, seal},
};

/// The shortest passphrase that is taken for a new file.
pub(crate) const MIN_PASSPHRASE: usize = 8;

const FILE: &str = "vault.json";
const FORMAT: u32 = 1;
/// What a file may ask of us: one that was tampered with must not eat all memory.
const MOST_MEMORY_KIB: u32 = 1024 * 1024;
const MOST_ITERATIONS: u32 = 16;

/// Keeps the key in `vault.json`, sealed under the passphrase. Locked until [`Keychain::unlock`].
///
/// Where there is no file yet, unlocking chooses the passphrase that the next [`Keychain::write`] uses.
pub struct PassphraseKeychain {
    path: PathBuf,
    held: Mutex<Held>,
}

enum Held {
    Nothing,
    Chosen(SecretString),
    Key(MasterKey),
}

/// What `vault.json` looks like.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VaultFile {
    version: u32,
    kdf: Kdf,
    /// Base64 of nonce, ciphertext and tag.
    sealed_key: String,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", deny_unknown_fields)]
enum Kdf {
    Argon2id { memory_kib: u32, iterations: u32, parallelism: u32, salt: String },
}

impl PassphraseKeychain {
    /// Names the file in the data folder. Touches nothing.
    #[must_use]
    pub fn at(data_dir: &Path) -> Self {
        Self { path: data_dir.join(FILE), held: Mutex::new(Held::Nothing) }
    }

    /// Tells whether the file is there.
    #[must_use]
    pub fn exists(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok()
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn load(&self) -> Result<Option<VaultFile>, KeychainError> {
        let failed = |error: io::Error| KeychainError::Broken(format!("{FILE} can't be read: {error}"));
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        private(&file, FILE)?;
        let mut text = String::new();
        file.take(64 * 1024).read_to_string(&mut text).map_err(failed)?;
        let file: VaultFile = serde_json::from_str(&text)
            .map_err(|error| KeychainError::Broken(format!("{FILE} is damaged: {error}")))?;
        if file.version != FORMAT {
            return Err(KeychainError::Broken(format!("{FILE} was made by a newer version")));
        }
        Ok(Some(file))
    }
}

impl Keychain for PassphraseKeychain {
    fn backend(&self) -> Backend {
        Backend::Passphrase
    }

    fn read(&self) -> Result<Option<MasterKey>, KeychainError> {
        match &*self.held() {
            Held::Key(key) => Ok(Some(key.clone())),
            Held::Chosen(_) => Ok(None),
            Held::Nothing => Err(KeychainError::Locked),
        }
    }

    fn write(&self, key: &MasterKey) -> Result<MasterKey, KeychainError> {
        let mut held = self.held();
        let passphrase = match &*held {
            Held::Key(key) => return Ok(key.clone()),
            Held::Nothing => return Err(KeychainError::Locked),
            Held::Chosen(passphrase) => passphrase,
        };
        let kdf = Kdf::fresh()?;
        let sealed = seal(&kdf.derive(passphrase)?, kdf.place(), key.expose()).map_err(KeychainError::broken)?;
        let file = VaultFile { version: FORMAT, kdf, sealed_key: STANDARD.encode(&sealed.bytes) };
        let text = serde_json::to_string_pretty(&file).map_err(KeychainError::broken)?;
        match create(&self.path, text.as_bytes()) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(KeychainError::Locked),
            Err(error) => return Err(KeychainError::Broken(format!("{FILE} can't be written: {error}"))),
        }
        *held = Held::Key(key.clone());
        Ok(key.clone())
    }

    fn delete(&self) -> Result<(), KeychainError> {
        self.forget();
        match fs::remove_file(&self.path) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(KeychainError::Broken(format!("{FILE} can't be removed: {error}"))),
        }
    }

    fn unlock(&self, passphrase: &SecretString) -> Result<(), KeychainError> {
        let Some(file) = self.load()? else {
            if passphrase.expose_secret().chars().count() < MIN_PASSPHRASE {
                return Err(KeychainError::WeakPassphrase);
            }
            *self.held() = Held::Chosen(passphrase.clone());
            return Ok(());
        };
        let bytes = STANDARD
            .decode(&file.sealed_key)
            .map_err(|_| KeychainError::broken(format!("{FILE} is damaged: the sealed key is not base64")))?;
        let wrapping = file.kdf.derive(passphrase)?;
        let sealed = Sealed { key_id: wrapping.id(), bytes };
        let key = match open(&wrapping, file.kdf.place(), &sealed) {
            Ok(bytes) => MasterKey::from_slice(bytes.expose_secret()).map_err(KeychainError::broken)?,
            Err(VaultError::Unreadable) => return Err(KeychainError::WrongPassphrase),
            Err(error) => return Err(KeychainError::broken(error)),
        };
        *self.held() = Held::Key(key);
        Ok(())
    }

    fn forget(&self) {
        *self.held() = Held::Nothing;
    }
}

impl Kdf {
    /// 64 MiB and three rounds: a quarter of a second here, a long time for a guesser.
    fn fresh() -> Result<Self, KeychainError> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(KeychainError::broken)?;
        Ok(Self::Argon2id { memory_kib: 64 * 1024, iterations: 3, parallelism: 1, salt: STANDARD.encode(salt) })
    }

    fn derive(&self, passphrase: &SecretString) -> Result<MasterKey, KeychainError> {
        let damaged = |what: &str| KeychainError::Broken(format!("{FILE} is damaged: {what}"));
        let Self::Argon2id { memory_kib, iterations, parallelism, salt } = self;
        if *memory_kib > MOST_MEMORY_KIB || *iterations > MOST_ITERATIONS {
            return Err(damaged("it asks for more work than any of ours does"));
        }
        let salt = STANDARD.decode(salt).map_err(|_| damaged("the salt is not base64"))?;
        let params =
            Params::new(*memory_kib, *iterations, *parallelism, Some(32)).map_err(|_| damaged("the numbers"))?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.expose_secret().as_bytes(), &salt, &mut *key)
            .map_err(|_| damaged("the salt is too short"))?;
        MasterKey::from_slice(&*key).map_err(KeychainError::broken)
    }

    fn place(&self) -> Place<'_> {
        let Self::Argon2id { salt, .. } = self;
        Place { table: FILE, row: salt, field: "sealed_key" }
    }
}

/// Creates the file whole and private, or not at all; fails when one is there.
fn create(path: &Path, text: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut suffix = [0; 8];
    getrandom::fill(&mut suffix).map_err(io::Error::other)?;
    let draft = folder.join(format!(".{FILE}.{}", hex::encode(suffix)));

    let written = write_private(&draft, text).and_then(|()| fs::hard_link(&draft, path));
    let removed = fs::remove_file(&draft);
    written?;
    removed?;
    File::open(folder)?.sync_all()
}

fn write_private(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text)?;
    file.sync_all()
}

/// Refuses a file that others may read or change.
#[cfg(unix)]
pub(super) fn private(file: &File, what: &str) -> Result<(), KeychainError> {
    use std::os::unix::fs::MetadataExt;

    let facts = file.metadata().map_err(KeychainError::broken)?;
    if facts.mode() & 0o077 != 0 {
        return Err(KeychainError::Broken(format!("{what} is open to others; chmod 600 it")));
    }
    let us = rustix::process::geteuid().as_raw();
    if facts.uid() != us && facts.uid() != 0 {
        return Err(KeychainError::Broken(format!("{what} belongs to somebody else")));
    }
    Ok(())
}

/// Takes the file as it is where modes mean nothing.
#[cfg(not(unix))]
pub(super) fn private(_file: &File, _what: &str) -> Result<(), KeychainError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn passphrase() -> SecretString {
        "correct horse".into()
    }

    fn made(dir: &Path) -> (PassphraseKeychain, MasterKey) {
        let keychain = PassphraseKeychain::at(dir);
        let key = MasterKey::random().unwrap();
        keychain.unlock(&passphrase()).unwrap();
        keychain.write(&key).unwrap();
        (keychain, key)
    }

    #[test]
    fn r52_the_right_passphrase_gives_the_key_back_and_a_wrong_one_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let (_, key) = made(dir.path());
        let again = PassphraseKeychain::at(dir.path());
        assert_eq!(again.read().unwrap_err(), KeychainError::Locked);
        assert_eq!(again.unlock(&"wrong horse".into()).unwrap_err(), KeychainError::WrongPassphrase);
        assert_eq!(again.read().unwrap_err(), KeychainError::Locked);
        again.unlock(&passphrase()).unwrap();
        assert_eq!(again.read().unwrap().unwrap().id(), key.id());
        again.forget();
        assert_eq!(again.read().unwrap_err(), KeychainError::Locked);
    }

    #[test]
    fn r52_the_file_is_private_holds_no_secret_and_leaves_no_draft() {
        let dir = tempfile::tempdir().unwrap();
        let (keychain, key) = made(dir.path());
        assert_eq!(fs::metadata(&keychain.path).unwrap().permissions().mode() & 0o777, 0o600);
        let text = fs::read_to_string(&keychain.path).unwrap();
        assert!(text.contains("argon2id") && text.contains("65536"), "{text}");
        assert!(!text.contains("horse") && !text.contains(key.to_text().expose_secret()));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn r54_a_file_that_is_there_is_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let late = PassphraseKeychain::at(dir.path());
        late.unlock(&"another passphrase".into()).unwrap();
        let (first, key) = made(dir.path());
        let before = fs::read(&first.path).unwrap();
        assert_eq!(late.write(&MasterKey::random().unwrap()).unwrap_err(), KeychainError::Locked);
        assert_eq!(first.write(&MasterKey::random().unwrap()).unwrap().id(), key.id());
        assert_eq!(fs::read(&first.path).unwrap(), before);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no draft stays behind");
    }

    #[test]
    fn a_damaged_or_open_file_is_broken_and_stays_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let (keychain, _) = made(dir.path());
        let good = fs::read_to_string(&keychain.path).unwrap();
        let cases = [
            String::new(),
            "{}".to_owned(),
            good.replace("\"version\": 1", "\"version\": 2"),
            good.replace("65536", "4294967295"),
            good.replace("\"iterations\": 3", "\"iterations\": 4000000"),
            good.replace("argon2id", "md5"),
        ];
        for text in cases {
            fs::write(&keychain.path, &text).unwrap();
            assert!(matches!(keychain.unlock(&passphrase()), Err(KeychainError::Broken(_))), "{text}");
            assert_eq!(fs::read_to_string(&keychain.path).unwrap(), text);
        }
        fs::write(&keychain.path, &good).unwrap();
        fs::set_permissions(&keychain.path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(keychain.unlock(&passphrase()), Err(KeychainError::Broken(text)) if text.contains("chmod")));
    }

    #[test]
    fn a_short_passphrase_is_refused_before_anything_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let keychain = PassphraseKeychain::at(dir.path());
        assert_eq!(keychain.unlock(&"seven77".into()).unwrap_err(), KeychainError::WeakPassphrase);
        assert!(!keychain.exists());
    }

    #[test]
    fn deleting_twice_is_fine() {
        let dir = tempfile::tempdir().unwrap();
        let (keychain, _) = made(dir.path());
        keychain.delete().unwrap();
        keychain.delete().unwrap();
        assert!(!keychain.exists());
    }
}
