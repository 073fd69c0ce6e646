//! When what is on its way to the log came: what was stamped and is not settled holds the
//! watermark back.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fleetward_domain::EpochMs;
use fleetward_environment::RecordClock;
use tokio::sync::Notify;

/// Stamps what others than the front door's counters log (device reports, changes), and knows what
/// of it is neither logged nor refused yet. One for all that goes to the log of a process: what was
/// stamped otherwise could be logged behind the word that the clock was set.
pub struct Stamps {
    clock: RecordClock,
    open: Mutex<Open>,
    /// The oldest stamp on its way was settled.
    settled: Notify,
    /// Stamps are given again.
    resumed: Notify,
}

#[derive(Default)]
struct Open {
    /// How many stamps were given in each millisecond, in order of time. Those in front that
    /// are settled go; so there are as many entries as milliseconds that the oldest waits.
    in_flight: VecDeque<(EpochMs, u32)>,
    /// Nobody is given a stamp: the clock is about to jump.
    is_held: bool,
}

/// A stamp. Dropping it says that what bears it is logged, or refused, or given up.
#[derive(Debug)]
pub struct Stamped {
    stamps: Arc<Stamps>,
    at_ms: EpochMs,
}

impl Stamps {
    /// Stamps by this clock.
    #[must_use]
    pub fn new(clock: RecordClock) -> Self {
        Self { clock, open: Mutex::default(), settled: Notify::new(), resumed: Notify::new() }
    }

    /// The time of the records.
    #[must_use]
    pub fn clock(&self) -> &RecordClock {
        &self.clock
    }

    /// Stamps what is to be logged. Waits while the clock jumps, so that no record bears a time of
    /// which the log does not know yet whose it is.
    pub async fn take(self: &Arc<Self>) -> Stamped {
        loop {
            // Before the look: whoever resumes between the two is heard.
            let resumed = self.resumed.notified();
            if let Some(at_ms) = self.try_take() {
                return Stamped { stamps: Arc::clone(self), at_ms };
            }
            resumed.await;
        }
    }

    /// Everything that was stamped before is settled, of this time and what comes after: the time
    /// now, or the oldest stamp on its way, in milliseconds since the epoch.
    #[must_use]
    pub fn settled_until(&self) -> EpochMs {
        let open = self.open();
        // Under the lock, so that no stamp falls between the two.
        let now_ms = self.clock.now_ms();
        open.in_flight.front().map_or(now_ms, |(at_ms, _)| now_ms.min(*at_ms))
    }

    /// Whether nothing is on its way.
    pub(crate) fn is_empty(&self) -> bool {
        self.open().in_flight.is_empty()
    }

    /// Waits until the oldest stamp on its way is settled, if that did not happen since the last
    /// wait. One waits.
    pub(crate) async fn settled(&self) {
        self.settled.notified().await;
    }

    /// Gives no stamps, until [`Self::resume`].
    pub(crate) fn hold(&self) {
        self.open().is_held = true;
    }

    /// Gives stamps again.
    pub(crate) fn resume(&self) {
        self.open().is_held = false;
        self.resumed.notify_waiters();
    }

    fn try_take(&self) -> Option<EpochMs> {
        let mut open = self.open();
        if open.is_held {
            return None;
        }
        let at_ms = self.clock.now_ms();
        match open.in_flight.back_mut() {
            Some((last_ms, count)) if *last_ms == at_ms => *count = count.saturating_add(1),
            _ => open.in_flight.push_back((at_ms, 1)),
        }
        Some(at_ms)
    }

    fn settle(&self, at_ms: EpochMs) {
        let mut open = self.open();
        if let Ok(place) = open.in_flight.binary_search_by_key(&at_ms, |(at_ms, _)| *at_ms)
            && let Some((_, count)) = open.in_flight.get_mut(place)
        {
            *count = count.saturating_sub(1);
        }
        let before = open.in_flight.len();
        while open.in_flight.front().is_some_and(|(_, count)| *count == 0) {
            open.in_flight.pop_front();
        }
        if open.in_flight.len() < before {
            self.settled.notify_one();
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stamped {
    /// When it was given, in milliseconds since the epoch.
    #[must_use]
    pub fn at_ms(&self) -> EpochMs {
        self.at_ms
    }
}

impl fmt::Debug for Stamps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stamps(settled until {})", self.settled_until())
    }
}

impl Drop for Stamped {
    fn drop(&mut self) {
        self.stamps.settle(self.at_ms);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use fleetward_environment::Clock;

    use super::*;

    async fn pass(ms: u64) {
        Clock::system().sleep(Duration::from_millis(ms)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_report_on_its_way_holds_the_time_back() {
        let stamps = Arc::new(Stamps::new(RecordClock::new(Clock::of_the_runtime(1_000))));
        assert_eq!(stamps.settled_until(), 1_000);
        let (first, second) = (stamps.take().await, stamps.take().await);
        pass(5).await;
        let third = stamps.take().await;
        pass(5).await;
        assert_eq!(stamps.settled_until(), 1_000);
        drop(first);
        assert_eq!(stamps.settled_until(), 1_000, "two came in that millisecond");
        drop(third);
        assert_eq!(stamps.settled_until(), 1_000, "a later one says nothing of the oldest");
        drop(second);
        assert_eq!(stamps.settled_until(), 1_010);
        assert!(stamps.is_empty());
        stamps.settled().await;
    }

    #[tokio::test(start_paused = true)]
    async fn while_it_is_held_nobody_gets_a_stamp() {
        let stamps = Arc::new(Stamps::new(RecordClock::new(Clock::of_the_runtime(1_000))));
        stamps.hold();
        let taking = tokio::spawn({
            let stamps = Arc::clone(&stamps);
            async move { stamps.take().await.at_ms }
        });
        pass(50).await;
        assert!(!taking.is_finished());
        stamps.resume();
        assert_eq!(taking.await.unwrap(), 1_050);
    }
}
