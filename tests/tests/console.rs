//! The console in Chromium on a real engine: what a person does there, and that everybody can.

use std::process::Command;

use membrane_tests::process::root;
use membrane_tests::{Result, ensure};

/// Runs a script of `tests/console` to its end.
fn script(arguments: &[&str]) -> Result<()> {
    let mut node = Command::new("node");
    node.args(arguments).current_dir(root().join("tests/console"));
    let output = node.output()?;
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{said}");
    Ok(())
}

fn walk(name: &str) -> Result<()> {
    script(&["walk.mjs", name])
}

#[test]
fn somebody_new_connects_the_sandbox_sees_it_revoked_and_repairs_it_by_mouse() -> Result<()> {
    walk("mouse_only")
}

#[test]
fn somebody_new_connects_the_sandbox_sees_it_revoked_and_repairs_it_by_keys_alone() -> Result<()> {
    walk("keyboard_only")
}

#[test]
fn the_palette_finds_and_does() -> Result<()> {
    walk("palette")
}

#[test]
fn the_list_is_one_stop_and_archiving_asks_once() -> Result<()> {
    walk("list_by_keys")
}

#[test]
fn a_refused_key_is_said_at_its_field_and_nothing_typed_is_lost() -> Result<()> {
    walk("key_form")
}

#[test]
fn r12_r22_an_address_that_no_app_has_is_added_from_the_search_box() -> Result<()> {
    walk("by_url")
}

#[test]
fn another_account_is_kept_as_a_connection_of_its_own() -> Result<()> {
    walk("wrong_account")
}

#[test]
fn settings_count_at_once_and_diagnostics_are_the_doctors() -> Result<()> {
    walk("settings")
}

#[test]
fn what_is_new_waits_and_the_list_never_jumps() -> Result<()> {
    walk("activity")
}

#[test]
fn r39_r84_a_loss_is_told_in_the_window_grouped_and_withdrawn() -> Result<()> {
    walk("notice")
}

#[test]
fn r80_r83_webhooks_are_made_tried_repaired_and_removed_in_the_window() -> Result<()> {
    walk("webhooks")
}

#[test]
fn a_key_that_cannot_be_checked_is_kept_only_when_the_person_says_so() -> Result<()> {
    walk("save_anyway")
}

#[test]
fn r61_the_console_opens_from_a_code_that_is_good_once() -> Result<()> {
    walk("r61_a_code_is_good_once")
}

#[test]
fn axe_finds_nothing_in_any_state_and_nothing_is_cut_off() -> Result<()> {
    script(&["axe.mjs"])
}
