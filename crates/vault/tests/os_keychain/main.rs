//! The vault against the real gnome-keyring, each test in a desktop session of its own: unlocked, locked, frozen,
//! restarted, not there, and no session bus at all.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod session;

use std::time::Duration;

use session::{Desktop, Program, without_bus};

/// What the vault promises, and some room for a busy computer.
const CAP: Duration = Duration::from_millis(5_800);
const LOCKED_CAP: Duration = Duration::from_secs(5);

#[test]
fn r51_r52_an_open_keychain_keeps_one_item_of_44_characters() {
    let desktop = Desktop::with_keyring();
    let mut first = Program::start(&desktop, &["v1"]);
    assert_eq!(first.say("unlock").text, "Unlocked");
    let sealed = first.say("seal refresh-token").text;
    let check = first.say("check").text;

    let items = desktop.items("v1");
    assert_eq!(items.len(), 1);
    assert_eq!(items[0].len(), 44);

    let (key_id, canary) = check.split_once(' ').unwrap();
    let mut second = Program::start(&desktop, &["v1", key_id, canary]);
    assert_eq!(second.say("unlock").text, "Unlocked");
    assert_eq!(second.say(&format!("open {sealed}")).text, "refresh-token");
    assert_eq!(desktop.items("v1").len(), 1, "no second item");
}

#[test]
fn two_vaults_of_one_person_have_two_items() {
    let desktop = Desktop::with_keyring();
    for vault in ["v1", "v2"] {
        assert_eq!(Program::start(&desktop, &[vault]).say("unlock").text, "Unlocked");
    }
    assert_ne!(desktop.items("v1"), desktop.items("v2"));
}

#[test]
fn r53_a_keychain_locked_at_the_start_is_locked_and_unlocks_later_without_a_restart() {
    let mut desktop = Desktop::with_keyring();
    assert_eq!(Program::start(&desktop, &["v1"]).say("unlock").text, "Unlocked");
    desktop.stop_keyring();
    desktop.start_locked_keyring();

    let mut program = Program::start(&desktop, &["v1"]);
    let answer = program.say("unlock");
    assert_eq!(answer.text, "Locked");
    assert!(answer.took < LOCKED_CAP, "{:?}", answer.took);
    assert!(program.say("view").text.contains("Unlock it and everything goes on by itself"));

    desktop.unlock_keyring();
    assert_eq!(program.say("unlock").text, "Unlocked");
    assert_eq!(desktop.items("v1").len(), 1);
}

#[test]
fn r53_a_keychain_locked_with_no_key_in_it_yet_is_locked_and_no_key_is_made() {
    let mut desktop = Desktop::with_keyring();
    desktop.stop_keyring();
    desktop.start_locked_keyring();
    let mut program = Program::start(&desktop, &["v1"]);
    assert_eq!(program.say("unlock").text, "Locked");
    assert_eq!(program.say("check").text, "none");
    desktop.unlock_keyring();
    assert_eq!(program.say("unlock").text, "Unlocked");
}

#[test]
fn r53_asking_where_nobody_can_answer_ends_as_locked_within_5_seconds() {
    let desktop = Desktop::with_keyring();
    assert_eq!(Program::start(&desktop, &["v1"]).say("unlock").text, "Unlocked");
    desktop.lock_keyring();
    let mut program = Program::start(&desktop, &["v1"]);
    let answer = program.say("ask");
    assert_eq!(answer.text, "Locked");
    assert!(answer.took < LOCKED_CAP, "{:?}", answer.took);
    desktop.unlock_keyring();
    assert_eq!(program.say("unlock").text, "Unlocked");
}

#[test]
fn r53_a_keychain_started_later_is_found_without_a_restart() {
    let mut desktop = Desktop::without_keyring();
    let mut program = Program::start(&desktop, &["v1"]);
    let answer = program.say("unlock");
    assert_eq!(answer.text, "Missing");
    assert!(answer.took < LOCKED_CAP, "{:?}", answer.took);
    assert!(program.say("view").text.contains("vault init --passphrase"));

    desktop.start_keyring();
    assert_eq!(program.say("unlock").text, "Unlocked");
    assert_eq!(desktop.items("v1").len(), 1);
}

#[test]
fn r53_no_session_bus_is_missing_at_once() {
    for address in [None, Some("unix:path=/nonexistent/bus"), Some("not an address")] {
        let mut program = Program::start(&without_bus(address), &["v1"]);
        let answer = program.say("unlock");
        assert_eq!(answer.text, "Missing", "{address:?}");
        assert!(answer.took < LOCKED_CAP, "{:?}", answer.took);
    }
}

#[test]
fn r53_a_frozen_keychain_is_waited_for_5_seconds_and_serves_again_when_it_thaws() {
    let desktop = Desktop::with_keyring();
    let mut program = Program::start(&desktop, &["v1"]);
    desktop.freeze_keyring();
    let answer = program.say("unlock");
    assert_eq!(answer.text, "Broken");
    assert!(answer.took < CAP, "{:?}", answer.took);
    desktop.thaw_keyring();
    assert_eq!(program.say("unlock").text, "Unlocked");
    assert_eq!(desktop.items("v1").len(), 1, "the abandoned call made no second key");
}

#[test]
fn a_restarted_keychain_serves_the_process_that_knew_the_old_one() {
    let mut desktop = Desktop::with_keyring();
    let mut program = Program::start(&desktop, &["v1"]);
    assert_eq!(program.say("unlock").text, "Unlocked");
    let id = program.say("check").text.split(' ').next().unwrap().to_owned();
    desktop.stop_keyring();
    desktop.start_keyring();
    assert_eq!(program.say("reset").text, "Unlocked");
    assert!(!program.say("check").text.starts_with(&id), "reset makes a new key");
    assert_eq!(desktop.items("v1").len(), 1);
}

#[test]
fn r54_an_item_that_is_gone_is_key_lost_and_no_new_one_is_made() {
    let desktop = Desktop::with_keyring();
    let mut first = Program::start(&desktop, &["v1"]);
    first.say("unlock");
    let check = first.say("check").text;
    let (key_id, canary) = check.split_once(' ').unwrap();

    let mut other = Program::start(&desktop, &["v2", key_id, canary]);
    assert_eq!(other.say("unlock").text, "KeyLost");
    assert!(desktop.items("v2").is_empty());
    assert!(other.say("view").text.contains("gone or another one"));
}
