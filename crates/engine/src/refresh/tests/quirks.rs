//! What providers' token replies look like in the field, each read as it is meant.

use std::time::Duration;

use membrane_model::Timestamp;
use membrane_tests::faults::{Fault, QUIRKS, Rotation, Rules};
use secrecy::ExposeSecret;

use super::World;
use crate::refresh::plan::between;

#[tokio::test(flavor = "multi_thread")]
async fn r23_r32_every_odd_reply_renews_with_the_lifetime_that_it_means() {
    for (what, content_type, body, lasts) in QUIRKS {
        let world = World::start(Rules::default()).await;
        let id = world.connect().await;
        let before = world.credential(&id);
        world.faults.plan([Fault::Says { content_type, body }]);
        world.engine.refresh_now(&id).await.unwrap_or_else(|fault| panic!("{what}: {fault:?}"));
        let (row, after) = (world.row(&id), world.credential(&id));
        let left = row.expires_at.map(|end| between(Timestamp::now(), end).as_secs());
        let expected = lasts.map(|seconds| seconds - 2..=seconds);
        assert!(left.zip(expected).is_some_and(|(left, range)| range.contains(&left)), "{what}: {left:?}");
        let differs = |a: &Option<secrecy::SecretString>, b: &Option<secrecy::SecretString>| {
            a.as_ref().map(ExposeSecret::expose_secret) != b.as_ref().map(ExposeSecret::expose_secret)
        };
        assert!(differs(&before.access_token, &after.access_token), "{what}: the access token is the old one");
        assert!(differs(&before.refresh_token, &after.refresh_token), "{what}: the refresh token is the old one");
        assert!(row.next_refresh_at.is_some(), "{what}");
        // The pair that was read is good for the next time.
        world.engine.refresh_now(&id).await.unwrap_or_else(|fault| panic!("{what}, once more: {fault:?}"));
        assert_eq!(world.faults.reuses(), 0, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r45_a_reply_without_a_refresh_token_keeps_the_old_one() {
    for body in [
        r#"{"access_token":"ACCESS","expires_in":3600}"#,
        r#"{"access_token":"ACCESS","expires_in":3600,"refresh_token":""}"#,
        r#"{"access_token":"ACCESS","expires_in":3600,"refresh_token":null}"#,
    ] {
        let world = World::start(Rules { rotation: Rotation::None, ..Rules::default() }).await;
        let id = world.connect().await;
        let before = world.credential(&id).refresh_token.unwrap();
        world.faults.plan([Fault::Says { content_type: "application/json", body }]);
        world.engine.refresh_now(&id).await.unwrap();
        assert_eq!(world.credential(&id).refresh_token.unwrap().expose_secret(), before.expose_secret(), "{body}");
        assert!(world.row(&id).previous.is_none(), "nothing was replaced, so nothing is kept");
        assert!(world.row(&id).has_refresh);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r38_a_server_with_another_clock_is_noticed_and_does_no_harm() {
    for (error, expected) in [(Some(7200), Some(true)), (Some(-7200), Some(false)), (Some(30), None), (None, None)] {
        let world = World::start(Rules { clock_error: error, ..Rules::default() }).await;
        let id = world.connect().await;
        world.engine.refresh_now(&id).await.unwrap();
        let view = world.view(&id);
        let told = view.health.warnings.iter().find(|one| one.code == membrane_model::WarningCode::ClockSkew);
        assert_eq!(told.map(|one| one.text.contains("behind")), expected, "{error:?}");
        assert_eq!(world.engine.status().unwrap().clock_skew_seconds.map(i64::is_positive), expected);
        // The token lasts as long as it was given for, by our own clock.
        let left = between(Timestamp::now(), world.row(&id).expires_at.unwrap());
        assert!(left > Duration::from_secs(3590) && left <= Duration::from_secs(3600));
        assert!(view.errors.is_empty());
    }
}
