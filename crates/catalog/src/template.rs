//! URLs with slots: `https://{subdomain}.example.com/users/{id}`, filled so that no value leaves its place.
//!
//! A value can never change the scheme, the fixed part of the host, the port, or the number of path segments, and can't
//! start a query or a fragment: it is checked or escaped for the part of the URL where its slot stands, and the finished
//! URL is compared with what was meant to come out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use url::Url;

/// A URL with slots, known to be well formed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Template(String);

/// Whether a template may be plain http on this computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allow {
    /// https only.
    Https,
    /// Also http to 127.0.0.1, `[::1]` and localhost.
    LocalHttp,
}

/// Where in a URL a slot stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// The whole beginning: scheme, host and port.
    Origin,
    /// The host.
    Host,
    /// The port.
    Port,
    /// A path segment, or a piece of one.
    Path,
    /// The query.
    Query,
}

/// Says why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateProblem {
    /// It doesn't start with https.
    #[error("the URL doesn't start with https://")]
    NotHttps,
    /// It is plain http to another computer.
    #[error("plain http is only for this computer")]
    HttpElsewhere,
    /// It has a fragment, a user name, white space or a backslash.
    #[error("the URL has {0}")]
    Forbidden(&'static str),
    /// A slot is not closed, or its name is not a lower-case word.
    #[error("the URL has a slot that isn't closed or has no proper name")]
    Slot,
    /// A slot stands where no value can be put safely.
    #[error("the slot {{{0}}} stands where it can't be filled safely")]
    Place(String),
    /// It doesn't parse, even with plain values.
    #[error("the URL doesn't parse")]
    Malformed,
}

/// Says why a template could not be filled. Values are never repeated: they may be secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FillProblem {
    /// There is no value for a slot.
    #[error("there is no value for {0}")]
    Missing(String),
    /// A value doesn't fit its place.
    #[error("the value of {name} can't be used in {}", part_name(*part))]
    Unfit {
        /// The slot.
        name: String,
        /// Its place.
        part: Part,
    },
    /// The outcome is not the URL that was meant.
    #[error("the filled URL is not a proper one")]
    Malformed,
}

