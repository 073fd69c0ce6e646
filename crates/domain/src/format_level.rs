//! The format level of a deployment's data: which versions of its stored shapes are written.
//!
//! A release reads all versions up to its own, and writes those that the level names. So a release
//! that was just installed writes what the one before it can read, and going back works, until
//! `fleetward upgrade finish` raises the level.

use std::fmt;

/// A format level. It is kept in the store and does not change while a process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FormatLevel(u32);

impl FormatLevel {
    /// What the first release wrote, which did not keep a level yet.
    pub const FIRST: Self = Self(1);
    /// The highest that this release can write: what new data is made at.
    pub const CURRENT: Self = Self(2);

    /// The level of this number.
    ///
    /// # Errors
    /// [`UnknownFormatLevel`] if this release does not know it: a newer one raised it.
    pub fn new(number: u32) -> Result<Self, UnknownFormatLevel> {
        let level = Self(number);
        if (Self::FIRST..=Self::CURRENT).contains(&level) {
            Ok(level)
        } else {
            Err(UnknownFormatLevel { found: number })
        }
    }

    /// Its number, to be stored.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for FormatLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The data is of a level that this release does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the data has format level {found}, and this release knows levels {} to {}: \
     start the release that raised it, or a newer one",
    FormatLevel::FIRST,
    FormatLevel::CURRENT
)]
pub struct UnknownFormatLevel {
    /// The level of the data.
    pub found: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_levels_of_this_release_and_before_are_known() {
        assert_eq!(FormatLevel::new(1), Ok(FormatLevel::FIRST));
        assert_eq!(FormatLevel::new(2), Ok(FormatLevel::CURRENT));
        assert!(FormatLevel::new(0).is_err());
        let newer = FormatLevel::new(3).unwrap_err().to_string();
        assert!(newer.contains("level 3") && newer.contains("1 to 2"), "{newer}");
    }
}
