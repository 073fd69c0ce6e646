//! What is meant to happen: who reports what and when, what the profile says, and when it changes.

use fleetward_domain::security_profile::AlertTarget;
use fleetward_domain::{
    Behavior, BehaviorName, Change, Comparison, ComparisonOperator as Op, Count, Criteria,
    CustomValue, DimensionOperator, GroupName, Judgement, Metric, MetricDimension, MetricValue,
    NetworkStats, PortList, ProfileName, RemoteList, Report, ReportedMetric, SecurityProfile,
    Target, ThingName,
};

use crate::dice::Dice;

pub(crate) const START_MS: i64 = 1_700_000_000_000;
/// The shortest window.
pub(crate) const PERIOD_MS: i64 = 1_000;
/// What some of the messages are sent on.
const DIMENSION: &str = "doors";
pub(crate) const ALERT_ARN: &str = "arn:aws:sns:us-east-1:123456789012:alarms";

/// A report that a device is going to send.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) thing: usize,
    /// When the device has it, at the earliest.
    pub(crate) due_ms: i64,
    pub(crate) report: Report,
}

/// What a device is going to do, other than report.
#[derive(Clone, Debug)]
pub(crate) struct Doing {
    pub(crate) thing: usize,
    pub(crate) due_ms: i64,
    /// Whether it is connected from then on.
    pub(crate) connected: bool,
    pub(crate) counts: Vec<Count>,
}

/// All that is meant to happen.
pub(crate) struct Script {
    pub(crate) partitions: u32,
    pub(crate) things: Vec<ThingName>,
    /// In the order of their times.
    pub(crate) reports: Vec<Planned>,
    pub(crate) doings: Vec<Doing>,
    /// Numbered from one, each with its time.
    pub(crate) changes: Vec<(i64, Change)>,
}

impl Script {
    pub(crate) fn new(dice: &mut Dice) -> Self {
        let things: Vec<_> = (0..2 + dice.below(6))
            .map(|number| ThingName::parse(format!("thing-{number}")).unwrap())
            .collect();
        let length_ms = 8_000 + dice.below(25_000) as i64;
        let changes = changes(dice, &things, length_ms);
        let mut reports = Vec::new();
        let mut doings = Vec::new();
        for thing in 0..things.len() {
            let mut due_ms = START_MS + 500;
            let mut report_id = 1;
            while due_ms < START_MS + length_ms {
                // Some are sent in one breath, and some fall on a window's border.
                due_ms += dice.one_of(&[0, 3, 150, 400, 900, 2_500]);
                if dice.once_in(8) {
                    due_ms += PERIOD_MS - due_ms % PERIOD_MS - dice.below(2) as i64;
                }
                if dice.once_in(3) {
                    let (connected, counts) = (!dice.once_in(6), counts(dice));
                    doings.push(Doing { thing, due_ms, connected, counts });
                    continue;
                }
                reports.push(Planned { thing, due_ms, report: report(dice, report_id) });
                // Ids need not grow: now and then one is used again, for another report.
                report_id += i64::from(!dice.once_in(10));
            }
        }
        reports.sort_by_key(|planned| planned.due_ms);
        doings.sort_by_key(|doing| doing.due_ms);
        Self { partitions: 1 + dice.below(4) as u32, things, reports, doings, changes }
    }
}

/// Registrations, groups and profiles, in the order of their times.
fn changes(dice: &mut Dice, things: &[ThingName], length_ms: i64) -> Vec<(i64, Change)> {
    let any_time = |dice: &mut Dice| START_MS + 1_000 + dice.below(length_ms as u64) as i64;
    let first = behaviors(dice);
    let mut changes = vec![(START_MS + 1, profile("simulated", 1, &first, targets(dice)))];
    // Strangers stay as they are; some of the others move between groups, or leave the registry.
    for name in things {
        if dice.once_in(4) {
            continue;
        }
        changes.push((START_MS, registration(dice, name, true)));
        for _ in 0..dice.below(3) {
            let registered = !dice.once_in(4);
            changes.push((any_time(dice), registration(dice, name, registered)));
        }
    }
    for version in 2..2 + dice.below(3) as i64 {
        let behaviors = changed(dice, &first);
        changes.push((any_time(dice), profile("simulated", version, &behaviors, targets(dice))));
    }
    if dice.once_in(2) {
        let behaviors = behaviors(dice);
        let grouped = profile("grouped", 1, &behaviors, vec![Target::Group(group("house"))]);
        changes.push((any_time(dice), grouped));
        let end = match dice.below(3) {
            0 => Change::ProfileDeleted(ProfileName::parse("grouped").unwrap()),
            1 => deleted("lights", &["house"]),
            _ => deleted("house", &[]),
        };
        changes.push((any_time(dice), end));
    }
    changes.sort_by_key(|(at_ms, _)| *at_ms);
    changes
}

