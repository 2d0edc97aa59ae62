//! The desktop's keyring: a real gnome-keyring, unlocked, locked, or unlocked later.

use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue, Value};

use super::Desktop;
use crate::process::Running;
use crate::wait;

const PASSWORD: &str = "test-pass";
const SECRETS: &str = "org.freedesktop.secrets";
const ROOT: &str = "/org/freedesktop/secrets";
const LOGIN: &str = "/org/freedesktop/secrets/collection/login";

/// A running keyring.
pub struct Keyring<'a> {
    desktop: &'a Desktop,
    _daemon: Running,
}

impl<'a> Keyring<'a> {
    /// Starts it unlocked, as a login does.
    ///
    /// # Errors
    /// Fails when it is not installed.
    pub fn start(desktop: &'a Desktop) -> Result<Self> {
        let mut command = desktop.command("gnome-keyring-daemon");
        command.args(["--foreground", "--components=secrets", "--unlock"]).stdin(Stdio::piped());
        let mut daemon = desktop.start_program(command)?;
        daemon.input().context("no input")?.write_all(PASSWORD.as_bytes())?;
        let keyring = Self { desktop, _daemon: daemon };
        let bus = desktop.bus()?;
        let names = zbus::blocking::fdo::DBusProxy::new(&bus)?;
        wait::until_true("the keyring", Duration::from_secs(10), || Ok(names.name_has_owner(SECRETS.try_into()?)?))?;
        Ok(keyring)
    }

    /// Locks it, as the desktop does.
    ///
    /// # Errors
    /// Fails when it doesn't answer.
    pub fn lock(&self) -> Result<()> {
        let login = vec![ObjectPath::try_from(LOGIN)?];
        let service = Some("org.freedesktop.Secret.Service");
        self.desktop.bus()?.call_method(Some(SECRETS), ROOT, service, "Lock", &login)?;
        Ok(())
    }

    /// Unlocks it, as the login screen does.
    ///
    /// # Errors
    /// Fails when it doesn't answer.
    pub fn unlock(&self) -> Result<()> {
        let bus = self.desktop.bus()?;
        let service = Some("org.freedesktop.Secret.Service");
        let opened = bus.call_method(Some(SECRETS), ROOT, service, "OpenSession", &("plain", Value::from("")))?;
        let (_, session): (OwnedValue, OwnedObjectPath) = opened.body().deserialize()?;
        let secret = (session, Vec::<u8>::new(), PASSWORD.as_bytes().to_vec(), "text/plain");
        let request = (ObjectPath::try_from(LOGIN)?, secret);
        let internal = Some("org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface");
        bus.call_method(Some(SECRETS), ROOT, internal, "UnlockWithMasterPassword", &request)?;
        Ok(())
    }
}
