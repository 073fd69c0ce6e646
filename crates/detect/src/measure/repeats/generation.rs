//! The reports of a minute, eight bytes each, on shelves of 256 places.

use fleetward_domain::EpochMs;

use crate::limits::FRESH_REPORTS;

/// The length of a generation: what came in it is forgotten together, and a time in it is sixteen
/// bits.
pub(super) const GENERATION_MS: EpochMs = 1 << 16;
/// How many bits of a report are kept.
const REPORT_BITS: u32 = 40;
const REPORT: u64 = (1 << REPORT_BITS) - 1;
/// Where a report begins in its word, above its time.
const REPORT_AT: u32 = 16;
/// Where the lower bits of a place begin; those above them say the shelf.
const PLACE_AT: u32 = REPORT_AT + REPORT_BITS;
/// So many bits of a place stand in a word.
const PLACE_BITS: u32 = 8;

/// What came in a minute.
#[derive(Debug, Default)]
pub(super) struct Generation {
    shelves: Vec<Shelf>,
}

/// The reports of so many places. In pieces of this size they need no copy of all to grow.
#[derive(Clone, Debug, Default)]
struct Shelf {
    /// Of a word the upper bits are the place's, forty the report's, and sixteen its time after
    /// the generation's begin.
    words: Vec<u64>,
    /// So many of them are in order: the few behind them are looked through.
    in_order: usize,
}

impl Generation {
    /// Remembers a report of a thing.
    pub(super) fn insert(&mut self, place: u32, report: u64, after_ms: u16) {
        let shelf = shelf_of(place);
        if self.shelves.len() <= shelf {
            self.shelves.resize(shelf + 1, Shelf::default());
        }
        if let Some(shelf) = self.shelves.get_mut(shelf) {
            shelf.insert(word(place, report, after_ms));
        }
    }

    /// How long after the generation's begin it came.
    pub(super) fn get(&self, place: u32, report: u64) -> Option<u16> {
        let found = self.shelves.get(shelf_of(place))?.find(word(place, report, 0))?;
        Some(found as u16)
    }

    /// Forgets the reports of a thing.
    pub(super) fn forget(&mut self, place: u32) {
        let Some(shelf) = self.shelves.get_mut(shelf_of(place)) else { return };
        shelf.settle();
        shelf.words.retain(|known| !is_of(place, *known));
        shelf.in_order = shelf.words.len();
    }

    /// Tells of the reports of a thing, in any order.
    pub(super) fn of_thing(&self, place: u32, mut tell: impl FnMut(u64, u16)) {
        let shelf = self.shelves.get(shelf_of(place));
        let words = shelf.into_iter().flat_map(|shelf| &shelf.words);
        for known in words.filter(|known| is_of(place, **known)) {
            tell(*known >> REPORT_AT & REPORT, *known as u16);
        }
    }

    /// It is over: hardly anything more will come.
    pub(super) fn end(&mut self) {
        for shelf in &mut self.shelves {
            shelf.settle();
            shelf.words.shrink_to_fit();
        }
    }
}

impl Shelf {
    fn insert(&mut self, word: u64) {
        if self.words.len() == self.words.capacity() {
            // Not twice the room: most shelves end with as many as they had a minute before.
            self.words.reserve_exact(FRESH_REPORTS.max(self.words.len() / 8));
        }
        self.words.push(word);
        let fresh = self.words.len().saturating_sub(self.in_order);
        if fresh > FRESH_REPORTS.max(self.in_order / 16) {
            self.settle();
        }
    }

    /// The word of the same place and report, whatever its time.
    fn find(&self, word: u64) -> Option<u64> {
        let is_same = |known: &&u64| **known >> REPORT_AT == word >> REPORT_AT;
        let (in_order, fresh) = self.words.split_at_checked(self.in_order)?;
        let fresh = fresh.iter().rev().find(is_same);
        fresh.or_else(|| in_order.get(first_from(in_order, word)).filter(is_same)).copied()
    }

    /// Puts all in order. Most of it is: the stable sort takes that as it stands.
    fn settle(&mut self) {
        self.words.sort();
        self.in_order = self.words.len();
    }
}

/// Where the first word from this one on stands. The places of a shelf report about alike, so it is
/// looked for where it should be, and around there: all of a shelf would be many lines of memory.
fn first_from(shelf: &[u64], word: u64) -> usize {
    let is_before = |at: usize| shelf.get(at).is_some_and(|known| *known < word);
    let part = usize::try_from(word >> PLACE_AT).unwrap_or(0);
    let guess = (shelf.len() * part) >> PLACE_BITS;
    let (mut low, mut high, mut step) = (guess, guess, 4);
    while low > 0 && !is_before(low - 1) {
        low = low.saturating_sub(step);
        step *= 2;
    }
    while is_before(high) {
        high = (high + step).min(shelf.len());
        step *= 2;
    }
    let between = shelf.get(low..high).unwrap_or_default();
    low + between.partition_point(|known| *known < word)
}

/// Which shelf a place is on.
fn shelf_of(place: u32) -> usize {
    (place >> PLACE_BITS) as usize
}

/// A report of a thing, as it stands on its shelf.
fn word(place: u32, report: u64, after_ms: u16) -> u64 {
    let place = u64::from(place & ((1 << PLACE_BITS) - 1));
    place << PLACE_AT | (report & REPORT) << REPORT_AT | u64::from(after_ms)
}

/// Whether a word on the shelf of a place is of that.
fn is_of(place: u32, known: u64) -> bool {
    known >> PLACE_AT == word(place, 0, 0) >> PLACE_AT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_found_in_and_out_of_order_on_whatever_shelf() {
        let mut generation = Generation::default();
        let places = [70_000, 0, 255, 256, 257, 4_000, 100_000];
        for (after_ms, report) in (0..600).map(|n| (n as u16 * 3, n * 0x3_0000_0001)) {
            for place in places {
                assert_eq!(generation.get(place, report), None);
                generation.insert(place, report, after_ms);
                assert_eq!(generation.get(place, report), Some(after_ms));
            }
        }
        generation.forget(256);
        for ended in [false, true] {
            for place in places {
                let mut count = 0;
                generation.of_thing(place, |report, after_ms| {
                    assert_eq!(generation.get(place, report), Some(after_ms));
                    count += 1;
                });
                assert_eq!(count, if place == 256 { 0 } else { 600 }, "{place}, ended: {ended}");
            }
            generation.end();
        }
        let room = |shelf: &Shelf| shelf.words.capacity() - shelf.words.len();
        assert_eq!(generation.shelves.iter().map(room).sum::<usize>(), 0);
    }

    #[test]
    fn few_are_looked_through_however_many_are_in_order() {
        let mut shelf = Shelf::default();
        for report in 0..10_000 {
            shelf.insert(word(report as u32, report * 0x3_0000_0001, 0));
            let fresh = shelf.words.len() - shelf.in_order;
            assert!(fresh <= FRESH_REPORTS.max(shelf.in_order / 16), "{fresh} of {report}");
            assert!(shelf.words.capacity() <= shelf.words.len() * 9 / 8 + FRESH_REPORTS);
        }
    }
}
