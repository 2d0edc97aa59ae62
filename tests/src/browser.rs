//! A script that plays the person in the browser: follows redirects with cookies and fills in the provider's forms.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use url::Url;

use crate::http::{Address, Reply, Request, target_of};

/// Where the browser ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Landing {
    /// At a link of another scheme, which the desktop would hand to its program.
    Link(String),
    /// At a page.
    Page {
        /// Its address.
        url: String,
        /// Its status.
        status: u16,
        /// Its text.
        text: String,
    },
}

impl Landing {
    /// Returns the link.
    ///
    /// # Errors
    /// Fails when it is a page.
    pub fn link(self) -> Result<String> {
        match self {
            Self::Link(link) => Ok(link),
            Self::Page { url, status, .. } => bail!("the browser ended at {url} with {status}"),
        }
    }
}

/// What the person does at the consent page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Agrees.
    Allow,
    /// Goes back.
    Deny,
}

/// Signs in as an account and agrees.
///
/// # Errors
/// Fails when the provider doesn't answer as a provider does.
pub fn sign_in(url: &str, account: &str) -> Result<Landing> {
    walk(url, account, Answer::Allow, None)
}

/// Signs in and answers the consent page.
///
/// # Errors
/// As [`sign_in`].
pub fn answer(url: &str, account: &str, answer: Answer) -> Result<Landing> {
    walk(url, account, answer, None)
}

/// Types a device code, signs in and agrees.
///
/// # Errors
/// As [`sign_in`].
pub fn type_code(url: &str, code: &str, account: &str) -> Result<Landing> {
    walk(url, account, Answer::Allow, Some(code))
}

/// Signs in at the sandbox as Ada and allows what is asked.
///
/// # Errors
/// Fails when the page is not the sandbox's.
pub fn allow_at_sandbox(url: &str) -> Result<()> {
    let mut browser = Browser::default();
    let Landing::Page { url, text, .. } = browser.go(Request::new("GET", ""), url.parse()?)? else {
        bail!("the sandbox leads elsewhere");
    };
    let form = Form::find(&text).context("the sandbox shows no form")?;
    let ticket = form.fields.into_iter().find(|(name, _)| name == "ticket").context("the form has no ticket")?;
    let fields = [ticket, ("person".to_owned(), "ada".to_owned()), ("answer".to_owned(), "allow".to_owned())];
    browser.go(Request::new("POST", "").form(&fields), Url::parse(&url)?.join(&form.action)?)?;
    Ok(())
}

fn walk(url: &str, account: &str, answer: Answer, code: Option<&str>) -> Result<Landing> {
    let mut browser = Browser::default();
    let mut landing = browser.go(Request::new("GET", ""), url.parse()?)?;
    for _ in 0..8 {
        let Landing::Page { url, text, .. } = &landing else { return Ok(landing) };
        let base: Url = url.parse()?;
        if answer == Answer::Deny
            && text.contains("[ Cancel ]")
            && text.contains("consent")
            && let Some(cancel) = attribute_after(text, "href", "/abort")
        {
            return browser.go(Request::new("GET", ""), base.join(&cancel)?);
        }
        let Some(mut form) = Form::find(text) else { return Ok(landing) };
        for (name, value) in &mut form.fields {
            match name.as_str() {
                "login" => *value = account.to_owned(),
                "password" => *value = "any".to_owned(),
                "user_code" if value.is_empty() => *value = code.unwrap_or_default().to_owned(),
                _ => {}
            }
        }
        let action = base.join(&form.action)?;
        landing = browser.go(Request::new("POST", "").form(&form.fields), action)?;
    }
    bail!("the pages have no end")
}

#[derive(Default)]
struct Browser {
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// Makes a request and follows redirects.
    fn go(&mut self, request: Request, url: Url) -> Result<Landing> {
        let (mut request, mut url) = (request, url);
        for _ in 0..20 {
            if url.scheme() != "http" {
                return Ok(Landing::Link(url.into()));
            }
            let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let ready = request.at(&target_of(&url)).header("Cookie", &cookies.join("; "));
            let reply = ready.send(&Address::of(&url)?)?;
            self.keep(&reply);
            match reply.header("location") {
                Some(next) if (300..400).contains(&reply.status) => {
                    // Kept as it was written: a link of another scheme must reach its program unchanged.
                    if !next.starts_with('/') && !next.starts_with("http") {
                        return Ok(Landing::Link(next.to_owned()));
                    }
                    url = url.join(next)?;
                    request = Request::new("GET", "");
                }
                _ => return Ok(Landing::Page { url: url.into(), status: reply.status, text: reply.text() }),
            }
        }
        bail!("the redirects have no end")
    }

    fn keep(&mut self, reply: &Reply) {
        for (_, cookie) in reply.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")) {
            let pair = cookie.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                let ended = cookie.contains("expires=Thu, 01 Jan 1970");
                if ended || value.is_empty() {
                    self.cookies.remove(name);
                } else {
                    self.cookies.insert(name.to_owned(), value.to_owned());
                }
            }
        }
    }
}

struct Form {
    action: String,
    fields: Vec<(String, String)>,
}

impl Form {
    /// Finds the last form of a page, with the values that its fields have.
    fn find(text: &str) -> Option<Self> {
        let start = text.rfind("<form")?;
        let form = &text[start..start + text[start..].find("</form>").unwrap_or(text.len() - start)];
        let action = attribute(form, "action").unwrap_or_default();
        let inputs = form.split("<input").skip(1).filter_map(|input| {
            let input = &input[..input.find('>')?];
            Some((attribute(input, "name")?, attribute(input, "value").unwrap_or_default()))
        });
        Some(Self { action, fields: inputs.collect() })
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!("{name}=\""))? + name.len() + 2;
    Some(tag[start..start + tag[start..].find('"')?].replace("&amp;", "&"))
}

/// Finds the value of an attribute that ends in a text.
fn attribute_after(text: &str, name: &str, end: &str) -> Option<String> {
    let start = format!("{name}=\"");
    let values = text.split(&start).skip(1).filter_map(|rest| rest.split('"').next());
    values.map(str::to_owned).find(|value| value.ends_with(end))
}

/// Reads the address to sign in at out of what the command line printed.
///
/// # Errors
/// Fails when there is none.
pub fn address_in(text: &str) -> Result<String> {
    let found = text.split_whitespace().find(|word| word.starts_with("http://") || word.starts_with("https://"));
    found.map(str::to_owned).with_context(|| format!("no address in: {text}"))
}
