//! Where a call goes: under the app's API, or to another of the app's own hosts, and nowhere else.

use std::collections::BTreeMap;

use membrane_catalog::{Api, App};
use membrane_model::{ErrorCode, Fault};
use url::Url;

use crate::proxy::address::{Ground, ground};

/// The longest address that is sent.
const URL_MAX: usize = 16 * 1024;

/// A checked address.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) url: Url,
    pub(crate) ground: Ground,
}

/// Joins what was asked for with the app's API. `asked` is a path below its base, with a query or not, or a whole address
/// of one of the app's hosts.
///
/// # Errors
/// `BadRequest` says what is wrong, and never repeats what may be a secret.
pub(crate) fn target(
    app: &App,
    api: Option<&Api>,
    values: &BTreeMap<String, String>,
    asked: &str,
) -> Result<Target, Fault> {
    let Some(api) = api else {
        return Err(bad(format!("nothing is known of the API of {}", app.name))
            .hint("Add [api] with its base to the app's file; docs/catalog.md describes it."));
    };
    if asked.len() > URL_MAX {
        return Err(bad("the path is longer than 16 KiB"));
    }
    if asked.chars().any(char::is_control) {
        return Err(bad("the path has a line break or another control character"));
    }
    if asked.contains('#') {
        return Err(bad("the path has a fragment (#…), which is never sent").hint("Write # as %23 if it is a value."));
    }
    let base = api.base.fill(values).map_err(|problem| Fault::new(ErrorCode::InvalidField, problem.to_string()))?;
    let url = match is_address(asked) {
        true => whole(app, api, &base, values, asked)?,
        false => below(&base, asked)?,
    };
    let ground = ground(&url, app.local).map_err(|barred| {
        bad(format!("{} can't be called there: {barred}", app.name))
            .hint("Calls go to public https addresses; an app of this computer says so in its file with local = true.")
    })?;
    Ok(Target { url, ground })
}

fn is_address(asked: &str) -> bool {
    let scheme = |name: &str| asked.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    scheme("https://") || scheme("http://")
}

fn below(base: &Url, asked: &str) -> Result<Url, Fault> {
    let start = base.as_str().split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let text = format!("{start}/{}", asked.strip_prefix('/').unwrap_or(asked));
    let url = Url::parse(&text).map_err(|_| bad("the path does not make a proper address"))?;
    let folder = base.path().trim_end_matches('/');
    let inside = url.path().strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if url.origin() != base.origin() || !inside {
        return Err(bad("the path leads out of the app's API with ..")
            .hint("Write the whole address, starting with https://, to call another part of it."));
    }
    Ok(url)
}

fn whole(app: &App, api: &Api, base: &Url, values: &BTreeMap<String, String>, asked: &str) -> Result<Url, Fault> {
    let url = Url::parse(asked).map_err(|_| bad("the address is not a proper one"))?;
    let mut hosts: Vec<Url> = vec![base.clone()];
    hosts.extend(api.hosts.iter().filter_map(|host| host.fill(values).ok()));
    if hosts.iter().any(|host| host.origin() == url.origin()) {
        return Ok(url);
    }
    let known = hosts.iter().map(|host| host.origin().ascii_serialization()).collect::<Vec<_>>().join(", ");
    Err(bad(format!("the address is not one of {}'s own", app.name))
        .hint(format!("Its credential only goes to {known}.")))
}

