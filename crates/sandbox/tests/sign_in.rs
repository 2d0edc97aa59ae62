//! Signing in: by code with PKCE, by device code, with a client's own secret; refreshing and giving back.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{BACK, Tokens, VERIFIER, basic, query, start, start_at};
use membrane_sandbox::{DESKTOP_CLIENT_ID, SERVICE_CLIENT_ID, SERVICE_CLIENT_SECRET};

#[tokio::test]
async fn r01_a_person_allows_and_the_app_gets_in() {
    let sandbox = start().await;
    let page = sandbox.ask(&[]).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Ada Winter") && page.text.contains("Ben Summer") && page.text.contains("Don’t allow"));
    let form = [("ticket", page.ticket()), ("person", "ben".to_owned()), ("answer", "allow".to_owned())];
    let form: Vec<(&str, &str)> = form.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let back = sandbox.post("/authorize", &form).await.location();
    assert!(back.as_str().starts_with(&format!("{BACK}?")));
    assert_eq!(query(&back, "state").as_deref(), Some("the-state"));
    assert_eq!(query(&back, "iss"), Some(sandbox.origin.clone()), "RFC 9207");

    let reply = sandbox.exchange(&query(&back, "code").unwrap(), VERIFIER).await;
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!((reply.json()["expires_in"].as_u64(), reply.json()["token_type"].as_str()), (Some(900), Some("Bearer")));
    let me = sandbox.api("/api/me", &Tokens::from(&reply).access).await;
    assert_eq!((me.status, me.json()["id"].as_str()), (200, Some("ben")));

    assert_eq!(sandbox.post("/authorize", &form).await.status, 400, "the form works once");
}

#[tokio::test]
async fn both_of_the_apps_own_addresses_are_taken() {
    let sandbox = start().await;
    for back in ["dev.membrane.desktop:/oauth/callback", "dev.membrane.desktop:/oauth/callback/membrane-sandbox"] {
        let ticket = sandbox.ask(&[("redirect_uri", back)]).await.ticket();
        let form = [("ticket", ticket.as_str()), ("person", "ada"), ("answer", "allow")];
        let location = sandbox.post("/authorize", &form).await.location();
        assert!(location.as_str().starts_with(&format!("{back}?code=")), "{location}");
    }
}

#[tokio::test]
async fn a_person_says_no() {
    let sandbox = start().await;
    let ticket = sandbox.ask(&[]).await.ticket();
    let form = [("ticket", ticket.as_str()), ("person", "ada"), ("answer", "deny")];
    let back = sandbox.post("/authorize", &form).await.location();
    assert_eq!(query(&back, "error").as_deref(), Some("access_denied"));
    assert_eq!(query(&back, "iss"), Some(sandbox.origin.clone()));
    assert_eq!(query(&back, "code"), None);
}

#[tokio::test]
async fn what_is_wrong_with_the_request_goes_back_to_the_app() {
    let sandbox = start().await;
    for (extra, code) in [
        (("code_challenge_method", "plain"), "invalid_request"),
        (("code_challenge", ""), "invalid_request"),
        (("response_type", "token"), "unsupported_response_type"),
        (("scope", "admin"), "invalid_scope"),
    ] {
        let back = sandbox.ask(&[extra]).await.location();
        assert_eq!(query(&back, "error").as_deref(), Some(code), "{extra:?}");
        assert_eq!(query(&back, "state").as_deref(), Some("the-state"));
    }
}

#[tokio::test]
async fn a_request_that_leads_elsewhere_leads_nowhere() {
    let sandbox = start().await;
    for extra in [
        ("redirect_uri", "https://evil.example/oauth-callback"),
        ("redirect_uri", "http://localhost:51234/oauth-callback"),
        ("redirect_uri", ""),
        ("client_id", "<script>alert(1)</script>"),
    ] {
        let page = sandbox.ask(&[extra]).await;
        assert_eq!(page.status, 400, "{extra:?}");
        assert!(!page.headers.contains_key("location") && !page.text.contains("<script"));
    }
    assert_eq!(sandbox.get("/authorize?client_id=a&client_id=b").await.status, 400);
}

