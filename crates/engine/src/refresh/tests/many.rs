//! Many connections and many callers.

use std::time::{Duration, Instant};

use membrane_model::{Network, Timestamp};
use membrane_tests::faults::{Fault, Rules};

use super::World;

#[tokio::test(flavor = "multi_thread")]
async fn r35_a_hundred_callers_are_one_request() {
    let world = World::start(Rules { latency: Duration::from_millis(100), ..Rules::default() }).await;
    let id = world.connect().await;
    world.expire(&id).await;
    let asked: Vec<_> = (0..100)
        .map(|_| {
            let (engine, id) = (world.engine.clone(), id.clone());
            tokio::spawn(async move { engine.token(&crate::Caller::Console, &id, Duration::from_secs(60)).await })
        })
        .collect();
    let mut tokens = Vec::new();
    for one in asked {
        tokens.push(one.await.unwrap().unwrap().access_token);
    }
    tokens.dedup();
    assert_eq!((tokens.len(), world.faults.refreshes()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn r31_all_due_at_once_are_renewed_once_each_and_few_at_a_time() {
    let rules = Rules { latency: Duration::from_millis(5), places: Some(8), ..Rules::default() };
    let world = World::start(rules).await;
    let mut ids = Vec::new();
    for _ in 0..200 {
        ids.push(world.connect().await);
    }
    let now = Timestamp::now();
    let due = ids.clone();
    world
        .engine
        .write(move |tx| {
            for id in &due {
                let mut row = tx.credential(id)?.ok_or(membrane_store::StoreError::NotFound)?;
                row.next_refresh_at = Some(now);
                tx.put_credential(&row)?;
            }
            Ok(())
        })
        .await
        .unwrap();
    world.engine.inner().wake.notify_one();
    world.until("all of them", || ids.iter().all(|id| world.row(id).generation == 2)).await;
    assert_eq!((world.faults.refreshes(), world.faults.reuses()), (200, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn r31_a_provider_that_is_down_is_not_stormed() {
    let world = World::start(Rules::default()).await;
    world.faults.always(Some(Fault::error(503, "temporarily_unavailable")));
    let mut ids = Vec::new();
    for _ in 0..60 {
        ids.push(world.connect().await);
    }
    for id in &ids {
        world.change(id, |row| row.next_refresh_at = Some(Timestamp::now())).await;
    }
    let started = Instant::now();
    world.until("the first failures", || world.faults.refreshes() >= 3).await;
    world.until("a moment", || started.elapsed() > Duration::from_secs(3)).await;
    assert!(world.faults.refreshes() < 60, "{} requests to a provider that is down", world.faults.refreshes());
    world.faults.always(None);
    assert!(ids.iter().all(|id| world.view(id).connected));
}

#[tokio::test(flavor = "multi_thread")]
async fn r33_without_a_network_nothing_is_tried_and_with_it_all_at_once() {
    let world = World::start(Rules::default()).await;
    world.engine.weather().say(Network::Down);
    let id = world.connect().await;
    world.change(&id, |row| row.next_refresh_at = Some(Timestamp::now() - Duration::from_secs(40))).await;
    world.until("the warning", || !world.view(&id).health.warnings.is_empty()).await;
    assert_eq!(world.faults.refreshes(), 0);
    let view = world.view(&id);
    assert!(view.connected && view.health.sentence.starts_with("This computer is offline"), "{}", view.health.sentence);
    // Whoever needs a token now is served all the same.
    assert!(world.token(&id).await.is_ok());
    world.engine.weather().say(Network::Up);
    world.until("the renewal", || world.row(&id).generation == 2).await;
    assert_eq!((world.events(&id).len(), world.shown().len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schedule_renews_ahead_of_the_end_by_itself() {
    let world = World::start(Rules { access_ttl: Duration::from_secs(2), ..Rules::default() }).await;
    let id = world.connect().await;
    world.change(&id, |row| row.next_refresh_at = Some(Timestamp::now())).await;
    world.until("three renewals", || world.row(&id).generation >= 4).await;
    assert_eq!(world.faults.reuses(), 0);
    assert!(world.view(&id).next_credentials_refresh_at.is_some());
}
