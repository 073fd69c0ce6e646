//! State in format 3 means the same in any chunk: beside other things, under a plan whose order
//! changed, in another number of partitions.

use std::collections::BTreeMap;

use fleetward_detect::Partition;
use fleetward_domain::{Behavior, Effects, FormatLevel, Placement, Record, Target};
use minicbor::{Decoder, Encoder};
use proptest::prelude::*;

use crate::random_records::{cases, records};
use crate::scenario::*;

type Chunks = BTreeMap<u32, Vec<u8>>;

fn stored(partition: &mut Partition) -> Chunks {
    partition.take_dirty(FormatLevel::Proven).unwrap().into_iter().collect()
}

fn load(chunks: &Chunks) -> Partition {
    let chunks = chunks.iter().map(|(number, bytes)| (*number, &bytes[..]));
    Partition::load(SETTINGS, chunks).unwrap()
}

/// A chunk with some of its things, each in the bytes that it had.
fn some_things(chunk: &[u8], keep: impl Fn(&str) -> bool) -> Vec<u8> {
    let mut d = Decoder::new(chunk);
    let fields = d.array().unwrap().unwrap();
    (1..fields).for_each(|_| d.skip().unwrap());
    let head = &chunk[..d.position()];
    let mut things: Vec<&[u8]> = Vec::new();
    for _ in 0..d.array().unwrap().unwrap() {
        let start = d.position();
        let mut thing = d.probe();
        thing.array().unwrap();
        thing.skip().unwrap();
        thing.skip().unwrap();
        let kept = keep(thing.str().unwrap());
        d.skip().unwrap();
        if kept {
            things.push(&chunk[start..d.position()]);
        }
    }
    let mut e = Encoder::new(head.to_vec());
    e.array(things.len() as u64).unwrap();
    let mut bytes = e.into_writer();
    things.iter().for_each(|thing| bytes.extend_from_slice(thing));
    bytes
}

/// Which of so many partitions a record goes to; none: to all.
fn home(record: &Record, partitions: u32) -> Option<u32> {
    let thing = match record {
        Record::Report { thing, .. } => thing.clone(),
        Record::Activity(activity) => activity.thing.clone(),
        Record::Change(_, _, fleetward_domain::Change::Thing { name, .. }) => name.clone(),
        _ => return None,
    };
    Some(Placement::even(partitions).partition_of(thing.as_str()))
}

/// Whether a thing belongs to one of two partitions.
fn is_in(name: &str, own: u32) -> bool {
    Placement::even(2).partition_of(name) == own
}

/// The events of things that belong to a partition, each thing's in their order. Things that came
/// after the chunks were loaded have other places beside fewer things, so that a tick looks at
/// them in another order.
fn told(effects: &Effects, own: u32) -> Vec<String> {
    let events = effects.events.iter();
    let mut events: Vec<_> = events.filter(|event| is_in(event.thing.as_str(), own)).collect();
    events.sort_by_key(|event| &event.thing);
    let events = events.into_iter();
    events.map(|e| format!("{} {} {}", e.event_type.as_str(), e.violation_id, e.at_ms)).collect()
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn twice_as_many_partitions_judge_on_as_one_did(records in records(80)) {
        let mut one = Partition::new(SETTINGS);
        let mut effects = Effects::default();
        let (before, after) = records.split_at(records.len() / 2);
        before.iter().for_each(|record| one.apply_whole(record, &mut effects));
        let chunks = stored(&mut one);
        let mut things = 0;
        for own in 0..2 {
            let mut halved = chunks.clone();
            for (number, bytes) in &mut halved {
                if *number > 0 {
                    *bytes = some_things(bytes, |name| is_in(name, own));
                }
            }
            let (mut half, mut whole) = (load(&halved), load(&chunks));
            things += half.thing_count();
            let (mut of_half, mut of_whole) = (Effects::default(), Effects::default());
            for record in after.iter().filter(|r| home(r, 2).is_none_or(|home| home == own)) {
                half.apply_whole(record, &mut of_half);
                whole.apply_whole(record, &mut of_whole);
            }
            prop_assert_eq!(told(&of_half, own), told(&of_whole, own));
            prop_assert_eq!(told(&of_half, 1 - own), Vec::<String>::new());
        }
        prop_assert_eq!(things, one.thing_count());
    }
}

