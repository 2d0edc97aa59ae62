//! What the doctor looks at around the engine: link handlers, the port, network and clock, folders, room on the disk.

use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use membrane_model::{Finding, Outcome, Subject, Timestamp};
use membrane_oauth::Reach;
use url::Url;

use super::{finding, with};
use crate::{Engine, IDENTIFIER, Paths};

/// How long a program of the desktop may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a server may take to answer.
const REMOTE_PATIENCE: Duration = Duration::from_secs(5);
/// A clock further off than this makes tokens look older or younger than they are.
const SKEW_MAX: Duration = Duration::from_secs(5 * 60);
/// Less room than this is said.
const ROOM_MIN: u64 = 100 * 1024 * 1024;
const FIRST_PORT: u16 = 4780;
const SCHEMES: [&str; 2] = ["membrane", IDENTIFIER];

/// Asks the desktop who opens our links.
pub(super) async fn schemes() -> Finding {
    let mut foreign = None;
    for scheme in SCHEMES {
        match handler(scheme).await {
            None => {
                let sentence = "The desktop could not be asked who opens links; xdg-utils is not installed.";
                let fix = Some("Install xdg-utils. Until then, signing in comes back through a port on this computer.");
                return with(finding(Subject::Schemes, Outcome::Unknown, "not-asked", sentence), fix, &[]);
            }
            Some(found) if found.trim() == format!("{IDENTIFIER}.desktop") => {}
            Some(found) => foreign = Some((scheme, found.trim().to_owned())),
        }
    }
    let fix = "Install the package, or make Membrane Desktop the default: `xdg-mime default dev.membrane.desktop.desktop x-scheme-handler/membrane x-scheme-handler/dev.membrane.desktop`.";
    match foreign {
        None => finding(
            Subject::Schemes,
            Outcome::Fine,
            "ours",
            "Links of membrane: and dev.membrane.desktop: open Membrane.",
        ),
        Some((scheme, other)) if other.is_empty() => with(
            finding(
                Subject::Schemes,
                Outcome::Warning,
                "nobody",
                format!("No program opens {scheme}: links, so a browser can't lead back by link."),
            ),
            Some(fix),
            &[("scheme", scheme)],
        ),
        Some((scheme, other)) => with(
            finding(
                Subject::Schemes,
                Outcome::Warning,
                "other",
                format!("{other} opens {scheme}: links instead of Membrane."),
            ),
            Some(fix),
            &[("scheme", scheme), ("program", &other)],
        ),
    }
}

