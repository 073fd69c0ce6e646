//! Violations that nobody can tell of any more.

use crate::scenario::*;
use fleetward_domain::{Behavior, Change, Target};

const ALL: [Target; 1] = [Target::AllThings];

fn one() -> Behavior {
    at_most("one", "aws:num-listening-tcp-ports", 1)
}

fn two() -> Behavior {
    at_most("two", "aws:num-listening-tcp-ports", 2)
}

/// `one` and `two` of profile `p` are in alarm, at 1000.
fn in_alarm() -> Scenario {
    let mut s = Scenario::judged_by(&[one(), two()]);
    s.report(1_000, "a", tcp_ports(&[1, 2, 3]));
    s.expect(&["in-alarm a/p/one@1000 3", "in-alarm a/p/two@1000 3"]);
    s
}

#[test]
fn a_changed_behavior_is_invalidated_and_the_others_go_on() {
    let mut s = in_alarm();
    let changed = at_most("one", "aws:num-listening-tcp-ports", 9);
    s.attach_at(2_000, "p", &[changed, two()], &ALL);
    assert_eq!(s.effects.closed.len(), 1);
    assert_eq!(s.effects.alerts.len(), 1, "an invalidation is told as well");
    s.expect(&["alarm-invalidated a/p/one@2000"]);
    s.report(3_000, "a", tcp_ports(&[1]));
    s.expect(&["alarm-cleared a/p/two@3000 1"]);
}

#[test]
fn a_removed_behavior_is_invalidated() {
    let mut s = in_alarm();
    s.attach_at(2_000, "p", &[two()], &ALL);
    s.expect(&["alarm-invalidated a/p/one@2000"]);
    s.report(3_000, "a", tcp_ports(&[1, 2, 3]));
    assert_eq!(s.effects.violations.len(), 1);
    assert_eq!(s.effects.violations[0].behavior, two());
}

#[test]
fn behaviors_in_another_order_or_among_new_ones_are_the_same() {
    let mut s = in_alarm();
    let zero = at_most("zero", "aws:num-listening-tcp-ports", 0);
    s.attach_at(2_000, "p", &[two(), zero, one()], &ALL);
    assert!(s.effects.is_empty());
    s.report(3_000, "a", tcp_ports(&[1]));
    s.expect(&[
        "alarm-cleared a/p/two@3000 1",
        "in-alarm a/p/zero@3000 1",
        "alarm-cleared a/p/one@3000 1",
    ]);
}

#[test]
fn muting_a_behavior_in_alarm_does_not_ring() {
    let mut s = Scenario::judged_by(&[one(), two()]);
    s.report(1_000, "a", tcp_ports(&[1, 2, 3]));
    let id = s.effects.violations[0].id.clone();
    s.expect(&["in-alarm a/p/one@1000 3", "in-alarm a/p/two@1000 3"]);
    let mut suppressed = one();
    suppressed.suppress_alerts = true;
    s.attach_at(2_000, "p", &[suppressed.clone(), two()], &ALL);
    assert!(s.effects.is_empty(), "{:?}", s.effects);
    // Its end is an event of the same violation, and nobody is alerted.
    s.report(3_000, "a", tcp_ports(&[1]));
    assert_eq!(s.effects.closed[0], id);
    assert_eq!(s.effects.alerts.len(), 1, "of the other behavior");
    s.expect(&["alarm-cleared a/p/one@3000 1", "alarm-cleared a/p/two@3000 1"]);
    // And back: the next alarm is told.
    s.attach_at(4_000, "p", &[one(), two()], &ALL);
    s.report(5_000, "a", tcp_ports(&[1, 2]));
    assert_eq!(s.effects.alerts.len(), 1);
    s.expect(&["in-alarm a/p/one@5000 2"]);
}

#[test]
fn what_decides_no_verdict_ends_no_violation() {
    let mut s = in_alarm();
    let mut exported = one();
    exported.export_metric = Some(true);
    let mut changed = profile("p", &[exported, two(), at_most("new", "aws:all-bytes-out", 1)]);
    changed.alert_targets[0].arn = "arn:new".to_owned();
    changed.description = Some("other words".to_owned());
    s.change(2_000, Change::Profile(changed, ALL.to_vec()));
    assert!(s.effects.is_empty(), "{:?}", s.effects);
    s.report(3_000, "a", tcp_ports(&[1]));
    assert_eq!(s.effects.alerts[0].target_arn, "arn:new", "by the profile as it is now");
    s.expect(&["alarm-cleared a/p/one@3000 1", "alarm-cleared a/p/two@3000 1"]);
}

