//! Why an app fits: a closed list, said in English here and known by its code to whoever speaks another language.

use std::fmt;

use membrane_model::{Because, BecauseKind};

use crate::capability;

/// Why an app fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reason {
    /// It can do what is asked: the capability's place in the list.
    Capability(u16),
    /// It has that name.
    Called(String),
    /// It has that name, too.
    AlsoCalled(String),
    /// It is named like a host.
    LikeName(String),
    /// A word of its name is the text.
    WordOfName(String),
    /// It is one of a family of apps.
    Family(String),
    /// Its name is near to the text.
    NearName(String),
    /// Its name starts with the text.
    Beginning(String),
    /// It lives at that address.
    Address(String),
    /// It is in a category.
    Category(String),
    /// Its description has those words.
    Words(String),
    /// Many people use it.
    Popular,
}

impl Reason {
    /// Returns it as the wire knows it.
    pub(crate) fn because(&self) -> Because {
        let (kind, what) = match self {
            Self::Capability(at) => (BecauseKind::Capability, id(*at)),
            Self::Called(name) => (BecauseKind::Called, name.as_str()),
            Self::AlsoCalled(name) => (BecauseKind::AlsoCalled, name.as_str()),
            Self::LikeName(host) => (BecauseKind::LikeName, host.as_str()),
            Self::WordOfName(word) => (BecauseKind::WordOfName, word.as_str()),
            Self::Family(family) => (BecauseKind::Family, family.as_str()),
            Self::NearName(text) => (BecauseKind::NearName, text.as_str()),
            Self::Beginning(text) => (BecauseKind::Beginning, text.as_str()),
            Self::Address(domain) => (BecauseKind::Address, domain.as_str()),
            Self::Category(category) => (BecauseKind::Category, category.as_str()),
            Self::Words(words) => (BecauseKind::Words, words.as_str()),
            Self::Popular => (BecauseKind::Popular, ""),
        };
        Because { kind, what: what.to_owned() }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Capability(at) => f.write_str(capability::reason(id(*at)).unwrap_or_default()),
            Self::Called(name) => write!(f, "is called {name}"),
            Self::AlsoCalled(name) => write!(f, "is also called {name}"),
            Self::LikeName(host) => write!(f, "is named like {host}"),
            Self::WordOfName(word) => write!(f, "has {word:?} in its name"),
            Self::Family(family) => write!(f, "is one of the {family} apps"),
            Self::NearName(text) => write!(f, "is close to {text:?}"),
            Self::Beginning(text) => write!(f, "starts with {text:?}"),
            Self::Address(domain) => write!(f, "matches {domain}"),
            Self::Category(category) => write!(f, "is in the category {category}"),
            Self::Words(words) => write!(f, "is about {words}"),
            Self::Popular => f.write_str("is popular"),
        }
    }
}

fn id(at: u16) -> &'static str {
    capability::list().nth(usize::from(at)).map_or("", |(id, _)| id)
}
