//! Checks of single values, and of what an app file says as a whole.

use membrane_model::{AuthMethodKind, Field};

use crate::parse::reader::{At, Table};
use crate::parse::{VARS, is_var};
use crate::template::{Allow, Part};
use crate::{
    App, AppFileError, AuthMethod, HttpCheck, Identity, Send, Template, TextTemplate, capability, fields as values,
};

type Checked = Result<(), AppFileError>;

/// Takes the address of a page for people; that of a local app may start with `{sandbox}`.
pub(crate) fn page(table: &Table<'_>, key: &str, text: At<&str>, allow: Allow) -> Result<String, AppFileError> {
    let fixed = match allow {
        Allow::LocalHttp => VARS.iter().find_map(|(name, _)| text.value.strip_prefix(&format!("{{{name}}}/"))),
        Allow::Https => None,
    };
    let starts_well = fixed.is_some() || text.value.starts_with("https://");
    let reads = Template::parse(text.value.split('#').next().unwrap_or_default(), Allow::Https).is_ok();
    if starts_well && reads && !fixed.unwrap_or(text.value).contains(['{', '}']) {
        return Ok(text.value.to_owned());
    }
    Err(table.doc.error(text.at, format!("{key} is no https address"), format!("Write {key} = \"https://…\".")))
}

/// Takes a domain, with a path behind it or not.
pub(crate) fn domain(table: &Table<'_>, text: At<&str>) -> Result<String, AppFileError> {
    let host = text.value.split('/').next().unwrap_or_default();
    let good = host.contains('.')
        && url::Url::parse(&format!("https://{}", text.value)).is_ok_and(|url| url.host_str() == Some(host));
    if good && !text.value.ends_with('/') && !text.value.contains(['?', '#', '@', '*']) {
        return Ok(text.value.to_owned());
    }
    let bare = text
        .value
        .trim_start_matches("https://")
        .trim_start_matches("http://")
        .trim_start_matches("*.")
        .trim_end_matches('/');
    let instead = format!("Write it without scheme and slash at the end: {:?}.", bare.to_lowercase());
    Err(table.doc.error(text.at, format!("{:?} is no domain", text.value), instead))
}

/// Takes a category.
pub(crate) fn category(table: &Table<'_>, text: At<&str>) -> Result<String, AppFileError> {
    if text.value.parse::<membrane_model::AppKey>().is_ok() {
        return Ok(text.value.to_owned());
    }
    let problem = format!("{:?} is no category", text.value);
    Err(table.doc.error(text.at, problem, "Write lower-case words joined by dashes: \"crm\", \"developer-tools\"."))
}

/// Takes an id out of the closed list of what apps can do.
pub(crate) fn capability(table: &Table<'_>, text: At<&str>) -> Result<String, AppFileError> {
    if capability::reason(text.value).is_some() {
        return Ok(text.value.to_owned());
    }
    let instead = match capability::nearest(text.value) {
        Some(id) => format!("Write {id:?}."),
        None => "Write one of those that docs/catalog.md names.".to_owned(),
    };
    Err(table.doc.error(text.at, format!("{:?} is nothing that apps are known to do", text.value), instead))
}

/// Takes a JSON pointer (RFC 6901).
pub(crate) fn pointer(table: &Table<'_>, text: At<&str>) -> Result<String, AppFileError> {
    if text.value.starts_with('/') {
        return Ok(text.value.to_owned());
    }
    let instead = format!("Write {:?}.", format!("/{}", text.value.trim_start_matches("$.").replace('.', "/")));
    Err(table.doc.error(text.at, format!("{:?} is no JSON pointer", text.value), instead))
}

/// Takes the name of a header.
pub(crate) fn header_name(table: &Table<'_>, text: At<&str>) -> Checked {
    let token =
        !text.value.is_empty() && text.value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    let ours = ["host", "content-length", "connection", "transfer-encoding", "cookie"];
    if token && !ours.contains(&text.value.to_ascii_lowercase().as_str()) {
        return Ok(());
    }
    Err(table.doc.error(
        text.at,
        format!("{:?} can't be a header here", text.value),
        "Write a name such as \"X-Api-Key\".",
    ))
}

/// Takes a table of headers.
pub(crate) fn headers(table: &Table<'_>, key: &str) -> Result<Vec<(String, String)>, AppFileError> {
    let one = |(name, value): (String, At<&str>)| {
        header_name(table, At { value: &name, at: value.at })?;
        if value.value.bytes().all(|b| (b' '..=b'~').contains(&b)) {
            return Ok((name, value.value.to_owned()));
        }
        Err(table.doc.error(
            value.at,
            format!("the header {name} has characters that can't be sent"),
            "Write plain ASCII on one line.",
        ))
    };
    table.pairs(key)?.into_iter().map(one).collect()
}

