//! A home of the product for one test: its folder, its environment, its command line and its engine.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::http::{Address, Reply, Request};
use crate::process::{Running, program};
use crate::wait;

/// How long a program may take to come up or go down.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where one test keeps everything.
#[derive(Debug)]
pub struct Home {
    folder: TempDir,
    environment: Vec<(String, String)>,
}

/// What a command came to.
#[derive(Debug, Clone)]
pub struct Said {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Said {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// Returns standard output as the one JSON document it is.
    ///
    /// # Errors
    /// Fails with everything that was said.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.out).with_context(|| format!("{self:?}"))
    }

    /// Returns the JSON error document on standard error.
    ///
    /// # Errors
    /// Fails when there is none.
    pub fn error(&self) -> Result<Value> {
        let document: Value = serde_json::from_str(&self.err).with_context(|| format!("{self:?}"))?;
        ensure!(self.code != 0, "a failure with exit code 0");
        Ok(document["error"].clone())
    }
}

impl Home {
    /// Makes a home whose vault has an injected key, so that no keychain is needed.
    ///
    /// # Errors
    /// Fails when the folder can't be made.
    pub fn with_key() -> Result<Self> {
        let mut home = Self::bare()?;
        let file = home.path().join("key");
        let mut key = std::fs::File::options().write(true).create_new(true).mode(0o600).open(&file)?;
        key.write_all(b"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")?;
        home.set("MEMBRANE_VAULT_KEY_FILE", &file.to_string_lossy());
        Ok(home)
    }

    /// Makes a home without any key, display or bus.
    ///
    /// # Errors
    /// Fails when the folder can't be made.
    pub fn bare() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("membrane-").tempdir()?;
        let mut home = Self { environment: Vec::new(), folder };
        let path = home.path().to_string_lossy().into_owned();
        home.set("MEMBRANE_HOME", &path);
        Ok(home)
    }

    /// Sets a variable of its environment.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Returns its folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the API's socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.path().join("run/api.sock")
    }

    /// Makes a command in its environment and no other.
    ///
    /// # Errors
    /// Fails when the program isn't built.
    pub fn command(&self, name: &str) -> Result<Command> {
        let mut command = Command::new(program(name)?);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", self.path());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        Ok(command)
    }

    /// Runs a script of a shell to its end, with `membrane` on its path; it stops at the first command that fails.
    ///
    /// # Errors
    /// Fails when there is no shell.
    pub fn shell(&self, script: &str) -> Result<Said> {
        let membrane = program("membrane")?;
        let folder = membrane.parent().context("the program is in no folder")?;
        let path = std::env::join_paths(
            [folder.to_owned()].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
        )?;
        let mut shell = self.command("membrane")?;
        let environment: Vec<_> =
            shell.get_envs().map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned))).collect();
        shell = Command::new("sh");
        shell.env_clear().args(["-e", "-c", script]).stdin(Stdio::null());
        shell.envs(environment.into_iter().filter_map(|(name, value)| Some((name, value?)))).env("PATH", path);
        Ok(Said::of(&shell.output()?))
    }

    /// Runs `membrane` to its end, with nothing on standard input.
    ///
    /// # Errors
    /// Fails when it can't be started.
    pub fn cli(&self, arguments: &[&str]) -> Result<Said> {
        self.cli_with("", arguments)
    }

    /// Runs `membrane` to its end with a text on standard input.
    ///
    /// # Errors
    /// Fails when it can't be started.
    pub fn cli_with(&self, input: &str, arguments: &[&str]) -> Result<Said> {
        let mut command = self.command("membrane")?;
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        if let Some(mut pipe) = child.stdin.take() {
            // A program that doesn't read is no failure of the test.
            let _read = pipe.write_all(input.as_bytes());
        }
        Ok(Said::of(&child.wait_with_output()?))
    }

    /// Runs `membrane … --json` and returns its document.
    ///
    /// # Errors
    /// Fails when it fails.
    pub fn json(&self, arguments: &[&str]) -> Result<Value> {
        let said = self.cli(&[arguments, &["--json"]].concat())?;
        ensure!(said.code == 0, "membrane {arguments:?}: {said:?}");
        said.json()
    }

    /// Starts `membrane connect …` and returns it with the address that it says to open.
    ///
    /// # Errors
    /// Fails when it says none.
    pub fn connecting(&self, arguments: &[&str]) -> Result<(Connecting, String)> {
        self.leading(&[&["connect"], arguments].concat())
    }

    /// Starts a command that leads somebody to a page, and returns it with the page's address.
    ///
    /// # Errors
    /// Fails when it says none.
    pub fn leading(&self, arguments: &[&str]) -> Result<(Connecting, String)> {
        let mut command = self.command("membrane")?;
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let said = Arc::new(Mutex::new(String::new()));
        let mut errors = BufReader::new(child.stderr.take().context("no standard error")?);
        let mut address = None;
        let mut line = String::new();
        while address.is_none() && errors.read_line(&mut line)? > 0 {
            address = line.split_whitespace().find(|word| word.starts_with("http")).map(str::to_owned);
            if let Ok(mut said) = said.lock() {
                said.push_str(&line);
            }
            line.clear();
        }
        let heard = Arc::clone(&said);
        let reader = std::thread::spawn(move || {
            for line in errors.lines().map_while(std::result::Result::ok) {
                if let Ok(mut said) = heard.lock() {
                    said.push_str(&line);
                    said.push('\n');
                }
            }
        });
        let connecting = Connecting { child, said, reader: Some(reader) };
        match address {
            Some(address) => Ok((connecting, address)),
            None => bail!("no address: {:?}", connecting.end()?),
        }
    }

    /// Starts `membrane serve` and waits until it answers.
    ///
    /// # Errors
    /// Fails with what it printed when it doesn't.
    pub fn serve(&self) -> Result<Engine<'_>> {
        let mut command = self.command("membrane")?;
        command.arg("serve");
        let running = Running::start(command, &self.path().join("engine.log"))?;
        let engine = Engine { home: self, running };
        engine.home.wait_for_engine().with_context(|| engine.running.output())?;
        Ok(engine)
    }

    /// Waits until an engine answers on the socket.
    ///
    /// # Errors
    /// Fails when none does.
    pub fn wait_for_engine(&self) -> Result<()> {
        wait::until_true("the engine to answer", PATIENCE, || {
            Ok(Request::new("GET", "/health")
                .send(&Address::Unix(self.socket()))
                .is_ok_and(|reply| reply.status == 200))
        })
    }

    /// Waits until the sandbox runs beside the engine.
    ///
    /// # Errors
    /// Fails when it doesn't.
    pub fn wait_for_sandbox(&self) -> Result<()> {
        wait::until_true(
            "the sandbox",
            PATIENCE,
            || Ok(self.api("GET", "/status", None)?["sandbox"]["url"].is_string()),
        )
    }

    /// Makes a request over the socket.
    ///
    /// # Errors
    /// Fails when nobody listens.
    pub fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Reply> {
        let request = Request::new(method, path);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        request.send(&Address::Unix(self.socket()))
    }

    /// Makes a request over the socket and returns the good answer's JSON.
    ///
    /// # Errors
    /// Fails with the answer when it isn't good.
    pub fn api(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        self.call(method, path, body)?.ok().with_context(|| format!("{method} {path}"))
    }

    /// Adds an app of one's own.
    ///
    /// # Errors
    /// Fails when the file is refused.
    pub fn add_app(&self, text: &str) -> Result<()> {
        let said = self.cli_with(text, &["app", "add", "-"])?;
        ensure!(said.code == 0, "{said:?}");
        Ok(())
    }

    /// Returns a connection by its id or key, or its app's key.
    ///
    /// # Errors
    /// Fails when there is none.
    pub fn connection(&self, id: &str) -> Result<Value> {
        self.api("GET", &format!("/connections/{id}"), None)
    }

    /// Returns the names of a connection's events, the oldest first.
    ///
    /// # Errors
    /// Fails when there is no such connection.
    pub fn events_of(&self, id: &str) -> Result<Vec<String>> {
        let page = self.api("GET", &format!("/connections/{id}/events"), None)?;
        let items = page["items"].as_array().cloned().unwrap_or_default();
        Ok(items.iter().rev().filter_map(|event| event["eventType"].as_str().map(str::to_owned)).collect())
    }

    /// Waits until a connection fits.
    ///
    /// # Errors
    /// Fails with the connection when it doesn't in time.
    pub fn until(&self, id: &str, what: &str, limit: Duration, fits: impl Fn(&Value) -> bool) -> Result<Value> {
        wait::until(what, limit, || Ok(Some(self.connection(id)?).filter(|connection| fits(connection))))
            .with_context(|| self.connection(id).map(|now| now.to_string()).unwrap_or_default())
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // An engine that a command started in the background lives on otherwise.
        let mark = format!("MEMBRANE_HOME={}", self.path().display());
        crate::process::kill_marked(&mark);
    }
}

