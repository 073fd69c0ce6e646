//! What front doors count: sums in which zero is a value, for every thing that was there.

use crate::scenario::*;
use fleetward_domain::{Activity, Count, Metric, Record, Target};

const SENT: &str = "aws:num-messages-sent";

#[test]
fn a_connected_thing_that_says_nothing_fails_a_lower_bound_in_every_window() {
    let mut s = Scenario::with_two(&[after(more_than("b", SENT, 0), 3, 1)]);
    s.active(500, "a", &[]);
    s.tick(11_000);
    s.tick(21_000);
    s.expect(&[]);
    s.tick(31_000);
    // It was not connected when the first one began.
    s.expect(&[]);
    s.tick(41_000);
    s.expect(&["in-alarm a/p/b@40000 0"]);
    s.active(45_000, "a", &[sent(1)]);
    s.tick(51_000);
    s.expect(&["alarm-cleared a/p/b@50000 1"]);
}

#[test]
fn a_thing_that_is_away_for_the_whole_window_gives_no_datapoint() {
    let mut s = Scenario::with_two(&[more_than("b", SENT, 0)]);
    s.active(500, "a", &[sent(1)]);
    s.gone(9_000, "a");
    s.tick(11_000);
    s.tick(100_000);
    s.expect(&[]);
}

#[test]
fn a_window_in_which_a_thing_went_is_judged() {
    let mut s = Scenario::with_two(&[more_than("b", SENT, 0)]);
    s.active(500, "a", &[sent(1)]);
    s.gone(12_000, "a");
    s.tick(100_000);
    s.expect(&["in-alarm a/p/b@20000 0"]);
}

#[test]
fn a_report_shows_that_a_thing_was_there() {
    let mut s = Scenario::with_two(&[at_most("b", SENT, 5), more_than("low", SENT, 0)]);
    s.active(5_000, "a", &[sent(6)]);
    s.gone(6_000, "a");
    s.expect(&["in-alarm a/p/b@4999 6"]);
    s.report(15_000, "a", tcp_ports(&[]));
    s.tick(60_000);
    // Of too little it says nothing: it was not connected when the window began.
    s.expect(&["alarm-cleared a/p/b@20000 0"]);
}

#[test]
fn messages_past_the_bound_alarm_at_once() {
    let mut s = Scenario::with_two(&[at_most("b", SENT, 10)]);
    s.active(1_000, "a", &[sent(6)]);
    s.active(1_200, "a", &[sent(6)]);
    s.expect(&["in-alarm a/p/b@1199 12"]);
}

#[test]
fn a_stretch_counts_for_the_window_before_its_end() {
    let mut s = Scenario::with_two(&[at_most("b", SENT, 10)]);
    s.active(10_000, "a", &[sent(6)]);
    s.active(10_001, "a", &[sent(6)]);
    s.expect(&[]);
    s.tick(10_000);
    s.active(20_000, "a", &[sent(6)]);
    s.expect(&["in-alarm a/p/b@19999 12"]);
}

#[test]
fn every_counter_of_a_front_door_can_be_judged() {
    let metrics = [
        ("aws:num-messages-sent", Metric::MessagesSent),
        ("aws:num-messages-received", Metric::MessagesReceived),
        ("aws:num-authorization-failures", Metric::AuthorizationFailures),
        ("aws:num-connection-attempts", Metric::ConnectionAttempts),
        ("aws:num-disconnects", Metric::Disconnects),
    ];
    for (name, metric) in metrics {
        let mut s = Scenario::with_two(&[at_most("b", name, 1)]);
        let others = Count { metric: Metric::MessageByteSize, dimension: None, value: 50 };
        let count = Count { metric, dimension: None, value: 2 };
        s.active(1_000, "a", &[others, count]);
        s.expect(&["in-alarm a/p/b@999 2"]);
    }
}

#[test]
fn windows_missed_for_want_of_ticks_are_made_up_for_while_connected() {
    let mut s = Scenario::with_two(&[after(more_than("b", SENT, 0), 10, 1)]);
    s.active(500, "a", &[sent(1)]);
    s.tick(1_000_000);
    let events = s.events();
    assert_eq!(events, ["in-alarm a/p/b@460000 0"], "64 windows before the last that ended");
}

