//! Where the state is: in memory, and in a file of its own when there is one, so that connections survive a restart.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

use crate::state::State;

/// A file beyond this size isn't ours.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// The state, and the file it is kept in.
pub(crate) struct Store {
    state: Mutex<State>,
    file: Option<PathBuf>,
}

impl Store {
    /// Reads the file; one that isn't there is a new sandbox, one that can't be understood is put aside.
    pub(crate) fn open(file: Option<PathBuf>, now: Timestamp) -> io::Result<Self> {
        let found = file.as_deref().map(read).transpose()?.flatten();
        let store = Self { state: Mutex::new(found.unwrap_or_else(|| State::new(now))), file };
        // An unusable folder is told at the start, and not when somebody has connected.
        store.save(&store.lock())?;
        Ok(store)
    }

    /// Looks something up.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock())
    }

    /// Changes what only memory keeps.
    pub(crate) fn touch<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.lock())
    }

    /// Changes what a restart keeps. It is in the file before anybody gets the answer; the file is small and there is
    /// one person to wait for it, so it is written right here.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let outcome = change(&mut state);
        if let Err(error) = self.save(&state) {
            tracing::warn!("failed to keep the state of the sandbox; a restart will forget it: {error}");
        }
        outcome
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn save(&self, state: &State) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let new = beside(file, "new");
        let written = serde_json::to_vec(state).map_err(io::Error::other).and_then(|bytes| write_private(&new, &bytes));
        written.and_then(|()| fs::rename(&new, file)).inspect_err(|_| {
            // Half a file is of no use; that it can't be removed either is told by the error already.
            let _ = fs::remove_file(&new);
        })
    }
}

fn read(file: &Path) -> io::Result<Option<State>> {
    let size = match fs::metadata(file) {
        Ok(data) if data.is_file() => data.len(),
        Ok(_) => return Err(io::Error::other("it is no file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let text = if size > MOST_BYTES { Vec::new() } else { fs::read(file)? };
    match serde_json::from_slice::<State>(&text) {
        Ok(state) if state.is_ours() => Ok(Some(state)),
        Ok(_) | Err(_) => {
            let aside = beside(file, "unreadable");
            fs::rename(file, &aside)?;
            tracing::warn!("the state of the sandbox can't be read; it is now at {}", aside.display());
            Ok(None)
        }
    }
}

fn write_private(file: &Path, bytes: &[u8]) -> io::Result<()> {
    // What an interrupted write left may have another mode: it is made anew.
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::people::Person;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn the_state_comes_back_from_a_private_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sandbox.json");
        let key = Store::open(Some(file.clone()), NOW)
            .unwrap()
            .change(|state| state.make_key(Person::Ada, "laptop", NOW))
            .unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!fs::read_to_string(&file).unwrap().contains(key.reveal()));
        let again = Store::open(Some(file), NOW).unwrap();
        assert!(again.read(|state| state.by_key(key.reveal())).is_some());
    }

    #[test]
    fn a_file_that_is_not_ours_is_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sandbox.json");
        fs::write(&file, "not ours").unwrap();
        Store::open(Some(file.clone()), NOW).unwrap();
        assert_eq!(fs::read_to_string(beside(&file, "unreadable")).unwrap(), "not ours");
    }

    #[test]
    fn a_folder_that_is_not_there_is_told_at_the_start() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Store::open(Some(folder.path().join("no/where.json")), NOW).is_err());
    }
}
