//! What a thing's words hold, and what stands aside where they cannot.

use super::aside::Aside;
use super::begins::Own;
use super::layout::{DOORS_ASIDE, Layout, VALUE_ASIDE};
use super::thing::MeasuredThing;
use super::waiting::Waiting;

impl MeasuredThing {
    #[inline]
    pub(crate) fn own(&self) -> &[Own] {
        self.aside.as_ref().map_or(&[], |aside| &aside.own)
    }

    pub(crate) fn waiting(&self) -> &[Waiting] {
        self.aside.as_ref().map_or(&[], |aside| &aside.waiting)
    }

    /// Gives it readers that began apart, and what waits.
    pub(crate) fn set_aside(&mut self, own: Vec<Own>, waiting: Vec<Waiting>) {
        if self.aside.is_some() || !own.is_empty() || !waiting.is_empty() {
            let aside = self.aside.get_or_insert_default();
            (aside.own, aside.waiting) = (own, waiting);
            self.tidy_up();
        }
    }

    /// Does not keep the memory of those that had something aside.
    pub(super) fn tidy_up(&mut self) {
        self.aside.take_if(|aside| **aside == Aside::default());
    }

    /// The front doors through which it is connected, a bit each, as of its open windows.
    #[inline]
    pub(crate) fn doors(&self) -> u64 {
        match Layout::doors(&self.words) {
            0 => 0,
            DOORS_ASIDE => self.aside.as_ref().map_or(0, |aside| aside.doors),
            one => 1_u64.checked_shl(u32::from(one).saturating_sub(1)).unwrap_or(0),
        }
    }

    pub(crate) fn set_doors(&mut self, doors: u64) {
        // Nearly all are connected through one door or none.
        let one = u8::try_from(doors.trailing_zeros()).unwrap_or(u8::MAX).saturating_add(1);
        let (known, several) = match doors.count_ones() {
            0 => (0, 0),
            1 => (one, 0),
            _ => (DOORS_ASIDE, doors),
        };
        Layout::set_doors(&mut self.words, known);
        if several != 0 {
            self.aside.get_or_insert_default().doors = several;
        } else if let Some(aside) = &mut self.aside {
            aside.doors = 0;
            self.tidy_up();
        }
    }

    /// The value of a series in its open window.
    #[inline]
    pub(crate) fn value(&self, layout: Layout, slot: usize) -> u64 {
        match layout.value(&self.words, slot) {
            VALUE_ASIDE => self.value_aside(slot),
            value => value.into(),
        }
    }

    #[inline]
    pub(crate) fn set_value(&mut self, layout: Layout, slot: usize, value: u64) {
        let was = layout.value(&self.words, slot);
        let word = u32::try_from(value).unwrap_or(VALUE_ASIDE);
        layout.set_value(&mut self.words, slot, word);
        if was == VALUE_ASIDE || word == VALUE_ASIDE {
            self.set_value_aside(slot, (word == VALUE_ASIDE).then_some(value));
        }
    }

    #[cold]
    fn value_aside(&self, slot: usize) -> u64 {
        let values = self.aside.as_ref().map_or(&[][..], |aside| &aside.values);
        let found = values.iter().find(|(of, _)| *of as usize == slot);
        found.map_or(0, |(_, value)| *value)
    }

    #[cold]
    fn set_value_aside(&mut self, slot: usize, value: Option<u64>) {
        let values = &mut self.aside.get_or_insert_default().values;
        values.retain(|(of, _)| *of as usize != slot);
        if let Some((slot, value)) = u32::try_from(slot).ok().zip(value) {
            let place = values.partition_point(|(of, _)| *of < slot);
            values.insert(place, (slot, value));
        }
        self.tidy_up();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::words::Words;

    const LAYOUT: Layout = Layout { lengths: 2, slots: 3 };

    fn thing() -> MeasuredThing {
        MeasuredThing { seen_ms: 0, from_ms: 0, words: Words::new(LAYOUT.words()), aside: None }
    }

    #[test]
    fn values_of_any_size_come_back_and_leave_nothing_when_they_are_over() {
        let mut thing = thing();
        let largest = u64::from(u32::MAX);
        for values in [[0, 1, 2], [largest - 1, largest, u64::MAX], [u64::MAX, 7, largest + 1]] {
            for (slot, value) in values.into_iter().enumerate() {
                thing.set_value(LAYOUT, slot, value);
            }
            let found = [0, 1, 2].map(|slot| thing.value(LAYOUT, slot));
            assert_eq!(found, values);
        }
        assert!(thing.aside.is_some());
        (0..3).for_each(|slot| thing.set_value(LAYOUT, slot, 0));
        assert_eq!(thing, self::thing());
    }

    #[test]
    fn one_door_takes_no_room_and_several_are_told_apart() {
        let mut thing = thing();
        for bit in 0..64 {
            thing.set_doors(1 << bit);
            assert_eq!(thing.doors(), 1 << bit);
            assert!(thing.aside.is_none());
        }
        thing.set_value(LAYOUT, 1, u64::MAX);
        for doors in [3, u64::MAX, 1 << 63 | 1, 1 << 63] {
            thing.set_doors(doors);
            assert_eq!((thing.doors(), thing.value(LAYOUT, 1)), (doors, u64::MAX));
        }
        thing.set_doors(0);
        thing.set_value(LAYOUT, 1, 0);
        assert_eq!(thing, self::thing());
    }
}
