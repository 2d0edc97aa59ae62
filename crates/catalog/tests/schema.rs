//! Every app that comes with the product reads, and says what a person and the engine need to know.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use membrane_catalog::{App, Catalog, Checked, ClientSource, capability, lint, parse_app};
use membrane_model::AuthMethodKind;

fn apps() -> Vec<(String, App)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("apps");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |path: &Path| {
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        let app = parse_app(&file, &fs::read_to_string(path).unwrap()).unwrap_or_else(|error| panic!("{error}"));
        (file, app)
    };
    files.iter().map(|path| read(path)).collect()
}

#[test]
fn every_file_reads_and_is_named_after_its_key() {
    for (file, app) in &apps() {
        assert_eq!(*file, format!("{}.toml", app.key));
    }
}

#[test]
fn there_are_400_apps_and_100_checked_against_the_vendors_own_pages() {
    let apps = apps();
    assert!(apps.len() >= 400, "{} apps", apps.len());
    let checked = |app: &App| app.source.as_ref().is_some_and(|source| source.checked == Checked::Docs);
    let docs = apps.iter().filter(|(_, app)| checked(app)).count();
    assert!(docs >= 100, "{docs} apps are checked");
}

#[test]
fn nothing_in_the_catalog_is_suspicious() {
    let apps = apps();
    let all: Vec<&App> = apps.iter().map(|(_, app)| app).collect();
    let mut found: Vec<String> = all.iter().flat_map(|app| lint::app(app)).collect();
    found.extend(lint::among(&all).into_iter().map(|(key, what)| format!("{key}.toml: {what}")));
    assert!(found.is_empty(), "{found:#?}");
}

/// One sign-in at these opens several organisations, sites or accounts: which one is meant is asked, and every call says it.
#[test]
fn a_sign_in_that_opens_several_places_asks_which() {
    for (key, slot) in [
        ("xero", "tenant"),
        ("jira", "cloud"),
        ("confluence", "cloud"),
        ("jira-service-management", "cloud"),
        ("basecamp", "account"),
        ("harvest", "account"),
        ("quickbooks", "realm_id"),
    ] {
        let (_, app) = apps().into_iter().find(|(_, app)| app.key.as_str() == key).unwrap();
        let method = app.auth.iter().find(|method| method.kind == AuthMethodKind::OAuth2).unwrap();
        let kept = method.oauth.iter().flat_map(|oauth| &oauth.redirect_keep).map(|keep| keep.slot.as_str());
        let asked = method.choose.iter().map(|choose| choose.field.as_str());
        assert_eq!(kept.chain(asked).collect::<Vec<_>>(), [slot], "{key}");
        let api = app.api_of(method).unwrap();
        let named = api.base.slots().any(|(name, _)| name == slot);
        let headed = api.headers.iter().any(|(_, value)| value.contains(&format!("{{{slot}}}")));
        assert!(named || headed, "{key}: no call says which");
    }
}

#[test]
fn what_the_build_wrote_is_what_the_files_say() {
    let (catalog, errors) = Catalog::load(None, &BTreeMap::new());
    assert_eq!(errors, []);
    let apps = apps();
    assert_eq!(catalog.apps().count(), apps.len());
    for (file, app) in apps.iter().filter(|(_, app)| !app.local) {
        assert_eq!(catalog.get(&app.key), Some(app), "{file}");
        assert_eq!(parse_app(file, &Catalog::file(None, &app.key).unwrap()).as_ref(), Ok(app), "{file}");
    }
}

#[test]
fn every_app_can_do_something_and_every_capability_has_an_app() {
    let mut served: BTreeSet<String> = BTreeSet::new();
    for (file, app) in apps() {
        assert!(!app.capabilities.is_empty(), "{file} has no capabilities");
        served.extend(app.capabilities);
    }
    for (id, reason) in capability::list() {
        assert!(served.contains(id), "no app {reason} ({id})");
    }
}

#[test]
fn every_app_says_where_its_facts_are_from() {
    for (file, app) in apps() {
        let source = app.source.unwrap_or_else(|| panic!("{file} has no [source]"));
        assert!(source.url.starts_with("https://"), "{file}");
    }
}

#[test]
fn every_way_that_needs_a_client_or_a_key_says_how_to_get_it() {
    for (file, app) in apps() {
        for method in &app.auth {
            let nothing_to_get = method.mcp.is_some()
                || method.oauth.as_ref().is_some_and(|oauth| oauth.client != ClientSource::Own)
                    && method.kind != AuthMethodKind::ClientCredentials;
            let steps = method.setup.as_ref().map_or(0, |setup| setup.steps.len());
            assert!(nothing_to_get || steps > 0, "{file}: {} has no setup", method.key);
        }
    }
}

#[test]
fn every_own_client_is_told_its_redirect_uri() {
    for (file, app) in apps() {
        for method in app.auth.iter().filter(|method| method.kind == AuthMethodKind::OAuth2 && method.needs_client()) {
            let setup = method.setup.as_ref().unwrap();
            let told = setup.steps.iter().any(|step| step.contains("{redirect_uri}"));
            // Google's and Microsoft's desktop clients take any loopback port: there is nothing to paste.
            let any_port = method.oauth.as_ref().is_some_and(|oauth| oauth.redirects.loopback.any_port());
            assert!(told || any_port, "{file}: {} never mentions {{redirect_uri}}", method.key);
        }
    }
}

#[test]
fn every_key_and_password_is_checked_before_it_is_called_connected() {
    for (file, app) in apps() {
        // A sign-in has proved itself by its token reply.
        for method in app.auth.iter().filter(|method| method.oauth.is_none() && method.mcp.is_none()) {
            assert!(method.verify.is_some(), "{file}: {} has no verify", method.key);
        }
    }
}

#[test]
fn every_kind_of_connecting_is_there() {
    let there: BTreeSet<String> =
        apps().iter().flat_map(|(_, app)| &app.auth).map(|method| format!("{:?}", method.kind)).collect();
    assert_eq!(
        there,
        ["ApiKey", "Basic", "ClientCredentials", "Device", "Mcp", "OAuth2"].map(str::to_owned).into_iter().collect()
    );
}

#[test]
fn the_sandbox_connects_with_nothing_to_register_in_every_way() {
    let vars = BTreeMap::from([("sandbox".to_owned(), "http://127.0.0.1:5555/".to_owned())]);
    let (catalog, _) = Catalog::load(None, &vars);
    let app = catalog.get(&"membrane-sandbox".parse().unwrap()).unwrap();
    assert!(app.ready() && app.local);
    let kinds: BTreeSet<String> = app.auth.iter().map(|method| format!("{:?}", method.kind)).collect();
    assert_eq!(kinds.len(), 5);
    let oauth = app.method("oauth").unwrap().oauth.as_ref().unwrap();
    let values = catalog.values(&BTreeMap::new());
    assert_eq!(oauth.issuer.as_ref().unwrap().fill_text(&values).unwrap(), "http://127.0.0.1:5555");
    assert_eq!(oauth.token_url.fill(&values).unwrap().as_str(), "http://127.0.0.1:5555/token");
    let key = app.method("api-key").unwrap();
    assert_eq!(key.fields[0].link.as_deref(), Some("http://127.0.0.1:5555/keys"));
    assert_eq!(key.setup.as_ref().unwrap().url, "http://127.0.0.1:5555/keys");
}
