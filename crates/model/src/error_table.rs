//! What each error code comes with: its kind on the wire, HTTP status, exit code, what to do next, and a hint.

use crate::{ErrorAction, ErrorCode};

/// What is said of a code.
pub(crate) struct Entry {
    pub(crate) kind: &'static str,
    pub(crate) key: Option<&'static str>,
    pub(crate) http: u16,
    pub(crate) exit: u8,
    pub(crate) action: ErrorAction,
    pub(crate) hint: &'static str,
}

impl ErrorCode {
    /// Returns what is said of it.
    pub(crate) fn entry(self) -> Entry {
        use ErrorAction::{FixRequest, Reconnect, Retry, SetUpClient, StartOver, Tell, Unlock};
        let row = |kind, key, http, exit, action, hint| Entry { kind, key, http, exit, action, hint };
        match self {
            Self::BadRequest => {
                row("bad_request", None, 400, 2, FixRequest, "Mend the named part of the request and send it again.")
            }
            Self::NotFound => row(
                "bad_request",
                Some("not_found"),
                404,
                4,
                FixRequest,
                "`membrane connection list` shows the ids there are.",
            ),
            Self::UnknownApp => row(
                "bad_request",
                Some("not_found"),
                404,
                4,
                FixRequest,
                "`membrane app list` shows the apps; `membrane app add FILE` adds one of your own.",
            ),
            Self::NoMatch => row(
                "bad_request",
                Some("not_found"),
                404,
                4,
                FixRequest,
                "Say it in other words, name the app, or add it with `membrane app add FILE`.",
            ),
            Self::AlreadyExists => row(
                "bad_request",
                Some("already_exists"),
                409,
                2,
                FixRequest,
                "Choose another name, or change the one that exists.",
            ),
            Self::NotAuthenticated => row(
                "bad_request",
                Some("not_authenticated"),
                401,
                5,
                FixRequest,
                "Send `Authorization: Bearer TOKEN`; `membrane client create NAME` makes a token.",
            ),
            Self::AccessDenied => row(
                "bad_request",
                Some("access_denied"),
                403,
                5,
                Tell,
                "Ask the person to allow this client, or use `membrane` in their terminal.",
            ),
            Self::OriginDenied => row(
                "bad_request",
                Some("access_denied"),
                403,
                5,
                FixRequest,
                "Call the API by its own address (http://127.0.0.1:PORT) and not from a foreign web page.",
            ),
            Self::MethodNotAllowed => row(
                "bad_request",
                None,
                405,
                2,
                FixRequest,
                "The header Allow and docs/api.md say which methods it takes.",
            ),
            Self::UnsupportedBody => row(
                "bad_request",
                None,
                415,
                2,
                FixRequest,
                "Send JSON of at most 1 MiB with `Content-Type: application/json`.",
            ),
            Self::RateLimited => {
                row("bad_request", Some("rate_limit_exceeded"), 429, 6, Retry, "Wait a moment and try again.")
            }
            Self::VaultLocked => row(
                "configuration",
                None,
                423,
                7,
                Unlock,
                "Unlock the keychain of your desktop session, or run `membrane vault unlock`.",
            ),
            Self::VaultMissing => row(
                "configuration",
                None,
                423,
                7,
                Unlock,
                "Start a keychain (gnome-keyring, KWallet), or run `membrane vault init --passphrase`.",
            ),
            Self::VaultKeyLost => row(
                "configuration",
                None,
                423,
                7,
                Tell,
                "Restore the keychain item, or run `membrane vault reset` to give up what is sealed and reconnect.",
            ),
            Self::WrongPassphrase => row(
                "bad_request",
                Some("access_denied"),
                403,
                7,
                FixRequest,
                "Type the passphrase again; without it the sealed records can't be read.",
            ),
            Self::Disconnected => row(
                "connection",
                Some("connection_is_defunct"),
                409,
                8,
                Reconnect,
                "Run `membrane connect --connectionId ID`, or press Reconnect in the app.",
            ),
            Self::Paused => {
                row("connection", None, 409, 8, Tell, "Resume it in the app, or wait until its pause ends.")
            }
            Self::NotConnectedYet => row("connection", None, 409, 8, Reconnect, "Finish signing in first."),
            Self::ClientRequired => row(
                "configuration",
                None,
                409,
                9,
                SetUpClient,
                "Run `membrane app show KEY` for the steps, then `membrane app client KEY`.",
            ),
            Self::ClientInvalid => row(
                "configuration",
                None,
                409,
                9,
                SetUpClient,
                "Check the OAuth client's id, secret, redirect URI and permissions, then `membrane app client KEY`.",
            ),
            Self::InvalidField => {
                row("bad_request", None, 400, 2, FixRequest, "Mend the named field and send it again.")
            }
            Self::KeyRejected => row(
                "connection",
                Some("connection_is_defunct"),
                409,
                8,
                FixRequest,
                "Copy the key again from the app's own page.",
            ),
            Self::KeyUnchecked => row(
                "dependency_error",
                None,
                503,
                6,
                Retry,
                "Try again in a moment, or keep it unchecked; it is checked later then.",
            ),
            Self::InvalidAppFile => row(
                "bad_request",
                None,
                400,
                2,
                FixRequest,
                "Mend the named line; docs/catalog.md describes the format.",
            ),
            Self::AccessDeniedByUser => {
                row("connection", None, 409, 10, StartOver, "Start again and allow the access, if that was a mistake.")
            }
            Self::AdminApprovalRequired => row(
                "connection",
                None,
                409,
                10,
                Tell,
                "Ask an administrator of your organisation to allow this app, then start again.",
            ),
            Self::ProviderError => row(
                "dependency_error",
                None,
                502,
                6,
                Tell,
                "The app's own message says more; start again if it looks temporary.",
            ),
            Self::ProviderUnavailable => {
                row("dependency_error", None, 503, 6, Retry, "Nothing to do: it is tried again by itself.")
            }
            Self::Offline => {
                row("dependency_error", None, 503, 6, Retry, "Check the network; it is tried again by itself.")
            }
            Self::UnknownCallback => row(
                "bad_request",
                None,
                400,
                10,
                StartOver,
                "Start connecting again and use the newest browser window.",
            ),
            Self::SessionExpired => row("connection", None, 410, 10, StartOver, "Start connecting again."),
            Self::SessionEnded => row("connection", None, 409, 10, StartOver, "Start connecting again."),
            Self::AccountMismatch => row(
                "connection",
                None,
                409,
                10,
                StartOver,
                "Sign in with the connection's own account, or keep the other one as a new connection.",
            ),
            Self::BrowserFailed => {
                row("internal", None, 500, 10, Tell, "Copy the link and open it in a browser yourself.")
            }
            Self::InvalidLink => row(
                "bad_request",
                None,
                400,
                2,
                FixRequest,
                "Links look like membrane://connect?intent=CRM or membrane://connections/ID.",
            ),
            Self::StorageError => row(
                "internal",
                None,
                507,
                11,
                Tell,
                "Free some disk space and check the data folder's permissions; nothing was lost.",
            ),
            Self::NewerDatabase => {
                row("configuration", None, 500, 11, Tell, "Update Membrane Desktop; the data is untouched.")
            }
            Self::AlreadyRunning => row(
                "concurrency",
                Some("lock_timeout"),
                409,
                11,
                Tell,
                "`membrane status` says which process it is; `membrane stop` ends it.",
            ),
            Self::UnsafeDataFolder => row(
                "configuration",
                None,
                500,
                11,
                Tell,
                "Make the folder yours and private: chown it to you and chmod 700 it.",
            ),
            Self::EngineNotRunning => {
                row("internal", None, 503, 3, Tell, "Open Membrane Desktop, or run `membrane serve`.")
            }
            Self::Internal => {
                row("internal", None, 500, 1, Tell, "Try again; if it stays, run `membrane status` and report it.")
            }
        }
    }
}
