//! The store on a real disk: private files, whole transactions, clear refusals.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use membrane_model::{
    AppKey, AuthMethodKind, ClientId, Connection, ConnectionId, ConnectionState, DisconnectReason, EventId, EventKind,
    Fault, LifecycleEvent, Session, SessionId, SessionKind, SessionState, TenantId, Timestamp,
};
use membrane_store::{
    ClientRow, ConnectionFilter, CredentialRow, DataLock, JournalRow, JournalState, SCHEMA_VERSION, SessionRow, Store,
    StoreError,
};
use membrane_vault::Sealed;
use tempfile::TempDir;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn home() -> (TempDir, Store) {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(&home.path().join("data")).unwrap();
    (home, store)
}

fn connection(app: &str, name: &str, state: ConnectionState) -> Connection {
    Connection {
        id: ConnectionId::generate(),
        key: None,
        tenant: TenantId::own(),
        app: app.parse().unwrap(),
        auth_method: "oauth".into(),
        name: name.into(),
        account: None,
        state,
        fields: BTreeMap::new(),
        scopes: vec!["read".into()],
        meta: serde_json::Map::new(),
        generation: 1,
        created_at: at(1),
        updated_at: at(1),
        last_used_at: None,
        archived_at: None,
    }
}

fn credential(id: &ConnectionId, generation: u64) -> CredentialRow {
    let sealed = Sealed { key_id: "k".into(), bytes: vec![7; 60] };
    CredentialRow {
        generation,
        expires_at: Some(at(100)),
        has_refresh: true,
        next_refresh_at: Some(at(90)),
        ..CredentialRow::lasting(id, sealed, at(1), "d")
    }
}

fn session(state_hash: Option<[u8; 32]>) -> SessionRow {
    SessionRow {
        session: Session {
            id: SessionId::generate(),
            kind: SessionKind::Connect,
            app_key: "github".parse().unwrap(),
            app_name: "GitHub".into(),
            auth_method: "oauth".into(),
            method: AuthMethodKind::OAuth2,
            connection_id: None,
            state: SessionState::Exchanging,
            created_at: at(1),
            expires_at: at(600),
        },
        tenant: TenantId::own(),
        state_hash,
        secrets: Some(Sealed { key_id: "k".into(), bytes: vec![1, 2, 3] }),
        context: serde_json::json!({"issuer": "https://example.com"}),
    }
}

fn filter() -> ConnectionFilter {
    ConnectionFilter {
        tenant: TenantId::own(),
        include_archived: false,
        app: None,
        disconnected: None,
        search: None,
        limit: 100,
        cursor: None,
    }
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().mode() & 0o777
}

#[test]
fn r56_folder_and_files_are_private_from_the_first_moment() {
    let (home, store) = home();
    store.write(|tx| tx.set_meta("x", "y")).unwrap();
    let data = home.path().join("data");
    assert_eq!(mode(&data), 0o700);
    for name in ["membrane.db", "membrane.db-wal", "membrane.db-shm"] {
        assert_eq!(mode(&data.join(name)), 0o600, "{name}");
    }
}

#[test]
fn r56_a_folder_that_others_can_read_is_refused_and_left_alone() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert!(matches!(Store::open(&data), Err(StoreError::UnsafeFolder { .. })));
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 0);
}

#[test]
fn r56_a_symbolic_link_in_place_of_the_folder_is_refused() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("elsewhere")).unwrap();
    symlink(home.path().join("elsewhere"), home.path().join("data")).unwrap();
    assert!(matches!(Store::open(&home.path().join("data")), Err(StoreError::UnsafeFolder { .. })));
}

#[test]
fn a_file_that_is_no_database_is_refused_byte_for_byte_as_it_was() {
    let (home, store) = home();
    drop(store);
    let file = home.path().join("data/membrane.db");
    for junk in [b"hello, I am a letter".to_vec(), vec![0x5a; 8192]] {
        for side in ["membrane.db-wal", "membrane.db-shm"] {
            std::fs::remove_file(home.path().join("data").join(side)).ok();
        }
        std::fs::write(&file, &junk).unwrap();
        let error = Store::open(&home.path().join("data")).err().unwrap();
        assert!(matches!(error, StoreError::NotADatabase { .. }), "{error}");
        assert!(Fault::from(error).hint.is_some());
        assert_eq!(std::fs::read(&file).unwrap(), junk);
    }
}

#[test]
fn a_newer_database_is_refused_and_says_which_versions() {
    let (home, store) = home();
    drop(store);
    let file = home.path().join("data/membrane.db");
    rusqlite::Connection::open(&file).unwrap().pragma_update(None, "user_version", SCHEMA_VERSION + 1).unwrap();
    match Store::open(&home.path().join("data")).err().unwrap() {
        StoreError::Newer { found, known } => assert_eq!((found, known), (SCHEMA_VERSION + 1, SCHEMA_VERSION)),
        other => panic!("{other}"),
    }
}

#[test]
fn somebody_elses_database_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    Store::open(&data).unwrap();
    let file = data.join("membrane.db");
    rusqlite::Connection::open(&file).unwrap().pragma_update(None, "application_id", 7).unwrap();
    assert!(matches!(Store::open(&data), Err(StoreError::NotADatabase { .. })));
}

