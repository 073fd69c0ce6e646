//! The same records give the same effects and the same state: at once, in batches, and with the
//! state stored and loaded in between.

use std::collections::BTreeMap;

use fleetward_detect::{Partition, Settings};
use fleetward_domain::{Behavior, Change, Effects, EventType, FormatLevel, Record, Report, Target};
use proptest::prelude::*;
use proptest::sample::select;

use crate::random_records::{cases, records};
use crate::scenario::*;

/// What a store holds.
type Chunks = BTreeMap<u32, Vec<u8>>;

fn load(chunks: &Chunks) -> Partition {
    let chunks = chunks.iter().map(|(number, bytes)| (*number, &bytes[..]));
    Partition::load(SETTINGS, chunks).unwrap()
}

fn at_once(records: &[Record], level: FormatLevel) -> (Effects, Chunks) {
    at_once_by(SETTINGS, records, level)
}

fn at_once_by(settings: Settings, records: &[Record], level: FormatLevel) -> (Effects, Chunks) {
    let mut partition = Partition::new(settings);
    let mut effects = Effects::default();
    for record in records {
        partition.apply_whole(record, &mut effects);
    }
    (effects, partition.take_dirty(level).unwrap().into_iter().collect())
}

/// After each record whose number is among `stops`, the state is stored; and loaded if true.
fn with_stops(
    records: &[Record],
    stops: &BTreeMap<usize, bool>,
    level: FormatLevel,
) -> (Effects, Chunks) {
    let mut partition = Partition::new(SETTINGS);
    let mut effects = Effects::default();
    let mut chunks = Chunks::new();
    for (number, record) in records.iter().enumerate() {
        partition.apply_whole(record, &mut effects);
        let Some(loads) = stops.get(&number) else { continue };
        chunks.extend(partition.take_dirty(level).unwrap());
        if *loads {
            partition = load(&chunks);
        }
    }
    chunks.extend(partition.take_dirty(level).unwrap());
    (effects, chunks)
}

/// Three thousand things in two groups, judged by what front doors count and reports say, through
/// windows, a change of who is judged, the end of a group, a door that starts again and a clock.
fn many_things() -> Vec<Record> {
    let (door, names) = (|| "d".to_owned(), (0..3_000).map(|number| format!("t{number}")));
    let names: Vec<String> = names.collect();
    let group = |number: usize| vec![["g", "h"][number % 2].to_owned().try_into().unwrap()];
    let behaviors = [
        at_most("sent", "aws:num-messages-sent", 7),
        after(more_than("quiet", "aws:num-messages-sent", 0), 2, 1),
        at_most("ports", "aws:num-listening-tcp-ports", 1),
    ];
    let attached =
        |of: &[Behavior], targets: &[Target]| Change::Profile(profile("p", of), targets.to_vec());
    let target = |group: &str| Target::Group(group.to_owned().try_into().unwrap());
    let mut changes = vec![attached(&behaviors, &[target("g"), target("h")])];
    changes.extend(names.iter().enumerate().map(|(number, name)| Change::Thing {
        name: thing(name),
        registered: true,
        groups: group(number),
    }));
    let mut seq = 0;
    let mut change = |at_ms, change| {
        seq += 1;
        Record::Change(seq, at_ms, change)
    };
    let mut records = vec![Record::DoorStarted { door: door(), boot: 1, at_ms: 0 }];
    records.extend(changes.into_iter().map(|it| change(0, it)));
    for round in 0..5_u64 {
        let (boot, at_ms) = (1 + round / 4, i64::try_from(round).unwrap() * 10_000 + 1);
        for (number, name) in (0..).zip(&names).filter(|(number, _)| number % 7 != round) {
            let counts = [sent((number * 13 + round * 5) % 9)];
            let counted =
                activity("d", boot, round * 3_000 + number + 1, at_ms, name, true, &counts);
            records.push(Record::Activity(counted));
            if number % 5 == round {
                let report = Report { report_id: number as i64, ..tcp_ports(&[22, 80]) };
                records.push(report_record(name, at_ms, report));
            }
        }
        let until_ms = at_ms + 9_999;
        records.push(Record::Watermark { door: door(), boot, until_ms });
        records.push(match round {
            0 => change(until_ms, attached(&behaviors[..2], &[target("g"), target("h")])),
            1 => change(until_ms, attached(&behaviors, &[target("h"), target("g")])),
            2 => change(until_ms, group_deleted("g", &[])),
            3 => Record::DoorStarted { door: door(), boot: 2, at_ms: until_ms },
            _ => Record::ClockSet { door: door(), boot, from_ms: until_ms, to_ms: 1_000_000 },
        });
    }
    records.push(Record::Watermark { door: door(), boot: 2, until_ms: 1_000_000 + 3_600_001 });
    records
}

