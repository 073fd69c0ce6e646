//! Thresholds and a clock that is set.

use fleetward_domain::Record;

use super::{BELOW, against};
use crate::scenario::{Scenario, bytes_out};

#[test]
fn a_set_clock_makes_no_verdict_and_thresholds_come_again() {
    let mut scenario = Scenario::fleet(against("aws:all-bytes-out", BELOW, "p100"));
    scenario.apply(&Record::DoorStarted { door: "d".to_owned(), boot: 1, at_ms: 3_600_000 });
    scenario.all_report(3_601_000, 100);
    scenario.tick(3_610_000);
    scenario.judge_by_what_was_said();
    let (door, boot) = ("d".to_owned(), 1);
    scenario.apply(&Record::ClockSet { door, boot, from_ms: 3_611_000, to_ms: 11_000 });
    scenario.all_report(12_000, 500);
    scenario.tick(20_000);
    scenario.judge_by_what_was_said();
    scenario.all_report(21_000, 100);
    scenario.tick(30_000);
    scenario.judge_by_what_was_said();
    scenario.expect(&[]);
    scenario.report(31_000, "t00", bytes_out(120));
    scenario.expect(&["in-alarm t00/p/s@31000 120"]);
}

#[test]
fn a_threshold_made_before_the_clock_was_set_back_blocks_no_later_one() {
    let mut scenario = Scenario::fleet(against("aws:all-bytes-out", BELOW, "p100"));
    scenario.apply(&Record::DoorStarted { door: "d".to_owned(), boot: 1, at_ms: 3_600_000 });
    scenario.all_report(3_601_000, 100);
    scenario.tick(3_610_000);
    let before = scenario.thresholds();
    let (door, boot) = ("d".to_owned(), 1);
    scenario.apply(&Record::ClockSet { door, boot, from_ms: 3_611_000, to_ms: 11_000 });
    before.iter().for_each(|threshold| scenario.apply(threshold));
    scenario.all_report(21_000, 100);
    scenario.tick(30_000);
    scenario.judge_by_what_was_said();
    scenario.report(31_000, "t00", bytes_out(120));
    scenario.expect(&["in-alarm t00/p/s@31000 120"]);
}

#[test]
fn a_threshold_of_before_a_clock_was_set_judges_nothing_however_late_it_comes() {
    for is_stored in [false, true] {
        let mut scenario = Scenario::fleet(against("aws:all-bytes-out", BELOW, "p100"));
        scenario.apply(&Record::DoorStarted { door: "d".to_owned(), boot: 1, at_ms: 0 });
        scenario.all_report(1_000, 100);
        scenario.tick(10_000);
        let before = scenario.thresholds();
        let (door, boot) = ("d".to_owned(), 1);
        // The window goes on at another time: it is not the one that the threshold was made for.
        scenario.apply(&Record::ClockSet { door, boot, from_ms: 11_000, to_ms: 15_000 });
        if is_stored {
            scenario.stored_and_loaded();
        }
        before.iter().for_each(|threshold| scenario.apply(threshold));
        scenario.all_report(16_000, 500);
        scenario.tick(20_000);
        scenario.expect(&[]);
        before.iter().for_each(|threshold| scenario.apply(threshold));
        scenario.expect(&[]);
        scenario.judge_by_what_was_said();
        scenario.report(21_000, "t00", bytes_out(520));
        scenario.expect(&[]);
    }
}
