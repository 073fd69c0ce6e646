//! Who a profile applies to.

use crate::scenario::*;
use fleetward_domain::{Behavior, Target};

fn rule() -> Behavior {
    at_most("b", "aws:num-listening-tcp-ports", 0)
}

fn group(name: &str) -> Target {
    Target::Group(name.to_owned().try_into().unwrap())
}

/// Which of a stranger, a registered thing, and one in groups `lights` and `house` are judged.
fn judged(targets: &[Target]) -> Vec<String> {
    let mut s = Scenario::new();
    s.attach("p", &[rule()], targets);
    s.register(0, "registered", &[]);
    s.register(0, "grouped", &["lights", "house"]);
    for thing in ["stranger", "registered", "grouped"] {
        s.report(1_000, thing, tcp_ports(&[1]));
    }
    s.effects.events.iter().map(|event| event.thing.to_string()).collect()
}

#[test]
fn targets_mean_what_they_say() {
    assert_eq!(judged(&[Target::AllThings]), ["stranger", "registered", "grouped"]);
    assert_eq!(judged(&[Target::RegisteredThings]), ["registered", "grouped"]);
    assert_eq!(judged(&[Target::UnregisteredThings]), ["stranger"]);
    assert_eq!(judged(&[group("lights")]), ["grouped"]);
    assert_eq!(judged(&[group("house")]), ["grouped"], "a group above counts");
    assert_eq!(judged(&[group("garden")]), [""; 0]);
    assert_eq!(judged(&[]), [""; 0]);
}

#[test]
fn several_targets_judge_a_thing_once() {
    let targets = [Target::AllThings, Target::RegisteredThings, group("lights"), group("house")];
    assert_eq!(judged(&targets), ["stranger", "registered", "grouped"]);
}

#[test]
fn two_profiles_judge_a_thing_twice() {
    let mut s = Scenario::new();
    s.attach("q", &[rule()], &[Target::AllThings]);
    s.attach("p", &[rule()], &[Target::AllThings]);
    s.report(1_000, "a", tcp_ports(&[1]));
    s.expect(&["in-alarm a/p/b@1000 1", "in-alarm a/q/b@1000 1"]);
}

#[test]
fn attaching_takes_effect_for_things_that_are_there() {
    let mut s = Scenario::new();
    s.register(0, "a", &["lights"]);
    s.report(1_000, "a", tcp_ports(&[1]));
    s.attach_at(2_000, "p", &[rule()], &[group("lights")]);
    s.expect(&[]);
    s.report(3_000, "a", tcp_ports(&[1]));
    s.expect(&["in-alarm a/p/b@3000 1"]);
}

#[test]
fn a_thing_that_joins_a_group_is_judged_from_then_on() {
    let mut s = Scenario::new();
    s.attach("p", &[rule()], &[group("lights")]);
    s.register(0, "a", &[]);
    s.report(1_000, "a", tcp_ports(&[1]));
    s.register(2_000, "a", &["lights"]);
    s.report(3_000, "a", tcp_ports(&[1]));
    s.expect(&["in-alarm a/p/b@3000 1"]);
}

#[test]
fn a_group_that_is_deleted_is_left_by_all_at_once() {
    let mut s = Scenario::new();
    let group = |name: &str| Target::Group(name.to_owned().try_into().unwrap());
    s.attach("p", &[at_most("b", "aws:num-listening-tcp-ports", 1)], &[group("lights")]);
    s.attach("q", &[at_most("b", "aws:num-listening-tcp-ports", 1)], &[group("house")]);
    for name in ["a", "b"] {
        s.register(0, name, &["lights", "house"]);
    }
    s.report(1_000, "a", tcp_ports(&[1, 2]));
    s.report(1_000, "b", tcp_ports(&[1, 2]));
    s.events();
    s.change(2_000, group_deleted("lights", &[]));
    s.expect(&["alarm-invalidated a/p/b@2000", "alarm-invalidated b/p/b@2000"]);
    s.report(3_000, "a", tcp_ports(&[1]));
    s.expect(&["alarm-cleared a/q/b@3000 1"]);
}

/// Groups `hall` and `attic` are in `house`; a thing that is in one of them is in `house`, too.
#[test]
fn a_group_that_is_deleted_takes_its_things_out_of_the_groups_above_it() {
    let mut s = Scenario::new();
    let group = |name: &str| Target::Group(name.to_owned().try_into().unwrap());
    for (profile, target) in [("p", "house"), ("q", "owned")] {
        s.attach(profile, &[at_most("b", "aws:num-listening-tcp-ports", 1)], &[group(target)]);
    }
    s.register(0, "lamp", &["hall", "house", "owned"]);
    s.register(0, "fan", &["attic", "house"]);
    for name in ["lamp", "fan"] {
        s.report(1_000, name, tcp_ports(&[1, 2]));
    }
    s.events();
    s.change(2_000, group_deleted("hall", &["house"]));
    s.expect(&["alarm-invalidated lamp/p/b@2000"]);
    s.report(3_000, "lamp", tcp_ports(&[1, 2, 3]));
    s.report(3_000, "fan", tcp_ports(&[1]));
    s.report(4_000, "lamp", tcp_ports(&[1]));
    s.expect(&["alarm-cleared fan/p/b@3000 1", "alarm-cleared lamp/q/b@4000 1"]);
}
