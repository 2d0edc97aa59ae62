//! The line of renewals that are due: one per provider, so that a slow one keeps nobody else waiting.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use membrane_model::ConnectionId;
use tokio::time::Instant;

/// Renewals of one provider that are under way at once. More than it is asked at once, so that writing one down and
/// getting another ready keeps none of its places empty.
const PER_HOST: usize = 20;
/// Renewals that are under way at once in all.
const IN_ALL: usize = 128;
/// After so many failures in a row a provider is tried with one renewal at a time.
const DOUBTFUL: u32 = 3;
/// The longest wait between such tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A renewal that waits for its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Waiting {
    /// Of which connection.
    pub id: ConnectionId,
    /// The generation that is to be renewed.
    pub generation: u64,
}

/// How a renewal ended, as far as the provider's line is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The provider answered.
    Answered,
    /// It did not, or not as it should.
    Failed,
    /// It asked to be left alone for so long.
    Asked(Duration),
    /// It was not asked.
    NotSent,
}

/// All lines.
#[derive(Default)]
pub(super) struct Line {
    hosts: HashMap<String, Host>,
    known: HashSet<ConnectionId>,
    running: usize,
}

#[derive(Default)]
struct Host {
    waiting: VecDeque<Waiting>,
    running: usize,
    failures: u32,
    quiet_until: Option<Instant>,
}

impl Host {
    fn may_start(&self, now: Instant) -> bool {
        let places = if self.failures >= DOUBTFUL { 1 } else { PER_HOST };
        !self.waiting.is_empty() && self.running < places && self.quiet_until.is_none_or(|until| until <= now)
    }
}

impl Line {
    /// Tells whether a connection is in line or being renewed.
    pub(super) fn knows(&self, id: &ConnectionId) -> bool {
        self.known.contains(id)
    }

    /// Puts a renewal in its provider's line; one that is there already stays where it is.
    pub(super) fn add(&mut self, host: String, waiting: Waiting) {
        if self.known.insert(waiting.id.clone()) {
            self.hosts.entry(host).or_default().waiting.push_back(waiting);
        }
    }

    /// Returns the next renewals that may start.
    pub(super) fn start(&mut self, now: Instant) -> Vec<(String, Waiting)> {
        let mut started = Vec::new();
        loop {
            let before = started.len();
            // One of each provider in turn.
            for (name, host) in &mut self.hosts {
                if self.running < IN_ALL
                    && host.may_start(now)
                    && let Some(waiting) = host.waiting.pop_front()
                {
                    host.running += 1;
                    self.running += 1;
                    started.push((name.clone(), waiting));
                }
            }
            if started.len() == before {
                return started;
            }
        }
    }

    /// Notes that a renewal is over.
    pub(super) fn end(&mut self, name: &str, id: &ConnectionId, ended: Ended, now: Instant) {
        self.known.remove(id);
        self.running = self.running.saturating_sub(1);
        let Some(host) = self.hosts.get_mut(name) else { return };
        host.running = host.running.saturating_sub(1);
        match ended {
            Ended::Answered => (host.failures, host.quiet_until) = (0, None),
            Ended::Failed => {
                host.failures = host.failures.saturating_add(1);
                if let Some(more) = host.failures.checked_sub(DOUBTFUL) {
                    let pause = Duration::from_secs(1 << more.min(6)).min(LONGEST_PAUSE);
                    host.quiet_until = Some(now + pause);
                }
            }
            Ended::Asked(pause) => {
                host.failures = host.failures.saturating_add(1);
                host.quiet_until = Some(now + pause);
            }
            Ended::NotSent => {}
        }
        if host.waiting.is_empty() && host.running == 0 && host.failures == 0 {
            self.hosts.remove(name);
        }
    }

    /// Tells when the next line moves by itself; `None` = only when a renewal ends or another comes.
    pub(super) fn moves_at(&self) -> Option<Instant> {
        let paused = self.hosts.values().filter(|host| !host.waiting.is_empty());
        paused.filter_map(|host| host.quiet_until).min()
    }

