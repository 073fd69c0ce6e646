//! The line up to which everything was counted, after times in which nobody waited for it.

use crate::scenario::*;
use fleetward_domain::{Behavior, ComparisonOperator as Op, MetricValue, Record, Target};

const HOUR_MS: i64 = 3_600_000;

fn started(at_ms: i64) -> Record {
    Record::DoorStarted { door: "d".to_owned(), boot: 1, at_ms }
}

fn watermark(until_ms: i64) -> Record {
    Record::Watermark { door: "d".to_owned(), boot: 1, until_ms }
}

fn out() -> Behavior {
    at_most("out", "aws:all-bytes-out", 10)
}

#[test]
fn the_line_follows_a_door_though_nobody_waited_for_longer_than_a_day() {
    let mut s = Scenario::new();
    s.apply(&started(0));
    s.register(0, "a", &[]);
    s.active(1_000, "a", &[]);
    assert_eq!(s.partition.next_deadline_ms(), None, "nobody waits");
    s.attach_at(30 * HOUR_MS, "p", &[out()], &[Target::AllThings]);
    s.apply(&watermark(30 * HOUR_MS));
    assert_eq!(s.partition.next_deadline_ms(), Some(30 * HOUR_MS + 10_000));
    s.report(30 * HOUR_MS + 1_000, "a", bytes_out(11));
    s.expect(&["in-alarm a/p/out@108001000 11"]);
}

#[test]
fn records_are_believed_once_a_change_made_something_wait_after_more_than_a_day() {
    let mut s = Scenario::new();
    s.apply(&started(0));
    s.register(0, "a", &[]);
    s.active(1_000, "a", &[]);
    s.attach_at(30 * HOUR_MS, "p", &[out()], &[Target::AllThings]);
    s.report(30 * HOUR_MS + 11_000, "a", bytes_out(11));
    s.apply(&watermark(30 * HOUR_MS + 10_000));
    s.expect(&["in-alarm a/p/out@108011000 11"]);
}

#[test]
fn what_is_counted_after_more_than_a_day_counts_at_its_own_time() {
    let mut s = Scenario::with_two(&[at_most("sent", "aws:num-messages-sent", 10)]);
    s.apply(&started(0));
    s.apply(&watermark(10_000));
    s.active(30 * HOUR_MS + 1_000, "a", &[sent(11)]);
    s.apply(&watermark(30 * HOUR_MS + 10_000));
    s.expect(&["in-alarm a/p/sent@108000999 11"]);
}

#[test]
fn what_began_in_a_partition_without_windows_is_forgotten_by_the_line() {
    let mut s = Scenario::new();
    s.apply(&started(0));
    let heat = behavior("heat", "heat", Op::LessThan, MetricValue::Number(70.0));
    let group = Target::Group("g".to_owned().try_into().unwrap());
    s.attach("p", &[heat], &[group]);
    s.register(0, "a", &[]);
    s.register(1_000, "a", &["g"]);
    // Whoever waits says until when, or nobody would tell it that the time has come.
    let mut deadlines = 0;
    while let Some(deadline_ms) = s.partition.next_deadline_ms() {
        s.apply(&watermark(deadline_ms));
        deadlines += 1;
        assert!(deadlines < 10, "it waits for ever");
    }
    assert!(deadlines > 0, "it waits without a deadline");
    s.report(40 * HOUR_MS, "a", number("heat", 71.0));
    s.expect(&["in-alarm a/p/heat@144000000 71"]);
}
