//! The engine finds exactly what is in the fleet.

use fleetward_benches::engine::{EXPECTED, Ours};
use fleetward_fleet::{Fleet, thing_name};
use fleetward_report::Format;

#[test]
fn a_hundred_thousand_things_with_ten_reports_each_give_the_known_alarms_and_clears() {
    let names: Vec<String> = (0..100_000).map(thing_name).collect();
    let mut fleet = Fleet::new(100_000, 10);
    let mut ours = Ours::new(100_000).unwrap();
    while let Some(report) = fleet.next_report() {
        let name = &names[usize::try_from(report.thing).unwrap()];
        ours.take(name, report.at_ms, report.payload.as_bytes(), Format::Json).unwrap();
    }
    assert_eq!(ours.finish(), EXPECTED);
}
