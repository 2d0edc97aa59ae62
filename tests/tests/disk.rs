//! A disk that is full in the middle of the life of a token (R-46): a small one of our own, in a mount namespace.

use std::io::Write;
use std::process::{ChildStdin, Command, Stdio};
use std::time::Duration;

use membrane_tests::faults::{Faults, Rules, sign_in_through};
use membrane_tests::home::Home;
use membrane_tests::process::{Running, program};
use membrane_tests::{Context, Result, ensure, wait};

const SOON: Duration = Duration::from_secs(30);
const TOKEN: &str = r#"rotation = "single-use", lifetime = 3600"#;

/// Mounts a small disk at the data folder, runs the engine on it, and does as it is told on standard input.
const SCRIPT: &str = r#"
mount -t tmpfs -o size=6m,mode=700 tmpfs "$MEMBRANE_HOME/data" || exit 70
mkdir -p "$MEMBRANE_HOME/data/apps" && cp "$MEMBRANE_HOME/acme.toml" "$MEMBRANE_HOME/data/apps/" || exit 71
"$ENGINE" serve &
engine=$!
while read -r word; do
  case "$word" in
    fill) dd if=/dev/zero of="$MEMBRANE_HOME/data/ballast" bs=4096 2>/dev/null; echo "the disk is full" ;;
    free) rm -f "$MEMBRANE_HOME/data/ballast" ;;
    kill) kill -9 "$engine"; wait "$engine" 2>/dev/null; "$ENGINE" serve & engine=$! ;;
    end) kill "$engine"; wait "$engine"; exit $? ;;
  esac
done
"#;

struct Computer {
    running: Running,
    orders: ChildStdin,
}

impl Computer {
    fn start(home: &Home) -> Result<Self> {
        std::fs::create_dir(home.path().join("data"))?;
        // A user namespace lets anybody mount; where there is none, only the administrator can.
        let alone = Command::new("unshare").args(["--user", "--map-root-user", "--mount", "true"]).status()?.success();
        let how: &[&str] = if alone { &["--user", "--map-root-user", "--mount"] } else { &["--mount"] };
        let mut command = home.command("membrane")?;
        let engine = program("membrane")?;
        let environment: Vec<_> =
            command.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
        command = Command::new("unshare");
        command.args(how).args(["sh", "-c", SCRIPT]).env_clear().envs(environment).env("ENGINE", engine);
        command.stdin(Stdio::piped());
        let mut running = Running::start(command, &home.path().join("engine.log"))?;
        let orders = running.input().context("no way to give orders")?;
        home.wait_for_engine().with_context(|| running.output())?;
        Ok(Self { running, orders })
    }

    fn order(&mut self, word: &str) -> Result<()> {
        writeln!(self.orders, "{word}")?;
        Ok(self.orders.flush()?)
    }
}

fn start(rules: Rules) -> Result<(Faults, Home, Computer, String)> {
    let faults = Faults::start(rules)?;
    let home = Home::with_key()?;
    std::fs::write(home.path().join("acme.toml"), faults.app_file("acme", TOKEN))?;
    let computer = Computer::start(&home)?;
    let id = sign_in_through(&home, "acme")?["id"].as_str().context("no id")?.to_owned();
    Ok((faults, home, computer, id))
}

fn trouble(home: &Home) -> Result<bool> {
    Ok(home.api("GET", "/status", None)?["storageTroubleSince"].is_string())
}

#[test]
fn r46_a_full_disk_risks_no_token_and_is_said() -> Result<()> {
    let (faults, home, mut computer, id) = start(Rules::default())?;
    computer.order("fill")?;
    wait::until_true("the disk to be full", SOON, || {
        let refused = home.call("POST", &format!("/connections/{id}/refresh-credentials"), None)?;
        Ok(refused.status != 200 && refused.json()?["data"]["code"] == "storage_error")
    })?;
    let sent = faults.refreshes();
    for _ in 0..3 {
        home.call("POST", &format!("/connections/{id}/refresh-credentials"), None)?;
    }
    ensure!(faults.refreshes() == sent, "a rotating token was risked on a full disk");
    let token = home.api("GET", &format!("/connections/{id}/token"), None)?;
    ensure!(faults.takes(token["accessToken"].as_str().context("no token")?), "the good token is not handed out");
    let now = home.connection(&id)?;
    ensure!(now["connected"] == true && now["health"]["warnings"][0]["code"] == "storage-error", "{now}");
    computer.order("free")?;
    wait::until_true("the end of the trouble", SOON, || Ok(!trouble(&home)?))?;
    home.api("POST", &format!("/connections/{id}/refresh-credentials"), None)?;
    ensure!(faults.reuses() == 0 && home.events_of(&id)? == ["connection.created"], "the disk lost something");
    computer.order("end")?;
    ensure!(computer.running.wait(SOON)?.success(), "{}", computer.running.output());
    Ok(())
}

#[test]
fn r46_a_disk_that_fills_during_an_exchange_keeps_the_new_token_in_memory() -> Result<()> {
    let (faults, home, mut computer, id) = start(Rules::default())?;
    let before = home.api("GET", &format!("/connections/{id}/token"), None)?;
    ensure!(!home.path().join("data/renewing").exists(), "the small disk is not where it should be");
    faults.hold();
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| home.call("POST", &format!("/connections/{id}/refresh-credentials"), None));
        wait::until_true("the request", SOON, || Ok(faults.arrived() == 1))?;
        computer.order("fill")?;
        wait::until_true("the disk to be full", SOON, || Ok(computer.running.output().contains("the disk is full")))?;
        faults.release();
        match asked.join() {
            Ok(answer) => ensure!(answer?.status == 200, "the exchange failed"),
            Err(_) => membrane_tests::bail!("a thread ended"),
        }
        Ok(())
    })?;
    let after = home.api("GET", &format!("/connections/{id}/token"), None)?;
    ensure!(after != before && faults.takes(after["accessToken"].as_str().context("no token")?), "{after}");
    ensure!(trouble(&home)?, "nobody noticed that the disk is full");
    computer.order("free")?;
    wait::until_true("the end of the trouble", SOON, || Ok(!trouble(&home)?))?;
    // What the disk has now survives a death.
    computer.order("kill")?;
    wait::until_true("the next engine", SOON, || {
        Ok(home
            .call("GET", &format!("/connections/{id}/token"), None)
            .is_ok_and(|reply| reply.json().is_ok_and(|now| now["accessToken"] == after["accessToken"])))
    })?;
    home.api("POST", &format!("/connections/{id}/refresh-credentials"), None)?;
    ensure!(faults.reuses() == 0, "a spent token was sent");
    computer.order("end")
}
