//! Whether a report that can be read is taken: not faster than its sender may, and not more than
//! can be remembered.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fleetward_environment::{Chance, Clock, NoRandomness};
use tokio::time::Instant;

use super::fingerprint::Key;
use super::memory::{Known, Memory};
use super::rate::{Debts, Rate};
use crate::ReportSettings;
use crate::limits::{ADMISSION_SHARDS, RATED_SENDERS, REPORT_MEMORY_ENTRY_BYTES};

/// Admits the reports of all connections.
pub(super) struct Admission {
    key: Key,
    clock: Clock,
    begin: Instant,
    per_thing: Rate,
    per_principal: Rate,
    /// How many reports each shard remembers.
    remembered: usize,
    shards: Vec<Mutex<Shard>>,
    /// The one that completes them.
    first: Mutex<Shard>,
}

/// What falls together by fingerprint: each has a lock, and none is large.
#[derive(Default)]
struct Shard {
    things: Debts,
    principals: Debts,
    memory: Memory,
}

/// Who reports, as far as it is proven: one for each certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reporter(u64);

/// What becomes of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admitted {
    /// It is to be logged, and then called durable.
    Log(ReportMark),
    /// It came before, and is durable.
    Again,
    /// Its sender reports too often.
    TooOften,
    /// Nothing more can be remembered.
    Full,
}

/// A report that is to be logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ReportMark(u64);

impl Admission {
    pub(super) fn new(
        settings: &ReportSettings,
        clock: &Clock,
        chance: &Chance,
    ) -> Result<Self, NoRandomness> {
        let is_off = settings.rate_per_second <= 0.0;
        let principal_rate = if is_off { 0.0 } else { settings.principal_rate_per_second };
        let burst = f64::from(settings.burst);
        let entries = settings.memory_bytes / REPORT_MEMORY_ENTRY_BYTES;
        let remembered = usize::try_from(entries).unwrap_or(usize::MAX) / ADMISSION_SHARDS;
        Ok(Self {
            key: Key::new(chance)?,
            clock: clock.clone(),
            begin: clock.instant(),
            per_thing: Rate::new(settings.rate_per_second, burst),
            per_principal: Rate::new(principal_rate, principal_rate * burst),
            remembered: remembered.max(1),
            shards: (1..ADMISSION_SHARDS).map(|_| Mutex::default()).collect(),
            first: Mutex::default(),
        })
    }

    /// The reporter that proved to be this.
    pub(super) fn reporter(&self, proof: &str) -> Reporter {
        Reporter(self.key.of(&[b"reporter", proof.as_bytes()]))
    }

    /// Decides on a report that may be made and can be read. A claim counts against who makes
    /// it: another's reports about a thing leave the thing's own rate alone.
    pub(super) fn admit(
        &self,
        reporter: Reporter,
        thing: &str,
        report_id: i64,
        content: &[u8],
    ) -> Admitted {
        let (Reporter(who), id) = (reporter, report_id.to_le_bytes());
        let mark = self.key.of(&[&who.to_le_bytes(), thing.as_bytes(), &id, content]);
        let now = self.now();
        match self.shard(mark).memory.known(mark, minute(now)) {
            Known::Durable => return Admitted::Again,
            // The detector drops it, if it was logged; and it has been owed for.
            Known::Came => return Admitted::Log(ReportMark(mark)),
            Known::No => {}
        }
        if !self.is_within_rates(reporter, thing) {
            return Admitted::TooOften;
        }
        let mut shard = self.shard(mark);
        if shard.memory.len() >= self.remembered {
            return Admitted::Full;
        }
        shard.memory.came(mark, minute(now));
        Admitted::Log(ReportMark(mark))
    }

    /// Whether one more report, readable or not, is within the rates of its sender.
    pub(super) fn is_within_rates(&self, reporter: Reporter, thing: &str) -> bool {
        let Reporter(who) = reporter;
        let now_ns = u64::try_from(self.now().as_nanos()).unwrap_or(u64::MAX);
        let limit = RATED_SENDERS / ADMISSION_SHARDS;
        if !self.shard(who).principals.owe(who, self.per_principal, now_ns, limit) {
            return false;
        }
        let about = self.key.of(&[&who.to_le_bytes(), thing.as_bytes()]);
        self.shard(about).things.owe(about, self.per_thing, now_ns, limit)
    }

    /// The report is safe on disk: whoever sends it again is told so.
    pub(super) fn is_durable(&self, ReportMark(mark): ReportMark) {
        let minute = minute(self.now());
        self.shard(mark).memory.is_durable(mark, minute);
    }

