//! What the program is started with: `--hidden`, or one link that the system hands over.

use membrane_engine::Paths;

/// The arguments that mean something; all others are ignored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arguments {
    /// Start in the tray, as at login.
    pub hidden: bool,
}

impl Arguments {
    /// Reads the process's arguments.
    pub(crate) fn read() -> Self {
        Self { hidden: std::env::args_os().any(|argument| argument == "--hidden") }
    }

    /// Names this app among those of the session bus: one per data folder.
    pub(crate) fn instance(self) -> String {
        let extra = Paths::resolve().ok().and_then(|paths| paths.instance());
        match extra {
            Some(extra) => format!("{}.home{extra}", membrane_engine::IDENTIFIER),
            None => membrane_engine::IDENTIFIER.to_owned(),
        }
    }
}
