//! Windows: sums over stretches of time that are aligned to the epoch and do not overlap.
//!
//! One window is kept for each series of a thing. What comes late counts in the current one.

use fleetward_domain::EpochMs;

use super::series::Growth;

/// The current window of a series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Window {
    /// The growth so far.
    pub(crate) sum: u64,
    /// Its number since the epoch.
    pub(crate) number: u32,
    /// Of a window that one reader has for itself: the reader.
    pub(crate) owner: u16,
    /// Somebody said something of the series in it, zero included.
    pub(crate) fed: bool,
    /// Some of it was not counted: only its growth past an upper bound can be judged.
    pub(crate) partial: bool,
}

impl Window {
    /// The window that holds this time, with nothing in it.
    pub(crate) fn at(at_ms: EpochMs, window_ms: EpochMs) -> Self {
        Self { number: number_at(at_ms, window_ms), ..Self::default() }
    }

    /// When it begins.
    pub(crate) fn start_ms(&self, window_ms: EpochMs) -> EpochMs {
        EpochMs::from(self.number).saturating_mul(window_ms)
    }

    /// When it ends: the first moment that is not in it.
    pub(crate) fn end_ms(&self, window_ms: EpochMs) -> EpochMs {
        EpochMs::from(self.number).saturating_add(1).saturating_mul(window_ms)
    }

    /// Adds to its sum.
    #[inline]
    pub(crate) fn grow(&mut self, growth: Growth) {
        match growth {
            Growth::Nothing => {}
            Growth::By(growth) => {
                self.sum = self.sum.saturating_add(growth);
                self.fed = true;
            }
            Growth::Unknown => self.partial = true,
        }
    }

    /// Whether nothing is known of it.
    pub(crate) fn is_untouched(&self) -> bool {
        self.sum == 0 && !self.fed && !self.partial
    }

    /// Goes on to the window of this number, which has nothing in it.
    pub(crate) fn move_to(&mut self, number: u32) {
        *self = Self { number, owner: self.owner, ..Self::default() };
    }
}

/// The number, since the epoch, of the window that holds this time.
#[inline]
fn number_at(at_ms: EpochMs, window_ms: EpochMs) -> u32 {
    u32::try_from(at_ms.div_euclid(window_ms.max(1))).unwrap_or_default()
}

/// The numbers of the windows that hold a time, by their length. Most windows of a plan have the
/// same: it divides once for those.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NumbersAt {
    at_ms: EpochMs,
    last: (EpochMs, u32),
}

impl NumbersAt {
    pub(crate) fn new(at_ms: EpochMs) -> Self {
        Self { at_ms, last: (0, 0) }
    }

    /// The number of the window of this length.
    #[inline]
    pub(crate) fn of(&mut self, window_ms: EpochMs) -> u32 {
        if self.last.0 != window_ms {
            self.last = (window_ms, number_at(self.at_ms, window_ms));
        }
        self.last.1
    }
}
