//! Since when readers count: what happened before a reader began never counts for it.

use fleetward_domain::EpochMs;

use super::plan::MeasurePlan;
use super::reader_id::ReaderId;

/// Before all times.
pub(crate) const NEVER_MS: EpochMs = EpochMs::MIN;

/// Since when the readers of a plan count, for all things that are alike. Those that joined them
/// later have begins of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Begins {
    /// By reader; those that are not named have counted for ever.
    of_readers: Vec<EpochMs>,
    /// By slot: its window counts from here.
    of_slots: Vec<EpochMs>,
    latest_ms: Option<EpochMs>,
}

impl Begins {
    /// Of readers of this plan.
    pub(crate) fn new(plan: &MeasurePlan, of_readers: Vec<EpochMs>) -> Self {
        if of_readers.iter().all(|begin_ms| *begin_ms == NEVER_MS) {
            // Said in one way, or the same state would be stored in two.
            return Self::default();
        }
        let mut of_slots = vec![EpochMs::MAX; plan.slots.len()];
        for (reader, begin_ms) in plan.readers.iter().zip(&of_readers) {
            let slot = reader.slot.and_then(|slot| of_slots.get_mut(slot as usize));
            if let Some(slot) = slot {
                *slot = (*slot).min(*begin_ms);
            }
        }
        // Those that are not named have counted for ever.
        for reader in plan.readers.iter().skip(of_readers.len()) {
            let slot = reader.slot.and_then(|slot| of_slots.get_mut(slot as usize));
            slot.into_iter().for_each(|slot| *slot = NEVER_MS);
        }
        let latest_ms = of_readers.iter().copied().max();
        Self { of_readers, of_slots, latest_ms }
    }

    /// When a reader began.
    #[inline]
    pub(crate) fn of(&self, reader: ReaderId) -> EpochMs {
        reader.of(&self.of_readers).copied().unwrap_or(NEVER_MS)
    }

    /// From when on a window counts that readers share.
    #[inline]
    pub(crate) fn of_slot(&self, slot: usize) -> EpochMs {
        self.of_slots.get(slot).copied().unwrap_or(NEVER_MS)
    }

    /// When the last of them began.
    #[inline]
    pub(crate) fn latest_ms(&self) -> EpochMs {
        self.latest_ms.unwrap_or(NEVER_MS)
    }

    /// All of them, by reader.
    pub(crate) fn of_readers(&self) -> &[EpochMs] {
        &self.of_readers
    }

    /// Whether a reader began after the one time and not after the other.
    pub(crate) fn any_between(&self, after_ms: EpochMs, until_ms: EpochMs) -> bool {
        self.of_readers.iter().any(|begin_ms| after_ms < *begin_ms && *begin_ms <= until_ms)
    }

    /// No reader begins later than this: the clock was set back.
    pub(crate) fn at_most(&mut self, at_ms: EpochMs) {
        for begin_ms in self.of_readers.iter_mut().chain(&mut self.of_slots) {
            *begin_ms = (*begin_ms).min(at_ms);
        }
        self.latest_ms = self.latest_ms.map(|latest_ms| latest_ms.min(at_ms));
    }
}

/// A reader that began apart from the others of the thing's plan: until the window in which it
/// began is over, it has that for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Own {
    pub(crate) reader: ReaderId,
    pub(crate) begin_ms: EpochMs,
    pub(crate) grown: Grown,
}

/// The value of a series in one window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grown {
    pub(crate) value: u64,
    /// [`super::layout::FED`] and [`super::layout::PARTIAL`].
    pub(crate) marks: u8,
}
