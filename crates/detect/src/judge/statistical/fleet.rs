//! What a partition knows of the fleet for one statistical behavior: the threshold that was made
//! last, what its own things came to in windows that close, and who waits for a threshold.

use std::collections::BTreeMap;

use fleetward_domain::{EpochMs, MetricValue};

use super::sketch::Sketch;
use super::summary::Summary;
use crate::judge::Asked;
use crate::limits::WAITING_WINDOWS;

/// What is known of the fleet. Values that are summed up are there only while a record is applied:
/// windows close with one record.
#[derive(Debug, Default)]
pub(crate) struct Fleet {
    /// Windows that ended until then are summed up, or are none of the behavior's.
    summed_ms: EpochMs,
    made: Option<Made>,
    sketches: BTreeMap<EpochMs, Sketch>,
    /// By thing, in the order of its windows.
    waiting: BTreeMap<String, Vec<Waited>>,
}

/// The threshold that was made last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Made {
    /// The begin of the window that it bounds.
    pub(crate) from_ms: EpochMs,
    /// None if it had none.
    pub(crate) value: Option<f64>,
}

/// What bounds a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bounded {
    By(f64),
    /// There is none, and none will come.
    Never,
    /// It is still to come.
    NotYet,
}

/// What a window came to whose threshold is still to come.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Waited {
    pub(crate) end_ms: EpochMs,
    pub(crate) value: MetricValue,
    pub(crate) asked: Asked,
}

impl Fleet {
    /// The behavior begins then, or all goes on from there, and nothing is known of before. The
    /// first threshold comes of the first window that is summed up, and is for the next: there is
    /// none for this one, though one that was made before the clock was set come late.
    pub(crate) fn begin(&mut self, at_ms: EpochMs, window_ms: EpochMs) {
        let summed_ms = at_ms.div_euclid(window_ms).saturating_mul(window_ms);
        let made = Some(Made { from_ms: summed_ms, value: None });
        *self = Self { summed_ms, made, ..Self::default() };
    }

    /// As it was stored.
    pub(crate) fn restore(
        summed_ms: EpochMs,
        made: Option<Made>,
        waiting: BTreeMap<String, Vec<Waited>>,
    ) -> Self {
        Self { summed_ms, made, waiting, ..Self::default() }
    }

    pub(crate) fn summed_ms(&self) -> EpochMs {
        self.summed_ms
    }

    pub(crate) fn made(&self) -> Option<Made> {
        self.made
    }

    pub(crate) fn waiting(&self) -> &BTreeMap<String, Vec<Waited>> {
        &self.waiting
    }

    /// What bounds the window that begins then.
    #[inline]
    pub(super) fn bound_of(&self, begin_ms: EpochMs) -> Bounded {
        match self.made {
            Some(made) if made.from_ms == begin_ms => {
                made.value.map_or(Bounded::Never, Bounded::By)
            }
            // One that was made for a later window says that none comes for this.
            Some(made) if made.from_ms > begin_ms => Bounded::Never,
            _ => Bounded::NotYet,
        }
    }

    pub(super) fn add(&mut self, end_ms: EpochMs, value: f64, (exact, is_whole): (usize, bool)) {
        let sketch = self.sketches.entry(end_ms).or_insert_with(|| Sketch::new(exact, is_whole));
        sketch.add(value);
    }

    pub(super) fn wait(&mut self, thing: &str, waited: Waited) {
        let waiting = match self.waiting.get_mut(thing) {
            Some(waiting) => waiting,
            None => self.waiting.entry(thing.to_owned()).or_default(),
        };
        if waiting.len() >= WAITING_WINDOWS {
            // Nothing may wait without bound: the oldest is not judged.
            waiting.remove(0);
        }
        waiting.push(waited);
    }

    /// A threshold was made; false if it, or a later one, was known before.
    pub(crate) fn make(&mut self, made: Made) -> bool {
        let is_new = self.made.is_none_or(|last| last.from_ms < made.from_ms);
        if is_new {
            self.made = Some(made);
        }
        is_new
    }

    /// What waited for the threshold that was made last, or for one before it that never came.
    pub(crate) fn take_waiting(&mut self, thing: &str, window_ms: EpochMs) -> Vec<Waited> {
        let Some(waiting) = self.waiting.get_mut(thing) else { return Vec::new() };
        let until_ms =
            self.made.map_or(EpochMs::MIN, |made| made.from_ms.saturating_add(window_ms));
        let count = waiting.iter().take_while(|waited| waited.end_ms <= until_ms).count();
        let ready = waiting.drain(..count).collect();
        if waiting.is_empty() {
            self.waiting.remove(thing);
        }
        ready
    }

    /// Forgets whatever waited for the threshold that was made last: its things are gone.
    pub(crate) fn forget_waiting(&mut self, window_ms: EpochMs) {
        let until_ms =
            self.made.map_or(EpochMs::MIN, |made| made.from_ms.saturating_add(window_ms));
        self.waiting.retain(|_, waiting| {
            waiting.retain(|waited| waited.end_ms > until_ms);
            !waiting.is_empty()
        });
    }

    /// What the windows came to that ended until the line: each that had a value, and the last even
    /// without one, so that whoever gathers them knows that nothing more is to come.
    pub(crate) fn sum_up(
        &mut self,
        line_ms: EpochMs,
        window_ms: EpochMs,
    ) -> Vec<(EpochMs, Summary)> {
        let last_ms = line_ms.div_euclid(window_ms).saturating_mul(window_ms);
        if last_ms <= self.summed_ms {
            return Vec::new();
        }
        self.summed_ms = last_ms;
        let mut sketches = std::mem::take(&mut self.sketches);
        sketches.entry(last_ms).or_insert_with(|| Sketch::new(0, true));
        sketches.into_iter().map(|(end_ms, sketch)| (end_ms, sketch.summary())).collect()
    }
}
