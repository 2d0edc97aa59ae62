//! Two processes on one data folder, and a folder that was copied to another computer.

use std::time::Duration;

use membrane_model::{DisconnectReason, ErrorCode, Timestamp};
use membrane_store::FlightLock;
use membrane_tests::faults::{Rotation, Rules};

use super::{SINGLE_USE, World};

#[tokio::test(flavor = "multi_thread")]
async fn r35_two_engines_on_one_folder_renew_once() {
    let world = World::start(Rules { latency: Duration::from_millis(100), ..Rules::default() }).await;
    let id = world.connect().await;
    let second = world.second().await;
    world.expire(&id).await;
    let asked = (0..20).map(|number| {
        let engine = if number % 2 == 0 { world.engine.clone() } else { second.engine.clone() };
        let id = id.clone();
        tokio::spawn(async move { engine.token(&crate::Caller::Console, &id, Duration::from_secs(60)).await })
    });
    let mut tokens = Vec::new();
    for one in asked.collect::<Vec<_>>() {
        tokens.push(one.await.unwrap().unwrap().access_token);
    }
    tokens.dedup();
    assert_eq!(tokens.len(), 1);
    assert_eq!((world.faults.refreshes(), world.faults.reuses()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn r34_what_another_process_renewed_is_adopted() {
    let world = World::start(Rules::default()).await;
    let id = world.connect().await;
    let second = world.second().await;
    // The other process is at it: it holds the lock, and renews.
    let lock = FlightLock::wait(&world.engine.paths().data, &id, Duration::ZERO).unwrap().unwrap();
    let engine = world.engine.clone();
    let key = id.clone();
    let waiting = tokio::spawn(async move { engine.refresh(&key, 1).await });
    let mut row = second.row(&id);
    row.generation = 2;
    second.engine.write(move |tx| tx.put_credential(&row)).await.unwrap();
    drop(lock);
    assert_eq!(waiting.await.unwrap().unwrap(), crate::refresh::Refreshed::Stale);
    assert_eq!(world.faults.refreshes(), 0);
    assert_eq!(world.events(&id), Vec::<&str>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn r34_a_dead_token_is_no_proof_where_a_newer_one_is_there() {
    let world = World::start(Rules { latency: Duration::from_millis(200), ..Rules::default() }).await;
    let id = world.connect().await;
    let second = world.second().await;
    world.faults.revoke_all();
    let engine = world.engine.clone();
    let key = id.clone();
    let renewing = tokio::spawn(async move { engine.refresh(&key, 1).await });
    world.until("the first answer", || world.faults.refreshes() == 1).await;
    // Somebody reconnected in the other process meanwhile.
    let (access, refresh) = world.faults.sign_in();
    let newer = crate::credential::Credential {
        access_token: Some(access.into()),
        refresh_token: Some(refresh.into()),
        client_id: Some("native".into()),
        ..Default::default()
    };
    let mut row = second.row(&id);
    row.sealed = newer.seal(second.engine.vault(), &id).unwrap();
    row.generation = 2;
    second.engine.write(move |tx| tx.put_credential(&row)).await.unwrap();
    assert_eq!(renewing.await.unwrap().unwrap(), crate::refresh::Refreshed::Stale);
    assert!(world.view(&id).connected);
    assert_eq!((world.events(&id).len(), world.shown().len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn r35_a_folder_has_one_owner() {
    let world = World::start(Rules::default()).await;
    let config = crate::EngineConfig {
        paths: crate::Paths::under(world.home.path()),
        mode: membrane_model::EngineMode::Headless,
        host: std::sync::Arc::clone(&world.host) as std::sync::Arc<dyn crate::Host>,
        wait_for_lock: Duration::ZERO,
    };
    let refused = crate::Engine::open(config).await.err().unwrap();
    assert_eq!(refused.code, ErrorCode::AlreadyRunning);
}

#[tokio::test(flavor = "multi_thread")]
async fn r47_a_copied_folder_asks_for_a_sign_in_instead_of_ending_the_original() {
    let world = World::start(Rules::default()).await;
    let id = world.connect().await;
    world.engine.shut_down().await;
    let copy = world.again(false, "another computer").await;
    // An access token harms nobody, so it is handed out as long as it lasts.
    assert!(copy.token(&id).await.is_ok());
    assert_eq!(copy.engine.refresh_now(&id).await.unwrap_err().code, ErrorCode::Disconnected);
    assert_eq!(copy.view(&id).reason, Some(DisconnectReason::OtherComputer));
    assert_eq!(world.faults.refreshes(), 0, "the original's token was used");
    assert_eq!(copy.raised().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn r47_tokens_that_stay_good_may_be_used_on_both() {
    let token = SINGLE_USE.replace("single-use", "none");
    let world = World::with(Rules { rotation: Rotation::None, ..Rules::default() }, &token).await;
    let id = world.connect().await;
    world.engine.shut_down().await;
    let copy = world.again(false, "another computer").await;
    let before = copy.row(&id).device_id;
    copy.engine.refresh_now(&id).await.unwrap();
    assert_ne!(copy.row(&id).device_id, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn r47_an_older_copy_asks_for_a_sign_in_and_only_where_its_token_is_spent() {
    for (rotation, name) in [(Rotation::Strict, "single-use"), (Rotation::None, "none")] {
        let token = SINGLE_USE.replace("single-use", name);
        let world = World::with(Rules { rotation, ..Rules::default() }, &token).await;
        let (renewed, untouched) = (world.connect().await, world.connect().await);
        let before = world.row(&renewed);
        world.engine.refresh_now(&renewed).await.unwrap();
        // A backup of that moment is put back.
        world.engine.write(move |tx| tx.put_credential(&before)).await.unwrap();
        let again = world.engine.refresh_now(&renewed).await;
        world.engine.refresh_now(&untouched).await.unwrap();
        assert_eq!(world.faults.reuses(), 0, "a spent token was sent");
        if rotation == Rotation::None {
            assert!(again.unwrap().connected, "a token that stays good harms nobody");
            continue;
        }
        assert_eq!(again.unwrap_err().code, ErrorCode::Disconnected);
        let view = world.view(&renewed);
        assert_eq!(view.reason, Some(DisconnectReason::OldCopy));
        assert!(view.health.sentence.contains("older copy of the data folder"), "{}", view.health.sentence);
        assert_eq!(world.raised().len(), 1);
        assert!(view.errors.len() == 1 && world.view(&untouched).connected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r38_a_clock_that_was_set_back_between_two_starts_takes_the_times_along() {
    let world = World::start(Rules::default()).await;
    let id = world.connect().await;
    let before = world.row(&id).expires_at.unwrap();
    world.engine.shut_down().await;
    // As if the clock had been two hours ahead when the engine ran last.
    let noted = world.engine.store().read(|tx| tx.meta("clock")).unwrap().unwrap();
    let (start, ahead) = noted.split_once(' ').unwrap();
    let earlier = format!("{start} {}", ahead.parse::<i64>().unwrap() + 7_200_000);
    world.engine.store().write(|tx| tx.set_meta("clock", &earlier)).unwrap();
    let next = world.second().await;
    let moved = before.duration_since(next.row(&id).expires_at.unwrap()).as_secs();
    assert!((7199..=7201).contains(&moved), "{moved}");
    assert!(next.row(&id).obtained_at < Timestamp::now());
}