/// Takes a pattern that compiles and fits its own example.
pub(crate) fn pattern(table: &Table<'_>, text: At<&str>, example: Option<&str>) -> Checked {
    let wrong = |problem: &str, instead: &str| Err(table.doc.error(text.at, problem, instead));
    // JavaScript has no such forms, and the console checks the same pattern while the person types.
    if ["(?P<", "(?i", "(?x", "(?s", "\\A", "\\z", "[["].iter().any(|form| text.value.contains(form)) {
        return wrong(
            "pattern has a form that JavaScript doesn't know",
            "Write it with plain groups, classes and quantifiers.",
        );
    }
    let Some(regex) = values::compile(text.value) else {
        return wrong(
            "pattern is no regular expression",
            "Write one without look-around and back references: \"[a-z0-9-]+\".",
        );
    };
    match example {
        Some(example) if !regex.is_match(example) => {
            wrong("pattern doesn't fit its own example", "Mend one of the two; the pattern has to fit the whole value.")
        }
        Some(_) | None => Ok(()),
    }
}

/// Checks the fields of a way to connect against its kind.
pub(crate) fn fields(table: &Table<'_>, kind: AuthMethodKind, list: &[Field]) -> Checked {
    let place = table.place("fields");
    for (index, field) in list.iter().enumerate() {
        if list[..index].iter().any(|other| other.key == field.key) {
            return Err(table.doc.error(place, format!("two fields are called {:?}", field.key), "Write another key."));
        }
        if is_var(&field.key) || field.key == "redirect_uri" {
            return Err(table.doc.error(
                place,
                format!("{:?} is a name of the product itself", field.key),
                "Write another key.",
            ));
        }
    }
    let has = |key: &str, secret: bool| list.iter().any(|field| field.key == key && field.secret == secret);
    match kind {
        AuthMethodKind::ClientCredentials if !has("client_id", false) || !has("client_secret", true) => {
            Err(table.doc.error(
                place,
                "client-credentials needs the fields client_id and client_secret",
                "Write both, client_secret with secret = true.",
            ))
        }
        AuthMethodKind::ApiKey | AuthMethodKind::Basic if !list.iter().any(|field| field.secret && !field.optional) => {
            Err(table.doc.error(
                place,
                "no field is secret",
                "Write secret = true in the field of the key or password.",
            ))
        }
        AuthMethodKind::OAuth2 | AuthMethodKind::Device | AuthMethodKind::Mcp
            if list.iter().any(|field| field.secret) =>
        {
            Err(table.doc.error(
                place,
                "a sign-in has no secret fields",
                "Leave secret out, or write type = \"api-key\".",
            ))
        }
        _ => Ok(()),
    }
}

