//! What is due when: kept as the facts change, read without the rows, and moved when the clock is set.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::collections::BTreeMap;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};

use membrane_model::{Connection, ConnectionId, ConnectionState, DisconnectReason, TenantId, Timestamp};
use membrane_store::{CredentialRow, Due, DueTask, RevocationRow, Store, StoreError};
use membrane_vault::Sealed;
use tempfile::TempDir;

const DAY: i64 = 86_400;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn home() -> (TempDir, Store) {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(&home.path().join("data")).unwrap();
    (home, store)
}

fn connection(state: ConnectionState) -> Connection {
    Connection {
        id: ConnectionId::generate(),
        key: None,
        tenant: TenantId::own(),
        app: "github".parse().unwrap(),
        auth_method: "oauth".into(),
        name: "GitHub".into(),
        account: None,
        state,
        fields: BTreeMap::from([("domain".to_owned(), "acme".to_owned())]),
        scopes: Vec::new(),
        meta: serde_json::Map::new(),
        generation: 1,
        created_at: at(1),
        updated_at: at(1),
        last_used_at: None,
        archived_at: None,
    }
}

fn sealed() -> Sealed {
    Sealed { key_id: "k".into(), bytes: vec![7; 60] }
}

fn renewable(id: &ConnectionId) -> CredentialRow {
    CredentialRow {
        expires_at: Some(at(100)),
        has_refresh: true,
        next_refresh_at: Some(at(90)),
        ..CredentialRow::lasting(id, sealed(), at(1), "d")
    }
}

fn all(store: &Store) -> Vec<(DueTask, Timestamp)> {
    let mut all: Vec<_> = store.read(|tx| tx.due(Timestamp::MAX, None, 99)).unwrap();
    all.sort_by_key(|due| (due.at, due.task));
    all.into_iter().map(|due| (due.task, due.at)).collect()
}

fn add(store: &Store, connection: &Connection, row: &CredentialRow) {
    store.write(|tx| tx.insert_connection(connection).and_then(|()| tx.put_credential(row))).unwrap();
}

#[test]
fn a_renewal_follows_its_schedule_and_its_next_try() {
    let (_home, store) = home();
    let made = connection(ConnectionState::Connected);
    add(&store, &made, &renewable(&made.id));
    assert_eq!(all(&store), [(DueTask::Renew, at(90))]);
    store.write(|tx| tx.record_retry(&made.id, 3, at(50), "http-503", at(40))).unwrap();
    assert_eq!(all(&store), [(DueTask::Renew, at(50))]);
    store.write(|tx| tx.clear_retry(&made.id)).unwrap();
    assert_eq!(all(&store), [(DueTask::Renew, at(90))]);
    assert_eq!(store.read(|tx| tx.credential(&made.id)).unwrap(), Some(renewable(&made.id)));
    let renewal = store.read(|tx| tx.renewal(&made.id)).unwrap().unwrap();
    assert_eq!((renewal.generation, renewal.fields["domain"].as_str()), (1, "acme"));
}

#[test]
fn only_connected_connections_have_anything_due_and_a_pause_ends() {
    let (_home, store) = home();
    let mut made = connection(ConnectionState::Connected);
    add(&store, &made, &CredentialRow { next_check_at: Some(at(95)), ..renewable(&made.id) });
    for (state, expected) in [
        (ConnectionState::Disconnected { reason: DisconnectReason::Revoked, since: at(1) }, vec![]),
        (ConnectionState::Paused { until: Some(at(70)) }, vec![(DueTask::Wake, at(70))]),
        (ConnectionState::Paused { until: None }, vec![]),
        (ConnectionState::Connected, vec![(DueTask::Renew, at(90)), (DueTask::Check, at(95))]),
    ] {
        made.state = state;
        store.write(|tx| tx.update_connection(&made)).unwrap();
        assert_eq!(all(&store), expected, "{:?}", made.state);
    }
    made.archived_at = Some(at(5));
    store.write(|tx| tx.update_connection(&made)).unwrap();
    assert_eq!(all(&store), []);
    made.archived_at = None;
    store.write(|tx| tx.update_connection(&made).and_then(|()| tx.delete_credential(&made.id))).unwrap();
    assert_eq!(all(&store), []);
}