fn deleted(name: &str, ancestors: &[&str]) -> Change {
    let ancestors = ancestors.iter().map(|name| group(name)).collect();
    Change::GroupDeleted { name: group(name), ancestors }
}

fn group(name: &str) -> GroupName {
    GroupName::parse(name).unwrap()
}

/// The lights are a group in the house: who is in them is in both.
fn registration(dice: &mut Dice, name: &ThingName, registered: bool) -> Change {
    let own: &[&str] = dice.one_of(&[&[], &["house"], &["house", "lights"]]);
    let groups = own.iter().filter(|_| registered).map(|name| group(name)).collect();
    Change::Thing { name: name.clone(), registered, groups }
}

fn targets(dice: &mut Dice) -> Vec<Target> {
    let lights = || Target::Group(group("lights"));
    match dice.below(6) {
        0..3 => vec![Target::AllThings],
        3 => vec![Target::RegisteredThings],
        4 => vec![Target::UnregisteredThings, lights()],
        _ => vec![lights(), Target::RegisteredThings],
    }
}

/// What a front door counts of it.
fn counts(dice: &mut Dice) -> Vec<Count> {
    let (sent, inside) = (dice.below(6), dice.below(4));
    let dimension = Some(DIMENSION.to_owned().try_into().unwrap());
    let count = |metric, dimension, value| Count { metric, dimension, value };
    let mut counts = Vec::new();
    if !dice.once_in(4) {
        counts.push(count(Metric::MessagesSent, None, sent + inside));
        counts.push(count(Metric::MessagesSent, dimension, inside));
    }
    if dice.once_in(3) {
        counts.push(count(Metric::ConnectionAttempts, None, 1 + dice.below(3)));
    }
    counts
}

fn report(dice: &mut Dice, report_id: i64) -> Report {
    let ports: Vec<u16> =
        (0..dice.below(4)).map(|_| dice.one_of(&[22, 22, 443, 443, 443, 23])).collect();
    let address = |dice: &mut Dice| dice.one_of(&["10.0.0.7", "10.1.2.3", "192.0.2.9"]);
    let remotes = (0..dice.below(3)).map(|_| address(dice).parse().unwrap()).collect::<Vec<_>>();
    let temperature = dice.below(40) as f64 - 10.0;
    let firmware = dice.one_of(&["v1", "v1", "v2", "v3"]).to_owned();
    // Every part is left out now and then: a window without a value is not one with a zero.
    let custom = |name: &str, value| ReportedMetric { name: name.to_owned(), value };
    let often = |dice: &mut Dice| !dice.once_in(4);
    Report {
        report_id,
        network: NetworkStats {
            bytes_out: often(dice).then(|| dice.below(60)),
            packets_in: often(dice).then(|| dice.below(10)),
            ..NetworkStats::default()
        },
        listening_tcp: often(dice).then(|| PortList {
            total: dice.once_in(2).then(|| dice.below(6)),
            ports: Some(ports),
        }),
        listening_udp: None,
        established: often(dice).then_some(RemoteList {
            total: None,
            listed: remotes.len() as u64,
            addresses: Some(remotes),
        }),
        custom: vec![
            custom("temperature", CustomValue::Number(temperature)),
            custom("firmware", CustomValue::Strings(vec![firmware])),
        ],
    }
}

