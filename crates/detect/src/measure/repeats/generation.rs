//! The reports of a minute: eight bytes each, in order, and the latest beside them.

use fleetward_domain::EpochMs;
use hashbrown::HashMap;

use crate::limits::{FRESH_PART, FRESH_REPORTS};

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
const PLACE_BITS: u32 = u64::BITS - PLACE_AT;

/// What came in a minute.
#[derive(Debug, Default)]
pub(super) struct Generation {
    /// By place, then by report: of a word eight bits are the place's, forty the report's, and
    /// sixteen its time after the generation's begin.
    words: Vec<u64>,
    /// Where the words of each shelf of 256 places begin.
    shelves: Vec<u32>,
    /// What came since the words were put in order, by place and report, with its time: few beside
    /// them, since it takes more room.
    fresh: HashMap<u64, u16>,
}

impl Generation {
    /// Remembers a report of a thing, as it came last.
    pub(super) fn insert(&mut self, place: u32, report: u64, after_ms: u16) {
        self.fresh.insert(key(place, report), after_ms);
        // A part of what is in order, so that each report is moved few times.
        if self.fresh.len() > FRESH_REPORTS.max(self.words.len() / FRESH_PART) {
            self.settle();
        }
    }

    /// How long after the generation's begin it came.
    pub(super) fn get(&self, place: u32, report: u64) -> Option<u16> {
        if let Some(after_ms) = self.fresh.get(&key(place, report)) {
            return Some(*after_ms);
        }
        let shelf = self.shelf(place);
        let first = word(place, report, 0);
        let found = shelf.get(first_from(shelf, first)).copied()?;
        (found >> REPORT_AT == first >> REPORT_AT).then_some(found as u16)
    }

    /// Forgets the reports of a thing.
    pub(super) fn forget(&mut self, place: u32) {
        self.settle();
        let (begin, end) = self.range(place);
        self.words.drain(begin..end);
        let gone = u32::try_from(end - begin).unwrap_or(u32::MAX);
        for later in self.shelves.iter_mut().skip(shelf_of(place) + 1) {
            *later = later.saturating_sub(gone);
        }
    }

    /// Tells of the reports of a thing that are in order.
    pub(super) fn of_thing(&self, place: u32, mut tell: impl FnMut(u64, u16)) {
        let (begin, end) = self.range(place);
        for known in self.words.get(begin..end).unwrap_or_default() {
            tell(known >> REPORT_AT & REPORT, *known as u16);
        }
    }

    /// Puts all in order.
    pub(super) fn settle(&mut self) {
        if self.fresh.is_empty() {
            return;
        }
        let fresh = std::mem::take(&mut self.fresh);
        let mut fresh: Vec<_> = fresh.into_iter().collect();
        fresh.sort_unstable();
        let fresh: Vec<_> = fresh
            .into_iter()
            .map(|(key, after_ms)| {
                let place = u32::try_from(key >> REPORT_BITS).unwrap_or(u32::MAX);
                (shelf_of(place), word(place, key, after_ms))
            })
            .collect();
        let mut words = Vec::with_capacity(self.words.len() + fresh.len());
        let last = fresh.last().map_or(0, |(shelf, _)| *shelf);
        let count = self.shelves.len().max(last + 1);
        let (mut shelves, mut fresh) = (Vec::with_capacity(count), fresh.into_iter().peekable());
        for shelf in 0..count {
            shelves.push(u32::try_from(words.len()).unwrap_or(u32::MAX));
            for known in self.words_of(shelf) {
                let mut is_anew = false;
                let before = |(of, new): &(usize, u64)| {
                    *of == shelf && *new >> REPORT_AT <= *known >> REPORT_AT
                };
                while let Some((_, new)) = fresh.next_if(before) {
                    // It came again, longer than ten minutes ago by a clock that was set.
                    is_anew |= new >> REPORT_AT == known >> REPORT_AT;
                    words.push(new);
                }
                words.extend((!is_anew).then_some(known));
            }
            while let Some((_, new)) = fresh.next_if(|(of, _)| *of == shelf) {
                words.push(new);
            }
        }
        (self.words, self.shelves) = (words, shelves);
    }

    /// The words of a place's shelf.
    fn shelf(&self, place: u32) -> &[u64] {
        self.words_of(shelf_of(place))
    }

    fn words_of(&self, shelf: usize) -> &[u64] {
        let Some(begin) = self.shelves.get(shelf) else { return &[] };
        let end = self.shelves.get(shelf + 1).map_or(self.words.len(), |end| *end as usize);
        self.words.get(*begin as usize..end).unwrap_or_default()
    }

    /// Where a place's words are.
    fn range(&self, place: u32) -> (usize, usize) {
        let begin = self.shelves.get(shelf_of(place)).map_or(self.words.len(), |at| *at as usize);
        let shelf = self.shelf(place);
        let first = word(place, 0, 0);
        let end = shelf.partition_point(|known| *known <= first | ((1 << PLACE_AT) - 1));
        (begin + first_from(shelf, first), begin + end)
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

/// A report of a thing, as it is known while it is fresh.
fn key(place: u32, report: u64) -> u64 {
    u64::from(place) << REPORT_BITS | report & REPORT
}

/// A report of a thing, as it stands on its shelf.
fn word(place: u32, report: u64, after_ms: u16) -> u64 {
    u64::from(place) << PLACE_AT | (report & REPORT) << REPORT_AT | u64::from(after_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_found_in_and_out_of_order_on_whatever_shelf() {
        let mut generation = Generation::default();
        let places = [70_000, 0, 255, 256, 257, 4_000, 16_000_000];
        for (after_ms, report) in (0..600).map(|n| (n as u16 * 3, n * 0x3_0000_0001)) {
            for place in places {
                assert_eq!(generation.get(place, report), None);
                generation.insert(place, report, after_ms);
                assert_eq!(generation.get(place, report), Some(after_ms));
            }
        }
        assert!(
            generation.fresh.len() * FRESH_PART <= generation.words.len(),
            "few take more room"
        );
        generation.settle();
        generation.forget(256);
        for place in places {
            let mut count = 0;
            generation.of_thing(place, |report, after_ms| {
                assert_eq!(generation.get(place, report), Some(after_ms));
                count += 1;
            });
            assert_eq!(count, if place == 256 { 0 } else { 600 });
        }
    }

    #[test]
    fn a_report_that_came_again_is_known_by_its_last_time() {
        let mut generation = Generation::default();
        for (place, after_ms) in [(1, 10), (2, 11), (1, 12)] {
            generation.insert(place, 5, after_ms);
            generation.settle();
        }
        let times = [1, 2].map(|place| generation.get(place, 5));
        assert_eq!((times, generation.words.len()), ([Some(12), Some(11)], 2));
    }
}
