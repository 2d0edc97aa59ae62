//! What a search answers, as somebody who types would tell it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::fs;
use std::sync::LazyLock;

use membrane_catalog::Catalog;
use membrane_model::{AppKey, SearchOutcome, SearchResult};
use proptest::prelude::*;

fn catalog() -> &'static Catalog {
    static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::load(None, &BTreeMap::new()).0);
    &CATALOG
}

fn search(intent: &str) -> (SearchOutcome, Vec<String>) {
    let found = catalog().search(intent, &[]);
    (found.outcome, keys(&found))
}

fn keys(found: &SearchResult) -> Vec<String> {
    found.items.iter().map(|item| item.key.to_string()).collect()
}

#[track_caller]
fn picks(intent: &str, key: &str) {
    assert_eq!(search(intent), (SearchOutcome::Pick, vec![key.to_owned()]), "{intent:?}");
}

#[track_caller]
fn offers(intent: &str, wanted: &[&str]) {
    let (outcome, keys) = search(intent);
    assert_eq!(outcome, SearchOutcome::Choose, "{intent:?} offers {keys:?}");
    for key in wanted {
        assert!(keys.iter().any(|other| other == key), "{intent:?} offers {keys:?}");
    }
}

#[track_caller]
fn finds_nothing(intent: &str) {
    assert_eq!(search(intent), (SearchOutcome::None, Vec::new()), "{intent:?}");
}

#[test]
fn crm_offers_a_choice_of_crms() {
    offers("CRM", &["hubspot", "salesforce", "pipedrive"]);
    offers("connect my crm, please", &["hubspot", "salesforce", "pipedrive"]);
}

#[test]
fn a_name_picks_its_app() {
    picks("GitHub", "github");
    picks("  google   CALENDAR ", "google-calendar");
    picks("google-calendar", "google-calendar");
    picks("connect my Slack account", "slack");
    picks("ms teams", "microsoft-teams");
    picks("hub spot", "hubspot");
}

#[test]
fn a_slip_of_the_pen_still_picks() {
    picks("google calandar", "google-calendar");
    picks("slakc", "slack");
    picks("notoin", "notion");
    picks("hubspto", "hubspot");
}

#[test]
fn an_unknown_word_gives_none() {
    finds_nothing("xyzzyqwert");
    finds_nothing("linear algebra");
    finds_nothing("the");
    finds_nothing("🎉 ??? …");
}

#[test]
fn a_family_offers_its_apps() {
    offers("google", &["gmail", "google-calendar", "google-drive", "google-sheets"]);
}

#[test]
fn a_vendors_suite_offers_its_apps() {
    offers("Microsoft 365", &["microsoft-excel", "microsoft-outlook", "microsoft-teams"]);
    offers("our Office 365 account", &["microsoft-outlook"]);
}

#[test]
fn a_name_is_known_by_its_sound_in_another_script() {
    picks("スラック", "slack");
    picks("дискорд", "discord");
    picks("구글 캘린더", "google-calendar");
    picks("ドロップボックス アカウント", "dropbox");
    finds_nothing("ありがとう");
}

#[test]
fn words_beside_a_name_say_nothing() {
    picks("Dropbox Sign account", "dropbox-sign");
    picks("Stripe dashboard", "stripe");
    picks("Notion of ours", "notion");
    picks("sign in with CircleCI, please", "circleci");
    let (outcome, _) = search("the front page");
    assert_ne!(outcome, SearchOutcome::Pick);
}

#[test]
fn a_task_offers_what_does_it() {
    offers("send an email", &["gmail", "microsoft-outlook"]);
    offers("take payments", &["stripe", "paypal"]);
    offers("post a message to slack and gmail", &["slack", "gmail"]);
}

#[test]
fn an_address_picks_the_app_it_belongs_to() {
    picks("https://github.com/acme/site/issues/1", "github");
    finds_nothing("https://nobody.example/x");
}

#[test]
fn an_empty_text_shows_what_is_popular() {
    let (outcome, keys) = search("  ");
    assert_eq!((outcome, keys.len()), (SearchOutcome::Choose, 12));
    assert!(!keys.contains(&"membrane-sandbox".to_owned()));
}

#[test]
fn the_sandbox_is_found_by_name_and_comes_last_otherwise() {
    picks("sandbox", "membrane-sandbox");
    picks("Membrane Sandbox", "membrane-sandbox");
    for intent in ["crm", "keep my leads"] {
        assert!(!search(intent).1[..10].contains(&"membrane-sandbox".to_owned()), "{intent}");
    }
}

#[test]
fn every_app_is_picked_by_its_name_and_by_its_key() {
    let catalog = catalog();
    for app in catalog.apps() {
        for text in [app.name.as_str(), app.key.as_str()] {
            let found = catalog.search(text, &[]);
            assert_eq!((found.outcome, keys(&found)), (SearchOutcome::Pick, vec![app.key.to_string()]), "{text}");
        }
    }
}

#[test]
fn a_connected_app_comes_first_among_equals() {
    let catalog = catalog();
    let plain = keys(&catalog.search("send an email", &[]));
    let second: AppKey = plain[1].parse().unwrap();
    let known = catalog.search("send an email", std::slice::from_ref(&second));
    assert_eq!(known.items[0].key, second);
    assert_eq!(known.items.len(), plain.len());
}

#[test]
fn every_item_says_why_and_the_best_comes_first() {
    let found = catalog().search("crm", &[]);
    assert!(found.items.iter().all(|item| !item.reason.is_empty() && (0.0..=1.0).contains(&item.score)));
    assert!(found.items.is_sorted_by(|a, b| a.score >= b.score));
}

#[test]
fn an_app_of_ones_own_is_found_like_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let own = r#"
        key = "blaster"
        name = "Invoice Blaster"
        categories = ["rocketry"]
        description = "Sends invoices to the moon."
        local = true
        [[auth]]
        type = "api-key"
        send = { in = "header", name = "X-Key" }
    "#;
    fs::write(folder.path().join("blaster.toml"), own).unwrap();
    let (catalog, errors) = Catalog::load(Some(folder.path()), &BTreeMap::new());
    assert_eq!(errors, []);
    for intent in ["invoice blaster", "invoice blastr", "rocketry"] {
        assert_eq!(keys(&catalog.search(intent, &[])), ["blaster"], "{intent}");
    }
}

#[test]
fn a_megabyte_of_junk_is_only_junk() {
    let catalog = catalog();
    for piece in ["a", "é", "\u{0}", "x ", "https://", "github.com ", "🎉", "'", "{", "\u{0301}", "..//"] {
        let text = piece.repeat(1_000_000 / piece.len());
        assert!(catalog.search(&text, &[]).items.len() <= 20, "{piece:?}");
    }
}

proptest! {
    #[test]
    fn any_text_is_answered_and_always_the_same(text in "\\PC{0,80}") {
        let catalog = catalog();
        let found = catalog.search(&text, &[]);
        prop_assert_eq!(found.outcome == SearchOutcome::None, found.items.is_empty());
        prop_assert!(found.outcome != SearchOutcome::Pick || found.items.len() == 1);
        prop_assert_eq!(found, catalog.search(&text, &[]));
    }
}
