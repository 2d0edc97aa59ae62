//! Reads an app file: strict, and telling of the first mistake with file, line and what to write instead.

mod auth;
mod check;
mod inherit;
mod login;
mod oauth;
mod reader;
mod request;

use membrane_model::AppKey;
use toml::de::DeTable;

use crate::parse::reader::{At, Doc, Table};
use crate::template::{Allow, TemplateProblem};
use crate::{Api, App, AppFileError, Checked, Source, Template};

/// Names that the product itself puts into templates, with what stands in unless it is told otherwise: `{sandbox}` is
/// the origin of the sandbox.
pub(crate) const VARS: [(&str, &str); 1] = [("sandbox", "http://127.0.0.1:4790")];

pub(crate) fn is_var(name: &str) -> bool {
    VARS.iter().any(|(var, _)| *var == name)
}

const APP_KEYS: [&str; 14] = [
    "key",
    "name",
    "aliases",
    "domains",
    "categories",
    "capabilities",
    "description",
    "popularity",
    "local",
    "family",
    "inherits",
    "source",
    "api",
    "auth",
];

/// An own app without a popularity stands in the middle.
const USUAL_POPULARITY: u64 = 50;

/// A family's file: its key and its text.
pub(crate) type Family<'t> = (&'t str, &'t str);

/// Reads one app out of the text of its file; `families` are those that it may inherit from.
///
/// # Errors
/// The first mistake, with its line and what to write instead.
pub(crate) fn parse_with(file_name: &str, text: &str, families: &[Family<'_>]) -> Result<App, AppFileError> {
    let alone = Doc { file: file_name, text, family: None };
    let mut tree = tree(alone, text)?.into_inner();
    let Some(family) = inherited(alone, &tree, families)? else {
        return read_checked(alone, &tree);
    };
    let family_file = format!("families/{}.toml", family.0);
    // The places of the family's values come after those of the app's, so that one number tells where a mistake is.
    let behind = format!("{}{}", " ".repeat(text.len() + 1), family.1);
    let doc = Doc { family: Some((&family_file, family.1)), ..alone };
    let base = self::tree(doc, &behind)?.into_inner();
    inherit::join(&mut tree, &base);
    read_checked(doc, &tree)
}

fn tree<'t>(doc: Doc<'_>, text: &'t str) -> Result<toml::Spanned<DeTable<'t>>, AppFileError> {
    DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let problem = format!("this is no TOML: {}", error.message().replace('\n', ", ").trim_end_matches('.'));
        doc.error(at, problem, "Mend the line; docs/catalog.md shows a whole file.")
    })
}

/// Finds the family that a file inherits from.
fn inherited<'f>(
    doc: Doc<'_>,
    tree: &DeTable<'_>,
    families: &[Family<'f>],
) -> Result<Option<Family<'f>>, AppFileError> {
    let Some(value) = tree.get("inherits") else {
        return Ok(None);
    };
    let name = value.get_ref().as_str().unwrap_or_default();
    let family = families.iter().find(|(key, _)| *key == name).copied();
    let known: Vec<&str> = families.iter().map(|(key, _)| *key).collect();
    family.map(Some).ok_or_else(|| {
        let problem = format!("inherits = {name:?} is no family");
        doc.error(value.span().start, problem, format!("Write one of these, or leave it out: {}.", known.join(", ")))
    })
}

fn read_checked(doc: Doc<'_>, tree: &DeTable<'_>) -> Result<App, AppFileError> {
    let file = Table::new(doc, "the file", 0, tree, &APP_KEYS)?;
    let app = read_app(&file)?;
    check::check_app(&file, &app)?;
    Ok(app)
}

