//! What was just read of the connections that programs use again and again, kept until the next write.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use membrane_model::{Connection, Fault};
use membrane_store::CredentialRow;

use crate::{Caller, Engine, Settings};

/// How many connections are kept.
const KEPT_MAX: usize = 256;

/// What a call to an app needs of the store. The credential in it is sealed.
#[derive(Debug, Clone)]
pub(crate) struct InUse {
    /// The connection.
    pub connection: Connection,
    /// Its credential's row.
    pub row: Option<CredentialRow>,
    /// How long an app's answer may be, in bytes.
    pub answer_max: u64,
}

/// What was read since the last write, by the connection's id.
#[derive(Default)]
pub(crate) struct Recent(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    commits: u64,
    rows: HashMap<String, Arc<InUse>>,
}

impl Recent {
    /// Returns what was read while the store had this count of writes, and has it still.
    fn find(&self, id: &str, commits: u64) -> Option<Arc<InUse>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.commits == commits { kept.rows.get(id).cloned() } else { None }
    }

    /// Keeps what was read after the store had this count of writes.
    fn keep(&self, commits: u64, row: &Arc<InUse>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.commits != commits || kept.rows.len() >= KEPT_MAX {
            kept.rows.clear();
            kept.commits = commits;
        }
        kept.rows.insert(row.connection.id.to_string(), Arc::clone(row));
    }
}

impl Engine {
    /// Finds a connection that a caller wants to use, with its credential, by id, key or app.
    ///
    /// # Errors
    /// As [`Self::resolve`].
    pub(crate) fn in_use(&self, caller: &Caller, id_or_key: &str) -> Result<Arc<InUse>, Fault> {
        // Counted before anything is read: a write in between makes what was read count for nothing.
        let commits = self.store().commits();
        if let Some(found) = self.inner().recent.find(id_or_key, commits)
            && found.connection.archived_at.is_none()
            && self.may_see(caller, &found.connection)
        {
            return Ok(found);
        }
        let connection = self.resolve(caller, id_or_key)?;
        let (row, settings) = self.store().read(|tx| Ok((tx.credential(&connection.id)?, Settings::read(tx)?)))?;
        let answer_max = settings.proxy_answer_max_mb.saturating_mul(1024 * 1024);
        let found = Arc::new(InUse { connection, row, answer_max });
        self.inner().recent.keep(commits, &found);
        Ok(found)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use membrane_model::{AppKey, ConnectionId, ConnectionState, TenantId, Timestamp};

    #[test]
    fn it_holds_until_the_next_write() {
        let recent = Recent::default();
        let id = ConnectionId::generate();
        let connection = Connection {
            id: id.clone(),
            key: None,
            tenant: TenantId::own(),
            app: "notion".parse::<AppKey>().unwrap(),
            auth_method: "oauth".into(),
            name: "Notion".into(),
            account: None,
            state: ConnectionState::Connected,
            fields: Default::default(),
            scopes: Vec::new(),
            meta: Default::default(),
            generation: 1,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            last_used_at: None,
            archived_at: None,
        };
        let row = Arc::new(InUse { connection, row: None, answer_max: 1 });
        recent.keep(3, &row);
        assert!(recent.find(id.as_str(), 3).is_some());
        assert!(recent.find(id.as_str(), 4).is_none(), "what was read before a write was used after it");
        assert!(recent.find("another", 3).is_none());
        // What was read while somebody wrote counts for the time before, and so for nothing.
        recent.keep(5, &row);
        recent.keep(4, &row);
        assert!(recent.find(id.as_str(), 5).is_none());
    }
}
