//! Writing the server into the configuration of AI clients: what would change, and the change itself.
//!
//! A file keeps its comments, its order and whatever else is in it. What was there before stays beside it.

mod client;
mod edit;

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use client::{ALL, Known};

/// What the server is called in every configuration.
const NAME: &str = "membrane";

/// How a client starts the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    command: String,
    environment: BTreeMap<String, String>,
}

impl Entry {
    /// Starts a program with `mcp`.
    #[must_use]
    pub fn new(program: &Path) -> Self {
        Self { command: program.to_string_lossy().into_owned(), environment: BTreeMap::new() }
    }

    /// Adds a variable to the program's environment.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }
}

/// Where clients keep their settings.
#[derive(Debug, Clone)]
pub struct Places {
    home: PathBuf,
    config: PathBuf,
}

/// What is to happen with one client's configuration.
#[derive(Debug)]
pub struct Change {
    /// The client's key, for `--client`.
    pub key: &'static str,
    /// What a person calls the client.
    pub client: &'static str,
    /// Its configuration.
    pub file: PathBuf,
    /// What there is to do.
    pub outcome: Outcome,
    before: Option<String>,
    after: String,
}

/// What there is to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// These lines come, and those go.
    Due {
        /// New lines.
        added: Vec<String>,
        /// Lines that they replace.
        removed: Vec<String>,
    },
    /// It is set up already.
    InPlace,
    /// The file can't be changed; why, and what to do.
    Refused(String),
}

/// Returns the keys of all clients that are known.
#[must_use]
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|known| known.key).collect()
}

impl Places {
    /// Finds them by the environment; none without a home folder.
    #[must_use]
    pub fn of_this_computer() -> Option<Self> {
        let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = folder("HOME")?;
        let config = folder("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"));
        Some(Self { home, config })
    }

    /// Says what would change: for the clients that are named, else for all that are found.
    ///
    /// # Errors
    /// A sentence, when a name is not known.
    pub fn plan(&self, entry: &Entry, named: &[String]) -> Result<Vec<Change>, String> {
        if let Some(unknown) = named.iter().find(|name| ALL.iter().all(|known| known.key != name.as_str())) {
            return Err(format!("no AI client is called {unknown:?}"));
        }
        let wanted = |known: &&Known| match named.is_empty() {
            true => known.found(self),
            false => named.iter().any(|name| name == known.key),
        };
        Ok(ALL.iter().filter(wanted).map(|known| self.change(known, entry)).collect())
    }

    fn change(&self, known: &Known, entry: &Entry) -> Change {
        let file = known.file(self);
        let change = |outcome, before, after| Change {
            key: known.key,
            client: known.name,
            file: file.clone(),
            outcome,
            before,
            after,
        };
        let before = match std::fs::read_to_string(&file) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => {
                return change(Outcome::Refused(format!("it can't be read: {}", error.kind())), None, String::new());
            }
        };
        match known.format.with(before.as_deref().unwrap_or_default(), entry) {
            Ok(after) if before.as_deref() == Some(&after) => change(Outcome::InPlace, before, after),
            Ok(after) => {
                let (removed, added) = differing_lines(before.as_deref().unwrap_or_default(), &after);
                change(Outcome::Due { added, removed }, before, after)
            }
            Err(why) => change(Outcome::Refused(why), before, String::new()),
        }
    }
}

impl Change {
    /// Writes it, and returns where the file as it was is kept; none when there was no file.
    ///
    /// # Errors
    /// A sentence that says why it was not written. The file is then as it was.
    pub fn apply(&self) -> Result<Option<PathBuf>, String> {
        let failed = |what: &str, error: std::io::Error| format!("failed to {what}: {}", error.kind());
        // A link to a file elsewhere, as people keep their settings in a repository, stays a link.
        let file = std::fs::canonicalize(&self.file).unwrap_or_else(|_| self.file.clone());
        let now = std::fs::read_to_string(&file).ok();
        if now != self.before {
            return Err("it changed in the meantime; run the command again".to_owned());
        }
        let folder = file.parent().ok_or_else(|| "its folder has no name".to_owned())?;
        std::fs::create_dir_all(folder).map_err(|error| failed("make its folder", error))?;
        let beside = |ending: &str| {
            let mut name = file.file_name().unwrap_or_default().to_owned();
            name.push(ending);
            folder.join(name)
        };
        let mut kept = None;
        let mut mode = 0o600;
        if self.before.is_some() {
            let backup = beside(".before-membrane");
            // The copy has the same mode: others' secrets may be in there.
            std::fs::copy(&file, &backup).map_err(|error| failed("keep a copy", error))?;
            mode = std::fs::metadata(&file).map_err(|error| failed("look at it", error))?.permissions().mode() & 0o777;
            kept = Some(backup);
        }
        let draft = beside(".new-membrane");
        let write = || -> std::io::Result<()> {
            let mut options = std::fs::OpenOptions::new();
            let mut new = options.write(true).create(true).truncate(true).mode(mode).open(&draft)?;
            new.set_permissions(std::fs::Permissions::from_mode(mode))?;
            new.write_all(self.after.as_bytes())?;
            new.sync_all()?;
            std::fs::rename(&draft, &file)
        };
        write().map_err(|error| failed("write it", error))?;
        Ok(kept)
    }
}

