//! The places of things, in pages: what is there stays where it is when more come, and none of it
//! is ever copied or held twice.

use crate::limits::THINGS_PER_CHUNK;
use crate::thing_state::ThingState;

/// Places of a page: so few that hardly any room waits for who is still to come.
const PAGE: u32 = 256;

/// Things by their places.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// All full but the last.
    pages: Vec<Vec<Option<ThingState>>>,
}

impl Places {
    /// How many there are, free ones too.
    pub(super) fn len(&self) -> u32 {
        let Some((last, full)) = self.pages.split_last() else { return 0 };
        let (full, last) = (u32::try_from(full.len()), u32::try_from(last.len()));
        full.unwrap_or(u32::MAX).saturating_mul(PAGE) + last.unwrap_or(0)
    }

    #[inline]
    pub(super) fn get(&self, place: u32) -> Option<&ThingState> {
        let page = self.pages.get((place / PAGE) as usize)?;
        page.get((place % PAGE) as usize)?.as_ref()
    }

    #[inline]
    pub(super) fn get_mut(&mut self, place: u32) -> Option<&mut ThingState> {
        self.at(place)?.as_mut()
    }

    /// What is at a place; none beyond the last.
    #[inline]
    pub(super) fn at(&mut self, place: u32) -> Option<&mut Option<ThingState>> {
        let page = self.pages.get_mut((place / PAGE) as usize)?;
        page.get_mut((place % PAGE) as usize)
    }

    /// Adds a free place behind the last: its number.
    pub(super) fn push_free(&mut self) -> u32 {
        let place = self.len();
        let is_full = |page: &Vec<_>| page.len() >= PAGE as usize;
        if self.pages.last().is_none_or(is_full) {
            self.pages.push(Vec::with_capacity(PAGE as usize));
        }
        self.pages.last_mut().into_iter().for_each(|page| page.push(None));
        place
    }

    /// All things, by place.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &ThingState)> {
        let places = (0..).zip(self.pages.iter().flatten());
        places.filter_map(|(place, thing)| Some((place, thing.as_ref()?)))
    }

    /// The things of one chunk, by place in the chunk.
    pub(super) fn chunk(&self, chunk: u32) -> impl Iterator<Item = (u32, &ThingState)> {
        let first = chunk.saturating_mul(THINGS_PER_CHUNK);
        let places = (0..THINGS_PER_CHUNK).zip(first..);
        places.filter_map(|(of_chunk, place)| Some((of_chunk, self.get(place)?)))
    }
}
