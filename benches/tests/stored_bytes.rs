//! What a thing's state takes on disk.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use fleetward_benches::engine::Ours;
use fleetward_domain::FormatLevel;
use fleetward_fleet::{Fleet, thing_name};
use fleetward_report::Format;

const THINGS: u64 = 1_000;

/// Bytes of the state of a thousand things with the ten behaviors, as a level has it.
fn stored(level: FormatLevel) -> usize {
    let mut fleet = Fleet::new(THINGS, 10);
    let mut ours = Ours::new(THINGS).unwrap();
    while let Some(report) = fleet.next_report() {
        let name = thing_name(report.thing);
        ours.take(&name, report.at_ms, report.payload.as_bytes(), Format::Json).unwrap();
    }
    ours.stored_bytes(level).unwrap()
}

#[test]
fn format_2_takes_at_most_a_twentieth_more_than_format_1() {
    let (first, second) = (stored(FormatLevel::First), stored(FormatLevel::Named));
    let a_thing = |bytes| bytes as f64 / THINGS as f64;
    println!("bytes a thing: {:.1}, now {:.1}", a_thing(first), a_thing(second));
    assert!(first > 100_000, "there is state: {first}");
    assert!(second * 20 <= first * 21, "{second} bytes after {first}");
}
