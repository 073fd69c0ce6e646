//! A hash that clients cannot foresee, from a seed that is handed in: they choose client ids and
//! topics, and could choose those that fall into one place.

use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher};

/// Makes hashers that begin with the seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seeded(pub(crate) u128);

impl Seeded {
    pub(crate) fn of(self, value: impl Hash) -> u64 {
        self.hash_one(value)
    }
}

impl BuildHasher for Seeded {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        // After sixteen secret bytes its whole state is secret, as if it were its key.
        let mut hasher = DefaultHasher::new();
        hasher.write_u128(self.0);
        hasher
    }
}
