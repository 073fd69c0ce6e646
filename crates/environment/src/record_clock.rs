//! The time of records: it never goes back by itself, and measures what passes.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fleetward_domain::EpochMs;
use tokio::time::Instant;

use crate::Clock;

/// A wall clock that is further away than this has jumped; what is nearer is drift.
pub const LARGEST_DRIFT_MS: EpochMs = 1_000;

/// Drift is taken back by at most one part in so many of the time that passes, so that a second of
/// the records' time stays about a second.
const SLEW_PARTS: i128 = 16;

const NS_PER_MS: i128 = 1_000_000;

/// Stamps records. Cheap to clone; all clones tell the same time.
///
/// It starts at the wall clock and goes on by the monotonic one. While the wall clock stays within
/// a second of it, the drift is taken back little by little; once it is further away it has
/// *jumped* (somebody set it, or the machine slept), and the records' time goes on as if nothing
/// had happened until somebody says [`RecordClock::follow`], who also tells the readers of the
/// records.
#[derive(Clone)]
pub struct RecordClock {
    clock: Clock,
    state: Arc<Mutex<State>>,
}

/// A point in the time of the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    /// How many jumps were followed before: stamps of different numbers are told by no one clock.
    pub jumps: u64,
    /// Milliseconds since the epoch.
    pub at_ms: EpochMs,
}

/// A jump of the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jump {
    /// What the records' time showed.
    pub from_ms: EpochMs,
    /// What the wall clock showed at that moment: before or after it.
    pub to_ms: EpochMs,
}

impl Jump {
    /// By how much the wall clock is ahead, in milliseconds; negative if it is behind.
    #[must_use]
    pub fn by_ms(&self) -> EpochMs {
        self.to_ms.saturating_sub(self.from_ms)
    }
}

struct State {
    jumps: u64,
    /// The records' time at `read`, finer than milliseconds so that no reading loses any.
    time_ns: i128,
    /// When it was read last.
    read: Instant,
}

impl RecordClock {
    /// Starts at what the wall clock shows now.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        let state = State {
            jumps: 0,
            time_ns: i128::from(clock.now_ms()) * NS_PER_MS,
            read: clock.instant(),
        };
        Self { clock, state: Arc::new(Mutex::new(state)) }
    }

    /// Milliseconds since the epoch: never less than before, but for a jump that was followed.
    #[must_use]
    pub fn now_ms(&self) -> EpochMs {
        self.stamp().at_ms
    }

    /// The same, with the number of jumps that were followed before.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        let mut state = self.state();
        state.read(&self.clock);
        Stamp { jumps: state.jumps, at_ms: state.time_ms() }
    }

    /// How far the wall clock is away, if that is more than drift.
    #[must_use]
    pub fn jump(&self) -> Option<Jump> {
        let mut state = self.state();
        let wall_ms = state.read(&self.clock);
        let jump = Jump { from_ms: state.time_ms(), to_ms: wall_ms };
        (jump.by_ms().saturating_abs() > LARGEST_DRIFT_MS).then_some(jump)
    }

    /// Goes on at the other side of the jump. What passed since it was seen is kept.
    pub fn follow(&self, jump: &Jump) {
        let mut state = self.state();
        state.read(&self.clock);
        state.jumps = state.jumps.wrapping_add(1);
        state.time_ns = state.time_ns.saturating_add(i128::from(jump.by_ms()) * NS_PER_MS);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Lets pass what has passed since it was read last; what the wall clock shows.
    fn read(&mut self, clock: &Clock) -> EpochMs {
        let (now, wall_ms) = (clock.instant(), clock.now_ms());
        let passed_ns = nanoseconds(now.saturating_duration_since(self.read));
        self.read = self.read.max(now);
        self.time_ns = self.time_ns.saturating_add(passed_ns);
        let drift_ms = wall_ms.saturating_sub(self.time_ms());
        // A jump is not made good little by little: whoever follows it must tell the readers.
        if drift_ms.saturating_abs() <= LARGEST_DRIFT_MS {
            let most_ns = passed_ns / SLEW_PARTS;
            let slewed_ns = (i128::from(drift_ms) * NS_PER_MS).clamp(-most_ns, most_ns);
            self.time_ns = self.time_ns.saturating_add(slewed_ns);
        }
        wall_ms
    }

    fn time_ms(&self) -> EpochMs {
        EpochMs::try_from(self.time_ns.div_euclid(NS_PER_MS)).unwrap_or(EpochMs::MAX)
    }
}

