//! Bakes configuration, capabilities and the built console into the program.

fn main() {
    let attributes =
        tauri_build::Attributes::new().capabilities_path_pattern("src-tauri/capabilities/**/*.json").app_manifest(
            tauri_build::AppManifest::new().commands(&["api", "events", "open_external", "ready", "restart"]),
        );
    if let Err(error) = tauri_build::try_build(attributes) {
        println!("cargo:warning={error:#}");
        std::process::exit(1);
    }
}
