//! The outbox on disk: lanes, counts, history.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use membrane_model::{
    ConnectionId, Delivery, DeliveryId, DeliveryState, EventId, EventKind, TenantId, Timestamp, WebhookId, WebhookOff,
};
use membrane_store::{Store, StoreError, WebhookRow};
use membrane_vault::Sealed;
use tempfile::TempDir;

fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("data")).unwrap();
    (folder, store)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + seconds).unwrap()
}

fn webhook(events: &[EventKind], tenant: Option<&str>) -> WebhookRow {
    WebhookRow {
        id: WebhookId::generate(),
        url: "https://example.com/".into(),
        events: events.to_vec(),
        tenant: tenant.map(|id| id.parse().unwrap()),
        allow_local: false,
        include_account: false,
        off: None,
        secret: Sealed { key_id: "k".into(), bytes: vec![1, 2, 3] },
        previous: Some((Sealed { key_id: "j".into(), bytes: vec![4] }, at(60))),
        created_at: at(0),
        updated_at: at(0),
    }
}

fn delivery(webhook: &WebhookId, connection: &str, due: i64) -> Delivery {
    Delivery {
        id: DeliveryId::generate(),
        webhook_id: webhook.clone(),
        event_id: EventId::generate(),
        kind: EventKind::Created,
        connection_id: connection.parse::<ConnectionId>().unwrap(),
        state: DeliveryState::Waiting,
        attempts: 0,
        next_attempt_at: Some(at(due)),
        last_status: None,
        last_error: None,
        payload: "{}".into(),
        created_at: at(0),
        finished_at: None,
    }
}

fn ended(mut delivery: Delivery, state: DeliveryState, when: i64) -> Delivery {
    delivery.state = state;
    delivery.next_attempt_at = None;
    delivery.finished_at = Some(at(when));
    delivery.last_status = Some(503);
    delivery.last_error = Some("it answered 503".into());
    delivery
}