#[test]
fn a_behavior_that_begins_within_a_window_does_not_conclude_it() {
    let mut s = Scenario::new();
    s.register(0, "a", &[]);
    s.active(1_000, "a", &[sent(50)]);
    s.attach_at(
        5_000,
        "p",
        &[more_than("low", SENT, 10), at_most("high", SENT, 20)],
        &[fleetward_domain::Target::AllThings],
    );
    s.active(9_000, "a", &[sent(2)]);
    s.tick(11_000);
    s.expect(&[]);
    s.active(12_000, "a", &[sent(2)]);
    s.tick(21_000);
    s.expect(&["in-alarm a/p/low@20000 2"]);
}

#[test]
fn a_behavior_that_begins_within_a_window_still_sees_too_much() {
    let mut s = Scenario::new();
    s.register(0, "a", &[]);
    s.active(1_000, "a", &[]);
    let targets = [fleetward_domain::Target::AllThings];
    s.attach_at(5_000, "p", &[at_most("b", SENT, 20)], &targets);
    s.active(9_000, "a", &[sent(21)]);
    s.expect(&["in-alarm a/p/b@8999 21"]);
}

#[test]
fn a_thing_that_connects_within_a_window_is_not_judged_for_too_little_in_it() {
    let mut s = Scenario::with_two(&[more_than("b", SENT, 0)]);
    s.active(5_000, "a", &[]);
    s.tick(11_000);
    s.expect(&[]);
    s.tick(21_000);
    s.expect(&["in-alarm a/p/b@20000 0"]);
}

/// Counted from a time on, and handed in at once.
fn stretch(s: &mut Scenario, (since_ms, until_ms): (i64, i64), seq: u64, value: u64) {
    let counted = activity("d", 1, seq, until_ms, "a", true, &[sent(value)]);
    s.apply(&Record::Activity(Activity { since_ms: Some(since_ms), ..counted }));
}

#[test]
fn what_was_counted_before_a_profile_was_attached_never_counts_within_one_flush_either() {
    let mut s = Scenario::new();
    s.register(0, "a", &[]);
    stretch(&mut s, (900, 1_000), 1, 1);
    let behaviors = [at_most("high", SENT, 20), more_than("low", SENT, 100)];
    s.attach_at(5_000, "p", &behaviors, &[Target::AllThings]);
    // Fifty messages, the attach, and one message more.
    stretch(&mut s, (4_900, 5_100), 2, 51);
    s.expect(&[]);
    // What comes after it does, in a window that is not whole.
    stretch(&mut s, (5_200, 5_300), 3, 20);
    s.tick(10_000);
    s.expect(&[]);
    stretch(&mut s, (10_000, 10_400), 4, 50);
    s.expect(&["in-alarm a/p/high@10399 50"]);
    s.tick(20_000);
    s.expect(&["in-alarm a/p/low@20000 50"]);
}

#[test]
fn what_waits_for_the_line_counts_for_nobody_who_began_in_its_midst() {
    let mut s = Scenario::with_two(&[at_most("old", SENT, 20)]);
    s.active(500, "a", &[]);
    s.attach_at(15_000, "q", &[at_most("new", SENT, 20)], &[Target::AllThings]);
    stretch(&mut s, (14_900, 15_100), 2, 51);
    stretch(&mut s, (15_200, 15_300), 3, 10);
    s.expect(&[]);
    s.tick(10_000);
    s.expect(&["in-alarm a/p/old@15299 61"]);
    s.tick(20_000);
    stretch(&mut s, (20_000, 20_100), 4, 21);
    s.expect(&["in-alarm a/q/new@20099 21"]);
}

#[test]
fn of_a_stranger_the_first_stretch_counts_from_its_begin() {
    let mut s = Scenario::judged_by(&[at_most("b", SENT, 20)]);
    stretch(&mut s, (1_000, 1_400), 1, 21);
    s.expect(&["in-alarm a/p/b@1399 21"]);
}
