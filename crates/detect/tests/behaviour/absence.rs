//! What grows with time alone: how long a thing has not reported, and how long it has been away.

use fleetward_detect::Partition;
use fleetward_domain::{
    Change, ComparisonOperator, FormatLevel, MetricValue, Record, Severity, Target,
};

use crate::scenario::*;

const SILENT: &str = "fleetward:seconds-since-report";
const AWAY: &str = "aws:disconnect-duration";
const MINUTE_MS: i64 = 60_000;

/// A registered thing `a` that is to report every five seconds, from time zero.
fn reporting() -> Scenario {
    let mut s = Scenario::judged_by(&[at_most("b", SILENT, 5)]);
    s.register(0, "a", &[]);
    s
}

/// A registered thing `a`, connected, that may be away for a minute.
fn connected() -> Scenario {
    let mut s = Scenario::judged_by(&[at_most("b", AWAY, 60)]);
    s.register(0, "a", &[]);
    s.active(1_000, "a", &[]);
    s
}

impl Scenario {
    fn leaves(&mut self, at_ms: i64, name: &str, seq: u64) {
        let mut activity = activity("d", 1, seq, at_ms + 1, name, false, &[]);
        activity.away_since_ms = Some(at_ms);
        self.apply(&Record::Activity(activity));
    }

    /// The same after a restart that lost nothing.
    fn restart(&mut self, stored: &mut Vec<(u32, Vec<u8>)>) {
        let chunks = self.partition.take_dirty(FormatLevel::CURRENT).unwrap();
        for (number, bytes) in chunks {
            stored.retain(|(known, _)| *known != number);
            stored.push((number, bytes));
        }
        let chunks = stored.iter().map(|(number, bytes)| (*number, &bytes[..]));
        self.partition = Partition::load(SETTINGS, chunks).unwrap();
    }
}

#[test]
fn a_thing_that_does_not_report_is_in_alarm_once_its_bound_is_crossed_and_not_before() {
    let mut s = reporting();
    s.report(2_000, "a", bytes_out(1));
    s.tick(7_000);
    s.expect(&[]);
    assert!(s.partition.next_deadline_ms().is_some_and(|at_ms| at_ms <= 7_001));
    s.tick(7_001);
    assert_eq!(s.effects.violations[0].severity, Severity::Low);
    s.expect(&["in-alarm a/p/b@7001 6"]);
    s.tick(60_000);
    s.expect(&[]);
    s.report(61_000, "a", bytes_out(1));
    s.expect(&["alarm-cleared a/p/b@61000 0"]);
    s.tick(66_001);
    s.expect(&["in-alarm a/p/b@66001 6"]);
}

#[test]
fn each_report_begins_the_time_anew_and_none_of_it_is_told() {
    let mut s = reporting();
    for at_ms in (1_000..60_000).step_by(4_000) {
        s.report(at_ms, "a", bytes_out(1));
        s.tick(at_ms + 1);
    }
    s.expect(&[]);
    assert!(s.effects.violations.is_empty());
}

#[test]
fn the_time_begins_with_the_behavior_and_with_the_thing() {
    let mut s = Scenario::new();
    s.register(0, "a", &[]);
    s.report(1_000, "a", bytes_out(1));
    s.attach_at(100_000, "p", &[at_most("b", SILENT, 5)], &[Target::RegisteredThings]);
    s.register(103_000, "b", &[]);
    s.tick(105_000);
    s.expect(&[]);
    s.tick(105_001);
    s.expect(&["in-alarm a/p/b@105001 6"]);
    s.tick(108_001);
    s.expect(&["in-alarm b/p/b@108001 6"]);
}

#[test]
fn only_registered_things_are_to_report() {
    let mut s = Scenario::judged_by(&[at_most("b", SILENT, 5), at_most("n", AWAY, 60)]);
    s.active(1_000, "stranger", &[]);
    s.report(1_000, "stranger", bytes_out(1));
    s.report(1_000, "other", bytes_out(1));
    s.tick(50_000);
    s.expect(&[]);
    s.register(50_000, "stranger", &[]);
    s.tick(55_001);
    s.expect(&["in-alarm stranger/p/b@55001 6"]);
}

#[test]
fn less_than_is_crossed_when_the_bound_is_reached() {
    let less = behavior("b", SILENT, ComparisonOperator::LessThan, MetricValue::Count(5));
    let mut s = Scenario::judged_by(&[less]);
    s.register(0, "a", &[]);
    s.report(2_000, "a", bytes_out(1));
    s.tick(6_999);
    s.expect(&[]);
    s.tick(7_000);
    s.expect(&["in-alarm a/p/b@7000 5"]);
}

