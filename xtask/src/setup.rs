//! What a fresh Debian or Ubuntu lacks: system packages and npm packages.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::shell::{command, is_there, output, root, run, say, target};

/// A system package and why it is needed.
type Package = (&'static str, &'static str);

/// What building takes.
const BUILD: &[Package] = &[
    ("build-essential", "a C compiler and linker, for SQLite and for linking"),
    ("pkg-config", "finds the libraries below"),
    ("libwebkit2gtk-4.1-dev", "the window's web view"),
    ("libayatana-appindicator3-dev", "the tray icon"),
    ("librsvg2-dev", "icons in the tray menu"),
    ("libdbus-1-dev", "notifications and the session bus"),
    ("xdg-utils", "opens the browser and registers links"),
];

/// What the tests take beside that: a desktop without a screen, and peers that we didn't write.
const TEST: &[Package] = &[
    ("xvfb", "a screen in memory"),
    ("x11-utils", "looks at windows"),
    ("xdotool", "clicks and types"),
    ("openbox", "a window manager"),
    ("dbus", "the session bus"),
    ("dbus-x11", "starts a session bus"),
    ("gnome-keyring", "the keychain"),
    ("libsecret-tools", "looks into the keychain from outside"),
    ("webkit2gtk-driver", "drives the real window"),
    ("libglib2.0-bin", "opens links as the desktop does"),
    ("desktop-file-utils", "registers link handlers"),
    ("shared-mime-info", "registers link handlers"),
    ("hicolor-icon-theme", "where icons are looked up"),
    ("adwaita-icon-theme", "icons of the desktop"),
    ("fonts-dejavu-core", "a font"),
    ("fonts-inter", "the font of the pictures"),
    ("chromium", "drives the console in a browser"),
    ("imagemagick", "takes screenshots"),
    ("chromium", "the browser that connect pages are opened in"),
    ("python3-venv", "keeps Python packages apart from the system's"),
    ("python3", "plays another user of this computer, receives webhooks, and runs the API's fuzzer"),
    ("python3-dbusmock", "a network and a sleep that do as they are told"),
    ("faketime", "a clock that can be set"),
    ("util-linux", "a small disk that can be full"),
    ("zsh", "completes commands"),
    ("fish", "completes commands"),
    ("man-db", "shows the manual pages"),
];

/// What measuring takes beside that: peers to measure ourselves against.
const BENCH: &[Package] = &[
    ("curl", "a peer for the time of a request"),
    ("oidc-agent-cli", "a peer for the time of a token"),
    ("nginx-light", "a proxy to measure ours beside"),
];

/// Which set of packages is wanted.
#[derive(Clone, Copy)]
pub(crate) enum Wanted {
    /// To build and run.
    Run,
    /// To test as well.
    Test,
    /// To measure as well.
    Bench,
}

/// Installs what is missing of the system's packages.
pub(crate) fn packages(wanted: Wanted) -> Result<()> {
    if !is_there("dpkg-query") {
        say("this is no Debian or Ubuntu: install the counterparts of these packages yourself:");
        for (name, why) in of(wanted) {
            say(&format!("  {name}: {why}"));
        }
        return Ok(());
    }
    let installed = output(&mut command("dpkg-query", &["-W", "-f=${Package} ${Status}\n"]))?;
    let missing = missing(&of(wanted), &installed);
    if missing.is_empty() {
        return Ok(());
    }
    say("these system packages are missing and are installed now, with apt-get:");
    for (name, why) in &missing {
        say(&format!("  {name}: {why}"));
    }
    let root_already = output(&mut command("id", &["-u"]))?.trim() == "0";
    if !root_already && !is_there("sudo") {
        let names: Vec<_> = missing.iter().map(|(name, _)| *name).collect();
        bail!("installing them takes root, and there is no sudo. As root: apt-get install {}", names.join(" "));
    }
    // `sudo` drops the environment, so `env` sets it behind it.
    let apt = |arguments: &[&str]| {
        let mut apt = if root_already { command("env", &[]) } else { command("sudo", &["env"]) };
        apt.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]).args(arguments);
        apt
    };
    run(&mut apt(&["update"])).context("the package lists could not be fetched; is there a network?")?;
    let mut install = apt(&["install", "-y", "--no-install-recommends"]);
    install.args(missing.iter().map(|(name, _)| name));
    run(&mut install).context("the packages could not be installed; is there a network?")
}

fn of(wanted: Wanted) -> Vec<Package> {
    match wanted {
        Wanted::Run => BUILD.to_vec(),
        Wanted::Test => [BUILD, TEST].concat(),
        Wanted::Bench => [BUILD, TEST, BENCH].concat(),
    }
}

/// Returns those packages that are not in a list of lines `name install ok installed`.
fn missing(packages: &[Package], installed: &str) -> Vec<Package> {
    let is_installed = |name: &str| {
        installed.lines().any(|line| {
            line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ') && rest.ends_with(" ok installed"))
        })
    };
    packages.iter().filter(|(name, _)| !is_installed(name)).copied().collect()
}

