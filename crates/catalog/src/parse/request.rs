//! Reads how a credential travels, and the requests that check it.

use membrane_model::{AuthMethodKind, Field};

use crate::parse::reader::{At, Table};
use crate::parse::{check, template};
use crate::template::Allow;
use crate::{AccountPointers, AppFileError, HttpCheck, HttpMethod, Identity, ReplyCheck, Send, TextTemplate};

const SEND_KEYS: [&str; 7] = ["in", "name", "prefix", "value", "field", "username", "password"];
const CHECK_KEYS: [&str; 7] = ["method", "url", "headers", "body", "ok", "dead", "reply"];
const IDENTITY_KEYS: [&str; 10] = ["from", "id", "label", "method", "url", "headers", "body", "ok", "dead", "reply"];

#[derive(Clone, Copy)]
enum In {
    Header,
    Query,
    Basic,
    Url,
}

/// Reads `send`; what is usual for the kind stands in when there is none.
pub(crate) fn send(
    method: &Table<'_>,
    kind: AuthMethodKind,
    fields: &[Field],
    login: bool,
) -> Result<Vec<Send>, AppFileError> {
    let list = method.tables("send", &SEND_KEYS)?;
    if list.is_empty() {
        return match kind {
            AuthMethodKind::OAuth2
            | AuthMethodKind::Device
            | AuthMethodKind::ClientCredentials
            | AuthMethodKind::Mcp => Ok(vec![bearer()]),
            AuthMethodKind::ApiKey | AuthMethodKind::Basic if login => Ok(vec![bearer()]),
            AuthMethodKind::Basic => basic(method).map(|send| vec![send]),
            AuthMethodKind::ApiKey => {
                Err(method.missing("send", "{ in = \"header\", name = \"Authorization\", prefix = \"Bearer \" }"))
            }
        };
    }
    list.iter().map(|table| one_send(table, kind, fields, login)).collect()
}

fn bearer() -> Send {
    Send::Header { name: "Authorization".to_owned(), prefix: "Bearer ".to_owned(), field: None }
}

fn one_send(table: &Table<'_>, kind: AuthMethodKind, fields: &[Field], login: bool) -> Result<Send, AppFileError> {
    let places = [("header", In::Header), ("query", In::Query), ("basic", In::Basic), ("url", In::Url)];
    let place = table
        .choice("in", &places)?
        .ok_or_else(|| table.missing("in", "\"header\", \"query\", \"basic\" or \"url\""))?;
    let not_here = |keys: &[&str], place: &str| match keys.iter().find(|key| table.has(key)) {
        Some(key) => {
            Err(table.doc.error(table.place(key), format!("{key} has no meaning with in = {place:?}"), "Leave it out."))
        }
        None => Ok(()),
    };
    match place {
        In::Header => {
            not_here(&["username", "password"], "header")?;
            let name = table.need_text("name", "Authorization")?;
            if let Some(made) = made_of_fields(table, name, fields)? {
                return Ok(made);
            }
            check::header_name(table, name)?;
            let prefix = table.owned("prefix")?.unwrap_or_default();
            Ok(Send::Header { name: name.value.to_owned(), prefix, field: send_field(table, kind, fields, login)? })
        }
        In::Query => {
            not_here(&["username", "password", "prefix", "value"], "query")?;
            let name = table.need_text("name", "api_key")?.value.to_owned();
            Ok(Send::Query { name, field: send_field(table, kind, fields, login)? })
        }
        In::Basic => {
            not_here(&["name", "prefix", "value", "field"], "basic")?;
            basic(table)
        }
        In::Url => {
            not_here(&["name", "prefix", "value", "field", "username", "password"], "url")?;
            Ok(Send::Url)
        }
    }
}

