//! The words of a thing: in its place if they are few, as those of most plans are.

use std::ops::{Deref, DerefMut};

/// So many words are kept in place: those of four series whose windows end together. The thing
/// that has them takes no other memory.
const IN_PLACE: usize = 7;

/// The words of a thing, whose layout its plan knows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Words {
    InPlace([u32; IN_PLACE]),
    Apart(Box<[u32]>),
}

impl Words {
    /// So many words at least, each zero.
    pub(crate) fn new(count: usize) -> Self {
        if count <= IN_PLACE {
            return Self::InPlace([0; IN_PLACE]);
        }
        Self::Apart(vec![0; count].into_boxed_slice())
    }
}

impl Deref for Words {
    type Target = [u32];

    #[inline]
    fn deref(&self) -> &[u32] {
        match self {
            Self::InPlace(words) => words,
            Self::Apart(words) => words,
        }
    }
}

impl DerefMut for Words {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u32] {
        match self {
            Self::InPlace(words) => words,
            Self::Apart(words) => words,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_words_take_no_more_than_themselves_and_a_pointers_half() {
        assert_eq!(size_of::<Words>(), 32);
        for count in 0..100 {
            assert!(Words::new(count).len() >= count);
            assert_eq!(Words::new(count).iter().sum::<u32>(), 0);
        }
    }
}
