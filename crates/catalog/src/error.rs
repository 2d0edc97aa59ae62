//! What is wrong with an app file: where, what, and what to write instead.

use membrane_model::{ErrorCode, Fault};

/// A mistake in an app file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}: {problem}. {instead}")]
pub struct AppFileError {
    /// The file's name.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong, without a full stop.
    pub problem: String,
    /// What to write instead, as a sentence.
    pub instead: String,
}

impl From<AppFileError> for Fault {
    fn from(error: AppFileError) -> Self {
        Self::new(ErrorCode::InvalidAppFile, format!("{}, line {}: {}.", error.file, error.line, error.problem))
            .hint(error.instead)
    }
}