#[test]
fn r101_an_end_is_announced_a_week_and_a_day_before_and_not_where_it_is_near_from_the_start() {
    let (_home, store) = home();
    let made = connection(ConnectionState::Connected);
    let key =
        CredentialRow { expires_at: Some(at(30 * DAY)), ..CredentialRow::lasting(&made.id, sealed(), at(1), "d") };
    add(&store, &made, &key);
    assert_eq!(all(&store), [(DueTask::Announce, at(23 * DAY)), (DueTask::End, at(30 * DAY))]);
    store.write(|tx| tx.note_announced(&made.id, at(29 * DAY))).unwrap();
    assert_eq!(all(&store), [(DueTask::Announce, at(29 * DAY)), (DueTask::End, at(30 * DAY))]);
    store.write(|tx| tx.note_announced(&made.id, at(30 * DAY))).unwrap();
    assert_eq!(all(&store), [(DueTask::End, at(30 * DAY))]);
    // Another key has another end, which is announced again.
    store.write(|tx| tx.set_end(&made.id, Some(at(60 * DAY)))).unwrap();
    assert_eq!(all(&store), [(DueTask::Announce, at(53 * DAY)), (DueTask::End, at(60 * DAY))]);
    store.write(|tx| tx.set_end(&made.id, Some(at(DAY)))).unwrap();
    assert_eq!(all(&store), [(DueTask::End, at(DAY))]);
    store.write(|tx| tx.set_end(&made.id, None)).unwrap();
    assert_eq!(all(&store), []);
}

#[test]
fn r41_the_previous_credential_is_forgotten_in_time_and_only_with_its_generation() {
    let (_home, store) = home();
    let made = connection(ConnectionState::Connected);
    let row = CredentialRow { previous: Some(sealed()), previous_until: Some(at(80)), ..renewable(&made.id) };
    add(&store, &made, &row);
    assert_eq!(all(&store), [(DueTask::Forget, at(80)), (DueTask::Renew, at(90))]);
    store.write(|tx| tx.forget_previous(&made.id, 2)).unwrap();
    assert!(store.read(|tx| tx.credential(&made.id)).unwrap().unwrap().previous.is_some());
    store.write(|tx| tx.forget_previous(&made.id, 1)).unwrap();
    let row = store.read(|tx| tx.credential(&made.id)).unwrap().unwrap();
    assert_eq!((row.previous, row.previous_until), (None, None));
    assert_eq!(all(&store), [(DueTask::Renew, at(90))]);
}

#[test]
fn r36_a_check_is_noted_for_its_own_generation_only() {
    let (_home, store) = home();
    let made = connection(ConnectionState::Connected);
    add(&store, &made, &renewable(&made.id));
    store.write(|tx| tx.schedule_check(&made.id, 9, Some(at(70)), Some(at(10)))).unwrap();
    assert_eq!(store.read(|tx| tx.credential(&made.id)).unwrap().unwrap().rejected_at, None);
    store.write(|tx| tx.schedule_check(&made.id, 1, Some(at(70)), Some(at(10)))).unwrap();
    let row = store.read(|tx| tx.credential(&made.id)).unwrap().unwrap();
    assert_eq!((row.next_check_at, row.rejected_at), (Some(at(70)), Some(at(10))));
}

#[test]
fn pages_follow_each_other_and_the_next_is_known() {
    let (_home, store) = home();
    for _ in 0..7 {
        let made = connection(ConnectionState::Connected);
        add(&store, &made, &renewable(&made.id));
    }
    let mut seen: Vec<Due> = Vec::new();
    loop {
        let page = store.read(|tx| tx.due(at(90), seen.last(), 3)).unwrap();
        if page.is_empty() {
            break;
        }
        seen.extend(page);
    }
    assert_eq!(seen.len(), 7);
    assert!(store.read(|tx| tx.due(at(89), None, 3)).unwrap().is_empty());
    assert_eq!(store.read(|tx| tx.next_due(at(89))).unwrap(), Some(at(90)));
    assert_eq!(store.read(|tx| tx.next_due(at(90))).unwrap(), None);
}

#[test]
fn r38_times_move_with_the_clock_and_calendar_dates_stay() {
    let (_home, store) = home();
    let made = connection(ConnectionState::Connected);
    add(&store, &made, &renewable(&made.id));
    let key = connection(ConnectionState::Connected);
    let end = Some(at(90 * DAY));
    add(&store, &key, &CredentialRow { expires_at: end, ..CredentialRow::lasting(&key.id, sealed(), at(1), "d") });
    store.write(|tx| tx.move_times(7_200_000)).unwrap();
    let moved = store.read(|tx| tx.credential(&made.id)).unwrap().unwrap();
    assert_eq!(
        (moved.obtained_at, moved.expires_at, moved.next_refresh_at),
        (at(7201), Some(at(7300)), Some(at(7290)))
    );
    assert_eq!(store.read(|tx| tx.credential(&key.id)).unwrap().unwrap().expires_at, end);
    assert_eq!(all(&store)[0], (DueTask::Renew, at(7290)));
}

