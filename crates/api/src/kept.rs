//! Lists that were just written out, kept as bytes until a fact behind them changes.
//!
//! Programs ask for the same list again and again. What it says follows from the store, the vault and the catalog, whose
//! version is compared each time, and from the clock ("expires soon"), for which a second is soon enough.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use membrane_engine::FactsVersion;

/// How long a list is kept while nothing changes.
const KEPT: Duration = Duration::from_secs(1);
/// How many different lists are kept.
const LISTS_MAX: usize = 64;
/// A longer list is not kept.
const BYTES_MAX: usize = 512 * 1024;

/// The lists that are kept, by what was asked.
#[derive(Clone, Default)]
pub(crate) struct KeptLists(Arc<Mutex<HashMap<String, Kept>>>);

struct Kept {
    version: FactsVersion,
    at: Instant,
    body: Bytes,
}

impl KeptLists {
    /// Returns a list that is still true.
    pub(crate) fn find(&self, asked: &str, version: &FactsVersion, now: Instant) -> Option<Bytes> {
        let lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = lists.get(asked)?;
        (kept.version == *version && now.duration_since(kept.at) < KEPT).then(|| kept.body.clone())
    }

    /// Keeps a list that was made from facts of a version.
    pub(crate) fn keep(&self, asked: String, version: FactsVersion, at: Instant, body: &Bytes) {
        if body.len() > BYTES_MAX {
            return;
        }
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lists.len() >= LISTS_MAX {
            lists.retain(|_, kept| kept.version == version && at.duration_since(kept.at) < KEPT);
        }
        if lists.len() < LISTS_MAX {
            lists.insert(asked, Kept { version, at, body: body.clone() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_kept_until_a_fact_or_the_second_changes() {
        let (lists, now) = (KeptLists::default(), Instant::now());
        let (old, new) = (FactsVersion::of_commits(1), FactsVersion::of_commits(2));
        let body = Bytes::from_static(b"[]");
        lists.keep("a".into(), old.clone(), now, &body);
        assert_eq!(lists.find("a", &old, now), Some(body));
        assert_eq!(lists.find("b", &old, now), None);
        assert_eq!(lists.find("a", &new, now), None);
        assert_eq!(lists.find("a", &old, now + Duration::from_secs(2)), None);
    }
}
