//! Reads the ways to connect.

use membrane_model::{AuthMethodKind, Choice, Field};

use crate::parse::reader::Table;
use crate::parse::{check, login, oauth, request};
use crate::template::{Allow, is_slot_name};
use crate::{AppFileError, AuthMethod, Setup, Template};

const COMMON_KEYS: [&str; 12] =
    ["key", "type", "label", "url", "fields", "login", "choose", "send", "verify", "identity", "setup", "api"];
const OAUTH_KEYS: [&str; 22] = [
    "issuer",
    "sends_iss",
    "authorize_url",
    "token_url",
    "device_url",
    "revoke_url",
    "register_url",
    "par_url",
    "dpop",
    "redirect_keep",
    "pkce",
    "token_auth",
    "token_body",
    "scope_separator",
    "scopes",
    "authorize_params",
    "token_params",
    "token_headers",
    "redirects",
    "client",
    "token",
    "errors",
];
const FIELD_KEYS: [&str; 9] = ["key", "label", "hint", "link", "example", "pattern", "choices", "secret", "optional"];

const KINDS: [(&str, AuthMethodKind); 6] = [
    ("oauth2", AuthMethodKind::OAuth2),
    ("device", AuthMethodKind::Device),
    ("client-credentials", AuthMethodKind::ClientCredentials),
    ("api-key", AuthMethodKind::ApiKey),
    ("basic", AuthMethodKind::Basic),
    ("mcp", AuthMethodKind::Mcp),
];

/// Reads all `[[auth]]` tables.
pub(crate) fn methods(file: &Table<'_>, app_name: &str, allow: Allow) -> Result<Vec<AuthMethod>, AppFileError> {
    let known: Vec<&str> = COMMON_KEYS.iter().chain(&OAUTH_KEYS).copied().collect();
    let tables = file.tables("auth", &known)?;
    if tables.is_empty() {
        return Err(file.error(
            "the file has no way to connect",
            "Add [[auth]] with type = \"oauth2\", \"device\", \"client-credentials\", \"api-key\", \"basic\" or \"mcp\".",
        ));
    }
    let mut methods: Vec<AuthMethod> = Vec::with_capacity(tables.len());
    for table in tables {
        let at = table.place("key");
        let method = method(table.clone(), app_name, allow)?;
        if methods.iter().any(|other| other.key == method.key) {
            let problem = format!("two ways to connect are called {:?}", method.key);
            return Err(table.doc.error(at, problem, "Write another key."));
        }
        methods.push(method);
    }
    Ok(methods)
}

fn method(mut table: Table<'_>, app_name: &str, allow: Allow) -> Result<AuthMethod, AppFileError> {
    let kind = table.choice("type", &KINDS)?.ok_or_else(|| {
        table.error(
            "[[auth]] has no type",
            "Write type = \"oauth2\", \"device\", \"client-credentials\", \"api-key\", \"basic\" or \"mcp\".",
        )
    })?;
    let word = KINDS.iter().find(|(_, other)| *other == kind).map_or("", |(word, _)| *word);
    table.name = format!("the {word} way to connect");
    let oauth = match kind {
        AuthMethodKind::OAuth2 | AuthMethodKind::Device | AuthMethodKind::ClientCredentials => {
            Some(oauth::facts(&table, kind, allow)?)
        }
        AuthMethodKind::ApiKey | AuthMethodKind::Basic | AuthMethodKind::Mcp => {
            no_oauth_keys(&table)?;
            None
        }
    };
    let mcp = mcp_url(&table, kind, allow)?;
    let key = table.text("key")?;
    if let Some(key) = key.filter(|key| key.value.parse::<membrane_model::AppKey>().is_err()) {
        let problem = format!("{:?} can't name a way to connect", key.value);
        return Err(table.doc.error(
            key.at,
            problem,
            "Write lower-case words joined by dashes: \"oauth\", \"api-key\".",
        ));
    }
    let mut fields =
        table.tables("fields", &FIELD_KEYS)?.iter().map(|one| field(one, allow)).collect::<Result<Vec<_>, _>>()?;
    if fields.is_empty() {
        fields = usual_fields(kind);
    }
    check::fields(&table, kind, &fields)?;
    let login = login::login(&table, kind, allow)?;
    Ok(AuthMethod {
        key: key.map_or(word, |key| key.value).to_owned(),
        kind,
        label: table.owned("label")?.unwrap_or_else(|| usual_label(kind, app_name)),
        oauth,
        mcp,
        api: super::api(&table, allow)?,
        send: request::send(&table, kind, &fields, login.is_some())?,
        login,
        choose: login::choose(&table, allow)?,
        fields,
        verify: request::verify(&table, allow)?,
        identity: request::identity(&table, allow)?,
        setup: table.table("setup", &["url", "steps"])?.map(|setup| read_setup(&setup, allow)).transpose()?,
    })
}

