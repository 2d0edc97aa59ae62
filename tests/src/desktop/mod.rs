//! A desktop of one test's own: a home, a session bus, a screen in memory, a keyring, and link handlers.

mod keyring;
mod notifications;
mod tray;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;

pub use keyring::Keyring;
pub use notifications::{Notification, Notifications, Silent};
pub use tray::Tray;

use crate::process::{Running, kill_marked, program};
use crate::wait;

const PATIENCE: Duration = Duration::from_secs(20);

/// No service is started by being named: what is not started here is not there.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=SOCKET</listen><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>"#;

/// The desktop; everything in it ends when it is dropped.
pub struct Desktop {
    folder: TempDir,
    environment: Vec<(String, String)>,
    address: String,
    // Where the package is installed; without one, what was built is used.
    installed: Option<PathBuf>,
    _parts: Vec<Running>,
}

impl Desktop {
    /// Starts a bus, a screen and a window manager; no keyring, no notifications, no tray.
    ///
    /// # Errors
    /// Fails when a program of the desktop is missing.
    pub fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("membrane-desktop-").tempdir()?;
        for name in ["run", "data/applications", "config", "cache"] {
            std::fs::create_dir_all(folder.path().join(name))?;
        }
        std::fs::set_permissions(folder.path().join("run"), std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        let socket = folder.path().join("run/bus");
        std::fs::write(folder.path().join("bus.conf"), BUS.replace("SOCKET", &socket.to_string_lossy()))?;
        let address = format!("unix:path={}", socket.display());
        let (display, screen) = start_screen(folder.path())?;
        let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        let environment = [
            ("HOME", path("")),
            ("XDG_RUNTIME_DIR", path("run")),
            ("XDG_DATA_HOME", path("data")),
            ("XDG_CONFIG_HOME", path("config")),
            ("XDG_CACHE_HOME", path("cache")),
            ("DBUS_SESSION_BUS_ADDRESS", address.clone()),
            ("DISPLAY", display),
            ("XDG_SESSION_TYPE", "x11".to_owned()),
            ("GDK_BACKEND", "x11".to_owned()),
            ("NO_AT_BRIDGE", "1".to_owned()),
            ("LIBGL_ALWAYS_SOFTWARE", "1".to_owned()),
            ("WEBKIT_DISABLE_DMABUF_RENDERER", "1".to_owned()),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let mut desktop = Self { folder, environment, address, installed: None, _parts: vec![screen] };
        let mut bus = desktop.command("dbus-daemon");
        bus.arg(format!("--config-file={}", desktop.path().join("bus.conf").display())).arg("--nofork");
        desktop.run(bus)?;
        wait::until_true("the bus", PATIENCE, || Ok(socket.exists()))?;
        desktop.run(desktop.command("openbox"))?;
        Ok(desktop)
    }

    /// Returns its folder, which is also the person's home.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the product's data folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.path().join("data/dev.membrane.desktop")
    }

