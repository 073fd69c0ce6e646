//! Thresholds: gathers what all partitions say of a window of the fleet, and appends the
//! percentile that the next window is judged by to each of them.
//!
//! A partition sums its things up when its line passes the end of a window of a statistical
//! behavior, whether or not it has something to say: an empty summary tells it apart from one that
//! is late. Where its line passes several ends at once, windows without values have no summary but
//! the last: so one of a later window says that nothing is to come of an earlier. An idle fleet
//! draws no lines and writes nothing.
//!
//! A threshold is never made without a partition: one that is late delays it, which shows in
//! `/healthz`. The log has it before the summaries are forgotten; after a crash in between it is
//! appended twice, and the partitions skip the second. One that was never made is told by the one
//! after it: partitions give up what waits for it.
//!
//! Summaries of windows that are still to come are left of a clock that was set back: they are
//! forgotten, or they would say that nothing is to come of the windows before them, and stand in
//! the place of what partitions say once that time has come again.

mod few;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use fleetward_detect::statistical::{Summary, decode};
use fleetward_domain::{EpochMs, FormatLevel, Record, Threshold};
use fleetward_environment::{Clock, RecordClock};
use fleetward_log::{EVERY_PARTITION, Entry, EventLog, record};
use fleetward_store::{Store, SummarySeries};
use tokio::sync::watch;

use super::Shared;
use super::health::Health;
use super::role::Role;
use crate::failure::Failure;
use few::Few;

/// How long to wait after a failure before trying again.
const PAUSE: Duration = Duration::from_millis(500);
/// How long to wait between two looks: alarms wake it, too, and those may come by thousands.
const BREATH: Duration = Duration::from_millis(20);
/// Windows of one behavior that wait for a partition at most. Beyond, the oldest is given up:
/// nothing is judged in the window after it.
const WINDOWS_WAITING: usize = 64;

/// Starts to gather.
///
/// # Errors
/// None; what fails later is told and tried again, and nothing is lost by waiting.
pub(crate) async fn start(shared: &Shared) -> Result<Role, Failure> {
    let gatherer = Gatherer {
        store: shared.store.clone(),
        log: shared.log.clone(),
        clock: shared.clock.clone(),
        record_clock: shared.stamps.clock().clone(),
        health: shared.health.clone(),
        least_things: shared.settings.statistical_things.into(),
        few: Few::default(),
    };
    Ok(Role::start("thresholds", shared, |stop| gatherer.run(stop)))
}

/// Gathers summaries from the store, and appends thresholds to the log.
pub(crate) struct Gatherer {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) clock: Clock,
    /// Ends of windows are by this one, and none lies ahead of it.
    pub(crate) record_clock: RecordClock,
    pub(crate) health: Arc<Health>,
    /// A window in which fewer things gave a value has no percentile.
    pub(crate) least_things: u64,
    /// What was told of fleets that are too small for what is asked of them.
    pub(crate) few: Few,
}

/// The windows of one series that wait, with the partitions that have spoken of each.
type Windows = BTreeMap<EpochMs, BTreeSet<u32>>;

