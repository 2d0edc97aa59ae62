//! One exchange per connection across processes: a lock that the system lets go of when its holder dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use membrane_model::ConnectionId;

use crate::StoreError;

/// How often a lock that somebody holds is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(20);

/// The right to renew one connection, for as long as this value lives.
#[derive(Debug)]
pub struct FlightLock {
    path: PathBuf,
    _file: File,
}

impl FlightLock {
    /// Takes the lock as soon as it is free, waiting at most `limit`; `None` = somebody held it all the time.
    ///
    /// # Errors
    /// Fails where the folder can't be used for locks: it is read-only, or the disk has no room for an empty file.
    pub fn wait(data_dir: &Path, id: &ConnectionId, limit: Duration) -> Result<Option<Self>, StoreError> {
        let folder = data_dir.join("renewing");
        let path = folder.join(format!("{id}.lock"));
        let started = Instant::now();
        loop {
            let file = match open(&path) {
                Ok(file) => file,
                // Mostly since there is no folder yet; whatever else it is shows again.
                Err(_) => {
                    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
                    open(&path)?
                }
            };
            match file.try_lock() {
                // The one before may have removed the file between opening and locking: then this lock is on nothing.
                Ok(()) if is_at(&file, &path) => return Ok(Some(Self { path, _file: file })),
                Ok(()) => {}
                Err(TryLockError::Error(error)) => return Err(error.into()),
                Err(TryLockError::WouldBlock) if started.elapsed() >= limit => return Ok(None),
                Err(TryLockError::WouldBlock) => std::thread::sleep(TRY_AGAIN),
            }
        }
    }
}

impl Drop for FlightLock {
    fn drop(&mut self) {
        // Removed while it is held, so that nobody else removes a file that a third one has locked.
        let _left_behind = std::fs::remove_file(&self.path);
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(held), Ok(found)) = (file.metadata(), std::fs::metadata(path)) else { return false };
    (held.dev(), held.ino()) == (found.dev(), found.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r35_one_holder_at_a_time_and_nothing_is_left_behind() {
        let home = tempfile::tempdir().unwrap();
        let id = ConnectionId::generate();
        let first = FlightLock::wait(home.path(), &id, Duration::ZERO).unwrap().unwrap();
        assert!(FlightLock::wait(home.path(), &id, Duration::ZERO).unwrap().is_none());
        let other = ConnectionId::generate();
        assert!(FlightLock::wait(home.path(), &other, Duration::ZERO).unwrap().is_some());
        drop(first);
        assert!(FlightLock::wait(home.path(), &id, Duration::ZERO).unwrap().is_some());
        assert_eq!(std::fs::read_dir(home.path().join("renewing")).unwrap().count(), 0);
    }

    #[test]
    fn r35_a_lock_on_a_file_that_is_gone_is_on_nothing() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.lock");
        let first = open(&path).unwrap();
        assert!(is_at(&first, &path));
        std::fs::rename(&path, home.path().join("moved")).unwrap();
        assert!(!is_at(&first, &path));
        let second = open(&path).unwrap();
        assert!(is_at(&second, &path) && !is_at(&first, &path));
    }

    #[test]
    fn r35_where_no_lock_can_be_kept_there_is_none() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("renewing"), "a file where the folder belongs").unwrap();
        assert!(FlightLock::wait(home.path(), &ConnectionId::generate(), Duration::ZERO).is_err());
    }

    #[test]
    fn r35_threads_that_fight_for_it_never_hold_it_together() {
        let home = tempfile::tempdir().unwrap();
        let id = ConnectionId::generate();
        let inside = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let lock = FlightLock::wait(home.path(), &id, Duration::from_secs(60)).unwrap().unwrap();
                        assert_eq!(inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                        inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                        drop(lock);
                    }
                });
            }
        });
    }
}
