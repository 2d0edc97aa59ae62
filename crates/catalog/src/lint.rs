//! Finds what is suspicious in app files: entries that read well and are likely wrong.

use std::collections::{BTreeMap, BTreeSet};

use membrane_model::{AppKey, AuthMethodKind};

use crate::template::Part;
use crate::{App, AuthMethod, HttpCheck, Identity, Send, Template};

/// Ends of keys that name a way to connect, not an app.
const WAYS: [&str; 6] = ["-api-key", "-basic", "-mcp", "-oauth", "-sandbox", "-pat"];

/// Starts of real secrets; scanners would raise an alarm at an example that has one.
const SECRET_STARTS: [&str; 7] = ["ghp_", "gho_", "xoxb-", "xoxp-", "sk_live_", "rk_live_", "AKIA"];

/// Finds what is suspicious in one app; each finding says what to do.
#[must_use]
pub fn app(app: &App) -> Vec<String> {
    let mut found = Vec::new();
    of_entry(app, &mut found);
    for method in &app.auth {
        of_method(app, method, &mut found);
        of_templates(app, method, &mut found);
    }
    if let Some(at) = app.auth.iter().position(|method| method.kind == AuthMethodKind::Mcp)
        && app.auth[at..].iter().any(|method| method.kind != AuthMethodKind::Mcp)
    {
        found.push("the MCP server comes before a way that opens the API; put it last".to_owned());
    }
    if app.api.is_none() && app.auth.iter().any(|method| method.kind != AuthMethodKind::Mcp && method.api.is_none()) {
        found.push("no [api]: write the base that paths are appended to".to_owned());
    }
    found.into_iter().map(|what| format!("{}.toml: {what}", app.key)).collect()
}

/// Finds names, aliases and domains that several apps lay claim to.
#[must_use]
pub fn among(apps: &[&App]) -> Vec<(AppKey, String)> {
    let mut names: BTreeMap<String, &App> = BTreeMap::new();
    let mut domains: BTreeMap<&str, &App> = BTreeMap::new();
    let mut found = Vec::new();
    for app in apps {
        let own: BTreeSet<String> =
            std::iter::once(&app.name).chain(&app.aliases).map(|name| name.to_lowercase()).collect();
        for name in own {
            if let Some(other) = names.insert(name.clone(), app) {
                found.push((app.key.clone(), format!("{name:?} is a name of {} too; leave it to one", other.key)));
            }
        }
        for domain in &app.domains {
            if let Some(other) = domains.insert(domain, app).filter(|other| other.key != app.key) {
                let what = format!("the domain {domain} is {}'s too; give one of them a path", other.key);
                found.push((app.key.clone(), what));
            }
        }
    }
    found
}

fn of_entry(app: &App, found: &mut Vec<String>) {
    let mut say = |wrong: bool, what: &str| {
        if wrong {
            found.push(what.to_owned());
        }
    };
    let key = app.key.as_str();
    say(!app.local && WAYS.iter().any(|end| key.ends_with(end)), "the key names a way to connect; name the app alone");
    say(app.capabilities.is_empty(), "no capabilities: write what it can do, the main thing first");
    say(app.capabilities.len() > 6, "more than 6 capabilities; keep those it is known for");
    say(doubles(&app.capabilities), "a capability is there twice; leave one out");
    say(app.categories.len() > 3, "more than 3 categories; keep the main ones");
    say(doubles(&app.categories), "a category is there twice; leave one out");
    say(app.popularity > 99, "popularity is above 99; nothing is");
    say(app.popularity == 0 && !app.local, "popularity is 0, which hides it; obscure apps have 10 to 25");
    say(!app.description.ends_with('.'), "the description is no sentence; end it with a full stop");
    say(app.description.chars().count() > 160, "the description is longer than 160 characters; say it in one sentence");
    say(app.source.is_none(), "no [source]: name the vendor's page and the day");
    let name = app.name.to_lowercase();
    for alias in &app.aliases {
        say(alias.to_lowercase() == name, "an alias is the name itself; leave it out");
        say(alias.chars().count() < 2, "an alias of one letter catches too much; leave it out");
    }
    let lower: Vec<String> = app.aliases.iter().map(|alias| alias.to_lowercase()).collect();
    say(doubles(&lower), "an alias is there twice; leave one out");
    say(doubles(&app.domains), "a domain is there twice; leave one out");
    say(
        app.domains.iter().any(|domain| domain.starts_with("www.")),
        "a domain starts with www.; the one without it covers both",
    );
}

/// Tells whether a request is a GraphQL query: a body whose `query` opens a selection.
fn asks_graphql(check: &HttpCheck) -> bool {
    let body = check.body.as_deref().and_then(|body| serde_json::from_str::<serde_json::Value>(body).ok());
    body.is_some_and(|body| body["query"].as_str().is_some_and(|query| query.contains('{')))
}

