//! Checks the app files named on the command line; prints mistakes, and what is suspicious.
#![allow(clippy::print_stdout, reason = "it is a command")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use membrane_catalog::{App, lint, parse_app};

fn main() -> ExitCode {
    let named: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let mut apps = Vec::new();
    let mut errors = 0;
    for path in &named {
        match read(path) {
            Ok(app) => apps.push(app),
            Err(error) => {
                errors += 1;
                println!("error    {error}");
            }
        }
    }
    // Names and domains are compared with the neighbours of the files, too.
    let neighbours = named.first().and_then(|path| path.parent()).map(neighbours).unwrap_or_default();
    let all: Vec<&App> =
        apps.iter().chain(neighbours.iter().filter(|app| !apps.iter().any(|own| own.key == app.key))).collect();
    let own = |key: &_| apps.iter().any(|app| app.key == *key);
    let claims = lint::among(&all).into_iter().filter(|(key, what)| {
        own(key)
            || apps
                .iter()
                .any(|app| what.contains(&format!("{} too", app.key)) || what.contains(&format!("{}'s", app.key)))
    });
    let mut warnings: Vec<String> = apps.iter().flat_map(lint::app).collect();
    warnings.extend(claims.map(|(key, what)| format!("{key}.toml: {what}")));
    for warning in &warnings {
        println!("warning  {warning}");
    }
    println!("{} files, {errors} errors, {} warnings", named.len(), warnings.len());
    if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn read(path: &Path) -> Result<App, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let app = parse_app(&file, &text).map_err(|error| error.to_string())?;
    if file != format!("{}.toml", app.key) {
        return Err(format!("{file}, line 1: the file is not named after its key. Name it {}.toml.", app.key));
    }
    Ok(app)
}

fn neighbours(folder: &Path) -> Vec<App> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = fs::read_dir(folder).map(|list| list.flatten().map(|entry| entry.path()).collect::<Vec<_>>());
    entries.unwrap_or_default().iter().filter_map(|path| read(path).ok()).collect()
}
