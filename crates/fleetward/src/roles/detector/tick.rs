//! Time, as a record: a tick is appended when a partition says that it needs to know the time, so
//! an idle fleet writes nothing.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use fleetward_domain::{EpochMs, FormatLevel, Record};
use fleetward_environment::Clock;
use fleetward_log::{EVERY_PARTITION, Entry, EventLog, record};

use crate::failure::Failure;

/// How long a tick may be on its way before another one is sent.
const PATIENCE_MS: EpochMs = 1_000;
/// Ticks are at least this far apart, however many deadlines there are.
const SPACING_MS: EpochMs = 50;

/// Appends ticks when they are due.
pub(super) struct Ticker {
    log: Arc<dyn EventLog>,
    clock: Clock,
    level: FormatLevel,
    /// The newest tick that was appended.
    sent_ms: EpochMs,
    /// The newest tick that came back.
    applied_ms: EpochMs,
}

impl Ticker {
    pub(super) fn start(log: Arc<dyn EventLog>, clock: Clock, level: FormatLevel) -> Self {
        Self { log, clock, level, sent_ms: 0, applied_ms: 0 }
    }

    /// The partitions were told this time.
    pub(super) fn applied(&mut self, at_ms: EpochMs) {
        self.applied_ms = self.applied_ms.max(at_ms);
    }

    /// Waits until a tick should be sent for this deadline; for ever if there is none.
    pub(super) fn wait(&self, deadline_ms: Option<EpochMs>) -> impl Future<Output = ()> + use<> {
        let on_its_way = self.sent_ms > self.applied_ms;
        let earliest = self.sent_ms + if on_its_way { PATIENCE_MS } else { SPACING_MS };
        let due = deadline_ms.map(|deadline_ms| {
            let wait_ms = deadline_ms.max(earliest).saturating_sub(self.clock.now_ms());
            Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0))
        });
        let clock = self.clock.clone();
        async move {
            match due {
                Some(wait) => clock.sleep(wait).await,
                None => std::future::pending().await,
            }
        }
    }

    /// Appends the time.
    pub(super) async fn tick(&mut self) -> Result<(), Failure> {
        let at_ms = self.clock.now_ms();
        let bytes = record::encode(&Record::Tick(at_ms), self.level);
        let bytes = bytes.map_err(Failure::of("cannot append a tick"))?;
        let entry = Entry { partition: EVERY_PARTITION, bytes };
        self.log.append(vec![entry]).await.map_err(Failure::of("cannot append a tick"))?;
        self.sent_ms = at_ms;
        Ok(())
    }
}
