//! Randomness, from one place.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::rand;

/// The operating system gives no randomness. Whoever gets this must not go on with what it was
/// for: an id that can be guessed can be taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no random bytes")]
pub struct NoRandomness;

/// Draws random bytes and what is made of them. Cheap to clone; all clones draw from one source.
#[derive(Clone)]
pub struct Chance(Source);

#[derive(Clone)]
enum Source {
    /// The operating system's generator.
    System,
    /// The same numbers from the same seed.
    Seeded(Arc<Mutex<u64>>),
    /// Nothing, as a machine without entropy.
    Exhausted,
}

impl Chance {
    /// The operating system's generator: fit for keys.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// Draws the same from the same seed, for tests and simulations: fit for no secret.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(Arc::new(Mutex::new(seed))))
    }

    /// Never gives anything, for tests of what happens then.
    #[must_use]
    pub fn exhausted() -> Self {
        Self(Source::Exhausted)
    }

    /// Fills the bytes.
    ///
    /// # Errors
    /// [`NoRandomness`]; the bytes are then not to be used.
    pub fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        match &self.0 {
            Source::System => rand::fill(bytes).map_err(|_| NoRandomness),
            Source::Seeded(state) => {
                let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                for chunk in bytes.chunks_mut(8) {
                    let drawn = next(&mut state).to_le_bytes();
                    chunk.iter_mut().zip(drawn).for_each(|(byte, drawn)| *byte = drawn);
                }
                Ok(())
            }
            Source::Exhausted => Err(NoRandomness),
        }
    }

    /// As many random bytes as the caller's type says.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn bytes<const N: usize>(&self) -> Result<[u8; N], NoRandomness> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// A random UUID (version 4), as AWS's registry gives to things and groups.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn uuid(&self) -> Result<String, NoRandomness> {
        Ok(uuid::Builder::from_random_bytes(self.bytes()?).into_uuid().to_string())
    }

    /// Lowercase hexadecimal digits, two a byte.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn hex<const N: usize>(&self) -> Result<String, NoRandomness> {
        Ok(self.bytes::<N>()?.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Characters drawn evenly from the alphabet, of which the first 256 count.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn text(&self, alphabet: &[u8], length: usize) -> Result<String, NoRandomness> {
        let alphabet_size = alphabet.len().min(256);
        // Bytes from here up would favour the alphabet's first characters.
        let unbiased = 256 - 256 % alphabet_size.max(1);
        let mut text = String::with_capacity(length);
        while text.len() < length {
            for byte in self.bytes::<64>()?.map(usize::from) {
                if byte < unbiased && text.len() < length {
                    text.extend(alphabet.get(byte % alphabet_size.max(1)).map(|&c| char::from(c)));
                }
            }
        }
        Ok(text)
    }

    /// A number of 0 to 1: spreads what would otherwise come back together.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn fraction(&self) -> Result<f64, NoRandomness> {
        Ok(f64::from(u32::from_le_bytes(self.bytes()?)) / f64::from(u32::MAX))
    }
}

impl fmt::Debug for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::System => "Chance(system)",
            Source::Seeded(_) => "Chance(seeded)",
            Source::Exhausted => "Chance(exhausted)",
        })
    }
}

/// SplitMix64: every seed is a good one, and it has no state but a counter.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_keep_to_their_alphabet_and_differ() {
        let chance = Chance::system();
        let one = chance.text(b"ABC", 40).unwrap();
        assert_eq!(one.len(), 40);
        assert!(one.bytes().all(|b| b"ABC".contains(&b)));
        assert_ne!(one, chance.text(b"ABC", 40).unwrap());
    }

    #[test]
    fn ids_are_uuids_of_version_4() {
        let id = Chance::system().uuid().unwrap();
        assert_eq!(id.len(), 36);
        assert_eq!(id.as_bytes()[14], b'4');
    }

    #[test]
    fn a_seed_gives_the_same_again_and_another_seed_something_else() {
        let draw = |seed| Chance::seeded(seed).hex::<16>().unwrap();
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        let shared = Chance::seeded(7);
        assert_ne!(shared.clone().uuid(), shared.uuid(), "clones draw from one source");
        let fraction = shared.fraction().unwrap();
        assert!((0.0..=1.0).contains(&fraction));
    }

    #[test]
    fn without_randomness_nothing_is_drawn() {
        let chance = Chance::exhausted();
        assert_eq!(chance.uuid(), Err(NoRandomness));
        assert_eq!(chance.text(b"AB", 3), Err(NoRandomness));
        assert_eq!(chance.fraction(), Err(NoRandomness));
    }
}