/// Checks what only the whole file can tell: that every slot has something to fill it.
pub(crate) fn check_app(file: &Table<'_>, app: &App) -> Checked {
    if !app.local && app.domains.is_empty() {
        return Err(file.missing("domains", "[\"example.com\"]"));
    }
    if app.categories.is_empty() {
        return Err(file.missing("categories", "[\"productivity\"]"));
    }
    for method in &app.auth {
        for (name, template) in sign_in_urls(method) {
            check_slots(file, method, name, template, Secrets::Refused)?;
        }
        let secrets = if method.send.contains(&Send::Url) { Secrets::Sent } else { Secrets::Refused };
        for template in api_urls(app, method) {
            check_slots(file, method, "an address of the API", template, secrets)?;
        }
        for send in &method.send {
            check_basic(file, method, send)?;
        }
        check_texts(file, app, method)?;
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Secrets {
    Refused,
    Sent,
}

fn sign_in_urls(method: &AuthMethod) -> Vec<(&'static str, &Template)> {
    let login = method.login.iter().map(|login| ("url", &login.url));
    let Some(oauth) = &method.oauth else {
        return login.collect();
    };
    let list = [
        ("issuer", oauth.issuer.as_ref()),
        ("authorize_url", oauth.authorize_url.as_ref()),
        ("token_url", Some(&oauth.token_url)),
        ("device_url", oauth.device_url.as_ref()),
        ("revoke_url", oauth.revoke_url.as_ref()),
        ("register_url", oauth.register_url.as_ref()),
        ("par_url", oauth.par_url.as_ref()),
    ];
    list.into_iter().filter_map(|(name, template)| Some((name, template?))).collect()
}

fn api_urls<'a>(app: &'a App, method: &'a AuthMethod) -> Vec<&'a Template> {
    let api = app.api_of(method).into_iter().flat_map(|api| std::iter::once(&api.base).chain(&api.hosts));
    let identity: Option<&HttpCheck> = match &method.identity {
        Some(Identity::Request { check, .. }) => Some(check),
        Some(Identity::Verify { .. } | Identity::TokenReply { .. }) | None => None,
    };
    let choose = method.choose.iter().map(|choose| choose.check.as_ref());
    api.chain(&method.mcp).chain(method.verify.iter().chain(identity).chain(choose).map(|check| &check.url)).collect()
}

fn check_slots(file: &Table<'_>, method: &AuthMethod, name: &str, template: &Template, secrets: Secrets) -> Checked {
    // Templates don't carry their place, and an address is seldom written twice: its text finds the line.
    let at = file.doc.find(template.as_str()).unwrap_or(file.at);
    let wrong = |problem: String, instead: String| Err(file.doc.error(at, problem, instead));
    for (slot, part) in template.slots() {
        let field = method.fields.iter().find(|field| field.key == slot);
        let kept = method.provided_slots().any(|provided| provided == slot);
        match (field, part) {
            (Some(field), _) if field.secret && secrets == Secrets::Refused => {
                return wrong(
                    format!("{name} has the secret {{{slot}}}"),
                    "Write it in send, or send = { in = \"url\" } when the app wants it so.".to_owned(),
                );
            }
            (Some(field), _) if field.optional => {
                return wrong(
                    format!("{name} needs {{{slot}}}, which may stay empty"),
                    format!("Leave optional out of the field {slot:?}."),
                );
            }
            (Some(_), Part::Origin) => {
                return wrong(
                    format!("{name} starts with {{{slot}}}, which a person types"),
                    format!("Write https://{{{slot}}}/… and give the field a pattern."),
                );
            }
            (Some(field), Part::Host | Part::Port) if field.pattern.is_none() => {
                return wrong(
                    format!("{{{slot}}} is a part of the host of {name}, and takes anything"),
                    format!("Give the field {slot:?} a pattern: pattern = \"[a-z0-9-]+\"."),
                );
            }
            (Some(_), _) => {}
            (None, _) if is_var(slot) || (kept && name == "an address of the API") => {}
            (None, _) => {
                let instead = format!("Add a field with key = {slot:?} to {:?}, or leave the slot out.", method.key);
                return wrong(format!("nothing fills {{{slot}}} in {name}"), instead);
            }
        }
    }
    Ok(())
}

/// Checks the slots of texts that are no addresses: parameters, headers, and what a login sends.
fn check_texts(file: &Table<'_>, app: &App, method: &AuthMethod) -> Checked {
    let filled = |slot: &str| is_var(slot) || method.fields.iter().any(|field| field.key == slot);
    let mut texts: Vec<(&str, &str, bool)> = Vec::new();
    if let Some(oauth) = &method.oauth {
        texts.extend(oauth.authorize_params.values().map(|text| ("authorize_params", text.as_str(), false)));
        texts.extend(oauth.token_params.values().map(|text| ("token_params", text.as_str(), false)));
    }
    if let Some(api) = app.api_of(method) {
        texts.extend(api.headers.iter().map(|(_, text)| ("headers", text.as_str(), true)));
    }
    let made = |name: &str, slot: &str| {
        let at = file.doc.text.find(&format!("{{{slot}}}")).unwrap_or(file.at);
        let instead = format!("Add a field with key = {slot:?} to {:?}, or leave the slot out.", method.key);
        Err(file.doc.error(at, format!("nothing fills {{{slot}}} in {name}"), instead))
    };
    for (name, text, provided) in texts {
        let Some(template) = TextTemplate::parse(text) else { continue };
        for slot in template.slots() {
            let given = provided && method.provided_slots().any(|known| known == slot);
            if !filled(slot) && !given {
                return made(name, slot);
            }
        }
    }
    if let Some(login) = &method.login {
        let basic = login.basic.iter().flat_map(|(user, password)| user.slots().chain(password.slots()));
        let typed = login.body.slots().into_iter().chain(basic.map(str::to_owned));
        let missing = typed.collect::<Vec<_>>().into_iter().find(|slot| !filled(slot));
        if let Some(slot) = missing {
            return made("login", &slot);
        }
    }
    Ok(())
}

fn check_basic(file: &Table<'_>, method: &AuthMethod, send: &Send) -> Checked {
    let Send::Basic { username, password } = send else {
        return Ok(());
    };
    for slot in username.slots().chain(password.slots()) {
        if !method.fields.iter().any(|field| field.key == slot) {
            let at = file.doc.find(&format!("{{{slot}}}")).unwrap_or(file.at);
            let instead = format!(
                "Add a field with key = {slot:?}, or write username and password in send with the keys of the fields."
            );
            return Err(file.doc.error(at, format!("nothing fills {{{slot}}} in send"), instead));
        }
    }
    Ok(())
}
