//! Notices that files of the person's own apps were added, changed or removed, so that nobody has to restart anything.

use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::{Duration, Instant, SystemTime};

use crate::Engine;

/// How often the folder is looked at while calls to apps go on.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What the folder of the person's own apps looked like when it was last read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OwnApps(Vec<(PathBuf, Option<SystemTime>, u64)>);

impl OwnApps {
    /// Looks at the folder; one that isn't there is empty. Reads no file.
    pub(crate) fn look(folder: &Path) -> Self {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let files = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "toml"));
        let mut seen: Vec<_> = files
            .map(|path| {
                let facts = std::fs::metadata(&path).ok();
                let changed = facts.as_ref().and_then(|facts| facts.modified().ok());
                (path, changed, facts.map_or(0, |facts| facts.len()))
            })
            .collect();
        seen.sort();
        Self(seen)
    }
}

impl Engine {
    /// Reads the person's own apps again if their files are not as they were.
    ///
    /// The folder is looked at when the catalog is asked for: a look costs some microseconds, and unlike a watcher it
    /// misses nothing and runs only when it matters.
    pub(crate) fn follow_own_apps(&self) {
        let now = OwnApps::look(&self.paths().apps());
        let seen = self.inner().own_apps.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if now != seen {
            self.reload_apps();
        }
    }

    /// Does the same for a caller that comes again and again: at most once a second.
    pub(crate) fn follow_own_apps_lately(&self) {
        let now = Instant::now();
        let mut last = self.inner().own_apps_at.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|last| now.duration_since(last) >= LOOK_EVERY) {
            *last = Some(now);
            drop(last);
            self.follow_own_apps();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_comes_changes_or_goes_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("my-crm.toml");
        let before = OwnApps::look(&folder.path().join("not-there"));
        assert_eq!(before, OwnApps::look(folder.path()));
        std::fs::write(&file, "key = 1").unwrap();
        let added = OwnApps::look(folder.path());
        assert_ne!(added, before);
        std::fs::write(&file, "key = 12").unwrap();
        assert_ne!(OwnApps::look(folder.path()), added);
        std::fs::write(folder.path().join("note.txt"), "no app").unwrap();
        std::fs::remove_file(&file).unwrap();
        assert_eq!(OwnApps::look(folder.path()), before);
    }
}