/// Returns the lines that go and those that come, between what both texts begin and end with.
fn differing_lines(before: &str, after: &str) -> (Vec<String>, Vec<String>) {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let rest = old.len().min(new.len()) - same;
    let tail = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let part = |lines: &[&str]| lines[same..lines.len() - tail].iter().map(|line| (*line).to_owned()).collect();
    (part(&old), part(&new))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(folder: &Path) -> Places {
        Places { home: folder.to_owned(), config: folder.join(".config") }
    }

    fn entry() -> Entry {
        Entry::new(Path::new("/usr/bin/membrane"))
    }

    #[test]
    fn only_clients_that_are_there_are_changed() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join(".cursor")).unwrap();
        std::fs::create_dir_all(home.path().join(".codex")).unwrap();
        let plan = places(home.path()).plan(&entry(), &[]).unwrap();
        assert_eq!(plan.iter().map(|change| change.key).collect::<Vec<_>>(), ["cursor", "codex"]);
        let named = places(home.path()).plan(&entry(), &["zed".to_owned()]).unwrap();
        assert_eq!(named.iter().map(|change| change.key).collect::<Vec<_>>(), ["zed"]);
        assert!(places(home.path()).plan(&entry(), &["emacs".to_owned()]).unwrap_err().contains("emacs"));
    }

    #[test]
    fn applying_twice_changes_nothing_more_and_the_file_as_it_was_is_kept() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join(".cursor/mcp.json");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "{\n  \"mcpServers\": {\n    \"other\": { \"url\": \"https://example.com\" }\n  }\n}\n")
            .unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        let before = std::fs::read_to_string(&file).unwrap();
        let plan = places(home.path()).plan(&entry(), &[]).unwrap();
        let backup = plan[0].apply().unwrap().unwrap();
        assert_eq!(std::fs::read_to_string(backup).unwrap(), before);
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        let written: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        assert_eq!(written["mcpServers"]["other"]["url"], "https://example.com");
        assert_eq!(written["mcpServers"]["membrane"]["command"], "/usr/bin/membrane");
        assert_eq!(places(home.path()).plan(&entry(), &[]).unwrap()[0].outcome, Outcome::InPlace);
    }

    #[test]
    fn a_file_that_changed_since_it_was_shown_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join(".cursor")).unwrap();
        let plan = places(home.path()).plan(&entry(), &[]).unwrap();
        std::fs::write(&plan[0].file, "{}").unwrap();
        assert!(plan[0].apply().unwrap_err().contains("in the meantime"));
        assert_eq!(std::fs::read_to_string(&plan[0].file).unwrap(), "{}");
    }

    #[test]
    fn a_link_stays_a_link() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join(".cursor")).unwrap();
        let real = home.path().join("settings.json");
        std::fs::write(&real, "{}\n").unwrap();
        let link = home.path().join(".cursor/mcp.json");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        places(home.path()).plan(&entry(), &[]).unwrap()[0].apply().unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(std::fs::read_to_string(&real).unwrap().contains("membrane"));
    }

    #[test]
    fn every_client_gets_an_entry_that_its_own_format_can_be_read_back_from() {
        let home = tempfile::tempdir().unwrap();
        let all: Vec<String> = names().into_iter().map(str::to_owned).collect();
        let entry = entry().with("MEMBRANE_HOME", "/srv/ada");
        for change in places(home.path()).plan(&entry, &all).unwrap() {
            change.apply().unwrap();
            let text = std::fs::read_to_string(&change.file).unwrap();
            assert!(text.contains("/usr/bin/membrane") && text.contains("\"mcp\""), "{}: {text}", change.key);
            assert!(text.contains("/srv/ada"), "{}: {text}", change.key);
        }
        let again = places(home.path()).plan(&entry, &all).unwrap();
        assert!(again.iter().all(|change| change.outcome == Outcome::InPlace), "{again:#?}");
    }
}