impl Gatherer {
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) -> Result<(), Failure> {
        let mut newest = self.store.newest_event();
        // Looked at once before anything is awaited: a crash may have left some.
        newest.mark_changed();
        loop {
            tokio::select! {
                changed = newest.changed() =>
                    changed.map_err(Failure::of("the store's feed of events ended"))?,
                _ = stop.changed() => return Ok(()),
            }
            let pause = match self.gather().await {
                Ok(()) => BREATH,
                Err(failure) => {
                    tracing::error!("no thresholds are made, trying again: {failure}");
                    self.health.summaries_wait(self.clock.instant());
                    newest.mark_changed();
                    PAUSE
                }
            };
            tokio::select! {
                () = self.clock.sleep(pause) => {}
                _ = stop.changed() => return Ok(()),
            }
        }
    }

    /// Makes all thresholds that can be made.
    async fn gather(&self) -> Result<(), Failure> {
        let waiting = self.store.waiting_summaries().await;
        let mut series: BTreeMap<SummarySeries, Windows> = BTreeMap::new();
        let waiting = waiting.map_err(Failure::of("cannot read summaries"))?;
        // Read after them, so that one that was true when it was said is not ahead.
        let now_ms = self.record_clock.now_ms();
        for summary in waiting {
            let windows = series.entry(summary.series).or_default();
            windows.entry(summary.window_end_ms).or_default().insert(summary.partition);
        }
        let mut late = false;
        for (series, mut windows) in series {
            self.forget_ahead(&series, &mut windows, now_ms).await?;
            late |= self.make_thresholds(&series, &windows).await?;
        }
        match late {
            true => self.health.summaries_wait(self.clock.instant()),
            false => self.health.summaries_go(),
        }
        Ok(())
    }

    /// Forgets what the clock that was set back left ahead of now.
    async fn forget_ahead(
        &self,
        series: &SummarySeries,
        windows: &mut Windows,
        now_ms: EpochMs,
    ) -> Result<(), Failure> {
        let from_ms = now_ms.saturating_add(1);
        if windows.split_off(&from_ms).is_empty() {
            return Ok(());
        }
        let forgotten = self.store.forget_summaries(series, from_ms..=EpochMs::MAX).await;
        forgotten.map_err(Failure::of("cannot forget summaries"))
    }

    /// Makes those of one series; whether some partition is late for more.
    async fn make_thresholds(
        &self,
        series: &SummarySeries,
        windows: &Windows,
    ) -> Result<bool, Failure> {
        let complete_ms = complete_until(windows, self.log.partitions());
        let mut entries = Vec::new();
        for window_end_ms in windows.keys().filter(|end| complete_ms >= Some(**end)) {
            let threshold = self.threshold(series, *window_end_ms).await?;
            let bytes = record::encode(&Record::Threshold(threshold), FormatLevel::Proven)
                .map_err(Failure::of("cannot append a threshold"))?;
            entries.push(Entry { partition: EVERY_PARTITION, bytes });
        }
        let left = windows.len().saturating_sub(entries.len());
        if !entries.is_empty() {
            self.log.append(entries).await.map_err(Failure::of("cannot append thresholds"))?;
        }
        let too_old = windows.keys().rev().nth(WINDOWS_WAITING).copied();
        if let Some(until_ms) = complete_ms.max(too_old) {
            let forgotten = self.store.forget_summaries(series, EpochMs::MIN..=until_ms).await;
            forgotten.map_err(Failure::of("cannot forget summaries"))?;
        }
        Ok(left > 0)
    }

    /// The threshold of the window that begins where this one ended.
    async fn threshold(
        &self,
        series: &SummarySeries,
        window_end_ms: EpochMs,
    ) -> Result<Threshold, Failure> {
        let SummarySeries { profile, behavior, generation } = series.clone();
        let said = self.store.summaries_of(series, window_end_ms).await;
        let (mut fleet, mut statistic) = (Summary::none(), None);
        for bytes in said.map_err(Failure::of("cannot read summaries"))? {
            let tried = format!("a summary of behavior {behavior} of profile {profile}");
            let (asked, part) = decode(&bytes).map_err(Failure::of(&tried))?;
            fleet.merge(&part);
            statistic = Some(asked);
            // Those of a large fleet take some time together.
            tokio::task::yield_now().await;
        }
        let things = fleet.count();
        let asked = statistic.filter(|_| things >= self.least_things);
        if let Some(statistic) = asked {
            self.few.look(series, statistic, things);
        }
        let value = asked.and_then(|statistic| fleet.percentile(statistic));
        Ok(Threshold { profile, behavior, generation, from_ms: window_end_ms, value, things })
    }
}

/// Until which window's end every partition has spoken: of that window or of one after it.
fn complete_until(windows: &Windows, partitions: u32) -> Option<EpochMs> {
    let mut newest: BTreeMap<u32, EpochMs> = BTreeMap::new();
    for (window_end_ms, spoken) in windows {
        newest.extend(spoken.iter().map(|partition| (*partition, *window_end_ms)));
    }
    let all = (0..partitions).all(|partition| newest.contains_key(&partition));
    all.then(|| newest.into_values().min()).flatten()
}

#[cfg(test)]
mod tests;
