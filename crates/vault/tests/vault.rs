//! The vault as the engine sees it: one master key, five states, and no way to lose what is sealed.
#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::sync::{
    Arc, Condvar, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use membrane_model::VaultState;
use membrane_vault::{
    Backend, EnvironmentKeychain, KEYCHAIN_CAP, Keychain, KeychainError, MasterKey, MemoryKeychain, PassphraseKeychain,
    Place, Vault, VaultError,
};
use secrecy::{ExposeSecret, SecretString};

const PLACE: Place<'_> = Place { table: "credential", row: "con_1", field: "current" };

fn passphrase() -> SecretString {
    "correct horse".into()
}

#[tokio::test]
async fn a_new_vault_is_locked_until_it_is_unlocked_and_then_seals() {
    let keychain = Arc::new(MemoryKeychain::new());
    let vault = Vault::new(keychain.clone(), None);
    assert_eq!(vault.state(), VaultState::Locked);
    assert!(matches!(vault.seal(PLACE, b"x"), Err(VaultError::NotUnlocked(VaultState::Locked))));
    assert!(keychain.read().unwrap().is_none(), "nothing is touched before");

    assert_eq!(vault.unlock().await, VaultState::Unlocked);
    let sealed = vault.seal(PLACE, b"refresh").unwrap();
    assert_eq!(vault.open(PLACE, &sealed).unwrap().expose_secret(), b"refresh");
    assert_eq!(vault.key_check().unwrap().key_id, sealed.key_id);
}

#[tokio::test]
async fn the_next_start_opens_what_the_last_one_sealed() {
    let keychain = Arc::new(MemoryKeychain::new());
    let first = Vault::new(keychain.clone(), None);
    first.unlock().await;
    let sealed = first.seal(PLACE, b"refresh").unwrap();

    let second = Vault::new(keychain, first.key_check());
    assert_eq!(second.unlock().await, VaultState::Unlocked);
    assert_eq!(second.open(PLACE, &sealed).unwrap().expose_secret(), b"refresh");
}

#[tokio::test]
async fn r54_a_missing_key_is_never_replaced_over_existing_records() {
    let first = Vault::new(Arc::new(MemoryKeychain::new()), None);
    first.unlock().await;

    let empty = Arc::new(MemoryKeychain::new());
    let vault = Vault::new(empty.clone(), first.key_check());
    assert_eq!(vault.unlock().await, VaultState::KeyLost);
    assert!(empty.read().unwrap().is_none());
    assert!(matches!(vault.seal(PLACE, b"x"), Err(VaultError::NotUnlocked(VaultState::KeyLost))));
}

#[tokio::test]
async fn r54_another_key_is_not_taken_for_the_right_one_and_stays_untouched() {
    let first = Vault::new(Arc::new(MemoryKeychain::new()), None);
    first.unlock().await;

    let other = Arc::new(MemoryKeychain::new());
    let there = other.write(&MasterKey::random().unwrap()).unwrap();
    let vault = Vault::new(other.clone(), first.key_check());
    assert_eq!(vault.unlock().await, VaultState::KeyLost);
    assert_eq!(other.read().unwrap().unwrap().id(), there.id());
}

#[tokio::test]
async fn r54_a_restored_key_ends_key_lost_without_a_restart() {
    let original = Arc::new(MemoryKeychain::new());
    let first = Vault::new(original.clone(), None);
    first.unlock().await;

    let keychain = Arc::new(MemoryKeychain::new());
    let vault = Vault::new(keychain.clone(), first.key_check());
    assert_eq!(vault.unlock().await, VaultState::KeyLost);
    keychain.write(&original.read().unwrap().unwrap()).unwrap();
    assert_eq!(vault.unlock().await, VaultState::Unlocked);
}

#[tokio::test]
async fn r53_a_keychain_unlocked_later_is_noticed_without_a_restart() {
    for (failure, state) in [
        (KeychainError::Locked, VaultState::Locked),
        (KeychainError::Missing, VaultState::Missing),
        (KeychainError::Broken("no reply".to_owned()), VaultState::Broken),
    ] {
        let keychain = Arc::new(MemoryKeychain::new());
        let vault = Vault::new(keychain.clone(), None);
        let mut states = vault.subscribe();
        keychain.fail(failure);
        assert_eq!(vault.unlock().await, state);
        keychain.mend();
        assert_eq!(vault.unlock().await, VaultState::Unlocked);
        assert_eq!(*states.borrow_and_update(), VaultState::Unlocked);
        assert!(vault.seal(PLACE, b"x").is_ok());
    }
}