/// Reads a header that is made of fields: `value = "{id}:{token}"`, or a name that the person types: `name = "{header}"`.
fn made_of_fields(table: &Table<'_>, name: At<&str>, fields: &[Field]) -> Result<Option<Send>, AppFileError> {
    let value = table.text("value")?;
    let typed = name.value.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    if value.is_none() && typed.is_none() {
        return Ok(None);
    }
    if let Some(clash) = ["prefix", "field"].into_iter().find(|key| table.has(key) && value.is_some()) {
        let problem = format!("{clash} has no meaning beside value");
        return Err(table.doc.error(table.place(clash), problem, "Leave it out."));
    }
    match typed {
        Some(slot) if !fields.iter().any(|field| field.key == slot && field.pattern.is_some()) => {
            let instead = format!("Add a field with key = {slot:?} and a pattern: pattern = \"[A-Za-z0-9-]+\".");
            return Err(table.doc.error(name.at, format!("nothing fills {{{slot}}} in name"), instead));
        }
        Some(_) => {}
        None => check::header_name(table, name)?,
    }
    let usual = || {
        let secret = fields.iter().find(|field| field.secret).map_or("key", |field| field.key.as_str());
        format!("{}{{{secret}}}", table.text("prefix").ok().flatten().map_or("", |text| text.value))
    };
    let text = value.map_or_else(usual, |text| text.value.to_owned());
    let read = |text: &str, key: &str| {
        let wrong =
            || table.doc.error(table.place(key), format!("{key} has a slot that isn't closed"), "Write {name}.");
        TextTemplate::parse(text).ok_or_else(wrong)
    };
    let made = read(&text, "value")?;
    if let Some(slot) = made.slots().find(|slot| !fields.iter().any(|field| field.key == *slot)) {
        let instead = format!("Add a field with key = {slot:?}, or leave the slot out.");
        return Err(table.doc.error(table.place("value"), format!("nothing fills {{{slot}}} in value"), instead));
    }
    Ok(Some(Send::Text { name: read(name.value, "name")?, value: made }))
}

fn basic(table: &Table<'_>) -> Result<Send, AppFileError> {
    let part = |key: &str, usual: &str| -> Result<TextTemplate, AppFileError> {
        // An empty text is meant: some apps take the key as the user name and no password.
        let text = table.text(key)?.map_or(usual, |text| text.value);
        let wrong = || {
            table.doc.error(
                table.place(key),
                format!("{key} has a slot that isn't closed"),
                format!("Write {key} = {usual:?}."),
            )
        };
        TextTemplate::parse(text).ok_or_else(wrong)
    };
    Ok(Send::Basic { username: part("username", "{username}")?, password: part("password", "{password}")? })
}

/// Says which field is sent: the named one, the access token, or the only secret.
fn send_field(
    table: &Table<'_>,
    kind: AuthMethodKind,
    fields: &[Field],
    login: bool,
) -> Result<Option<String>, AppFileError> {
    if let Some(named) = table.text("field")? {
        if fields.iter().any(|field| field.key == named.value) {
            return Ok(Some(named.value.to_owned()));
        }
        let problem = format!("field = {:?} is none of the fields of this way to connect", named.value);
        return Err(table.doc.error(named.at, problem, "Write the key of one of its fields."));
    }
    match kind {
        AuthMethodKind::OAuth2 | AuthMethodKind::Device | AuthMethodKind::ClientCredentials | AuthMethodKind::Mcp => {
            return Ok(None);
        }
        AuthMethodKind::ApiKey | AuthMethodKind::Basic if login => return Ok(None),
        AuthMethodKind::ApiKey | AuthMethodKind::Basic => {}
    }
    let secrets: Vec<&Field> = fields.iter().filter(|field| field.secret).collect();
    match secrets.as_slice() {
        [only] => Ok(Some(only.key.clone())),
        [] => {
            Err(table
                .error("send has nothing to send: no field is secret", "Write secret = true in the field of the key."))
        }
        [first, ..] => {
            Err(table.error("send doesn't say which secret field it sends", format!("Write field = {:?}.", first.key)))
        }
    }
}