fn behaviors(dice: &mut Dice) -> Vec<Behavior> {
    let cidrs = vec!["10.0.0.0/8".parse().unwrap()];
    // One of each way of measuring, and two that share a measure. The bounds lie where `report`
    // draws, so that each is kept about as often as it is broken.
    let rows: [(&str, &str, Op, MetricValue, Option<u32>); 13] = [
        (
            "few-ports",
            "aws:num-listening-tcp-ports",
            Op::LessThanEquals,
            MetricValue::Count(3),
            None,
        ),
        (
            "known-ports",
            "aws:listening-tcp-ports",
            Op::InPortSet,
            MetricValue::Ports(vec![22, 443]),
            None,
        ),
        (
            "known-remotes",
            "aws:destination-ip-addresses",
            Op::InCidrSet,
            MetricValue::Cidrs(cidrs),
            None,
        ),
        ("warm", "temperature", Op::GreaterThan, MetricValue::Number(-5.0), None),
        (
            "firmware",
            "firmware",
            Op::InSet,
            MetricValue::Strings(vec!["v1".into(), "v2".into()]),
            None,
        ),
        ("quiet", "aws:all-bytes-out", Op::LessThanEquals, MetricValue::Count(100), Some(2)),
        ("very-quiet", "aws:all-bytes-out", Op::LessThan, MetricValue::Count(60), Some(2)),
        ("few-packets", "aws:all-packets-in", Op::LessThan, MetricValue::Count(8), Some(1)),
        ("reports", "aws:all-bytes-out", Op::GreaterThan, MetricValue::Count(20), Some(5)),
        ("sends-little", "aws:num-messages-sent", Op::LessThan, MetricValue::Count(9), Some(2)),
        ("lives", "aws:num-messages-sent", Op::GreaterThan, MetricValue::Count(0), Some(2)),
        ("opens", "aws:num-messages-sent", Op::LessThanEquals, MetricValue::Count(3), Some(1)),
        ("tries", "aws:num-connection-attempts", Op::LessThan, MetricValue::Count(3), Some(2)),
    ];
    rows.into_iter()
        .map(|(name, metric, operator, value, duration_seconds)| Behavior {
            name: BehaviorName::parse(name).unwrap(),
            metric: Some(Metric::parse(metric).unwrap()),
            dimension: (name == "opens").then(|| MetricDimension {
                name: DIMENSION.to_owned().try_into().unwrap(),
                operator: DimensionOperator::In,
            }),
            criteria: Some(Criteria {
                judgement: Judgement::Static(Comparison::new(operator, value).unwrap()),
                duration_seconds,
                datapoints_to_alarm: dice.once_in(2).then(|| 1 + dice.below(3) as u8),
                datapoints_to_clear: dice.once_in(2).then(|| 1 + dice.below(3) as u8),
            }),
            suppress_alerts: dice.once_in(4),
            export_metric: None,
        })
        .collect()
}

/// The same behaviors, but some are gone, and some judge otherwise.
fn changed(dice: &mut Dice, first: &[Behavior]) -> Vec<Behavior> {
    let mut behaviors = first.to_vec();
    behaviors.retain(|_| !dice.once_in(5));
    for behavior in &mut behaviors {
        let Some(criteria) = behavior.criteria.as_mut().filter(|_| dice.once_in(4)) else {
            continue;
        };
        if dice.once_in(2) {
            criteria.datapoints_to_alarm = Some(1 + dice.below(4) as u8);
        } else if criteria.duration_seconds.is_some() {
            criteria.duration_seconds = Some(dice.one_of(&[1, 2, 5]));
        }
    }
    behaviors.iter_mut().for_each(|behavior| behavior.suppress_alerts ^= dice.once_in(3));
    behaviors
}

fn profile(name: &str, version: i64, behaviors: &[Behavior], targets: Vec<Target>) -> Change {
    let target =
        AlertTarget { arn: ALERT_ARN.to_owned(), role_arn: "arn:aws:iam::1:role/r".to_owned() };
    let profile = SecurityProfile {
        name: ProfileName::parse(name).unwrap(),
        description: None,
        behaviors: behaviors.to_vec(),
        alert_targets: vec![target],
        metrics_to_retain: Vec::new(),
        metrics_export: None,
        tags: Vec::new(),
        version,
        created_ms: START_MS,
        modified_ms: START_MS,
    };
    Change::Profile(profile, targets)
}
