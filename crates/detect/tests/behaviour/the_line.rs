//! Windows close by the line that front doors draw, whatever is logged late, ahead, or after the
//! machine's clock was set.

use crate::scenario::*;
use fleetward_detect::limits::AHEAD_MS;
use fleetward_domain::Record;

const SENT: &str = "aws:num-messages-sent";
const OUT: &str = "aws:all-bytes-out";
const HOUR_MS: i64 = 3_600_000;

fn started(at_ms: i64) -> Record {
    Record::DoorStarted { door: "d".to_owned(), boot: 1, at_ms }
}

fn watermark(until_ms: i64) -> Record {
    Record::Watermark { door: "d".to_owned(), boot: 1, until_ms }
}

fn clock_set(from_ms: i64, to_ms: i64) -> Record {
    Record::ClockSet { door: "d".to_owned(), boot: 1, from_ms, to_ms }
}

/// Ten messages in ten seconds, no less and no more.
fn exactly_ten() -> Scenario {
    let mut s = Scenario::with_two(&[at_most("high", SENT, 10), more_than("low", SENT, 9)]);
    s.apply(&started(0));
    s
}

#[test]
fn three_hundred_things_that_report_on_the_second_give_no_false_alarm() {
    let judged = [
        at_most("high", SENT, 1),
        more_than("low", SENT, 0),
        at_most("high-out", OUT, 100),
        more_than("low-out", OUT, 99),
    ];
    let mut s = Scenario::judged_by(&judged);
    s.apply(&started(0));
    let names: Vec<_> = (0..300).map(|number| format!("thing-{number}")).collect();
    for name in &names {
        s.register(0, name, &[]);
        s.active(1, name, &[]);
    }
    for window in 0..20 {
        // The last millisecond of each window is that of all reports; what front doors counted of
        // them is logged after all of them, and after the border.
        let end_ms = (window + 1) * 10_000;
        for name in &names {
            s.report(end_ms - 1, name, bytes_out(100));
        }
        for name in &names {
            s.active(end_ms, name, &[sent(1)]);
        }
        s.apply(&watermark(end_ms + 300));
    }
    s.expect(&[]);
    s.apply(&watermark(210_300));
    let told = s.events();
    assert_eq!(told.len(), 300, "of too few messages, and nobody knows how many bytes");
    assert!(told.iter().all(|line| line.contains("/p/low@210000 0")));
}

#[test]
fn counts_that_are_handed_in_after_a_report_across_a_border_count_before_it() {
    let mut s = exactly_ten();
    s.active(1, "a", &[sent(10)]);
    s.apply(&watermark(10_000));
    // A report of the next window is logged first.
    s.report(20_050, "a", tcp_ports(&[1]));
    s.active(20_000, "a", &[sent(10)]);
    s.active(20_200, "a", &[sent(10)]);
    s.expect(&[]);
    s.apply(&watermark(20_300));
    s.apply(&watermark(30_300));
    s.expect(&[]);
}

#[test]
fn a_stall_of_the_disk_makes_nobody_silent_and_nobody_too_chatty() {
    let mut s = exactly_ten();
    s.active(1, "a", &[sent(10)]);
    s.apply(&watermark(10_000));
    // The disk stalls for half a minute. Reports of after it overtake what was counted; what was
    // counted in three windows is logged at once; the watermark comes last.
    s.report(40_100, "a", tcp_ports(&[1]));
    for until_ms in [15_000, 20_000, 27_000, 30_000, 34_000, 40_000, 40_200] {
        let half = if until_ms == 40_200 { 10 } else { 5 };
        s.active(until_ms, "a", &[sent(half)]);
    }
    s.expect(&[]);
    for until_ms in [40_300, 50_300] {
        s.apply(&watermark(until_ms));
        s.expect(&[]);
    }
}

