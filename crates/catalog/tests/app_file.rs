//! An app file with a mistake is refused with the line of the mistake and what to write instead.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::fs;

use membrane_catalog::{Catalog, parse_app};

const GOOD: &str = r#"key = "my-crm"
name = "My CRM"
domains = ["crm.example.com"]
categories = ["crm"]
description = "Keeps the customers of our company."

[[auth]]
type = "api-key"
send = { in = "header", name = "X-Api-Key" }
verify = { url = "https://crm.example.com/api/me" }
"#;

#[track_caller]
fn refused(good: &str, bad: &str) -> String {
    assert!(GOOD.contains(good), "{good}");
    parse_app("my-crm.toml", &GOOD.replace(good, bad)).unwrap_err().to_string()
}

#[test]
fn a_good_file_reads() {
    let app = parse_app("my-crm.toml", GOOD).unwrap();
    assert_eq!((app.key.as_str(), app.popularity, app.ready(), app.own), ("my-crm", 50, true, false));
}

#[test]
fn r94_a_mistake_is_told_with_its_line_and_what_to_write() {
    assert_eq!(
        refused("categories", "categorys"),
        "my-crm.toml, line 4: unknown key \"categorys\" in the file. Write categories."
    );
    assert_eq!(
        refused("\"my-crm\"", "\"My CRM\""),
        "my-crm.toml, line 1: \"My CRM\" is no app key. Write lower-case words joined by dashes: \"my-crm\"."
    );
    assert_eq!(
        refused("https://crm", "http://crm"),
        "my-crm.toml, line 10: url: the URL doesn't start with https://. \
         Write https://, or local = true at the top of the file for a provider on this computer."
    );
    assert_eq!(
        refused("\"api-key\"", "\"apikey\""),
        "my-crm.toml, line 8: type = \"apikey\" is none of the words there are. Write type = \"api-key\"."
    );
    assert_eq!(
        refused("\"https://crm.example.com/api/me\"", "\"https://{region}.example.com/me\""),
        "my-crm.toml, line 10: nothing fills {region} in an address of the API. \
         Add a field with key = \"region\" to \"api-key\", or leave the slot out."
    );
}

#[test]
fn what_an_app_can_do_is_out_of_a_closed_list() {
    let with = |list: &str| format!("capabilities = [{list}]\ncategories");
    let app = parse_app("my-crm.toml", &GOOD.replace("categories", &with("\"manage-deals\", \"send-email\""))).unwrap();
    assert_eq!(app.capabilities, ["manage-deals", "send-email"]);
    assert_eq!(
        refused("categories", &with("\"manage-deal\"")),
        "my-crm.toml, line 4: \"manage-deal\" is nothing that apps are known to do. Write \"manage-deals\"."
    );
}

#[test]
fn an_mcp_server_is_a_way_to_connect_and_does_not_open_the_api() {
    let mcp = "\n[[auth]]\ntype = \"mcp\"\nurl = \"https://mcp.example.com/mcp\"\n";
    let both = parse_app("my-crm.toml", &format!("{GOOD}{mcp}")).unwrap();
    assert!(both.ready() && both.has_mcp());
    let (head, _) = GOOD.split_once("\n[[auth]]").unwrap();
    let alone = parse_app("my-crm.toml", &format!("{head}{mcp}")).unwrap();
    assert!(!alone.ready() && alone.has_mcp() && !alone.auth[0].needs_client());
    assert_eq!(
        refused("send =", "url = \"https://crm.example.com\"\nsend ="),
        "my-crm.toml, line 9: url has no meaning in the api-key way to connect. \
         Leave it out; the address of the API stands in [api] base."
    );
}

#[test]
fn an_app_inherits_what_its_family_says_however_deep_and_its_own_word_goes_first() {
    let text = r#"key = "my-sheets"
name = "My Sheets"
domains = ["sheets.example.com"]
categories = ["spreadsheets"]
description = "Keeps tables."
inherits = "google"

[[auth]]
key = "oauth"
token = { lifetime = 60 }
scopes = [{ name = "openid", text = "Know who you are" }]
"#;
    let app = parse_app("my-sheets.toml", text).unwrap();
    assert_eq!((app.family.as_ref().unwrap().as_str(), app.auth.len()), ("google", 1));
    let oauth = app.auth[0].oauth.as_ref().unwrap();
    assert_eq!(oauth.token_url.as_str(), "https://oauth2.googleapis.com/token");
    assert_eq!((oauth.token.lifetime, oauth.token.refresh_idle_days), (Some(60), Some(180)));
    assert_eq!(oauth.scopes.len(), 1);

    let stranger = parse_app("my-sheets.toml", &text.replace("\"google\"", "\"goggle\"")).unwrap_err().to_string();
    assert!(
        stranger.starts_with("my-sheets.toml, line 6: inherits = \"goggle\" is no family. Write one of"),
        "{stranger}"
    );
    let wrong = parse_app("my-sheets.toml", &text.replace("key = \"oauth\"", "key = \"oauth\"\ntoken_body = 1"));
    assert!(wrong.unwrap_err().to_string().starts_with("my-sheets.toml, line 10: token_body"));
    // The mistake is the app's where the app says it, and the family's where it was inherited.
    let zoho = text.replace("\"google\"", "\"zoho\"").replace("key = \"oauth\"", "key = \"oauth\"\nsend = []");
    assert!(parse_app("my-sheets.toml", &zoho).is_ok());
    let basic = text.replace("key = \"oauth\"", "key = \"oauth\"\ntype = \"basic\"");
    let inherited = parse_app("my-sheets.toml", &basic).unwrap_err().to_string();
    assert!(inherited.starts_with("families/google.toml, line "), "{inherited}");
}

#[test]
fn what_is_no_toml_is_refused_with_a_sentence() {
    for junk in ["", "\u{0}\u{1}\u{2}", "key = ", "<html></html>", "[[[", "{\"key\": 1}"] {
        let error = parse_app("junk.toml", junk).unwrap_err();
        assert!(error.line >= 1 && !error.problem.is_empty() && error.instead.ends_with(['.', ';']), "{error}");
    }
    assert!(parse_app("big.toml", &"a".repeat(1_000_000)).is_err());
    assert!(parse_app("deep.toml", &format!("a = {}", "[".repeat(100_000))).is_err());
}

#[test]
fn a_bad_file_of_ones_own_leaves_the_others_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bad.toml"), "key = 1").unwrap();
    fs::write(folder.path().join("good.toml"), GOOD).unwrap();
    fs::write(folder.path().join("twin.toml"), GOOD).unwrap();
    fs::write(folder.path().join("huge.toml"), "#".repeat(300_000)).unwrap();
    let (catalog, errors) = Catalog::load(Some(folder.path()), &BTreeMap::new());
    let told: Vec<&str> = errors.iter().map(|error| error.file.as_str()).collect();
    assert_eq!(told, ["bad.toml", "huge.toml", "twin.toml"]);
    assert!(catalog.get(&"my-crm".parse().unwrap()).unwrap().own);
    assert!(catalog.get(&"github".parse().unwrap()).is_some());
}

#[test]
fn the_example_in_the_documentation_reads() {
    let page = include_str!("../../../docs/catalog.md");
    let examples: Vec<&str> =
        page.split("```toml\n").skip(1).map(|piece| piece.split("```").next().unwrap_or_default()).collect();
    let whole: Vec<&&str> = examples.iter().filter(|text| text.starts_with("key = ")).collect();
    assert_eq!(whole.len(), 2);
    for text in whole {
        parse_app("example.toml", text).unwrap_or_else(|error| panic!("{error}"));
    }
}