fn part_name(part: Part) -> &'static str {
    match part {
        Part::Origin => "the beginning of a web address",
        Part::Host => "a host name",
        Part::Port => "a port",
        Part::Path | Part::Query => "a web address",
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece<'t> {
    Fixed(&'t str),
    Slot(&'t str, Part),
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(text: &str, allow: Allow) -> Result<Self, TemplateProblem> {
        check_shape(text, allow)?;
        let template = Self(text.to_owned());
        let sample = |part| match part {
            Part::Origin => "https://example.com",
            Part::Host | Part::Path | Part::Query => "a",
            Part::Port => "8443",
        };
        let values = template.slots().map(|(name, part)| (name.to_owned(), sample(part).to_owned())).collect();
        template.fill(&values).map(|_| template).map_err(|_| TemplateProblem::Malformed)
    }

    /// Returns the text with its slots.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Lists the slots and where they stand.
    pub fn slots(&self) -> impl Iterator<Item = (&str, Part)> {
        pieces(&self.0).unwrap_or_default().into_iter().filter_map(|piece| match piece {
            Piece::Slot(name, part) => Some((name, part)),
            Piece::Fixed(_) => None,
        })
    }

    /// Puts values into the slots.
    ///
    /// # Errors
    /// A value is missing, or doesn't fit its place.
    pub fn fill(&self, values: &BTreeMap<String, String>) -> Result<Url, FillProblem> {
        let text = self.fill_text(values)?;
        Url::parse(&text).map_err(|_| FillProblem::Malformed)
    }

    /// Puts values into the slots and returns the text as written: an issuer is compared without normalising it.
    ///
    /// # Errors
    /// As [`Template::fill`].
    pub fn fill_text(&self, values: &BTreeMap<String, String>) -> Result<String, FillProblem> {
        let mut out = String::with_capacity(self.0.len() + 32);
        for piece in pieces(&self.0).ok_or(FillProblem::Malformed)? {
            match piece {
                Piece::Fixed(text) => out.push_str(text),
                Piece::Slot(name, part) => {
                    let value = values.get(name).filter(|value| !value.is_empty());
                    let value = value.ok_or_else(|| FillProblem::Missing(name.to_owned()))?;
                    push_value(&mut out, value, part)
                        .ok_or_else(|| FillProblem::Unfit { name: name.to_owned(), part })?;
                }
            }
        }
        means_what_it_says(&out).then_some(out).ok_or(FillProblem::Malformed)
    }
}

impl std::fmt::Display for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

fn check_shape(text: &str, allow: Allow) -> Result<(), TemplateProblem> {
    let starts_with_slot = text.starts_with('{');
    let http = text.strip_prefix("http://");
    if !starts_with_slot && !text.starts_with("https://") && http.is_none() {
        return Err(TemplateProblem::NotHttps);
    }
    if let Some(rest) = http {
        let host = rest.split(['/', '?']).next().unwrap_or_default();
        match allow {
            Allow::Https => return Err(TemplateProblem::NotHttps),
            Allow::LocalHttp if !is_loopback(host) => return Err(TemplateProblem::HttpElsewhere),
            Allow::LocalHttp => {}
        }
    }
    if text.contains('#') {
        return Err(TemplateProblem::Forbidden("a fragment (#…)"));
    }
    if text.contains('\\') || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(TemplateProblem::Forbidden("white space or a backslash"));
    }
    let list = pieces(text).ok_or(TemplateProblem::Slot)?;
    let authority = text.split("://").nth(1).unwrap_or_default().split(['/', '?']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(TemplateProblem::Forbidden("a user name (@)"));
    }
    list.windows(2).try_for_each(check_neighbours)
}

/// A value in a host or an origin must end where a separator stands, so that the fixed text after it can't be joined to it.
fn check_neighbours(pair: &[Piece<'_>]) -> Result<(), TemplateProblem> {
    let [Piece::Slot(name, part), next] = pair else {
        return Ok(());
    };
    let place = || TemplateProblem::Place((*name).to_owned());
    let ends: &[char] = match part {
        Part::Origin | Part::Port => &['/', '?'],
        Part::Host => &['.', ':', '/', '?'],
        Part::Path | Part::Query => return Ok(()),
    };
    match next {
        Piece::Fixed(text) if text.starts_with(ends) => Ok(()),
        Piece::Fixed(_) | Piece::Slot(..) => Err(place()),
    }
}

/// Cuts a template into fixed text and slots; none when a slot isn't well formed.
fn pieces(text: &str) -> Option<Vec<Piece<'_>>> {
    let mut list = Vec::new();
    let mut part = if text.starts_with('{') { Part::Origin } else { Part::Host };
    let mut rest = text;
    if let Some(at) = text.find("://").filter(|_| part == Part::Host) {
        let (scheme, tail) = text.split_at(at + 3);
        list.push(Piece::Fixed(scheme));
        rest = tail;
    }
    while !rest.is_empty() {
        let open = rest.find('{').unwrap_or(rest.len());
        let (fixed, tail) = rest.split_at(open);
        if fixed.contains('}') {
            return None;
        }
        if !fixed.is_empty() {
            part = part_after(part, fixed);
            list.push(Piece::Fixed(fixed));
        }
        rest = tail;
        if let Some(body) = rest.strip_prefix('{') {
            let (name, tail) = body.split_once('}')?;
            if !is_slot_name(name) {
                return None;
            }
            list.push(Piece::Slot(name, part));
            rest = tail;
        }
    }
    Some(list)
}

fn part_after(part: Part, fixed: &str) -> Part {
    let query = fixed.contains('?');
    match part {
        Part::Query => Part::Query,
        _ if query => Part::Query,
        Part::Path => Part::Path,
        Part::Origin | Part::Host | Part::Port if fixed.contains('/') => Part::Path,
        Part::Host if fixed.ends_with(':') => Part::Port,
        Part::Origin | Part::Host | Part::Port => part,
    }
}

/// Tells whether a text can name a slot: `subdomain`, `api_key`.
pub(crate) fn is_slot_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn push_value(out: &mut String, value: &str, part: Part) -> Option<()> {
    match part {
        Part::Origin => out.push_str(origin(value)?),
        // Names of hosts are the same in either case.
        Part::Host => Some(value.to_ascii_lowercase()).filter(|host| is_host(host)).map(|host| out.push_str(&host))?,
        Part::Port => value.parse::<u16>().ok().filter(|port| *port > 0).map(|port| write!(out, "{port}"))?.ok()?,
        Part::Path => escape(out, value, b":@")?,
        Part::Query => escape(out, value, &[])?,
    }
    Some(())
}

/// Takes an origin, with or without a slash behind it: https anywhere, http only on this computer.
fn origin(value: &str) -> Option<&str> {
    let value = value.strip_suffix('/').unwrap_or(value);
    let host = |rest: &str| {
        let (name, port) = rest.rsplit_once(':').filter(|_| !rest.ends_with(']')).unwrap_or((rest, "1"));
        (is_host(name) || name == "[::1]") && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    match value.split_once("://")? {
        ("https", rest) if host(rest) => Some(value),
        ("http", rest) if host(rest) && is_loopback(rest) => Some(value),
        _ => None,
    }
}

fn is_host(value: &str) -> bool {
    let label = |l: &str| !l.is_empty() && l.len() <= 63 && !l.starts_with('-') && !l.ends_with('-');
    value.len() <= 253
        && value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-'))
        && value.split('.').all(label)
}

/// Tells whether an authority is this computer: `127.0.0.1:4790`, `[::1]`, `localhost`.
fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    matches!(host, "127.0.0.1" | "::1" | "localhost")
}

/// Writes a value with everything escaped that isn't unreserved (RFC 3986 section 2.3) or `kept`.
fn escape(out: &mut String, value: &str, kept: &[u8]) -> Option<()> {
    if value.chars().any(char::is_control) {
        return None;
    }
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ if kept.contains(&byte) => out.push(char::from(byte)),
            _ => write!(out, "%{byte:02X}").ok()?,
        }
    }
    Some(())
}

/// Tells whether a URL parser reads the text as it is written: dot segments or a numeric host would be rewritten.
fn means_what_it_says(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    let after = text.split_once("://").map_or("", |(_, rest)| rest);
    let end = after.find(['/', '?']).unwrap_or(after.len());
    let (authority, tail) = after.split_at(end);
    let path = tail.split('?').next().unwrap_or_default();
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!("{host}:{port}"));
    let default_port = url.port_or_known_default().map(|port| format!("{host}:{port}"));
    let same_host =
        authority == host || Some(authority) == port.as_deref() || Some(authority) == default_port.as_deref();
    let same_path = url.path() == path || (path.is_empty() && url.path() == "/");
    same_host && same_path && url.username().is_empty() && url.password().is_none() && url.fragment().is_none()
}
