//! What is on the disk when, so that no crash can lose a token that the provider accepts.

use std::time::Duration;

use membrane_model::{DisconnectReason, ErrorCode, Timestamp};
use membrane_store::JournalState;
use membrane_tests::faults::{Fault, Rotation, Rules};
use secrecy::ExposeSecret;

use super::World;

#[tokio::test(flavor = "multi_thread")]
async fn r40_the_journal_is_on_the_disk_while_the_token_is_out() {
    let world = World::start(Rules { latency: Duration::from_millis(300), ..Rules::default() }).await;
    let id = world.connect().await;
    let engine = world.engine.clone();
    let key = id.clone();
    let renewing = tokio::spawn(async move { engine.refresh_now(&key).await });
    world
        .until("the journal", || {
            let journal = world.engine.store().read(|tx| tx.journal(&id)).unwrap();
            journal.is_some_and(|one| one.state == JournalState::InFlight && one.generation == 1)
        })
        .await;
    assert_eq!(world.faults.refreshes(), 0, "the provider has not answered yet");
    renewing.await.unwrap().unwrap();
    assert!(world.engine.store().read(|tx| tx.journal(&id)).unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn r40_nothing_is_sent_for_a_connection_that_the_journal_does_not_take() {
    let world = World::start(Rules::default()).await;
    let id = world.connect().await;
    let (connection, row) = (world.engine.find(&id).unwrap(), world.row(&id));
    // It is erased between the reading and the sending.
    world.engine.write(move |tx| tx.delete_connection(&id)).await.unwrap();
    let catalog = world.engine.catalog();
    let (app, method) = crate::refresh::method_of(&catalog, &connection).unwrap();
    for ended in [false, true] {
        let mut row = row.clone();
        row.expires_at = ended.then(|| Timestamp::now() - Duration::from_secs(1)).or(row.expires_at);
        let attempt = crate::refresh::attempt::Attempt::new(&world.engine, &connection, app, method, &row).unwrap();
        assert_ne!(attempt.run().await.err().unwrap().code, ErrorCode::StorageError);
    }
    assert_eq!(world.faults.refreshes(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn r42_a_caller_that_hangs_up_ends_nothing() {
    let world = World::start(Rules { latency: Duration::from_millis(200), ..Rules::default() }).await;
    let id = world.connect().await;
    let engine = world.engine.clone();
    let key = id.clone();
    let caller = tokio::spawn(async move { engine.refresh_now(&key).await });
    world.until("the journal", || world.engine.store().read(|tx| tx.journal(&id)).unwrap().is_some()).await;
    caller.abort();
    world.until("the new pair", || world.row(&id).generation == 2).await;
    assert_eq!(world.faults.refreshes(), 1);
    world.engine.refresh_now(&id).await.unwrap();
    assert_eq!(world.faults.reuses(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn r42_the_engines_end_waits_for_an_exchange() {
    let world = World::start(Rules { latency: Duration::from_millis(300), ..Rules::default() }).await;
    let id = world.connect().await;
    let engine = world.engine.clone();
    let key = id.clone();
    tokio::spawn(async move { engine.refresh_now(&key).await });
    world.until("the journal", || world.engine.store().read(|tx| tx.journal(&id)).unwrap().is_some()).await;
    world.engine.shut_down().await;
    assert_eq!(world.row(&id).generation, 2);
    assert!(world.engine.store().read(|tx| tx.journal(&id)).unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn r41_the_pair_before_is_kept_until_the_new_one_has_proved_itself() {
    let world = World::start(Rules::default()).await;
    let id = world.connect().await;
    world.engine.refresh_now(&id).await.unwrap();
    let row = world.row(&id);
    assert!(row.previous.is_some());
    let until = row.previous_until.unwrap().duration_since(Timestamp::now()).as_hours();
    assert!((23..=24).contains(&until), "{until}");
    assert_eq!(world.engine.test(&id).await.unwrap(), crate::Check::Works);
    assert!(world.row(&id).previous.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn r41_the_pair_before_is_destroyed_after_a_day_in_any_case() {
    let world = World::start(Rules::default()).await;
    let id = world.connect().await;
    world.engine.refresh_now(&id).await.unwrap();
    world.change(&id, |row| row.previous_until = Some(Timestamp::now() - Duration::from_secs(1))).await;
    world.until("the end of the pair before", || world.row(&id).previous.is_none()).await;
    assert_eq!(world.row(&id).generation, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn r41_a_provider_that_forgot_the_new_pair_gets_the_one_before_within_its_grace() {
    let grace = r#"rotation = "grace", grace_seconds = 60, lifetime = 3600"#;
    let world =
        World::with(Rules { rotation: Rotation::Grace(Duration::from_secs(60)), ..Rules::default() }, grace).await;
    let id = world.connect().await;
    world.engine.refresh_now(&id).await.unwrap();
    world.faults.roll_back();
    world.engine.refresh_now(&id).await.unwrap();
    assert!(world.view(&id).connected);
    assert!(world.faults.takes(&world.token(&id).await.unwrap().access_token));
}

#[tokio::test(flavor = "multi_thread")]
async fn r41_a_spent_token_is_never_sent_where_that_would_look_like_theft() {
    let world = World::start(Rules::default()).await;
    let id = world.connect().await;
    let first = world.credential(&id).refresh_token.unwrap();
    world.engine.refresh_now(&id).await.unwrap();
    world.faults.revoke_all();
    assert_eq!(world.engine.refresh_now(&id).await.unwrap_err().code, ErrorCode::Disconnected);
    let sent = world.faults.log().iter().filter(|entry| entry.token == first.expose_secret()).count();
    assert_eq!(sent, 1, "the spent token was sent again");
}

#[tokio::test(flavor = "multi_thread")]
async fn r43_what_was_in_flight_at_the_end_is_asked_for_at_the_next_start() {
    for (rotation, recovers) in [(Rotation::Grace(Duration::from_secs(60)), true), (Rotation::Strict, false)] {
        let world = World::start(Rules { rotation, ..Rules::default() }).await;
        let id = world.connect().await;
        // The process dies between the provider's work and the disk: the journal is all that is left of it.
        let token = world.credential(&id).refresh_token.unwrap();
        let row = membrane_store::JournalRow {
            connection_id: id.clone(),
            generation: 1,
            token_hash: sha2::Digest::finalize(sha2::Digest::chain_update(
                <sha2::Sha256 as sha2::Digest>::new(),
                token.expose_secret(),
            ))
            .into(),
            sent_at: Timestamp::now(),
            state: JournalState::InFlight,
        };
        world.engine.write(move |tx| tx.put_journal(&row)).await.unwrap();
        world.engine.shut_down().await;
        world.faults.plan([Fault::ResetAfter]);
        let http = membrane_oauth::Http::new();
        let lost = http
            .send(
                http::Request::post(format!("{}/token", world.faults.origin()))
                    .body(format!("grant_type=refresh_token&refresh_token={}", token.expose_secret()).into_bytes())
                    .unwrap(),
                membrane_oauth::Reach::HttpsOrLoopback,
            )
            .await;
        assert!(lost.is_err());
        let next = world.again(false, "this computer").await;
        if recovers {
            next.until("the recovery", || next.row(&id).generation == 2).await;
            assert!(next.faults.takes(&next.token(&id).await.unwrap().access_token));
            assert_eq!(next.events(&id), Vec::<&str>::new());
        } else {
            next.until("the end", || next.view(&id).disconnected).await;
            assert_eq!(next.view(&id).reason, Some(DisconnectReason::RotationLost));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_a_token_that_does_not_last_long_enough_is_renewed_on_demand() {
    let world = World::start(Rules::default()).await;
    let id = world.connect().await;
    let first = world.token(&id).await.unwrap();
    assert_eq!(world.token(&id).await.unwrap(), first);
    world.expire(&id).await;
    let second = world.token(&id).await.unwrap();
    assert_ne!(first.access_token, second.access_token);
    assert_eq!(world.faults.refreshes(), 1);
    // What has ended is not handed out when it can't be renewed.
    world.expire(&id).await;
    world.faults.always(Some(Fault::error(503, "temporarily_unavailable")));
    assert_eq!(world.token(&id).await.unwrap_err().code, ErrorCode::ProviderUnavailable);
}

#[tokio::test(flavor = "multi_thread")]
async fn r36_a_late_reply_does_not_overwrite_a_reconnect() {
    let world = World::start(Rules { latency: Duration::from_millis(300), ..Rules::default() }).await;
    let id = world.connect().await;
    let engine = world.engine.clone();
    let key = id.clone();
    let renewing = tokio::spawn(async move { engine.refresh_now(&key).await });
    world.until("the journal", || world.engine.store().read(|tx| tx.journal(&id)).unwrap().is_some()).await;
    let (access, _) = world.faults.sign_in();
    let newer = crate::credential::Credential { access_token: Some(access.clone().into()), ..Default::default() };
    let sealed = newer.seal(world.engine.vault(), &id).unwrap();
    let mut row = world.row(&id);
    (row.generation, row.sealed) = (7, sealed);
    world.engine.write(move |tx| tx.put_credential(&row)).await.unwrap();
    renewing.await.unwrap().unwrap();
    assert_eq!(world.row(&id).generation, 7);
    assert_eq!(world.credential(&id).access_token.unwrap().expose_secret(), access);
}
