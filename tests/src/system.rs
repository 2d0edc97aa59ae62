//! A system bus of one's own with a network and a login manager on it that do as they are told (python3-dbusmock).

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use zbus::blocking::Connection;
use zbus::blocking::connection::Builder;

use crate::wait;

const MOCK: &str = "org.freedesktop.DBus.Mock";
const NETWORK: &str = "org.freedesktop.NetworkManager";
const NETWORK_PATH: &str = "/org/freedesktop/NetworkManager";
const LOGIN: &str = "org.freedesktop.login1";
const LOGIN_PATH: &str = "/org/freedesktop/login1";
/// Where Debian's own Python is; the mock is a package of it.
const PYTHON: &str = "/usr/bin/python3";

/// A bus with NetworkManager and logind on it; all end when this is dropped.
#[derive(Debug)]
pub struct System {
    processes: Vec<Child>,
    address: String,
    bus: Connection,
}

/// `NMConnectivityState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connectivity {
    /// No network.
    None = 1,
    /// A page wants something from the person first.
    Portal = 2,
    /// A network that leads nowhere.
    Limited = 3,
    /// All is well.
    Full = 4,
}

impl System {
    /// Starts everything.
    ///
    /// # Errors
    /// Fails when the daemon or the mock is missing.
    pub fn start(folder: &Path) -> Result<Self> {
        let socket = folder.join("system-bus");
        let mut daemon = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--print-address=1"])
            .arg(format!("--address=unix:path={}", socket.display()))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("dbus-daemon could not be started")?;
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().context("no output")?).read_line(&mut address)?;
        let address = address.trim().to_owned();
        let mut processes = vec![daemon];
        for template in ["networkmanager", "logind"] {
            let mock = Command::new(PYTHON)
                .args(["-m", "dbusmock", "--template", template])
                .env("DBUS_SYSTEM_BUS_ADDRESS", &address)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .context("python3 could not be started")?;
            processes.push(mock);
        }
        let bus = Builder::address(address.as_str())?.build()?;
        let system = Self { processes, address, bus };
        for name in [NETWORK, LOGIN] {
            wait::until_true(&format!("{name} (is python3-dbusmock installed?)"), Duration::from_secs(20), || {
                let peer = zbus::blocking::fdo::DBusProxy::new(&system.bus)?;
                Ok(peer.name_has_owner(name.try_into()?)?)
            })?;
        }
        Ok(system)
    }

    /// Returns the bus's address.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Changes what the network can do.
    ///
    /// # Errors
    /// Fails when the mock doesn't answer.
    pub fn network(&self, connectivity: Connectivity) -> Result<()> {
        let number = connectivity as u32;
        self.bus.call_method(Some(NETWORK), NETWORK_PATH, Some(MOCK), "SetConnectivity", &number)?;
        Ok(())
    }

    /// Says that the computer is about to sleep, or woke.
    ///
    /// # Errors
    /// Fails when the mock doesn't answer.
    pub fn sleep(&self, asleep: bool) -> Result<()> {
        let arguments = vec![zbus::zvariant::Value::from(asleep)];
        let signal = ("org.freedesktop.login1.Manager", "PrepareForSleep", "b", arguments);
        self.bus.call_method(Some(LOGIN), LOGIN_PATH, Some(MOCK), "EmitSignal", &signal)?;
        Ok(())
    }

    /// Counts how often somebody asked to put off the sleep, and how many of them still hold it.
    ///
    /// # Errors
    /// Fails when the mock doesn't answer.
    pub fn inhibitors(&self) -> Result<usize> {
        let reply = self.bus.call_method(
            Some(LOGIN),
            LOGIN_PATH,
            Some("org.freedesktop.login1.Manager"),
            "ListInhibitors",
            &(),
        )?;
        let all: Vec<(String, String, String, String, u32, u32)> = reply.body().deserialize()?;
        if let Some(odd) = all.iter().find(|one| one.0 != "sleep" || one.3 != "delay") {
            bail!("an odd wish: {odd:?}");
        }
        Ok(all.len())
    }
}

impl Drop for System {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ended = process.kill();
            let _reaped = process.wait();
        }
    }
}
