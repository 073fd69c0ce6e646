//! Repeated reports: a device that did not hear `accepted` sends its report again.

use fleetward_domain::EpochMs;

use crate::limits::{RECENT_REPORTS, REPEATED_REPORT_MS};

/// The last few reports of a thing, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RecentReports([Seen; RECENT_REPORTS]);

/// A report that was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) report_id: i64,
    pub(crate) at_ms: EpochMs,
}

const NEVER: Seen = Seen { report_id: 0, at_ms: EpochMs::MIN };

impl Default for RecentReports {
    fn default() -> Self {
        Self([NEVER; RECENT_REPORTS])
    }
}

impl RecentReports {
    /// Remembers a report; false if it is a repetition, which must not be counted.
    pub(crate) fn is_new(&mut self, report_id: i64, at_ms: EpochMs) -> bool {
        let repeated = self.0.iter().any(|seen| {
            seen.report_id == report_id && at_ms.saturating_sub(seen.at_ms) < REPEATED_REPORT_MS
        });
        if repeated {
            return false;
        }
        self.0.rotate_right(1);
        if let Some(newest) = self.0.first_mut() {
            *newest = Seen { report_id, at_ms };
        }
        true
    }

    /// Those that were ever seen, newest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Seen> {
        self.0.iter().filter(|seen| **seen != NEVER)
    }

    /// The opposite of [`Self::iter`]; takes no more than there is room for.
    pub(crate) fn restore(newest_first: impl Iterator<Item = Seen>) -> Self {
        let mut restored = Self::default();
        for (place, seen) in restored.0.iter_mut().zip(newest_first) {
            *place = seen;
        }
        restored
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_report_counts_once_within_ten_minutes() {
        let mut reports = RecentReports::default();
        assert!(reports.is_new(0, 1_000));
        assert!(!reports.is_new(0, 600_999));
        assert!(reports.is_new(0, 601_000));
        assert!(reports.is_new(7, 601_000));
        assert!(!reports.is_new(0, 601_000));
    }

    #[test]
    fn only_the_last_few_are_remembered() {
        let mut reports = RecentReports::default();
        for id in 0..=RECENT_REPORTS as i64 {
            assert!(reports.is_new(id, 5));
        }
        assert!(!reports.is_new(1, 5));
        assert!(reports.is_new(0, 5));
        assert_eq!(RecentReports::restore(reports.iter().copied()), reports);
    }
}