#[test]
fn windows_do_not_close_for_want_of_counts_that_may_still_come() {
    let mut s = exactly_ten();
    s.active(1, "a", &[sent(10)]);
    s.apply(&watermark(10_000));
    // Other things are far ahead, and so is the registry.
    s.report(95_000, "b", tcp_ports(&[1]));
    s.register(96_000, "c", &[]);
    s.expect(&[]);
    s.apply(&watermark(20_000));
    s.expect(&["in-alarm a/p/low@20000 0"]);
}

#[test]
fn a_record_far_ahead_of_all_others_is_taken_at_the_bound() {
    let mut s = exactly_ten();
    s.active(1, "a", &[sent(10)]);
    s.apply(&watermark(10_000));
    s.report(i64::MAX, "b", tcp_ports(&[1]));
    s.active(i64::MAX, "b", &[sent(11)]);
    assert!(s.partition.next_deadline_ms().unwrap() <= 20_000, "its window is not waited for");
    // All goes on as if it had not been; what it said counts a day from here.
    s.active(20_000, "a", &[sent(10)]);
    s.apply(&watermark(20_000));
    s.expect(&[]);
    s.gone(20_001, "a");
    s.apply(&watermark(10_000 + AHEAD_MS + 20_000));
    let told = s.events();
    let high = told.iter().find(|line| line.contains("in-alarm b/p/high")).unwrap();
    assert!(high.ends_with(&format!("@{} 11", 10_000 + AHEAD_MS - 1)), "{high}");
}

#[test]
fn a_clock_that_is_set_an_hour_ahead_and_back_makes_no_verdict() {
    let mut s = exactly_ten();
    s.active(1, "a", &[sent(10)]);
    s.apply(&watermark(10_000));
    let mut now_ms = 10_000;
    for ahead_ms in [HOUR_MS, -HOUR_MS] {
        // Four messages of the open window, the jump, then four of the one that it comes to.
        s.active(now_ms + 4_000, "a", &[sent(4)]);
        s.apply(&clock_set(now_ms + 4_000, now_ms + 4_000 + ahead_ms));
        now_ms += ahead_ms;
        s.active(now_ms + 8_000, "a", &[sent(4)]);
        s.apply(&watermark(now_ms + 10_000));
        s.expect(&[]);
        // From there windows are whole again, and end on time.
        s.active(now_ms + 20_000, "a", &[sent(10)]);
        s.apply(&watermark(now_ms + 20_000));
        s.expect(&[]);
        now_ms += 20_000;
    }
    s.apply(&watermark(now_ms + 10_000));
    s.expect(&[&format!("in-alarm a/p/low@{} 0", now_ms + 10_000)]);
}

#[test]
fn what_is_too_much_before_a_jump_of_the_clock_is_told_all_the_same() {
    let mut s = exactly_ten();
    s.active(1, "a", &[sent(10)]);
    s.apply(&watermark(10_000));
    s.active(14_000, "a", &[sent(11)]);
    s.expect(&["in-alarm a/p/high@13999 11"]);
    s.apply(&clock_set(14_000, 14_000 + HOUR_MS));
    s.expect(&[]);
}

#[test]
fn a_run_that_goes_on_when_the_clock_is_set_began_by_the_new_one() {
    for ahead_ms in [-HOUR_MS, HOUR_MS] {
        let ports = "aws:num-listening-tcp-ports";
        let mut s = Scenario::with_two(&[after(at_most("ports", ports, 1), 2, 1)]);
        s.apply(&started(2 * HOUR_MS));
        s.report(2 * HOUR_MS + 1_000, "a", tcp_ports(&[1, 2]));
        let (from_ms, to_ms) = (2 * HOUR_MS + 2_000, 2 * HOUR_MS + 2_000 + ahead_ms);
        s.apply(&clock_set(from_ms, to_ms));
        s.report(to_ms + 500, "a", tcp_ports(&[1, 2]));
        let violation = &s.effects.violations[0];
        assert_eq!(violation.started_ms, to_ms - 1_000, "and not after the alarm");
        assert_eq!(violation.last_violation_ms, to_ms + 500);
    }
}
