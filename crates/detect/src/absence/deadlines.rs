//! The things that are watched, and the order of time in which their bounds are crossed.

use std::collections::{BTreeMap, BTreeSet};

use fleetward_domain::EpochMs;

use super::Watch;

/// All things of a partition that anybody watches, by place. A thing stands in the order of time
/// at most once, however many behaviors watch it and whatever it does.
#[derive(Debug, Default)]
pub(crate) struct Absences {
    watched: BTreeMap<u32, Watched>,
    /// When a thing is to be looked at: not later than its first bound is crossed.
    order: BTreeSet<(EpochMs, u32)>,
    /// Since when somebody counts: no time runs on while nobody does.
    pub(crate) counted_ms: EpochMs,
}

#[derive(Debug, Default)]
struct Watched {
    /// Where it stands in the order.
    stands_ms: Option<EpochMs>,
    watches: Vec<Watch>,
}

impl Absences {
    /// What watches a thing.
    pub(crate) fn of(&self, place: u32) -> &[Watch] {
        self.watched.get(&place).map_or(&[], |watched| &watched.watches)
    }

    /// The same, to be changed: [`Absences::arrange`] afterwards.
    pub(crate) fn of_mut(&mut self, place: u32) -> &mut [Watch] {
        self.watched.get_mut(&place).map_or(&mut [], |watched| &mut watched.watches)
    }

    /// What watches a thing from here on: none forgets it.
    pub(crate) fn set(&mut self, place: u32, watches: Vec<Watch>) {
        let before = self.watched.remove(&place).and_then(|before| before.stands_ms);
        if let Some(stands_ms) = before {
            self.order.remove(&(stands_ms, place));
        }
        if !watches.is_empty() {
            self.watched.insert(place, Watched { stands_ms: None, watches });
            self.arrange(place);
        }
    }

    /// Sees to it that a thing's turn comes when a bound is crossed. Where it stands for an
    /// earlier time it may stay: its turn then only finds that time too early.
    pub(crate) fn arrange(&mut self, place: u32) {
        let counted_ms = self.counted_ms;
        let Some(watched) = self.watched.get_mut(&place) else { return };
        let deadlines = watched.watches.iter().filter_map(|watch| watch.deadline_ms(counted_ms));
        let Some(first_ms) = deadlines.min() else { return };
        if watched.stands_ms.is_none_or(|stands_ms| first_ms < stands_ms) {
            if let Some(stands_ms) = watched.stands_ms.replace(first_ms) {
                self.order.remove(&(stands_ms, place));
            }
            self.order.insert((first_ms, place));
        }
    }

    /// When the first thing is to be looked at.
    pub(crate) fn next_ms(&self) -> Option<EpochMs> {
        self.order.first().map(|(at_ms, _)| *at_ms)
    }

    /// The next thing whose time has come: it is out of the order until it is arranged again.
    pub(crate) fn take_due(&mut self, line_ms: EpochMs) -> Option<u32> {
        let (at_ms, place) = self.order.first().copied().filter(|(at_ms, _)| *at_ms <= line_ms)?;
        self.order.remove(&(at_ms, place));
        if let Some(watched) = self.watched.get_mut(&place) {
            watched.stands_ms = None;
        }
        Some(place)
    }

    /// Nobody counted until this.
    pub(crate) fn count_from(&mut self, at_ms: EpochMs) {
        // Bounds are crossed later than those who stand in the order think, which is allowed.
        self.counted_ms = self.counted_ms.max(at_ms);
    }

    /// The clock was set ahead by this, or back: a thing's times go with it.
    pub(crate) fn set_ahead(&mut self, place: u32, ahead_ms: EpochMs) {
        let Some(watched) = self.watched.remove(&place) else { return };
        let mut watches = watched.watches;
        watches.iter_mut().for_each(|watch| watch.set_ahead(ahead_ms));
        if let Some(stands_ms) = watched.stands_ms {
            self.order.remove(&(stands_ms, place));
        }
        self.set(place, watches);
    }
}
