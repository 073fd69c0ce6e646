//! Where a thing's windows lie in its words: all windows of a length end at once, so that their
//! number stands there once.
//!
//! For each length a word: the window's number, and how long after its begin it was last looked
//! at. Then four bits for each length and for each series. Then a word for each series: its value.

use fleetward_domain::EpochMs;

/// The thing was seen in the window.
pub(crate) const PRESENT: u8 = 1;
/// It was connected at the window's begin.
pub(crate) const HERE: u8 = 2;
/// Of a length or of a series: something of the window was not counted.
pub(crate) const PARTIAL: u8 = 4;
/// Somebody said something of the series in the window, zero included.
pub(crate) const FED: u8 = 1;

/// How many words, and what for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) lengths: usize,
    pub(crate) slots: usize,
}

/// Four bits each.
const MARKS_PER_WORD: usize = 16;

impl Layout {
    /// How many words a thing has.
    pub(crate) fn words(self) -> usize {
        self.lengths + self.mark_words() + self.slots
    }

    fn mark_words(self) -> usize {
        (self.lengths + self.slots).div_ceil(MARKS_PER_WORD)
    }

    /// The number of the open windows of a length.
    #[inline]
    pub(crate) fn number(self, words: &[u64], length: usize) -> u32 {
        words.get(length).map_or(0, |word| (word >> 32) as u32)
    }

    /// How long after the window's begin it was last looked at.
    #[inline]
    pub(crate) fn latest_ms(self, words: &[u64], length: usize) -> EpochMs {
        words.get(length).map_or(0, |word| EpochMs::from(*word as u32))
    }

    /// Remembers that something happened so long after the window's begin.
    #[inline]
    pub(crate) fn reach(self, words: &mut [u64], length: usize, after_ms: EpochMs) {
        if let Some(word) = words.get_mut(length) {
            let after = u64::try_from(after_ms.clamp(0, EpochMs::from(u32::MAX))).unwrap_or(0);
            *word = *word >> 32 << 32 | (*word & u64::from(u32::MAX)).max(after);
        }
    }

    /// Stands at another window, at its begin.
    #[inline]
    pub(crate) fn set_number(self, words: &mut [u64], length: usize, number: u32) {
        if let Some(word) = words.get_mut(length) {
            *word = u64::from(number) << 32;
        }
    }

    /// The marks of a length.
    #[inline]
    pub(crate) fn of_length(self, words: &[u64], length: usize) -> u8 {
        self.marks(words, length)
    }

    /// The marks of a series.
    #[inline]
    pub(crate) fn of_slot(self, words: &[u64], slot: usize) -> u8 {
        self.marks(words, self.lengths + slot)
    }

    #[inline]
    pub(crate) fn set_of_length(self, words: &mut [u64], length: usize, marks: u8) {
        self.set_marks(words, length, marks);
    }

    #[inline]
    pub(crate) fn set_of_slot(self, words: &mut [u64], slot: usize, marks: u8) {
        self.set_marks(words, self.lengths + slot, marks);
    }

    #[inline]
    fn marks(self, words: &[u64], at: usize) -> u8 {
        let word = words.get(self.lengths + at / MARKS_PER_WORD).copied().unwrap_or(0);
        (word >> (at % MARKS_PER_WORD * 4) & 0xF) as u8
    }

    #[inline]
    fn set_marks(self, words: &mut [u64], at: usize, marks: u8) {
        if let Some(word) = words.get_mut(self.lengths + at / MARKS_PER_WORD) {
            let shift = at % MARKS_PER_WORD * 4;
            *word = *word & !(0xF << shift) | u64::from(marks & 0xF) << shift;
        }
    }

    /// The value of a series in its open window.
    #[inline]
    pub(crate) fn value(self, words: &[u64], slot: usize) -> u64 {
        words.get(self.lengths + self.mark_words() + slot).copied().unwrap_or(0)
    }

    #[inline]
    pub(crate) fn set_value(self, words: &mut [u64], slot: usize, value: u64) {
        if let Some(word) = words.get_mut(self.lengths + self.mark_words() + slot) {
            *word = value;
        }
    }
}

/// The number, since the epoch, of the window that holds this time.
#[inline]
pub(crate) fn number_at(at_ms: EpochMs, window_ms: EpochMs) -> u32 {
    u32::try_from(at_ms.div_euclid(window_ms.max(1))).unwrap_or_default()
}

/// When the window of this number begins; the one before it ends then.
#[inline]
pub(crate) fn start_ms(number: u32, window_ms: EpochMs) -> EpochMs {
    EpochMs::from(number).saturating_mul(window_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_of_one_window_touches_no_other() {
        let layout = Layout { lengths: 3, slots: 40 };
        let mut words = vec![0; layout.words()];
        assert_eq!(words.len(), 3 + 3 + 40);
        for length in 0..3 {
            layout.set_number(&mut words, length, u32::MAX - length as u32);
            layout.reach(&mut words, length, 7 + length as i64);
            layout.reach(&mut words, length, 3);
            layout.set_of_length(&mut words, length, HERE);
        }
        for slot in 0..40 {
            layout.set_of_slot(&mut words, slot, (slot % 8) as u8);
            layout.set_value(&mut words, slot, u64::MAX - slot as u64);
        }
        for length in 0..3 {
            assert_eq!(layout.number(&words, length), u32::MAX - length as u32);
            assert_eq!(layout.latest_ms(&words, length), 7 + length as i64);
            assert_eq!(layout.of_length(&words, length), HERE);
        }
        for slot in 0..40 {
            assert_eq!(layout.of_slot(&words, slot), (slot % 8) as u8);
            assert_eq!(layout.value(&words, slot), u64::MAX - slot as u64);
        }
    }
}
