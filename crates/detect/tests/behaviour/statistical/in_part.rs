//! Windows that were not counted whole beside thresholds.

use fleetward_domain::ComparisonOperator;

use super::{against, name};
use crate::scenario::Scenario;

#[test]
fn a_window_in_part_of_which_nothing_was_said_has_no_verdict_whether_it_had_to_wait_or_not() {
    for is_late in [false, true] {
        let less = ComparisonOperator::LessThan;
        let mut scenario = Scenario::fleet(against("aws:num-messages-sent", less, "p0"));
        (0..20).for_each(|number| scenario.active(1, &name(number), &[]));
        scenario.tick(10_000);
        let first = scenario.thresholds();
        scenario.tick(20_000);
        let second = scenario.thresholds();
        if !is_late {
            first.iter().chain(&second).for_each(|threshold| scenario.apply(threshold));
        }
        scenario.events();
        // All came to nothing, and a stranger comes in the middle of the next window.
        scenario.active(25_000, "stranger", &[]);
        scenario.tick(30_000);
        if is_late {
            first.iter().chain(&second).for_each(|threshold| scenario.apply(threshold));
        }
        let events = scenario.events();
        let of_it: Vec<_> = events.iter().filter(|event| event.contains("stranger")).collect();
        assert!(of_it.is_empty(), "late: {is_late}: {of_it:?}");
    }
}