/// Checks Node's version.
pub(crate) fn node() -> Result<()> {
    if !is_there("node") || !is_there("npm") {
        bail!("node and npm are not on the path: install Node 20 or newer (https://nodejs.org)");
    }
    let version = output(&mut command("node", &["--version"]))?;
    if is_too_old(version.trim()) {
        bail!("Node {} is too old: install Node 20.19 or newer (https://nodejs.org)", version.trim());
    }
    Ok(())
}

/// Tells whether a version like `v20.18.1` is below what the console's tools work with.
fn is_too_old(version: &str) -> bool {
    let mut numbers = version.trim_start_matches('v').split('.').map(|number| number.parse::<u32>().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) < (20, 19)
}

/// Installs the npm packages of a folder, unless they are those of its lock file already.
pub(crate) fn npm(folder: &str) -> Result<()> {
    let folder = root().join(folder);
    let stamp = folder.join("node_modules/.installed");
    let lock = std::fs::read(folder.join("package-lock.json"))
        .with_context(|| format!("{} has no lock file", folder.display()))?;
    let mut hasher = DefaultHasher::new();
    lock.hash(&mut hasher);
    let now = format!("{:x}", hasher.finish());
    if std::fs::read_to_string(&stamp).is_ok_and(|before| before == now) {
        return Ok(());
    }
    say(&format!("installing the npm packages of {}", folder.strip_prefix(root()).unwrap_or(&folder).display()));
    run(command("npm", &["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&folder))?;
    std::fs::write(stamp, now)?;
    Ok(())
}

/// Installs the Python packages of a folder into an environment of its own under `target/python`, unless they are those
/// of its requirements file already.
pub(crate) fn python(folder: &str) -> Result<()> {
    let name = Path::new(folder).file_name().unwrap_or_default();
    let requirements = root().join(folder).join("requirements.txt");
    let environment = target().join("python").join(name);
    let stamp = environment.join(".installed");
    let wanted = std::fs::read_to_string(&requirements).with_context(|| format!("{folder} has no requirements.txt"))?;
    if std::fs::read_to_string(&stamp).is_ok_and(|before| before == wanted) {
        return Ok(());
    }
    say(&format!("installing the Python packages of {folder}"));
    run(command("python3", &["-m", "venv", "--clear"]).arg(&environment))?;
    let mut pip = Command::new(environment.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(&requirements);
    run(&mut pip)?;
    std::fs::write(stamp, wanted)?;
    Ok(())
}

/// Builds the console and the connect page, unless they are newer than all their sources already.
pub(crate) fn console() -> Result<()> {
    node()?;
    npm("ui")?;
    let built = modified(&root().join("ui/dist/index.html"));
    let settings = [
        "index.html",
        "logos.ts",
        "package.json",
        "package-lock.json",
        "svelte.config.js",
        "tsconfig.json",
        "vite.config.ts",
    ];
    let newest = settings
        .iter()
        .map(|file| modified(&root().join("ui").join(file)))
        .chain(
            ["ui/src", "ui/embed", "ui/public", "texts", "icons/apps"]
                .iter()
                .map(|folder| newest(&root().join(folder))),
        )
        .max()
        .flatten();
    let whole = built.is_some() && root().join("ui/dist-embed").is_dir();
    if whole && built >= newest {
        return Ok(());
    }
    say("building the console");
    run(command("npm", &["run", "build", "--silent"]).current_dir(root().join("ui")))
}

/// Builds the TypeScript client; its types are made from docs/openapi.json.
pub(crate) fn client() -> Result<()> {
    npm("sdk/js")?;
    let folder = root().join("sdk/js");
    let sources =
        [newest(&folder.join("src")), modified(&root().join("docs/openapi.json"))].into_iter().max().flatten();
    if modified(&folder.join("dist/index.js")).is_some_and(|built| Some(built) >= sources) {
        return Ok(());
    }
    say("building the TypeScript client");
    run(command("npm", &["run", "build", "--silent"]).current_dir(folder))
}

fn modified(file: &Path) -> Option<std::time::SystemTime> {
    std::fs::metadata(file).and_then(|metadata| metadata.modified()).ok()
}

/// Returns the last change in a folder; that of a folder itself tells when a file was removed from it.
fn newest(folder: &Path) -> Option<std::time::SystemTime> {
    let entries = std::fs::read_dir(folder).ok()?;
    entries
        .flatten()
        .map(|entry| if entry.path().is_dir() { newest(&entry.path()) } else { modified(&entry.path()) })
        .chain([modified(folder)])
        .max()
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_names_of_installed_packages_count() {
        let installed = "xvfb install ok installed\nopenbox deinstall ok config-files\ndbus-x11 install ok installed\n";
        let wanted = [("xvfb", ""), ("openbox", ""), ("dbus", "")];
        assert_eq!(missing(&wanted, installed), [("openbox", ""), ("dbus", "")]);
    }

    #[test]
    fn an_old_node_is_told() {
        assert!(is_too_old("v18.20.4") && is_too_old("v20.18.9") && is_too_old(""));
        assert!(!is_too_old("v20.19.0") && !is_too_old("v24.1.0"));
    }
}
