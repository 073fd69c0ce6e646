//! A thing's name, in place if it is short: finding a thing then touches no other memory.

use std::fmt;

use fleetward_domain::ThingName;

/// Names up to here are kept in place; most are.
const IN_PLACE_BYTES: usize = 22;

/// A thing's name.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum ShortName {
    Short { length: u8, bytes: [u8; IN_PLACE_BYTES] },
    Long(Box<str>),
}

impl ShortName {
    pub(crate) fn new(name: &ThingName) -> Self {
        let name = name.as_str();
        let mut bytes = [0; IN_PLACE_BYTES];
        match (bytes.get_mut(..name.len()), u8::try_from(name.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(name.as_bytes());
                Self::Short { length, bytes }
            }
            _ => Self::Long(name.into()),
        }
    }

    /// The bytes of the name.
    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short { length, bytes } => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Self::Long(name) => name.as_bytes(),
        }
    }

    /// The name as text; it was made from one.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The name as others know it.
    pub(crate) fn to_thing_name(&self) -> Option<ThingName> {
        ThingName::parse(self.as_str()).ok()
    }
}

impl fmt::Debug for ShortName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_comes_back_as_it_was() {
        for length in 1..=128 {
            let name = ThingName::parse("x".repeat(length)).unwrap();
            assert_eq!(ShortName::new(&name).to_thing_name(), Some(name));
        }
        let name = ThingName::parse("Lampe à côté/1").unwrap();
        assert_eq!(ShortName::new(&name).as_str(), "Lampe à côté/1");
        assert_eq!(size_of::<ShortName>(), 24);
    }
}
