//! Whether somebody waits for the word that everything up to some time is logged.

use std::sync::Arc;

use fleetward_domain::EpochMs;
use tokio::sync::watch;

/// Until when the detectors of this process wait for the front door's watermark. Cheap to clone;
/// all clones are about the same wait. While nobody waits, the front door says nothing: an idle
/// fleet writes nothing.
#[derive(Clone, Debug)]
pub struct Awaited(Arc<watch::Sender<Option<EpochMs>>>);

impl Default for Awaited {
    /// Nobody waits.
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl Awaited {
    /// The earliest time, in milliseconds since the epoch, that somebody waits to be over: the end
    /// of a window, or when an absence would be too long. None: nobody waits any more. Each call
    /// takes the place of the one before.
    pub fn until(&self, deadline_ms: Option<EpochMs>) {
        self.0.send_if_modified(|awaited_ms| {
            let is_other = *awaited_ms != deadline_ms;
            *awaited_ms = deadline_ms;
            is_other
        });
    }

    /// Follows what was said last.
    #[must_use]
    pub fn follow(&self) -> watch::Receiver<Option<EpochMs>> {
        self.0.subscribe()
    }
}