#[test]
fn a_failed_change_leaves_nothing_behind() {
    let (_home, store) = home();
    let made = connection("github", "mine", ConnectionState::Connected);
    let failed: Result<(), _> = store.write(|tx| {
        tx.insert_connection(&made)?;
        Err(StoreError::NotFound)
    });
    assert!(failed.is_err());
    assert_eq!(store.read(|tx| tx.connection(&made.id)).unwrap(), None);
}

#[test]
fn every_state_of_a_connection_reads_back() {
    let (_home, store) = home();
    let mut states = vec![
        ConnectionState::Connecting { session: SessionId::generate() },
        ConnectionState::Connected,
        ConnectionState::Paused { until: None },
        ConnectionState::Paused { until: Some(at(9)) },
    ];
    states.extend(DisconnectReason::ALL.map(|reason| ConnectionState::Disconnected { reason, since: at(5) }));
    for state in states {
        let made = connection("github", "mine", state);
        store.write(|tx| tx.insert_connection(&made)).unwrap();
        assert_eq!(store.read(|tx| tx.connection(&made.id)).unwrap(), Some(made));
    }
}

#[test]
fn pages_hold_every_connection_once_even_with_equal_names() {
    let (_home, store) = home();
    for number in 0..25 {
        let made = connection(["github", "slack"][number % 2], "same name", ConnectionState::Connected);
        store.write(|tx| tx.insert_connection(&made)).unwrap();
    }
    let mut seen = Vec::new();
    let mut page = filter();
    page.limit = 10;
    loop {
        let found = store.read(|tx| tx.connections(&page)).unwrap();
        seen.extend(found.items.into_iter().map(|c| (c.app, c.id)));
        match found.cursor {
            Some(cursor) => page.cursor = Some(cursor),
            None => break,
        }
    }
    assert_eq!(seen.len(), 25);
    assert!(seen.is_sorted());
    page.cursor = Some("zz".into());
    assert!(matches!(store.read(|tx| tx.connections(&page)), Err(StoreError::Cursor)));
}

#[test]
fn a_search_takes_wildcards_as_they_are() {
    let (_home, store) = home();
    for name in ["100% mine", "1000 mine"] {
        store.write(|tx| tx.insert_connection(&connection("github", name, ConnectionState::Connected))).unwrap();
    }
    let found = store.read(|tx| tx.connections(&ConnectionFilter { search: Some("0% M".into()), ..filter() })).unwrap();
    assert_eq!(found.items.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["100% mine"]);
}

#[test]
fn two_connections_cannot_have_one_key() {
    let (_home, store) = home();
    let mut first = connection("github", "a", ConnectionState::Connected);
    first.key = Some("work".into());
    let mut second = connection("slack", "b", ConnectionState::Connected);
    second.key = Some("work".into());
    store.write(|tx| tx.insert_connection(&first)).unwrap();
    assert!(matches!(store.write(|tx| tx.insert_connection(&second)), Err(StoreError::Conflict(_))));
    first.archived_at = Some(at(2));
    store.write(|tx| tx.update_connection(&first)).unwrap();
    store.write(|tx| tx.insert_connection(&second)).unwrap();
}

#[test]
fn r36_a_late_reply_cannot_overwrite_a_newer_credential() {
    let (_home, store) = home();
    let made = connection("github", "mine", ConnectionState::Connected);
    store
        .write(|tx| {
            tx.insert_connection(&made)?;
            tx.put_credential(&credential(&made.id, 5))
        })
        .unwrap();
    assert!(!store.write(|tx| tx.replace_credential_if(&credential(&made.id, 5), 4)).unwrap());
    assert!(store.write(|tx| tx.replace_credential_if(&credential(&made.id, 6), 5)).unwrap());
    assert!(!store.write(|tx| tx.replace_credential_if(&credential(&made.id, 6), 5)).unwrap());
    assert_eq!(store.read(|tx| tx.credential(&made.id)).unwrap(), Some(credential(&made.id, 6)));
}

#[test]
fn r40_the_journal_outlives_the_process() {
    let home = tempfile::tempdir().unwrap();
    let made = connection("github", "mine", ConnectionState::Connected);
    let mut row = JournalRow {
        connection_id: made.id.clone(),
        generation: 3,
        token_hash: [9; 32],
        sent_at: at(4),
        state: JournalState::InFlight,
    };
    {
        let store = Store::open(&home.path().join("data")).unwrap();
        store.write(|tx| tx.insert_connection(&made).and_then(|()| tx.put_journal(&row))).unwrap();
        assert_eq!(store.read(|tx| tx.journal(&made.id)).unwrap().as_ref(), Some(&row));
        row.state = JournalState::Ambiguous;
        store.write(|tx| tx.put_journal(&row)).unwrap();
    }
    let store = Store::open(&home.path().join("data")).unwrap();
    assert_eq!(store.read(|tx| tx.journal(&made.id)).unwrap().as_ref(), Some(&row));
    let other = connection("github", "other", ConnectionState::Connected);
    let older = JournalRow { connection_id: other.id.clone(), sent_at: at(2), ..row.clone() };
    store.write(|tx| tx.insert_connection(&other).and_then(|()| tx.put_journal(&older))).unwrap();
    assert_eq!(store.read(|tx| tx.journals()).unwrap(), [older, row]);
    store.write(|tx| tx.clear_journal(&other.id)).unwrap();
    assert_eq!(store.read(|tx| tx.journals()).unwrap().len(), 1);
    store.write(|tx| tx.put_credential(&credential(&made.id, 3))).unwrap();
    assert_eq!(store.write(|tx| tx.resume_journals(at(60))).unwrap(), 1);
    assert_eq!(store.read(|tx| tx.due(at(60), None, 9)).unwrap()[0].at, at(60));
    store.write(|tx| tx.clear_journal(&made.id)).unwrap();
    assert_eq!(store.read(|tx| tx.journal(&made.id)).unwrap(), None);
}

