//! The one clock of the front door: records are stamped with it.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use fleetward_domain::EpochMs;

/// Tells the time of the server.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> EpochMs + Send + Sync>);

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::new(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            EpochMs::try_from(since.as_millis()).unwrap_or(EpochMs::MAX)
        })
    }

    /// Another clock, for tests and simulations.
    pub fn new(now_ms: impl Fn() -> EpochMs + Send + Sync + 'static) -> Self {
        Self(Arc::new(now_ms))
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub fn now_ms(&self) -> EpochMs {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now_ms())
    }
}
