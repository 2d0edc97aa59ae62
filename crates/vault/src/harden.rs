//! What keeps secrets in this process: no core dumps, no reading by other processes, no swapping of the master key.

use crate::MasterKey;

/// A part of the hardening that the system refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HardenProblem {
    /// Other processes of this user may still read this one's memory.
    #[error("the process stays readable for others: {0}")]
    Readable(String),
    /// A crash may still write a core file.
    #[error("core files stay possible: {0}")]
    CoreFiles(String),
}

/// Makes the process unreadable for others of the same user and forbids core files.
///
/// Called first thing in `main`. Goes as far as the system lets it and returns what it refused, which is worth a line
/// in the log and no reason to stop.
#[cfg(target_os = "linux")]
#[must_use]
pub fn harden_process() -> Vec<HardenProblem> {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

    let mut refused = Vec::new();
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        refused.push(HardenProblem::Readable(error.to_string()));
    }
    if let Err(error) = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }) {
        refused.push(HardenProblem::CoreFiles(error.to_string()));
    }
    refused
}

/// Does nothing where it isn't known how.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn harden_process() -> Vec<HardenProblem> {
    Vec::new()
}

/// Asks the system not to swap out the page the key lives on.
///
/// A refusal (a small RLIMIT_MEMLOCK) is ignored. Never undone: another key may live on the same page, and a vault
/// adopts a handful of keys in the life of a process.
#[cfg(unix)]
#[allow(unsafe_code, reason = "mlock has no safe form in rustix")]
pub(crate) fn keep_out_of_swap(key: &MasterKey) {
    let bytes = key.expose();
    // SAFETY: the range is that of a live array, and mlock neither reads nor writes it.
    let _refused = unsafe { rustix::mm::mlock(bytes.as_ptr().cast_mut().cast(), bytes.len()) };
}

/// Does nothing where it isn't known how.
#[cfg(not(unix))]
pub(crate) fn keep_out_of_swap(_key: &MasterKey) {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

    use super::*;

    #[test]
    fn r57_a_hardened_process_is_not_dumpable_and_writes_no_core() {
        assert_eq!(harden_process(), []);
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        assert_eq!(getrlimit(Resource::Core).maximum, Some(0));
    }

    #[test]
    fn r57_the_keys_page_is_locked_in_memory() {
        let locked = || -> u64 {
            let status = std::fs::read_to_string("/proc/self/status").unwrap();
            let line = status.lines().find_map(|line| line.strip_prefix("VmLck:")).unwrap();
            line.trim().trim_end_matches(" kB").parse().unwrap()
        };
        let key = MasterKey::random().unwrap();
        keep_out_of_swap(&key);
        assert!(locked() >= 4, "{} kB are locked", locked());
    }
}
