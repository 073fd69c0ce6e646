//! What is written at a level is what releases of that level read; what is newer is told as such.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "../../../tests/formats/first_release.rs"]
mod first_release;
#[path = "../../../tests/formats/random.rs"]
mod random;

use fleetward_domain::FormatLevel;
use fleetward_shape::cbor::{
    self, Decoder, Error, Newer, Writer, Written, begin_variant, behavior, change, dimension,
    metric, profile, report, target, value,
};
use proptest::prelude::*;

proptest! {
    #[test]
    fn every_change_of_the_first_level_is_read_by_the_first_release_and_by_this_one(
        any in random::change(),
    ) {
        let bytes = change::encode(&any, FormatLevel::First).unwrap();
        first_release::reads::<first_release::Change>(&bytes);
        prop_assert_eq!(change::decode(&bytes).unwrap(), any);
    }

    #[test]
    fn every_change_of_every_level_is_read_by_this_release(any in random::change()) {
        for level in FormatLevel::ALL {
            let bytes = change::encode(&any, level).unwrap();
            prop_assert_eq!(&change::decode(&bytes).unwrap(), &any);
        }
    }
}

fn written(write: impl FnOnce(&mut Writer) -> Written) -> Vec<u8> {
    cbor::to_bytes(FormatLevel::First, write).unwrap()
}

fn refused<T>(read: impl FnOnce(&mut Decoder<'_>) -> Result<T, Error>, bytes: &[u8]) -> Error {
    read(&mut Decoder::new(bytes)).err().unwrap()
}

#[test]
fn what_a_level_cannot_say_is_not_written() {
    let write = |e: &mut Writer| {
        e.u8(1)?;
        e.require(FormatLevel::Named, "A learned criterion")
    };
    let refused = cbor::to_bytes(FormatLevel::First, write).unwrap_err();
    assert_eq!((refused.what, refused.needs), ("A learned criterion", FormatLevel::Named));
    assert_eq!(cbor::to_bytes(FormatLevel::Named, write).unwrap(), [1]);
}

#[test]
fn a_longer_array_is_told_as_newer() {
    let longer = written(|e| {
        e.array(30)?;
        Ok(())
    });
    let errors = [
        refused(behavior::read, &longer),
        refused(dimension::read, &longer),
        refused(profile::read, &longer),
        refused(report::read, &longer),
    ];
    for error in errors {
        assert!(Newer::of(&error).unwrap().to_string().contains("an array of 30 fields"));
    }
}

#[test]
fn a_variant_that_is_not_known_is_told_as_newer_however_many_fields_it_has() {
    for fields in [0, 1, 7] {
        let unknown = written(|e| begin_variant(e, 99, fields));
        let errors = [
            refused(change::read, &unknown),
            refused(metric::read, &unknown),
            refused(target::read, &unknown),
            refused(value::read, &unknown),
        ];
        for error in errors {
            assert!(Newer::of(&error).is_some(), "{error} ({fields} fields)");
        }
    }
    let no_variant = written(|e| {
        e.u8(1)?;
        Ok(())
    });
    assert!(Newer::of(&refused(change::read, &no_variant)).is_none());
}
