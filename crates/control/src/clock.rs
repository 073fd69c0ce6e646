//! The time, as a value that tests can set.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use fleetward_domain::EpochMs;

/// Gives the time now, in milliseconds since the Unix epoch.
pub type Clock = Arc<dyn Fn() -> EpochMs + Send + Sync>;

/// The machine's clock.
#[must_use]
pub fn system_clock() -> Clock {
    Arc::new(|| {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        EpochMs::try_from(since_epoch.as_millis()).unwrap_or(EpochMs::MAX)
    })
}
