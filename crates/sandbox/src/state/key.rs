//! API keys: made on the keys page, shown once, good until they are withdrawn.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Caller, State, Who};
use crate::{
    client::Scope,
    people::Person,
    problem::Problem,
    secret::{Fresh, Hash},
};

const MOST_KEYS: usize = 100;

/// A key that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiKey {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) person: Person,
    pub(crate) created_at: Timestamp,
    /// The last letters, to tell keys apart.
    pub(crate) ending: String,
}

impl State {
    /// Makes a key, which nobody can see again.
    pub(crate) fn make_key(&mut self, person: Person, name: &str, now: Timestamp) -> Result<Fresh, Problem> {
        if self.keys.len() >= MOST_KEYS {
            return Err(Problem::InvalidRequest("There are a hundred keys already; delete one first."));
        }
        let key = Fresh::new("sandbox-key-")?;
        let id = format!("key_{}", self.next_number());
        let ending: String = key.reveal().chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
        let entry = ApiKey { id, name: name.to_owned(), person, created_at: now, ending };
        self.keys.insert(key.hash(), entry);
        Ok(key)
    }

    /// Withdraws a key; `false` when there is none of that id.
    pub(crate) fn delete_key(&mut self, id: &str) -> bool {
        let before = self.keys.len();
        self.keys.retain(|_, key| key.id != id);
        self.keys.len() < before
    }

    /// Lists the keys, newest first.
    pub(crate) fn keys(&self) -> Vec<ApiKey> {
        let mut keys: Vec<ApiKey> = self.keys.values().cloned().collect();
        keys.sort_by(|a, b| b.created_at.cmp(&a.created_at).then_with(|| b.id.cmp(&a.id)));
        keys
    }

    /// Says whose key it is. A key may do everything.
    pub(crate) fn by_key(&self, key: &str) -> Option<Caller> {
        let known = self.keys.get(&Hash::of(key))?;
        Some(Caller { who: Who::Person(known.person), scopes: Scope::ALL.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_opens_the_account_of_its_person_until_it_is_deleted() {
        let now = Timestamp::UNIX_EPOCH;
        let mut state = State::new(now);
        let key = state.make_key(Person::Ben, "laptop", now).unwrap();
        assert_eq!(state.by_key(key.reveal()).map(|caller| caller.who), Some(Who::Person(Person::Ben)));
        assert_eq!(state.keys()[0].name, "laptop");
        assert!(key.reveal().ends_with(&state.keys()[0].ending));
        let id = state.keys()[0].id.clone();
        assert!(state.delete_key(&id));
        assert!(!state.delete_key(&id));
        assert!(state.by_key(key.reveal()).is_none());
    }
}
