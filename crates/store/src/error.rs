//! What can go wrong with the data folder and the database in it.

use std::path::PathBuf;

use membrane_model::{ErrorCode, Fault};

/// A failure of the store. Nothing was changed when one is returned.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process owns the data folder.
    #[error("the data folder is in use by process {pid}")]
    Held {
        /// Its process id; 0 when it isn't known.
        pid: u32,
    },
    /// The folder can't hold secrets.
    #[error("the data folder {} {why}", path.display())]
    UnsafeFolder {
        /// Which folder.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A newer version of the program made the database.
    #[error("the database has schema {found}, and this version knows schemas up to {known}")]
    Newer {
        /// The schema in the file.
        found: u32,
        /// The newest that is known here.
        known: u32,
    },
    /// The file is something else.
    #[error("the file {} is not a database of ours", path.display())]
    NotADatabase {
        /// Which file.
        path: PathBuf,
    },
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// The folder can't be written.
    #[error("the data folder can't be written")]
    ReadOnly,
    /// The row isn't there.
    #[error("the record is not there")]
    NotFound,
    /// A value must be unique and isn't.
    #[error("{0} is in use already")]
    Conflict(&'static str),
    /// A cursor that isn't ours.
    #[error("the cursor is not one of this list")]
    Cursor,
    /// A row has a value that it can't have.
    #[error("a record of table {0} can't be read")]
    Damaged(&'static str),
    /// The file system said no.
    #[error("failed to use the data folder: {0}")]
    Io(std::io::ErrorKind),
    /// The write that this one shared a transaction with ended early.
    #[error("the write was cut short")]
    Lost,
    /// SQLite said no. Its texts name tables and never values.
    #[error("the database failed: {0}")]
    Sqlite(rusqlite::Error),
}

impl StoreError {
    /// Says the same again, for those who shared a transaction that failed.
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::Full => Self::Full,
            Self::ReadOnly => Self::ReadOnly,
            Self::NotFound => Self::NotFound,
            Self::Conflict(what) => Self::Conflict(what),
            Self::Cursor => Self::Cursor,
            Self::Damaged(table) => Self::Damaged(table),
            Self::Io(kind) => Self::Io(*kind),
            Self::Sqlite(rusqlite::Error::SqliteFailure(code, text)) => {
                Self::Sqlite(rusqlite::Error::SqliteFailure(*code, text.clone()))
            }
            Self::Held { .. }
            | Self::UnsafeFolder { .. }
            | Self::Newer { .. }
            | Self::NotADatabase { .. }
            | Self::Lost
            | Self::Sqlite(_) => Self::Lost,
        }
    }

    /// Tells whether the folder or disk refuses to be written, whatever is written.
    #[must_use]
    pub fn is_unwritable(&self) -> bool {
        matches!(self, Self::Full | Self::ReadOnly | Self::Io(_) | Self::Lost | Self::Sqlite(_))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        match error.sqlite_error_code() {
            Some(Code::DiskFull) => Self::Full,
            Some(Code::ReadOnly | Code::CannotOpen) => Self::ReadOnly,
            Some(Code::SystemIoFailure) => Self::Full,
            Some(Code::ConstraintViolation) => Self::Conflict("a name or key"),
            _ => Self::Sqlite(error),
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::Full,
            std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => Self::ReadOnly,
            kind => Self::Io(kind),
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::Held { .. } => ErrorCode::AlreadyRunning,
            StoreError::UnsafeFolder { .. } => ErrorCode::UnsafeDataFolder,
            StoreError::Newer { .. } => ErrorCode::NewerDatabase,
            StoreError::NotFound => ErrorCode::NotFound,
            StoreError::Conflict(_) => ErrorCode::AlreadyExists,
            StoreError::Cursor => ErrorCode::BadRequest,
            StoreError::NotADatabase { .. }
            | StoreError::Full
            | StoreError::ReadOnly
            | StoreError::Damaged(_)
            | StoreError::Lost
            | StoreError::Io(_)
            | StoreError::Sqlite(_) => ErrorCode::StorageError,
        };
        let fault = Fault::new(code, error.to_string());
        match error {
            StoreError::NotADatabase { .. } => {
                fault.hint("Move that file away; a new database is made in its place at the next start.")
            }
            _ => fault,
        }
    }
}
