//! Counters as records.

use std::sync::Arc;

use fleetward_domain::{Activity, EpochMs, FormatLevel, Record};
use fleetward_environment::Jump;
use fleetward_log::{EVERY_PARTITION, Entry, record};

use super::super::ThingMeter;
use super::super::thing::Bucket;
use super::Flusher;

impl Flusher {
    /// What was counted of these things in this round's time and not collected before.
    pub(super) fn collect(&mut self, things: &[Arc<ThingMeter>]) -> Vec<Entry> {
        let mut entries = Vec::with_capacity(things.len());
        for meter in things {
            for bucket in self.meter.take_buckets(meter, self.round.jumps) {
                entries.extend(self.activity(meter, &bucket));
            }
        }
        self.meter.collected(things);
        entries
    }

    /// Says that everything stamped before is logged.
    pub(super) fn watermark(&self, until_ms: EpochMs) -> Option<Entry> {
        let record = match self.format_level {
            FormatLevel::First | FormatLevel::Named => Record::Tick(until_ms),
            FormatLevel::Proven => {
                Record::Watermark { door: self.door.clone(), boot: self.boot, until_ms }
            }
        };
        self.entry(EVERY_PARTITION, &record)
    }

    /// Says that windows which are open now were not counted whole: a clock that was set by
    /// nothing says no more than that.
    pub(super) fn nothing_is_whole(&self) -> Option<Entry> {
        let now_ms = self.line.now_ms();
        match self.format_level {
            FormatLevel::First | FormatLevel::Named => None,
            FormatLevel::Proven => self.clock_set(Jump { from_ms: now_ms, to_ms: now_ms }),
        }
    }

    /// Says that the clock was set.
    pub(super) fn clock_set(&self, jump: Jump) -> Option<Entry> {
        let Jump { from_ms, to_ms } = jump;
        let (door, boot) = (self.door.clone(), self.boot);
        self.entry(EVERY_PARTITION, &Record::ClockSet { door, boot, from_ms, to_ms })
    }

    fn activity(&mut self, meter: &ThingMeter, bucket: &Bucket) -> Option<Entry> {
        let partition = self.log.placement().partition_of(meter.thing.as_str());
        let seq = self.seqs.get_mut(usize::try_from(partition).ok()?)?;
        *seq = seq.saturating_add(1);
        let record = Record::Activity(Activity {
            door: self.door.clone(),
            boot: self.boot,
            seq: *seq,
            thing: meter.thing.clone(),
            until_ms: bucket.last_ms.saturating_add(1),
            since_ms: bucket.since_ms(),
            connected: bucket.is_connected,
            counts: bucket.counts.growth(),
            sizes: bucket.counts.sizes(),
            sources: bucket.counts.sources(),
            away_since_ms: bucket.away_since_ms,
        });
        self.entry(partition, &record)
    }

    /// What the level cannot say is told here, and missing from the log.
    fn entry(&self, partition: u32, record: &Record) -> Option<Entry> {
        let bytes = record::encode(record, self.format_level)
            .inspect_err(|error| tracing::error!(%error, "activity was not logged"))
            .ok()?;
        Some(Entry { partition, bytes })
    }
}
