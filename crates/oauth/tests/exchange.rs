//! Exchanges against a server that misbehaves on purpose, over real sockets.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use membrane_oauth::loopback::{Answer, Listener};
use membrane_oauth::{
    Cause, Client, ClientAuth, DevicePoll, ExchangeFailure, Http, Pkce, Provider, Reach, TokenBodyForm, TokenHint,
    Unreachable, authorization, client_credentials, device_poll_once, device_start, exchange_code, refresh, revoke,
};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// What the server does with each request, in order; the last goes on for ever.
#[derive(Clone)]
enum Does {
    Answers(&'static str, &'static str, String),
    HangsUp,
    SaysNothing,
}

struct Server {
    origin: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(script: Vec<Does>) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", socket.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&requests);
        tokio::spawn(async move {
            let mut turn = 0;
            while let Ok((stream, _)) = socket.accept().await {
                let does = script[turn.min(script.len() - 1)].clone();
                turn += 1;
                tokio::spawn(serve(stream, does, Arc::clone(&log)));
            }
        });
        Self { origin, requests }
    }

    async fn json(status: &'static str, body: serde_json::Value) -> Self {
        Self::start(vec![Does::Answers(status, "content-type: application/json\r\n", body.to_string())]).await
    }

    fn provider(&self) -> Provider {
        provider(&self.origin)
    }

    fn request(&self, number: usize) -> String {
        self.requests.lock().unwrap()[number].clone()
    }
}

async fn serve(mut stream: TcpStream, does: Does, log: Arc<Mutex<Vec<String>>>) {
    let mut bytes = Vec::new();
    let mut chunk = [0_u8; 4096];
    loop {
        let count = stream.read(&mut chunk).await.unwrap_or(0);
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let length =
            text.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
        let length: usize = length.and_then(|n| n.trim().parse().ok()).unwrap_or(0);
        let whole = text.find("\r\n\r\n").is_some_and(|end| bytes.len() >= end + 4 + length);
        if whole || count == 0 {
            log.lock().unwrap().push(text);
            break;
        }
    }
    match does {
        Does::Answers(status, headers, body) => {
            let reply = format!(
                "HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(reply.as_bytes()).await.ok();
        }
        Does::HangsUp => {}
        Does::SaysNothing => std::future::pending().await,
    }
}

fn provider(origin: &str) -> Provider {
    let at = |path: &str| Url::parse(&format!("{origin}{path}")).unwrap();
    Provider {
        issuer: None,
        sends_iss: false,
        authorize: at("/authorize"),
        token: at("/token"),
        device: Some(at("/device")),
        revoke: Some(at("/revoke")),
        pkce: Pkce::Required,
        client_auth: ClientAuth::Basic,
        token_body: TokenBodyForm::Form,
        scope_separator: " ".into(),
        authorize_params: BTreeMap::new(),
        token_params: BTreeMap::from([("audience".to_owned(), "api".to_owned())]),
        token_headers: BTreeMap::new(),
        dead_codes: Vec::new(),
        config_codes: Vec::new(),
        par: None,
        dpop: None,
        tokens_at: None,
        lifetime: None,
        reach: Reach::HttpsOrLoopback,
    }
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text.to_owned())
}

fn client() -> Client {
    Client { id: "my:client".into(), secret: Some(secret("s e/cret")) }
}

#[test]
fn r01_every_request_has_an_s256_challenge_of_a_long_verifier() {
    use base64::Engine as _;
    let made = authorization(
        &provider("https://as.example"),
        &client(),
        "http://127.0.0.1:9/oauth-callback",
        &["a".into(), "b".into()],
        None,
    )
    .unwrap();
    let query: BTreeMap<String, String> = made.url.query_pairs().into_owned().collect();
    assert_eq!(query["code_challenge_method"], "S256");
    let verifier = made.verifier.expose_secret();
    assert_eq!(verifier.len(), 43);
    let challenge = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    assert_eq!(query["code_challenge"], challenge);
    assert_eq!(query["scope"], "a b");
    assert_eq!(query["redirect_uri"], "http://127.0.0.1:9/oauth-callback");
    assert_eq!(query["response_type"], "code");
}

#[test]
fn r03_states_have_256_bits_and_never_repeat() {
    let one =
        authorization(&provider("https://as.example"), &client(), "dev.membrane.desktop:/oauth/callback", &[], None)
            .unwrap();
    let two =
        authorization(&provider("https://as.example"), &client(), "dev.membrane.desktop:/oauth/callback", &[], None)
            .unwrap();
    assert_eq!(one.state.expose_secret().len(), 43);
    assert_ne!(one.state.expose_secret(), two.state.expose_secret());
}

