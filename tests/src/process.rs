//! Programs under test and around them: found, started in a group of their own, and ended with everything they started.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::wait;

/// Returns the repository's root.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

/// Returns where pictures of the screen go, for whoever wants to look.
///
/// # Errors
/// Fails when the folder can't be made.
pub fn pictures() -> Result<PathBuf> {
    let folder =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from).join("pictures");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Returns a program that was built beside the tests.
///
/// # Errors
/// Says how to build it when it isn't there.
pub fn program(name: &str) -> Result<PathBuf> {
    let folder = match std::env::var_os("MEMBRANE_TEST_BIN_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => {
            let tests = std::env::current_exe()?;
            tests.ancestors().find(|folder| folder.join("deps").is_dir()).context("no target folder")?.to_owned()
        }
    };
    let path = folder.join(name);
    if !path.is_file() {
        bail!("{} is not built; `cargo xtask test` builds it", path.display());
    }
    Ok(path)
}

/// A running program; ended, with its group, when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    name: String,
    log: PathBuf,
}

impl Running {
    /// Starts a program in a group of its own; what it prints goes to `log`.
    ///
    /// # Errors
    /// Fails when it can't be started.
    pub fn start(mut command: Command, log: &Path) -> Result<Self> {
        let name =
            Path::new(command.get_program()).file_name().unwrap_or(OsStr::new("?")).to_string_lossy().into_owned();
        let file = File::options().create(true).append(true).open(log)?;
        command.stdout(file.try_clone()?).stderr(file).process_group(0);
        let child = command.spawn().with_context(|| format!("start {name}"))?;
        Ok(Self { child, name, log: log.to_owned() })
    }

    /// Returns its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns its standard input, once, where the command was given a pipe for it.
    pub fn input(&mut self) -> Option<std::process::ChildStdin> {
        self.child.stdin.take()
    }

    /// Returns what it printed so far.
    #[must_use]
    pub fn output(&self) -> String {
        std::fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Tells how it ended, if it did.
    ///
    /// # Errors
    /// Fails when the system can't say.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// Fails with its output when it doesn't.
    pub fn wait(&mut self, limit: Duration) -> Result<ExitStatus> {
        let what = format!("{} to end", self.name);
        wait::until(&what, limit, || Ok(self.child.try_wait()?)).with_context(|| self.output())
    }

    /// Asks it to end (SIGTERM) and waits.
    ///
    /// # Errors
    /// Fails when it stays.
    pub fn terminate(&mut self) -> Result<ExitStatus> {
        self.signal(Signal::TERM);
        self.wait(Duration::from_secs(15))
    }

    /// Ends it at once (SIGKILL), itself alone.
    ///
    /// # Errors
    /// Fails when the system can't say how it ended.
    pub fn kill(&mut self) -> Result<ExitStatus> {
        self.signal(Signal::KILL);
        Ok(self.child.wait()?)
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = Pid::from_raw(i32::try_from(self.child.id()).unwrap_or_default()) {
            let _gone_already = kill_process(pid, signal);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(pid) = Pid::from_raw(i32::try_from(self.child.id()).unwrap_or_default()) {
            let _gone_already = kill_process_group(pid, Signal::KILL);
        }
        let _status = self.child.wait();
    }
}

/// Ends every process whose environment has `NAME=value`.
pub fn kill_marked(mark: &str) {
    let Ok(folder) = std::fs::read_dir("/proc") else { return };
    for entry in folder.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        let Ok(environment) = std::fs::read(entry.path().join("environ")) else { continue };
        if environment.split(|byte| *byte == 0).any(|one| one == mark.as_bytes()) {
            kill_pid(pid);
        }
    }
}

/// Ends one process by its id.
pub fn kill_pid(pid: i32) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _gone_already = kill_process(pid, Signal::KILL);
    }
}
