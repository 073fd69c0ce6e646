//! State that an older version stored: read for ever, and judged on as that version would have.

#[path = "../../../../tests/formats/first_release.rs"]
mod first_release;
#[path = "../../../../tests/formats/random.rs"]
mod random;

use fleetward_detect::{DetectError, Partition};
use fleetward_domain::{
    Behavior, Change, ComparisonOperator, Count, CustomValue, DimensionOperator, Effects,
    FormatLevel, MetricDimension, MetricValue, Notification, Record, Report, Target,
};

use proptest::prelude::*;

use crate::scenario::*;

/// A profile changes here, in the middle of windows, and one more begins.
const CHANGES_AT: usize = 400;
/// One more profile is attached here, in the windows in which the state is stored.
const ATTACHES_AT: usize = 690;
/// The state is stored after so many records.
const STORED_AT: usize = 700;
/// The history ends here.
const ENDS_AT: usize = 1_100;

/// xorshift64*: the same numbers on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % limit
    }
}

fn doors(operator: DimensionOperator) -> MetricDimension {
    MetricDimension { name: "doors".to_owned().try_into().unwrap(), operator }
}

/// What every thing is judged by.
fn common() -> Vec<Behavior> {
    let set = |ports: &[u16]| MetricValue::Ports(ports.to_vec());
    let nets = MetricValue::Cidrs(vec!["10.0.0.0/8".parse().unwrap()]);
    vec![
        after(at_most("out", "aws:all-bytes-out", 120), 2, 2),
        after(more_than("little-out", "aws:all-bytes-out", 20), 1, 2),
        over_seconds(at_most("out-30", "aws:all-bytes-out", 300), 30),
        after(at_most("count", "aws:num-listening-tcp-ports", 2), 2, 2),
        behavior("ports", "aws:listening-tcp-ports", ComparisonOperator::InPortSet, set(&[22, 80])),
        behavior("nets", "aws:destination-ip-addresses", ComparisonOperator::InCidrSet, nets),
    ]
}

/// What the things of group `g` are judged by, too.
fn of_group(limit: u64) -> Vec<Behavior> {
    let heat = MetricValue::Number(70.0);
    let words = MetricValue::Strings(vec!["ok".to_owned(), "idle".to_owned()]);
    let mut quiet = after(more_than("quiet", "aws:num-messages-sent", 0), 1, 1);
    quiet.suppress_alerts = true;
    vec![
        after(at_most("sent", "aws:num-messages-sent", limit), 2, 1),
        quiet,
        narrowed(at_most("in", "aws:num-messages-sent", limit / 2), doors(DimensionOperator::In)),
        narrowed(more_than("off", "aws:num-messages-sent", 1), doors(DimensionOperator::NotIn)),
        after(behavior("heat", "heat", ComparisonOperator::LessThan, heat), 3, 2),
        behavior("words", "state", ComparisonOperator::InSet, words),
    ]
}

fn report(random: &mut Random) -> Report {
    let mut report = match random.below(4) {
        0 => number("heat", random.below(100) as f64 - 5.5),
        1 => {
            let word = ["ok", "idle", "on fire"][random.below(3) as usize];
            custom("state", CustomValue::Strings(vec![word.to_owned()]))
        }
        2 => {
            let far = ["10.0.0.7", "10.1.1.1", "192.0.2.9"][random.below(3) as usize];
            remotes(&[far, "10.9.9.9"])
        }
        _ => Report::default(),
    };
    if random.below(3) > 0 {
        let ports: Vec<u16> = [22, 80, 443].into_iter().filter(|_| random.below(2) == 0).collect();
        report.listening_tcp = tcp_ports(&ports).listening_tcp;
    }
    report.network.bytes_out = (random.below(4) > 0).then(|| random.below(90));
    report
}

fn counts(random: &mut Random) -> Vec<Count> {
    let (inside, outside) = (random.below(5), random.below(5));
    match random.below(6) {
        0 => vec![sent(inside)],
        1 => vec![],
        _ => vec![sent(inside + outside), sent_in("doors", inside)],
    }
}