    fn now(&self) -> Duration {
        self.clock.instant().saturating_duration_since(self.begin)
    }

    fn shard(&self, fingerprint: u64) -> MutexGuard<'_, Shard> {
        // By other bits than the tables look at.
        let place = usize::try_from(fingerprint >> 32).unwrap_or(0) % ADMISSION_SHARDS;
        let shard = self.shards.get(place).unwrap_or(&self.first);
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn minute(since_begin: Duration) -> u64 {
    since_begin.as_secs() / 60
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(change: impl FnOnce(&mut ReportSettings)) -> Admission {
        let mut settings = ReportSettings::default();
        change(&mut settings);
        Admission::new(&settings, &Clock::of_the_runtime(0), &Chance::seeded(7)).unwrap()
    }

    impl Admission {
        /// How many of these reports, all of them new, are taken.
        fn taken(&self, from: &str, thing: &str, ids: std::ops::Range<i64>) -> usize {
            let from = self.reporter(from);
            let is_taken = |id: &i64| match self.admit(from, thing, *id, b"content") {
                Admitted::Log(mark) => {
                    self.is_durable(mark);
                    true
                }
                _ => false,
            };
            ids.filter(is_taken).count()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_thing_may_report_in_a_burst_and_then_once_a_second() {
        let admission = admission(|_| {});
        assert_eq!(admission.taken("pump", "pump", 0..100), 60);
        admission.clock.sleep(Duration::from_secs(5)).await;
        assert_eq!(admission.taken("pump", "pump", 200..300), 5);
        assert_eq!(admission.taken("valve", "valve", 0..100), 60, "each for itself");
    }

    #[tokio::test(start_paused = true)]
    async fn a_resend_is_known_and_owes_nothing() {
        let admission = admission(|settings| settings.burst = 2);
        let pump = admission.reporter("pump");
        let Admitted::Log(mark) = admission.admit(pump, "pump", 1, b"a") else { panic!("new") };
        // Until it is durable it is logged again.
        assert_eq!(admission.admit(pump, "pump", 1, b"a"), Admitted::Log(mark));
        admission.is_durable(mark);
        for _ in 0..100 {
            assert_eq!(admission.admit(pump, "pump", 1, b"a"), Admitted::Again);
        }
        assert!(matches!(admission.admit(pump, "pump", 1, b"b"), Admitted::Log(_)), "new content");
        assert_eq!(admission.admit(pump, "pump", 2, b"a"), Admitted::TooOften);
        admission.clock.sleep(Duration::from_secs(11 * 60)).await;
        assert!(matches!(admission.admit(pump, "pump", 1, b"a"), Admitted::Log(_)), "forgotten");
    }

    #[tokio::test(start_paused = true)]
    async fn forged_names_count_against_who_forges_them() {
        let admission = admission(|_| {});
        assert_eq!(admission.taken("rogue", "victim", 0..1_000), 60);
        assert_eq!(admission.taken("victim", "victim", 0..60), 60, "it has its own rate");
        let names = (0..100_000).map(|n| format!("forged-{n}"));
        let forged: usize = names.map(|name| admission.taken("rogue", &name, 0..1)).sum();
        assert_eq!(
            forged,
            6_000 - 1_000,
            "in all no more than one principal may, refused ones included"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_memory_takes_nothing_new_and_forgets_nothing() {
        let admission = admission(|settings| {
            settings.rate_per_second = 0.0;
            settings.memory_bytes = 1_000 * REPORT_MEMORY_ENTRY_BYTES;
        });
        let taken = admission.taken("pump", "pump", 0..10_000);
        assert!((500..=1_000).contains(&taken), "{taken}");
        let pump = admission.reporter("pump");
        let known = |id: &i64| admission.admit(pump, "pump", *id, b"content") == Admitted::Again;
        assert_eq!((0..10_000).filter(known).count(), taken);
        let refused = (0..10_000).find(|id| !known(id)).unwrap();
        assert_eq!(admission.admit(pump, "pump", refused, b"content"), Admitted::Full);
        admission.clock.sleep(Duration::from_secs(11 * 60)).await;
        assert_eq!(admission.taken("pump", "pump", refused..refused + 1), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_rate_nothing_is_limited() {
        let admission = admission(|settings| settings.rate_per_second = 0.0);
        assert_eq!(admission.taken("pump", "pump", 0..10_000), 10_000);
    }
}
