//! Names to places: pages of a few hundred, of which one that is full becomes two. It grows
//! without a copy of all of it, and is about as full whatever their number.

use crate::limits::THINGS_PER_PARTITION;

/// Entries of a page; a power of two.
const PAGE: usize = 512;
/// One that has more of them becomes two.
const FULL: usize = PAGE / 8 * 7;
/// Beyond so many bits of a hash, pages are not told apart: a partition's things come to half.
const DEEPEST: u32 = 24;
/// Bits of an entry that are the place's; those above them are of the name's hash.
const PLACE_BITS: u32 = 24;
/// No entry.
const NONE: u32 = u32::MAX;
/// A place is never [`NONE`], whatever its name.
const _: () = assert!(THINGS_PER_PARTITION < (1 << PLACE_BITS) - 1);

/// Names, by their hashes, to places.
#[derive(Debug)]
pub(super) struct Index {
    /// For the first bits of a hash its page.
    directory: Vec<u32>,
    /// How many bits of a hash the directory tells apart.
    depth: u32,
    pages: Vec<Page>,
    len: usize,
}

/// Entries whose hashes begin alike, each at its slot or behind it.
#[derive(Debug)]
struct Page {
    entries: Box<[u32]>,
    len: usize,
    /// How many bits of their hashes are the same.
    depth: u32,
}

impl Default for Index {
    fn default() -> Self {
        Self { directory: vec![0], depth: 0, pages: vec![Page::new(0)], len: 0 }
    }
}

impl Index {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The place of a name with this hash, of those that `is_it` agrees to.
    #[inline]
    pub(super) fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let page = self.pages.get(self.page_of(hash)?)?;
        let mut at = slot_of(hash);
        loop {
            match page.entries.get(at).copied()? {
                NONE => return None,
                entry if entry >> PLACE_BITS == tag_of(hash) && is_it(place_of(entry)) => {
                    return Some(place_of(entry));
                }
                _ => at = next(at),
            }
        }
    }

    /// Adds a name that is not there; false if there is no room among names whose hashes begin
    /// alike, which no hash with a seed comes to. `hash_of` says the hashes of those that are
    /// there.
    pub(super) fn insert(&mut self, hash: u64, at: u32, hash_of: impl Fn(u32) -> u64) -> bool {
        while let Some(number) = self.page_of(hash) {
            let Some(page) = self.pages.get_mut(number) else { return false };
            if page.len < FULL {
                page.insert(hash, entry(hash, at));
                self.len += 1;
                return true;
            }
            if page.depth >= DEEPEST {
                return false;
            }
            self.split(number, &hash_of);
        }
        false
    }

    /// Takes the name of a place out.
    pub(super) fn remove(&mut self, hash: u64, place: u32, hash_of: impl Fn(u32) -> u64) {
        let page = self.page_of(hash).and_then(|number| self.pages.get_mut(number));
        if page.is_some_and(|page| page.remove(hash, place, hash_of)) {
            self.len -= 1;
        }
    }

    #[inline]
    fn page_of(&self, hash: u64) -> Option<usize> {
        let first_bits = hash.checked_shr(u64::BITS - self.depth).unwrap_or(0);
        let page = self.directory.get(usize::try_from(first_bits).ok()?)?;
        Some(*page as usize)
    }

    /// One page becomes two, by the next bit of the hashes.
    fn split(&mut self, number: usize, hash_of: &impl Fn(u32) -> u64) {
        let Some(page) = self.pages.get_mut(number) else { return };
        let depth = page.depth + 1;
        let full = std::mem::replace(page, Page::new(depth));
        if depth > self.depth {
            self.directory = self.directory.iter().flat_map(|page| [*page, *page]).collect();
            self.depth = depth;
        }
        let second = u32::try_from(self.pages.len()).unwrap_or(NONE);
        self.pages.push(Page::new(depth));
        let bit = self.depth - depth;
        for (at, page) in self.directory.iter_mut().enumerate() {
            if *page as usize == number && at >> bit & 1 == 1 {
                *page = second;
            }
        }
        for entry in full.entries.iter().copied().filter(|entry| *entry != NONE) {
            let hash = hash_of(place_of(entry));
            let page = self.page_of(hash).and_then(|number| self.pages.get_mut(number));
            page.into_iter().for_each(|page| page.insert(hash, entry));
        }
    }
}

