//! A data folder that can't be written, before and in the middle of an exchange.

use std::time::Duration;

use membrane_model::{ErrorCode, Timestamp, WarningCode};
use membrane_tests::faults::{Rotation, Rules};

use super::{SINGLE_USE, World};

#[tokio::test(flavor = "multi_thread")]
async fn r46_a_rotating_token_is_not_risked_while_nothing_can_be_written() {
    let world = World::start(Rules::default()).await;
    let id = world.connect().await;
    world.engine.store().set_read_only(true);
    let refused = world.engine.refresh_now(&id).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::StorageError);
    assert_eq!(world.faults.refreshes(), 0);
    assert!(world.faults.takes(&world.token(&id).await.unwrap().access_token));
    let view = world.view(&id);
    assert!(view.connected);
    assert_eq!(view.health.warnings[0].code, WarningCode::StorageError);
    assert_eq!(view.errors[0].data.code, ErrorCode::StorageError);
    assert!(world.engine.status().unwrap().storage_trouble_since.is_some());
    world.engine.store().set_read_only(false);
    world.until("the disk to be noticed", || world.engine.status().unwrap().storage_trouble_since.is_none()).await;
    world.engine.refresh_now(&id).await.unwrap();
    assert!(world.view(&id).health.warnings.is_empty());
    assert_eq!((world.events(&id).len(), world.shown().len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn r46_where_the_access_has_ended_it_is_renewed_and_kept_in_memory_until_the_disk_takes_it() {
    let world = World::start(Rules::default()).await;
    let id = world.connect().await;
    world.expire(&id).await;
    world.engine.store().set_read_only(true);
    let token = world.token(&id).await.unwrap();
    assert!(world.faults.takes(&token.access_token));
    assert_eq!(world.token(&id).await.unwrap(), token, "what is in memory is handed out again");
    assert_eq!(world.engine.store().read(|tx| tx.credential(&id)).unwrap().unwrap().generation, 1);
    // The next exchange goes on from what is in memory.
    world.faults.end_access();
    let mut held = world.row(&id);
    held.expires_at = Some(Timestamp::now() - Duration::from_secs(1));
    world.engine.inner().storage.hold(held, vec!["read".into()], 1);
    let next = world.token(&id).await.unwrap();
    assert!(world.faults.takes(&next.access_token) && next != token);
    assert_eq!((world.faults.refreshes(), world.faults.reuses()), (2, 0));
    world.engine.store().set_read_only(false);
    world
        .until("the disk", || world.engine.store().read(|tx| tx.credential(&id)).unwrap().unwrap().generation == 3)
        .await;
    assert_eq!(world.token(&id).await.unwrap().access_token, next.access_token);
    assert!(world.engine.store().read(|tx| tx.journal(&id)).unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn r46_a_disk_that_fills_in_the_middle_of_an_exchange_loses_nothing() {
    let world = World::start(Rules { latency: Duration::from_millis(300), ..Rules::default() }).await;
    let id = world.connect().await;
    let engine = world.engine.clone();
    let key = id.clone();
    let renewing = tokio::spawn(async move { engine.refresh_now(&key).await });
    world.until("the journal", || world.engine.store().read(|tx| tx.journal(&id)).unwrap().is_some()).await;
    world.engine.store().set_read_only(true);
    renewing.await.unwrap().unwrap();
    assert_eq!(world.row(&id).generation, 2);
    assert_eq!(world.engine.store().read(|tx| tx.credential(&id)).unwrap().unwrap().generation, 1);
    // The journal says what the disk does not know, should the process die now.
    assert!(world.engine.store().read(|tx| tx.journal(&id)).unwrap().is_some());
    world.engine.store().set_read_only(false);
    world.engine.shut_down().await;
    assert_eq!(world.engine.store().read(|tx| tx.credential(&id)).unwrap().unwrap().generation, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn r46_tokens_that_do_not_rotate_are_renewed_all_the_same() {
    let token = SINGLE_USE.replace("single-use", "none");
    let world = World::with(Rules { rotation: Rotation::None, ..Rules::default() }, &token).await;
    let id = world.connect().await;
    world.engine.store().set_read_only(true);
    world.engine.refresh_now(&id).await.unwrap();
    assert_eq!(world.row(&id).generation, 2);
}
