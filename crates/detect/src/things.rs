//! The things of a partition: found by name, stored in chunks of a thousand places.

mod index;
mod places;

use std::collections::BTreeSet;
use std::hash::BuildHasher;

use hashbrown::DefaultHashBuilder;

use crate::limits::{THINGS_PER_CHUNK, THINGS_PER_PARTITION};
use crate::thing_state::{Noted, ThingState};
use index::Index;
use places::Places;

/// The things of a partition. A thing keeps its place for its life; a new one takes the lowest
/// place that is free, so that the same history gives the same places.
#[derive(Debug, Default)]
pub(crate) struct Things {
    places: Places,
    /// Names to places. Nothing ever depends on its order, so its seed may differ by process:
    /// devices that choose their names cannot aim at it.
    index: Index,
    hasher: DefaultHashBuilder,
    free: BTreeSet<u32>,
    /// Chunks that changed since they were last stored.
    dirty: BTreeSet<u32>,
    /// The last chunk marked as changed: spares most look-ups.
    last_dirty: Option<u32>,
    /// Places in the order of names, as of when it was last asked for.
    order: Vec<u32>,
    /// Places that were taken, and that were given up, since.
    taken: Vec<u32>,
    given_up: BTreeSet<u32>,
    /// How many wait for the line to move on.
    waiting: usize,
    /// How many have open violations.
    open: usize,
}

impl Things {
    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    /// The place of a thing.
    #[inline]
    pub(crate) fn find(&self, name: &[u8]) -> Option<u32> {
        let hash = self.hasher.hash_one(name);
        self.index.find(hash, |place| self.is_named(place, name))
    }

    pub(crate) fn get(&self, place: u32) -> Option<&ThingState> {
        self.places.get(place)
    }

    /// A thing to be changed: its chunk will be stored again.
    #[inline]
    pub(crate) fn change(&mut self, place: u32) -> Option<&mut ThingState> {
        let chunk = place / THINGS_PER_CHUNK;
        if self.last_dirty != Some(chunk) {
            self.dirty.insert(chunk);
            self.last_dirty = Some(chunk);
        }
        self.places.get_mut(place)
    }

    /// A thing that is being loaded, to be completed.
    pub(crate) fn restored(&mut self, place: u32) -> Option<&mut ThingState> {
        self.places.get_mut(place)
    }

    /// Takes a new thing in; none if the partition is full.
    pub(crate) fn insert(&mut self, thing: ThingState) -> Option<u32> {
        let place = self.free.first().copied().unwrap_or(self.places.len());
        self.insert_at(place, thing).then(|| {
            self.dirty.insert(place / THINGS_PER_CHUNK);
            place
        })
    }

    /// Puts a stored thing back in its place; false if the place or the name is taken.
    pub(crate) fn insert_at(&mut self, place: u32, thing: ThingState) -> bool {
        if place >= THINGS_PER_PARTITION || self.find(thing.name.as_bytes()).is_some() {
            return false;
        }
        while self.places.len() <= place {
            self.free.insert(self.places.push_free());
        }
        let hash = self.hasher.hash_one(thing.name.as_bytes());
        // The index asks for the others' hashes where a page of it becomes two.
        let Self { index, places, hasher, .. } = self;
        let has_room = places.at(place).is_some_and(|at| at.is_none())
            && index.insert(hash, place, |place| hash_at(hasher, places, place));
        if !has_room {
            return false;
        }
        if let Some(free) = places.at(place) {
            *free = Some(thing);
        }
        self.free.remove(&place);
        self.taken.push(place);
        true
    }

    /// Forgets a thing.
    pub(crate) fn remove(&mut self, place: u32) -> Option<ThingState> {
        let thing = self.places.at(place)?.take()?;
        let hash = self.hasher.hash_one(thing.name.as_bytes());
        let Self { index, places, hasher, .. } = self;
        index.remove(hash, place, |place| hash_at(hasher, places, place));
        self.free.insert(place);
        self.given_up.insert(place);
        self.dirty.insert(place / THINGS_PER_CHUNK);
        self.count(thing.noted, Noted::default());
        Some(thing)
    }

    /// Counts a thing as what it has become.
    #[inline]
    pub(crate) fn note(&mut self, place: u32, noted: Noted) {
        let Some(thing) = self.places.get_mut(place) else { return };
        let before = std::mem::replace(&mut thing.noted, noted);
        if before != noted {
            self.count(before, noted);
        }
    }

    fn count(&mut self, before: Noted, now: Noted) {
        let changed = |count: usize, before: bool, now: bool| {
            (count + usize::from(now)).saturating_sub(usize::from(before))
        };
        self.waiting = changed(self.waiting, before.waits, now.waits);
        self.open = changed(self.open, before.open, now.open);
    }

    /// How many wait for the line to move on.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    /// How many have open violations.
    pub(crate) fn with_open(&self) -> usize {
        self.open
    }

    /// Puts the places in the order of names again, after things came and went.
    pub(crate) fn put_in_order(&mut self) {
        let given_up = std::mem::take(&mut self.given_up);
        let mut taken = std::mem::take(&mut self.taken);
        if taken.is_empty() && given_up.is_empty() {
            return;
        }
        let places = &self.places;
        let name = |place: &u32| places.get(*place).map(|thing| thing.name.as_bytes());
        taken.retain(|place| name(place).is_some());
        taken.sort_unstable_by_key(|place| (name(place), *place));
        taken.dedup();
        let mut order = Vec::with_capacity(self.index.len());
        let mut new = taken.iter().copied().peekable();
        for place in self.order.drain(..).filter(|place| !given_up.contains(place)) {
            while let Some(first) = new.next_if(|first| name(first) < name(&place)) {
                order.push(first);
            }
            order.push(place);
        }
        order.extend(new);
        self.order = order;
    }

    /// The thing's place that comes after so many in the order of names. Those that were given
    /// up since are still in it.
    pub(crate) fn in_order(&self, after: usize) -> Option<u32> {
        self.order.get(after).copied()
    }

    /// All things, by place.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &ThingState)> {
        self.places.iter()
    }

    /// The things of one chunk, by place in the chunk.
    pub(crate) fn chunk(&self, chunk: u32) -> impl Iterator<Item = (u32, &ThingState)> {
        self.places.chunk(chunk)
    }

    /// The chunks that changed since they were last taken, in order.
    pub(crate) fn take_dirty(&mut self) -> BTreeSet<u32> {
        self.last_dirty = None;
        std::mem::take(&mut self.dirty)
    }

    fn is_named(&self, place: u32, name: &[u8]) -> bool {
        self.get(place).is_some_and(|thing| thing.name.as_bytes() == name)
    }
}

/// The hash of the name of who is at a place.
fn hash_at(hasher: &DefaultHashBuilder, places: &Places, place: u32) -> u64 {
    hasher.hash_one(places.get(place).map_or(&[][..], |thing| thing.name.as_bytes()))
}
