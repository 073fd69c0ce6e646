//! The same records give the same effects and the same state: at once, in batches, and with the
//! state stored and loaded in between.

use std::collections::BTreeMap;

use fleetward_detect::{Partition, Settings};
use fleetward_domain::{Behavior, Change, Effects, FormatLevel, Record, Target};
use proptest::prelude::*;
use proptest::sample::select;

use crate::random_records::{cases, records};
use crate::scenario::{LEVELS, SETTINGS, at_most, profile, thing};

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