#[test]
fn a_thing_that_stays_away_is_in_alarm_until_it_is_back() {
    let mut s = connected();
    s.leaves(10_000, "a", 2);
    s.tick(10_000 + MINUTE_MS);
    s.expect(&[]);
    s.tick(10_001 + MINUTE_MS);
    s.expect(&[&format!("in-alarm a/p/b@{} 61", 10_001 + MINUTE_MS)]);
    let seq_3 = activity("d", 1, 3, 200_001, "a", true, &[]);
    s.apply(&Record::Activity(seq_3));
    s.expect(&["alarm-cleared a/p/b@200000 0"]);
    s.tick(500_000);
    s.expect(&[]);
}

#[test]
fn a_thing_that_came_back_in_between_begins_anew() {
    let mut s = connected();
    s.leaves(10_000, "a", 2);
    s.tick(50_000);
    // In one period it came, and went again.
    s.leaves(60_000, "a", 3);
    s.tick(10_001 + MINUTE_MS);
    s.expect(&[]);
    s.tick(60_001 + MINUTE_MS);
    s.expect(&[&format!("in-alarm a/p/b@{} 61", 60_001 + MINUTE_MS)]);
    s.leaves(130_000, "a", 4);
    s.expect(&["alarm-cleared a/p/b@130000 0"]);
}

#[test]
fn what_was_away_before_the_behavior_is_away_since_it_began() {
    let mut s = Scenario::new();
    s.register(0, "a", &[]);
    s.register(0, "b", &[]);
    s.active(1_000, "a", &[]);
    s.leaves(2_000, "a", 2);
    s.attach_at(100_000, "p", &[at_most("b", AWAY, 60)], &[Target::AllThings]);
    s.tick(100_000 + MINUTE_MS);
    s.expect(&[]);
    s.tick(300_000);
    // `b` was never there: it has no last disconnect.
    s.expect(&[&format!("in-alarm a/p/b@{} 61", 100_001 + MINUTE_MS)]);
}

#[test]
fn more_datapoints_to_alarm_do_not_make_it_wait_in_vain() {
    let mut s = Scenario::judged_by(&[after(at_most("b", AWAY, 60), 3, 3)]);
    s.register(0, "a", &[]);
    s.active(1_000, "a", &[]);
    s.leaves(2_000, "a", 2);
    s.tick(2_001 + MINUTE_MS);
    assert_eq!(s.events().len(), 1);
    s.apply(&Record::Activity(activity("d", 1, 3, 200_001, "a", true, &[])));
    s.expect(&["alarm-cleared a/p/b@200000 0"]);
}

#[test]
fn an_absence_is_not_invalidated_by_the_silence_that_it_tells_of() {
    let mut s = reporting();
    s.tick(5_001);
    assert_eq!(s.events().len(), 1);
    let mut at_ms = 10_000;
    while at_ms < 3 * SETTINGS.silence_ms {
        s.tick(at_ms);
        at_ms += 600_000;
    }
    s.expect(&[]);
    s.report(at_ms, "a", bytes_out(1));
    s.expect(&[&format!("alarm-cleared a/p/b@{at_ms} 0")]);
}

#[test]
fn a_server_that_was_down_makes_nobody_silent() {
    let mut s = Scenario::judged_by(&[at_most("b", SILENT, 5), at_most("n", AWAY, 60)]);
    s.register(0, "a", &[]);
    let started = |boot, at_ms| Record::DoorStarted { door: "d".to_owned(), boot, at_ms };
    s.apply(&started(1, 500));
    s.active(1_000, "a", &[]);
    s.report(1_000, "a", bytes_out(1));
    s.apply(&started(2, 900_000));
    s.tick(905_000);
    s.expect(&[]);
    s.tick(905_001);
    assert_eq!(s.events(), ["in-alarm a/p/b@905001 905"]);
    s.tick(900_000 + MINUTE_MS);
    s.expect(&[]);
    s.tick(900_001 + MINUTE_MS);
    s.expect(&[&format!("in-alarm a/p/n@{} 61", 900_001 + MINUTE_MS)]);
}

#[test]
fn a_clock_that_is_set_moves_no_time_that_elapsed() {
    for to_ms in [1_000_000, 1_500] {
        let mut s = reporting();
        let started = Record::DoorStarted { door: "d".to_owned(), boot: 1, at_ms: 500 };
        s.apply(&started);
        s.report(3_000, "a", bytes_out(1));
        let from_ms = 6_000;
        s.apply(&Record::ClockSet { door: "d".to_owned(), boot: 1, from_ms, to_ms });
        s.tick(to_ms + 2_000);
        s.expect(&[]);
        s.tick(to_ms + 2_001);
        s.expect(&[&format!("in-alarm a/p/b@{} 6", to_ms + 2_001)]);
    }
}