    /// Returns the product's socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.path().join("run/dev.membrane.desktop/api.sock")
    }

    /// Returns the environment of everything on it.
    #[must_use]
    pub fn environment(&self) -> &[(String, String)] {
        &self.environment
    }

    /// Connects to its bus.
    ///
    /// # Errors
    /// Fails when the bus is gone.
    pub fn bus(&self) -> Result<zbus::blocking::Connection> {
        Ok(self.bus_builder()?.build()?)
    }

    fn bus_builder(&self) -> Result<zbus::blocking::connection::Builder<'static>> {
        Ok(zbus::blocking::connection::Builder::address(self.address.clone().as_str())?)
    }

    /// Makes a command on it.
    #[must_use]
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.envs(self.environment.iter().map(|(name, value)| (name, value))).stdin(Stdio::null());
        command
    }

    /// Starts something that runs until the desktop ends.
    ///
    /// # Errors
    /// Fails when it can't be started.
    pub fn run(&mut self, command: Command) -> Result<()> {
        let running = self.start_program(command)?;
        self._parts.push(running);
        Ok(())
    }

    /// Starts a program whose output goes to a file.
    ///
    /// # Errors
    /// Fails when it can't be started.
    pub fn start_program(&self, command: Command) -> Result<Running> {
        let name = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
        Running::start(command, &self.path().join(format!("{name}.log")))
    }

    /// Installs the package, in a root of this desktop's own; from then on its programs are the ones that run.
    ///
    /// # Errors
    /// Fails when the package isn't built, or dpkg refuses it.
    pub fn install_package(&mut self) -> Result<()> {
        let package = std::env::var_os("MEMBRANE_TEST_PACKAGE").context("no package; `cargo xtask test` makes it")?;
        let place = self.path().join("installed");
        std::fs::create_dir_all(place.join("var/lib/dpkg/info"))?;
        std::fs::create_dir_all(place.join("var/lib/dpkg/updates"))?;
        std::fs::write(place.join("var/lib/dpkg/status"), "")?;
        // The root of its own has none of the libraries that it depends on; those of the system are used.
        let installed = self
            .command("dpkg")
            .arg(format!("--root={}", place.display()))
            .args(["--force-not-root", "--force-depends", "--force-script-chrootless", "--install"])
            .arg(package)
            .output()?;
        anyhow::ensure!(installed.status.success(), "dpkg: {}", String::from_utf8_lossy(&installed.stderr));
        let path = std::env::var("PATH").unwrap_or_default();
        self.environment.push(("PATH".to_owned(), format!("{}/usr/bin:{path}", place.display())));
        let shared = format!("{}/usr/share:/usr/local/share:/usr/share", place.display());
        self.environment.push(("XDG_DATA_DIRS".to_owned(), shared));
        self.installed = Some(place);
        Ok(())
    }

    /// Returns a program of the product: the installed one, or the one that was built.
    ///
    /// # Errors
    /// Fails when it isn't there.
    pub fn program(&self, name: &str) -> Result<PathBuf> {
        match &self.installed {
            Some(place) => Ok(place.join("usr/bin").join(name)),
            None => program(name),
        }
    }

    /// Makes the built app the handler of its links, as the package does.
    ///
    /// # Errors
    /// Fails when the app isn't built.
    pub fn install_app(&self) -> Result<()> {
        let app = program("membrane-desktop")?;
        self.handler("dev.membrane.desktop", &format!("{} %u", app.display()), &["membrane", "dev.membrane.desktop"])
    }

    /// Makes a script the default browser that writes each address to a file, one a line.
    ///
    /// # Errors
    /// Fails when the files can't be written.
    pub fn install_browser(&self) -> Result<Browser> {
        let log = self.path().join("opened");
        let script = self.path().join("browser");
        std::fs::write(&script, format!("#!/bin/sh\nprintf '%s\\n' \"$1\" >> {}\n", log.display()))?;
        std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        self.handler("browser", &format!("{} %u", script.display()), &["http", "https"])?;
        Ok(Browser { log, seen: 0 })
    }

    fn handler(&self, name: &str, exec: &str, schemes: &[&str]) -> Result<()> {
        let types: Vec<String> = schemes.iter().map(|scheme| format!("x-scheme-handler/{scheme}")).collect();
        let entry = format!(
            "[Desktop Entry]\nType=Application\nName={name}\nExec={exec}\nTerminal=false\nMimeType={};\n",
            types.join(";")
        );
        let folder = self.path().join("data/applications");
        std::fs::write(folder.join(format!("{name}.desktop")), entry)?;
        anyhow::ensure!(
            self.command("update-desktop-database").arg(&folder).status()?.success(),
            "no handler database"
        );
        let mut default = self.command("xdg-mime");
        default.args(["default", &format!("{name}.desktop")]).args(&types);
        anyhow::ensure!(default.status()?.success(), "the handler could not be made the default");
        Ok(())
    }

    /// Opens an address as a program of the desktop does.
    ///
    /// # Errors
    /// Fails when it can't be opened.
    pub fn open(&self, address: &str) -> Result<Running> {
        let mut open = self.command("xdg-open");
        open.arg(address);
        // Not waited for: it lasts as long as the program that it starts.
        self.start_program(open)
    }

    /// Starts the app.
    ///
    /// # Errors
    /// Fails when it isn't built.
    pub fn start_app(&self, arguments: &[&str]) -> Result<Running> {
        let mut command = self.command(self.program("membrane-desktop")?);
        command.args(arguments);
        self.start_program(command)
    }

    /// Runs `membrane` to its end and returns its exit code, output and errors.
    ///
    /// # Errors
    /// Fails when it can't be started.
    pub fn cli(&self, arguments: &[&str]) -> Result<(i32, String, String)> {
        let output = self.command(self.program("membrane")?).args(arguments).output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok((output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr)))
    }

    /// Runs `membrane … --json` and returns its document.
    ///
    /// # Errors
    /// Fails when it fails.
    pub fn json(&self, arguments: &[&str]) -> Result<serde_json::Value> {
        let (code, out, err) = self.cli(&[arguments, &["--json"]].concat())?;
        anyhow::ensure!(code == 0, "membrane {arguments:?}: {code} {err}");
        serde_json::from_str(&out).with_context(|| out.clone())
    }

    /// Waits until an engine answers.
    ///
    /// # Errors
    /// Fails when none does.
    pub fn wait_for_engine(&self) -> Result<()> {
        wait::until_true("the engine to answer", PATIENCE, || Ok(self.cli(&["status", "--json"])?.0 == 0))
    }

    /// Takes a picture of the screen, once a window is drawn on it.
    ///
    /// # Errors
    /// Fails when ImageMagick is missing, or when the screen stays without one.
    pub fn picture(&self, file: &Path) -> Result<()> {
        wait::until_true("a window on the screen", PATIENCE, || {
            let taken = self.command("import").args(["-window", "root"]).arg(file).status()?;
            anyhow::ensure!(taken.success(), "no picture");
            let colours = self.command("identify").args(["-format", "%k"]).arg(file).output()?;
            Ok(String::from_utf8_lossy(&colours.stdout).trim().parse::<u32>().is_ok_and(|count| count > 800))
        })
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        // What links and commands started in the background ends too.
        kill_marked(&format!("XDG_RUNTIME_DIR={}", self.path().join("run").display()));
    }
}

