//! `cargo xtask dist`: a .deb with the app, the command, completions, icons and the link handler.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::setup::{self, Wanted};
use crate::shell::{self, FEATURES, cargo, command, is_there, output, root, run as run_command, say, target};

const NAME: &str = "membrane-desktop";

/// Started with at most one link. The path is not quoted: handlers on bare window managers can't read quotes.
const DESKTOP_ENTRY: &str = "[Desktop Entry]
Type=Application
Name=Membrane
GenericName=Connection manager
Comment=Connect an app once; every tool on this computer can use it
Exec=membrane-desktop %u
TryExec=membrane-desktop
Icon=dev.membrane.desktop
Terminal=false
StartupNotify=true
StartupWMClass=membrane-desktop
Categories=Utility;
Keywords=connection;oauth;token;login;agent;
MimeType=x-scheme-handler/membrane;x-scheme-handler/dev.membrane.desktop;
";

/// What the programs link to, where `dpkg-shlibdeps` can't be asked.
const LINKED: &str = "libc6, libgtk-3-0 | libgtk-3-0t64, libwebkit2gtk-4.1-0";
/// What they load or start while they run: the tray icon, and the browser.
const LOADED: &str = "libayatana-appindicator3-1, xdg-utils";
/// What keeps the secrets and shows notifications; without, the app says so.
const RECOMMENDS: &str = "gnome-keyring | org.freedesktop.secrets, notification-daemon";
/// Tells the desktop of its entry and icons, in whichever root it is installed.
const REFRESH: &str = r#"#!/bin/sh
set -e
share="$DPKG_ROOT/usr/share"
if command -v update-desktop-database >/dev/null; then update-desktop-database -q "$share/applications" || true; fi
if command -v gtk-update-icon-cache >/dev/null; then gtk-update-icon-cache -qtf "$share/icons/hicolor" || true; fi
"#;
const PROGRAMS: [&str; 2] = [NAME, "membrane"];

/// Builds the package and returns its path.
pub(crate) fn run(profile: &str) -> Result<PathBuf> {
    setup::packages(Wanted::Run)?;
    setup::console()?;
    let build = ["build", "--profile", profile, "-p", NAME, "-p", "membrane-cli", "--features", FEATURES];
    run_command(&mut cargo(&build))?;
    pack(&shell::binaries(profile), &target().join("dist"), Packing::Small)
}

/// What matters more of a package.
#[derive(Clone, Copy)]
pub(crate) enum Packing {
    /// Its size, for whoever fetches it.
    Small,
    /// How soon it is there, for tests.
    Quick,
}

/// Packs what a folder of binaries holds.
pub(crate) fn pack(binaries: &Path, out: &Path, packing: Packing) -> Result<PathBuf> {
    let version = env!("CARGO_PKG_VERSION");
    let architecture = output(&mut command("dpkg", &["--print-architecture"]))?.trim().to_owned();
    let tree = out.join("tree");
    if tree.exists() {
        fs::remove_dir_all(&tree)?;
    }
    programs(binaries, &tree)?;
    desktop(&tree)?;
    completions(&binaries.join("membrane"), &tree)?;
    manual(&binaries.join("membrane"), &tree)?;
    documents(&tree)?;
    let linked = linked(&tree, out).unwrap_or_else(|error| {
        say(&format!("dpkg-shlibdeps can't say what the programs link to, so the usual is assumed: {error:#}"));
        LINKED.to_owned()
    });
    let size = output(command("du", &["-sk", "--apparent-size"]).arg(&tree))?;
    let size = size.split_whitespace().next().unwrap_or("0");
    let control = format!(
        "Package: {NAME}\nVersion: {version}\nArchitecture: {architecture}\nMaintainer: Membrane Desktop <noreply@membrane.invalid>\n\
         Installed-Size: {size}\nSection: utils\nPriority: optional\nDepends: {linked}, {LOADED}\nRecommends: {RECOMMENDS}\n\
         Description: Connect an app once; every tool on this computer can use it\n \
         Keeps the connections of one person to apps: signs in, seals the credentials behind the\n \
         keychain, renews them, and says once and clearly when only the person can fix one.\n"
    );
    put(&tree, "DEBIAN/control", control.as_bytes(), 0o644)?;
    for script in ["postinst", "postrm"] {
        put(&tree, &format!("DEBIAN/{script}"), REFRESH.as_bytes(), 0o755)?;
    }
    let package = out.join(format!("{NAME}_{version}_{architecture}.deb"));
    let compression: &[&str] = match packing {
        Packing::Small => &["-Zxz"],
        Packing::Quick => &["-Zgzip", "-z1"],
    };
    run_command(command("dpkg-deb", &["--build", "--root-owner-group"]).args(compression).arg(&tree).arg(&package))?;
    fs::remove_dir_all(&tree)?;
    Ok(package)
}