#[tokio::test]
async fn a_failing_keychain_takes_nothing_away_from_an_unlocked_vault() {
    let keychain = Arc::new(MemoryKeychain::new());
    let vault = Vault::new(keychain.clone(), None);
    vault.unlock().await;
    keychain.fail(KeychainError::Missing);
    assert_eq!(vault.unlock().await, VaultState::Unlocked);
    assert!(vault.seal(PLACE, b"x").is_ok());
}

#[tokio::test]
async fn a_vault_locked_by_the_person_stays_locked_until_the_person_unlocks_it() {
    let vault = Vault::new(Arc::new(MemoryKeychain::new()), None);
    vault.unlock().await;
    vault.lock();
    assert_eq!(vault.unlock().await, VaultState::Locked, "the engine's own retries don't count");
    assert!(vault.seal(PLACE, b"x").is_err());
    assert_eq!(vault.unlock_asking().await, VaultState::Unlocked);
}

#[tokio::test]
async fn two_writers_end_with_one_key() {
    let keychain = Arc::new(MemoryKeychain::new());
    let vaults: Vec<Vault> = (0..8).map(|_| Vault::new(keychain.clone(), None)).collect();
    let mut tasks = tokio::task::JoinSet::new();
    for vault in vaults.clone() {
        tasks.spawn(async move { vault.unlock().await });
    }
    while let Some(state) = tasks.join_next().await {
        assert_eq!(state.unwrap(), VaultState::Unlocked);
    }
    let sealed = vaults[0].seal(PLACE, b"x").unwrap();
    for vault in &vaults {
        assert!(vault.open(PLACE, &sealed).is_ok());
    }
}

#[tokio::test]
async fn r52_the_person_chooses_a_passphrase_where_there_is_no_keychain() {
    let dir = tempfile::tempdir().unwrap();
    let none = Arc::new(MemoryKeychain::new());
    none.fail(KeychainError::Missing);
    let vault = Vault::new(none, None);
    assert_eq!(vault.unlock().await, VaultState::Missing);
    assert!(vault.view().sentence.contains("vault init --passphrase"));

    let refused = vault.protect_with_passphrase(dir.path(), "short".into()).await;
    assert_eq!(refused, Err(VaultError::WeakPassphrase));
    assert_eq!(vault.protect_with_passphrase(dir.path(), passphrase()).await, Ok(VaultState::Unlocked));
    assert_eq!(vault.view().backend, "passphrase");
    let sealed = vault.seal(PLACE, b"refresh").unwrap();

    let next = Vault::new(Arc::new(PassphraseKeychain::at(dir.path())), vault.key_check());
    assert_eq!(next.unlock().await, VaultState::Locked);
    assert_eq!(next.unlock_asking().await, VaultState::Locked, "no system prompt stands for a passphrase");
    assert_eq!(next.unlock_with("wrong horse".into()).await, Err(VaultError::WrongPassphrase));
    assert_eq!(next.state(), VaultState::Locked);
    assert_eq!(next.unlock_with(passphrase()).await, Ok(VaultState::Unlocked));
    assert_eq!(next.open(PLACE, &sealed).unwrap().expose_secret(), b"refresh");

    next.lock();
    assert_eq!(next.unlock_asking().await, VaultState::Locked, "the passphrase was forgotten too");
    assert_eq!(next.unlock_with(passphrase()).await, Ok(VaultState::Unlocked));
}

#[tokio::test]
async fn the_key_moves_from_the_keychain_behind_a_passphrase_and_records_stay_readable() {
    let dir = tempfile::tempdir().unwrap();
    let old = Arc::new(MemoryKeychain::new());
    let vault = Vault::new(old.clone(), None);
    vault.unlock().await;
    let sealed = vault.seal(PLACE, b"refresh").unwrap();

    assert_eq!(vault.protect_with_passphrase(dir.path(), passphrase()).await, Ok(VaultState::Unlocked));
    assert!(old.read().unwrap().is_none(), "one place holds the key");
    assert!(vault.open(PLACE, &sealed).is_ok());
    assert_eq!(vault.protect_with_passphrase(dir.path(), passphrase()).await, Err(VaultError::Taken));

    let next = Vault::new(Arc::new(PassphraseKeychain::at(dir.path())), vault.key_check());
    assert_eq!(next.unlock_with(passphrase()).await, Ok(VaultState::Unlocked));
    assert!(next.open(PLACE, &sealed).is_ok());
}

