//! A model of the single flight under the interleavings that shuttle finds: two processes, several callers each, one
//! store, one provider that ends the family when a spent token comes back.
#![allow(clippy::unwrap_used, reason = "a model that cannot be set up has failed")]

use shuttle::sync::{Arc, Mutex};
use shuttle::thread;

const ROUNDS: usize = 2000;

/// What is on the disk, as both processes see it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Row {
    generation: u64,
    token: u64,
}

/// The provider: strict, or with a grace for the one token before.
struct Provider {
    current: u64,
    asked: usize,
    revoked: bool,
    grace: bool,
}

impl Provider {
    fn refresh(&mut self, token: u64) -> Option<u64> {
        self.asked += 1;
        let good = token == self.current || (self.grace && token + 1 == self.current);
        self.revoked |= !good;
        if self.revoked {
            return None;
        }
        self.current += 1;
        Some(self.current)
    }
}

#[derive(Clone)]
struct World {
    store: Arc<Mutex<Row>>,
    journal: Arc<Mutex<Option<u64>>>,
    provider: Arc<Mutex<Provider>>,
    across: Arc<Mutex<()>>,
}

impl World {
    fn new(grace: bool) -> Self {
        Self {
            store: Arc::new(Mutex::new(Row { generation: 1, token: 0 })),
            journal: Arc::new(Mutex::new(None)),
            provider: Arc::new(Mutex::new(Provider { current: 0, asked: 0, revoked: false, grace })),
            across: Arc::new(Mutex::new(())),
        }
    }

    fn row(&self) -> Row {
        *self.store.lock().unwrap()
    }

    /// The steps of a refresh, in the engine's order. Every lock is a place where another thread may come in.
    fn refresh(&self, within: &Mutex<()>, seen: u64, dies: bool) {
        let _within = within.lock().unwrap();
        if self.row().generation != seen {
            return;
        }
        let _across = self.across.lock().unwrap();
        let row = self.row();
        if row.generation != seen {
            return;
        }
        *self.journal.lock().unwrap() = Some(row.generation);
        let answer = self.provider.lock().unwrap().refresh(row.token);
        if dies {
            // The process is gone: the system lets go of its locks, and the journal stays.
            return;
        }
        let Some(token) = answer else { return };
        let mut store = self.store.lock().unwrap();
        if store.generation == row.generation {
            *store = Row { generation: row.generation + 1, token };
            *self.journal.lock().unwrap() = None;
        }
    }
}

fn callers(world: &World, each: usize) -> Vec<thread::JoinHandle<()>> {
    let mut threads = Vec::new();
    for _process in 0..2 {
        let within = Arc::new(Mutex::new(()));
        for _ in 0..each {
            let (world, within) = (world.clone(), Arc::clone(&within));
            threads.push(thread::spawn(move || world.refresh(&within, 1, false)));
        }
    }
    threads
}

fn join(threads: Vec<thread::JoinHandle<()>>) {
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn r35_many_callers_in_two_processes_are_one_request() {
    let model = || {
        let world = World::new(false);
        join(callers(&world, 3));
        let provider = world.provider.lock().unwrap();
        assert_eq!((provider.asked, provider.revoked), (1, false));
        assert_eq!(world.row(), Row { generation: 2, token: 1 });
        assert_eq!(*world.journal.lock().unwrap(), None);
    };
    shuttle::check_random(model, ROUNDS);
}

#[test]
fn r36_a_reconnect_is_never_overwritten_by_a_late_reply() {
    let model = || {
        let world = World::new(false);
        let mut threads = callers(&world, 1);
        let other = world.clone();
        // The person signs in again: a write that asks for no lock.
        threads.push(thread::spawn(move || *other.store.lock().unwrap() = Row { generation: 9, token: 900 }));
        join(threads);
        assert_eq!(world.row(), Row { generation: 9, token: 900 });
    };
    shuttle::check_random(model, ROUNDS);
}

#[test]
fn r43_what_dies_with_the_answer_is_made_good_by_the_next_within_the_grace() {
    let model = || {
        let world = World::new(true);
        let mut threads = callers(&world, 1);
        let dying = world.clone();
        threads.push(thread::spawn(move || dying.refresh(&Mutex::new(()), 1, true)));
        join(threads);
        // Whoever is left at the next start finds the journal and asks again with the same token.
        if world.journal.lock().unwrap().is_some() {
            let seen = world.row().generation;
            world.refresh(&Mutex::new(()), seen, false);
        }
        let provider = world.provider.lock().unwrap();
        assert!(!provider.revoked);
        assert_eq!(world.row().token, provider.current);
    };
    shuttle::check_random(model, ROUNDS);
}
