//! A desktop without a screen: an X server in memory and a session bus of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};

/// A child that is ended when it is dropped.
pub(super) struct Guard(pub(super) Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ended = Command::new("kill").arg(self.0.id().to_string()).status();
        let _reaped = self.0.wait();
    }
}

/// The screen and the bus, ended together.
pub(super) struct Screen {
    display: String,
    bus: Option<String>,
    _children: Vec<Guard>,
}

impl Screen {
    pub(super) fn start() -> Result<Self> {
        let (server, number) =
            tells(Command::new("Xvfb").args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"]))
                .context("Xvfb could not be started")?;
        let mut children = vec![server];
        // Without a bus the app runs as well, only without its tray icon.
        let bus = tells(Command::new("dbus-daemon").args(["--session", "--nofork", "--print-address=1"])).ok();
        let bus = bus.map(|(daemon, address)| {
            children.push(daemon);
            address
        });
        Ok(Self { display: format!(":{number}"), bus, _children: children })
    }

    /// Puts a program on this screen.
    pub(super) fn show(&self, command: &mut Command) {
        command.env("DISPLAY", &self.display).env("GDK_BACKEND", "x11").env("XDG_SESSION_TYPE", "x11");
        command.env("NO_AT_BRIDGE", "1").env("LIBGL_ALWAYS_SOFTWARE", "1").env_remove("WAYLAND_DISPLAY");
        match &self.bus {
            Some(address) => command.env("DBUS_SESSION_BUS_ADDRESS", address),
            None => command.env_remove("DBUS_SESSION_BUS_ADDRESS"),
        };
    }
}

/// Starts a program and returns it with the first line it prints.
fn tells(command: &mut Command) -> Result<(Guard, String)> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let output = child.stdout.take();
    let guard = Guard(child);
    let mut line = String::new();
    BufReader::new(output.context("its output is closed")?).read_line(&mut line)?;
    ensure!(!line.trim().is_empty(), "it ended without a word");
    Ok((guard, line.trim().to_owned()))
}