#[tokio::test]
async fn a_code_becomes_tokens() {
    let server =
        Server::json("200 OK", serde_json::json!({"access_token": "at", "refresh_token": "rt", "expires_in": 60}))
            .await;
    let reply = exchange_code(
        &Http::new(),
        &server.provider(),
        &client(),
        &secret("c0de"),
        &secret("verifier"),
        "http://127.0.0.1:9/oauth-callback",
    )
    .await
    .unwrap();
    assert_eq!(reply.access_token.expose_secret(), "at");
    let request = server.request(0);
    for part in ["grant_type=authorization_code", "code=c0de", "code_verifier=verifier", "audience=api"] {
        assert!(request.contains(part), "{part} is missing");
    }
}

#[tokio::test]
async fn r15_basic_authentication_is_form_encoded() {
    use base64::Engine as _;
    let expected = base64::engine::general_purpose::STANDARD.encode("my%3Aclient:s+e%2Fcret");
    let server = Server::json("200 OK", serde_json::json!({"access_token": "at"})).await;
    let http = Http::new();
    refresh(&http, &server.provider(), &client(), &secret("rt"), None).await.unwrap();
    client_credentials(&http, &server.provider(), &client(), &["x".into()]).await.unwrap();
    revoke(&http, &server.provider(), &client(), &secret("rt"), TokenHint::RefreshToken).await.unwrap();
    for number in 0..3 {
        assert!(server.request(number).contains(&format!("Basic {expected}")), "request {number}");
    }
}

#[tokio::test]
async fn a_json_body_is_written_where_the_provider_wants_one() {
    let server = Server::json("200 OK", serde_json::json!({"access_token": "at"})).await;
    let mut provider = server.provider();
    provider.token_body = TokenBodyForm::Json;
    provider.client_auth = ClientAuth::Post;
    refresh(&Http::new(), &provider, &client(), &secret("rt"), None).await.unwrap();
    let request = server.request(0);
    let body: serde_json::Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(body["refresh_token"], "rt");
    assert_eq!(body["client_secret"], "s e/cret");
}

