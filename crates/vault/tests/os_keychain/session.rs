//! A private desktop session: its own home, its own bus, its own gnome-keyring, and a program in it.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

use membrane_vault::SERVICE;
use rustix::process::{Pid, Signal, kill_process};
use secret_service::{EncryptionType, SecretService};
use zbus::{
    Connection,
    export::ordered_stream::OrderedStreamExt,
    fdo::DBusProxy,
    zvariant::{ObjectPath, OwnedObjectPath, OwnedValue, Value},
};

const PASSWORD: &str = "test-pass";
const SECRETS: &str = "org.freedesktop.secrets";
const ROOT: &str = "/org/freedesktop/secrets";
const LOGIN: &str = "/org/freedesktop/secrets/collection/login";
/// Nothing here takes longer unless it hangs.
const HANGS: Duration = Duration::from_secs(30);

/// No service is started by being named: a session without a keyring stays without one.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:dir=DIR</listen><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>"#;

/// What a program finds around it.
pub trait Surroundings {
    fn environment(&self) -> Vec<(&'static str, String)>;
}

pub struct Desktop {
    dir: tempfile::TempDir,
    address: String,
    _bus: Ended,
    keyring: Option<Ended>,
}

impl Desktop {
    pub fn without_keyring() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["run", "data", "config", "cache"] {
            std::fs::create_dir(dir.path().join(folder)).unwrap();
        }
        let run = dir.path().join("run");
        std::fs::set_permissions(&run, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let config = dir.path().join("bus.conf");
        std::fs::write(&config, BUS.replace("DIR", &run.to_string_lossy())).unwrap();

        let mut bus = started(
            Command::new("dbus-daemon")
                .arg(format!("--config-file={}", config.display()))
                .args(["--nofork", "--print-address=1"])
                .stdout(Stdio::piped())
                .stderr(Stdio::null()),
        );
        let mut address = String::new();
        BufReader::new(bus.0.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Self { dir, address: address.trim().to_owned(), _bus: bus, keyring: None }
    }

    pub fn with_keyring() -> Self {
        let mut desktop = Self::without_keyring();
        desktop.start_keyring();
        desktop
    }

    /// Starts it unlocked, as a login does; the first time makes the login collection.
    pub fn start_keyring(&mut self) {
        self.run_keyring("--unlock");
    }

    pub fn start_locked_keyring(&mut self) {
        self.run_keyring("--start");
        assert!(self.locked(), "the login collection starts locked");
    }

    fn run_keyring(&mut self, how: &str) {
        let mut keyring = Command::new("gnome-keyring-daemon");
        keyring.args(["--foreground", "--components=secrets", how]).envs(self.environment());
        keyring.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut keyring = started(&mut keyring);
        let mut input = keyring.0.stdin.take().unwrap();
        if how == "--unlock" {
            input.write_all(PASSWORD.as_bytes()).unwrap();
        }
        drop(input);
        self.keyring = Some(keyring);
        self.talk(async |bus| wait_for_owner(bus, true).await);
    }

    pub fn stop_keyring(&mut self) {
        self.keyring = None;
        self.talk(async |bus| wait_for_owner(bus, false).await);
    }

    pub fn freeze_keyring(&self) {
        kill_process(self.keyring_pid(), Signal::STOP).unwrap();
    }

    pub fn thaw_keyring(&self) {
        kill_process(self.keyring_pid(), Signal::CONT).unwrap();
    }

    fn keyring_pid(&self) -> Pid {
        Pid::from_child(&self.keyring.as_ref().unwrap().0)
    }

    pub fn lock_keyring(&self) {
        self.talk(async |bus| {
            let login = vec![ObjectPath::try_from(LOGIN).unwrap()];
            bus.call_method(Some(SECRETS), ROOT, Some("org.freedesktop.Secret.Service"), "Lock", &login).await.unwrap();
        });
        assert!(self.locked());
    }

    /// Unlocks the login collection as the login screen would, without a prompt.
    pub fn unlock_keyring(&self) {
        self.talk(async |bus| {
            let open = ("plain", Value::from(""));
            let session = bus
                .call_method(Some(SECRETS), ROOT, Some("org.freedesktop.Secret.Service"), "OpenSession", &open)
                .await
                .unwrap();
            let (_, session): (OwnedValue, OwnedObjectPath) = session.body().deserialize().unwrap();
            let secret = (session, Vec::<u8>::new(), PASSWORD.as_bytes().to_vec(), "text/plain");
            let mine = secret.0.clone();
            let request = (ObjectPath::try_from(LOGIN).unwrap(), secret);
            let internal = Some("org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface");
            bus.call_method(Some(SECRETS), ROOT, internal, "UnlockWithMasterPassword", &request).await.unwrap();
            // The daemon may fall over the session of somebody who left without a word.
            let close = Some("org.freedesktop.Secret.Session");
            bus.call_method(Some(SECRETS), &mine, close, "Close", &()).await.unwrap();
        });
        assert!(!self.locked());
    }

    fn locked(&self) -> bool {
        self.talk(async |bus| {
            let service = SecretService::connect_with_existing(EncryptionType::Plain, bus.clone()).await.unwrap();
            service.get_default_collection().await.unwrap().is_locked().await.unwrap()
        })
    }

    /// Returns what the keyring holds for a vault, as any program of this person could see it.
    pub fn items(&self, vault: &str) -> Vec<Vec<u8>> {
        self.talk(async |bus| {
            let service = SecretService::connect_with_existing(EncryptionType::Plain, bus.clone()).await.unwrap();
            let wanted = HashMap::from([("service", SERVICE), ("username", vault)]);
            let found = service.search_items(wanted).await.unwrap();
            let mut secrets = Vec::new();
            for item in found.unlocked {
                secrets.push(item.get_secret().await.unwrap());
            }
            secrets
        })
    }

    fn talk<T>(&self, act: impl AsyncFnOnce(&Connection) -> T) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let talk = async {
                let builder = zbus::connection::Builder::address(self.address.as_str()).unwrap();
                act(&builder.build().await.unwrap()).await
            };
            tokio::time::timeout(HANGS, talk).await.expect("the session answers")
        })
    }
}