#[tokio::test]
async fn pages_have_no_scripts_and_let_nobody_frame_them() {
    let sandbox = start().await;
    for page in [sandbox.ask(&[("state", "\"><script>alert(1)</script>")]).await, sandbox.get("/keys").await] {
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!page.text.contains("<script"));
        assert_eq!(page.header("cache-control"), "no-store");
    }
    assert!(sandbox.get("/style.css").await.text.contains("prefers-color-scheme: dark"));
}

#[tokio::test]
async fn r01_a_code_is_refused_without_its_verifier_and_works_once() {
    let sandbox = start().await;
    let code = sandbox.code("ada", "profile").await;
    sandbox.exchange(&code, &VERIFIER.replace('a', "b")).await.is_error(400, "invalid_grant");
    let tokens = Tokens::from(&sandbox.exchange(&code, VERIFIER).await);
    sandbox.exchange(&code, VERIFIER).await.is_error(400, "invalid_grant");
    let reply = sandbox.api("/api/me", &tokens.access).await;
    assert_eq!(reply.status, 401, "a code that comes twice ends the sign-in");
    assert!(reply.header("www-authenticate").contains("invalid_token"));
}

#[tokio::test]
async fn a_refresh_token_turns_and_its_old_one_betrays_a_thief() {
    let sandbox = start().await;
    let first = sandbox.sign_in("ada").await;
    let second = Tokens::from(&sandbox.refresh(&first.refresh).await);
    let third = Tokens::from(&sandbox.refresh(&second.refresh).await);
    assert!(first.refresh != second.refresh && second.refresh != third.refresh);
    assert_eq!(sandbox.api("/api/me", &third.access).await.status, 200);
    sandbox.refresh(&first.refresh).await.is_error(400, "invalid_grant");
    sandbox.refresh(&third.refresh).await.is_error(400, "invalid_grant");
    assert_eq!(sandbox.api("/api/me", &third.access).await.status, 401);
}

#[tokio::test]
async fn r43_a_lost_answer_is_given_again_within_the_grace() {
    let sandbox = start().await;
    let first = sandbox.sign_in("ada").await;
    let lost = Tokens::from(&sandbox.refresh(&first.refresh).await);
    let again = Tokens::from(&sandbox.refresh(&first.refresh).await);
    assert_ne!(lost.refresh, again.refresh);
    assert_eq!(sandbox.refresh(&again.refresh).await.status, 200);
}

#[tokio::test]
async fn giving_back_a_token_ends_the_sign_in() {
    let sandbox = start().await;
    let tokens = sandbox.sign_in("ada").await;
    let give_back = [("client_id", DESKTOP_CLIENT_ID), ("token", tokens.refresh.as_str())];
    assert_eq!(sandbox.post("/revoke", &give_back).await.status, 200);
    assert_eq!(sandbox.post("/revoke", &give_back).await.status, 200, "twice is fine (RFC 7009)");
    sandbox.post("/revoke", &[("token", "x")]).await.is_error(401, "invalid_client");
    sandbox.refresh(&tokens.refresh).await.is_error(400, "invalid_grant");
    assert_eq!(sandbox.api("/api/me", &tokens.access).await.status, 401);
}

#[tokio::test]
async fn r13_a_device_gets_in_by_a_typed_code() {
    let sandbox = start().await;
    let started = sandbox.post("/device_authorization", &[("client_id", DESKTOP_CLIENT_ID)]).await.json();
    let text = |key: &str| started[key].as_str().unwrap().to_owned();
    let poll = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code".to_owned()),
        ("client_id", DESKTOP_CLIENT_ID.to_owned()),
        ("device_code", text("device_code")),
    ];
    let poll: Vec<(&str, &str)> = poll.iter().map(|(key, value)| (*key, value.as_str())).collect();
    sandbox.post("/token", &poll).await.is_error(400, "authorization_pending");
    sandbox.post("/token", &poll).await.is_error(400, "slow_down");

    assert!(sandbox.get("/device").await.text.contains("name=\"user_code\""));
    assert!(sandbox.get("/device?user_code=BBBB-BBBB").await.text.contains("No device waits"));
    let complete = text("verification_uri_complete");
    let page = sandbox.get(complete.strip_prefix(&sandbox.origin).unwrap()).await;
    let form = [("ticket", page.ticket()), ("person", "ada".to_owned()), ("answer", "allow".to_owned())];
    let form: Vec<(&str, &str)> = form.iter().map(|(key, value)| (*key, value.as_str())).collect();
    assert!(sandbox.post("/device", &form).await.text.contains("Done."));

    let tokens = Tokens::from(&sandbox.post("/token", &poll).await);
    assert_eq!(sandbox.api("/api/me", &tokens.access).await.json()["id"], "ada");
    sandbox.post("/token", &poll).await.is_error(400, "invalid_grant");
}