#[tokio::test]
async fn r32_a_dead_grant_is_told_from_bad_weather() {
    let html = "<html>Log in to the airport's network</html>";
    let table = [
        (Does::Answers("400 Bad Request", "", r#"{"error":"invalid_grant"}"#.into()), "dead"),
        (Does::Answers("401 Unauthorized", "", r#"{"error":"invalid_client"}"#.into()), "config"),
        (Does::Answers("503 Service Unavailable", "retry-after: 7\r\n", String::new()), "http-503"),
        (Does::Answers("200 OK", "content-type: text/html\r\n", html.into()), "web-page"),
        (Does::Answers("200 OK", "content-type: application/json\r\n", "{\"cut\": ".into()), "not-oauth"),
        (Does::Answers("302 Found", "location: http://portal.example/\r\n", String::new()), "http-302"),
        (Does::HangsUp, "reset"),
    ];
    for (does, expected) in table {
        let server = Server::start(vec![does]).await;
        let failure = refresh(&Http::new(), &server.provider(), &client(), &secret("rt"), None).await.unwrap_err();
        let found = match &failure {
            ExchangeFailure::Dead { .. } => "dead".to_owned(),
            ExchangeFailure::Misconfigured { .. } => "config".to_owned(),
            ExchangeFailure::Transient { cause, .. } => cause.as_code(),
            other => format!("{other:?}"),
        };
        assert_eq!(found, expected);
        if expected == "http-503" {
            assert!(
                matches!(failure, ExchangeFailure::Transient { retry_after: Some(wait), .. } if wait == Duration::from_secs(7))
            );
        }
        if expected == "reset" || expected == "not-oauth" {
            assert!(matches!(failure, ExchangeFailure::Transient { ambiguous: true, .. }), "{failure:?}");
        }
        assert_eq!(server.requests.lock().unwrap().len(), 1, "nothing is sent twice or followed");
    }
}

#[tokio::test]
async fn r33_a_port_nobody_listens_on_is_offline_and_nothing_was_sent() {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", socket.local_addr().unwrap());
    drop(socket);
    let failure = refresh(&Http::new(), &provider(&origin), &client(), &secret("rt"), None).await.unwrap_err();
    let expected = Cause::Unreachable(Unreachable::Connect);
    assert_eq!(failure, ExchangeFailure::Transient { cause: expected, retry_after: None, ambiguous: false });
}

#[tokio::test]
async fn r22_long_answers_are_not_read_and_plain_http_goes_nowhere() {
    let server = Server::start(vec![Does::Answers("200 OK", "", "x".repeat(2 * 1024 * 1024))]).await;
    let failure = refresh(&Http::new(), &server.provider(), &client(), &secret("rt"), None).await.unwrap_err();
    assert!(matches!(failure, ExchangeFailure::Transient { cause: Cause::Unreachable(Unreachable::TooLarge), .. }));
    let mut strict = server.provider();
    strict.reach = Reach::Https;
    let failure = refresh(&Http::new(), &strict, &client(), &secret("rt"), None).await.unwrap_err();
    assert!(matches!(failure, ExchangeFailure::Transient { cause: Cause::Unreachable(Unreachable::Forbidden), .. }));
    assert_eq!(server.requests.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn r22_a_server_that_says_nothing_is_given_up_on() {
    let server = Server::start(vec![Does::SaysNothing]).await;
    let failure = refresh(&Http::new(), &server.provider(), &client(), &secret("rt"), None).await.unwrap_err();
    let ExchangeFailure::Transient { cause: Cause::Unreachable(Unreachable::Timeout { .. }), .. } = failure else {
        panic!("{failure:?}")
    };
}

#[tokio::test]
async fn r13_device_answers_are_told_apart() {
    let body = |code: &str| Does::Answers("400 Bad Request", "", format!(r#"{{"error":"{code}"}}"#));
    let start = r#"{"device_code":"dc","user_code":"ABCD","verification_uri":"https://as.example/device","expires_in":600,"interval":3}"#;
    let server = Server::start(vec![
        Does::Answers("200 OK", "", start.into()),
        body("authorization_pending"),
        body("slow_down"),
        body("access_denied"),
        body("expired_token"),
        Does::Answers("200 OK", "", r#"{"access_token":"at"}"#.into()),
    ])
    .await;
    let (http, provider, client) = (Http::new(), server.provider(), client());
    let device = device_start(&http, &provider, &client, &["a".into()]).await.unwrap();
    assert_eq!((device.user_code.as_str(), device.interval.as_secs()), ("ABCD", 3));
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push(match device_poll_once(&http, &provider, &client, &device.device_code).await.unwrap() {
            DevicePoll::Pending => "pending",
            DevicePoll::SlowDown => "slow",
            DevicePoll::Denied => "denied",
            DevicePoll::Expired => "expired",
            DevicePoll::Granted(_) => "granted",
        });
    }
    assert_eq!(seen, ["pending", "slow", "denied", "expired", "granted"]);
}

async fn knock(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    reply
}

#[tokio::test]
async fn r07_the_listener_takes_one_good_answer_and_survives_the_rest() {
    let listener = Listener::bind(None, false).await.unwrap();
    let uri = listener.redirect_uri();
    let port = Url::parse(&uri).unwrap().port().unwrap();
    assert_eq!(uri, format!("http://127.0.0.1:{port}/oauth-callback"));
    let running = tokio::spawn(
        listener.run(|query| async move { if query == "code=good" { Answer::Accepted } else { Answer::Refused } }),
    );
    let host = format!("host: 127.0.0.1:{port}\r\n");
    for (request, status) in [
        (format!("GET /oauth-callback?code=evil HTTP/1.1\r\n{host}\r\n"), "400"),
        (format!("POST /oauth-callback?code=good HTTP/1.1\r\n{host}\r\n"), "405"),
        (format!("GET /other?code=good HTTP/1.1\r\n{host}\r\n"), "404"),
        ("GET /oauth-callback?code=good HTTP/1.1\r\nhost: evil.example\r\n\r\n".to_owned(), "403"),
        ("GET /oauth-callback?code=good HTTP/1.1\r\n\r\n".to_owned(), "403"),
        (format!("GET /oauth-callback?code={} HTTP/1.1\r\n{host}\r\n", "x".repeat(20_000)), "4"),
        ("\x16\x03\x01junk\r\n\r\n".to_owned(), "400"),
    ] {
        let reply = knock(port, &request).await;
        assert!(reply.starts_with(&format!("HTTP/1.1 {status}")), "{reply}");
        assert!(!reply.contains("evil"));
    }
    let reply = knock(port, &format!("GET /oauth-callback?code=good HTTP/1.1\r\n{host}\r\n")).await;
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    for header in
        ["content-security-policy: default-src 'none'", "referrer-policy: no-referrer", "cache-control: no-store"]
    {
        assert!(reply.contains(header), "{header}");
    }
    running.await.unwrap();
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err(), "r06: nothing listens any more");
}
