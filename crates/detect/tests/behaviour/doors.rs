//! Front doors: through which of them a thing is connected.

use crate::scenario::*;
use fleetward_domain::Record;

fn started(door: &str, boot: u64, at_ms: i64) -> Record {
    Record::DoorStarted { door: door.to_owned(), boot, at_ms }
}

fn connected(door: &str, boot: u64, seq: u64, until_ms: i64) -> Record {
    Record::Activity(activity(door, boot, seq, until_ms, "a", true, &[sent(1)]))
}

fn gone(door: &str, boot: u64, seq: u64, until_ms: i64) -> Record {
    Record::Activity(activity(door, boot, seq, until_ms, "a", false, &[]))
}

fn scenario() -> Scenario {
    Scenario::with_two(&[more_than("b", "aws:num-messages-sent", 0)])
}

#[test]
fn nothing_is_connected_through_a_door_that_started_again() {
    let mut s = scenario();
    s.apply(&started("d", 1, 0));
    s.apply(&connected("d", 1, 1, 1_000));
    s.apply(&started("d", 2, 5_000));
    s.tick(60_000);
    s.expect(&[]);
}

#[test]
fn what_was_not_flushed_before_a_restart_was_not_counted() {
    let mut s = scenario();
    s.apply(&connected("d", 1, 1, 1_000));
    s.tick(20_000);
    s.expect(&["in-alarm a/p/b@20000 0"]);
    s.tick(35_000);
    assert_eq!(s.effects.violations.len(), 1, "of the window up to 30000");
    s.effects.clear();
    s.apply(&started("d", 2, 600_000));
    s.tick(601_000);
    assert!(s.effects.is_empty(), "{:?}", s.effects);
}

#[test]
fn a_thing_that_is_connected_through_another_door_stays_connected() {
    let mut s = scenario();
    s.apply(&connected("d", 1, 1, 1_000));
    s.apply(&connected("e", 1, 1, 1_500));
    s.apply(&gone("d", 1, 2, 2_000));
    s.tick(11_000);
    s.expect(&[]);
    s.apply(&started("d", 2, 12_000));
    s.tick(21_000);
    s.expect(&[]);
    s.tick(31_000);
    s.expect(&["in-alarm a/p/b@30000 0"]);
    s.apply(&gone("e", 1, 2, 32_000));
    s.apply(&connected("d", 2, 1, 33_000));
    s.tick(41_000);
    s.expect(&["alarm-cleared a/p/b@40000 1"]);
}

#[test]
fn a_start_that_is_seen_twice_is_one() {
    let mut s = scenario();
    s.apply(&started("d", 2, 0));
    s.apply(&connected("d", 2, 1, 1_000));
    s.apply(&started("d", 2, 2_000));
    s.apply(&started("d", 1, 3_000));
    s.tick(21_000);
    s.expect(&["in-alarm a/p/b@20000 0"]);
}

#[test]
fn a_start_that_nobody_announced_is_one_too() {
    let mut s = scenario();
    s.apply(&connected("d", 1, 9, 1_000));
    let other = activity("d", 2, 1, 2_000, "b", true, &[sent(1)]);
    s.apply(&Record::Activity(other));
    s.tick(21_000);
    s.expect(&["in-alarm b/p/b@20000 0"]);
}

fn watermark(door: &str, boot: u64, until_ms: i64) -> Record {
    Record::Watermark { door: door.to_owned(), boot, until_ms }
}

fn door_gone(door: &str, boot: u64, until_ms: i64) -> Record {
    Record::DoorGone { door: door.to_owned(), boot, until_ms }
}

/// Front doors `d` and `e`, with `a` connected through the one and `b` through the other; `d` said
/// last that it had logged all until 5000.
fn one_of_two_is_gone() -> Scenario {
    let chatty = at_most("chatty", "aws:num-messages-sent", 3);
    let mut s = Scenario::with_two(&[more_than("b", "aws:num-messages-sent", 0), chatty]);
    s.apply(&started("d", 1, 0));
    s.apply(&started("e", 1, 0));
    s.apply(&connected("d", 1, 1, 1));
    s.apply(&Record::Activity(activity("e", 1, 1, 1, "b", true, &[])));
    s.apply(&watermark("d", 1, 5_000));
    s.apply(&watermark("e", 1, 40_000));
    s.expect(&[]);
    s.apply(&door_gone("d", 1, 38_000));
    s
}

#[test]
fn the_line_does_not_wait_for_a_door_that_is_gone_and_its_windows_are_not_whole() {
    let mut s = one_of_two_is_gone();
    // All windows until then may lack what it counted, and nobody is called silent for it.
    s.expect(&[]);
    s.apply(&watermark("e", 1, 50_000));
    s.expect(&["in-alarm b/p/b@50000 0"]);
    // What was connected through it is so no more.
    s.apply(&watermark("e", 1, 70_000));
    s.expect(&[]);
}

#[test]
fn what_a_door_that_is_gone_says_later_counts_nowhere_until_it_starts_again() {
    let mut s = one_of_two_is_gone();
    s.apply(&Record::Activity(activity("d", 1, 2, 41_000, "a", true, &[sent(9)])));
    s.apply(&watermark("d", 1, 41_000));
    s.apply(&Record::ClockSet { door: "d".to_owned(), boot: 1, from_ms: 41_000, to_ms: 1_000 });
    s.apply(&door_gone("d", 1, 42_000));
    s.apply(&watermark("e", 1, 50_000));
    s.expect(&["in-alarm b/p/b@50000 0"]);
    s.apply(&started("d", 2, 51_000));
    s.apply(&Record::Activity(activity("d", 2, 1, 52_000, "a", true, &[sent(9)])));
    s.expect(&["in-alarm a/p/chatty@51999 9"]);
    // And the line waits for it again.
    s.apply(&watermark("e", 1, 70_000));
    assert!(s.effects.violations.is_empty(), "{:?}", s.effects);
    s.apply(&watermark("d", 2, 60_000));
    let went_on: Vec<i64> = s.effects.violations.iter().map(|it| it.last_violation_ms).collect();
    assert_eq!(went_on, [60_000], "b, in the window up to then");
}

#[test]
fn a_late_word_of_one_door_does_not_date_back_what_another_said_in_the_open_window() {
    let mut s = Scenario::judged_by(&[more_than("low", "aws:num-messages-sent", 0)]);
    s.apply(&started("d", 1, 0));
    s.apply(&watermark("d", 1, 20_000));
    // Connected in the window, not from its begin; then one that started late tells of before.
    s.apply(&Record::Activity(activity("d", 1, 1, 20_001, "a", true, &[])));
    s.apply(&started("e", 1, 13_000));
    s.apply(&Record::Activity(activity("e", 1, 1, 14_000, "a", false, &[])));
    s.apply(&watermark("d", 1, 30_000));
    s.apply(&watermark("e", 1, 30_000));
    s.expect(&[]);
    s.apply(&watermark("d", 1, 40_000));
    s.apply(&watermark("e", 1, 40_000));
    s.expect(&["in-alarm a/p/low@40000 0"]);
}