fn read_app(file: &Table<'_>) -> Result<App, AppFileError> {
    let local = file.flag("local")?;
    let allow = if local { Allow::LocalHttp } else { Allow::Https };
    let key = app_key(file, file.need_text("key", "my-app")?)?;
    let name = file.need_text("name", "My App")?.value.to_owned();
    let popularity = file.number("popularity", 100, "50")?.unwrap_or(USUAL_POPULARITY);
    Ok(App {
        aliases: file.words("aliases")?,
        domains: file
            .texts("domains")?
            .into_iter()
            .map(|domain| check::domain(file, domain))
            .collect::<Result<_, _>>()?,
        categories: file
            .texts("categories")?
            .into_iter()
            .map(|word| check::category(file, word))
            .collect::<Result<_, _>>()?,
        capabilities: file
            .texts("capabilities")?
            .into_iter()
            .map(|id| check::capability(file, id))
            .collect::<Result<_, _>>()?,
        description: file.need_text("description", "Keeps notes and tasks.")?.value.to_owned(),
        popularity: u8::try_from(popularity).unwrap_or(100),
        local,
        family: file.text("family")?.or(file.text("inherits")?).map(|family| app_key(file, family)).transpose()?,
        source: file.table("source", &["url", "checked_on", "checked"])?.map(|table| source(&table)).transpose()?,
        api: api(file, allow)?,
        auth: auth::methods(file, &name, allow)?,
        own: false,
        key,
        name,
    })
}

fn app_key(file: &Table<'_>, text: At<&str>) -> Result<AppKey, AppFileError> {
    text.value.parse().map_err(|_| {
        let problem = format!("{:?} is no app key", text.value);
        let fixed: String =
            text.value.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let words: Vec<&str> = fixed.split('-').filter(|word| !word.is_empty()).collect();
        let example = if words.is_empty() { "my-app".to_owned() } else { words.join("-") };
        file.doc.error(text.at, problem, format!("Write lower-case words joined by dashes: {example:?}."))
    })
}

fn source(table: &Table<'_>) -> Result<Source, AppFileError> {
    let checked_on = table.need_text("checked_on", "2026-11-24")?;
    let is_date = checked_on.value.len() == 10
        && checked_on.value.bytes().enumerate().all(
            |(i, b)| {
                if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() }
            },
        );
    if !is_date {
        let problem = format!("checked_on = {:?} is no date", checked_on.value);
        return Err(table.doc.error(checked_on.at, problem, "Write checked_on = \"2026-11-24\"."));
    }
    let checked = table.choice("checked", &[("docs", Checked::Docs), ("memory", Checked::Memory)])?;
    Ok(Source {
        url: check::page(table, "url", table.need_text("url", "https://example.com/docs/oauth")?, Allow::Https)?,
        checked_on: checked_on.value.to_owned(),
        checked: checked.ok_or_else(|| {
            table.missing("checked", "\"docs\" when the endpoints were found on that page, else \"memory\"")
        })?,
    })
}

/// Reads `api`.
pub(crate) fn api(parent: &Table<'_>, allow: Allow) -> Result<Option<Api>, AppFileError> {
    let Some(table) = &parent.table("api", &["base", "hosts", "headers"])? else {
        return Ok(None);
    };
    let base = table.need_text("base", "https://api.example.com")?;
    Ok(Some(Api {
        base: template(table, "base", base, allow)?,
        hosts: table
            .texts("hosts")?
            .into_iter()
            .map(|host| template(table, "hosts", host, allow))
            .collect::<Result<_, _>>()?,
        headers: check::headers(table, "headers")?,
    }))
}

/// Reads a URL with slots.
pub(crate) fn template(table: &Table<'_>, key: &str, text: At<&str>, allow: Allow) -> Result<Template, AppFileError> {
    Template::parse(text.value, allow).map_err(|problem| {
        let instead = match &problem {
            TemplateProblem::NotHttps if text.value.starts_with("http://") => {
                "Write https://, or local = true at the top of the file for a provider on this computer.".to_owned()
            }
            TemplateProblem::NotHttps => format!("Write {key} = \"https://…\"."),
            TemplateProblem::HttpElsewhere => {
                "Write https://; only 127.0.0.1, [::1] and localhost may be http.".to_owned()
            }
            TemplateProblem::Forbidden(_) => "Leave it out.".to_owned(),
            TemplateProblem::Slot => {
                "Write a slot as {name}, in lower-case letters, digits and underscores.".to_owned()
            }
            TemplateProblem::Place(_) => {
                "End it with a dot or a slash, as in https://{subdomain}.example.com/.".to_owned()
            }
            TemplateProblem::Malformed => format!("Write {key} = \"https://host/path\"."),
        };
        table.doc.error(text.at, format!("{key}: {problem}"), instead)
    })
}
