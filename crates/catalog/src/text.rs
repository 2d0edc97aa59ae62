//! Texts with slots that are no URLs: `{email}/token`.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::template::{FillProblem, Part, is_slot_name};

/// A text with slots, known to be well formed; may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TextTemplate(String);

impl TextTemplate {
    /// Reads a text; none when a slot isn't closed or has no proper name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text;
        while let Some(open) = rest.find(['{', '}']) {
            let (name, tail) = rest[open..].strip_prefix('{')?.split_once('}')?;
            if !is_slot_name(name) {
                return None;
            }
            rest = tail;
        }
        Some(Self(text.to_owned()))
    }

    /// Returns the text with its slots.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Lists the slots.
    pub fn slots(&self) -> impl Iterator<Item = &str> {
        self.0.split('{').skip(1).filter_map(|piece| piece.split('}').next())
    }

    /// Puts values into the slots. The outcome is a secret when a value is.
    ///
    /// # Errors
    /// A value is missing or has control characters.
    pub fn fill(&self, values: &BTreeMap<String, String>) -> Result<String, FillProblem> {
        let mut out = String::new();
        let mut rest = self.0.as_str();
        while let Some((fixed, tail)) = rest.split_once('{') {
            let (name, tail) = tail.split_once('}').ok_or(FillProblem::Malformed)?;
            let value = values.get(name).ok_or_else(|| FillProblem::Missing(name.to_owned()))?;
            if value.chars().any(char::is_control) {
                return Err(FillProblem::Unfit { name: name.to_owned(), part: Part::Query });
            }
            out.push_str(fixed);
            out.push_str(value);
            rest = tail;
        }
        out.push_str(rest);
        Ok(out)
    }
}