#[test]
fn a_webhook_reads_back_and_hears_of_what_it_wants_to() {
    let (_folder, store) = store();
    let all = webhook(&EventKind::ALL, None);
    let some = webhook(&[EventKind::Deleted], Some("ten_1"));
    let mut off = webhook(&EventKind::ALL, None);
    off.off = Some(WebhookOff::Gone);
    store.write(|tx| [&all, &some, &off].into_iter().try_for_each(|row| tx.insert_webhook(row))).unwrap();
    assert_eq!(store.read(|tx| tx.webhook(&some.id)).unwrap().as_ref(), Some(&some));
    let of = |tenant: &str, kind| {
        let tenant = tenant.parse::<TenantId>().unwrap();
        store.read(|tx| tx.webhooks_for(&tenant, kind)).unwrap().into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(of("ten_1", EventKind::Deleted), [all.id.clone(), some.id.clone()]);
    assert_eq!(of("ten_1", EventKind::Created), std::slice::from_ref(&all.id));
    assert_eq!(of("ten_2", EventKind::Deleted), std::slice::from_ref(&all.id));
    let unknown = webhook(&[], None);
    assert!(matches!(store.write(|tx| tx.update_webhook(&unknown)), Err(StoreError::NotFound)));
    store.write(|tx| tx.forget_secrets()).unwrap();
    let lost = store.read(|tx| tx.webhook(&all.id)).unwrap().unwrap();
    assert_eq!((lost.off, lost.previous), (Some(WebhookOff::SecretLost), None));
}

#[test]
fn r81_only_the_oldest_of_a_lane_is_due() {
    let (_folder, store) = store();
    let (one, two) = (webhook(&EventKind::ALL, None), webhook(&EventKind::ALL, None));
    let first = delivery(&one.id, "con_a", 9);
    let second = delivery(&one.id, "con_a", 1);
    let other_connection = delivery(&one.id, "con_b", 5);
    let other_webhook = delivery(&two.id, "con_a", 7);
    store
        .write(|tx| {
            tx.insert_webhook(&one)?;
            tx.insert_webhook(&two)?;
            [&first, &second, &other_connection, &other_webhook].into_iter().try_for_each(|d| tx.insert_delivery(d))
        })
        .unwrap();
    let heads = || store.read(|tx| tx.delivery_heads(10)).unwrap().into_iter().map(|d| d.id).collect::<Vec<_>>();
    assert_eq!(heads(), [other_connection.id.clone(), other_webhook.id.clone(), first.id.clone()]);
    store.write(|tx| tx.update_delivery(&ended(first.clone(), DeliveryState::Dead, 10))).unwrap();
    assert_eq!(heads(), [second.id.clone(), other_connection.id, other_webhook.id]);
    // Delivered again by hand, it goes before what came after it.
    store.write(|tx| tx.update_delivery(&first)).unwrap();
    assert!(!heads().contains(&second.id) && heads().contains(&first.id));
}

#[test]
fn the_history_is_counted_listed_and_forgotten() {
    let (_folder, store) = store();
    let hook = webhook(&EventKind::ALL, None);
    let all: Vec<Delivery> = (0..4).map(|n| delivery(&hook.id, "con_a", n)).collect();
    let delivered = ended(all[1].clone(), DeliveryState::Delivered, 50);
    let dead = ended(all[2].clone(), DeliveryState::Dead, 90);
    store
        .write(|tx| {
            tx.insert_webhook(&hook)?;
            all.iter().try_for_each(|d| tx.insert_delivery(d))?;
            tx.update_delivery(&delivered)?;
            tx.update_delivery(&dead)
        })
        .unwrap();
    assert_eq!(store.read(|tx| tx.delivery(&dead.id)).unwrap(), Some(dead.clone()));
    assert_eq!(store.read(|tx| tx.delivery_counts(&hook.id)).unwrap(), (2, 1));
    let page = |state, limit, before: Option<&DeliveryId>| {
        let found = store.read(|tx| tx.deliveries(&hook.id, state, limit, before)).unwrap();
        found.into_iter().map(|d| d.id).collect::<Vec<_>>()
    };
    assert_eq!(page(None, 2, None), [all[3].id.clone(), all[2].id.clone()]);
    assert_eq!(page(None, 2, Some(&all[2].id)), [all[1].id.clone(), all[0].id.clone()]);
    assert_eq!(page(Some(DeliveryState::Dead), 9, None), std::slice::from_ref(&dead.id));
    let since = |when| store.read(|tx| tx.delivered_since(&hook.id, at(when))).unwrap();
    assert!(since(50) && !since(51));
    assert_eq!(store.write(|tx| tx.forget_deliveries(at(60))).unwrap(), 1);
    store.write(|tx| tx.give_up_deliveries(&hook.id, "the webhook is off", at(99))).unwrap();
    assert_eq!(store.read(|tx| tx.delivery_counts(&hook.id)).unwrap(), (0, 3));
    store.write(|tx| tx.delete_webhook(&hook.id)).unwrap();
    assert_eq!(store.read(|tx| tx.delivery(&dead.id)).unwrap(), None);
}

#[test]
fn a_webhook_fails_since_the_oldest_event_that_nobody_took_after_the_last_success() {
    let (_folder, store) = store();
    let one = webhook(&EventKind::ALL, None);
    store.write(|tx| tx.insert_webhook(&one)).unwrap();
    let since = || store.read(|tx| tx.failing_since(&one.id)).unwrap();
    assert_eq!(since(), None);
    let tried = |connection, happened, attempts| {
        let made = delivery(&one.id, connection, 900);
        Delivery { attempts, created_at: at(happened), ..made }
    };
    // What was not tried yet says nothing.
    let fresh = tried("con_1", 1, 0);
    store.write(|tx| tx.insert_delivery(&fresh)).unwrap();
    assert_eq!(since(), None);
    let (early, late) = (tried("con_2", 2, 3), ended(tried("con_3", 3, 10), DeliveryState::Dead, 8));
    store.write(|tx| [&early, &late].into_iter().try_for_each(|row| tx.insert_delivery(row))).unwrap();
    assert_eq!(since(), Some(at(2)));
    let taken = ended(tried("con_4", 4, 1), DeliveryState::Delivered, 5);
    store.write(|tx| tx.insert_delivery(&taken)).unwrap();
    assert_eq!(since(), None);
    let again = tried("con_5", 6, 1);
    store.write(|tx| tx.insert_delivery(&again)).unwrap();
    assert_eq!(since(), Some(at(6)));
}
