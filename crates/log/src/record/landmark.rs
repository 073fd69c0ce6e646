//! Landmarks: what the store counts and the log repeats, so that each knows how far the other is.

use fleetward_shape::cbor::{Decoder, Error, Fields, name, variant};

use super::{CHANGE, DOOR_STARTED};

/// A number that the store gave out before the log had it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landmark {
    /// The number of a change.
    Change(u64),
    /// Which start of a front door.
    Boot(u64),
}

/// The landmark of a record, read without the rest of it; none if it is of another kind. What
/// cannot be read is none either: whoever reads the whole record stops there.
#[must_use]
pub fn landmark(bytes: &[u8]) -> Option<Landmark> {
    let mut d = Decoder::new(bytes);
    match variant(&mut d).ok()? {
        CHANGE => change(&mut d).ok(),
        DOOR_STARTED => boot(&mut d).ok(),
        _ => None,
    }
}

fn change(d: &mut Decoder<'_>) -> Result<Landmark, Error> {
    Fields::begin(d, 3)?.required(d, Decoder::u64).map(Landmark::Change)
}

fn boot(d: &mut Decoder<'_>) -> Result<Landmark, Error> {
    let mut fields = Fields::begin(d, 3)?;
    fields.required(d, name::text)?;
    fields.required(d, Decoder::u64).map(Landmark::Boot)
}

#[cfg(test)]
mod tests {
    use fleetward_domain::{Change, DimensionName, FormatLevel, Record};

    use super::*;
    use crate::record::encode;

    #[test]
    fn changes_and_starts_are_landmarks_and_nothing_else_is() {
        let name = DimensionName::parse("d").unwrap();
        for (record, expected) in [
            (Record::Change(7, 1, Change::Dimension(name)), Some(Landmark::Change(7))),
            (
                Record::DoorStarted { door: "door".to_owned(), boot: 3, at_ms: 1 },
                Some(Landmark::Boot(3)),
            ),
            (Record::Tick(9), None),
        ] {
            let bytes = encode(&record, FormatLevel::CURRENT).unwrap();
            assert_eq!(landmark(&bytes), expected, "{record:?}");
        }
        assert_eq!(landmark(b""), None);
        assert_eq!(landmark(b"\x82\x03"), None);
    }
}
