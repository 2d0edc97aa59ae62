//! What the person is told, and what is told to providers on their behalf.

use std::time::Duration;

use membrane_model::{ErrorCode, Timestamp};
use membrane_store::StoreError;
use membrane_tests::faults::{Fault, Rules};

use super::{Shown, World};
use crate::connection::apply;
use crate::connection::transition::{ConnectionEvent, transition};

impl World {
    /// Signs in again, as a connect session does at its end.
    async fn reconnect(&self, id: &membrane_model::ConnectionId) {
        let key = id.clone();
        let (connection, step, written) = self
            .engine
            .write(move |tx| {
                let mut connection = tx.connection(&key)?.ok_or(StoreError::NotFound)?;
                let now = Timestamp::now();
                let step =
                    transition(&connection.state, &ConnectionEvent::SignedIn, now).ok_or(StoreError::NotFound)?;
                let written = apply(tx, &mut connection, &step, now)?;
                Ok((connection, step, written))
            })
            .await
            .unwrap();
        self.engine.after(&connection, &step, written);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r39_r84_several_at_once_are_one_notification_that_goes_with_the_last() {
    let world = World::start(Rules::default()).await;
    let ids = [world.connect().await, world.connect().await, world.connect().await];
    world.faults.revoke_all();
    for id in &ids {
        assert_eq!(world.engine.refresh_now(id).await.unwrap_err().code, ErrorCode::Disconnected);
        assert_eq!(world.events(id), ["connection.disconnected"]);
    }
    let raised = world.raised();
    assert_eq!(raised.len(), 3);
    assert!(raised.iter().all(|one| one.id == raised[0].id), "three notifications instead of one that grows");
    assert_eq!(raised[0].title, "Acme CRM needs you");
    assert_eq!(raised[2].title, "3 connections need you");
    for id in &ids {
        world.reconnect(id).await;
        assert_eq!(world.events(id), ["connection.disconnected", "connection.reconnected"]);
    }
    let last = world.shown().into_iter().rev().find(|one| *one == Shown::Withdrawn(raised[0].id.clone()));
    assert!(last.is_some(), "{:?}", world.shown());
}

#[tokio::test(flavor = "multi_thread")]
async fn r39_an_outage_is_a_warning_with_its_cause_and_never_a_disconnect() {
    let world = World::start(Rules::default()).await;
    let id = world.connect().await;
    world.faults.always(Some(Fault::error(503, "temporarily_unavailable")));
    world.engine.refresh_now(&id).await.unwrap_err();
    assert!(world.view(&id).health.warnings.is_empty(), "most outages are over before anyone looks");
    world.change(&id, |row| row.failing_since = Some(Timestamp::now() - Duration::from_secs(60))).await;
    let view = world.view(&id);
    assert_eq!(view.health.label, "Retrying");
    assert!(view.retry_attempts > 0 && view.next_retry_timestamp.is_some());
    assert_eq!(view.errors.len(), 1);
    assert!(view.next_credentials_refresh_at.is_some());
    assert_eq!((world.events(&id).len(), world.shown().len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn r84_a_long_outage_is_told_once_where_a_tool_used_the_connection_and_withdrawn_when_it_ends() {
    let world = World::start(Rules::default()).await;
    let (used, unused) = (world.connect().await, world.connect().await);
    world.faults.always(Some(Fault::error(503, "temporarily_unavailable")));
    let minutes = |count: u64| Some(Timestamp::now() - Duration::from_secs(60 * count));
    let key = used.clone();
    let in_use = move |tx: &membrane_store::Tx<'_>| {
        let mut connection = tx.connection(&key)?.ok_or(StoreError::NotFound)?;
        connection.last_used_at = Some(Timestamp::now() - Duration::from_secs(30 * 60));
        tx.update_connection(&connection)
    };
    world.engine.write(in_use).await.unwrap();
    for (id, long) in [(&used, 9), (&unused, 11), (&used, 11), (&used, 12)] {
        world.change(id, |row| row.failing_since = minutes(long)).await;
        world.engine.refresh_now(id).await.unwrap_err();
        assert_eq!(world.raised().len(), usize::from(id == &used && long > 10), "{long} minutes");
    }
    let told = &world.raised()[0];
    assert_eq!(told.title, "Acme CRM isn’t answering");
    assert_eq!((told.action.as_deref(), told.screen.path()), (None, format!("/connections/{used}")));
    world.faults.always(None);
    world.engine.refresh_now(&used).await.unwrap();
    assert!(world.shown().contains(&Shown::Withdrawn(told.id.clone())), "{:?}", world.shown());
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_a_revocation_that_fails_is_tried_again_later() {
    let world = World::start(Rules::default()).await;
    let id = world.connect().await;
    let refresh = secrecy::ExposeSecret::expose_secret(&world.credential(&id).refresh_token.unwrap()).to_owned();
    world.faults.revocation_answers(Some(503));
    world.engine.archive(&id).await.unwrap();
    assert!(world.engine.credential_row_of(&id).unwrap().is_none(), "here it is gone at once");
    let waiting = || world.engine.store().read(|tx| tx.revocations(Timestamp::MAX, 9)).unwrap();
    world.until("the first try", || waiting().first().is_some_and(|row| row.attempts == 1)).await;
    world.faults.until("the first try", |log| log.iter().any(|entry| entry.route == "revoke")).unwrap();
    assert!(world.faults.would_refresh(&refresh));
    // Later the provider is well again.
    world.faults.revocation_answers(None);
    world.until("the wait", || waiting().first().is_some_and(put_off)).await;
    world
        .until("the rest of it", || {
            let Some(mut row) = waiting().pop() else { return true };
            row.next_at = Timestamp::now();
            world.engine.store().write(|tx| tx.put_revocation(&row)).unwrap();
            world.engine.inner().wake.notify_one();
            std::thread::sleep(Duration::from_millis(100));
            waiting().is_empty()
        })
        .await;
    assert!(!world.faults.would_refresh(&refresh));
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_an_unknown_token_counts_as_revoked_and_an_endless_failure_is_given_up() {
    let world = World::start(Rules::default()).await;
    let id = world.connect().await;
    world.faults.revocation_answers(Some(400));
    world.engine.archive(&id).await.unwrap();
    let waiting = || world.engine.store().read(|tx| tx.revocations(Timestamp::MAX, 9)).unwrap();
    // A 400 without an OAuth error may be the weather; after three days it is given up.
    world.until("the first try", || waiting().first().is_some_and(|row| row.attempts == 1)).await;
    world.until("the wait", || waiting().first().is_some_and(put_off)).await;
    let mut row = waiting().pop().unwrap();
    row.created_at = Timestamp::now() - Duration::from_secs(4 * 86_400);
    row.next_at = Timestamp::now();
    world.engine.store().write(|tx| tx.put_revocation(&row)).unwrap();
    world.engine.inner().wake.notify_one();
    world.until("the end of trying", || waiting().is_empty()).await;
}

/// Tells a revocation that waits for its next try from one that is under way, which nobody else touches for longer.
fn put_off(row: &membrane_store::RevocationRow) -> bool {
    row.attempts == 1 && row.next_at < Timestamp::now() + Duration::from_secs(80) && row.next_at > Timestamp::now()
}
