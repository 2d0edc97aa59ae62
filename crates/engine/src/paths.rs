//! Where data and runtime files are put.

use std::path::{Path, PathBuf};

use membrane_model::{ErrorCode, Fault};
use sha2::{Digest, Sha256};

/// The name of our folders.
pub const IDENTIFIER: &str = "dev.membrane.desktop";

/// A Unix socket's path has room for 108 bytes, the last of them zero.
const SOCKET_PATH_MAX: usize = 107;

/// The folders and files of one installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// Database, own apps, logs; private to the person.
    pub data: PathBuf,
    /// Socket and endpoint file; private to the person, gone after a reboot.
    pub runtime: PathBuf,
    /// The Unix socket of the API.
    pub socket: PathBuf,
    /// What this computer remembers of the data folder; kept outside of it, so that an older copy is told from it.
    pub state: PathBuf,
    /// What can be made again at any time.
    pub cache: PathBuf,
    /// Set when `MEMBRANE_HOME` moved everything.
    pub home: Option<PathBuf>,
}

impl Paths {
    /// Reads `MEMBRANE_HOME`, else the XDG base directories.
    ///
    /// # Errors
    /// Fails when neither `MEMBRANE_HOME` nor `HOME` is set, or `MEMBRANE_HOME` is no absolute path.
    pub fn resolve() -> Result<Self, Fault> {
        let var = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        if let Some(home) = var("MEMBRANE_HOME") {
            if !home.is_absolute() {
                return Err(Fault::new(ErrorCode::BadRequest, "MEMBRANE_HOME is not an absolute path")
                    .hint("Set it to a full path, like MEMBRANE_HOME=$HOME/membrane-test."));
            }
            return Ok(Self::under(&home));
        }
        let home = var("HOME").ok_or_else(|| {
            Fault::new(ErrorCode::UnsafeDataFolder, "there is no place for data: HOME is not set")
                .hint("Set HOME or MEMBRANE_HOME to a folder of yours.")
        })?;
        let cache = var("XDG_CACHE_HOME").filter(|p| p.is_absolute()).unwrap_or_else(|| home.join(".cache"));
        let data = var("XDG_DATA_HOME").filter(|p| p.is_absolute()).unwrap_or_else(|| home.join(".local/share"));
        let data = data.join(IDENTIFIER);
        let state = var("XDG_STATE_HOME").filter(|p| p.is_absolute()).unwrap_or_else(|| home.join(".local/state"));
        let state = state.join(IDENTIFIER);
        let runtime = match var("XDG_RUNTIME_DIR").filter(|p| p.is_absolute()) {
            Some(dir) => dir.join(IDENTIFIER),
            None => data.join("run"),
        };
        Ok(Self { socket: socket_path(&runtime), data, runtime, state, cache: cache.join(IDENTIFIER), home: None })
    }

    /// Returns the layout under one folder.
    #[must_use]
    pub fn under(home: &Path) -> Self {
        let runtime = home.join("run");
        Self {
            data: home.join("data"),
            socket: socket_path(&runtime),
            runtime,
            state: home.join("state"),
            cache: home.join("cache"),
            home: Some(home.to_owned()),
        }
    }

    /// Returns where the person's own apps are kept.
    #[must_use]
    pub fn apps(&self) -> PathBuf {
        self.data.join("apps")
    }

    /// Returns the file that tells programs where the API listens.
    #[must_use]
    pub fn endpoint(&self) -> PathBuf {
        self.runtime.join("endpoint.json")
    }

    /// Returns a short name that tells this installation from others of the same person, `None` for the usual one.
    #[must_use]
    pub fn instance(&self) -> Option<String> {
        self.home.as_ref().map(|home| short_hash(home))
    }
}

fn socket_path(runtime: &Path) -> PathBuf {
    let plain = runtime.join("api.sock");
    if plain.as_os_str().len() <= SOCKET_PATH_MAX {
        return plain;
    }
    let base = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|p| p.is_absolute());
    let base = base.unwrap_or_else(std::env::temp_dir);
    base.join(format!("membrane-{}", short_hash(runtime))).join("api.sock")
}

fn short_hash(path: &Path) -> String {
    hex::encode(&Sha256::digest(path.as_os_str().as_encoded_bytes())[..6])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_home_gets_a_short_socket() {
        let paths = Paths::under(&PathBuf::from(format!("/{}", "x".repeat(120))));
        assert!(paths.socket.as_os_str().len() <= SOCKET_PATH_MAX);
        assert_ne!(paths.socket, Paths::under(&PathBuf::from(format!("/{}", "y".repeat(120)))).socket);
    }

    #[test]
    fn the_usual_home_has_no_instance_name() {
        assert!(Paths::under(Path::new("/a")).instance().is_some());
    }
}
