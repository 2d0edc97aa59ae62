//! The refresh engine against a provider that misbehaves on purpose: a real store, a real vault, real requests.

mod checks;
mod many;
mod people;
mod quirks;
mod rotation;
mod shared;
mod storage;
mod table;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use membrane_model::{
    AppKey, Connection, ConnectionId, ConnectionState, ConnectionView, EngineMode, TenantId, Timestamp, TokenView,
};
use membrane_oauth::Http;
use membrane_store::CredentialRow;
use membrane_tests::faults::{Faults, Rules};
use membrane_vault::MemoryKeychain;
use tempfile::TempDir;
use url::Url;

use crate::credential::Credential;
use crate::engine::Parts;
use crate::{Caller, Engine, EngineConfig, Host, Notification, Paths, Screen};

/// What is known of the tokens of the app `acme`, where a test needs nothing else.
const SINGLE_USE: &str = r#"rotation = "single-use", lifetime = 3600"#;

/// Remembers what the person was shown.
#[derive(Default)]
struct Recorder(Mutex<Vec<Shown>>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Shown {
    Raised(Notification),
    Withdrawn(String),
}

impl Host for Recorder {
    fn open_url(&self, _url: &Url) -> Result<(), String> {
        Ok(())
    }
    fn notify(&self, notification: Notification) {
        self.0.lock().unwrap().push(Shown::Raised(notification));
    }
    fn clear_notification(&self, id: &str) {
        self.0.lock().unwrap().push(Shown::Withdrawn(id.to_owned()));
    }
    fn reveal(&self, _screen: &Screen) {}
}

/// An engine with one provider.
struct World {
    home: Arc<TempDir>,
    keychain: Arc<MemoryKeychain>,
    host: Arc<Recorder>,
    faults: Arc<Faults>,
    engine: Engine,
}

impl World {
    async fn start(rules: Rules) -> Self {
        Self::with(rules, SINGLE_USE).await
    }

    async fn with(rules: Rules, token: &str) -> Self {
        let faults = Faults::start(rules).unwrap();
        let home = tempfile::tempdir().unwrap();
        let paths = Paths::under(home.path());
        let text = faults.app_file("acme", token);
        crate::write_app_file(&paths, &"acme".parse().unwrap(), &text).unwrap();
        let (keychain, host) = (Arc::new(MemoryKeychain::new()), Arc::new(Recorder::default()));
        let (home, faults) = (Arc::new(home), Arc::new(faults));
        let engine = open(&home, &keychain, &host, true, "this computer").await;
        Self { home, keychain, host, faults, engine }
    }

    /// Opens another engine on the same folder, as a second process would that does not heed who owns it.
    async fn second(&self) -> Self {
        self.again(false, "this computer").await
    }

    async fn again(&self, own_the_folder: bool, computer: &str) -> Self {
        let engine = open(&self.home, &self.keychain, &self.host, own_the_folder, computer).await;
        let (home, keychain) = (Arc::clone(&self.home), Arc::clone(&self.keychain));
        Self { home, keychain, host: Arc::clone(&self.host), faults: Arc::clone(&self.faults), engine }
    }

    /// Adds a connection whose sign-in was good a moment ago.
    async fn connect(&self) -> ConnectionId {
        let (access, refresh) = self.faults.sign_in();
        self.add("oauth", &access, Some(&refresh), Timestamp::now() + Duration::from_secs(3600)).await
    }

    /// Adds a connection with a key.
    async fn connect_key(&self, key: &str) -> ConnectionId {
        let credential =
            Credential { values: [("key".to_owned(), key.to_owned().into())].into(), ..Credential::default() };
        self.put("key", credential, |row| row).await
    }

    async fn add(&self, method: &str, access: &str, refresh: Option<&str>, end: Timestamp) -> ConnectionId {
        let credential = Credential {
            access_token: Some(access.to_owned().into()),
            refresh_token: refresh.map(|token| token.to_owned().into()),
            client_id: Some("native".into()),
            ..Credential::default()
        };
        let has_refresh = refresh.is_some();
        self.put(method, credential, |row| CredentialRow {
            has_refresh,
            expires_at: Some(end),
            next_refresh_at: has_refresh.then(|| end - Duration::from_secs(300)),
            ..row
        })
        .await
    }

    async fn put(
        &self,
        method: &str,
        credential: Credential,
        change: impl FnOnce(CredentialRow) -> CredentialRow,
    ) -> ConnectionId {
        self.engine.need_vault().await.unwrap();
        let connection = a_connection(method);
        let id = connection.id.clone();
        let sealed = credential.seal(self.engine.vault(), &id).unwrap();
        let row = CredentialRow::lasting(&id, sealed, Timestamp::now(), &self.engine.inner().device_id);
        let row = change(row);
        self.engine
            .write(move |tx| tx.insert_connection(&connection).and_then(|()| tx.put_credential(&row)))
            .await
            .unwrap();
        id
    }

    /// Changes a credential's facts.
    async fn change(&self, id: &ConnectionId, change: impl FnOnce(&mut CredentialRow)) {
        let mut row = self.row(id);
        change(&mut row);
        self.engine.write(move |tx| tx.put_credential(&row)).await.unwrap();
        self.engine.inner().wake.notify_one();
    }

    /// Lets the access token end, here and at the provider.
    async fn expire(&self, id: &ConnectionId) {
        self.faults.end_access();
        // Renewed on demand only: the schedule is out of the way.
        self.change(id, |row| {
            row.expires_at = Some(Timestamp::now() - Duration::from_secs(1));
            row.next_refresh_at = Some(Timestamp::now() + Duration::from_secs(600));
        })
        .await;
    }

    fn row(&self, id: &ConnectionId) -> CredentialRow {
        self.engine.credential_row_of(id).unwrap().unwrap()
    }

    fn credential(&self, id: &ConnectionId) -> Credential {
        self.engine.open_credential(&self.row(id)).unwrap()
    }

    fn view(&self, id: &ConnectionId) -> ConnectionView {
        self.engine.view(&self.engine.find(id).unwrap()).unwrap()
    }

    async fn token(&self, id: &ConnectionId) -> Result<TokenView, crate::Fault> {
        self.engine.token(&Caller::Console, id, Duration::from_secs(60)).await
    }

    fn events(&self, id: &ConnectionId) -> Vec<&'static str> {
        self.engine.events_of(id, 50).unwrap().iter().rev().map(|event| event.kind.name()).collect()
    }

    fn shown(&self) -> Vec<Shown> {
        self.host.0.lock().unwrap().clone()
    }

    fn raised(&self) -> Vec<Notification> {
        let raised = |shown| match shown {
            Shown::Raised(notification) => Some(notification),
            Shown::Withdrawn(_) => None,
        };
        self.shown().into_iter().filter_map(raised).collect()
    }

    /// Waits until something is so.
    async fn until(&self, what: &str, fits: impl Fn() -> bool) {
        let waiting = async {
            while !fits() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        assert!(tokio::time::timeout(Duration::from_secs(20), waiting).await.is_ok(), "{what} did not come");
    }
}

async fn open(
    home: &TempDir,
    keychain: &Arc<MemoryKeychain>,
    host: &Arc<Recorder>,
    own_the_folder: bool,
    computer: &str,
) -> Engine {
    let config = EngineConfig {
        paths: Paths::under(home.path()),
        mode: EngineMode::Headless,
        host: Arc::clone(host) as Arc<dyn Host>,
        wait_for_lock: Duration::from_secs(5),
    };
    let parts = Parts {
        keychain: Some(Arc::clone(keychain) as Arc<dyn membrane_vault::Keychain>),
        own_the_folder,
        device_id: Some(computer.to_owned()),
        http: Http::with_patience(Duration::from_millis(700)),
        heed_system: false,
    };
    let engine = Engine::open_with(config, parts).await.unwrap();
    engine.need_vault().await.unwrap();
    engine
}

fn a_connection(method: &str) -> Connection {
    let now = Timestamp::now();
    Connection {
        id: ConnectionId::generate(),
        key: None,
        tenant: TenantId::own(),
        app: "acme".parse::<AppKey>().unwrap(),
        auth_method: method.into(),
        name: "Acme CRM".into(),
        account: None,
        state: ConnectionState::Connected,
        fields: Default::default(),
        scopes: vec!["read".into()],
        meta: Default::default(),
        generation: 1,
        created_at: now,
        updated_at: now,
        last_used_at: None,
        archived_at: None,
    }
}