/// All records, in the order of their log.
fn history() -> Vec<Record> {
    // Nothing here may change: what is stored was made of exactly these records.
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut records: Vec<Record> = Vec::new();
    let (mut changes, mut seq, mut at_ms) = (0, 0, 1_000_000);
    let group = || "g".to_owned().try_into().unwrap();
    let mut change = |records: &mut Vec<Record>, at_ms, change| {
        changes += 1;
        records.push(Record::Change(changes, at_ms, change));
    };
    let in_group = vec![Target::Group(group())];
    let all = vec![Target::AllThings];
    change(&mut records, at_ms, Change::Profile(profile("all", &common()), all.clone()));
    change(&mut records, at_ms, Change::Profile(profile("g", &of_group(12)), in_group.clone()));
    for n in 0..12 {
        let groups = if n % 2 == 0 { vec![group()] } else { vec![] };
        let name = thing(&format!("thing-{n}"));
        change(&mut records, at_ms, Change::Thing { name, registered: true, groups });
    }
    while records.len() < ENDS_AT {
        at_ms += random.below(300) as i64;
        if records.len() == CHANGES_AT {
            let more = vec![
                at_most("also-out", "aws:all-bytes-out", 50),
                at_most("also-sent", "aws:num-messages-sent", 8),
            ];
            change(
                &mut records,
                at_ms,
                Change::Profile(profile("g", &of_group(10)), in_group.clone()),
            );
            change(&mut records, at_ms, Change::Profile(profile("more", &more), all.clone()));
        }
        if records.len() == ATTACHES_AT {
            let late = vec![at_most("late-out", "aws:all-bytes-out", 40), common().remove(1)];
            change(&mut records, at_ms, Change::Profile(profile("late", &late), all.clone()));
        }
        let name = format!("thing-{}", random.below(16));
        let door = ["d", "e"][random.below(2) as usize];
        records.push(match random.below(20) {
            0..9 => {
                let mut report = report(&mut random);
                report.report_id = records.len() as i64 - random.below(12) as i64 / 11;
                report_record(&name, at_ms, report)
            }
            9..18 => {
                seq += 1;
                let up = random.below(4) > 0;
                let counts = counts(&mut random);
                Record::Activity(activity(door, 1, seq, at_ms, &name, up, &counts))
            }
            _ => Record::Tick(at_ms),
        });
    }
    records
}

/// Everything that came of it, a line each.
fn lines(effects: &Effects) -> String {
    let violations = effects.violations.iter().map(|v| {
        let (name, value) = (v.behavior.name.as_str(), show(&v.last_value));
        let times = (v.started_ms, v.last_violation_ms);
        format!("violation {} {}/{}/{name} {times:?} {value}", v.id, v.thing, v.profile)
    });
    let closed = effects.closed.iter().map(|id| format!("closed {id}"));
    let events = effects.events.iter().map(|e| {
        let (kind, name) = (e.event_type.as_str(), e.behavior.name.as_str());
        let value = e.value.as_ref().map(show);
        format!("{kind} {} {}/{}/{name}@{} {value:?}", e.violation_id, e.thing, e.profile, e.at_ms)
    });
    let alerts = effects.alerts.iter().map(|a| {
        let Notification::Violation(event) = &a.notification;
        format!("alert {} {} {}", a.target_arn, event.event_type.as_str(), event.violation_id)
    });
    violations.chain(closed).chain(events).chain(alerts).map(|line| line + "\n").collect()
}

/// What the first release stored after the first part of the history.
const FORMAT_1: [(u32, &[u8]); 2] = [
    (0, include_bytes!("../../../../tests/formats/level-1/chunks/chunk-0.cbor")),
    (1, include_bytes!("../../../../tests/formats/level-1/chunks/chunk-1.cbor")),
];
/// The same at format level 2.
const FORMAT_2: [(u32, &[u8]); 2] = [
    (0, include_bytes!("../../../../tests/formats/level-2/chunks/chunk-0.cbor")),
    (1, include_bytes!("../../../../tests/formats/level-2/chunks/chunk-1.cbor")),
];
/// The same at format level 3.
const FORMAT_3: [(u32, &[u8]); 2] = [
    (0, include_bytes!("../../../../tests/formats/level-3/chunks/chunk-0.cbor")),
    (1, include_bytes!("../../../../tests/formats/level-3/chunks/chunk-1.cbor")),
];

