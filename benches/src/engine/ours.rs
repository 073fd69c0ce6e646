//! Our engine: the parser, and as many partitions as the fleet needs.

use fleetward_detect::{Partition, Settings};
use fleetward_domain::{
    Change, Effects, EpochMs, EventType, FormatLevel, Placement, Record, Report, Target, Unsayable,
};
use fleetward_fleet::engine_profile;
use fleetward_report::{Format, parse};

use crate::engine::Found;
use crate::engine::feed::Feed;

/// So many things share a partition: well below what one keeps of those that are not registered.
const THINGS_PER_PARTITION: u64 = 60_000;

/// How long windows are, and how often front doors are asked for the time.
const PERIOD_MS: EpochMs = 300_000;

/// All partitions, and what they found so far.
#[derive(Debug)]
pub struct Ours {
    partitions: Vec<Partition>,
    report: Report,
    effects: Effects,
    found: Found,
    last_ms: EpochMs,
}

impl Ours {
    /// Partitions for so many things, which judge each by the ten behaviors.
    ///
    /// # Errors
    /// A text, if the profile is not as it must be.
    pub fn new(things: u64) -> Result<Self, String> {
        let profile = Change::Profile(engine_profile()?, vec![Target::AllThings]);
        let attach = Record::Change(1, 0, profile);
        let mut effects = Effects::default();
        let partitions = (0..=things / THINGS_PER_PARTITION)
            .map(|_| {
                let mut partition = Partition::new(Settings::default());
                partition.apply_whole(&attach, &mut effects);
                partition
            })
            .collect();
        Ok(Self {
            partitions,
            report: Report::default(),
            effects,
            found: Found::default(),
            last_ms: 0,
        })
    }

    /// Takes one report, as bytes.
    ///
    /// # Errors
    /// What the device would be told.
    pub fn take(
        &mut self,
        thing: &str,
        at_ms: EpochMs,
        payload: &[u8],
        format: Format,
    ) -> Result<(), String> {
        parse(format, payload, &mut self.report).map_err(|reject| reject.message)?;
        self.pass(at_ms);
        let partitions = u32::try_from(self.partitions.len()).unwrap_or(u32::MAX);
        let place = Placement::even(partitions).partition_of(thing) as usize;
        if let Some(partition) = self.partitions.get_mut(place) {
            partition.apply_report(thing, at_ms, &self.report, &mut self.effects);
        }
        self.found.add(&mut self.effects);
        Ok(())
    }

    /// Lets time pass up to a report: as a front door does, the line is drawn where windows end.
    fn pass(&mut self, at_ms: EpochMs) {
        let border = |at_ms: EpochMs| at_ms.div_euclid(PERIOD_MS);
        if border(at_ms) > border(self.last_ms) {
            let tick = Record::Tick(border(at_ms).saturating_mul(PERIOD_MS));
            for partition in &mut self.partitions {
                partition.apply_whole(&tick, &mut self.effects);
            }
        }
        self.last_ms = self.last_ms.max(at_ms);
    }

    /// Lets time pass until every window is closed.
    #[must_use]
    pub fn finish(mut self) -> Found {
        let tick = Record::Tick(self.last_ms + 600_000);
        for partition in &mut self.partitions {
            partition.apply_whole(&tick, &mut self.effects);
        }
        self.found.add(&mut self.effects);
        self.found
    }

    /// How many bytes the state takes that has to be stored: all of it at first.
    ///
    /// # Errors
    /// If the level cannot say it.
    pub fn stored_bytes(&mut self, level: FormatLevel) -> Result<usize, Unsayable> {
        let mut bytes = 0;
        for partition in &mut self.partitions {
            bytes += partition.take_dirty(level)?.iter().map(|(_, it)| it.len()).sum::<usize>();
        }
        Ok(bytes)
    }

    /// Takes a whole feed.
    ///
    /// # Errors
    /// The first report that is refused.
    pub fn run(feed: &Feed) -> Result<Found, String> {
        let mut ours = Self::new(feed.things())?;
        for arrival in feed.iter() {
            ours.take(arrival.thing, arrival.at_ms, arrival.payload, Format::Json)?;
        }
        Ok(ours.finish())
    }
}

impl Found {
    /// Counts what happened, and forgets it.
    pub(crate) fn add(&mut self, effects: &mut Effects) {
        for event in &effects.events {
            match event.event_type {
                EventType::InAlarm => self.alarms += 1,
                EventType::AlarmCleared => self.clears += 1,
                EventType::AlarmInvalidated => {}
            }
        }
        effects.clear();
    }
}