#[tokio::test]
async fn r54_a_key_that_can_not_be_reached_is_not_left_behind_for_a_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let first = Vault::new(Arc::new(MemoryKeychain::new()), None);
    first.unlock().await;

    let locked = Arc::new(MemoryKeychain::new());
    locked.fail(KeychainError::Locked);
    let vault = Vault::new(locked, first.key_check());
    vault.unlock().await;
    let refused = vault.protect_with_passphrase(dir.path(), passphrase()).await;
    assert_eq!(refused, Err(VaultError::NotUnlocked(VaultState::Locked)));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn r54_moving_never_overwrites_a_key_that_is_there() {
    let taken = Arc::new(MemoryKeychain::new());
    let there = taken.write(&MasterKey::random().unwrap()).unwrap();
    let vault = Vault::new(Arc::new(MemoryKeychain::new()), None);
    vault.unlock().await;
    assert_eq!(vault.replace_keychain(taken.clone()).await, Err(VaultError::Taken));
    assert_eq!(taken.read().unwrap().unwrap().id(), there.id());
    assert!(vault.seal(PLACE, b"x").is_ok(), "the vault goes on with its own");
}

#[tokio::test]
async fn an_injected_key_unlocks_and_takes_no_passphrase() {
    let key = MasterKey::random().unwrap();
    let vault = Vault::new(Arc::new(EnvironmentKeychain::value(key.to_text())), None);
    assert_eq!(vault.unlock().await, VaultState::Unlocked);
    assert_eq!(vault.key_check().unwrap().key_id, key.id());
    assert_eq!(vault.unlock_with(passphrase()).await, Err(VaultError::NoPassphrase));

    let broken = Vault::new(Arc::new(EnvironmentKeychain::value("nonsense".into())), None);
    assert_eq!(broken.unlock().await, VaultState::Broken);
    assert!(broken.view().sentence.contains("MEMBRANE_VAULT_KEY"), "{}", broken.view().sentence);
}

#[tokio::test]
async fn giving_up_what_is_sealed_starts_with_a_new_key() {
    let lost = Vault::new(Arc::new(MemoryKeychain::new()), None);
    lost.unlock().await;
    let vault = Vault::new(Arc::new(MemoryKeychain::new()), lost.key_check());
    assert_eq!(vault.unlock().await, VaultState::KeyLost);
    assert_eq!(vault.reset().await, Ok(VaultState::Unlocked));
    assert_ne!(vault.key_check(), lost.key_check());
    assert!(vault.seal(PLACE, b"x").is_ok());
}

#[tokio::test]
async fn r57_nothing_of_the_vault_shows_a_secret() {
    let keychain = Arc::new(MemoryKeychain::new());
    let vault = Vault::new(keychain.clone(), None);
    vault.unlock().await;
    let key = keychain.read().unwrap().unwrap();
    let shown = format!("{vault:?} {:?} {:?} {key:?}", vault.view(), vault.key_check());
    assert!(!shown.contains(key.to_text().expose_secret()), "{shown}");
}

/// A keychain that answers when it is told to, and counts.
#[derive(Default)]
struct Slow {
    inner: MemoryKeychain,
    open: Mutex<bool>,
    opened: Condvar,
    reads: Mutex<usize>,
    read: Condvar,
    writes: AtomicUsize,
    asks: AtomicUsize,
}

