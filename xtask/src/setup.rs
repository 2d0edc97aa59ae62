//! What a fresh Debian or Ubuntu lacks: system packages and npm packages.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::shell::{command, is_there, output, root, run, say};

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
    ("imagemagick", "takes screenshots"),
];

/// Which set of packages is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// To build and run.
    Run,
    /// To test as well.
    Test,
}

/// Installs what is missing of the system's packages.
pub(crate) fn packages(wanted: Wanted) -> Result<()> {
    if !is_there("dpkg-query") {
        say("this is no Debian or Ubuntu: install the counterparts of these packages yourself:");
        for (name, why) in BUILD.iter().chain(TEST) {
            say(&format!("  {name}: {why}"));
        }
        return Ok(());
    }
    let all = if wanted == Wanted::Test { [BUILD, TEST].concat() } else { BUILD.to_vec() };
    let missing: Vec<Package> = all.into_iter().filter(|(name, _)| !is_installed(name)).collect();
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
    let apt = |arguments: &[&str]| {
        let mut apt = if root_already { command("apt-get", &[]) } else { command("sudo", &["apt-get"]) };
        apt.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        apt
    };
    run(&mut apt(&["update", "-q"])).context("the package lists could not be fetched; is there a network?")?;
    let mut install = apt(&["install", "-y", "-q", "--no-install-recommends"]);
    install.args(missing.iter().map(|(name, _)| name));
    run(&mut install)
}

fn is_installed(name: &str) -> bool {
    output(&mut command("dpkg-query", &["-W", "-f=${Status}", name]))
        .is_ok_and(|status| status.contains("install ok installed"))
}

/// Checks Node's version.
pub(crate) fn node() -> Result<()> {
    if !is_there("node") || !is_there("npm") {
        bail!("node and npm are not on the path: install Node 20 or newer (https://nodejs.org)");
    }
    let version = output(&mut command("node", &["--version"]))?;
    let major: u32 = version.trim().trim_start_matches('v').split('.').next().and_then(|n| n.parse().ok()).unwrap_or(0);
    if major < 20 {
        bail!("Node {} is too old: install Node 20 or newer (https://nodejs.org)", version.trim());
    }
    Ok(())
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

/// Builds the console, unless it is newer than all its sources already.
pub(crate) fn console() -> Result<()> {
    node()?;
    npm("ui")?;
    let built = modified(&root().join("ui/dist/index.html"));
    let newest = newest(&root().join("ui/src"))
        .max(modified(&root().join("ui/index.html")))
        .max(modified(&root().join("ui/package-lock.json")));
    if built.is_some() && built >= newest {
        return Ok(());
    }
    run(command("npm", &["run", "build", "--silent"]).current_dir(root().join("ui")))
}

fn modified(file: &Path) -> Option<std::time::SystemTime> {
    std::fs::metadata(file).and_then(|metadata| metadata.modified()).ok()
}

fn newest(folder: &Path) -> Option<std::time::SystemTime> {
    let entries = std::fs::read_dir(folder).ok()?;
    entries
        .flatten()
        .map(|entry| if entry.path().is_dir() { newest(&entry.path()) } else { modified(&entry.path()) })
        .max()
        .flatten()
}
