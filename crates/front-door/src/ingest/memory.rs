//! Reports of the last ten minutes, by fingerprint: one that comes again is known.

use std::collections::{HashSet, VecDeque};

use super::fingerprint::AsItIs;
use crate::limits::REPORT_MEMORY_MINUTES;

/// What is known of a report that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// It never came, or too long ago.
    No,
    /// It came, and whether it is safe on disk is not known.
    Came,
    /// It is safe on disk.
    Durable,
}

/// Remembers fingerprints, a set a minute; a minute is forgotten as a whole.
#[derive(Default)]
pub(super) struct Memory {
    /// The newest last.
    minutes: VecDeque<(u64, Fingerprints)>,
    count: usize,
}

/// The last bit says whether the report is durable.
type Fingerprints = HashSet<u64, AsItIs>;

const DURABLE: u64 = 1;

impl Memory {
    pub(super) fn known(&mut self, report: u64, minute: u64) -> Known {
        self.forget_before(minute.saturating_sub(REPORT_MEMORY_MINUTES));
        let holds = |fingerprint| self.minutes.iter().any(|(_, set)| set.contains(&fingerprint));
        match (holds(report | DURABLE), holds(report & !DURABLE)) {
            (true, _) => Known::Durable,
            (_, true) => Known::Came,
            _ => Known::No,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Notes that it came.
    pub(super) fn came(&mut self, report: u64, minute: u64) {
        self.insert(report & !DURABLE, minute);
    }

    /// Notes that it is durable: for ten minutes from now.
    pub(super) fn is_durable(&mut self, report: u64, minute: u64) {
        for (_, set) in &mut self.minutes {
            if set.remove(&(report & !DURABLE)) {
                self.count = self.count.saturating_sub(1);
            }
        }
        self.insert(report | DURABLE, minute);
    }

    fn insert(&mut self, fingerprint: u64, minute: u64) {
        if self.minutes.back().is_none_or(|(newest, _)| *newest < minute) {
            self.minutes.push_back((minute, Fingerprints::default()));
        }
        if self.minutes.back_mut().is_some_and(|(_, set)| set.insert(fingerprint)) {
            self.count = self.count.saturating_add(1);
        }
    }

    fn forget_before(&mut self, minute: u64) {
        while self.minutes.front().is_some_and(|(begun, _)| *begun < minute) {
            let gone = self.minutes.pop_front().map_or(0, |(_, set)| set.len());
            self.count = self.count.saturating_sub(gone);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_known_for_ten_minutes_whatever_came_since() {
        let mut memory = Memory::default();
        memory.came(2, 0);
        assert_eq!(memory.known(2, 0), Known::Came);
        memory.is_durable(2, 0);
        for report in 100..50_000 {
            memory.came(report, 0);
            memory.is_durable(report, 1);
        }
        assert_eq!(memory.known(2, 10), Known::Durable);
        assert_eq!(memory.known(4, 10), Known::No);
        assert_eq!(memory.known(2, 11), Known::No);
        assert_eq!(memory.known(40_000, 11), Known::Durable);
        assert_eq!(memory.known(40_000, 12), Known::No);
        assert_eq!(memory.len(), 0);
    }
}
