//! What the misbehaving provider answers, and how it breaks off.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::http::{Answer, Request, read};
use super::tokens::Pair;
use super::{Fault, Shared};

const PAGE: &str = "<!doctype html><title>Sign in to the network</title><h1>Welcome to the hotel</h1>";

pub(super) async fn accept(listener: std::net::TcpListener, shared: Arc<Shared>) -> Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        let shared = Arc::clone(&shared);
        // A client that breaks off ends its own connection only.
        tokio::spawn(async move { converse(stream, &shared).await.ok() });
    }
}

async fn converse(mut stream: TcpStream, shared: &Shared) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut rest = Vec::new();
    while let Some(request) = read(&mut stream, &mut rest).await? {
        let last = request.headers.get("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        match (request.method.as_str(), request.path.as_str()) {
            ("POST", "/token") if request.form.contains_key("refresh_token") => {
                if !refresh(&mut stream, shared, &request).await? {
                    return Ok(());
                }
            }
            _ => dated(shared, other(shared, &request)).write(&mut stream).await?,
        }
        if last {
            return Ok(());
        }
    }
    Ok(())
}

/// Answers a refresh request; `false` = the connection is over.
async fn refresh(stream: &mut TcpStream, shared: &Shared, request: &Request) -> Result<bool> {
    shared.arrived.fetch_add(1, Ordering::SeqCst);
    shared.held.subscribe().wait_for(|held| !held).await?;
    let _place = match &shared.places {
        Some(places) => Some(places.acquire().await?),
        None => None,
    };
    if !shared.latency.is_zero() {
        tokio::time::sleep(shared.latency).await;
    }
    let token = request.form.get("refresh_token").cloned().unwrap_or_default();
    let (fault, worked) = {
        let mut tokens = shared.tokens();
        let fault = tokens.faults.pop_front().or_else(|| tokens.always.clone());
        let works = fault.as_ref().is_none_or(Fault::works_first);
        let worked = works.then(|| tokens.refresh(&token, Instant::now()));
        let outcome = match (&fault, &worked) {
            (_, Some(Err(code))) => (*code).to_owned(),
            (Some(fault), _) => format!("{fault:?}"),
            (None, _) => "ok".to_owned(),
        };
        tokens.note("refresh", &token, &outcome);
        (fault, worked)
    };
    let pair = match worked {
        Some(Err(_)) => {
            dated(shared, Answer::json(400, r#"{"error":"invalid_grant"}"#)).write(stream).await?;
            return Ok(true);
        }
        Some(Ok(pair)) => Some(pair),
        None => None,
    };
    match (fault, pair) {
        (None, Some(pair)) => dated(shared, usual(&pair)).write(stream).await.map(|()| true),
        (Some(fault), pair) => misbehave(stream, fault, pair).await,
        (None, None) => Ok(false),
    }
}

async fn misbehave(stream: &mut TcpStream, fault: Fault, pair: Option<Pair>) -> Result<bool> {
    let good = pair.as_ref().map(usual);
    match (fault, good) {
        (Fault::Status { status, retry_after, body }, _) => {
            let answer = Answer::json(status, body);
            let answer = match retry_after {
                Some(text) => answer.header("Retry-After", text),
                None => answer,
            };
            answer.write(stream).await?;
            Ok(true)
        }
        (Fault::Page(status), _) => {
            Answer::of(status, "text/html", PAGE).write(stream).await?;
            Ok(true)
        }
        (Fault::ResetBefore | Fault::ResetAfter, _) => {
            stream.set_zero_linger()?;
            Ok(false)
        }
        (Fault::Hang, _) => std::future::pending().await,
        (Fault::Drip, Some(good)) => {
            for byte in good.bytes() {
                stream.write_all(&[byte]).await?;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Ok(false)
        }
        (Fault::Truncated, Some(good)) => {
            let bytes = good.bytes();
            stream.write_all(&bytes[..bytes.len() - 20]).await?;
            Ok(false)
        }
        (Fault::WrongType, Some(good)) => {
            Answer::of(200, "application/octet-stream", good.body).write(stream).await?;
            Ok(true)
        }
        (Fault::Says { content_type, body }, _) => {
            let access = pair.as_ref().map_or("", |pair| pair.access.as_str());
            let refresh = pair.as_ref().and_then(|pair| pair.refresh.as_deref()).unwrap_or_default();
            let body = body.replace("ACCESS", access).replace("REFRESH", refresh);
            Answer::of(200, content_type, body).write(stream).await?;
            Ok(true)
        }
        (Fault::Drip | Fault::Truncated | Fault::WrongType, None) => Ok(false),
    }
}

fn usual(pair: &Pair) -> Answer {
    let refresh = pair.refresh.as_ref().map(|token| format!(r#","refresh_token":"{token}""#)).unwrap_or_default();
    Answer::json(
        200,
        format!(r#"{{"access_token":"{}","token_type":"Bearer","expires_in":{}{refresh}}}"#, pair.access, pair.ttl),
    )
}

fn other(shared: &Shared, request: &Request) -> Answer {
    let mut tokens = shared.tokens();
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/authorize") => {
            // Everybody agrees here at once.
            let part = |name: &str| request.query.get(name).cloned().unwrap_or_default();
            let pairs = [("code", tokens.new_code()), ("state", part("state"))];
            let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            Answer::json(302, "").header("Location", format!("{}?{query}", part("redirect_uri")))
        }
        ("POST", "/token") => {
            let code = request.form.get("code").cloned().unwrap_or_default();
            match tokens.redeem(&code, Instant::now()) {
                Some(pair) => usual(&pair),
                None => Answer::json(400, r#"{"error":"invalid_grant"}"#),
            }
        }
        ("POST", "/revoke") => {
            let token = request.form.get("token").cloned().unwrap_or_default();
            let status = tokens.revocation_answer.unwrap_or(200);
            if status == 200 {
                tokens.revoke(&token);
            }
            tokens.note("revoke", &token, &status.to_string());
            Answer::json(status, "{}")
        }
        ("GET", "/api/whoami") => {
            let sent = request.headers.get("authorization").map(String::as_str).unwrap_or_default();
            let access = sent.strip_prefix("Bearer ").unwrap_or_default().to_owned();
            let good = tokens.takes(&access, Instant::now());
            tokens.note("api", &access, if good { "ok" } else { "401" });
            match tokens.api_answer {
                Some((status, content_type, body)) => Answer::of(status, content_type, body),
                None if good => Answer::json(200, r#"{"id":"1","login":"ada"}"#),
                None => Answer::json(401, r#"{"error":"invalid_token"}"#).header("WWW-Authenticate", "Bearer"),
            }
        }
        ("GET", "/.well-known/openid-configuration") => {
            let origin = format!("http://{}", request.headers.get("host").map(String::as_str).unwrap_or_default());
            Answer::json(
                200,
                format!(
                    r#"{{"issuer":"{origin}","authorization_endpoint":"{origin}/authorize","token_endpoint":"{origin}/token",
                    "revocation_endpoint":"{origin}/revoke","jwks_uri":"{origin}/jwks","response_types_supported":["code"],
                    "grant_types_supported":["authorization_code","refresh_token"],"subject_types_supported":["public"],
                    "id_token_signing_alg_values_supported":["RS256"],"scopes_supported":["openid","offline_access","read"]}}"#
                ),
            )
        }
        ("GET", "/stats") => {
            let count = |outcome: &str| tokens.log.iter().filter(|entry| entry.outcome == outcome).count();
            let refreshes = tokens.log.iter().filter(|entry| entry.route == "refresh").count();
            let body = format!(r#"{{"refreshes":{refreshes},"good":{},"reuse":{}}}"#, count("ok"), count("reuse"));
            Answer::json(200, body)
        }
        _ => Answer::json(404, "{}"),
    }
}

/// Adds the provider's idea of the time, where it has one.
fn dated(shared: &Shared, answer: Answer) -> Answer {
    let Some(error) = shared.tokens().rules.clock_error else { return answer };
    let now = std::time::SystemTime::now();
    let off = Duration::from_secs(error.unsigned_abs());
    let said = if error < 0 { now - off } else { now + off };
    answer.header("Date", httpdate::fmt_http_date(said))
}
