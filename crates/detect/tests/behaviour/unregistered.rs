//! Things that are not in the registry: kept only while there is something to keep, and bounded.

use crate::scenario::*;
use fleetward_detect::limits::{UNREGISTERED_SWEEP, UNREGISTERED_THINGS};
use fleetward_detect::{Partition, Settings};
use fleetward_domain::security_profile::MetricsExport;
use fleetward_domain::{Behavior, Change, FormatLevel, Target};

/// Things that are judged by this behavior, whose metric is exported, too.
fn exporting(mut behavior: Behavior) -> Scenario {
    behavior.export_metric = Some(true);
    let mut exporting = profile("p", &[behavior]);
    let (mqtt_topic, role_arn) = ("exports".to_owned(), String::new());
    exporting.metrics_export = Some(MetricsExport { mqtt_topic, role_arn });
    let mut s = Scenario::new();
    s.change(0, Change::Profile(exporting, vec![Target::AllThings]));
    s
}

#[test]
fn a_stranger_that_nobody_judges_is_not_kept() {
    let mut s = Scenario::new();
    s.attach("p", &[at_most("b", "aws:num-listening-tcp-ports", 1)], &[Target::RegisteredThings]);
    s.report(1_000, "a", tcp_ports(&[1, 2]));
    s.activity(1_000, "b", false, &[sent(5)]);
    assert_eq!(s.partition.thing_count(), 0);
}

#[test]
fn a_stranger_is_kept_while_it_is_connected() {
    let mut s = Scenario::new();
    s.active(1_000, "a", &[]);
    assert_eq!(s.partition.thing_count(), 1);
    s.attach_at(2_000, "p", &[more_than("b", "aws:num-messages-sent", 0)], &[Target::AllThings]);
    s.tick(11_000);
    s.expect(&[]);
    s.tick(21_000);
    s.expect(&["in-alarm a/p/b@20000 0"]);
    s.attach_at(22_000, "p", &[], &[Target::AllThings]);
    s.gone(23_000, "a");
    s.expect(&["alarm-invalidated a/p/b@22000"]);
    assert_eq!(s.partition.thing_count(), 0);
}

#[test]
fn strangers_are_forgotten_when_no_profile_applies_to_them_any_more() {
    let mut s = Scenario::judged_by(&[at_most("b", "aws:num-listening-tcp-ports", 1)]);
    s.report(1_000, "a", tcp_ports(&[1, 2]));
    s.attach_at(2_000, "p", &[], &[]);
    s.expect(&["in-alarm a/p/b@1000 2", "alarm-invalidated a/p/b@2000"]);
    assert_eq!(s.partition.thing_count(), 0);
}

#[test]
fn a_stranger_is_not_kept_for_the_reports_that_it_owes_nobody() {
    let mut s = exporting(at_most("b", "fleetward:seconds-since-report", 5));
    s.active(1_000, "a", &[]);
    assert_eq!(s.partition.thing_count(), 1);
    s.gone(2_000, "a");
    assert_eq!(s.partition.thing_count(), 0);
}

#[test]
fn a_silent_stranger_is_forgotten() {
    let mut s = Scenario::judged_by(&[at_most("b", "aws:num-listening-tcp-ports", 1)]);
    s.report(1_000, "gone", tcp_ports(&[1]));
    s.active(1_000, "connected", &[]);
    s.report(1_000, "connected", tcp_ports(&[1]));
    s.tick(2 * SETTINGS.silence_ms);
    assert_eq!(s.partition.thing_count(), 1);
}

#[test]
fn at_the_limit_those_that_were_idle_longest_give_way() {
    let mut s = Scenario::judged_by(&[at_most("b", "aws:num-listening-tcp-ports", 1)]);
    s.register(0, "registered", &[]);
    s.active(1, "connected", &[]);
    s.report(2, "connected", tcp_ports(&[1, 2]));
    s.report(3, "violating", tcp_ports(&[1, 2]));
    let limit = UNREGISTERED_THINGS as usize;
    for n in 2..limit {
        s.report(10, &format!("device-{n}"), tcp_ports(&[]));
    }
    assert_eq!(s.partition.thing_count(), limit + 1);
    assert_eq!(s.events().len(), 2);
    s.report(20, "one-more", tcp_ports(&[]));
    let left = limit + 2 - UNREGISTERED_SWEEP;
    assert_eq!(s.partition.thing_count(), left);
    s.expect(&[]);
    s.report(25, "violating", tcp_ports(&[]));
    s.expect(&["alarm-cleared violating/p/b@25 0"]);
    s.report(30, "connected", tcp_ports(&[]));
    s.expect(&["alarm-cleared connected/p/b@30 0"]);
}

#[test]
fn strangers_in_alarm_give_way_to_others_only_when_all_others_are() {
    let settings = Settings { unregistered_things: 4, partitions: 1, ..SETTINGS };
    let mut s = Scenario::new();
    s.partition = Partition::new(settings);
    let behavior = at_most("b", "aws:num-listening-tcp-ports", 1);
    s.attach("p", &[behavior], &[Target::AllThings]);
    s.report(1, "first", tcp_ports(&[1, 2]));
    for n in 2..1_000 {
        s.report(n, &format!("made-up-{n}"), tcp_ports(&[]));
    }
    s.expect(&["in-alarm first/p/b@1 2"]);
    for name in ["second", "third", "fourth", "fifth"] {
        s.report(1_000, name, tcp_ports(&[1, 2]));
    }
    let said = s.events();
    assert!(said.iter().any(|event| event.starts_with("alarm-invalidated first/p/b")), "{said:?}");
}

