//! The open database: one writer, a few readers that never wait for it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::together::Together;
use crate::{StoreError, folder, schema};

/// How long a write waits for another process to finish its own.
const BUSY: Duration = Duration::from_secs(5);
/// How many reads may run at once.
const READERS: usize = 4;
/// How many prepared statements each connection keeps.
const STATEMENTS: usize = 64;

/// The database of one data folder.
pub struct Store {
    path: PathBuf,
    writer: Mutex<Connection>,
    together: Together,
    readers: Mutex<Vec<Connection>>,
    commits: AtomicU64,
}

/// One transaction; the functions of all tables hang on it.
pub struct Tx<'a>(pub(crate) &'a Connection);

impl Store {
    /// Opens the database in a data folder, or makes it.
    ///
    /// # Errors
    /// `UnsafeFolder`, `Newer`, `NotADatabase`, `Full`, `ReadOnly`; the files are left as they are then.
    pub fn open(data_dir: &Path) -> Result<Self, StoreError> {
        folder::prepare(data_dir)?;
        let path = data_dir.join("membrane.db");
        // SQLite gives its side files the mode of the database, so that none is ever readable by others.
        folder::prepare_file(&path)?;
        let mut writer =
            Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        writer.busy_timeout(BUSY)?;
        schema::check(&writer, &path)?;
        writer.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        writer.pragma_update(None, "synchronous", "FULL")?;
        writer.pragma_update(None, "secure_delete", "ON")?;
        writer.pragma_update(None, "foreign_keys", "ON")?;
        writer.set_prepared_statement_cache_capacity(STATEMENTS);
        schema::migrate(&mut writer, &path)?;
        let store = Self {
            path,
            writer: Mutex::new(writer),
            together: Together::default(),
            readers: Mutex::new(Vec::new()),
            commits: AtomicU64::new(0),
        };
        store.first_time()?;
        Ok(store)
    }

    /// Writes in one transaction: all of it or, when `change` fails, nothing. It is on the disk when this returns.
    ///
    /// # Errors
    /// What `change` returned, and `Full` or `ReadOnly` when nothing can be written.
    pub fn write<T>(&self, change: impl FnOnce(&Tx<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = Transaction::new(&mut writer, TransactionBehavior::Immediate)?;
        let value = change(&Tx(&transaction))?;
        transaction.commit()?;
        self.commits.fetch_add(1, Ordering::Release);
        Ok(value)
    }

    /// Writes like [`Self::write`], in one transaction with whatever else waits for its turn by then: many small changes
    /// at once cost one flush of the disk. Each still is whole or not there at all.
    ///
    /// # Errors
    /// What `change` returned, and `Full` or `ReadOnly` when nothing can be written.
    pub fn write_together<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let answer = self.together.add(change);
        {
            let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
            self.together.run(&mut writer);
            self.commits.fetch_add(1, Ordering::Release);
        }
        answer.take()
    }

    /// Makes every write fail as on a disk that can only be read, or lets them succeed again. For tests.
    #[cfg(feature = "faults")]
    pub fn set_read_only(&self, read_only: bool) {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let _set = writer.pragma_update(None, "query_only", read_only);
    }

    /// Counts the writes of this process: while it stays the same, nothing that was read has changed.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Acquire)
    }

    /// Reads from one consistent state. Never waits for a write.
    ///
    /// # Errors
    /// What `look` returned.
    pub fn read<T>(&self, look: impl FnOnce(&Tx<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut reader = match self.readers().pop() {
            Some(reader) => reader,
            None => self.new_reader()?,
        };
        let value = {
            let transaction = reader.transaction()?;
            look(&Tx(&transaction))
        };
        let mut readers = self.readers();
        if readers.len() < READERS {
            readers.push(reader);
        }
        value
    }

    /// Moves everything from the write-ahead log into the database and empties the log, so that nothing deleted
    /// stays behind in it.
    ///
    /// # Errors
    /// `Full` or `ReadOnly` when nothing can be written.
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }

    /// Gives a new database its ids.
    fn first_time(&self) -> Result<(), StoreError> {
        if self.read(|tx| tx.meta("vault_id"))?.is_some() {
            return Ok(());
        }
        self.write(|tx| {
            for name in ["vault_id", "device_id"] {
                let id: String = tx.0.query_row("SELECT lower(hex(randomblob(16)))", [], |row| row.get(0))?;
                tx.set_meta(name, &id)?;
            }
            Ok(())
        })
    }

    fn new_reader(&self) -> Result<Connection, StoreError> {
        let reader = Connection::open_with_flags(
            &self.path,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        reader.busy_timeout(BUSY)?;
        reader.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(reader)
    }

    fn readers(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
