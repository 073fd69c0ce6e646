//! The process stood still: its clock was set by nothing.

use crate::scenario::*;
use fleetward_domain::{Record, Report};

fn hour(name: &str, bound: u64) -> fleetward_domain::Behavior {
    over_seconds(at_most(name, "aws:all-bytes-out", bound), 3_600)
}

fn stalled(s: &mut Scenario, at_ms: i64) {
    let (door, boot) = ("d".to_owned(), 1);
    s.apply(&Record::ClockSet { door, boot, from_ms: at_ms, to_ms: at_ms });
}

fn scenario(behaviors: &[fleetward_domain::Behavior]) -> Scenario {
    let mut s = Scenario::with_two(behaviors);
    s.apply(&Record::DoorStarted { door: "d".to_owned(), boot: 1, at_ms: 0 });
    s
}

#[test]
fn sums_go_on_over_a_stall_and_cross_their_bounds() {
    let mut s = scenario(&[hour("out", 1_000)]);
    s.report(1_000_000, "a", bytes_out(900));
    stalled(&mut s, 2_000_000);
    s.expect(&[]);
    s.report(2_500_000, "a", bytes_out(200));
    s.expect(&["in-alarm a/p/out@2500000 1100"]);
}

#[test]
fn a_window_with_a_stall_is_not_counted_whole() {
    let little = over_seconds(more_than("little", "aws:all-bytes-out", 1_000), 3_600);
    let mut s = scenario(&[little, at_most("low", "aws:all-bytes-out", 10)]);
    s.report(1_000, "a", bytes_out(100));
    s.expect(&["in-alarm a/p/low@1000 100"]);
    s.report(11_000, "a", bytes_out(0));
    stalled(&mut s, 12_000);
    s.tick(20_000);
    // No window up to the stall closes as if everything had been seen.
    s.expect(&[]);
    s.report(21_000, "a", bytes_out(0));
    s.tick(30_000);
    s.expect(&["alarm-cleared a/p/low@30000 0"]);
    s.tick(3_600_000);
    s.expect(&[]);
}

#[test]
fn a_report_sent_again_after_a_stall_is_one() {
    let mut s = scenario(&[hour("out", 1_000)]);
    let report = Report { report_id: 7, ..bytes_out(600) };
    s.apply(&report_record("a", 1_000, report.clone()));
    stalled(&mut s, 5_000);
    s.apply(&report_record("a", 6_000, report));
    s.expect(&[]);
}