#[test]
fn each_partition_keeps_its_share_of_the_total() {
    for (total, partitions, share) in [(1_000, 4, 250), (100, 256, 1), (0, 1, 1)] {
        let settings = Settings { unregistered_things: total, partitions, ..SETTINGS };
        let mut s = Scenario::new();
        s.partition = Partition::new(settings);
        let behavior = at_most("b", "aws:num-listening-tcp-ports", 1);
        s.attach("p", &[behavior], &[Target::AllThings]);
        for n in 0..2_000 {
            s.report(n, &format!("device-{n}"), tcp_ports(&[]));
            assert!(s.partition.thing_count() <= share, "of {total} in {partitions}");
        }
        let kept = s.partition.thing_count();
        assert!(kept > share * 9 / 10, "{kept} are left of {share}: too many gave way at once");
    }
}

#[test]
fn a_name_that_is_none_is_ignored() {
    let mut s = Scenario::judged_by(&[at_most("b", "aws:num-listening-tcp-ports", 1)]);
    for name in ["", "a\n", &"x".repeat(129)] {
        s.partition.apply_report(name, 1_000, &tcp_ports(&[1, 2]), &mut s.effects);
    }
    assert_eq!(s.partition.thing_count(), 0);
}

#[test]
fn a_stranger_counts_for_each_profile_from_that_ones_begin() {
    let mut s = Scenario::new();
    let behavior = || at_most("b", "aws:num-messages-sent", 5);
    s.attach_at(2_000, "q", &[behavior()], &[Target::AllThings]);
    s.attach_at(3_000, "r", &[behavior()], &[Target::AllThings]);
    // Logged late: it was counted when `q` had begun, and `r` had not.
    s.active(2_500, "stranger", &[sent(4)]);
    s.active(4_000, "stranger", &[sent(4)]);
    s.expect(&["in-alarm stranger/q/b@3999 8"]);
    s.tick(20_000);
    s.tick(30_000);
    s.expect(&["alarm-cleared stranger/q/b@20000 0"]);
}

#[test]
fn what_a_stranger_did_before_a_profile_began_counts_nowhere_after_a_restart_either() {
    for is_stored in [false, true] {
        let mut s = Scenario::new();
        let behavior = at_most("b", "aws:num-messages-sent", 5);
        s.attach_at(3_000, "p", &[behavior], &[Target::UnregisteredThings]);
        // Nobody is there whose state could say when it began.
        if is_stored {
            let chunks = s.partition.take_dirty(FormatLevel::Proven).unwrap();
            let chunks = chunks.iter().map(|(number, bytes)| (*number, &bytes[..]));
            s.partition = Partition::load(SETTINGS, chunks).unwrap();
        }
        s.active(2_500, "stranger", &[sent(9)]);
        s.expect(&[]);
        s.active(4_000, "stranger", &[sent(9)]);
        s.expect(&["in-alarm stranger/p/b@3999 9"]);
    }
}

#[test]
fn who_leaves_the_registry_unheard_of_is_no_stranger() {
    let mut s = Scenario::judged_by(&[at_most("b", "aws:num-listening-tcp-ports", 1)]);
    s.register(0, "silent", &[]);
    s.register(0, "heard", &[]);
    s.report(1_000, "heard", tcp_ports(&[1]));
    s.set_thing(2_000, "silent", false, &[]);
    s.set_thing(2_000, "heard", false, &[]);
    assert_eq!(s.partition.thing_count(), 1);
    s.report(3_000, "silent", tcp_ports(&[1, 2]));
    s.expect(&["in-alarm silent/p/b@3000 2"]);
}

#[test]
fn what_a_stranger_did_just_before_its_first_report_counts_in_a_window_that_is_not_whole() {
    let sends = [at_most("many", "aws:num-messages-sent", 50)];
    let ports = [at_most("b", "aws:num-listening-tcp-ports", 1)];
    let behaviors = [&sends[..], &ports[..]].concat();
    let mut s = Scenario::judged_by(&behaviors);
    // One flush of the front door: CONNECT, the report, and then a flood.
    s.report(1_050, "a", tcp_ports(&[]));
    s.stretch(1_010, 1_100, "a", &[sent(100)]);
    s.expect(&["in-alarm a/p/many@1099 100"]);
    s.report(1_050, "b", tcp_ports(&[]));
    s.stretch(1_010, 1_100, "b", &[sent(10)]);
    s.tick(10_000);
    s.expect(&[]);
}

#[test]
fn what_is_exported_beside_changes_nothing_of_what_counts_before_a_first_report() {
    // The exported windows are of one period, which begins when the stretch does.
    let mut s = exporting(at_most("many", "aws:num-messages-sent", 50));
    s.report(1_050, "a", tcp_ports(&[]));
    s.stretch(1_000, 1_100, "a", &[sent(100)]);
    s.expect(&["in-alarm a/p/many@1099 100"]);
}
