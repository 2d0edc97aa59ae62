//! `cargo xtask icons`: PNGs from the SVG sources in `icons/`, and the apps' logos that `icons/apps/SOURCES.md` lists.

use anyhow::{Result, bail};

use crate::shell::{command, is_there, output, root, run as run_command};

/// Source, size in pixels, outcome.
const ICONS: &[(&str, u32, &str)] = &[
    ("icon-small.svg", 16, "16x16.png"),
    ("icon-small.svg", 22, "22x22.png"),
    ("icon-small.svg", 24, "24x24.png"),
    ("icon.svg", 32, "32x32.png"),
    ("icon.svg", 48, "48x48.png"),
    ("icon.svg", 64, "64x64.png"),
    ("icon.svg", 128, "128x128.png"),
    ("icon.svg", 256, "128x128@2x.png"),
    ("icon.svg", 512, "icon.png"),
    ("tray-normal.svg", 44, "tray-normal.png"),
    ("tray-busy.svg", 44, "tray-busy.png"),
    ("tray-attention.svg", 44, "tray-attention.png"),
];

/// The packages that logos are copied from; SOURCES.md names the same versions.
const PACKAGES: [(&str, &str); 2] = [("@iconify-json/logos", "1.2.19"), ("simple-icons", "16.37.0")];

/// Draws the icons and copies the logos.
pub(crate) fn run() -> Result<()> {
    draw()?;
    gather()
}

/// Fetches the packages into `target/logos` and copies what is listed.
fn gather() -> Result<()> {
    let folder = root().join("target/logos");
    for (package, version) in PACKAGES {
        let place = folder.join(package);
        std::fs::create_dir_all(&place)?;
        let wanted = format!("{package}@{version}");
        let packed = output(command("npm", &["pack", &wanted, "--silent", "--pack-destination"]).arg(&folder))?;
        let file = folder.join(packed.lines().last().unwrap_or_default());
        run_command(command("tar", &["--strip-components=1", "-xzf"]).arg(file).arg("-C").arg(&place))?;
    }
    run_command(command("node", &["icons/gather.mjs"]).arg(folder).current_dir(root()))
}

fn draw() -> Result<()> {
    if !is_there("rsvg-convert") {
        bail!("rsvg-convert is missing: apt-get install librsvg2-bin");
    }
    for (source, size, outcome) in ICONS {
        let size = size.to_string();
        run_command(
            command("rsvg-convert", &["-w", &size, "-h", &size, source, "-o", outcome])
                .current_dir(root().join("icons")),
        )?;
    }
    Ok(())
}
