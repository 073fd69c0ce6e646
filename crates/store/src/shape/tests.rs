//! Golden files: what a release wrote is read for ever, and is what is written at its level.

#[path = "../../../../tests/formats/random.rs"]
mod random;

use std::fmt::Debug;

use fleetward_domain::{FormatLevel, MetricValue, Notification, Severity};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde::de::DeserializeOwned;

use super::samples::{self, golden};
use super::*;
use crate::error::StoreError;
use crate::noun::Noun;

const FIRST: FormatLevel = FormatLevel::First;
const NAMED: FormatLevel = FormatLevel::Named;

/// What is written as text, so that a failure shows it.
fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// Reads each golden file, and writes it again; the first release would read that as `Frozen`.
fn check<T: Noun + PartialEq + Debug, Frozen: DeserializeOwned + Debug>(
    samples: Vec<(&'static str, T)>,
) {
    for (name, value) in samples {
        let bytes = golden("level-1/document", name);
        assert_eq!(T::from_bytes(value.key(), &bytes).unwrap(), value, "{name}");
        let written = value.to_bytes(FIRST).unwrap();
        assert_eq!(shown(&written), shown(&bytes), "{name}");
        first_release::reads::<Frozen>(name, &written);
        // No document has a second version yet; what is written at every level is read.
        for level in FormatLevel::ALL {
            let written = value.to_bytes(level).unwrap();
            assert_eq!(T::from_bytes(value.key(), &written).unwrap(), value, "{name}");
        }
    }
}

#[test]
fn documents_of_the_first_release_are_read_and_written() {
    check::<_, first_release::Thing>(samples::things());
    check::<_, first_release::ThingGroup>(samples::thing_groups());
    check::<_, first_release::Certificate>(samples::certificates());
    check::<_, first_release::Policy>(samples::policies());
    check::<_, first_release::Dimension>(samples::dimensions());
    check::<_, first_release::SecurityProfile>(samples::security_profiles());
    check::<_, first_release::AccessKey>(samples::access_keys());
    check::<_, first_release::Attachment>(samples::attachments());
    check::<_, first_release::Authority>(samples::authorities());
    check::<_, ()>(samples::gates());
    check::<_, ()>(vec![("edge.json", DepartedGroup::named("racks"))]);
    check::<_, u64>(vec![("setting-relay_position.json", RelayPosition(42))]);
    assert_eq!(golden("level-1/document", "edge.json"), edge::VALUE);
}

#[test]
fn settings_of_the_first_release_that_are_no_json_are_read_and_written() {
    let bytes = golden("level-1/document", "setting-administrator_key.txt");
    let key = AdministratorKey("AKIAABCDEFGHIJKLMN27".to_owned());
    assert_eq!(AdministratorKey::from_bytes(AdministratorKey::KEY, &bytes).unwrap(), key);
    assert_eq!(key.to_bytes(FIRST).unwrap(), bytes);
    let bytes = golden("level-1/document", "setting-front_door_boot.empty");
    assert_eq!(FrontDoorBoot::from_bytes(FrontDoorBoot::KEY, &bytes).unwrap(), FrontDoorBoot);
    assert_eq!(FrontDoorBoot.to_bytes(FIRST).unwrap(), bytes);
}

/// Reads each golden file of rows, and writes it again at the level of its release.
fn check_rows<T: PartialEq + Debug>(
    (folder, level): (&str, FormatLevel),
    samples: Vec<(&'static str, T)>,
    from_bytes: impl Fn(&[u8]) -> Result<T, StoreError>,
    to_bytes: impl Fn(&T, FormatLevel) -> Result<Vec<u8>, StoreError>,
) -> Vec<Vec<u8>> {
    let check = |(name, value)| {
        let bytes = golden(folder, name);
        assert_eq!(from_bytes(&bytes).unwrap(), value, "{name}");
        let written = to_bytes(&value, level).unwrap();
        assert_eq!(shown(&written), shown(&bytes), "{name}");
        written
    };
    samples.into_iter().map(check).collect()
}

#[test]
fn rows_of_the_first_release_are_read_and_written() {
    let in_folder = |folder| (folder, FIRST);
    let read = |bytes: &[u8]| violation::from_bytes("1", bytes);
    let rows = in_folder("level-1/violation");
    for row in check_rows(rows, samples::violations(), read, violation::to_bytes) {
        first_release::reads::<first_release::Violation>("a violation", &row);
    }
    let read = |bytes: &[u8]| event::from_bytes("1", bytes);
    for row in check_rows(in_folder("level-1/event"), samples::events(), read, event::to_bytes) {
        first_release::reads::<first_release::ViolationEvent>("an event", &row);
    }
    let read = |bytes: &[u8]| alert::from_bytes("1", bytes);
    for row in check_rows(in_folder("level-1/alert"), samples::alerts(), read, alert::to_bytes) {
        first_release::reads::<first_release::Alert>("an alert", &row);
    }
    let read = |bytes: &[u8]| change::from_bytes(1, bytes);
    check_rows(in_folder("level-1/change"), samples::changes(), read, change::to_bytes);
}

#[test]
fn the_second_version_of_an_alert_says_what_it_tells_of() {
    let read = |bytes: &[u8]| alert::from_bytes("1", bytes);
    let rows = ("level-2/alert", NAMED);
    let written = check_rows(rows, samples::alerts(), read, alert::to_bytes);
    assert!(shown(&written[0]).starts_with(r#"{\"v\":2,\"target_arn\":"#));
    let refused = serde_json::from_slice::<first_release::Alert>(&written[0]);
    assert!(refused.is_err(), "the first release would take it for what it is not");
}

#[test]
fn the_third_version_of_an_alert_says_how_severe_it_is() {
    let critical = |(name, mut alert): (&'static str, fleetward_domain::Alert)| {
        let Notification::Violation(event) = &mut alert.notification;
        event.severity = Severity::Critical;
        (name, alert)
    };
    let read = |bytes: &[u8]| alert::from_bytes("1", bytes);
    let rows = ("level-3/alert", FormatLevel::Proven);
    let samples = samples::alerts().into_iter().map(critical).collect();
    check_rows(rows, samples, read, alert::to_bytes);
}

#[test]
fn mutes_are_read_and_written() {
    for (name, value) in samples::mutes() {
        let bytes = golden("level-3/document", name);
        assert_eq!(Mute::from_bytes(value.key(), &bytes).unwrap(), value, "{name}");
        assert_eq!(shown(&value.to_bytes(FormatLevel::Proven).unwrap()), shown(&bytes), "{name}");
    }
}

#[test]
fn a_shape_of_a_version_that_is_not_known_is_told_by_its_number() {
    let check = |bytes: &[u8], expected: &str| {
        let error = alert::from_bytes("1", bytes).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    };
    check(br#"{"target_arn":"t","v":4}"#, "alert \"1\" is written in version 4 of its shape; ");
    check(br#"{"v":0}"#, "alert \"1\" is corrupt: there is no version 0");
    check(br#"{"v":"2"}"#, "alert \"1\" is corrupt: its JSON is not of this shape");
    check(br#"{"v":2,"target_arn":"t"}"#, "alert \"1\" is corrupt: its JSON is not of this shape");
    check(b"{\"v\":2,", "alert \"1\" is corrupt: its JSON ends too early");
    check(b"", "alert \"1\" is corrupt: its JSON ends too early");
}

proptest! {
    #[test]
    fn whatever_is_written_at_the_first_level_is_read_by_the_first_release_and_by_this_one(
        text in any::<String>(),
        attributes in btree_map(any::<String>(), any::<String>(), 0..4),
        times in (any::<i64>(), any::<i64>()),
        count in any::<u64>(),
        ports in vec(any::<u16>(), 0..9),
        quarters in vec(any::<i32>(), 0..4),
    ) {
        let mut thing = samples::things().remove(0).1;
        thing.attributes = attributes;
        (thing.version, thing.created_ms) = times;
        let bytes = thing.to_bytes(FIRST).unwrap();
        first_release::reads::<first_release::Thing>("a thing", &bytes);
        prop_assert_eq!(Thing::from_bytes(thing.key(), &bytes).unwrap(), thing);

        let numbers: Vec<_> = quarters.iter().map(|quarters| f64::from(*quarters) / 4.0).collect();
        let mut violation = samples::violations().remove(0).1;
        violation.verification_description = Some(text);
        (violation.started_ms, violation.last_violation_ms) = times;
        for value in [
            MetricValue::Count(count),
            MetricValue::Ports(ports),
            MetricValue::Number(numbers.first().copied().unwrap_or(0.5)),
            MetricValue::Numbers(numbers),
        ] {
            violation.last_value = value;
            let bytes = violation::to_bytes(&violation, FIRST).unwrap();
            first_release::reads::<first_release::Violation>("a violation", &bytes);
            prop_assert_eq!(&violation::from_bytes("1", &bytes).unwrap(), &violation);
        }
    }

    #[test]
    fn every_profile_and_all_that_holds_a_behavior_is_read_by_the_first_release_and_by_this_one(
        profile in random::profile(),
        behavior in random::behavior(),
        value in random::value(),
    ) {
        let bytes = profile.to_bytes(FIRST).unwrap();
        first_release::reads::<first_release::SecurityProfile>("a profile", &bytes);
        prop_assert_eq!(SecurityProfile::from_bytes(profile.key(), &bytes).unwrap(), profile);

        // These versions do not keep a severity: what is read is that of the metric.
        let severity = Severity::of_metric(behavior.metric.as_ref());
        let mut violation = samples::violations().remove(0).1;
        violation.severity = severity;
        (violation.behavior, violation.last_value) = (behavior.clone(), value.clone());
        let bytes = violation::to_bytes(&violation, FIRST).unwrap();
        first_release::reads::<first_release::Violation>("a violation", &bytes);
        prop_assert_eq!(violation::from_bytes("1", &bytes).unwrap(), violation);

        let mut event = samples::events().remove(0).1;
        event.severity = severity;
        (event.behavior, event.value) = (behavior, Some(value));
        let bytes = event::to_bytes(&event, FIRST).unwrap();
        first_release::reads::<first_release::ViolationEvent>("an event", &bytes);
        prop_assert_eq!(&event::from_bytes("1", &bytes).unwrap(), &event);

        let mut alert = samples::alerts().remove(0).1;
        alert.notification = Notification::Violation(event);
        let bytes = alert::to_bytes(&alert, FIRST).unwrap();
        first_release::reads::<first_release::Alert>("an alert", &bytes);
        prop_assert_eq!(alert::from_bytes("1", &bytes).unwrap(), alert);
    }
}

#[test]
fn a_change_that_a_newer_release_wrote_is_told_as_such() {
    for bytes in [&[0x82, 8, 0x81, 0x61, b'a'][..], &[0x82, 2, 0x82, 0x61, b'a', 1]] {
        let error = change::from_bytes(7, bytes).unwrap_err();
        assert!(matches!(error, StoreError::WrittenNewer { .. }), "{error}");
        let said = error.to_string();
        assert!(said.starts_with("change \"7\" is written in a newer shape ("), "{said}");
        assert!(said.ends_with("start the newer release that wrote it"), "{said}");
    }
    let error = change::from_bytes(7, &[0x82, 2]).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
}