fn programs(binaries: &Path, tree: &Path) -> Result<()> {
    for program in PROGRAMS {
        let bytes = fs::read(binaries.join(program)).with_context(|| format!("{program} is not built"))?;
        let place = format!("usr/bin/{program}");
        put(tree, &place, &bytes, 0o755)?;
        // Debug information is of no use in a package, and many times the program.
        if bytes.starts_with(b"\x7fELF") {
            run_command(command("strip", &["--strip-unneeded"]).arg(tree.join(place)))?;
        }
    }
    Ok(())
}

/// The entry that starts the app and takes links, and its icons.
fn desktop(tree: &Path) -> Result<()> {
    put(tree, "usr/share/applications/dev.membrane.desktop.desktop", DESKTOP_ENTRY.as_bytes(), 0o644)?;
    for (source, size, end) in [
        ("32x32.png", "32x32", "png"),
        ("16x16.png", "16x16", "png"),
        ("22x22.png", "22x22", "png"),
        ("24x24.png", "24x24", "png"),
        ("48x48.png", "48x48", "png"),
        ("64x64.png", "64x64", "png"),
        ("128x128.png", "128x128", "png"),
        ("128x128@2x.png", "256x256", "png"),
        ("icon.png", "512x512", "png"),
        ("icon.svg", "scalable", "svg"),
    ] {
        let bytes = fs::read(root().join("icons").join(source))?;
        put(tree, &format!("usr/share/icons/hicolor/{size}/apps/dev.membrane.desktop.{end}"), &bytes, 0o644)?;
    }
    Ok(())
}

fn completions(membrane: &Path, tree: &Path) -> Result<()> {
    for (shell, place) in [
        ("bash", "usr/share/bash-completion/completions/membrane"),
        ("zsh", "usr/share/zsh/vendor-completions/_membrane"),
        ("fish", "usr/share/fish/vendor_completions.d/membrane.fish"),
    ] {
        let text = output(&mut command(&membrane.to_string_lossy(), &["completions", shell]))?;
        put(tree, place, text.as_bytes(), 0o644)?;
    }
    Ok(())
}

/// The manual pages of the command and of each of its commands.
fn manual(membrane: &Path, tree: &Path) -> Result<()> {
    let pages = tree.with_extension("man");
    if pages.exists() {
        fs::remove_dir_all(&pages)?;
    }
    output(command(&membrane.to_string_lossy(), &["man", "--dir"]).arg(&pages))?;
    let mut all: Vec<_> = fs::read_dir(&pages)?.collect::<std::io::Result<_>>()?;
    all.sort_by_key(fs::DirEntry::file_name);
    for page in all {
        // Without the time and the name in its head, the same page packs to the same bytes.
        let packed = std::process::Command::new("gzip").arg("-9nc").arg(page.path()).output()?;
        ensure!(packed.status.success(), "gzip failed on {}", page.path().display());
        put(tree, &format!("usr/share/man/man1/{}.gz", page.file_name().to_string_lossy()), &packed.stdout, 0o644)?;
    }
    Ok(fs::remove_dir_all(&pages)?)
}

fn documents(tree: &Path) -> Result<()> {
    let read = |file: &str| fs::read_to_string(root().join(file)).with_context(|| format!("{file} can't be read"));
    let folder = format!("usr/share/doc/{NAME}");
    let licences = [read("LICENSE-MIT")?, read("LICENSE-APACHE")?].join("\n\n");
    put(tree, &format!("{folder}/copyright"), licences.as_bytes(), 0o644)?;
    for file in [
        "CHANGELOG.md",
        "SECURITY.md",
        "docs/api.md",
        "docs/catalog.md",
        "docs/cli.md",
        "docs/embedding.md",
        "docs/mcp.md",
        "docs/official-sdk.md",
        "docs/openapi.json",
        "docs/proxy.md",
        "docs/sandbox.md",
        "docs/sdk.md",
        "docs/webhooks.md",
    ] {
        let name = file.rsplit('/').next().unwrap_or(file);
        put(tree, &format!("{folder}/{name}"), read(file)?.as_bytes(), 0o644)?;
    }
    Ok(())
}

