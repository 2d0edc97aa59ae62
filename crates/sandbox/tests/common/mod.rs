//! A running sandbox, and a client that talks to it over a real socket.
#![allow(dead_code, clippy::unwrap_used, reason = "each test uses a part of it and may panic")]

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{HeaderMap, Request};
use hyper_util::rt::TokioIo;
use membrane_sandbox::{DESKTOP_CLIENT_ID, Running, Sandbox, SandboxConfig};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::net::TcpStream;
use url::{Url, form_urlencoded};

pub const BACK: &str = "http://127.0.0.1:51234/oauth-callback";
pub const VERIFIER: &str = "a-verifier-that-is-long-enough-to-be-taken-by-the-sandbox";

pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}")).to_str().unwrap()
    }

    /// The address that the browser is sent to.
    pub fn location(&self) -> Url {
        assert_eq!(self.status, 303, "{}", self.text);
        Url::parse(self.header("location")).unwrap()
    }

    /// The one-time ticket in the form of a page.
    pub fn ticket(&self) -> String {
        let (_, rest) = self.text.split_once("name=\"ticket\" value=\"").unwrap_or_else(|| panic!("{}", self.text));
        rest.split('"').next().unwrap().to_owned()
    }

    #[track_caller]
    pub fn is_error(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.json()["error"].as_str()), (status, Some(code)), "{}", self.text);
    }
}

pub struct Tokens {
    pub access: String,
    pub refresh: String,
}

impl From<&Reply> for Tokens {
    fn from(reply: &Reply) -> Self {
        assert_eq!(reply.status, 200, "{}", reply.text);
        let text = |key: &str| reply.json()[key].as_str().unwrap().to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token") }
    }
}

pub struct Place {
    pub running: Running,
    pub origin: String,
}

pub async fn start() -> Place {
    start_with(SandboxConfig { port: Some(0), ..SandboxConfig::default() }).await
}

pub async fn start_at(state_file: PathBuf) -> Place {
    start_with(SandboxConfig { port: Some(0), state_file: Some(state_file), ..SandboxConfig::default() }).await
}

pub async fn start_with(config: SandboxConfig) -> Place {
    let running = Sandbox::start(config).await.unwrap();
    let origin = running.origin().as_str().trim_end_matches('/').to_owned();
    Place { running, origin }
}

impl Place {
    pub fn host(&self) -> &str {
        self.origin.strip_prefix("http://").unwrap()
    }

    /// Sends a request; headers that are given replace the usual `Host`.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let sent = async {
            let stream = TcpStream::connect(self.host()).await.unwrap();
            let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            let mut request = Request::builder().method(method).uri(path);
            if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
                request = request.header("host", self.host());
            }
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let request = request.body(Full::new(Bytes::from(body.to_owned()))).unwrap();
            let response = sender.send_request(request).await.unwrap();
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let body = response.into_body().collect().await.unwrap().to_bytes();
            Reply { status, headers, text: String::from_utf8(body.to_vec()).unwrap() }
        };
        tokio::time::timeout(Duration::from_secs(20), sent).await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], "").await
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Reply {
        self.post_with(path, &[], form).await
    }

    pub async fn post_with(&self, path: &str, headers: &[(&str, &str)], form: &[(&str, &str)]) -> Reply {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        self.send("POST", path, &[headers, &kind].concat(), &body).await
    }

    pub async fn api(&self, path: &str, token: &str) -> Reply {
        self.send("GET", path, &[("authorization", &format!("Bearer {token}"))], "").await
    }

    pub async fn control(&self, what: &str, body: &str) -> Value {
        let method = if what == "state" { "GET" } else { "POST" };
        let reply = self.send(method, &format!("/control/{what}"), &[("x-sandbox-control", "1")], body).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()
    }

    /// Opens the page that asks, as the browser does; `extra` replaces and adds parameters.
    pub async fn ask(&self, extra: &[(&str, &str)]) -> Reply {
        let challenge = challenge(VERIFIER);
        let usual = [
            ("response_type", "code"),
            ("client_id", DESKTOP_CLIENT_ID),
            ("redirect_uri", BACK),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("state", "the-state"),
            ("scope", "profile crm.read"),
        ];
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(usual.iter().filter(|(key, _)| !extra.iter().any(|(other, _)| other == key)));
        query.extend_pairs(extra);
        self.get(&format!("/authorize?{}", query.finish())).await
    }

    /// Asks and allows, and returns the code.
    pub async fn code(&self, person: &str, scope: &str) -> String {
        let ticket = self.ask(&[("scope", scope)]).await.ticket();
        let form = [("ticket", ticket.as_str()), ("person", person), ("answer", "allow")];
        let back = self.post("/authorize", &form).await.location();
        query(&back, "code").unwrap()
    }

    pub async fn exchange(&self, code: &str, verifier: &str) -> Reply {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", DESKTOP_CLIENT_ID),
            ("code", code),
            ("redirect_uri", BACK),
            ("code_verifier", verifier),
        ];
        self.post("/token", &form).await
    }

    pub async fn sign_in(&self, person: &str) -> Tokens {
        let code = self.code(person, "profile crm.read crm.write").await;
        Tokens::from(&self.exchange(&code, VERIFIER).await)
    }

    pub async fn refresh(&self, token: &str) -> Reply {
        let form = [("grant_type", "refresh_token"), ("client_id", DESKTOP_CLIENT_ID), ("refresh_token", token)];
        self.post("/token", &form).await
    }

    /// Makes an API key on the keys page.
    pub async fn key(&self, person: &str) -> String {
        let ticket = self.get("/keys").await.ticket();
        let page = self.post("/keys", &[("ticket", &ticket), ("person", person), ("name", "laptop")]).await;
        let (_, rest) = page.text.split_once("class=\"key\"><code>").unwrap();
        rest.split('<').next().unwrap().to_owned()
    }
}

pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

pub fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

pub fn query(url: &Url, key: &str) -> Option<String> {
    url.query_pairs().find(|(name, _)| name == key).map(|(_, value)| value.into_owned())
}