#[tokio::test]
async fn a_service_gets_in_by_its_own_secret() {
    let sandbox = start().await;
    let grant = [("grant_type", "client_credentials")];
    let right = basic(SERVICE_CLIENT_ID, SERVICE_CLIENT_SECRET);
    let reply = sandbox.post_with("/token", &[("authorization", &right)], &grant).await.json();
    assert!(reply.get("refresh_token").is_none());
    let me = sandbox.api("/api/me", reply["access_token"].as_str().unwrap()).await.json();
    assert_eq!(me["id"], SERVICE_CLIENT_ID);

    let posted = [("client_id", SERVICE_CLIENT_ID), ("client_secret", SERVICE_CLIENT_SECRET)];
    assert_eq!(sandbox.post("/token", &[grant[0], posted[0], posted[1]]).await.status, 200);
    let wrong = sandbox.post_with("/token", &[("authorization", &basic(SERVICE_CLIENT_ID, "no"))], &grant).await;
    wrong.is_error(401, "invalid_client");
    assert!(wrong.header("www-authenticate").starts_with("Basic"));
    let public = [grant[0], ("client_id", DESKTOP_CLIENT_ID)];
    sandbox.post("/token", &public).await.is_error(400, "unauthorized_client");
}

#[tokio::test]
async fn nonsense_at_the_token_endpoint_is_answered_as_the_standard_says() {
    let sandbox = start().await;
    let client = ("client_id", DESKTOP_CLIENT_ID);
    sandbox.post("/token", &[client]).await.is_error(400, "invalid_request");
    sandbox.post("/token", &[client, ("grant_type", "password")]).await.is_error(400, "unsupported_grant_type");
    sandbox.post("/token", &[client, client]).await.is_error(400, "invalid_request");
    sandbox.post("/token", &[("grant_type", "refresh_token")]).await.is_error(401, "invalid_client");
    let json = [("content-type", "application/json")];
    sandbox.send("POST", "/token", &json, "{}").await.is_error(400, "invalid_request");
    let large = "x".repeat(1_000_000);
    sandbox.refresh(&large).await.is_error(400, "invalid_request");
}

#[tokio::test]
async fn the_provider_describes_itself() {
    let sandbox = start().await;
    let about = sandbox.get("/.well-known/oauth-authorization-server").await.json();
    assert_eq!(about["issuer"], sandbox.origin.as_str());
    assert_eq!(about["token_endpoint"], format!("{}/token", sandbox.origin));
    assert_eq!(about["code_challenge_methods_supported"], serde_json::json!(["S256"]));
    assert_eq!(about["authorization_response_iss_parameter_supported"], true);
}

#[tokio::test]
async fn a_restart_keeps_connections() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sandbox.json");
    let sandbox = start_at(file.clone()).await;
    let tokens = sandbox.sign_in("ada").await;
    let key = sandbox.key("ben").await;
    sandbox.running.stop().await;

    let sandbox = start_at(file.clone()).await;
    assert_eq!(sandbox.api("/api/me", &tokens.access).await.status, 200);
    assert_eq!(sandbox.send("GET", "/api/me", &[("x-api-key", &key)], "").await.json()["id"], "ben");
    assert_eq!(sandbox.refresh(&tokens.refresh).await.status, 200);
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(![&tokens.access, &tokens.refresh, &key].iter().any(|secret| kept.contains(secret.as_str())));
}
