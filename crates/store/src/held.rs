//! Which alerts are held, until when, and when that is over: the same for every back end.

use fleetward_domain::EpochMs;

use crate::limits::{FLAPPING_LONGEST_MS, FLAPPING_MS};

/// That an alert is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hold {
    /// Until when.
    pub(crate) until_ms: EpochMs,
    /// Someone muted it; else its behavior only comes and goes too often.
    pub(crate) is_muted: bool,
}

/// Whether an alert of `at_ms` is held. `first_ms`: since when the first of the ten could go that
/// went last, if there were ten; `muted_ms`: until when it is muted.
pub(crate) fn hold(
    first_ms: Option<EpochMs>,
    muted_ms: Option<EpochMs>,
    at_ms: EpochMs,
) -> Option<Hold> {
    let flapping = first_ms
        .map(|first_ms| Hold { until_ms: first_ms.saturating_add(FLAPPING_MS), is_muted: false });
    let flapping = flapping.filter(|hold| !hold.is_over(at_ms)).map(|hold| hold.until_ms);
    let until_ms = flapping.max(muted_ms)?;
    Some(Hold { until_ms, is_muted: muted_ms.is_some() })
}

impl Hold {
    /// Whether its time has come, or was written by a clock that was set back since. Whoever mutes
    /// may well mean thirty days.
    pub(crate) fn is_over(self, now_ms: EpochMs) -> bool {
        self.until_ms <= now_ms || !self.is_muted && self.until_ms > too_far_ms(now_ms)
    }
}

/// No behavior that comes and goes too often is held until after this.
pub(crate) fn too_far_ms(now_ms: EpochMs) -> EpochMs {
    now_ms.saturating_add(FLAPPING_LONGEST_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_last_counts_and_a_time_of_another_clock_does_not() {
        let (day_ms, now_ms) = (86_400_000, 1_000_000);
        let muted = |until_ms| Some(Hold { until_ms, is_muted: true });
        let flapping = |until_ms| Some(Hold { until_ms, is_muted: false });
        assert_eq!(hold(None, None, now_ms), None);
        assert_eq!(hold(Some(now_ms - FLAPPING_MS), None, now_ms), None);
        assert_eq!(hold(Some(now_ms - 1), None, now_ms), flapping(now_ms - 1 + FLAPPING_MS));
        assert_eq!(hold(Some(now_ms + day_ms), None, now_ms), None);
        assert_eq!(hold(Some(now_ms + day_ms), Some(now_ms + 5), now_ms), muted(now_ms + 5));
        assert_eq!(hold(Some(now_ms), Some(now_ms + 5), now_ms), muted(now_ms + FLAPPING_MS));
        assert_eq!(hold(None, Some(now_ms + day_ms), now_ms), muted(now_ms + day_ms));
    }

    #[test]
    fn only_a_mute_lasts_long() {
        let hold = |is_muted| Hold { until_ms: 10_000_000, is_muted };
        for now_ms in [10_000_000, 10_000_001] {
            assert!(hold(true).is_over(now_ms) && hold(false).is_over(now_ms));
        }
        for now_ms in [9_999_999, 10_000_000 - FLAPPING_LONGEST_MS] {
            assert!(!hold(true).is_over(now_ms) && !hold(false).is_over(now_ms));
        }
        let before_ms = 10_000_000 - FLAPPING_LONGEST_MS - 1;
        assert!(!hold(true).is_over(before_ms) && hold(false).is_over(before_ms));
    }
}