impl Page {
    fn new(depth: u32) -> Self {
        Self { entries: vec![NONE; PAGE].into_boxed_slice(), len: 0, depth }
    }

    /// There is room: no page is full to the last slot.
    fn insert(&mut self, hash: u64, entry: u32) {
        let mut at = slot_of(hash);
        while self.entries.get(at).is_some_and(|taken| *taken != NONE) {
            at = next(at);
        }
        self.entries.get_mut(at).into_iter().for_each(|free| *free = entry);
        self.len += 1;
    }

    /// Takes an entry out, and closes the gap: none behind it may be missed.
    fn remove(&mut self, hash: u64, place: u32, hash_of: impl Fn(u32) -> u64) -> bool {
        let mut gap = slot_of(hash);
        while self.entries.get(gap).is_some_and(|found| *found != entry(hash, place)) {
            if self.entries.get(gap) == Some(&NONE) {
                return false;
            }
            gap = next(gap);
        }
        let mut at = next(gap);
        while let Some(later) = self.entries.get(at).copied().filter(|later| *later != NONE) {
            let wanted = slot_of(hash_of(place_of(later)));
            // Whether it stands as far behind its slot as the gap is before it, or farther.
            if at.wrapping_sub(wanted) % PAGE >= at.wrapping_sub(gap) % PAGE {
                self.entries.get_mut(gap).into_iter().for_each(|slot| *slot = later);
                gap = at;
            }
            at = next(at);
        }
        self.entries.get_mut(gap).into_iter().for_each(|slot| *slot = NONE);
        self.len -= 1;
        true
    }
}

/// Where an entry of this hash belongs in its page: by its last bits, the page is of the first.
fn slot_of(hash: u64) -> usize {
    hash as usize % PAGE
}

fn next(at: usize) -> usize {
    (at + 1) % PAGE
}

/// Eight bits of a hash between those of the page and those of the slot.
fn tag_of(hash: u64) -> u32 {
    (hash >> 16) as u32 & 0xFF
}

fn entry(hash: u64, place: u32) -> u32 {
    tag_of(hash) << PLACE_BITS | place
}

fn place_of(entry: u32) -> u32 {
    entry & ((1 << PLACE_BITS) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Even over its bits, and another for each place.
    fn hash_of(place: u32) -> u64 {
        (u64::from(place) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29)
    }

    #[test]
    fn what_was_put_in_is_found_until_it_is_taken_out() {
        let mut index = Index::default();
        let find = |index: &Index, place| index.find(hash_of(place), |found| found == place);
        for place in 0..50_000 {
            assert!(index.insert(hash_of(place), place, hash_of));
        }
        for gone in (0..50_000).filter(|place| place % 3 == 0) {
            index.remove(hash_of(gone), gone, hash_of);
            index.remove(hash_of(gone), gone, hash_of);
        }
        for place in 0..60_000 {
            let is_there = place < 50_000 && place % 3 != 0;
            assert_eq!(find(&index, place), is_there.then_some(place));
        }
        assert_eq!(index.len(), 33_333);
    }

    #[test]
    fn pages_are_about_as_full_whatever_their_number() {
        for count in [4_000, 39_000, 200_000] {
            let mut index = Index::default();
            assert!((0..count).all(|place| index.insert(hash_of(place), place, hash_of)));
            let bytes = index.pages.len() * PAGE * 4 + index.directory.len() * 4;
            assert!(bytes < count as usize * 9, "{bytes} for {count}");
        }
    }

    #[test]
    fn names_of_the_same_hash_are_told_apart_as_long_as_a_page_lasts() {
        let mut index = Index::default();
        assert!((0..FULL as u32).all(|place| index.insert(7, place, |_| 7)));
        assert!(!index.insert(7, 1_000, |_| 7));
        (0..100).for_each(|place| assert_eq!(index.find(7, |it| it == place), Some(place)));
        index.remove(7, 50, |_| 7);
        assert_eq!(index.find(7, |it| it == 50), None);
        assert_eq!(index.find(7, |it| it == 99), Some(99));
    }
}
