//! Use finds the truth: what apps say of keys and tokens, and what is made of it (R-100, R-101).

use std::time::Duration;

use membrane_model::{DisconnectReason, ErrorCode, Timestamp, WarningCode};
use membrane_tests::faults::{Rotation, Rules};

use super::{Shown, World};
use crate::Check;

#[tokio::test(flavor = "multi_thread")]
async fn r100_a_key_is_called_dead_at_the_second_refusal_a_minute_later() {
    let world = World::start(Rules::default()).await;
    let id = world.connect_key("key-bad").await;
    assert_eq!(world.engine.test(&id).await.unwrap(), Check::Rejected(401));
    let view = world.view(&id);
    assert!(view.connected && view.health.warnings[0].code == WarningCode::Refused, "{view:?}");
    assert_eq!(world.engine.test(&id).await.unwrap(), Check::Rejected(401));
    assert!(world.view(&id).connected, "too soon to be believed");
    let again = world.row(&id).next_check_at.unwrap().duration_since(Timestamp::now()).as_secs();
    assert!((60..=66).contains(&again), "{again}");
    // A minute passes; the second look comes by itself.
    world
        .change(&id, |row| {
            row.rejected_at = Some(Timestamp::now() - Duration::from_secs(61));
            row.next_check_at = Some(Timestamp::now());
        })
        .await;
    world.until("the end", || world.view(&id).disconnected).await;
    assert_eq!(world.view(&id).reason, Some(DisconnectReason::KeyRejected));
    assert_eq!(world.events(&id), ["connection.disconnected"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn r100_only_the_apps_own_refusal_counts() {
    for answer in [
        (403, "application/json", r#"{"error":"forbidden"}"#),
        (500, "application/json", "{}"),
        (401, "text/html", "<html>Sign in to the network</html>"),
        (200, "text/html", "<html>Welcome to the hotel</html>"),
    ] {
        let world = World::start(Rules::default()).await;
        let id = world.connect_key("key-good").await;
        world.change(&id, |row| row.rejected_at = Some(Timestamp::now() - Duration::from_secs(600))).await;
        world.faults.api_answers(Some(answer));
        let found = world.engine.test(&id).await.unwrap();
        assert!(!matches!(found, Check::Rejected(_)), "{answer:?}: {found:?}");
        assert!(world.view(&id).connected, "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r100_a_key_that_works_again_is_as_good_as_new() {
    let world = World::start(Rules::default()).await;
    let id = world.connect_key("key-good").await;
    world.change(&id, |row| row.rejected_at = Some(Timestamp::now() - Duration::from_secs(600))).await;
    assert_eq!(world.engine.test(&id).await.unwrap(), Check::Works);
    let row = world.row(&id);
    assert_eq!(row.rejected_at, None);
    let next = row.next_check_at.unwrap().duration_since(Timestamp::now()).as_hours();
    assert!((21..=27).contains(&next), "{next}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_access_token_is_renewed_before_anything_is_called_dead() {
    let world = World::start(Rules::default()).await;
    let id = world.connect().await;
    world.faults.end_access();
    assert_eq!(world.engine.test(&id).await.unwrap(), Check::Works);
    assert_eq!(world.faults.refreshes(), 1);
    assert!(world.row(&id).rejected_at.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_renews_once_and_then_asks_the_app_itself() {
    let world = World::start(Rules::default()).await;
    let id = world.connect().await;
    world.faults.end_access();
    let report = world.engine.report_refused(&id).await.unwrap();
    assert!(report.retry && report.connection.connected);
    assert!(world.faults.takes(&world.token(&id).await.unwrap().access_token));
    // Another word right after it: the token is fresh, and the app takes it.
    let report = world.engine.report_refused(&id).await.unwrap();
    assert!(report.retry);
    assert_eq!(world.faults.refreshes(), 1, "a word is no reason to hammer the provider");
    // The app itself refuses the fresh token: a doubt, and a disconnect when it still does later.
    world.faults.api_answers(Some((401, "application/json", "{}")));
    assert!(!world.engine.report_refused(&id).await.unwrap().retry);
    assert!(world.view(&id).connected);
    let past = Timestamp::now() - Duration::from_secs(61);
    world.change(&id, |row| (row.rejected_at, row.next_check_at) = (Some(past), None)).await;
    let report = world.engine.report_refused(&id).await.unwrap();
    assert!(!report.retry && report.connection.disconnected);
    assert_eq!(report.connection.reason, Some(DisconnectReason::Revoked));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_of_a_dead_grant_is_the_end() {
    let world = World::start(Rules::default()).await;
    let id = world.connect().await;
    world.faults.revoke_all();
    let report = world.engine.report_refused(&id).await.unwrap();
    assert!(!report.retry && report.connection.disconnected);
    assert_eq!(world.engine.report_refused(&id).await.unwrap_err().code, ErrorCode::Disconnected);
}

#[tokio::test(flavor = "multi_thread")]
async fn r101_a_known_end_is_announced_a_week_and_a_day_before_and_withdrawn_when_it_moves() {
    let world = World::start(Rules::default()).await;
    let id = world.connect_key("key-good").await;
    let soon = Timestamp::now() + Duration::from_secs(5 * 86_400);
    world.engine.set_end(&id, Some(soon)).await.unwrap();
    // It was known for longer than a week, so this is worth a word now.
    world.change(&id, |row| row.obtained_at = Timestamp::now() - Duration::from_secs(30 * 86_400)).await;
    world.until("the word", || world.raised().len() == 1).await;
    assert!(world.raised()[0].title.starts_with("Acme CRM runs out on "));
    assert_eq!(world.view(&id).health.warnings[0].code, WarningCode::ExpiresSoon);
    // A day before, once more; in the place of the first.
    world.change(&id, |row| row.expires_at = Some(Timestamp::now() + Duration::from_secs(86_000))).await;
    world.until("the last word", || world.raised().len() == 2).await;
    assert_eq!(world.raised()[1].id, world.raised()[0].id);
    world.engine.inner().wake.notify_one();
    world.engine.set_end(&id, Some(soon + Duration::from_secs(300 * 86_400))).await.unwrap();
    assert_eq!(world.raised().len(), 2);
    assert!(world.shown().contains(&Shown::Withdrawn(format!("end:{id}"))));
    assert!(world.view(&id).health.warnings.is_empty());
    let past = world.engine.set_end(&id, Some(Timestamp::now() - Duration::from_secs(1))).await.unwrap_err();
    assert_eq!(past.code, ErrorCode::BadRequest);
    let renewing = world.connect().await;
    assert_eq!(world.engine.set_end(&renewing, None).await.unwrap_err().code, ErrorCode::BadRequest);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_is_believed_only_where_the_app_agrees() {
    let world = World::start(Rules::default()).await;
    let (access, _) = world.faults.sign_in();
    let past = Timestamp::now() - Duration::from_secs(1);
    // By the clock it is over; the app says that it isn't: a wrong clock ends nothing.
    let good = world.add("oauth", &access, None, past).await;
    world.engine.inner().wake.notify_one();
    world.until("the app's word", || world.row(&good).expires_at.is_some_and(|end| end > Timestamp::now())).await;
    assert!(world.view(&good).connected);
    let dead = world.add("oauth", "pass-of-yesterday", None, past).await;
    world.engine.inner().wake.notify_one();
    world.until("the end", || world.view(&dead).disconnected).await;
    assert_eq!(world.view(&dead).reason, Some(DisconnectReason::Expired));
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_tokens_that_die_of_disuse_are_kept_alive() {
    let token = r#"rotation = "none", refresh_idle_days = 60"#;
    let world = World::with(Rules { rotation: Rotation::None, ..Rules::default() }, token).await;
    let id = world.connect().await;
    world.faults.plan([membrane_tests::faults::Fault::Says {
        content_type: "application/json",
        body: r#"{"access_token":"ACCESS"}"#,
    }]);
    world.engine.refresh_now(&id).await.unwrap();
    let row = world.row(&id);
    assert_eq!(row.expires_at, None);
    let next = row.next_refresh_at.unwrap().duration_since(Timestamp::now()).as_hours() / 24;
    assert!((6..=7).contains(&next), "{next}");
    // The week is over.
    world.change(&id, |row| row.next_refresh_at = Some(Timestamp::now())).await;
    world.until("the sign of life", || world.faults.refreshes() == 2).await;
}