#[test]
fn r03_a_state_is_taken_once() {
    let (_home, store) = home();
    let row = session(Some([4; 32]));
    store.write(|tx| tx.insert_session(&row)).unwrap();
    assert_eq!(store.read(|tx| tx.session_by_state_hash(&[4; 32])).unwrap().as_ref(), Some(&row));
    assert!(store.write(|tx| tx.take_state(&row.session.id)).unwrap());
    assert!(!store.write(|tx| tx.take_state(&row.session.id)).unwrap());
    assert_eq!(store.read(|tx| tx.session_by_state_hash(&[4; 32])).unwrap(), None);
}

#[test]
fn ended_sessions_are_found_and_open_ones_kept_apart() {
    let (_home, store) = home();
    let mut row = session(None);
    store.write(|tx| tx.insert_session(&row)).unwrap();
    assert_eq!(store.read(|tx| tx.open_sessions()).unwrap(), [row.clone()]);
    row.session.state = SessionState::Cancelled;
    store.write(|tx| tx.update_session(&row)).unwrap();
    assert!(store.read(|tx| tx.open_sessions()).unwrap().is_empty());
    assert!(store.read(|tx| tx.sessions_ended_before(at(600))).unwrap().is_empty());
    assert_eq!(store.read(|tx| tx.sessions_ended_before(at(601))).unwrap(), [row.session.id]);
}

#[test]
fn events_come_newest_first_and_page_backwards() {
    let (_home, store) = home();
    let id = ConnectionId::generate();
    for kind in EventKind::ALL {
        let event = LifecycleEvent {
            id: EventId::generate(),
            kind,
            tenant_id: TenantId::own(),
            connection_id: id.clone(),
            app_key: "github".parse::<AppKey>().unwrap(),
            reason: (kind == EventKind::Disconnected).then_some(DisconnectReason::Revoked),
            created_at: at(1),
        };
        store.write(|tx| tx.append_event(&event)).unwrap();
    }
    let newest = store.read(|tx| tx.events(Some(&id), 2, None)).unwrap();
    assert_eq!(newest[0].event.kind, EventKind::Reconnected);
    let older = store.read(|tx| tx.events(None, 10, Some(newest[1].seq))).unwrap();
    assert_eq!(older.len(), 2);
    assert!(store.read(|tx| tx.events(Some(&ConnectionId::generate()), 10, None)).unwrap().is_empty());
}

#[test]
fn r68_a_revoked_client_stays_known_as_revoked() {
    let (_home, store) = home();
    let row = ClientRow {
        id: ClientId::generate(),
        name: "script".into(),
        token_hash: [1; 32],
        may_get_tokens: true,
        created_at: at(1),
        last_used_at: None,
        revoked_at: None,
    };
    store.write(|tx| tx.insert_client(&row)).unwrap();
    store.write(|tx| tx.revoke_client(&row.id, at(2))).unwrap();
    let found = store.read(|tx| tx.client_by_token_hash(&[1; 32])).unwrap().unwrap();
    assert_eq!(found.revoked_at, Some(at(2)));
    assert!(matches!(store.write(|tx| tx.revoke_client(&ClientId::generate(), at(2))), Err(StoreError::NotFound)));
}

#[test]
fn the_lock_has_one_holder_and_names_it() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let held = DataLock::acquire(&data).unwrap();
    match DataLock::acquire(&data) {
        Err(StoreError::Held { pid }) => assert_eq!(pid, std::process::id()),
        other => panic!("{other:?}"),
    }
    drop(held);
    DataLock::acquire(&data).unwrap();
}

#[test]
fn what_was_deleted_is_in_no_file_after_a_checkpoint() {
    let (home, store) = home();
    let made = connection("github", "mine", ConnectionState::Connected);
    let mut row = credential(&made.id, 1);
    row.sealed.bytes = b"a-very-recognisable-ciphertext".repeat(4);
    store.write(|tx| tx.insert_connection(&made).and_then(|()| tx.put_credential(&row))).unwrap();
    store.write(|tx| tx.delete_credential(&made.id)).unwrap();
    store.checkpoint().unwrap();
    for file in std::fs::read_dir(home.path().join("data")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(12).any(|window| window == b"recognisable"));
    }
}
