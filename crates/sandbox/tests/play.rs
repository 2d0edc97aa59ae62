//! The API, the controls that play with it, and who may touch them.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use common::{basic, start, start_with};
use membrane_catalog::Catalog;
use membrane_sandbox::{DEFAULT_PORT, DEMO_PASSWORD, DESKTOP_CLIENT_ID, Sandbox, SandboxConfig, SandboxError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

#[tokio::test]
async fn the_api_takes_a_token_a_key_and_a_password() {
    let sandbox = start().await;
    let tokens = sandbox.sign_in("ada").await;
    let key = sandbox.key("ben").await;
    assert!(key.starts_with("sandbox-key-"));
    let (bearer, password) = (format!("Bearer {}", tokens.access), basic("ada@sandbox.example", DEMO_PASSWORD));
    for (header, who) in [
        (("authorization", bearer.as_str()), "ada"),
        (("x-api-key", &key), "ben"),
        (("authorization", &password), "ada"),
    ] {
        assert_eq!(sandbox.send("GET", "/api/me", &[header], "").await.json()["id"], who);
        for path in ["/api/contacts", "/api/deals"] {
            let reply = sandbox.send("GET", path, &[header], "").await;
            assert!(reply.json()["items"].as_array().unwrap().len() >= 3, "{path}");
        }
    }
    for header in [
        ("authorization", "Bearer nonsense"),
        ("authorization", "Basic nonsense"),
        ("authorization", &basic("ada", "wrong")),
        ("authorization", "nonsense"),
        ("x-api-key", "sandbox-key-nonsense"),
        ("accept", "nothing"),
    ] {
        let reply = sandbox.send("GET", "/api/me", &[header], "").await;
        assert_eq!(reply.status, 401, "{header:?}");
        assert!(!reply.header("www-authenticate").is_empty());
    }
}

#[tokio::test]
async fn a_contact_is_added_by_whoever_may() {
    let sandbox = start().await;
    let key = sandbox.key("ada").await;
    let json = ("content-type", "application/json");
    let added = sandbox.send("POST", "/api/contacts", &[("x-api-key", &key), json], r#"{"name":"Vera Holm"}"#).await;
    assert_eq!((added.status, added.json()["name"].as_str()), (201, Some("Vera Holm")));
    for bad in ["", "{}", "[]", r#"{"name":""}"#, r#"{"name":"x","admin":true}"#] {
        let reply = sandbox.send("POST", "/api/contacts", &[("x-api-key", &key), json], bad).await;
        reply.is_error(400, "invalid_contact");
    }
    let reader = sandbox.code("ada", "crm.read").await;
    let reader = sandbox.exchange(&reader, common::VERIFIER).await.json()["access_token"].as_str().unwrap().to_owned();
    let header = [("authorization", format!("Bearer {reader}"))];
    let header = [(header[0].0, header[0].1.as_str()), json];
    let refused = sandbox.send("POST", "/api/contacts", &header, r#"{"name":"Vera Holm"}"#).await;
    refused.is_error(403, "insufficient_scope");
}

#[tokio::test]
async fn a_key_is_withdrawn_on_its_page() {
    let sandbox = start().await;
    let key = sandbox.key("ada").await;
    let page = sandbox.get("/keys").await;
    assert!(!page.text.contains(&key), "a key is shown once");
    let (_, rest) = page.text.split_once("name=\"withdraw\" value=\"").unwrap();
    let form = [("ticket", page.ticket()), ("withdraw", rest.split('"').next().unwrap().to_owned())];
    let form: Vec<(&str, &str)> = form.iter().map(|(key, value)| (*key, value.as_str())).collect();
    assert!(sandbox.post("/keys", &form).await.text.contains("withdrawn"));
    assert_eq!(sandbox.send("GET", "/api/me", &[("x-api-key", &key)], "").await.status, 401);
    assert_eq!(sandbox.post("/keys", &[("person", "ada")]).await.status, 400, "no ticket, no key");
}

#[tokio::test]
async fn revoking_ends_sign_ins_and_keys_of_one_person_or_all() {
    let sandbox = start().await;
    let (ada, ben) = (sandbox.sign_in("ada").await, sandbox.sign_in("ben").await);
    let key = sandbox.key("ben").await;
    assert_eq!(sandbox.control("state", "").await["signIns"], 2);

    sandbox.control("revoke", r#"{"person":"ben"}"#).await;
    assert_eq!(sandbox.api("/api/me", &ben.access).await.status, 401);
    sandbox.refresh(&ben.refresh).await.is_error(400, "invalid_grant");
    assert_eq!(sandbox.send("GET", "/api/me", &[("x-api-key", &key)], "").await.status, 401);
    assert_eq!(sandbox.api("/api/me", &ada.access).await.status, 200);

    assert_eq!(sandbox.control("revoke", "").await["signIns"], 0);
    sandbox.refresh(&ada.refresh).await.is_error(400, "invalid_grant");
}

#[tokio::test]
async fn expiring_ends_access_tokens_and_a_refresh_heals_it() {
    let sandbox = start().await;
    let tokens = sandbox.sign_in("ada").await;
    assert_eq!(sandbox.control("expire", "").await["accessTokens"], 0);
    assert_eq!(sandbox.api("/api/me", &tokens.access).await.status, 401);
    let next = common::Tokens::from(&sandbox.refresh(&tokens.refresh).await);
    assert_eq!(sandbox.api("/api/me", &next.access).await.status, 200);
}

#[tokio::test]
async fn an_outage_answers_503_and_spares_the_refresh_token() {
    let sandbox = start().await;
    let tokens = sandbox.sign_in("ada").await;
    let state = sandbox.control("outage", "").await;
    assert_eq!(state["outage"]["kind"], "503");
    let down = sandbox.refresh(&tokens.refresh).await;
    assert_eq!((down.status, down.header("retry-after")), (503, "15"));
    assert_eq!(sandbox.api("/api/me", &tokens.access).await.status, 503);
    assert_eq!(sandbox.get("/").await.status, 200);
    assert!(sandbox.control("recover", "").await["outage"].is_null());
    assert_eq!(sandbox.refresh(&tokens.refresh).await.status, 200);
}

#[tokio::test]
async fn r32_an_outage_may_look_like_a_hotels_network() {
    let sandbox = start().await;
    sandbox.control("outage", r#"{"minutes":5,"kind":"html"}"#).await;
    let page = sandbox.refresh("x").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
}

#[tokio::test]
async fn an_outage_may_hang_until_it_is_over_or_the_sandbox_stops() {
    let sandbox = start().await;
    sandbox.control("outage", r#"{"kind":"hang"}"#).await;
    let mut waiting = Box::pin(sandbox.get("/api/me"));
    assert!(timeout(Duration::from_millis(200), &mut waiting).await.is_err(), "nothing comes");
    sandbox.control("recover", "").await;
    assert_eq!(waiting.await.status, 503);

    sandbox.control("outage", r#"{"kind":"hang"}"#).await;
    let mut stream = TcpStream::connect(sandbox.host()).await.unwrap();
    let request = format!("GET /api/me HTTP/1.1\r\nhost: {}\r\n\r\n", sandbox.host());
    stream.write_all(request.as_bytes()).await.unwrap();
    assert!(timeout(Duration::from_millis(200), stream.readable()).await.is_err(), "nothing comes");
    timeout(Duration::from_secs(5), sandbox.running.stop()).await.unwrap();
    let mut reply = String::new();
    timeout(Duration::from_secs(5), stream.read_to_string(&mut reply)).await.unwrap().unwrap();
    assert!(reply.starts_with("HTTP/1.1 503"), "{reply}");
}

#[tokio::test]
async fn what_the_controls_do_not_understand_changes_nothing() {
    let sandbox = start().await;
    for (what, body) in [
        ("outage", r#"{"minutes":0}"#),
        ("outage", r#"{"minutes":100000}"#),
        ("outage", r#"{"kind":"fire"}"#),
        ("outage", "[[["),
        ("revoke", r#"{"person":"eve"}"#),
        ("revoke", r#"{"user":"ada"}"#),
    ] {
        let reply = sandbox.send("POST", &format!("/control/{what}"), &[("x-sandbox-control", "1")], body).await;
        reply.is_error(400, "invalid_request");
    }
    assert!(sandbox.control("state", "").await["outage"].is_null());
}

#[tokio::test]
async fn r61_no_web_page_reaches_the_controls() {
    let sandbox = start().await;
    let mark = ("x-sandbox-control", "1");
    for headers in [
        vec![],
        vec![("x-sandbox-control", "yes")],
        vec![mark, mark],
        vec![mark, ("origin", "https://evil.example")],
        vec![mark, ("origin", "null")],
        vec![mark, ("origin", sandbox.origin.as_str())],
        vec![mark, ("sec-fetch-site", "same-origin")],
    ] {
        for (method, path) in [("GET", "/control/state"), ("POST", "/control/revoke"), ("POST", "/control/outage")] {
            sandbox.send(method, path, &headers, "").await.is_error(403, "programs_only");
        }
        let asked = sandbox.send("OPTIONS", "/control/revoke", &headers, "").await;
        assert!(!asked.headers.contains_key("access-control-allow-origin"));
    }
}

#[tokio::test]
async fn r62_a_name_that_points_here_is_refused() {
    let sandbox = start().await;
    let (_, port) = sandbox.host().split_once(':').unwrap();
    let evil = format!("evil.example:{port}");
    for host in [evil.as_str(), "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.example", ""] {
        for path in ["/", "/keys", "/control/state"] {
            let reply = sandbox.send("GET", path, &[("host", host), ("x-sandbox-control", "1")], "").await;
            assert_eq!(reply.status, 421, "{host} {path}");
        }
    }
    let named = format!("localhost:{port}");
    assert_eq!(sandbox.send("GET", "/", &[("host", &named)], "").await.status, 200);
}

#[tokio::test]
async fn what_is_not_there_is_told() {
    let sandbox = start().await;
    sandbox.get("/nowhere").await.is_error(404, "not_found");
    assert_eq!(sandbox.get("/token").await.status, 405);
}

#[tokio::test]
async fn a_taken_port_is_told_and_access_may_last_shorter() {
    let config = SandboxConfig { port: Some(0), access_token_lifetime: Duration::from_secs(5), ..Default::default() };
    let sandbox = start_with(config).await;
    let code = sandbox.code("ada", "profile").await;
    assert_eq!(sandbox.exchange(&code, common::VERIFIER).await.json()["expires_in"], 5);
    let taken = SandboxConfig { port: sandbox.running.origin().port(), ..Default::default() };
    assert!(matches!(Sandbox::start(taken).await, Err(SandboxError::PortTaken(_))));
}

#[tokio::test]
async fn the_catalog_knows_the_sandbox_as_it_is() {
    let sandbox = start().await;
    let vars = BTreeMap::from([("sandbox".to_owned(), sandbox.running.origin().to_string())]);
    let (catalog, _) = Catalog::load(None, &vars);
    let app = catalog.get(&"membrane-sandbox".parse().unwrap()).unwrap();
    let values = catalog.values(&BTreeMap::new());
    let oauth = app.method("oauth").unwrap().oauth.as_ref().unwrap();
    let about = sandbox.get("/.well-known/oauth-authorization-server").await.json();
    let filled = |template: Option<&membrane_catalog::Template>| template.unwrap().fill_text(&values).unwrap();
    assert_eq!(about["issuer"], filled(oauth.issuer.as_ref()));
    assert_eq!(about["authorization_endpoint"], filled(oauth.authorize_url.as_ref()));
    assert_eq!(about["token_endpoint"], filled(Some(&oauth.token_url)));
    assert_eq!(about["revocation_endpoint"], filled(oauth.revoke_url.as_ref()));
    let device = app.method("device").unwrap().oauth.as_ref().unwrap();
    assert_eq!(about["device_authorization_endpoint"], filled(device.device_url.as_ref()));
    assert_eq!(oauth.client, membrane_catalog::ClientSource::Public { id: DESKTOP_CLIENT_ID.to_owned() });
    let key = app.method("api-key").unwrap();
    membrane_catalog::check_field(&key.fields[0], Some(&sandbox.key("ada").await)).unwrap();

    let unset = Catalog::load(None, &BTreeMap::new()).0.values(&BTreeMap::new());
    assert_eq!(unset["sandbox"], format!("http://127.0.0.1:{DEFAULT_PORT}"));
}
