//! The one place where the product reads the clock for itself; everything below gets it as a value
//! or as this function.

use std::time::{SystemTime, UNIX_EPOCH};

use fleetward_domain::EpochMs;

/// Now, in milliseconds since the epoch.
pub(crate) fn now_ms() -> EpochMs {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    EpochMs::try_from(since.as_millis()).unwrap_or(EpochMs::MAX)
}
