//! The format level of a deployment's data: which versions of its stored shapes are written.
//!
//! A release reads all versions up to its own, and writes those that the level names. So a release
//! that was just installed writes what the one before it can read, and going back works, until
//! `fleetward upgrade finish` raises the level.

use std::fmt;

/// A format level: all of them stand here, each with what it brought. It is kept in the store and
/// does not change while a process runs.
///
/// Each codec says in a `match` without a rest what it writes at each level, so a level that is
/// new does not compile until every codec has decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FormatLevel {
    /// 1: what the first release wrote, which did not keep a level yet.
    First,
    /// 2: reports name their publisher (record 7), state chunks the behaviors and series that their
    /// things refer to (format 2), alerts what they tell of (version 2).
    Named,
    /// 3: front doors prove what they have counted (records 8 to 10: watermarks, clocks that were
    /// set, doors that are gone), records carry what statistical criteria and new metrics need (5,
    /// 11), changes name deleted groups, alerts their severity.
    Proven,
}

impl FormatLevel {
    /// Every level, the first first.
    pub const ALL: [Self; 3] = [Self::First, Self::Named, Self::Proven];
    /// The highest that this release can write: what new data is made at.
    pub const CURRENT: Self = Self::Proven;

    /// The level of this number.
    ///
    /// # Errors
    /// [`UnknownFormatLevel`] if this release does not know it: a newer one raised it.
    pub fn new(number: u32) -> Result<Self, UnknownFormatLevel> {
        let known = Self::ALL.into_iter().find(|level| level.number() == number);
        known.ok_or(UnknownFormatLevel { found: number })
    }

    /// Its number, to be stored. It never changes.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::First => 1,
            Self::Named => 2,
            Self::Proven => 3,
        }
    }

    /// Nothing, at the level `needs` and above; below it what is to be written is refused, for
    /// the release before could not read it.
    ///
    /// # Errors
    /// [`Unsayable`].
    pub fn require(self, needs: Self, what: &'static str) -> Result<(), Unsayable> {
        if self >= needs { Ok(()) } else { Err(Unsayable { what, needs, level: self }) }
    }
}

impl fmt::Display for FormatLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number().fmt(f)
    }
}

/// The data is of a level that this release does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the data has format level {found}, and this release knows levels {} to {}: \
     start the release that raised it, or a newer one",
    FormatLevel::First,
    FormatLevel::CURRENT
)]
pub struct UnknownFormatLevel {
    /// The level of the data.
    pub found: u32,
}

/// The level of the data knows no way to write this. Nothing of it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{what} cannot be stored at format level {level}, it needs level {needs}: \
     run `fleetward upgrade finish` once all of the deployment runs this release"
)]
pub struct Unsayable {
    /// What is to be written, as a sentence begins: "A learned criterion".
    pub what: &'static str,
    /// The first level that can say it.
    pub needs: FormatLevel,
    /// The level of the data.
    pub level: FormatLevel,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_levels_of_this_release_and_before_are_known() {
        assert_eq!(FormatLevel::new(1), Ok(FormatLevel::First));
        assert_eq!(FormatLevel::new(2), Ok(FormatLevel::Named));
        assert!(FormatLevel::new(0).is_err());
        assert_eq!(FormatLevel::new(3), Ok(FormatLevel::Proven));
        let newer = FormatLevel::new(4).unwrap_err().to_string();
        assert!(newer.contains("level 4") && newer.contains("1 to 3"), "{newer}");
    }

    #[test]
    fn what_a_level_cannot_say_is_refused_by_name_with_the_cure() {
        assert_eq!(FormatLevel::Named.require(FormatLevel::Named, "This"), Ok(()));
        assert_eq!(FormatLevel::Named.require(FormatLevel::First, "This"), Ok(()));
        let refused = FormatLevel::First.require(FormatLevel::Named, "This").unwrap_err();
        let said = refused.to_string();
        assert!(said.starts_with("This cannot be stored at format level 1, it needs level 2"));
        assert!(said.contains("fleetward upgrade finish"), "{said}");
    }

    #[test]
    fn levels_are_numbered_in_their_order_and_the_last_is_what_new_data_is_made_at() {
        for (level, number) in FormatLevel::ALL.into_iter().zip(1..) {
            assert_eq!(level.number(), number);
        }
        assert_eq!(FormatLevel::ALL.last(), Some(&FormatLevel::CURRENT));
    }
}