fn of_method(app: &App, method: &AuthMethod, found: &mut Vec<String>) {
    let mut say = |wrong: bool, what: &str| {
        if wrong {
            found.push(format!("{}: {what}", method.key));
        }
    };
    let typed =
        matches!(method.kind, AuthMethodKind::ApiKey | AuthMethodKind::Basic | AuthMethodKind::ClientCredentials);
    let key = matches!(method.kind, AuthMethodKind::ApiKey | AuthMethodKind::Basic);
    say(
        key && method.verify.is_none() && method.login.is_none(),
        "no verify: write the request that tells whether the key works",
    );
    say((typed || method.needs_client()) && method.setup.is_none(), "no setup: say where the key or client is made");
    if method.kind == AuthMethodKind::OAuth2 && method.needs_client() {
        let told = method.setup.iter().flat_map(|setup| &setup.steps).any(|step| step.contains("{redirect_uri}"));
        let any_port = method.oauth.as_ref().is_some_and(|oauth| oauth.redirects.loopback.any_port());
        say(!told && !any_port, "no step has {redirect_uri}: say where it is pasted");
    }
    let sent = method.send.iter().any(|send| matches!(send, Send::Query { .. } | Send::Url));
    let blind = method.verify.as_ref().is_some_and(|check| check.reply.is_none() && asks_graphql(check));
    say(blind, "verify asks GraphQL, which answers errors with 200 too; write reply = { there = \"/data/…\" }");
    say(sent && method.verify.is_none(), "the key travels in the address and nothing verifies it");
    if let Some(oauth) = &method.oauth {
        let plain = |scope: &crate::Scope| scope.text.trim().eq_ignore_ascii_case(scope.name.trim());
        say(oauth.scopes.iter().any(plain), "a scope's text is its name; say what it allows");
    }
    for field in &method.fields {
        if let Some(example) = &field.example {
            let real = SECRET_STARTS.iter().any(|start| example.contains(start));
            say(real, "an example looks like a real secret; write EXAMPLE into it and change its start");
        }
    }
    if let Some(Identity::Verify { .. }) = &method.identity {
        say(method.verify.is_none(), "identity reads the verify request, and there is none");
    }
    say(app.local && method.kind == AuthMethodKind::Mcp, "an MCP server on this computer needs no sign-in");
}

/// Fills every address with the examples of the fields.
fn of_templates(app: &App, method: &AuthMethod, found: &mut Vec<String>) {
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    for field in &method.fields {
        let stand_in = if field.secret { "EXAMPLE" } else { "example" };
        let example = field.example.clone().or_else(|| field.pattern.is_none().then(|| stand_in.to_owned()));
        values.extend(example.map(|example| (field.key.clone(), example)));
    }
    for (name, value) in crate::parse::VARS {
        values.insert(name.to_owned(), value.to_owned());
    }
    let kept: Vec<&str> = method.provided_slots().collect();
    for (what, template) in addresses(app, method) {
        let mut values = values.clone();
        for (slot, part) in template.slots() {
            if kept.contains(&slot) {
                let sample = if part == Part::Origin { "https://kept.example.com" } else { "example" };
                values.insert(slot.to_owned(), sample.to_owned());
            }
        }
        match template.fill(&values) {
            Ok(url) if url.scheme() == "https" || app.local => {}
            Ok(url) => found.push(format!("{}: {what} becomes {url}, which is not https", method.key)),
            Err(problem) => found.push(format!(
                "{}: {what} can't be filled with the examples ({problem}); give the field an example that fits",
                method.key
            )),
        }
    }
}

fn addresses<'a>(app: &'a App, method: &'a AuthMethod) -> Vec<(&'static str, &'a Template)> {
    let mut list = Vec::new();
    if let Some(oauth) = &method.oauth {
        list.push(("token_url", &oauth.token_url));
        let more = [
            ("issuer", &oauth.issuer),
            ("authorize_url", &oauth.authorize_url),
            ("device_url", &oauth.device_url),
            ("revoke_url", &oauth.revoke_url),
            ("register_url", &oauth.register_url),
            ("par_url", &oauth.par_url),
        ];
        list.extend(more.into_iter().filter_map(|(name, template)| Some((name, template.as_ref()?))));
    }
    list.extend(method.mcp.iter().map(|url| ("url", url)));
    if let Some(api) = app.api_of(method) {
        list.push(("[api] base", &api.base));
        list.extend(api.hosts.iter().map(|host| ("[api] hosts", host)));
    }
    list.extend(method.login.iter().map(|login| ("login", &login.url)));
    list.extend(method.choose.iter().map(|choose| ("choose", &choose.check.url)));
    list.extend(method.verify.iter().map(|check| ("verify", &check.url)));
    if let Some(Identity::Request { check, .. }) = &method.identity {
        list.push(("identity", &check.url));
    }
    list
}

fn doubles(words: &[String]) -> bool {
    words.iter().collect::<BTreeSet<_>>().len() < words.len()
}