fn load(chunks: [(u32, &[u8]); 2]) -> Partition {
    Partition::load(SETTINGS, chunks.into_iter()).unwrap()
}

/// The first part of the history, as it is applied here.
fn first_part() -> Partition {
    let mut partition = Partition::new(SETTINGS);
    let mut effects = Effects::default();
    history()[..STORED_AT].iter().for_each(|record| partition.apply_whole(record, &mut effects));
    partition
}

/// What comes of the rest of the history.
fn goes_on(mut partition: Partition) -> String {
    let mut effects = Effects::default();
    history()[STORED_AT..].iter().for_each(|record| partition.apply_whole(record, &mut effects));
    lines(&effects)
}

#[test]
fn what_was_stored_in_any_format_goes_on_alike() {
    let [(_, header_1), (_, things_1)] = FORMAT_1;
    let [(_, header_2), (_, things_2)] = FORMAT_2;
    let expected = goes_on(load(FORMAT_1));
    for kind in ["in-alarm", "alarm-cleared", "violation"] {
        let count = expected.lines().filter(|line| line.starts_with(kind)).count();
        assert!(count > 50, "{count} of {kind}");
    }
    assert_eq!(goes_on(load(FORMAT_2)), expected);
    // While a level is new chunks of both stand side by side.
    assert_eq!(goes_on(load([(0, header_1), (1, things_2)])), expected);
    assert_eq!(goes_on(load([(0, header_2), (1, things_1)])), expected);
}

#[test]
fn the_third_level_is_written_and_read_byte_for_byte() {
    let written = first_part().take_dirty(FormatLevel::Proven).unwrap();
    let written: Vec<_> = written.iter().map(|(number, bytes)| (*number, &bytes[..])).collect();
    assert!(written == FORMAT_3, "not what is in tests/formats/level-3/chunks");
    assert_eq!(goes_on(load(FORMAT_3)), goes_on(first_part()));
}

/// The releases of these levels closed windows by other rules, so that what they wrote of the same
/// history was not the same.
#[test]
fn what_the_lower_levels_can_say_is_read_again() {
    let mut told = Vec::new();
    for level in [FormatLevel::First, FormatLevel::Named] {
        let written = first_part().take_dirty(level).unwrap();
        let chunks = written.iter().map(|(number, bytes)| (*number, bytes.as_slice()));
        let again = Partition::load(SETTINGS, chunks).unwrap();
        assert_eq!(again.thing_count(), first_part().thing_count());
        told.push(goes_on(again));
    }
    assert_eq!(told[0], told[1], "both say as much");
    assert!(told[0].lines().count() > 200);
}

proptest! {
    #![proptest_config(crate::random_records::cases(100))]

    #[test]
    fn every_header_of_the_first_level_is_read_by_the_first_release_and_by_this_one(
        changes in prop::collection::vec(random::change(), 1..6),
    ) {
        let mut partition = Partition::new(SETTINGS);
        let mut effects = Effects::default();
        let door = Record::DoorStarted { door: "d".to_owned(), boot: 1, at_ms: 1 };
        partition.apply_whole(&door, &mut effects);
        for (change, seq) in changes.into_iter().zip(1..) {
            partition.apply_whole(&Record::Change(seq, 2, change), &mut effects);
        }
        let chunks = partition.take_dirty(FormatLevel::First).unwrap();
        first_release::reads::<first_release::Header>(&chunks[0].1);
        let loaded = chunks.iter().map(|(number, bytes)| (*number, bytes.as_slice()));
        prop_assert!(Partition::load(SETTINGS, loaded).is_ok());
    }
}

#[test]
fn the_golden_header_is_what_the_frozen_reader_reads() {
    first_release::reads::<first_release::Header>(FORMAT_1[0].1);
}

#[test]
fn a_header_with_what_a_newer_release_wrote_is_told_as_such() {
    let (head, rest) = FORMAT_1[0].1.split_at(1);
    assert_eq!(head, [0x86], "an array of six fields");
    let longer = [&[0x87], rest, &[0]].concat();
    let error = Partition::load(SETTINGS, [(0, longer.as_slice())].into_iter()).err().unwrap();
    assert!(matches!(error, DetectError::HoldsNewer { chunk: 0, .. }), "{error}");
    assert!(error.to_string().contains("an array of 7 fields where this version knows 6"));
}
