//! How severe a violation is.

use crate::scenario::*;
use fleetward_domain::{Change, SecurityProfile, Severity, Target};

fn tagged(tags: &[(&str, &str)]) -> SecurityProfile {
    let behaviors = [
        at_most("ports", "aws:num-listening-tcp-ports", 1),
        at_most("out", "aws:all-bytes-out", 1),
    ];
    let mut profile = profile("p", &behaviors);
    profile.tags = tags.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
    profile
}

fn put(s: &mut Scenario, tags: &[(&str, &str)]) {
    s.change(0, Change::Profile(tagged(tags), vec![Target::AllThings]));
}

#[test]
fn a_violation_is_as_severe_as_the_tags_of_its_profile_say_when_it_opens() {
    let mut s = Scenario::new();
    put(&mut s, &[("fleetward:severity", "LOW"), ("fleetward:severity:ports", "CRITICAL")]);
    s.report(1_000, "a", tcp_ports(&[1, 2]));
    s.report(1_000, "a", bytes_out(7));
    let told: Vec<Severity> = s.effects.violations.iter().map(|open| open.severity).collect();
    assert_eq!(told, [Severity::Critical, Severity::Low]);
    let told: Vec<Severity> = s.effects.events.iter().map(|event| event.severity).collect();
    assert_eq!(told, [Severity::Critical, Severity::Low]);
}

#[test]
fn other_tags_end_nothing_and_count_for_what_opens_from_then_on() {
    let mut s = Scenario::new();
    put(&mut s, &[]);
    s.report(1_000, "a", tcp_ports(&[1, 2]));
    s.effects.clear();
    put(&mut s, &[("fleetward:severity", "CRITICAL")]);
    assert!(s.effects.is_empty(), "{:?}", s.effects);
    s.report(2_000, "a", tcp_ports(&[1, 2, 3]));
    s.report(2_000, "b", tcp_ports(&[1, 2]));
    s.report(3_000, "a", tcp_ports(&[1]));
    let told: Vec<Severity> = s.effects.violations.iter().map(|open| open.severity).collect();
    assert_eq!(told, [Severity::Medium, Severity::Critical], "that of a was copied");
    assert_eq!(s.effects.events[1].severity, Severity::Medium);
}

#[test]
fn what_is_open_keeps_its_severity_through_a_restart() {
    let mut s = Scenario::new();
    put(&mut s, &[]);
    s.report(1_000, "a", tcp_ports(&[1, 2]));
    put(&mut s, &[("fleetward:severity", "CRITICAL")]);
    let chunks = s.partition.take_dirty(fleetward_domain::FormatLevel::Proven).unwrap();
    let chunks = chunks.iter().map(|(number, bytes)| (*number, &bytes[..]));
    s.partition = fleetward_detect::Partition::load(SETTINGS, chunks).unwrap();
    s.effects.clear();
    s.report(2_000, "a", tcp_ports(&[1, 2, 3]));
    assert_eq!(s.effects.violations[0].severity, Severity::Medium);
}
