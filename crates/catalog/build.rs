//! Reads the app files once, while the product is built: a mistake in one stops the build, and the program starts with
//! apps that need no reading.
#![allow(dead_code, reason = "the build uses a part of the reader")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

// The reader of the files, which the program has too, for the person's own apps.
#[path = "src/app.rs"]
mod app;
#[path = "src/auth.rs"]
mod auth;
#[path = "src/capability.rs"]
mod capability;
#[path = "src/error.rs"]
mod error;
#[path = "src/fields.rs"]
mod fields;
#[path = "src/login.rs"]
mod login;
#[path = "src/parse/mod.rs"]
mod parse;
#[path = "src/request.rs"]
mod request;
#[path = "src/template.rs"]
mod template;
#[path = "src/text.rs"]
mod text;

use app::{Api, App, Checked, Source};
use auth::{
    AuthMethod, ClientSource, ErrorCodes, Loopback, OauthFacts, Pkce, Redirects, Rotation, Scope, Setup, TokenAuth,
    TokenBody, TokenFacts,
};
use error::AppFileError;
use login::{Choose, Keep, Login, LoginBody};
use request::{AccountPointers, HttpCheck, HttpMethod, Identity, ReplyCheck, Send};
use template::Template;
use text::TextTemplate;

fn main() -> io::Result<()> {
    for folder in ["apps", "families", "lexicon/capabilities.txt", "src"] {
        println!("cargo::rerun-if-changed={folder}");
    }
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?);
    let out = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?);
    let families = read(&root.join("families"))?;
    let pairs: Vec<(&str, &str)> = families.iter().map(|(file, text)| (stem(file), text.as_str())).collect();
    let mut packed = Packed::default();
    for (file, text) in read(&root.join("apps"))? {
        let app = parse::parse_with(&file, &text, &pairs).map_err(|error| io::Error::other(error.to_string()))?;
        if app.key.as_str() != stem(&file) {
            return Err(io::Error::other(format!("{file} is not named after its key {}", app.key)));
        }
        packed.add(app.key.as_str(), &serde_json::to_string(&app)?, &text);
    }
    fs::write(out.join("apps.txt"), packed.list)?;
    fs::write(out.join("apps.json"), packed.json)?;
    fs::write(out.join("apps.toml"), packed.toml)?;
    fs::write(out.join("families.rs"), format!("&{pairs:?}"))
}

/// The apps one after another. What a start reads (the list) lies apart from what only some calls need, so that the pages of
/// the rest are never loaded.
#[derive(Default)]
struct Packed {
    /// A line an app: its key, how many bytes its JSON has, and how many its file has.
    list: String,
    json: String,
    toml: String,
}

impl Packed {
    fn add(&mut self, key: &str, json: &str, toml: &str) {
        let _ = writeln!(self.list, "{key} {} {}", json.len(), toml.len());
        self.json.push_str(json);
        self.toml.push_str(toml);
    }
}

/// Reads the files of a folder in the order of their names.
fn read(folder: &Path) -> io::Result<Vec<(String, String)>> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    files.retain(|path| path.extension().is_some_and(|end| end == "toml"));
    files.sort();
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    files.iter().map(|path| Ok((name(path), fs::read_to_string(path)?))).collect()
}

fn stem(file: &str) -> &str {
    file.trim_end_matches(".toml")
}
