//! Checks of what a person fills in.

use membrane_model::{ErrorCode, Fault, Field};
use regex_lite::Regex;

/// Longest value that a form takes: long enough for a private key, short enough to keep.
const MAX_VALUE: usize = 16 * 1024;

/// Says what is wrong with a value, without repeating it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldProblem {
    /// It is not there.
    #[error("{label} is missing")]
    Missing {
        /// The field's key.
        field: String,
        /// The field's label.
        label: String,
    },
    /// It doesn't look as it should.
    #[error("{label} doesn't look right{}", example.as_ref().map(|e| format!("; it looks like {e}")).unwrap_or_default())]
    Shape {
        /// The field's key.
        field: String,
        /// The field's label.
        label: String,
        /// What a value looks like.
        example: Option<String>,
    },
}

impl FieldProblem {
    /// Names the field.
    #[must_use]
    pub fn field(&self) -> &str {
        match self {
            Self::Missing { field, .. } | Self::Shape { field, .. } => field,
        }
    }
}

impl From<FieldProblem> for Fault {
    fn from(problem: FieldProblem) -> Self {
        Self::new(ErrorCode::InvalidField, format!("{problem}."))
    }
}

/// Checks one value: present unless optional, of the field's pattern, one line, no control characters.
///
/// # Errors
/// Says what is wrong.
pub fn check_field(field: &Field, value: Option<&str>) -> Result<(), FieldProblem> {
    let value = value.unwrap_or_default();
    if value.is_empty() {
        let missing = || FieldProblem::Missing { field: field.key.clone(), label: field.label.clone() };
        return if field.optional { Ok(()) } else { Err(missing()) };
    }
    let known = field.choices.is_empty() || field.choices.iter().any(|choice| choice.value == value);
    let fits = known && field.pattern.as_deref().is_none_or(|pattern| matches_whole(pattern, value));
    if value.len() > MAX_VALUE || value.chars().any(char::is_control) || !fits {
        return Err(FieldProblem::Shape {
            field: field.key.clone(),
            label: field.label.clone(),
            example: field.example.clone(),
        });
    }
    Ok(())
}

/// Compiles a pattern so that it takes the whole value.
pub(crate) fn compile(pattern: &str) -> Option<Regex> {
    Regex::new(&format!("^(?:{pattern})$")).ok()
}

fn matches_whole(pattern: &str, value: &str) -> bool {
    compile(pattern).is_some_and(|regex| regex.is_match(value))
}
