//! Attempts on an engine of their own, with a host that looks at what it is asked to open.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use membrane_model::EngineMode;
use membrane_oauth::{Http, state_hash};
use membrane_vault::MemoryKeychain;
use url::Url;

use super::StartSession;
use crate::engine::Parts;
use crate::{Engine, EngineConfig, Host, Notification, Paths, Screen};

const APP: &str = r#"key = "acme"
name = "Acme"
domains = []
categories = ["crm"]
description = "A provider that nobody asks."
popularity = 1
local = true

[[auth]]
key = "oauth"
type = "oauth2"
authorize_url = "http://127.0.0.1:9/authorize"
token_url = "http://127.0.0.1:9/token"
pkce = "required"
token_auth = "none"
redirects = { loopback = "any-port" }
client = { source = "public", id = "native" }
"#;

/// A browser that would be back before the call that opens it has returned.
#[derive(Default)]
struct Quick {
    engine: OnceLock<Engine>,
    /// Whether an attempt was waiting for the answer, for each page.
    waited: Mutex<Vec<bool>>,
}

impl Host for Quick {
    fn open_url(&self, url: &Url) -> Result<(), String> {
        let (_, state) = url.query_pairs().find(|(name, _)| name == "state").ok_or("no state")?;
        let engine = self.engine.get().ok_or("no engine")?;
        let row = engine.store().read(|tx| tx.session_by_state_hash(&state_hash(&state))).map_err(|e| e.to_string())?;
        self.waited.lock().unwrap().push(row.is_some());
        Err("there is no browser".to_owned())
    }
    fn notify(&self, _notification: Notification) {}
    fn clear_notification(&self, _id: &str) {}
    fn reveal(&self, _screen: &Screen) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_waited_for_before_the_browser_is_opened() {
    let home = tempfile::tempdir().unwrap();
    let paths = Paths::under(home.path());
    crate::write_app_file(&paths, &"acme".parse().unwrap(), APP).unwrap();
    let host = Arc::new(Quick::default());
    let config = EngineConfig {
        paths,
        mode: EngineMode::Headless,
        host: Arc::clone(&host) as Arc<dyn Host>,
        wait_for_lock: Duration::from_secs(5),
    };
    let parts = Parts {
        keychain: Some(Arc::new(MemoryKeychain::new())),
        own_the_folder: true,
        device_id: Some("this computer".to_owned()),
        http: Http::with_patience(Duration::from_millis(700)),
        heed_system: false,
    };
    let engine = Engine::open_with(config, parts).await.unwrap();
    assert!(host.engine.set(engine.clone()).is_ok());
    let start = StartSession { app: Some("acme".parse().unwrap()), open: true, ..StartSession::default() };
    let session = engine.start_session(start).await.unwrap();
    assert_eq!(*host.waited.lock().unwrap(), [true]);
    // What went wrong with the browser is said all the same.
    let state = serde_json::to_value(&session.state).unwrap();
    assert_eq!(state["problem"]["data"]["code"], "browser_failed", "{state}");
    assert!(state["authorizationUrl"].is_string(), "{state}");
}
