//! Web addresses in an intent: `https://acme.atlassian.net/browse/X-1`, `git@github.com:acme/site.git`, `zoom.us/j/1`.

use crate::search::index::{Index, Named};
use crate::search::reason::Reason;
use crate::search::{Hit, near};

/// First labels that say nothing about who is behind a host.
const ORDINARY_LABELS: [&str; 12] =
    ["docs", "mail", "blog", "shop", "help", "status", "data", "cloud", "drive", "calendar", "store", "office"];

/// A host and the path behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) host: String,
    pub(crate) path: String,
}

/// Finds the web addresses in a text.
pub(crate) fn addresses(text: &str) -> Vec<Address> {
    text.split_whitespace().take(60).filter_map(address).collect()
}

/// Tells whether a text is nothing but an address.
pub(crate) fn is_address(text: &str) -> bool {
    let one = text.split_whitespace().count() == 1;
    one && text.split_whitespace().all(|piece| address(piece).is_some() || piece.contains("://"))
}

/// Tells whether somebody's mail address stands in a text.
pub(crate) fn has_mail_address(text: &str) -> bool {
    text.split_whitespace().take(60).any(|piece| {
        let piece = piece.trim_matches(|c: char| !c.is_alphanumeric());
        let (name, host) = piece.split_once('@').unwrap_or_default();
        !name.is_empty() && host.contains('.') && !piece.contains(['/', ':'])
    })
}

fn address(piece: &str) -> Option<Address> {
    let piece = piece.trim_matches(|c: char| !c.is_alphanumeric() && c != '/').to_lowercase();
    let (scheme, rest) = match piece.split_once("://") {
        Some((_, rest)) => (true, rest),
        None => (false, piece.as_str()),
    };
    let rest = match rest.strip_prefix("git@") {
        Some(rest) => rest,
        // An e-mail address names a person, not an app.
        None if !scheme && rest.contains('@') => return None,
        None => rest.rsplit_once('@').filter(|(user, _)| !user.contains('/')).map_or(rest, |(_, rest)| rest),
    };
    let end = rest.find(['/', ':', '?', '#']).unwrap_or(rest.len());
    let (host, tail) = rest.split_at(end);
    let path = tail.find('/').map_or("", |start| &tail[start..]);
    let last = host.rsplit('.').next().unwrap_or_default();
    let labels =
        host.split('.').all(|label| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
    let looks_like_host =
        host.contains('.') && labels && last.len() >= 2 && last.bytes().all(|b| b.is_ascii_alphabetic());
    looks_like_host
        .then(|| Address { host: host.to_owned(), path: path.split(['?', '#']).next().unwrap_or_default().to_owned() })
}

/// Finds the apps whose domain fits an address best: the longest host, then the longest path. Returns the domain too.
pub(crate) fn owners(index: &Index, address: &Address) -> Vec<(usize, String)> {
    let fits = index.entries.iter().enumerate().flat_map(|(place, entry)| {
        let fitting = entry
            .domains
            .iter()
            .filter(|(host, path)| host_fits(&address.host, host) && path_fits(&address.path, path));
        fitting.map(move |(host, path)| (place, host.len(), path.len(), format!("{host}{path}")))
    });
    let all: Vec<_> = fits.collect();
    let Some(best) = all.iter().map(|(_, host, path, _)| (*host, *path)).max() else {
        return Vec::new();
    };
    all.into_iter()
        .filter(|(_, host, path, _)| (*host, *path) == best)
        .map(|(place, _, _, domain)| (place, domain))
        .collect()
}

/// Finds apps that an unknown host is named like: `gitlab.acme.example` may be a GitLab of one's own, `hubspot.example`
/// another domain of HubSpot. Nobody vouches for it, so it is offered and never picked.
pub(crate) fn alike(index: &Index, address: &Address) -> Vec<Hit> {
    let labels: Vec<&str> = address.host.split('.').collect();
    let first = labels.first().copied().filter(|_| labels.len() > 2);
    let own = labels.len().checked_sub(2).map(|at| labels[at]);
    let label = [own, first].into_iter().flatten().find(|label| label.len() >= 4 && !index.named(label).is_empty());
    let Some(label) = label.filter(|label| !ORDINARY_LABELS.contains(label)) else { return Vec::new() };
    let hit = |named: &Named| Hit::new(index, named.entry, 0.6, Reason::LikeName(label.to_owned()));
    index.named(label).iter().map(hit).collect()
}

/// Finds names that a bare host is near to ("Apolo.io"). What has a scheme or a path was copied, and copies have no slips.
pub(crate) fn misspelt(index: &Index, intent: &str) -> Option<Vec<Hit>> {
    let bare = intent.trim().to_lowercase();
    if bare.contains(['/', ':']) {
        return None;
    }
    let whole: String = bare.chars().filter(|c| c.is_alphanumeric()).collect();
    let label = bare.trim_start_matches("www.").split('.').next().unwrap_or_default();
    [whole.as_str(), label].into_iter().map(|text| near::joined(index, text)).find(|hits| !hits.is_empty())
}

fn host_fits(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn path_fits(path: &str, rule: &str) -> bool {
    path.strip_prefix(rule).is_some_and(|rest| rule.is_empty() || rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_any_dress() {
        let host =
            |text: &str| addresses(text).into_iter().map(|a| format!("{}{}", a.host, a.path)).collect::<Vec<_>>();
        assert_eq!(host("https://ACME.atlassian.net/browse/X-1?a=b#c"), ["acme.atlassian.net/browse/x-1"]);
        assert_eq!(host("git@github.com:acme/site.git"), ["github.com/site.git"]);
        assert_eq!(host("see zoom.us/j/99, please"), ["zoom.us/j/99"]);
        assert_eq!(host("https://user:pw@example.com:8443/x"), ["example.com/x"]);
        assert_eq!(host("mail ada@gmail.com about 3.14 or e.g. this"), Vec::<String>::new());
    }
}