#[test]
fn another_metric_or_criteria_make_another_behavior() {
    for changed in [
        at_most("one", "aws:num-listening-udp-ports", 1),
        more_than("one", "aws:num-listening-tcp-ports", 1),
        after(one(), 2, 1),
        after(one(), 1, 2),
    ] {
        let mut s = in_alarm();
        s.attach_at(2_000, "p", &[changed, two()], &ALL);
        s.expect(&["alarm-invalidated a/p/one@2000"]);
    }
}

#[test]
fn datapoints_in_a_row_survive_a_change_of_something_else() {
    let mut s = Scenario::judged_by(&[after(one(), 2, 1)]);
    s.report(1_000, "a", tcp_ports(&[1, 2]));
    s.attach_at(2_000, "p", &[after(one(), 2, 1), two()], &ALL);
    s.attach_at(2_000, "other", &[two()], &ALL);
    s.report(3_000, "a", tcp_ports(&[1, 2]));
    s.expect(&["in-alarm a/p/one@3000 2"]);
}

#[test]
fn a_detached_or_deleted_profile_invalidates() {
    let both = ["alarm-invalidated a/p/one@2000", "alarm-invalidated a/p/two@2000"];
    let mut s = in_alarm();
    s.attach_at(2_000, "p", &[one(), two()], &[]);
    s.expect(&both);
    let mut s = in_alarm();
    s.change(2_000, Change::ProfileDeleted("p".to_owned().try_into().unwrap()));
    s.expect(&both);
    s.report(3_000, "a", tcp_ports(&[1, 2, 3]));
    assert!(s.effects.is_empty());
}

#[test]
fn a_profile_attached_again_begins_anew() {
    let mut s = in_alarm();
    s.attach_at(2_000, "p", &[one(), two()], &[]);
    s.attach_at(3_000, "p", &[after(one(), 2, 1)], &ALL);
    s.events();
    s.report(4_000, "a", tcp_ports(&[1, 2]));
    s.expect(&[]);
}

#[test]
fn a_thing_that_leaves_the_group_is_not_judged_any_more() {
    let mut s = Scenario::new();
    let group = Target::Group("lights".to_owned().try_into().unwrap());
    s.attach("p", &[one()], &[group]);
    s.register(0, "a", &["lights", "house"]);
    s.report(1_000, "a", tcp_ports(&[1, 2]));
    s.register(2_000, "a", &["house"]);
    s.expect(&["in-alarm a/p/one@1000 2", "alarm-invalidated a/p/one@2000"]);
    s.register(3_000, "a", &["lights"]);
    s.report(4_000, "a", tcp_ports(&[1, 2]));
    s.expect(&["in-alarm a/p/one@4000 2"]);
}

#[test]
fn a_thing_that_is_registered_leaves_the_unregistered_ones() {
    let mut s = Scenario::new();
    s.attach("everybody", &[one()], &ALL);
    s.attach("strangers", &[one()], &[Target::UnregisteredThings]);
    s.report(1_000, "a", tcp_ports(&[1, 2]));
    s.register(2_000, "a", &[]);
    s.expect(&[
        "in-alarm a/everybody/one@1000 2",
        "in-alarm a/strangers/one@1000 2",
        "alarm-invalidated a/strangers/one@2000",
    ]);
    s.set_thing(3_000, "a", false, &[]);
    s.report(4_000, "a", tcp_ports(&[1]));
    s.expect(&["alarm-cleared a/everybody/one@4000 1"]);
}

#[test]
fn a_thing_that_is_deleted_and_not_judged_as_a_stranger_is_forgotten() {
    let mut s = Scenario::new();
    s.attach("p", &[one()], &[Target::RegisteredThings]);
    s.register(0, "a", &[]);
    s.report(1_000, "a", tcp_ports(&[1, 2]));
    s.set_thing(2_000, "a", false, &[]);
    s.expect(&["in-alarm a/p/one@1000 2", "alarm-invalidated a/p/one@2000"]);
    assert_eq!(s.partition.thing_count(), 0);
}