/// `membrane connect`, waiting for the browser.
#[derive(Debug)]
pub struct Connecting {
    child: Child,
    said: Arc<Mutex<String>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Connecting {
    /// Waits for its end.
    ///
    /// # Errors
    /// Fails when it can't be waited for.
    pub fn end(mut self) -> Result<Said> {
        let mut out = String::new();
        if let Some(mut pipe) = self.child.stdout.take() {
            std::io::Read::read_to_string(&mut pipe, &mut out)?;
        }
        let status = self.child.wait()?;
        if let Some(reader) = self.reader.take() {
            let _read = reader.join();
        }
        let err = self.said.lock().map(|said| said.clone()).unwrap_or_default();
        Ok(Said { code: status.code().unwrap_or(-1), out, err })
    }

    /// Presses Ctrl-C.
    pub fn interrupt(&self) {
        if let Some(pid) = rustix::process::Pid::from_raw(i32::try_from(self.child.id()).unwrap_or_default()) {
            let _gone_already = rustix::process::kill_process(pid, rustix::process::Signal::INT);
        }
    }
}

/// A running `membrane serve`.
#[derive(Debug)]
pub struct Engine<'a> {
    home: &'a Home,
    /// The process.
    pub running: Running,
}

impl Engine<'_> {
    /// Ends it as a person does.
    ///
    /// # Errors
    /// Fails when it stays, or ends badly.
    pub fn end(mut self) -> Result<()> {
        let status = self.running.terminate()?;
        ensure!(status.success(), "it ended with {status}: {}", self.running.output());
        ensure!(!self.home.socket().exists(), "it left its socket behind");
        Ok(())
    }

    /// Ends it without warning (SIGKILL).
    ///
    /// # Errors
    /// Fails when the system can't say how it ended.
    pub fn kill(mut self) -> Result<()> {
        self.running.kill().map(|_| ())
    }
}