fn bad(message: impl Into<String>) -> Fault {
    Fault::new(ErrorCode::BadRequest, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use membrane_catalog::parse_app;

    fn app(api: &str, local: bool) -> App {
        let text = format!(
            "key = \"acme\"\nname = \"Acme\"\ndomains = [\"acme.example\"]\ncategories = [\"crm\"]\ndescription = \"A CRM.\"\npopularity = 1\n\
             local = {local}\n[api]\n{api}\n\
             [[auth]]\nkey = \"k\"\ntype = \"api-key\"\nlabel = \"Key\"\n\
             send = {{ in = \"header\", name = \"X-Api-Key\" }}\nverify = {{ url = \"https://api.acme.example/me\" }}\n\
             setup = {{ url = \"https://acme.example/keys\", steps = [\"Make a key.\"] }}\n\
             [[auth.fields]]\nkey = \"key\"\nlabel = \"Key\"\nhint = \"There.\"\nexample = \"k\"\nsecret = true\n\
             [[auth.fields]]\nkey = \"site\"\nlabel = \"Site\"\nhint = \"There.\"\nexample = \"a\"\npattern = \"[a-z]+\"\n"
        );
        parse_app("acme.toml", &text).unwrap()
    }

    fn goes(app: &App, asked: &str) -> Result<String, String> {
        let values = BTreeMap::from([("site".to_owned(), "ada".to_owned())]);
        let found = target(app, app.api.as_ref(), &values, asked);
        found.map(|target| target.url.to_string()).map_err(|fault| fault.message)
    }

    #[test]
    fn a_path_goes_below_the_base_and_a_whole_address_where_it_says() {
        let app = app("base = \"https://{site}.acme.example/v1\"\nhosts = [\"https://files.acme.example\"]", false);
        for (asked, url) in [
            ("users?limit=2&x=%2F", "https://ada.acme.example/v1/users?limit=2&x=%2F"),
            ("/users/a%2Fb", "https://ada.acme.example/v1/users/a%2Fb"),
            ("", "https://ada.acme.example/v1/"),
            ("?a=1", "https://ada.acme.example/v1/?a=1"),
            ("//evil.example/x", "https://ada.acme.example/v1//evil.example/x"),
            ("@evil.example/", "https://ada.acme.example/v1/@evil.example/"),
            (":80@evil.example/", "https://ada.acme.example/v1/:80@evil.example/"),
            ("\\evil.example", "https://ada.acme.example/v1//evil.example"),
            ("a/../b", "https://ada.acme.example/v1/b"),
            ("https://ada.acme.example/v2/x", "https://ada.acme.example/v2/x"),
            ("HTTPS://FILES.acme.example:443/x?y", "https://files.acme.example/x?y"),
        ] {
            assert_eq!(goes(&app, asked), Ok(url.to_owned()), "{asked}");
        }
    }

    #[test]
    fn r67_no_other_host_is_called() {
        let app = app("base = \"https://{site}.acme.example/v1\"\nhosts = [\"https://files.acme.example\"]", false);
        for asked in [
            "https://evil.example/",
            "https://acme.example/",
            "https://bob.acme.example/",
            "https://ada.acme.example.evil.example/",
            "https://ada.acme.example:8443/",
            "http://ada.acme.example/",
            "https://ada.acme.example@evil.example/",
            "https://evil.example\\@ada.acme.example/",
            "https://files.acme.example./",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://[::ffff:127.0.0.1]/",
            "https://169.254.169.254/",
            "https:///",
            "https://",
        ] {
            assert!(goes(&app, asked).is_err(), "{asked}");
        }
        for asked in ["https://user@ada.acme.example/", "https://:pw@ada.acme.example/"] {
            assert!(goes(&app, asked).is_err(), "{asked}");
        }
    }

    #[test]
    fn r67_line_breaks_fragments_and_ways_out_are_refused() {
        let app = app("base = \"https://{site}.acme.example/v1\"", false);
        for asked in [
            "x\r\nHost: evil.example",
            "x\nx",
            "x\0",
            "x\u{7f}",
            "x#y",
            "../admin",
            "a/../../admin",
            "%2e%2e/admin",
            ".%2E/admin",
            "https://ada.acme.example/\r\nX: y",
            "h\tttps://evil.example/",
        ] {
            assert!(goes(&app, asked).is_err(), "{asked:?}");
        }
        // A way out that another host's name looks like stays a path.
        assert!(goes(&app, "..acme").is_ok());
    }

    #[test]
    fn r67_private_addresses_are_for_apps_of_this_computer() {
        let here = "base = \"https://{site}.acme.example/v1\"\nhosts = [\"https://127.0.0.1\"]";
        assert!(goes(&app(here, false), "https://127.0.0.1/").unwrap_err().contains("private"));
        assert!(goes(&app(here, true), "https://127.0.0.1/").is_ok());
        let near = "base = \"https://{site}.acme.example/v1\"\nhosts = [\"https://10.0.0.1\"]";
        assert!(goes(&app(near, true), "https://10.0.0.1/").unwrap_err().contains("private"));
    }
}
