//! Activity: what happened, and who used what. Uses are gathered in bursts, so that handing out a token writes nothing.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use membrane_model::{Activity, Connection, ConnectionId, Fault, ListPage, Timestamp};
use membrane_store::{ActivityFilter, UseRow};

use crate::refresh::plan::between;
use crate::{Caller, Engine};

/// Uses further apart than this are told apart.
const BURST: Duration = Duration::from_secs(10 * 60);
/// How often what was gathered is written.
const WRITE_EVERY: Duration = Duration::from_secs(30);
/// How long uses are kept.
const KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// The most that one page has.
const PAGE_MAX: u32 = 200;

/// The bursts that go on.
#[derive(Default)]
pub(crate) struct Uses(Mutex<HashMap<(ConnectionId, String), Burst>>);

struct Burst {
    row: UseRow,
    written: bool,
}

impl Uses {
    fn note(&self, caller: &Caller, connection: &Connection, now: Timestamp) {
        let (kind, client) = match caller {
            // The window and the pages look at connections and use none of them.
            Caller::Console | Caller::Page(_) => return,
            Caller::Terminal => ("terminal", None),
            Caller::Client { id, .. } => ("client", Some(id.to_string())),
        };
        let key = (connection.id.clone(), client.clone().unwrap_or_else(|| kind.to_owned()));
        let mut bursts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match bursts.get_mut(&key) {
            Some(burst) if between(burst.row.last_at, now) < BURST => {
                burst.row.last_at = now;
                burst.row.uses = burst.row.uses.saturating_add(1);
                burst.written = false;
            }
            // A burst that ended is written by now: the writer comes by more often than one ends.
            Some(_) | None => {
                let row = UseRow {
                    id: membrane_model::EventId::generate().to_string(),
                    connection: connection.id.clone(),
                    app: connection.app.to_string(),
                    caller: kind,
                    client,
                    first_at: now,
                    last_at: now,
                    uses: 1,
                };
                bursts.insert(key, Burst { row, written: false });
            }
        }
    }

    /// Takes what is to be written, and forgets bursts that have ended.
    fn take(&self, now: Timestamp) -> Vec<UseRow> {
        let mut bursts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rows = Vec::new();
        bursts.retain(|_, burst| {
            if !burst.written {
                rows.push(burst.row.clone());
                burst.written = true;
            }
            between(burst.row.last_at, now) < BURST
        });
        rows
    }
}

impl Engine {
    /// Notes that a caller used a connection. Costs a look into a table in memory.
    pub(crate) fn note_use(&self, caller: &Caller, connection: &Connection) {
        self.inner().uses.note(caller, connection, Timestamp::now());
    }

    /// Writes gathered uses now and then, and forgets old ones.
    pub(crate) fn start_writing_uses(&self) {
        let engine = self.clone();
        self.inner().tasks.until_end(async move {
            let oldest = Timestamp::now().checked_sub(KEPT).unwrap_or(Timestamp::UNIX_EPOCH);
            if let Err(fault) = engine.write(move |tx| tx.forget_uses(oldest)).await {
                tracing::warn!("failed to forget old activity: {fault}");
            }
            loop {
                tokio::time::sleep(WRITE_EVERY).await;
                engine.write_uses().await;
            }
        });
    }

    /// Writes what was gathered.
    pub(crate) async fn write_uses(&self) {
        let rows = self.inner().uses.take(Timestamp::now());
        if rows.is_empty() {
            return;
        }
        let written = self.write(move |tx| rows.iter().try_for_each(|row| tx.put_use(row))).await;
        if let Err(fault) = written {
            tracing::warn!("failed to write who used what: {fault}");
        }
    }

    /// Lists what happened, newest first; `cursor` is the one of the page before.
    ///
    /// # Errors
    /// Fails when the store can't be read or written.
    pub async fn activity(&self, filter: ActivityFilter, limit: Option<u32>) -> Result<ListPage<Activity>, Fault> {
        self.write_uses().await;
        let limit = limit.unwrap_or(50).clamp(1, PAGE_MAX);
        let mut items = self.store().read(|tx| tx.activity(&filter, limit + 1))?;
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let catalog = self.catalog();
        let mut names: HashMap<ConnectionId, Option<String>> = HashMap::new();
        for item in &mut items {
            item.app_name = catalog.get(&item.app_key).map_or_else(|| item.app_key.to_string(), |app| app.name.clone());
            let app_name = item.app_name.clone();
            item.name = names
                .entry(item.connection_id.clone())
                .or_insert_with(|| self.told_apart(&item.connection_id, &app_name))
                .clone();
        }
        let cursor = items.last().filter(|_| more).map(|last| format!("{}:{}", last.at.as_millisecond(), last.id));
        Ok(ListPage { items, cursor })
    }

    /// Returns what tells a connection from others of its app: its account, else the person's own name for it.
    fn told_apart(&self, id: &ConnectionId, app_name: &str) -> Option<String> {
        let found = self.find(id).ok()?;
        let own = Some(found.name).filter(|name| name != app_name);
        found.account.map(|account| account.label).or(own)
    }
}

/// Reads a cursor: `1764025200000:evt_…`.
#[must_use]
pub fn read_activity_cursor(text: &str) -> Option<(i64, String)> {
    let (at, id) = text.split_once(':')?;
    Some((at.parse().ok()?, id.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use membrane_model::{AppKey, ClientId, ConnectionState, TenantId};

    fn connection() -> Connection {
        Connection {
            id: ConnectionId::generate(),
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
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn uses_close_together_are_one_line_and_each_caller_has_its_own() {
        let (uses, connection) = (Uses::default(), connection());
        let client = Caller::Client {
            id: ClientId::generate(),
            name: "script".to_owned(),
            tenant: membrane_model::TenantId::own(),
            may_get_tokens: true,
        };
        uses.note(&Caller::Terminal, &connection, at(0));
        uses.note(&Caller::Terminal, &connection, at(60));
        uses.note(&client, &connection, at(61));
        let mut rows = uses.take(at(62));
        rows.sort_by_key(|row| row.uses);
        assert_eq!(rows.iter().map(|row| (row.caller, row.uses)).collect::<Vec<_>>(), [("client", 1), ("terminal", 2)]);
        assert!(uses.take(at(63)).is_empty(), "nothing is written twice");
    }

    #[test]
    fn a_burst_that_grows_keeps_its_id_and_a_later_one_gets_another() {
        let (uses, connection) = (Uses::default(), connection());
        uses.note(&Caller::Terminal, &connection, at(0));
        let first = uses.take(at(1)).remove(0);
        uses.note(&Caller::Terminal, &connection, at(30));
        let grown = uses.take(at(31)).remove(0);
        assert_eq!((&grown.id, grown.uses), (&first.id, 2));
        uses.note(&Caller::Terminal, &connection, at(3600));
        assert_ne!(uses.take(at(3601)).remove(0).id, first.id);
    }

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        assert_eq!(read_activity_cursor("12:evt_1"), Some((12, "evt_1".into())));
        assert_eq!(read_activity_cursor("evt_1"), None);
    }
}
