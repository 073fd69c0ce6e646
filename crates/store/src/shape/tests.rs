//! Golden files: what the first release wrote is read for ever, and is what is written at its
//! level.

use std::fmt::Debug;

use fleetward_domain::format_level::FormatLevel;

use super::samples::{self, golden};
use super::*;
use crate::error::StoreError;
use crate::noun::Noun;

/// Reads each golden file, and writes it again.
fn check<T: Noun + PartialEq + Debug>(samples: Vec<(&'static str, T)>) {
    for (name, value) in samples {
        let bytes = golden("document", name);
        assert_eq!(T::from_bytes(value.key(), &bytes).unwrap(), value, "{name}");
        let written = value.to_bytes(FormatLevel::FIRST).unwrap();
        assert_eq!(written.escape_ascii().to_string(), bytes.escape_ascii().to_string(), "{name}");
    }
}

#[test]
fn documents_of_the_first_release_are_read_and_written() {
    check(samples::things());
    check(samples::thing_groups());
    check(samples::certificates());
    check(samples::policies());
    check(samples::dimensions());
    check(samples::security_profiles());
    check(samples::access_keys());
    check(samples::attachments());
    check(samples::gates());
    check(samples::authorities());
    check(vec![("setting-relay_position.json", RelayPosition(42))]);
    let id = "AKIAABCDEFGHIJKLMN27".to_owned();
    check(vec![("setting-administrator_key.txt", AdministratorKey(id))]);
    check(vec![("setting-front_door_boot.empty", FrontDoorBoot)]);
    assert_eq!(golden("document", "edge.json"), edge::VALUE);
}

/// Reads each golden file of rows, and writes it again.
fn check_rows<T: PartialEq + Debug>(
    folder: &str,
    samples: Vec<(&'static str, T)>,
    from_bytes: impl Fn(&[u8]) -> Result<T, StoreError>,
    to_bytes: impl Fn(&T, FormatLevel) -> Result<Vec<u8>, StoreError>,
) {
    for (name, value) in samples {
        let bytes = golden(folder, name);
        assert_eq!(from_bytes(&bytes).unwrap(), value, "{name}");
        let written = to_bytes(&value, FormatLevel::FIRST).unwrap();
        assert_eq!(written.escape_ascii().to_string(), bytes.escape_ascii().to_string(), "{name}");
    }
}

#[test]
fn rows_of_the_first_release_are_read_and_written() {
    let violations = samples::violations();
    check_rows("violation", violations, |b| violation::from_bytes("1", b), violation::to_bytes);
    check_rows("event", samples::events(), |b| event::from_bytes("1", b), event::to_bytes);
    check_rows("alert", samples::alerts(), |b| alert::from_bytes("1", b), alert::to_bytes);
    check_rows("change", samples::changes(), |b| change::from_bytes(1, b), change::to_bytes);
}
