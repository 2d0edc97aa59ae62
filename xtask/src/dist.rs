//! `cargo xtask dist`: a .deb with the app, the command, completions, icons and the link handler.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::setup::{self, Wanted};
use crate::shell::{cargo, command, output, root, run as run_command, target};

const NAME: &str = "membrane-desktop";

/// Started with at most one link. The path is not quoted: handlers on bare window managers can't read quotes.
const DESKTOP_ENTRY: &str = "[Desktop Entry]
Type=Application
Name=Membrane
GenericName=Connection manager
Comment=Connect an app once; every tool on this computer can use it
Exec=/usr/bin/membrane-desktop %u
TryExec=/usr/bin/membrane-desktop
Icon=dev.membrane.desktop
Terminal=false
StartupNotify=true
StartupWMClass=membrane-desktop
Categories=Utility;Network;
Keywords=connection;oauth;token;login;agent;
MimeType=x-scheme-handler/membrane;x-scheme-handler/dev.membrane.desktop;
";

/// What the programs load at run time, and what asks for notifications, links and the keychain.
const DEPENDS: &str = "libc6, libgtk-3-0 | libgtk-3-0t64, libwebkit2gtk-4.1-0, xdg-utils";
const RECOMMENDS: &str = "libayatana-appindicator3-1, gnome-keyring | org.freedesktop.secrets, notification-daemon";

/// Builds the package and returns its path.
pub(crate) fn run(profile: &str) -> Result<PathBuf> {
    setup::packages(Wanted::Run)?;
    setup::console()?;
    let features = "membrane-desktop/custom-protocol";
    run_command(&mut cargo(&[
        "build",
        "--profile",
        profile,
        "-p",
        NAME,
        "-p",
        "membrane-cli",
        "--features",
        features,
    ]))?;
    let binaries = target().join(if profile == "dev" { "debug" } else { profile });
    pack(&binaries, &target().join("dist"))
}

/// Packs what a folder of binaries holds.
fn pack(binaries: &Path, out: &Path) -> Result<PathBuf> {
    let version = env!("CARGO_PKG_VERSION");
    let architecture = output(&mut command("dpkg", &["--print-architecture"]))?.trim().to_owned();
    let tree = out.join("tree");
    if tree.exists() {
        fs::remove_dir_all(&tree)?;
    }
    for program in [NAME, "membrane"] {
        put(
            &tree,
            &format!("usr/bin/{program}"),
            &fs::read(binaries.join(program)).with_context(|| format!("{program} is not built"))?,
            0o755,
        )?;
    }
    // Debug information is of no use in a package, and a hundred times the program.
    for program in [NAME, "membrane"] {
        run_command(command("strip", &["--strip-unneeded"]).arg(tree.join("usr/bin").join(program)))?;
    }
    put(&tree, "usr/share/applications/dev.membrane.desktop.desktop", DESKTOP_ENTRY.as_bytes(), 0o644)?;
    for (source, size) in
        [("32x32.png", "32x32"), ("128x128.png", "128x128"), ("128x128@2x.png", "256x256"), ("icon.png", "512x512")]
    {
        let bytes = fs::read(root().join("icons").join(source))?;
        put(&tree, &format!("usr/share/icons/hicolor/{size}/apps/dev.membrane.desktop.png"), &bytes, 0o644)?;
    }
    put(
        &tree,
        "usr/share/icons/hicolor/scalable/apps/dev.membrane.desktop.svg",
        &fs::read(root().join("icons/icon.svg"))?,
        0o644,
    )?;
    let membrane = binaries.join("membrane").to_string_lossy().into_owned();
    for (shell, place) in [
        ("bash", "usr/share/bash-completion/completions/membrane"),
        ("zsh", "usr/share/zsh/vendor-completions/_membrane"),
        ("fish", "usr/share/fish/vendor_completions.d/membrane.fish"),
    ] {
        let text = output(&mut command(&membrane, &["completions", shell]))?;
        put(&tree, place, text.as_bytes(), 0o644)?;
    }
    let licences =
        [fs::read_to_string(root().join("LICENSE-MIT"))?, fs::read_to_string(root().join("LICENSE-APACHE"))?]
            .join("\n\n");
    put(&tree, &format!("usr/share/doc/{NAME}/copyright"), licences.as_bytes(), 0o644)?;
    let size: u64 =
        output(command("du", &["-sk"]).arg(&tree))?.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(0);
    let control = format!(
        "Package: {NAME}\nVersion: {version}\nArchitecture: {architecture}\nMaintainer: Membrane Desktop <noreply@membrane.invalid>\n\
         Installed-Size: {size}\nSection: utils\nPriority: optional\nDepends: {DEPENDS}\nRecommends: {RECOMMENDS}\n\
         Description: Connect an app once; every tool on this computer can use it\n \
         Keeps the connections of one person to apps: signs in, seals the credentials behind the\n \
         keychain, renews them, and says once and clearly when only the person can fix one.\n"
    );
    put(&tree, "DEBIAN/control", control.as_bytes(), 0o644)?;
    let refresh = "#!/bin/sh\nset -e\nif command -v update-desktop-database >/dev/null; then update-desktop-database -q || true; fi\n\
                   if command -v gtk-update-icon-cache >/dev/null; then gtk-update-icon-cache -qtf /usr/share/icons/hicolor || true; fi\n";
    for script in ["postinst", "postrm"] {
        put(&tree, &format!("DEBIAN/{script}"), refresh.as_bytes(), 0o755)?;
    }
    let package = out.join(format!("{NAME}_{version}_{architecture}.deb"));
    run_command(command("dpkg-deb", &["--build", "--root-owner-group", "-Zxz"]).arg(&tree).arg(&package))?;
    Ok(package)
}

fn put(tree: &Path, place: &str, bytes: &[u8], mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let file = tree.join(place);
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&file, bytes).with_context(|| format!("failed to write {}", file.display()))?;
    Ok(fs::set_permissions(&file, fs::Permissions::from_mode(mode))?)
}