fn three() -> [Behavior; 3] {
    [
        after(at_most("out", "aws:all-bytes-out", 100), 2, 1),
        at_most("count", "aws:num-listening-tcp-ports", 1),
        at_most("sent", "aws:num-messages-sent", 5),
    ]
}

/// A partition whose only thing has a violation open, a run, and windows.
fn before() -> Scenario {
    let mut s = Scenario::with_two(&three());
    s.report(1_000, "a", bytes_out(101));
    s.tick(10_000);
    s.report(12_000, "a", tcp_ports(&[1, 2]));
    s.expect(&["in-alarm a/p/count@12000 2"]);
    s.report(13_000, "a", bytes_out(60));
    s
}

/// The things of [`before`] beside the header of a partition with these behaviors.
fn under(behaviors: &[Behavior]) -> Scenario {
    let mut chunks = stored(&mut before().partition);
    let mut other = Scenario::new();
    other.attach_at(13_000, "p", behaviors, &[Target::AllThings]);
    chunks.insert(0, stored(&mut other.partition).remove(&0).unwrap());
    let mut s = Scenario::new();
    s.partition = load(&chunks);
    s.skip_reports(100);
    s
}

#[test]
fn a_thing_finds_its_behaviors_by_name_in_whatever_order_they_stand() {
    let [out, count, sent] = three();
    let mut s = under(&[sent, at_most("new", "aws:all-bytes-in", 9), count, out]);
    s.report(14_000, "a", bytes_out(41));
    s.expect(&["in-alarm a/p/out@14000 101"]);
    s.report(15_000, "a", tcp_ports(&[]));
    s.expect(&["alarm-cleared a/p/count@15000 0"]);
}

#[test]
fn what_has_no_name_any_more_is_dropped_and_its_violation_told() {
    let [out, _, sent] = three();
    let mut s = under(&[out, sent]);
    s.report(14_000, "a", bytes_out(41));
    s.expect(&["alarm-invalidated a/p/count@13000", "in-alarm a/p/out@14000 101"]);
    let chunks = stored(&mut s.partition);
    assert_eq!(chunks.len(), 2, "the thing is stored without it");
    let mut again = Scenario::new();
    again.partition = load(&chunks);
    again.tick(15_000);
    again.expect(&[]);
}

#[test]
fn a_thing_stays_connected_through_the_door_of_the_same_name() {
    let mut s = Scenario::with_two(&[more_than("sent", "aws:num-messages-sent", 0)]);
    s.active(1_000, "a", &[sent(1)]);
    s.tick(1_500);
    let mut chunks = stored(&mut s.partition);
    // Another partition heard of two other doors first.
    let mut other = Scenario::with_two(&[more_than("sent", "aws:num-messages-sent", 0)]);
    for (seq, door) in (0..).zip(["x", "y", "d"]) {
        other.apply(&Record::Activity(activity(door, 1, seq, 1_000, "b", true, &[])));
    }
    chunks.insert(0, stored(&mut other.partition).remove(&0).unwrap());
    let mut s = Scenario::new();
    s.partition = load(&chunks);
    s.apply(&Record::DoorStarted { door: "x".to_owned(), boot: 2, at_ms: 2_000 });
    s.tick(11_000);
    s.tick(21_000);
    s.expect(&["in-alarm a/p/sent@20000 0"]);
    s.apply(&Record::DoorStarted { door: "d".to_owned(), boot: 2, at_ms: 22_000 });
    s.tick(41_000);
    s.expect(&[]);
}