fn nanoseconds(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX)
}

impl fmt::Debug for RecordClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordClock({})", self.now_ms())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    /// A machine whose wall clock is set, and is right at first.
    struct Machine {
        records: RecordClock,
        passing: Clock,
        /// How far the wall clock is ahead of the passing time.
        set_ms: Arc<AtomicI64>,
    }

    fn machine() -> Machine {
        let passing = Clock::of_the_runtime(1_000_000);
        let set_ms = Arc::new(AtomicI64::new(0));
        let (told, ahead_ms) = (passing.clone(), Arc::clone(&set_ms));
        let wall = Clock::new(move || told.now_ms() + ahead_ms.load(Ordering::SeqCst));
        Machine { records: RecordClock::new(wall), passing, set_ms }
    }

    impl Machine {
        async fn pass(&self, ms: u64) {
            self.passing.sleep(Duration::from_millis(ms)).await;
        }

        fn set_by(&self, ms: i64) {
            self.set_ms.fetch_add(ms, Ordering::SeqCst);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_goes_with_the_wall_clock_while_nobody_sets_it() {
        let machine = machine();
        for _ in 0..100 {
            machine.pass(777).await;
            assert_eq!(machine.records.now_ms(), machine.passing.now_ms());
        }
        assert_eq!(machine.records.jump(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_small_step_of_the_wall_clock_is_taken_back_slowly_and_never_backwards() {
        for step_ms in [-900, 900] {
            let machine = machine();
            machine.set_by(step_ms);
            let mut before = machine.records.now_ms();
            for _ in 0..100 {
                machine.pass(100).await;
                let now = machine.records.now_ms();
                assert!((93..=107).contains(&(now - before)), "{} ms in 100", now - before);
                before = now;
            }
            assert_eq!(machine.records.jump(), None, "drift is no jump");
            machine.pass(10_000).await;
            assert_eq!(machine.records.now_ms() - machine.passing.now_ms(), step_ms);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_jump_is_told_and_changes_nothing_until_it_is_followed() {
        for by_ms in [3_600_000, -3_600_000] {
            let machine = machine();
            machine.pass(50).await;
            machine.set_by(by_ms);
            machine.pass(50).await;
            let jump = machine.records.jump().unwrap();
            assert_eq!((jump.from_ms, jump.by_ms()), (1_000_100, by_ms));
            machine.pass(1_000).await;
            assert_eq!(machine.records.stamp(), Stamp { jumps: 0, at_ms: 1_001_100 });
            // What passed in the meantime is not lost.
            machine.records.follow(&jump);
            assert_eq!(machine.records.stamp(), Stamp { jumps: 1, at_ms: 1_001_100 + by_ms });
            assert_eq!(machine.records.jump(), None);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wall_clock_that_comes_back_by_itself_has_not_jumped() {
        let machine = machine();
        machine.set_by(3_600_000);
        machine.pass(100).await;
        assert!(machine.records.jump().is_some());
        machine.set_by(-3_600_000);
        machine.pass(100).await;
        assert_eq!(machine.records.jump(), None);
        assert_eq!(machine.records.now_ms(), machine.passing.now_ms());
    }

    #[tokio::test(start_paused = true)]
    async fn clones_tell_one_time() {
        let machine = machine();
        let other = machine.records.clone();
        machine.set_by(-60_000);
        let jump = other.jump().unwrap();
        machine.records.follow(&jump);
        assert_eq!(other.stamp().jumps, 1);
        assert_eq!(other.now_ms(), machine.records.now_ms());
    }
}
