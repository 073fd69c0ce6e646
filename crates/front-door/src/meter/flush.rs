//! Sends what was counted to the log.

use std::sync::Arc;
use std::time::Duration;

use fleetward_domain::{Activity, EpochMs, FormatLevel, Record};
use fleetward_environment::Clock;
use fleetward_log::{Entry, EventLog, record};
use tokio::sync::watch;

use super::{Meter, ThingMeter};
use crate::Settings;
use crate::limits::FLUSH_RECORDS;

/// Collects what was counted and appends it, one record a thing and period.
pub(crate) struct Flusher {
    meter: Arc<Meter>,
    log: Arc<dyn EventLog>,
    clock: Clock,
    door: String,
    boot: u64,
    format_level: FormatLevel,
    flush_ms: i64,
    /// The number of the last record, by partition.
    seqs: Vec<u64>,
    /// What the log did not take: it is sent again as it is, so that what it did take after all
    /// is known by its number.
    unsent: Vec<Entry>,
}

impl Flusher {
    pub(crate) fn new(
        settings: &Settings,
        format_level: FormatLevel,
        meter: Arc<Meter>,
        log: Arc<dyn EventLog>,
    ) -> Self {
        let partitions = usize::try_from(log.partitions()).unwrap_or(0);
        Self {
            meter,
            log,
            clock: settings.clock.clone(),
            door: settings.name.clone(),
            boot: settings.boot,
            format_level,
            flush_ms: settings.flush_ms,
            seqs: vec![0; partitions],
            unsent: Vec::new(),
        }
    }

    /// Flushes at each multiple of the interval and of the period, until `stop` is true and
    /// everything is sent or was tried once more.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let now_ms = self.clock.now_ms();
            let pause = self.pause_ms(now_ms).unsigned_abs();
            tokio::select! {
                () = self.clock.sleep(Duration::from_millis(pause)) => {}
                changed = stop.changed() => if changed.is_err() { return },
            }
            self.flush().await;
        }
        while self.flush().await {}
    }

    /// How long to wait for the next moment to flush.
    fn pause_ms(&self, now_ms: EpochMs) -> i64 {
        let to_next = |step: i64| step.saturating_sub(now_ms.rem_euclid(step.max(1)));
        to_next(self.flush_ms).min(to_next(self.meter.period_ms)).max(1)
    }

    /// Appends what changed; whether there may be more.
    async fn flush(&mut self) -> bool {
        if self.unsent.is_empty() {
            self.unsent = self.collect();
        }
        if self.unsent.is_empty() {
            return false;
        }
        match self.log.append(self.unsent.clone()).await {
            Ok(()) => {
                self.unsent.clear();
                true
            }
            Err(error) => {
                tracing::error!(%error, records = self.unsent.len(), "activity was not logged");
                false
            }
        }
    }

    fn collect(&mut self) -> Vec<Entry> {
        let meters = self.meter.take_changed(FLUSH_RECORDS);
        let mut entries = Vec::with_capacity(meters.len());
        for meter in &meters {
            let buckets = {
                let mut state = meter.lock();
                state.is_listed = false;
                std::mem::take(&mut state.buckets)
            };
            for bucket in buckets {
                let activity = self.activity(meter, &bucket);
                entries.extend(activity);
            }
        }
        self.meter.collected(&meters);
        entries
    }

    fn activity(&mut self, meter: &ThingMeter, bucket: &super::thing::Bucket) -> Option<Entry> {
        let partition = self.log.placement().partition_of(meter.thing.as_str());
        let seq = self.seqs.get_mut(usize::try_from(partition).ok()?)?;
        *seq = seq.saturating_add(1);
        let record = Record::Activity(Activity {
            door: self.door.clone(),
            boot: self.boot,
            seq: *seq,
            thing: meter.thing.clone(),
            until_ms: bucket.last_ms.saturating_add(1),
            connected: bucket.is_connected,
            counts: bucket.counts.growth(),
            sizes: Vec::new(),
            sources: Vec::new(),
            away_since_ms: None,
        });
        // What the level cannot say leaves a gap in the numbers, which detectors count as a loss.
        let bytes = record::encode(&record, self.format_level)
            .inspect_err(|error| tracing::error!(%error, "activity was not logged"))
            .ok()?;
        Some(Entry { partition, bytes })
    }
}