/// Asks dpkg which packages, in which versions, the programs link to.
fn linked(tree: &Path, out: &Path) -> Result<String> {
    ensure!(is_there("dpkg-shlibdeps"), "it is not installed (package dpkg-dev)");
    // It wants to stand in the source of a package.
    let stand = out.join("shlibdeps");
    put(&stand, "debian/control", format!("Source: {NAME}\n\nPackage: {NAME}\nArchitecture: any\n").as_bytes(), 0o644)?;
    let mut ask = command("dpkg-shlibdeps", &["-O", "--warnings=0"]);
    let told = output(ask.args(PROGRAMS.map(|program| tree.join("usr/bin").join(program))).current_dir(&stand));
    fs::remove_dir_all(&stand)?;
    let told = told?;
    let linked = told.lines().find_map(|line| line.strip_prefix("shlibs:Depends=")).unwrap_or_default().trim();
    ensure!(!linked.is_empty(), "it names nothing");
    Ok(linked.to_owned())
}

/// Writes a file with its folders, with the same rights whatever the umask.
fn put(tree: &Path, place: &str, bytes: &[u8], mode: u32) -> Result<()> {
    let file = tree.join(place);
    let rights = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
    let mut folder = tree.to_owned();
    for part in Path::new(place).parent().into_iter().flat_map(Path::components) {
        folder.push(part);
        fs::create_dir_all(&folder)?;
        rights(&folder, 0o755)?;
    }
    rights(tree, 0o755)?;
    fs::write(&file, bytes).with_context(|| format!("failed to write {}", file.display()))?;
    Ok(rights(&file, mode)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAND_IN: &[u8] = b"#!/bin/sh\n\
        if [ \"$1\" = man ]; then mkdir -p \"$3\" && echo page > \"$3/membrane.1\"; else echo \"$1 for $2\"; fi\n";

    #[test]
    fn a_package_has_programs_link_handler_icons_and_completions() {
        let folder = std::env::temp_dir().join(format!("membrane-dist-{}", std::process::id()));
        // Stand-ins: one that is a program like ours, one that prints completions and writes a manual page.
        put(&folder, "bin/membrane-desktop", &fs::read("/bin/true").unwrap(), 0o755).unwrap();
        put(&folder, "bin/membrane", STAND_IN, 0o755).unwrap();
        let package = pack(&folder.join("bin"), &folder.join("out"), Packing::Quick).unwrap();
        let list = output(command("dpkg-deb", &["--contents"]).arg(&package)).unwrap();
        for place in [
            "-rwxr-xr-x root/root ./usr/bin/membrane-desktop",
            "-rwxr-xr-x root/root ./usr/bin/membrane",
            "-rw-r--r-- root/root ./usr/share/applications/dev.membrane.desktop.desktop",
            "-rw-r--r-- root/root ./usr/share/icons/hicolor/scalable/apps/dev.membrane.desktop.svg",
            "-rw-r--r-- root/root ./usr/share/fish/vendor_completions.d/membrane.fish",
            "-rw-r--r-- root/root ./usr/share/man/man1/membrane.1.gz",
            "drwxr-xr-x root/root ./usr/share/doc/membrane-desktop/",
        ] {
            let (rights, name) = place.split_once(" ./").unwrap();
            assert!(
                list.lines().any(|line| line.starts_with(rights) && line.ends_with(&format!(" ./{name}"))),
                "{place} is missing in\n{list}"
            );
        }
        let field = |name: &str| output(command("dpkg-deb", &["--field"]).arg(&package).arg(name)).unwrap();
        assert!(field("Depends").contains("libc6") && field("Depends").contains("libayatana-appindicator3-1"));
        assert!(field("Installed-Size").trim().parse::<u32>().unwrap() > 30);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_entry_takes_links_of_both_schemes() {
        assert!(DESKTOP_ENTRY.contains("Exec=membrane-desktop %u\n"));
        assert!(DESKTOP_ENTRY.contains("MimeType=x-scheme-handler/membrane;x-scheme-handler/dev.membrane.desktop;\n"));
    }
}