/// Reads `verify`.
pub(crate) fn verify(method: &Table<'_>, allow: Allow) -> Result<Option<HttpCheck>, AppFileError> {
    method.table("verify", &CHECK_KEYS)?.map(|table| http_check(&table, allow)).transpose()
}

/// Reads a request that checks or asks something.
pub(crate) fn http_check(table: &Table<'_>, allow: Allow) -> Result<HttpCheck, AppFileError> {
    let method =
        table.choice("method", &[("GET", HttpMethod::Get), ("POST", HttpMethod::Post)])?.unwrap_or(HttpMethod::Get);
    let body = table.text("body")?;
    if let Some(body) = body {
        if serde_json::from_str::<serde_json::Value>(body.value).is_err() {
            return Err(table.doc.error(body.at, "body is no JSON", "Write it as body = '{\"query\": \"…\"}'."));
        }
        if method == HttpMethod::Get {
            return Err(table.doc.error(
                body.at,
                "a GET request has no body",
                "Write method = \"POST\", or leave body out.",
            ));
        }
    }
    let reply = table.table("reply", &["ok", "there", "absent", "error", "dead"])?;
    Ok(HttpCheck {
        method,
        url: template(table, "url", table.need_text("url", "https://api.example.com/me")?, allow)?,
        headers: check::headers(table, "headers")?,
        body: body.map(|body| body.value.to_owned()),
        ok: table.codes("ok", &[200])?,
        dead: table.codes("dead", &[401])?,
        reply: reply.map(|reply| reply_check(&reply)).transpose()?,
    })
}

fn reply_check(table: &Table<'_>) -> Result<ReplyCheck, AppFileError> {
    let pointer = |key: &str| table.text(key)?.map(|text| check::pointer(table, text)).transpose();
    let reply = ReplyCheck {
        ok: pointer("ok")?,
        there: pointer("there")?,
        absent: pointer("absent")?,
        error: pointer("error")?,
        dead: table.words("dead")?,
    };
    if reply.ok.is_none() && reply.there.is_none() && reply.absent.is_none() {
        return Err(table.missing("ok", "\"/ok\", or there or absent: a JSON pointer that tells good from bad"));
    }
    if reply.error.is_none() && !reply.dead.is_empty() {
        return Err(table.missing("error", "\"/error\": where the code stands that dead lists"));
    }
    Ok(reply)
}

#[derive(Clone, Copy)]
enum From {
    Request,
    Verify,
    Token,
}

/// Reads `identity`.
pub(crate) fn identity(method: &Table<'_>, allow: Allow) -> Result<Option<Identity>, AppFileError> {
    let Some(table) = method.table("identity", &IDENTITY_KEYS)? else {
        return Ok(None);
    };
    let pointers = |key: &str, example: &str| {
        let list = table.one_or_many(key)?;
        if list.is_empty() {
            return Err(table.missing(key, &format!("{example:?}")));
        }
        list.into_iter().map(|text| check::pointer(&table, text)).collect::<Result<Vec<_>, _>>()
    };
    let at = AccountPointers { id: pointers("id", "/id")?, label: pointers("label", "/email")? };
    let words = [("request", From::Request), ("verify", From::Verify), ("token", From::Token)];
    let from = table.choice("from", &words)?;
    let from = from.or(table.has("url").then_some(From::Request));
    match from {
        Some(From::Request) => Ok(Some(Identity::Request { check: Box::new(http_check(&table, allow)?), at })),
        Some(From::Verify) if !method.has("verify") => {
            Err(table
                .error("identity is read from verify, and there is none", "Write url = \"https://…\", or add verify."))
        }
        Some(From::Verify) => Ok(Some(Identity::Verify { at })),
        Some(From::Token) => Ok(Some(Identity::TokenReply { at })),
        None => Err(table.missing("url", "\"https://api.example.com/me\", or from = \"verify\" or \"token\"")),
    }
}