async fn wait_for_owner(bus: &Connection, wanted: bool) {
    let proxy = DBusProxy::new(bus).await.unwrap();
    let mut changes = proxy.receive_name_owner_changed().await.unwrap();
    while proxy.name_has_owner(SECRETS.try_into().unwrap()).await.unwrap() != wanted {
        changes.next().await.unwrap();
    }
}

impl Surroundings for Desktop {
    fn environment(&self) -> Vec<(&'static str, String)> {
        let folder = |name: &str| self.dir.path().join(name).to_string_lossy().into_owned();
        vec![
            ("HOME", folder("")),
            ("XDG_RUNTIME_DIR", folder("run")),
            ("XDG_DATA_HOME", folder("data")),
            ("XDG_CONFIG_HOME", folder("config")),
            ("XDG_CACHE_HOME", folder("cache")),
            ("DBUS_SESSION_BUS_ADDRESS", self.address.clone()),
        ]
    }
}

pub struct NoBus(Option<String>);

/// A session with no bus, or with an address that leads nowhere.
pub fn without_bus(address: Option<&str>) -> NoBus {
    NoBus(address.map(str::to_owned))
}

impl Surroundings for NoBus {
    fn environment(&self) -> Vec<(&'static str, String)> {
        let nowhere = ("XDG_RUNTIME_DIR", "/nonexistent".to_owned());
        let address = self.0.clone().map(|address| ("DBUS_SESSION_BUS_ADDRESS", address));
        [nowhere].into_iter().chain(address).collect()
    }
}

/// The example `keychain`, running in some surroundings.
pub struct Program {
    _child: Ended,
    input: ChildStdin,
    answers: Receiver<String>,
}

pub struct Answer {
    pub took: Duration,
    pub text: String,
}

impl Program {
    pub fn start(surroundings: &impl Surroundings, arguments: &[&str]) -> Self {
        let mut command = Command::new(example());
        command.args(arguments).env_clear().envs(surroundings.environment());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = started(&mut command);
        let (input, output) = (child.0.stdin.take().unwrap(), child.0.stdout.take().unwrap());
        let (sender, answers) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { _child: child, input, answers }
    }

    pub fn say(&mut self, command: &str) -> Answer {
        writeln!(self.input, "{command}").unwrap();
        let line = self.answers.recv_timeout(HANGS).unwrap_or_else(|_| panic!("no answer to `{command}`"));
        let (millis, text) = line.split_once(' ').unwrap();
        Answer { took: Duration::from_millis(millis.parse().unwrap()), text: text.to_owned() }
    }
}

/// Finds the example beside this test, and builds it where only this test was asked for.
fn example() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().and_then(Path::parent).unwrap().join("examples/keychain");
    if !path.exists() {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let built = Command::new(cargo).args(["build", "-p", "membrane-vault", "--example", "keychain"]).status();
        assert!(built.is_ok_and(|status| status.success()), "build it first: cargo build -p membrane-vault --examples");
    }
    path
}

/// A child that ends with its owner.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _status = self.0.wait();
    }
}

fn started(command: &mut Command) -> Ended {
    let program = command.get_program().to_string_lossy().into_owned();
    match command.spawn() {
        Ok(child) => Ended(child),
        Err(error) => {
            panic!("{program} does not start ({error}). These tests need it: apt-get install dbus gnome-keyring")
        }
    }
}
