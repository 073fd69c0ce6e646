//! Who reads of a plan: one number, whatever list it is looked up in.

use std::fmt;

/// A reader's place in its plan. Whatever is kept of readers stands in lists of that order: their
/// series, the rules that judge them, and a thing's runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReaderId(u32);

impl ReaderId {
    /// The reader at this place.
    #[must_use]
    pub const fn new(place: u32) -> Self {
        Self(place)
    }

    /// Its place.
    #[must_use]
    pub const fn place(self) -> u32 {
        self.0
    }

    /// What a list in the plan's order keeps of it.
    #[inline]
    pub fn of<T>(self, in_plan_order: &[T]) -> Option<&T> {
        in_plan_order.get(self.0 as usize)
    }

    /// What a list in the plan's order keeps of it, to be changed.
    #[inline]
    pub fn of_mut<T>(self, in_plan_order: &mut [T]) -> Option<&mut T> {
        in_plan_order.get_mut(self.0 as usize)
    }

    /// A list in the plan's order, each with its reader.
    #[inline]
    pub fn number<T>(
        in_plan_order: impl IntoIterator<Item = T>,
    ) -> impl Iterator<Item = (Self, T)> {
        (0..).map(Self).zip(in_plan_order)
    }
}

impl fmt::Display for ReaderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
