//! The outbox's clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fleetward_domain::EpochMs;

use crate::limits::LONGEST_SLEEP;

/// Tells the time and waits for it. Tests bring their own.
#[async_trait::async_trait]
pub trait Clock: Send + Sync {
    /// Now, in milliseconds since the Unix epoch.
    fn now_ms(&self) -> EpochMs;

    /// Waits until this time. It may return early; the caller looks at the clock again.
    async fn sleep_until(&self, at_ms: EpochMs);
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[async_trait::async_trait]
impl Clock for SystemClock {
    fn now_ms(&self) -> EpochMs {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        EpochMs::try_from(since.as_millis()).unwrap_or(EpochMs::MAX)
    }

    async fn sleep_until(&self, at_ms: EpochMs) {
        let wait_ms = at_ms.saturating_sub(self.now_ms());
        let wait = Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0));
        tokio::time::sleep(wait.min(LONGEST_SLEEP)).await;
    }
}
