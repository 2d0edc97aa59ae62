//! Errors on the wire: one closed list of codes, each with its message kind, hint and HTTP status in one place.

use serde::{Deserialize, Serialize};

/// What went wrong, by what the caller should do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The request is malformed; mend the named part.
    BadRequest,
    /// Nothing has that id or key.
    NotFound,
    /// The app is not in the catalog.
    UnknownApp,
    /// No app fits the intent.
    NoMatch,
    /// Something has that name already.
    AlreadyExists,
    /// No token, or one that isn't known.
    NotAuthenticated,
    /// The client may not do that.
    AccessDenied,
    /// The request came from a page or host that isn't allowed.
    OriginDenied,
    /// The route exists and takes another method.
    MethodNotAllowed,
    /// The body is too large or of another type.
    UnsupportedBody,
    /// Too many requests.
    RateLimited,
    /// The vault is locked.
    VaultLocked,
    /// There is no keychain and no passphrase.
    VaultMissing,
    /// The records' key is gone.
    VaultKeyLost,
    /// The passphrase is not the right one.
    WrongPassphrase,
    /// The connection needs the person.
    Disconnected,
    /// The connection rests.
    Paused,
    /// Nobody has signed in yet.
    NotConnectedYet,
    /// The app needs an OAuth client of the person's own first.
    ClientRequired,
    /// The OAuth client is refused by the provider.
    ClientInvalid,
    /// A form field is missing or not as it should be.
    InvalidField,
    /// The app refuses the key or password.
    KeyRejected,
    /// The app could not be asked whether a key is good, so it was not kept.
    KeyUnchecked,
    /// An app file is not valid.
    InvalidAppFile,
    /// The person said no at the provider.
    AccessDeniedByUser,
    /// The person's organisation lets nobody in before an administrator agrees.
    AdminApprovalRequired,
    /// The provider answered with an error.
    ProviderError,
    /// The provider isn't answering as it should.
    ProviderUnavailable,
    /// This computer is offline.
    Offline,
    /// The answer from the browser belongs to no attempt that is waiting.
    UnknownCallback,
    /// The attempt ran out of time.
    SessionExpired,
    /// The attempt is over.
    SessionEnded,
    /// Another account signed in than the connection's.
    AccountMismatch,
    /// The browser could not be opened.
    BrowserFailed,
    /// The link is none of ours.
    InvalidLink,
    /// The store can't be written.
    StorageError,
    /// The data was made by a newer version.
    NewerDatabase,
    /// Another process owns the data.
    AlreadyRunning,
    /// The data folder belongs to somebody else or is open to others.
    UnsafeDataFolder,
    /// Nothing listens.
    EngineNotRunning,
    /// A mistake of ours.
    Internal,
}

/// What the caller does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorAction {
    /// Mend the request.
    FixRequest,
    /// Ask the person to reconnect.
    Reconnect,
    /// Ask the person to unlock the vault.
    Unlock,
    /// Ask the person to set up an OAuth client.
    SetUpClient,
    /// Try again later.
    Retry,
    /// Start again from the beginning.
    StartOver,
    /// Tell the person; nothing else helps.
    Tell,
}

impl ErrorCode {
    /// Returns the wire's `type`.
    #[must_use]
    pub fn kind(self) -> &'static str {
        self.entry().kind
    }
    /// Returns the wire's `key`.
    #[must_use]
    pub fn key(self) -> Option<&'static str> {
        self.entry().key
    }
    /// Returns the HTTP status.
    #[must_use]
    pub fn http_status(self) -> u16 {
        self.entry().http
    }
    /// Returns the exit code of the CLI.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        self.entry().exit
    }
    /// Returns what the caller does next.
    #[must_use]
    pub fn action(self) -> ErrorAction {
        self.entry().action
    }
    /// Returns one sentence on what to do.
    #[must_use]
    pub fn hint(self) -> &'static str {
        self.entry().hint
    }
    /// Returns the code as text: `vault_locked`.
    #[must_use]
    pub fn as_str(self) -> String {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::String(text)) => text,
            _ => String::new(),
        }
    }
}

/// A failure with its code and a message for a person. Messages hold no secrets and no provider bodies.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// What to do about it.
    pub code: ErrorCode,
    /// One sentence.
    pub message: String,
    /// A hint for this case, where the code's own is too general.
    pub hint: Option<String>,
    /// Seconds until a retry makes sense.
    pub retry_after: Option<u64>,
}

impl Fault {
    /// Makes one.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, retry_after: None }
    }

    /// Replaces the hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Returns the wire form.
    #[must_use]
    pub fn to_wire(&self) -> WireError {
        WireError {
            kind: self.code.kind().to_owned(),
            key: self.code.key().map(str::to_owned),
            message: self.message.clone(),
            data: WireErrorData {
                code: self.code,
                hint: self.hint.clone().unwrap_or_else(|| self.code.hint().to_owned()),
                action: self.code.action(),
                retry_after: self.retry_after,
                request_id: None,
            },
        }
    }
}

impl From<crate::IdError> for Fault {
    fn from(error: crate::IdError) -> Self {
        Self::new(ErrorCode::BadRequest, error.to_string())
    }
}

/// The error body of the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WireError {
    /// One of the official SDK's error types.
    #[serde(rename = "type")]
    pub kind: String,
    /// One of the official SDK's keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// One sentence.
    pub message: String,
    /// Ours.
    pub data: WireErrorData,
}

impl WireError {
    /// Returns the failure that this body tells of.
    #[must_use]
    pub fn into_fault(self) -> Fault {
        Fault {
            code: self.data.code,
            message: self.message,
            hint: Some(self.data.hint),
            retry_after: self.data.retry_after,
        }
    }
}

/// What we add to an error body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WireErrorData {
    /// The closed code.
    pub code: ErrorCode,
    /// One sentence on what to do.
    pub hint: String,
    /// What the caller does next.
    pub action: ErrorAction,
    /// Seconds until a retry makes sense.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// Finds the request in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}