    /// Lets all providers be tried at once: whatever they failed from may be over.
    pub(super) fn forgive(&mut self) {
        for host in self.hosts.values_mut() {
            (host.failures, host.quiet_until) = (0, None);
        }
    }

    /// Takes everything out of line that has not started.
    pub(super) fn clear(&mut self) {
        for host in self.hosts.values_mut() {
            for waiting in host.waiting.drain(..) {
                self.known.remove(&waiting.id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(hosts: &[(&str, usize)]) -> Line {
        let mut line = Line::default();
        for (host, count) in hosts {
            for _ in 0..*count {
                line.add((*host).to_owned(), Waiting { id: ConnectionId::generate(), generation: 1 });
            }
        }
        line
    }

    #[tokio::test(start_paused = true)]
    async fn r31_no_provider_gets_more_than_its_share_and_none_waits_for_another() {
        let mut line = filled(&[("slow.example", 500), ("quick.example", 3)]);
        let started = line.start(Instant::now());
        let of = |name: &str| started.iter().filter(|(host, _)| host == name).count();
        assert_eq!((of("slow.example"), of("quick.example")), (PER_HOST, 3));
        assert!(line.start(Instant::now()).is_empty());
        let (host, first) = &started[0];
        line.end(host, &first.id, Ended::Answered, Instant::now());
        assert!(!line.knows(&first.id));
        assert_eq!(line.start(Instant::now()).len(), usize::from(host == "slow.example"));
    }

    #[tokio::test(start_paused = true)]
    async fn r31_there_is_a_limit_in_all() {
        let hosts: Vec<String> = (0..40).map(|n| format!("h{n}.example")).collect();
        let mut line = filled(&hosts.iter().map(|host| (host.as_str(), 10)).collect::<Vec<_>>());
        assert_eq!(line.start(Instant::now()).len(), IN_ALL);
    }

    #[tokio::test(start_paused = true)]
    async fn r31_a_provider_that_is_down_is_tried_gently_until_it_answers() {
        let mut line = filled(&[("down.example", 100)]);
        for (host, waiting) in line.start(Instant::now()) {
            line.end(&host, &waiting.id, Ended::Failed, Instant::now());
        }
        assert!(line.start(Instant::now()).is_empty());
        let at = line.moves_at().unwrap();
        assert!(at - Instant::now() <= LONGEST_PAUSE);
        tokio::time::advance(LONGEST_PAUSE).await;
        let probe = line.start(Instant::now());
        assert_eq!(probe.len(), 1);
        line.end(&probe[0].0, &probe[0].1.id, Ended::Answered, Instant::now());
        assert_eq!(line.start(Instant::now()).len(), PER_HOST);
    }

    #[tokio::test(start_paused = true)]
    async fn r31_a_provider_that_asks_for_peace_gets_it_for_all_its_connections() {
        let mut line = filled(&[("busy.example", 40)]);
        let first = line.start(Instant::now()).remove(0);
        line.end(&first.0, &first.1.id, Ended::Asked(Duration::from_secs(30)), Instant::now());
        assert!(line.start(Instant::now()).is_empty());
        tokio::time::advance(Duration::from_secs(29)).await;
        assert!(line.start(Instant::now()).is_empty());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!line.start(Instant::now()).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn r33_a_network_that_is_back_is_a_new_start() {
        let mut line = filled(&[("gone.example", PER_HOST + 4)]);
        for (host, waiting) in line.start(Instant::now()) {
            line.end(&host, &waiting.id, Ended::Failed, Instant::now());
        }
        line.forgive();
        assert_eq!(line.start(Instant::now()).len(), 4);
        let mut line = filled(&[("gone.example", 20)]);
        line.clear();
        assert!(line.start(Instant::now()).is_empty());
    }

    #[test]
    fn nobody_is_in_line_twice() {
        let mut line = Line::default();
        let waiting = Waiting { id: ConnectionId::generate(), generation: 1 };
        line.add("h".into(), waiting.clone());
        line.add("h".into(), waiting.clone());
        assert!(line.knows(&waiting.id));
        assert_eq!(line.hosts["h"].waiting.len(), 1);
    }
}