#[test]
fn r33_what_could_not_be_reached_is_tried_at_once_when_the_network_is_back() {
    let (_home, store) = home();
    let rows = ["dns", "http-503", "connect", "web-page"].map(|cause| (connection(ConnectionState::Connected), cause));
    for (made, cause) in &rows {
        add(&store, made, &renewable(&made.id));
        store.write(|tx| tx.record_retry(&made.id, 3, at(80), cause, at(40))).unwrap();
    }
    assert_eq!(store.write(|tx| tx.retry_unreached(at(50))).unwrap(), 3);
    assert_eq!(store.read(|tx| tx.due(at(50), None, 9)).unwrap().len(), 3);
}

#[test]
fn r20_a_revocation_waits_for_its_next_try() {
    let (_home, store) = home();
    let mut row = RevocationRow {
        id: "rev_1".into(),
        app: "github".parse().unwrap(),
        auth_method: "oauth".into(),
        fields: BTreeMap::new(),
        sealed: sealed(),
        attempts: 0,
        next_at: at(10),
        created_at: at(10),
    };
    store.write(|tx| tx.put_revocation(&row)).unwrap();
    assert_eq!(store.read(|tx| tx.revocations(at(10), 9)).unwrap(), [row.clone()]);
    (row.attempts, row.next_at) = (1, at(70));
    store.write(|tx| tx.put_revocation(&row)).unwrap();
    assert!(store.read(|tx| tx.revocations(at(69), 9)).unwrap().is_empty());
    assert_eq!(store.read(|tx| tx.next_due(at(10))).unwrap(), Some(at(70)));
    store.write(|tx| tx.delete_revocation("rev_1")).unwrap();
    assert!(store.read(|tx| tx.revocations(at(99), 9)).unwrap().is_empty());
}

#[test]
fn changes_that_share_a_transaction_fail_alone() {
    let (_home, store) = home();
    let store = std::sync::Arc::new(store);
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..40)
            .map(|number| {
                let store = std::sync::Arc::clone(&store);
                scope.spawn(move || {
                    store.write_together(move |tx| {
                        tx.set_meta(&format!("n{number}"), "written")?;
                        if number % 4 == 0 { Err(StoreError::NotFound) } else { Ok(number) }
                    })
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (number, outcome) in outcomes.into_iter().enumerate() {
        let kept = store.read(|tx| tx.meta(&format!("n{number}"))).unwrap();
        assert_eq!(outcome.is_ok(), number % 4 != 0);
        assert_eq!(kept.is_some(), number % 4 != 0, "{number}");
    }
}

#[test]
fn a_database_of_the_first_schema_is_brought_on_with_what_is_due() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let made = connection(ConnectionState::Connected);
    std::fs::DirBuilder::new().mode(0o700).create(&data).unwrap();
    let file = data.join("membrane.db");
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file).unwrap();
    let old = rusqlite::Connection::open(file).unwrap();
    old.execute_batch(include_str!("../migrations/0001_first.sql")).unwrap();
    // As the first version left it: marked as ours, with schema 1.
    old.execute_batch("PRAGMA application_id = 0x4d627244; PRAGMA user_version = 1;").unwrap();
    old.execute(
        "INSERT INTO connection (id, tenant, app, auth_method, name, state, fields, scopes, meta, generation, created_at,
            updated_at) VALUES (?1, 'default', 'github', 'oauth', 'GitHub', 'connected', '{}', '[]', '{}', 1, 1, 1)",
        [made.id.as_str()],
    )
    .unwrap();
    old.execute(
        "INSERT INTO credential (connection_id, sealed_key_id, sealed, generation, obtained_at, has_refresh,
            next_refresh_at, retry_attempts, device_id) VALUES (?1, 'k', x'00', 1, 1, 1, 90000, 0, 'd')",
        [made.id.as_str()],
    )
    .unwrap();
    drop(old);
    let store = Store::open(&data).unwrap();
    assert_eq!(all(&store), [(DueTask::Renew, at(90))]);
}