async fn handler(scheme: &str) -> Option<String> {
    let mut query = tokio::process::Command::new("xdg-mime");
    query.args(["query", "default", &format!("x-scheme-handler/{scheme}")]).kill_on_drop(true);
    query.stdin(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let output = tokio::time::timeout(PATIENCE, query.output()).await.ok()?.ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Says where the API listens.
pub(super) fn port(api_uri: Option<&str>, moved: bool, saved: Option<u16>) -> Finding {
    let saved = saved.unwrap_or(FIRST_PORT).to_string();
    match api_uri {
        Some(uri) if !moved => with(
            finding(Subject::Port, Outcome::Fine, "listening", format!("The local API listens at {uri}.")),
            None,
            &[("uri", uri)],
        ),
        Some(uri) => with(
            finding(
                Subject::Port,
                Outcome::Warning,
                "moved",
                format!("Port {saved} is taken by another program; the local API listens at {uri} for now."),
            ),
            Some("End the other program and restart Membrane, or give your tools the address shown."),
            &[("port", &saved), ("uri", uri)],
        ),
        None => with(
            finding(Subject::Port, Outcome::Broken, "none", "No port is free on 127.0.0.1; only the socket works."),
            Some("End programs that hold many ports, then restart Membrane."),
            &[("port", &saved)],
        ),
    }
}

/// Looks whether the usual port could be had, where no engine listens.
pub(super) async fn free_port() -> Finding {
    let port = FIRST_PORT.to_string();
    if TcpListener::bind(("127.0.0.1", FIRST_PORT)).is_ok() {
        return with(
            finding(Subject::Port, Outcome::Fine, "free", format!("Port {port} is free for the local API.")),
            None,
            &[("port", &port)],
        );
    }
    with(
        finding(
            Subject::Port,
            Outcome::Warning,
            "taken",
            format!("Port {port} is taken by another program; the next free one will be used."),
        ),
        Some("Nothing has to be done; `membrane status` says which port it became."),
        &[("port", &port)],
    )
}

/// Asks an app that is connected, where there is one: only hosts that the engine talks to anyway are asked.
pub(super) async fn network_and_clock(engine: Option<&Engine>) -> (Finding, Finding) {
    let asked = match engine.and_then(|engine| Some((engine, engine.host_to_ask()?))) {
        Some((engine, url)) => {
            let request = ::http::Request::head(url.as_str()).body(Vec::new()).ok();
            match request {
                Some(request) => {
                    let sent = engine.inner().http.send(request, Reach::Https);
                    let host = url.host_str().unwrap_or_default().to_owned();
                    let answer = tokio::time::timeout(REMOTE_PATIENCE, sent).await;
                    Some((host, answer.ok().and_then(Result::ok).map(|reply| reply.date)))
                }
                None => None,
            }
        }
        None => None,
    };
    let date = asked.as_ref().and_then(|(_, answer)| answer.flatten());
    let clock = clock(date, synchronised().await, Timestamp::now());
    (network(asked.map(|(host, answer)| (host, answer.is_some()))), clock)
}

fn network(asked: Option<(String, bool)>) -> Finding {
    // Connecting a datagram socket sends nothing; it fails where there is no way out.
    let route = UdpSocket::bind("0.0.0.0:0").is_ok_and(|socket| socket.connect("198.51.100.1:443").is_ok());
    match asked {
        Some((host, true)) => with(
            finding(Subject::Network, Outcome::Fine, "answers", format!("{host} answers.")),
            None,
            &[("host", &host)],
        ),
        Some((host, false)) => with(
            finding(Subject::Network, Outcome::Broken, "silent", format!("{host} does not answer.")),
            Some("Check the network, a VPN or a proxy. Connections renew by themselves once it is back."),
            &[("host", &host)],
        ),
        None if route => finding(
            Subject::Network,
            Outcome::Fine,
            "route",
            "This computer has a network; no connected app could be asked.",
        ),
        None => with(
            finding(Subject::Network, Outcome::Broken, "offline", "This computer has no network."),
            Some("Connect to a network. Connections renew by themselves once it is there."),
            &[],
        ),
    }
}

fn clock(date: Option<Timestamp>, synchronised: Option<bool>, now: Timestamp) -> Finding {
    let fix = Some("Turn on the automatic time in the system's settings: `timedatectl set-ntp true`.");
    if let Some(date) = date {
        let skew = now.duration_since(date);
        if skew.unsigned_abs() <= SKEW_MAX {
            return finding(Subject::Clock, Outcome::Fine, "right", "The clock agrees with an app's server.");
        }
        let minutes = (skew.unsigned_abs().as_secs() / 60).to_string();
        let (case, word) = if skew.is_positive() { ("fast", "ahead") } else { ("slow", "behind") };
        let sentence = format!("The clock is {minutes} minutes {word}, so tokens seem older or younger than they are.");
        return with(finding(Subject::Clock, Outcome::Broken, case, sentence), fix, &[("minutes", &minutes)]);
    }
    match synchronised {
        Some(true) => finding(Subject::Clock, Outcome::Fine, "synchronised", "The system keeps the clock right."),
        Some(false) => with(
            finding(
                Subject::Clock,
                Outcome::Warning,
                "unsynchronised",
                "The system does not keep the clock right by itself.",
            ),
            fix,
            &[],
        ),
        None => finding(Subject::Clock, Outcome::Unknown, "not-asked", "No server could be asked for the time."),
    }
}

async fn synchronised() -> Option<bool> {
    let mut query = tokio::process::Command::new("timedatectl");
    query.args(["show", "-p", "NTPSynchronized", "--value"]).kill_on_drop(true);
    query.stdin(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let output = tokio::time::timeout(PATIENCE, query.output()).await.ok()?.ok()?;
    match String::from_utf8_lossy(&output.stdout).trim() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

/// Looks whether others could read the data folder, the runtime folder or the socket.
pub(super) fn permissions(paths: &Paths) -> Finding {
    let own = std::fs::metadata("/proc/self").map(|me| me.uid()).ok();
    for place in [&paths.data, &paths.runtime, &paths.socket] {
        let Ok(found) = std::fs::symlink_metadata(place) else { continue };
        let name = place.display().to_string();
        if own.is_some_and(|own| own != found.uid()) {
            return with(
                finding(Subject::Permissions, Outcome::Broken, "foreign", format!("{name} belongs to another user.")),
                Some("Make it yours: sudo chown -R $USER, followed by the path."),
                &[("path", &name)],
            );
        }
        if found.mode() & 0o077 != 0 {
            return with(
                finding(Subject::Permissions, Outcome::Broken, "open", format!("Other users may look into {name}.")),
                Some("Make it private: chmod go= followed by the path."),
                &[("path", &name)],
            );
        }
    }
    finding(Subject::Permissions, Outcome::Fine, "private", "The data folder and the socket are yours alone.")
}

/// Looks how much room is left where the data is.
pub(super) fn disk(paths: &Paths) -> Finding {
    let Some(room) = room(&paths.data) else {
        return finding(Subject::Disk, Outcome::Unknown, "not-asked", "The room on the disk could not be found out.");
    };
    let megabytes = (room / 1024 / 1024).to_string();
    if room < ROOM_MIN {
        return with(
            finding(
                Subject::Disk,
                Outcome::Warning,
                "little",
                format!("Only {megabytes} MB are left for the data folder."),
            ),
            Some("Free some disk space: a renewed token has to be written before it is used."),
            &[("megabytes", &megabytes)],
        );
    }
    finding(Subject::Disk, Outcome::Fine, "enough", "There is enough room for the data folder.")
}

fn room(folder: &Path) -> Option<u64> {
    let there = folder.ancestors().find(|place| place.exists())?;
    let found = rustix::fs::statvfs(there).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

impl Engine {
    /// Returns the front page of a host that a connection of the person talks to anyway.
    fn host_to_ask(&self) -> Option<Url> {
        let catalog = self.catalog();
        let connections = self.list_all(&membrane_model::TenantId::own()).ok()?;
        connections.iter().find_map(|connection| {
            let method = catalog.get(&connection.integration_key)?.method(&connection.auth_option_key)?;
            let text = method.oauth.as_ref()?.token_url.to_string();
            let url = Url::parse(&text).ok().filter(|url| url.scheme() == "https" && url.domain().is_some())?;
            url.join("/").ok()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn r38_a_clock_that_is_off_is_said_with_its_direction() {
        assert_eq!(clock(Some(at(0)), None, at(200)).outcome, Outcome::Fine);
        let fast = clock(Some(at(0)), Some(true), at(660));
        assert_eq!((fast.case.as_str(), fast.facts["minutes"].as_str()), ("fast", "11"));
        assert_eq!(clock(Some(at(600)), None, at(0)).case, "slow");
        assert!(clock(Some(at(600)), None, at(0)).fix.is_some());
        assert_eq!(clock(None, Some(false), at(0)).outcome, Outcome::Warning);
        assert_eq!(clock(None, None, at(0)).outcome, Outcome::Unknown);
    }

    #[test]
    fn a_folder_that_is_open_to_others_is_said_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::under(folder.path());
        std::fs::create_dir(&paths.data).unwrap();
        std::fs::set_permissions(&paths.data, PermissionsExt::from_mode(0o700)).unwrap();
        assert_eq!(permissions(&paths).outcome, Outcome::Fine);
        std::fs::set_permissions(&paths.data, PermissionsExt::from_mode(0o755)).unwrap();
        let found = permissions(&paths);
        assert_eq!(found.outcome, Outcome::Broken);
        assert!(found.sentence.contains("data") && found.fix.is_some());
        assert_ne!(disk(&paths).outcome, Outcome::Unknown);
    }

    #[test]
    fn a_port_that_moved_names_both() {
        assert_eq!(port(Some("http://127.0.0.1:4780"), false, Some(4780)).outcome, Outcome::Fine);
        let moved = port(Some("http://127.0.0.1:4999"), true, Some(4780));
        assert!(moved.sentence.contains("4780") && moved.sentence.contains("4999") && moved.fix.is_some());
        assert_eq!(port(None, false, None).outcome, Outcome::Broken);
    }

    #[test]
    fn an_app_that_is_silent_is_said() {
        assert_eq!(network(Some(("api.example".into(), true))).outcome, Outcome::Fine);
        let silent = network(Some(("api.example".into(), false)));
        assert!(silent.outcome == Outcome::Broken && silent.sentence.contains("api.example"));
    }
}
