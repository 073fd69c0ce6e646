//! What was said, in eight bytes that nobody outside can aim at.

use std::hash::{BuildHasherDefault, Hasher};

use aws_lc_rs::digest::{Context, SHA256};
use fleetward_environment::{Chance, NoRandomness};

/// The key of the fingerprints: another one with each start.
pub(super) struct Key([u8; 32]);

impl Key {
    pub(super) fn new(chance: &Chance) -> Result<Self, NoRandomness> {
        Ok(Self(chance.bytes()?))
    }

    /// The fingerprint of these parts in this order. Two that differ have the same once in 2^64
    /// times, and without the key nobody can look for such a pair.
    pub(super) fn of(&self, parts: &[&[u8]]) -> u64 {
        let mut context = Context::new(&SHA256);
        context.update(&self.0);
        for part in parts {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
            context.update(part);
        }
        let digest = context.finish();
        let mut first = [0; 8];
        first.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
        u64::from_le_bytes(first)
    }
}

/// For tables whose keys are fingerprints: they are as good as random already.
pub(super) type AsItIs = BuildHasherDefault<Unhashed>;

/// Takes a number as its own hash.
#[derive(Default)]
pub(super) struct Unhashed(u64);

impl Hasher for Unhashed {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