#[test]
fn a_behavior_that_began_ahead_of_a_clock_set_back_begins_by_as_much_sooner() {
    let mut s = Scenario::new();
    s.apply(&Record::DoorStarted { door: "d".to_owned(), boot: 1, at_ms: 0 });
    s.register(0, "a", &[]);
    s.active(1_000, "a", &[]);
    s.attach_at(9_000, "p", &[at_most("b", AWAY, 3)], &[Target::AllThings]);
    s.apply(&Record::ClockSet { door: "d".to_owned(), boot: 1, from_ms: 8_000, to_ms: 6_000 });
    // What happened before a behavior began never counts: it is a second until it begins.
    s.leaves(6_500, "a", 2);
    s.tick(10_000);
    s.expect(&[]);
    s.tick(10_001);
    s.expect(&["in-alarm a/p/b@10001 4"]);
}

#[test]
fn who_was_never_seen_is_not_away_since_the_clock_was_set_ahead() {
    let mut s = Scenario::new();
    s.apply(&Record::DoorStarted { door: "d".to_owned(), boot: 1, at_ms: 0 });
    s.register(0, "a", &[]);
    s.apply(&Record::ClockSet { door: "d".to_owned(), boot: 1, from_ms: 1_000, to_ms: 8_000 });
    s.attach_at(9_000, "p", &[at_most("b", AWAY, 3)], &[Target::AllThings]);
    s.tick(20_000);
    s.expect(&[]);
}

#[test]
fn a_restart_forgets_nothing_of_it() {
    let mut stored = Vec::new();
    let mut s = Scenario::judged_by(&[at_most("b", SILENT, 5), at_most("n", AWAY, 60)]);
    s.register(0, "a", &[]);
    s.restart(&mut stored);
    s.active(1_000, "a", &[]);
    s.report(2_000, "a", bytes_out(1));
    s.leaves(3_000, "a", 2);
    s.restart(&mut stored);
    s.tick(7_001);
    s.restart(&mut stored);
    s.tick(30_000);
    s.restart(&mut stored);
    s.tick(3_001 + MINUTE_MS);
    let away = format!("in-alarm a/p/n@{} 61", 3_001 + MINUTE_MS);
    s.expect(&["in-alarm a/p/b@7001 6", &away]);
    s.restart(&mut stored);
    s.tick(600_000);
    s.report(600_001, "a", bytes_out(1));
    s.expect(&["alarm-cleared a/p/b@600001 0"]);
}

#[test]
fn who_is_judged_no_more_is_waited_for_no_more() {
    let mut s = reporting();
    s.change(1_000, Change::ProfileDeleted("p".to_owned().try_into().unwrap()));
    assert_eq!(s.partition.next_deadline_ms(), None);
    s.tick(60_000);
    s.expect(&[]);
    let mut s = reporting();
    s.tick(5_001);
    s.set_thing(6_000, "a", false, &[]);
    s.expect(&["in-alarm a/p/b@5001 6", "alarm-invalidated a/p/b@6000"]);
    s.report(7_000, "a", bytes_out(1));
    s.tick(60_000);
    s.expect(&[]);
}

#[test]
fn many_whose_time_has_come_are_told_in_steps() {
    let mut s = Scenario::judged_by(&[at_most("b", SILENT, 5)]);
    s.partition = Partition::new(fleetward_detect::Settings { things_per_step: 3, ..SETTINGS });
    s.attach_at(0, "q", &[at_most("b", SILENT, 5)], &[Target::AllThings]);
    for number in 0..20 {
        s.register(0, &format!("t{number:02}"), &[]);
    }
    s.tick(5_001);
    assert_eq!(s.events().len(), 20);
}

#[test]
fn a_stranger_is_away_since_it_left_and_not_since_it_was_told_of() {
    let mut s = Scenario::judged_by(&[at_most("b", AWAY, 60)]);
    s.report(3_000, "other", bytes_out(1));
    s.active(10_000, "elsewhere", &[]);
    let mut left = activity("d", 1, 2, 3_001, "a", false, &[]);
    (left.since_ms, left.away_since_ms) = (Some(1_000), Some(2_000));
    s.apply(&Record::Activity(left));
    s.tick(2_000 + MINUTE_MS);
    s.expect(&[]);
    s.tick(2_001 + MINUTE_MS);
    s.expect(&[&format!("in-alarm a/p/b@{} 61", 2_001 + MINUTE_MS)]);
}

#[test]
fn who_came_and_went_is_away_since_then_for_each_behavior_whenever_another_began() {
    let mut s = connected();
    s.leaves(10_000, "a", 2);
    s.attach_at(66_000, "q", &[at_most("b", AWAY, 120)], &[Target::AllThings]);
    // Told after `q` began: it was back for a moment before.
    s.leaves(65_000, "a", 3);
    s.tick(65_000 + MINUTE_MS);
    s.expect(&[]);
    s.tick(65_001 + MINUTE_MS);
    s.expect(&[&format!("in-alarm a/p/b@{} 61", 65_001 + MINUTE_MS)]);
}
