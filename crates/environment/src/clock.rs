//! The time of the server, and waiting for it.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fleetward_domain::EpochMs;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, Interval};

/// How long [`Clock::sleep_until`] waits at most before it looks at the wall clock again: a clock
/// that was set, or a machine that slept, is noticed within this time.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// Tells the time and waits for it. Cheap to clone; all clones tell the same time.
///
/// [`Clock::now_ms`] is the wall clock: it stamps records, and people may set it forward and back.
/// [`Clock::instant`] only goes forward: pauses, retries and limits are measured with it.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> EpochMs + Send + Sync>);

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::new(|| {
            let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            EpochMs::try_from(since_epoch.as_millis()).unwrap_or(EpochMs::MAX)
        })
    }

    /// A clock that tells what the function says, for tests.
    pub fn new(now_ms: impl Fn() -> EpochMs + Send + Sync + 'static) -> Self {
        Self(Arc::new(now_ms))
    }

    /// A clock that starts at this time and goes with tokio's: virtual where the runtime's time is
    /// paused, so that a simulation of days takes no time.
    #[must_use]
    pub fn of_the_runtime(start_ms: EpochMs) -> Self {
        let origin = Instant::now();
        Self::new(move || {
            let passed_ms = Instant::now().saturating_duration_since(origin).as_millis();
            start_ms.saturating_add(EpochMs::try_from(passed_ms).unwrap_or(EpochMs::MAX))
        })
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub fn now_ms(&self) -> EpochMs {
        (self.0)()
    }

    /// A point in a time that never goes back; only its differences mean something.
    #[must_use]
    pub fn instant(&self) -> Instant {
        Instant::now()
    }

    /// Waits this long, whatever the wall clock does meanwhile.
    pub async fn sleep(&self, pause: Duration) {
        tokio::time::sleep(pause).await;
    }

    /// Waits until this point of [`Clock::instant`]'s time.
    pub async fn sleep_until_instant(&self, end: Instant) {
        tokio::time::sleep_until(end).await;
    }

    /// What the work gives, if it is done within this time; otherwise it is dropped.
    ///
    /// # Errors
    /// [`Elapsed`]: the time was up first.
    pub async fn timeout<F: Future>(&self, limit: Duration, work: F) -> Result<F::Output, Elapsed> {
        tokio::time::timeout(limit, work).await
    }

    /// The same until a point of [`Clock::instant`]'s time.
    ///
    /// # Errors
    /// [`Elapsed`]: the time was up first.
    pub async fn timeout_at<F: Future>(&self, end: Instant, work: F) -> Result<F::Output, Elapsed> {
        tokio::time::timeout_at(end, work).await
    }

    /// Ticks at `first`, and each period after it. The period must not be zero.
    #[must_use]
    pub fn interval_at(&self, first: Instant, period: Duration) -> Interval {
        tokio::time::interval_at(first, period)
    }

    /// Waits until the wall clock shows this time: sooner or later than it first seemed if the
    /// clock is set meanwhile. Returns at once if the time has passed. Dropping it is harmless.
    pub async fn sleep_until(&self, at_ms: EpochMs) {
        loop {
            let wait_ms = u64::try_from(at_ms.saturating_sub(self.now_ms())).unwrap_or(0);
            if wait_ms == 0 {
                return;
            }
            self.sleep(Duration::from_millis(wait_ms).min(LONGEST_SLEEP)).await;
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now_ms())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicI64, Ordering};

    #[tokio::test(start_paused = true)]
    async fn the_clock_of_a_paused_runtime_is_virtual() {
        let clock = Clock::of_the_runtime(1_000);
        clock.sleep_until(3_601_000).await;
        assert_eq!(clock.now_ms(), 3_601_000);
        clock.sleep(Duration::from_millis(5)).await;
        assert_eq!(clock.now_ms(), 3_601_005);
        clock.sleep_until(7).await;
        assert_eq!(clock.now_ms(), 3_601_005, "what has passed is not waited for");
    }

    #[tokio::test(start_paused = true)]
    async fn limits_and_ticks_go_with_the_clock() {
        let clock = Clock::of_the_runtime(0);
        let begin = clock.instant();
        let hour = Duration::from_secs(3600);
        assert_eq!(clock.timeout(hour, async { 7 }).await.unwrap(), 7);
        assert!(clock.timeout(hour, std::future::pending::<()>()).await.is_err());
        assert_eq!(clock.now_ms(), 3_600_000);
        assert!(clock.timeout_at(begin + 2 * hour, std::future::pending::<()>()).await.is_err());
        assert_eq!(clock.now_ms(), 7_200_000);
        let mut ticks = clock.interval_at(begin + 3 * hour, hour);
        ticks.tick().await;
        ticks.tick().await;
        assert_eq!(clock.now_ms(), 4 * 3_600_000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wall_clock_that_is_set_ends_or_lengthens_the_wait() {
        let wall_ms = Arc::new(AtomicI64::new(0));
        let told = wall_ms.clone();
        let clock = Clock::new(move || told.load(Ordering::SeqCst));
        let began = clock.instant();
        let waiting = clock.sleep_until(3_600_000);
        let setting = async {
            tokio::time::sleep(Duration::from_secs(10)).await;
            wall_ms.store(3_600_000, Ordering::SeqCst);
        };
        tokio::join!(waiting, setting);
        assert!(clock.instant() - began < Duration::from_secs(12));
    }
}
