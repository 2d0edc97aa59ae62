//! How far each credential has come on this computer, noted outside of the data folder, so that an older copy of the
//! folder is told from the folder itself.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;

use membrane_model::ConnectionId;

/// The notes, one small file per connection. A note that is missing or can't be read says nothing: it only ever makes
/// Membrane more careful.
#[derive(Debug)]
pub struct Marks {
    folder: PathBuf,
}

impl Marks {
    /// Keeps the notes in a folder, which is made with the first of them.
    #[must_use]
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Tells whether this computer has had a newer credential of a connection than the one of this generation.
    #[must_use]
    pub fn is_older(&self, id: &ConnectionId, generation: u64) -> bool {
        let noted = std::fs::read_to_string(self.file(id)).ok();
        noted.and_then(|text| text.trim().parse::<u64>().ok()).is_some_and(|newest| generation < newest)
    }

    /// Notes the generation of the credential that is on the disk now, be it lower than the one noted before.
    ///
    /// # Errors
    /// Fails where the folder can't be written.
    pub fn set(&self, id: &ConnectionId, generation: u64) -> std::io::Result<()> {
        let open = || OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(self.file(id));
        let mut file = match open() {
            Ok(file) => file,
            // Mostly since there is no folder yet; whatever else it is shows again.
            Err(_) => {
                DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
                open()?
            }
        };
        file.write_all(generation.to_string().as_bytes())
    }

    /// Forgets a connection that is gone.
    pub fn forget(&self, id: &ConnectionId) {
        // There may be none, and one that stays harms nobody.
        let _removed = std::fs::remove_file(self.file(id));
    }

    fn file(&self, id: &ConnectionId) -> PathBuf {
        self.folder.join(id.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn r47_what_was_noted_tells_older_from_newest() {
        let home = tempfile::tempdir().unwrap();
        let marks = Marks::in_folder(home.path().join("a/b"));
        let (id, other) = (ConnectionId::generate(), ConnectionId::generate());
        assert!(!marks.is_older(&id, 0), "nothing is noted yet");
        marks.set(&id, 5).unwrap();
        for (generation, older) in [(0, true), (4, true), (5, false), (6, false)] {
            assert_eq!(marks.is_older(&id, generation), older, "{generation}");
        }
        assert!(!marks.is_older(&other, 1));
        // After a new sign-in the count goes on from what the folder has.
        marks.set(&id, 3).unwrap();
        assert!(!marks.is_older(&id, 3) && marks.is_older(&id, 2));
        assert_eq!(std::fs::metadata(home.path().join("a/b")).unwrap().mode() & 0o777, 0o700);
        assert_eq!(std::fs::metadata(marks.file(&id)).unwrap().mode() & 0o777, 0o600);
        marks.forget(&id);
        marks.forget(&id);
        assert!(!marks.is_older(&id, 0));
    }

    #[test]
    fn r47_a_note_that_cannot_be_read_says_nothing() {
        let home = tempfile::tempdir().unwrap();
        let marks = Marks::in_folder(home.path().to_owned());
        let id = ConnectionId::generate();
        for damaged in ["", "x", "-1", "99999999999999999999999999"] {
            std::fs::write(marks.file(&id), damaged).unwrap();
            assert!(!marks.is_older(&id, 0), "{damaged}");
        }
        let nowhere = Marks::in_folder(marks.file(&id).join("under a file"));
        assert!(nowhere.set(&id, 1).is_err() && !nowhere.is_older(&id, 0));
    }
}