#[test]
fn how_many_of_thousands_of_things_a_step_takes_changes_nothing() {
    let records = many_things();
    let by_steps_of = |things_per_step| {
        let settings = Settings { things_per_step, ..SETTINGS };
        at_once_by(settings, &records, FormatLevel::Proven)
    };
    let expected = by_steps_of(4_096);
    for kind in [EventType::InAlarm, EventType::AlarmCleared, EventType::AlarmInvalidated] {
        let count = expected.0.events.iter().filter(|event| event.event_type == kind).count();
        assert!(count > 1_000, "{count} of {kind:?}");
    }
    for things_per_step in [1, 7, 2_999] {
        assert!(by_steps_of(things_per_step) == expected, "{things_per_step} a step");
    }
}

#[test]
fn a_profile_that_changes_nothing_for_a_thing_is_stored_as_before() {
    let change = |seq, change| Record::Change(seq, 1_000, change);
    let attached = |behavior| Change::Profile(profile("p", &[behavior]), vec![Target::AllThings]);
    let sum = || at_most("sum", "aws:all-bytes-out", 100);
    let muted = Behavior { suppress_alerts: true, ..sum() };
    let registered = Change::Thing { name: thing("a"), registered: true, groups: Vec::new() };
    let records = [change(1, attached(sum())), change(2, registered), change(3, attached(muted))];
    let stops = BTreeMap::from([(1, true)]);
    let level = FormatLevel::Proven;
    assert_eq!(with_stops(&records, &stops, level), at_once(&records, level));
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn storing_and_loading_changes_nothing(
        records in records(120),
        stops in prop::collection::btree_map(0_usize..120, any::<bool>(), 0..20),
    ) {
        // Levels below cannot say all of it.
        let level = FormatLevel::Proven;
        let (effects, chunks) = at_once(&records, level);
        let (effects_with_stops, chunks_with_stops) = with_stops(&records, &stops, level);
        prop_assert_eq!(effects_with_stops, effects);
        prop_assert_eq!(chunks_with_stops, chunks);
    }

    #[test]
    fn how_many_things_a_step_takes_changes_nothing(records in records(120)) {
        let level = FormatLevel::Proven;
        let by_steps_of = |things_per_step| {
            let settings = Settings { things_per_step, ..SETTINGS };
            at_once_by(settings, &records, level)
        };
        let expected = by_steps_of(4_096);
        prop_assert_eq!(by_steps_of(1), expected.clone());
        prop_assert_eq!(by_steps_of(3), expected);
    }

    #[test]
    fn nothing_is_to_be_stored_after_storing_or_loading(
        records in records(60),
        level in select(LEVELS.to_vec()),
    ) {
        let (_, chunks) = at_once(&records, level);
        prop_assert!(load(&chunks).take_dirty(level).unwrap().is_empty());
    }

    #[test]
    fn a_log_that_is_read_again_from_the_middle_opens_no_second_violation(
        records in records(80),
        from in any::<prop::sample::Index>(),
    ) {
        let level = FormatLevel::Proven;
        // After a crash the tail of the log is applied to the state that was stored before it.
        let from = from.index(records.len());
        let mut partition = Partition::new(SETTINGS);
        let mut before = Effects::default();
        for record in &records[..from] {
            partition.apply_whole(record, &mut before);
        }
        let chunks: Chunks = partition.take_dirty(level).unwrap().into_iter().collect();
        let mut first = Effects::default();
        let mut second = Effects::default();
        let mut again = if chunks.is_empty() { Partition::new(SETTINGS) } else { load(&chunks) };
        for record in &records[from..] {
            partition.apply_whole(record, &mut first);
            again.apply_whole(record, &mut second);
        }
        prop_assert_eq!(first, second);
    }
}
