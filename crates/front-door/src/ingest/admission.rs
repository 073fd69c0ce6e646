//! Whether a report that can be read is taken: not faster than its sender may, and not more than
//! can be remembered.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fleetward_environment::{Chance, Clock, NoRandomness};
use tokio::sync::watch;
use tokio::time::Instant;

use super::fingerprint::{AsItIs, Key};
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
    /// What is being logged at this moment, and by which append.
    under_way: HashMap<u64, Ended, AsItIs>,
}

/// An append of reports. Whoever sends one of them again meanwhile waits for it: logged with
/// each copy, reports would cost disk that nobody owes for.
pub(super) struct Append<'a> {
    admission: &'a Admission,
    marks: Vec<ReportMark>,
    ended: Ended,
    /// Gone with the append, however it ends: who waits is told by that.
    _begun: watch::Sender<()>,
}

/// Tells of the end of an append.
#[derive(Clone, Debug)]
pub(super) struct Ended(watch::Receiver<()>);

/// Who reports, as far as it is proven: one for each certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reporter(u64);

/// What becomes of a report.
#[derive(Debug)]
pub(super) enum Admitted {
    /// It is to be logged, and then called durable.
    Log(ReportMark),
    /// It came before, and is durable, or will be with this append.
    Again,
    /// Another append has it: asked again after its end, it is known what became of it.
    UnderWay(Ended),
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

    /// Begins an append.
    pub(super) fn append(&self) -> Append<'_> {
        let (begun, ended) = watch::channel(());
        Append { admission: self, marks: Vec::new(), ended: Ended(ended), _begun: begun }
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

impl Append<'_> {
    /// Decides on a report that may be made and can be read. A claim counts against who makes
    /// it: another's reports about a thing leave the thing's own rate alone.
    pub(super) fn admit(
        &mut self,
        reporter: Reporter,
        thing: &str,
        report_id: i64,
        content: &[u8],
    ) -> Admitted {
        let (Reporter(who), id) = (reporter, report_id.to_le_bytes());
        let admission = self.admission;
        let mark = admission.key.of(&[&who.to_le_bytes(), thing.as_bytes(), &id, content]);
        let minute = minute(admission.now());
        let known = admission.shard(mark).memory.known(mark, minute);
        if known == Known::Durable {
            return Admitted::Again;
        }
        // What came has been owed for; the detector drops it, if it was logged after all.
        if known == Known::No && !admission.is_within_rates(reporter, thing) {
            return Admitted::TooOften;
        }
        let mut shard = admission.shard(mark);
        if known == Known::No {
            if shard.memory.len() >= admission.remembered {
                return Admitted::Full;
            }
            shard.memory.came(mark, minute);
        }
        // Under the same lock, so that of two that come at once one waits.
        match shard.under_way.get(&mark) {
            Some(ended) if ended.0.same_channel(&self.ended.0) => Admitted::Again,
            Some(ended) => Admitted::UnderWay(ended.clone()),
            None => {
                shard.under_way.insert(mark, self.ended.clone());
                self.marks.push(ReportMark(mark));
                Admitted::Log(ReportMark(mark))
            }
        }
    }
}

impl Drop for Append<'_> {
    fn drop(&mut self) {
        for ReportMark(mark) in &self.marks {
            self.admission.shard(*mark).under_way.remove(mark);
        }
    }
}

impl Ended {
    /// Waits for it.
    pub(super) async fn wait(mut self) {
        // Nothing is ever sent: it ends by being gone.
        while self.0.changed().await.is_ok() {}
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
            let is_taken = |id: &i64| match self.append().admit(from, thing, *id, b"content") {
                Admitted::Log(mark) => {
                    self.is_durable(mark);
                    true
                }
                _ => false,
            };
            ids.filter(is_taken).count()
        }

        /// What becomes of a report that an append of its own would take.
        fn admit(&self, from: Reporter, thing: &str, id: i64, content: &[u8]) -> Admitted {
            self.append().admit(from, thing, id, content)
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
        let again = admission.admit(pump, "pump", 1, b"a");
        assert!(matches!(again, Admitted::Log(same) if same == mark), "{again:?}");
        admission.is_durable(mark);
        for _ in 0..100 {
            assert!(matches!(admission.admit(pump, "pump", 1, b"a"), Admitted::Again));
        }
        assert!(matches!(admission.admit(pump, "pump", 1, b"b"), Admitted::Log(_)), "new content");
        assert!(matches!(admission.admit(pump, "pump", 2, b"a"), Admitted::TooOften));
        admission.clock.sleep(Duration::from_secs(11 * 60)).await;
        assert!(matches!(admission.admit(pump, "pump", 1, b"a"), Admitted::Log(_)), "forgotten");
    }

    #[tokio::test]
    async fn a_resend_in_flight_is_logged_by_one_append_and_waits_for_another() {
        let admission = admission(|settings| settings.burst = 1);
        let pump = admission.reporter("pump");
        let mut first = admission.append();
        let Admitted::Log(mark) = first.admit(pump, "pump", 1, b"a") else { panic!("new") };
        assert!(matches!(first.admit(pump, "pump", 1, b"a"), Admitted::Again), "once an append");
        let mut second = admission.append();
        let Admitted::UnderWay(ended) = second.admit(pump, "pump", 1, b"a") else {
            panic!("logged twice")
        };
        // The log did not take it.
        drop(first);
        ended.wait().await;
        assert!(matches!(second.admit(pump, "pump", 1, b"a"), Admitted::Log(same) if same == mark));
        let Admitted::UnderWay(ended) = admission.admit(pump, "pump", 1, b"a") else {
            panic!("logged twice")
        };
        admission.is_durable(mark);
        drop(second);
        ended.wait().await;
        assert!(matches!(admission.admit(pump, "pump", 1, b"a"), Admitted::Again));
        assert!(admission.shard(mark.0).under_way.is_empty());
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
        let known =
            |id: &i64| matches!(admission.admit(pump, "pump", *id, b"content"), Admitted::Again);
        assert_eq!((0..10_000).filter(known).count(), taken);
        let refused = (0..10_000).find(|id| !known(id)).unwrap();
        let full = admission.admit(pump, "pump", refused, b"content");
        assert!(matches!(full, Admitted::Full), "{full:?}");
        admission.clock.sleep(Duration::from_secs(11 * 60)).await;
        assert_eq!(admission.taken("pump", "pump", refused..refused + 1), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_rate_nothing_is_limited() {
        let admission = admission(|settings| settings.rate_per_second = 0.0);
        assert_eq!(admission.taken("pump", "pump", 0..10_000), 10_000);
    }
}
