//! Reads the steps beside the sign-in: `login`, `choose`, and what is kept of replies.

use membrane_model::AuthMethodKind;

use crate::parse::reader::Table;
use crate::parse::{check, request, template};
use crate::template::{Allow, is_slot_name};
use crate::{AppFileError, Choose, HttpMethod, Keep, Login, LoginBody, TextTemplate};

const LOGIN_KEYS: [&str; 11] =
    ["method", "url", "headers", "body", "form", "basic", "token", "expires_in", "lifetime", "keep", "dead"];
const CHOOSE_KEYS: [&str; 13] =
    ["field", "label", "hint", "items", "value", "name", "keep", "method", "url", "headers", "body", "ok", "dead"];

/// Reads `login`.
pub(crate) fn login(method: &Table<'_>, kind: AuthMethodKind, allow: Allow) -> Result<Option<Login>, AppFileError> {
    let Some(table) = &method.table("login", &LOGIN_KEYS)? else { return Ok(None) };
    match kind {
        AuthMethodKind::ApiKey | AuthMethodKind::Basic => {}
        AuthMethodKind::OAuth2 | AuthMethodKind::Device | AuthMethodKind::ClientCredentials | AuthMethodKind::Mcp => {
            let problem = format!("login has no meaning in {}", method.name);
            return Err(method.doc.error(
                method.place("login"),
                problem,
                "Leave it out, or write type = \"api-key\" or \"basic\".",
            ));
        }
    }
    let verb =
        table.choice("method", &[("GET", HttpMethod::Get), ("POST", HttpMethod::Post)])?.unwrap_or(HttpMethod::Post);
    let text = |part: &Table<'_>, key: &str| {
        let usual = format!("{{{key}}}");
        let given = part.text(key)?.map_or(usual.as_str(), |text| text.value);
        TextTemplate::parse(given).ok_or_else(|| slot_error(part, key))
    };
    let basic = match table.table("basic", &["username", "password"])? {
        Some(part) => Some((text(&part, "username")?, text(&part, "password")?)),
        None => None,
    };
    Ok(Some(Login {
        method: verb,
        url: template(table, "url", table.need_text("url", "https://api.example.com/login")?, allow)?,
        headers: check::headers(table, "headers")?,
        body: body(table)?,
        basic,
        token: check::pointer(table, table.need_text("token", "/token")?)?,
        expires_in: table.text("expires_in")?.map(|text| check::pointer(table, text)).transpose()?,
        lifetime: table.number("lifetime", 86_400 * 365, "3600")?,
        keep: keep(table, "keep")?,
        dead: table.codes("dead", &[401])?,
    }))
}

fn body(table: &Table<'_>) -> Result<LoginBody, AppFileError> {
    let form = table.pairs("form")?;
    match table.text("body")? {
        Some(text) if !form.is_empty() => {
            Err(table.doc.error(text.at, "login has a body and a form", "Leave one of them out."))
        }
        Some(text) if serde_json::from_str::<serde_json::Value>(text.value).is_err() => {
            Err(table.doc.error(text.at, "body is no JSON", "Write it as body = '{\"key\": \"{key}\"}'."))
        }
        Some(text) => Ok(LoginBody::Json(text.value.to_owned())),
        None if form.is_empty() => Ok(LoginBody::None),
        None => {
            if form.values().any(|text| TextTemplate::parse(text.value).is_none()) {
                return Err(slot_error(table, "form"));
            }
            Ok(LoginBody::Form(form.into_iter().map(|(name, text)| (name, text.value.to_owned())).collect()))
        }
    }
}

fn slot_error(table: &Table<'_>, key: &str) -> AppFileError {
    table.doc.error(table.place(key), format!("{key} has a slot that isn't closed"), "Write a slot as {name}.")
}

/// Reads `choose`.
pub(crate) fn choose(method: &Table<'_>, allow: Allow) -> Result<Option<Choose>, AppFileError> {
    let Some(table) = method.table("choose", &CHOOSE_KEYS)? else { return Ok(None) };
    let field = table.need_text("field", "site")?;
    if !is_slot_name(field.value) {
        let problem = format!("{:?} can't name a slot", field.value);
        return Err(table.doc.error(field.at, problem, "Write lower-case letters, digits and underscores."));
    }
    let names = table.one_or_many("name")?;
    let items = match table.text("items")? {
        Some(text) if text.value.is_empty() => String::new(),
        Some(text) => check::pointer(&table, text)?,
        None => String::new(),
    };
    Ok(Some(Choose {
        field: field.value.to_owned(),
        label: table.need_text("label", "Site")?.value.to_owned(),
        hint: table.owned("hint")?,
        check: Box::new(request::http_check(&table, allow)?),
        items,
        value: check::pointer(&table, table.need_text("value", "/id")?)?,
        name: names.into_iter().map(|text| check::pointer(&table, text)).collect::<Result<_, _>>()?,
        keep: keep(&table, "keep")?,
    }))
}

/// Reads what is kept: names of members of the reply, or a table of slots and JSON pointers.
pub(crate) fn keep(table: &Table<'_>, key: &str) -> Result<Vec<Keep>, AppFileError> {
    let slot = |name: &str, at: usize| {
        let problem = || table.doc.error(at, format!("{name:?} can't name a slot"), SLOT_NAME);
        if is_slot_name(name) { Ok(name.to_owned()) } else { Err(problem()) }
    };
    if table.is_list(key) {
        let one = |text: super::At<&str>| Ok(Keep { slot: slot(text.value, text.at)?, at: format!("/{}", text.value) });
        return table.texts(key)?.into_iter().map(one).collect();
    }
    let one = |(name, text): (String, super::At<&str>)| {
        Ok(Keep { slot: slot(&name, text.at)?, at: check::pointer(table, text)? })
    };
    table.pairs(key)?.into_iter().map(one).collect()
}

/// Reads `redirect_keep`: slots and the names of parameters of the way back.
pub(crate) fn redirect_keep(table: &Table<'_>) -> Result<Vec<Keep>, AppFileError> {
    let ours = ["code", "state", "iss", "error"];
    let one = |(name, text): (String, super::At<&str>)| {
        if !is_slot_name(&name) {
            return Err(table.doc.error(text.at, format!("{name:?} can't name a slot"), SLOT_NAME));
        }
        if text.value.is_empty() || ours.contains(&text.value) {
            let problem = format!("{:?} is read by the sign-in itself", text.value);
            return Err(table.doc.error(text.at, problem, "Write the name of another parameter."));
        }
        Ok(Keep { slot: name, at: text.value.to_owned() })
    };
    table.pairs("redirect_keep")?.into_iter().map(one).collect()
}

const SLOT_NAME: &str = "Write lower-case letters, digits and underscores.";
