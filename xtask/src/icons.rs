//! `cargo xtask icons`: PNGs from the SVG sources in `icons/`.

use anyhow::{Result, bail};

use crate::shell::{command, is_there, root, run as run_command};

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

/// Draws them.
pub(crate) fn run() -> Result<()> {
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