impl Slow {
    fn wait(&self) {
        let open = self.open.lock().unwrap();
        drop(self.opened.wait_while(open, |open| !*open).unwrap());
    }
    fn wait_for_reads(&self, count: usize) {
        let reads = self.reads.lock().unwrap();
        let reads = self.read.wait_while(reads, |reads| *reads < count).unwrap();
        assert_eq!(*reads, count);
    }
    fn answer(&self) {
        *self.open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

impl Keychain for Slow {
    fn backend(&self) -> Backend {
        Backend::SecretService
    }
    fn read(&self) -> Result<Option<MasterKey>, KeychainError> {
        *self.reads.lock().unwrap() += 1;
        self.read.notify_all();
        self.wait();
        self.inner.read()
    }
    fn write(&self, key: &MasterKey) -> Result<MasterKey, KeychainError> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        self.inner.write(key)
    }
    fn delete(&self) -> Result<(), KeychainError> {
        self.inner.delete()
    }
    fn ask(&self) -> Result<(), KeychainError> {
        self.asks.fetch_add(1, Ordering::SeqCst);
        self.wait();
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn r53_a_keychain_that_hangs_is_waited_for_5_seconds_and_does_no_harm_later() {
    let keychain = Arc::new(Slow::default());
    let vault = Vault::new(keychain.clone(), None);
    let begun = tokio::time::Instant::now();
    assert_eq!(vault.unlock().await, VaultState::Broken);
    assert_eq!(begun.elapsed().as_secs(), KEYCHAIN_CAP.as_secs());
    assert!(vault.view().sentence.contains("did not answer within 5 seconds"));

    keychain.wait_for_reads(1);
    assert_eq!(vault.unlock().await, VaultState::Broken, "the second call waits for its turn in vain");
    keychain.wait_for_reads(1);

    tokio::time::resume();
    keychain.answer();
    assert_eq!(vault.unlock().await, VaultState::Unlocked);
    assert_eq!(keychain.writes.load(Ordering::SeqCst), 1, "the abandoned call made no key of its own");
}

#[tokio::test(start_paused = true)]
async fn a_hanging_keychain_does_not_stop_the_person_from_choosing_a_passphrase() {
    let dir = tempfile::tempdir().unwrap();
    let keychain = Arc::new(Slow::default());
    let vault = Vault::new(keychain.clone(), None);
    assert_eq!(vault.unlock().await, VaultState::Broken);
    tokio::time::resume();
    assert_eq!(vault.protect_with_passphrase(dir.path(), passphrase()).await, Ok(VaultState::Unlocked));
    let check = vault.key_check();
    keychain.answer();
    assert_eq!(vault.key_check(), check, "the late answer changes nothing");
    assert_eq!(vault.view().backend, "passphrase");
}

/// A keychain that stays locked until its prompt is answered.
#[derive(Default)]
struct Prompting {
    slow: Slow,
}

impl Keychain for Prompting {
    fn backend(&self) -> Backend {
        Backend::Memory
    }
    fn read(&self) -> Result<Option<MasterKey>, KeychainError> {
        if *self.slow.open.lock().unwrap() { self.slow.inner.read() } else { Err(KeychainError::Locked) }
    }
    fn write(&self, key: &MasterKey) -> Result<MasterKey, KeychainError> {
        self.slow.inner.write(key)
    }
    fn delete(&self) -> Result<(), KeychainError> {
        self.slow.inner.delete()
    }
    fn ask(&self) -> Result<(), KeychainError> {
        self.slow.ask()
    }
}

#[tokio::test(start_paused = true)]
async fn r53_the_prompt_is_shown_once_and_its_answer_counts_however_late() {
    let keychain = Arc::new(Prompting::default());
    let vault = Vault::new(keychain.clone(), None);
    assert_eq!(vault.unlock().await, VaultState::Locked);
    assert_eq!(keychain.slow.asks.load(Ordering::SeqCst), 0, "unlocking by itself never asks");
    assert_eq!(vault.unlock_asking().await, VaultState::Locked);
    assert_eq!(vault.unlock_asking().await, VaultState::Locked);
    assert_eq!(keychain.slow.asks.load(Ordering::SeqCst), 1);

    let mut states = vault.subscribe();
    tokio::time::resume();
    keychain.slow.answer();
    states.wait_for(|state| *state == VaultState::Unlocked).await.unwrap();
}

#[test]
fn r53_a_hanging_keychain_does_not_keep_the_process_alive() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let keychain = Arc::new(Slow::default());
    let vault = Vault::new(keychain.clone(), None);
    assert_eq!(runtime.block_on(vault.unlock()), VaultState::Broken);
    drop(runtime);
    keychain.wait_for_reads(1); // The call still hangs, and we are here.
}