/// The default browser, which only notes what it was to open.
#[derive(Debug)]
pub struct Browser {
    log: PathBuf,
    seen: usize,
}

impl Browser {
    /// Waits for the next address.
    ///
    /// # Errors
    /// Fails when none is opened.
    pub fn next_address(&mut self) -> Result<String> {
        let address = wait::until("a page to be opened", PATIENCE, || {
            let text = std::fs::read_to_string(&self.log).unwrap_or_default();
            let whole = text.ends_with('\n');
            Ok(text.lines().nth(self.seen).filter(|_| whole).map(str::to_owned))
        })?;
        self.seen += 1;
        Ok(address)
    }
}

/// Starts a screen in memory on a free display.
fn start_screen(folder: &Path) -> Result<(String, Running)> {
    let file = folder.join("display");
    let mut command = Command::new("sh");
    // The display's number comes on a descriptor; a file keeps it until it is read.
    command.arg("-c").arg(format!("exec Xvfb -displayfd 3 -screen 0 1280x800x24 -nolisten tcp 3> {}", file.display()));
    let running = Running::start(command, &folder.join("xvfb.log"))?;
    let number = wait::until("the screen", PATIENCE, || {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        Ok(text.ends_with('\n').then(|| BufReader::new(text.as_bytes()).lines().next()?.ok()).flatten())
    })?;
    Ok((format!(":{}", number.trim()), running))
}
