//! The lock on the data folder: one process owns the data, and the system lets go of it when the process dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::{StoreError, folder};

/// How often a lock that somebody holds is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(20);

/// Ownership of a data folder, for as long as this value lives.
#[derive(Debug)]
pub struct DataLock {
    _file: File,
}

impl DataLock {
    /// Takes the lock, or says who holds it.
    ///
    /// # Errors
    /// `Held`, and what [`StoreError`] says of the folder.
    pub fn acquire(data_dir: &Path) -> Result<Self, StoreError> {
        Self::wait(data_dir, Duration::ZERO)
    }

    /// Takes the lock as soon as it is free, waiting at most `limit`.
    ///
    /// # Errors
    /// `Held` when it was not let go of in time, and what [`StoreError`] says of the folder.
    pub fn wait(data_dir: &Path, limit: Duration) -> Result<Self, StoreError> {
        folder::prepare(data_dir)?;
        let path = data_dir.join("engine.lock");
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path)?;
        let started = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(error.into()),
                Err(TryLockError::WouldBlock) if started.elapsed() >= limit => {
                    return Err(StoreError::Held { pid: holder(&mut file) });
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(TRY_AGAIN),
            }
        }
        file.set_len(0)?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(std::process::id().to_string().as_bytes())?;
        Ok(Self { _file: file })
    }
}

fn holder(file: &mut File) -> u32 {
    let mut text = String::new();
    let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.take(20).read_to_string(&mut text));
    read.ok().and_then(|_| text.trim().parse().ok()).unwrap_or(0)
}
