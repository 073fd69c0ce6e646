//! Random histories of a small world.

use fleetward_domain::{
    Behavior, Change, ComparisonOperator, Count, DimensionOperator, MetricDimension, MetricValue,
    PortList, Record, Report, Target,
};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::scenario::*;

const THINGS: [&str; 4] = ["a", "b", "c", "d"];
const GROUPS: [&str; 2] = ["g", "h"];

/// What may be judged; some differ in one thing only.
fn behaviors() -> Vec<Behavior> {
    let doors =
        |operator| MetricDimension { name: "doors".to_owned().try_into().unwrap(), operator };
    let ports = || MetricValue::Ports(vec![22, 80]);
    let at_most_50 = (ComparisonOperator::LessThan, MetricValue::Number(50.0));
    let mut suppressed = at_most("sum", "aws:all-bytes-out", 100);
    suppressed.suppress_alerts = true;
    vec![
        at_most("sum", "aws:all-bytes-out", 100),
        suppressed,
        after(over_seconds(more_than("low-sum", "aws:all-bytes-out", 20), 30), 2, 1),
        after(at_most("sent", "aws:num-messages-sent", 10), 1, 2),
        after(more_than("quiet", "aws:num-messages-sent", 0), 2, 1),
        over_seconds(more_than("quiet", "aws:num-messages-sent", 0), 30),
        narrowed(at_most("in", "aws:num-messages-sent", 5), doors(DimensionOperator::In)),
        narrowed(more_than("out", "aws:num-messages-sent", 2), doors(DimensionOperator::NotIn)),
        after(at_most("count", "aws:num-listening-tcp-ports", 2), 2, 2),
        behavior("ports", "aws:listening-tcp-ports", ComparisonOperator::InPortSet, ports()),
        after(behavior("heat", "temperature", at_most_50.0, at_most_50.1), 3, 2),
    ]
}

