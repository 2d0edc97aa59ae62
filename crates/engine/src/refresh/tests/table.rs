//! The fault table, a test for each row: one refresh goes wrong, then the provider is well again.

use std::time::Duration;

use membrane_model::{DisconnectReason, ErrorCode, HealthStatus, Timestamp};
use membrane_tests::faults::{Fault, Rotation, Rules};

use super::{SINGLE_USE, World};
use crate::refresh::plan::between;

/// A fault that is weather: nobody is told, what is good is handed out, and the next try works.
async fn is_weather(fault: Fault, cause: &str) {
    let world = World::start(Rules::default()).await;
    let id = world.connect().await;
    let before = world.token(&id).await.unwrap();
    // Twice, since an answer that got lost is asked for once more at once.
    world.faults.plan([fault.clone(), fault]);
    let refused = world.engine.refresh_now(&id).await.unwrap_err();
    assert!(matches!(refused.code, ErrorCode::ProviderUnavailable | ErrorCode::Offline), "{refused:?}");
    assert!(refused.retry_after.is_some());
    let row = world.row(&id);
    assert_eq!((row.last_error.as_deref(), row.retry_attempts), (Some(cause), 1));
    let view = world.view(&id);
    assert!(view.connected && !view.disconnected && view.next_retry_timestamp.is_some());
    assert_eq!(world.token(&id).await.unwrap(), before, "what is good is handed out");
    world.faults.always(None);
    world.until("the recovery", || world.row(&id).generation == 2).await;
    let view = world.view(&id);
    assert_eq!((view.retry_attempts, view.health.status), (0, HealthStatus::Connected));
    assert!(world.faults.takes(&world.token(&id).await.unwrap().access_token));
    assert_eq!(world.events(&id), Vec::<&str>::new());
    assert_eq!(world.shown(), []);
    assert_eq!(world.faults.reuses(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn r32_503_temporarily_unavailable() {
    is_weather(Fault::error(503, "temporarily_unavailable"), "http-503").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r32_r33_a_captive_portals_page() {
    is_weather(Fault::Page(200), "web-page").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r32_r33_a_proxys_block_page() {
    is_weather(Fault::Page(403), "web-page").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r32_a_reset_before_anything_was_done() {
    is_weather(Fault::ResetBefore, "reset").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r32_silence() {
    is_weather(Fault::Hang, "timeout").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r32_json_without_tokens() {
    is_weather(Fault::Status { status: 200, retry_after: None, body: r#"{"hello":1}"# }, "not-oauth").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r32_an_error_that_says_nothing_of_the_grant() {
    is_weather(Fault::error(400, "invalid_request"), "invalid_request").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r31_429_is_left_alone_for_as_long_as_it_asks_in_seconds_or_by_date() {
    let later = httpdate(Timestamp::now() + Duration::from_secs(120));
    for (asked, least) in [("120".to_owned(), 119), (later, 110), ("100000".to_owned(), 3599)] {
        let world = World::start(Rules::default()).await;
        let id = world.connect().await;
        world.faults.plan([Fault::Status { status: 429, retry_after: Some(asked), body: "{}" }]);
        let refused = world.engine.refresh_now(&id).await.unwrap_err();
        let row = world.row(&id);
        let wait = between(Timestamp::now(), row.next_retry_at.unwrap()).as_secs();
        assert!((least..=3601).contains(&wait), "{wait}");
        assert!(refused.retry_after.is_some_and(|seconds| seconds >= least - 1));
        // Somebody who wants a token meanwhile gets the good one and asks nobody.
        assert!(world.faults.takes(&world.token(&id).await.unwrap().access_token));
        assert_eq!(world.faults.refreshes(), 1);
    }
}

fn httpdate(at: Timestamp) -> String {
    at.to_zoned_datetime(jiff::tz::TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// A fault that ends the grant: one event, one notification, and no further request.
async fn is_the_end(fault: Fault, reason: DisconnectReason, asked: usize) {
    let world = World::start(Rules::default()).await;
    let id = world.connect().await;
    world.faults.always(Some(fault));
    assert_eq!(world.engine.refresh_now(&id).await.unwrap_err().code, ErrorCode::Disconnected);
    let view = world.view(&id);
    assert!(view.disconnected && view.reason == Some(reason), "{view:?}");
    assert_eq!(view.errors.len(), 1);
    assert_eq!(world.events(&id), ["connection.disconnected"]);
    assert_eq!(world.raised().len(), 1);
    assert_eq!(world.token(&id).await.unwrap_err().code, ErrorCode::Disconnected);
    assert_eq!(world.engine.refresh_now(&id).await.unwrap_err().code, ErrorCode::Disconnected);
    assert_eq!(world.faults.refreshes(), asked, "what is dead is left alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn r32_r39_invalid_grant() {
    is_the_end(Fault::error(400, "invalid_grant"), DisconnectReason::Revoked, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r32_invalid_grant_inside_200() {
    is_the_end(Fault::error(200, "invalid_grant"), DisconnectReason::Revoked, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r32_an_app_s_own_word_for_a_dead_grant() {
    is_the_end(Fault::error(400, "bad_refresh_token"), DisconnectReason::Revoked, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r32_a_dead_grant_in_a_form() {
    let says = Fault::Says { content_type: "text/plain", body: "error=bad_refresh_token&error_description=gone" };
    let world = World::start(Rules { rotation: Rotation::None, ..Rules::default() }).await;
    let id = world.connect().await;
    world.faults.always(Some(says));
    assert_eq!(world.engine.refresh_now(&id).await.unwrap_err().code, ErrorCode::Disconnected);
    assert_eq!(world.view(&id).reason, Some(DisconnectReason::Revoked));
}

#[tokio::test(flavor = "multi_thread")]
async fn r32_consent_required() {
    is_the_end(Fault::error(400, "consent_required"), DisconnectReason::Revoked, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r32_interaction_required() {
    is_the_end(Fault::error(400, "interaction_required"), DisconnectReason::Revoked, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r32_invalid_client() {
    is_the_end(Fault::error(401, "invalid_client"), DisconnectReason::ClientInvalid, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r32_unauthorized_client() {
    is_the_end(Fault::error(400, "unauthorized_client"), DisconnectReason::ClientInvalid, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r32_an_app_s_own_word_for_a_wrong_client() {
    is_the_end(Fault::error(400, "app_disabled"), DisconnectReason::ClientInvalid, 1).await;
}

/// Faults that lose the answer after the provider did its work.
fn lost_answers() -> [Fault; 3] {
    [Fault::ResetAfter, Fault::Truncated, Fault::Drip]
}

#[tokio::test(flavor = "multi_thread")]
async fn r43_a_lost_answer_with_a_grace_window_is_got_again() {
    for rotation in [Rotation::Grace(Duration::from_secs(5)), Rotation::UntilUse] {
        for fault in lost_answers() {
            let world = World::start(Rules { rotation, ..Rules::default() }).await;
            let id = world.connect().await;
            world.faults.plan([fault.clone()]);
            world.engine.refresh_now(&id).await.unwrap();
            assert!(world.faults.takes(&world.token(&id).await.unwrap().access_token), "{fault:?}");
            assert_eq!((world.faults.refreshes(), world.faults.reuses()), (2, 0), "{fault:?}");
            assert_eq!(world.events(&id), Vec::<&str>::new());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r43_a_lost_answer_without_a_grace_window_says_exactly_why() {
    for fault in lost_answers() {
        let world = World::with(Rules::default(), SINGLE_USE).await;
        let id = world.connect().await;
        world.faults.plan([fault.clone()]);
        assert_eq!(world.engine.refresh_now(&id).await.unwrap_err().code, ErrorCode::Disconnected);
        let view = world.view(&id);
        assert_eq!(view.reason, Some(DisconnectReason::RotationLost), "{fault:?}");
        assert!(view.health.sentence.contains("the answer got lost on the way"), "{}", view.health.sentence);
        assert_eq!(world.events(&id), ["connection.disconnected"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r43_an_open_outcome_stays_open_through_other_weather() {
    let world = World::start(Rules::default()).await;
    let id = world.connect().await;
    // The answer is lost; then the provider can't say anything for a while; then it says that the token is spent.
    world.faults.plan([Fault::ResetAfter, Fault::error(503, "temporarily_unavailable")]);
    let refused = world.engine.refresh_now(&id).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::ProviderUnavailable);
    let journal = world.engine.store().read(|tx| tx.journal(&id)).unwrap();
    assert!(journal.is_some() || world.view(&id).disconnected, "the journal was closed with the outcome still open");
    world.until("the end", || world.view(&id).disconnected).await;
    assert_eq!(world.view(&id).reason, Some(DisconnectReason::RotationLost));
}

#[tokio::test(flavor = "multi_thread")]
async fn r32_a_wrong_content_type_is_read_all_the_same() {
    let world = World::start(Rules::default()).await;
    let id = world.connect().await;
    world.faults.plan([Fault::WrongType]);
    world.engine.refresh_now(&id).await.unwrap();
    assert_eq!(world.faults.refreshes(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn r33_nobody_there_and_no_name_and_a_wrong_certificate_are_weather() {
    for (url, cause) in [
        ("http://127.0.0.1:1", "connect"),
        // A plain server where TLS is expected looks like one that is intercepted: no certificate that can be trusted.
        ("TLS", "tls"),
        ("https://acme.invalid", "dns"),
    ] {
        let world = World::start(Rules::default()).await;
        let id = world.connect().await;
        let origin = if url == "TLS" { world.faults.origin().replace("http:", "https:") } else { url.to_owned() };
        let text = world
            .faults
            .app_file("acme", SINGLE_USE)
            .replace(&format!("token_url = \"{}", world.faults.origin()), &format!("token_url = \"{origin}"));
        world.engine.add_app("acme.toml", &text).unwrap();
        assert!(world.engine.refresh_now(&id).await.is_err());
        let row = world.row(&id);
        assert_eq!(row.last_error.as_deref(), Some(cause), "{url}");
        assert!(world.view(&id).connected);
        assert!(world.engine.store().read(|tx| tx.journal(&id)).unwrap().is_none(), "nothing was sent");
        assert_eq!((world.events(&id).len(), world.shown().len()), (0, 0));
    }
}
