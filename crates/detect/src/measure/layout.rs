//! Where a thing's windows lie in its words: all windows of a length end at once, so that their
//! number stands there once.
//!
//! Words of thirty-two bits. First eight bits that say through which front door the thing is
//! connected, and behind them four bits for each length and for each series. Then two words for
//! each length: the window's number, and how long after its begin it was last looked at. Then a
//! word for each series: its value. What is too large for its place stands aside.

use fleetward_domain::EpochMs;

/// The thing was seen in the window.
pub(crate) const PRESENT: u8 = 1;
/// It was connected at the window's begin.
pub(crate) const HERE: u8 = 2;
/// Of a length or of a series: something of the window was not counted.
pub(crate) const PARTIAL: u8 = 4;
/// Somebody said something of the series in the window, zero included.
pub(crate) const FED: u8 = 1;

/// In the place of a value: it stands aside, since it is this or more.
pub(crate) const VALUE_ASIDE: u32 = u32::MAX;
/// In the place of a door: there are several. Zero says none, and others the door's bit, from one.
pub(crate) const DOORS_ASIDE: u8 = u8::MAX;

/// How many words, and what for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) lengths: usize,
    pub(crate) slots: usize,
}

/// Four bits each.
const MARKS_PER_WORD: usize = 8;
/// So many places of marks the door takes.
const MARKS_OF_DOOR: usize = 2;

impl Layout {
    /// How many words a thing has.
    pub(crate) fn words(self) -> usize {
        self.mark_words() + 2 * self.lengths + self.slots
    }

    #[inline]
    fn mark_words(self) -> usize {
        (MARKS_OF_DOOR + self.lengths + self.slots).div_ceil(MARKS_PER_WORD)
    }

    /// Through which door the thing is connected, whatever else its words hold.
    #[inline]
    pub(crate) fn doors(words: &[u32]) -> u8 {
        words.first().map_or(0, |word| *word as u8)
    }

    pub(crate) fn set_doors(words: &mut [u32], door: u8) {
        if let Some(word) = words.first_mut() {
            *word = *word & !u32::from(u8::MAX) | u32::from(door);
        }
    }

    /// The number of the open windows of a length.
    #[inline]
    pub(crate) fn number(self, words: &[u32], length: usize) -> u32 {
        words.get(self.mark_words() + 2 * length).copied().unwrap_or(0)
    }

    /// How long after the window's begin it was last looked at.
    #[inline]
    pub(crate) fn latest_ms(self, words: &[u32], length: usize) -> EpochMs {
        words.get(self.mark_words() + 2 * length + 1).copied().unwrap_or(0).into()
    }

    /// Remembers that something happened so long after the window's begin.
    #[inline]
    pub(crate) fn reach(self, words: &mut [u32], length: usize, after_ms: EpochMs) {
        if let Some(word) = words.get_mut(self.mark_words() + 2 * length + 1) {
            let after = u32::try_from(after_ms.max(0)).unwrap_or(u32::MAX);
            *word = (*word).max(after);
        }
    }

    /// Stands at another window, at its begin.
    #[inline]
    pub(crate) fn set_number(self, words: &mut [u32], length: usize, number: u32) {
        let at = self.mark_words() + 2 * length;
        if let Some([of_length, latest]) = words.get_mut(at..at + 2) {
            (*of_length, *latest) = (number, 0);
        }
    }

    /// The marks of a length.
    #[inline]
    pub(crate) fn of_length(self, words: &[u32], length: usize) -> u8 {
        Self::marks(words, length)
    }

    /// The marks of a series.
    #[inline]
    pub(crate) fn of_slot(self, words: &[u32], slot: usize) -> u8 {
        Self::marks(words, self.lengths + slot)
    }

    #[inline]
    pub(crate) fn set_of_length(self, words: &mut [u32], length: usize, marks: u8) {
        Self::set_marks(words, length, marks);
    }

    #[inline]
    pub(crate) fn set_of_slot(self, words: &mut [u32], slot: usize, marks: u8) {
        Self::set_marks(words, self.lengths + slot, marks);
    }

    #[inline]
    fn marks(words: &[u32], at: usize) -> u8 {
        let at = at + MARKS_OF_DOOR;
        let word = words.get(at / MARKS_PER_WORD).copied().unwrap_or(0);
        (word >> (at % MARKS_PER_WORD * 4) & 0xF) as u8
    }

    #[inline]
    fn set_marks(words: &mut [u32], at: usize, marks: u8) {
        let at = at + MARKS_OF_DOOR;
        if let Some(word) = words.get_mut(at / MARKS_PER_WORD) {
            let shift = at % MARKS_PER_WORD * 4;
            *word = *word & !(0xF << shift) | u32::from(marks & 0xF) << shift;
        }
    }

    /// The value of a series in its open window, or [`VALUE_ASIDE`].
    #[inline]
    pub(super) fn value(self, words: &[u32], slot: usize) -> u32 {
        words.get(self.mark_words() + 2 * self.lengths + slot).copied().unwrap_or(0)
    }

    #[inline]
    pub(super) fn set_value(self, words: &mut [u32], slot: usize, value: u32) {
        if let Some(word) = words.get_mut(self.mark_words() + 2 * self.lengths + slot) {
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
        assert_eq!(words.len(), 6 + 2 * 3 + 40);
        Layout::set_doors(&mut words, 64);
        for length in 0..3 {
            layout.set_number(&mut words, length, u32::MAX - length as u32);
            layout.reach(&mut words, length, 7 + length as i64);
            layout.reach(&mut words, length, 3);
            layout.set_of_length(&mut words, length, HERE);
        }
        for slot in 0..40 {
            layout.set_of_slot(&mut words, slot, (slot % 8) as u8);
            layout.set_value(&mut words, slot, u32::MAX - slot as u32);
        }
        assert_eq!(Layout::doors(&words), 64);
        for length in 0..3 {
            assert_eq!(layout.number(&words, length), u32::MAX - length as u32);
            assert_eq!(layout.latest_ms(&words, length), 7 + length as i64);
            assert_eq!(layout.of_length(&words, length), HERE);
        }
        for slot in 0..40 {
            assert_eq!(layout.of_slot(&words, slot), (slot % 8) as u8);
            assert_eq!(layout.value(&words, slot), u32::MAX - slot as u32);
        }
    }
}
