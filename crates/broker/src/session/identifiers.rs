//! The subscription identifiers of a queued message, in four bytes: nearly all have none or one;
//! the sets of the others are kept aside.

use crate::slab::Slab;

/// From here on the number is that of a set; identifiers are below 2^28.
const FIRST_SET: u32 = 1 << 31;

/// None, one, or the number of a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Identifiers(u32);

/// Sets of several identifiers.
#[derive(Debug, Default)]
pub(crate) struct Sets(Slab<Box<[u32]>>);

impl Sets {
    pub(crate) fn insert(&mut self, identifiers: &[u32]) -> Identifiers {
        match identifiers {
            [] => Identifiers(0),
            [one] => Identifiers(*one),
            several => Identifiers(self.0.insert(several.into()) | FIRST_SET),
        }
    }

    /// Appends the identifiers to `out`.
    pub(crate) fn read(&self, identifiers: Identifiers, out: &mut Vec<u32>) {
        match identifiers.0 {
            0 => {}
            one if one < FIRST_SET => out.push(one),
            set => out.extend(self.0.get(set & !FIRST_SET).into_iter().flatten()),
        }
    }

    pub(crate) fn remove(&mut self, identifiers: Identifiers) {
        if identifiers.0 >= FIRST_SET {
            self.0.remove(identifiers.0 & !FIRST_SET);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}