fn no_oauth_keys(table: &Table<'_>) -> Result<(), AppFileError> {
    match OAUTH_KEYS.iter().find(|key| table.has(key)) {
        None => Ok(()),
        Some(key) => {
            let problem = format!("{key} has no meaning in {}", table.name);
            Err(table.doc.error(table.place(key), problem, "Leave it out, or write type = \"oauth2\"."))
        }
    }
}

/// Reads where the MCP server is; only that kind has an address of its own.
fn mcp_url(table: &Table<'_>, kind: AuthMethodKind, allow: Allow) -> Result<Option<Template>, AppFileError> {
    let url = table.text("url")?;
    match (kind, url) {
        (AuthMethodKind::Mcp, Some(url)) => super::template(table, "url", url, allow).map(Some),
        (AuthMethodKind::Mcp, None) => Err(table.missing("url", "\"https://mcp.example.com/mcp\"")),
        (_, Some(url)) => {
            let problem = format!("url has no meaning in {}", table.name);
            Err(table.doc.error(url.at, problem, "Leave it out; the address of the API stands in [api] base."))
        }
        (_, None) => Ok(None),
    }
}

fn usual_label(kind: AuthMethodKind, app_name: &str) -> String {
    match kind {
        AuthMethodKind::OAuth2 => format!("Sign in with {app_name}"),
        AuthMethodKind::Device => "Sign in with a code".to_owned(),
        AuthMethodKind::ClientCredentials => "Client id and secret".to_owned(),
        AuthMethodKind::ApiKey => "API key".to_owned(),
        AuthMethodKind::Basic => "User name and password".to_owned(),
        AuthMethodKind::Mcp => format!("Sign in to {app_name}'s MCP server"),
    }
}

fn usual_fields(kind: AuthMethodKind) -> Vec<Field> {
    let one = |key: &str, label: &str, secret: bool| Field {
        key: key.to_owned(),
        label: label.to_owned(),
        hint: None,
        link: None,
        example: None,
        pattern: None,
        choices: Vec::new(),
        secret,
        optional: false,
    };
    match kind {
        AuthMethodKind::OAuth2 | AuthMethodKind::Device | AuthMethodKind::Mcp => Vec::new(),
        AuthMethodKind::ClientCredentials => {
            vec![one("client_id", "Client id", false), one("client_secret", "Client secret", true)]
        }
        AuthMethodKind::ApiKey => vec![one("key", "API key", true)],
        AuthMethodKind::Basic => vec![one("username", "User name", false), one("password", "Password", true)],
    }
}

fn field(table: &Table<'_>, allow: Allow) -> Result<Field, AppFileError> {
    let key = table.need_text("key", "subdomain")?;
    if !is_slot_name(key.value) {
        let problem = format!("{:?} can't name a field", key.value);
        return Err(table.doc.error(key.at, problem, "Write lower-case letters, digits and underscores: \"api_key\"."));
    }
    let pattern = table.text("pattern")?;
    let example = table.owned("example")?;
    if let Some(pattern) = pattern {
        check::pattern(table, pattern, example.as_deref())?;
    }
    Ok(Field {
        key: key.value.to_owned(),
        label: table.need_text("label", "Subdomain")?.value.to_owned(),
        hint: table.owned("hint")?,
        link: table.text("link")?.map(|link| check::page(table, "link", link, allow)).transpose()?,
        example,
        pattern: pattern.map(|pattern| pattern.value.to_owned()),
        choices: table.tables("choices", &["value", "label"])?.iter().map(choice).collect::<Result<_, _>>()?,
        secret: table.flag("secret")?,
        optional: table.flag("optional")?,
    })
}

fn choice(table: &Table<'_>) -> Result<Choice, AppFileError> {
    let value = table.need_text("value", "eu")?.value.to_owned();
    Ok(Choice { label: table.owned("label")?.unwrap_or_else(|| value.clone()), value })
}

fn read_setup(table: &Table<'_>, allow: Allow) -> Result<Setup, AppFileError> {
    let steps = table.texts("steps")?;
    if steps.is_empty() {
        return Err(table.missing("steps", "[\"…\"]: one sentence each"));
    }
    for step in &steps {
        if step.value.replace("{redirect_uri}", "").contains(['{', '}']) {
            return Err(table.doc.error(
                step.at,
                "a step has a slot that isn't {redirect_uri}",
                "Write {redirect_uri}, or no braces.",
            ));
        }
    }
    Ok(Setup {
        url: check::page(table, "url", table.need_text("url", "https://example.com/settings/developers")?, allow)?,
        steps: steps.into_iter().map(|step| step.value.to_owned()).collect(),
    })
}