#[derive(Clone, Debug)]
enum Step {
    Report { thing: &'static str, report: Report },
    Activity { thing: &'static str, door: usize, repeats: bool, up: bool, counts: Vec<Count> },
    DoorStarted { door: usize },
    Thing { thing: &'static str, registered: bool, groups: Vec<&'static str> },
    Profile { name: &'static str, behaviors: Vec<Behavior>, targets: Vec<Target> },
    Deleted { name: &'static str },
    OldChange { name: &'static str },
    GroupDeleted { group: &'static str, ancestors: Vec<&'static str> },
    Watermark { door: usize },
    DoorGone { door: usize },
    ClockSet { door: usize, ahead_ms: i64 },
    Tick,
}

fn report() -> impl Strategy<Value = Report> {
    let ports = subsequence(vec![22_u16, 80, 443, 8_080], 0..4);
    let parts = (
        1_i64..12,
        prop::option::weighted(0.7, 0_u64..150),
        prop::option::weighted(0.7, ports),
        prop::option::weighted(0.2, 0_u64..5),
        prop::option::weighted(0.5, -20.0_f64..90.0),
    );
    parts.prop_map(|(report_id, bytes, ports, total, heat)| {
        let mut report = heat.map_or_else(Report::default, |heat| number("temperature", heat));
        report.report_id = report_id;
        report.network.bytes_out = bytes;
        report.listening_tcp =
            (ports.is_some() || total.is_some()).then_some(PortList { total, ports });
        report
    })
}

fn counts() -> impl Strategy<Value = Vec<Count>> {
    prop_oneof![
        2 => Just(vec![]),
        1 => (0_u64..9).prop_map(|total| vec![sent(total)]),
        3 => (0_u64..5, 0_u64..5)
            .prop_map(|(inside, outside)| vec![sent(inside + outside), sent_in("doors", inside)]),
    ]
}

fn targets() -> impl Strategy<Value = Vec<Target>> {
    let group = |name: &str| Target::Group(name.to_owned().try_into().unwrap());
    let all = vec![
        Target::AllThings,
        Target::RegisteredThings,
        Target::UnregisteredThings,
        group("g"),
        group("h"),
    ];
    prop_oneof![2 => Just(vec![Target::AllThings]), 3 => subsequence(all, 0..3)]
}

/// Some of the behaviors, of each name one.
fn some_behaviors() -> impl Strategy<Value = Vec<Behavior>> {
    let all = behaviors();
    let count = all.len();
    (subsequence(all, 0..=count), any::<bool>()).prop_map(|(mut some, backwards)| {
        if backwards {
            some.reverse();
        }
        let mut names = Vec::new();
        some.retain(|behavior| {
            let is_new = !names.contains(&behavior.name);
            names.push(behavior.name.clone());
            is_new
        });
        some
    })
}

fn step() -> impl Strategy<Value = Step> {
    let thing = || select(THINGS.to_vec());
    let name = || select(vec!["p", "q"]);
    prop_oneof![
        30 => (thing(), report()).prop_map(|(thing, report)| Step::Report { thing, report }),
        30 => (thing(), 0_usize..2, prop::bool::weighted(0.1), prop::bool::weighted(0.7), counts())
            .prop_map(|(thing, door, repeats, up, counts)| {
                Step::Activity { thing, door, repeats, up, counts }
            }),
        2 => (0_usize..2).prop_map(|door| Step::DoorStarted { door }),
        8 => (thing(), any::<bool>(), subsequence(GROUPS.to_vec(), 0..=2))
            .prop_map(|(thing, registered, groups)| Step::Thing { thing, registered, groups }),
        8 => (name(), some_behaviors(), targets())
            .prop_map(|(name, behaviors, targets)| Step::Profile { name, behaviors, targets }),
        1 => name().prop_map(|name| Step::Deleted { name }),
        1 => name().prop_map(|name| Step::OldChange { name }),
        1 => (select(GROUPS.to_vec()), subsequence(GROUPS.to_vec(), 0..=2))
            .prop_map(|(group, ancestors)| Step::GroupDeleted { group, ancestors }),
        10 => (0_usize..2).prop_map(|door| Step::Watermark { door }),
        1 => (0_usize..2).prop_map(|door| Step::DoorGone { door }),
        1 => (0_usize..2, -60_000_i64..60_000)
            .prop_map(|(door, ahead_ms)| Step::ClockSet { door, ahead_ms }),
        20 => Just(Step::Tick),
    ]
}

/// How time goes on: mostly a little, sometimes backwards, sometimes past windows or silence.
fn passing() -> impl Strategy<Value = i64> {
    prop_oneof![
        30 => 0_i64..4_000,
        3 => -5_000_i64..0,
        4 => 10_000_i64..40_000,
        1 => 500_000_i64..900_000,
        1 => Just(SETTINGS.silence_ms),
    ]
}

/// So many cases, and no file that remembers failures.
pub(crate) fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Records in the order of their log, from a profile that judges much.
pub(crate) fn records(count: usize) -> impl Strategy<Value = Vec<Record>> {
    prop::collection::vec((step(), passing()), 0..count).prop_map(|steps| {
        let mut writer = Writer { now_ms: 1_000_000, ..Writer::default() };
        let (name, behaviors) = ("p", behaviors().into_iter().skip(3).step_by(2).collect());
        writer.write(Step::Profile { name, behaviors, targets: vec![Target::AllThings] });
        for (step, passing_ms) in steps {
            writer.now_ms = (writer.now_ms + passing_ms).max(0);
            writer.write(step);
        }
        writer.records
    })
}

#[derive(Default)]
struct Writer {
    now_ms: i64,
    changes: u64,
    boots: [u64; 2],
    seqs: [u64; 2],
    records: Vec<Record>,
}

impl Writer {
    fn write(&mut self, step: Step) {
        let at_ms = self.now_ms;
        let door_name = |door: usize| ["d", "e"][door].to_owned();
        // Numbers of changes, boots and records grow as their writers would have them grow.
        let record = match step {
            Step::Report { thing: name, report } => report_record(name, at_ms, report),
            Step::Activity { thing, door, repeats, up, counts } => {
                self.seqs[door] += u64::from(!repeats);
                let (boot, seq) = (self.boots[door], self.seqs[door]);
                let name = door_name(door);
                Record::Activity(activity(&name, boot, seq, at_ms, thing, up, &counts))
            }
            Step::DoorStarted { door } => {
                self.boots[door] += 1;
                self.seqs[door] = 0;
                Record::DoorStarted { door: door_name(door), boot: self.boots[door], at_ms }
            }
            Step::Thing { thing: name, registered, groups } => {
                let groups = groups.iter().filter(|_| registered);
                let groups = groups.map(|group| group.to_string().try_into().unwrap()).collect();
                self.change(Change::Thing { name: thing(name), registered, groups })
            }
            Step::Profile { name, behaviors, targets } => {
                self.change(Change::Profile(profile(name, &behaviors), targets))
            }
            Step::Deleted { name } => {
                self.change(Change::ProfileDeleted(name.to_owned().try_into().unwrap()))
            }
            Step::OldChange { name } => {
                let change = Change::ProfileDeleted(name.to_owned().try_into().unwrap());
                Record::Change(self.changes, at_ms, change)
            }
            Step::GroupDeleted { group, ancestors } => {
                self.change(group_deleted(group, &ancestors))
            }
            Step::Watermark { door } => {
                let (door, boot) = (door_name(door), self.boots[door]);
                Record::Watermark { door, boot, until_ms: at_ms }
            }
            Step::DoorGone { door } => {
                let (door, boot) = (door_name(door), self.boots[door]);
                Record::DoorGone { door, boot, until_ms: at_ms }
            }
            Step::ClockSet { door, ahead_ms } => {
                let (door, boot) = (door_name(door), self.boots[door]);
                self.now_ms = (at_ms + ahead_ms).max(0);
                Record::ClockSet { door, boot, from_ms: at_ms, to_ms: self.now_ms }
            }
            Step::Tick => Record::Tick(at_ms),
        };
        self.records.push(record);
    }

    fn change(&mut self, change: Change) -> Record {
        self.changes += 1;
        Record::Change(self.changes, self.now_ms, change)
    }
}
