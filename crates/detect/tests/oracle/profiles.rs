//! Random profiles: behaviors on every way of measuring, with bounds where the devices of
//! `history.rs` draw their values, so that each is kept about as often as it is broken.

use fleetward_domain::security_profile::{AlertTarget, MetricsExport};
use fleetward_domain::{
    Behavior, BehaviorName, Comparison, ComparisonOperator as Op, Criteria, DimensionOperator,
    GroupName, Judgement, Metric, MetricDimension, MetricValue, Percentile, ProfileName,
    SecurityProfile, Target,
};

use crate::dice::Dice;

/// What a profile can judge.
pub(crate) const METRICS: [&str; 25] = [
    "aws:num-messages-sent",
    "aws:num-messages-sent",
    "aws:num-messages-received",
    "aws:num-authorization-failures",
    "aws:message-byte-size",
    "aws:message-byte-size",
    "aws:source-ip-address",
    "aws:disconnect-duration",
    "aws:disconnect-duration",
    "fleetward:seconds-since-report",
    "fleetward:seconds-since-report",
    "aws:num-connection-attempts",
    "aws:num-disconnects",
    "aws:all-bytes-out",
    "aws:all-bytes-out",
    "aws:all-packets-in",
    "aws:num-established-tcp-connections",
    "aws:num-listening-tcp-ports",
    "aws:num-listening-udp-ports",
    "aws:listening-tcp-ports",
    "aws:destination-ip-addresses",
    "temperature",
    "versions",
    "levels",
    "peers",
];
pub(crate) const PORTS: [u16; 4] = [22, 80, 443, 8_080];
pub(crate) const ADDRESSES: [&str; 3] = ["10.0.0.7", "10.1.2.3", "192.0.2.9"];
pub(crate) const VERSIONS: [&str; 3] = ["v1", "v2", "v3"];
pub(crate) const LEVELS: [f64; 3] = [-1.0, 0.0, 2.5];
pub(crate) const GROUPS: [&str; 3] = ["g", "h", "i"];
pub(crate) const DIMENSION: &str = "doors";
pub(crate) const PROFILES: [&str; 3] = ["p", "q", "r"];

pub(crate) fn group(name: &str) -> GroupName {
    GroupName::parse(name).unwrap()
}

/// The topics in the one dimension, or those outside.
pub(crate) fn dimension(operator: DimensionOperator) -> MetricDimension {
    MetricDimension { name: DIMENSION.to_owned().try_into().unwrap(), operator }
}

fn behavior(dice: &mut Dice, number: usize) -> Behavior {
    let metric = Metric::parse(dice.one_of(&METRICS)).unwrap();
    let ordered = [Op::LessThan, Op::LessThanEquals, Op::GreaterThan, Op::GreaterThanEquals];
    let (operators, value): (&[Op], _) = match metric.as_str() {
        "aws:listening-tcp-ports" => {
            (&[Op::InPortSet, Op::NotInPortSet], MetricValue::Ports(dice.some_of(&PORTS, 2)))
        }
        "aws:destination-ip-addresses" | "aws:source-ip-address" | "peers" => {
            let nets =
                ["10.0.0.0/8", "10.1.0.0/16", "192.0.2.9/32"].map(|net| net.parse().unwrap());
            (&[Op::InCidrSet, Op::NotInCidrSet], MetricValue::Cidrs(dice.some_of(&nets, 2)))
        }
        "versions" => {
            let versions = VERSIONS.map(str::to_owned);
            (&[Op::InSet, Op::NotInSet], MetricValue::Strings(dice.some_of(&versions, 2)))
        }
        "levels" => (&[Op::InSet, Op::NotInSet], MetricValue::Numbers(dice.some_of(&LEVELS, 2))),
        "temperature" => (&ordered, MetricValue::Number(dice.below(20) as f64 - 5.0)),
        "aws:disconnect-duration" | "fleetward:seconds-since-report" => {
            (&[Op::LessThan, Op::LessThanEquals], MetricValue::Count(1 + dice.below(6)))
        }
        "aws:message-byte-size" => (&ordered, MetricValue::Count(1 + dice.below(60))),
        "aws:all-bytes-out" => (&ordered, MetricValue::Count(1 + dice.below(150))),
        _ => (&ordered, MetricValue::Count(1 + dice.below(8))),
    };
    let operator = dice.one_of(operators);
    // The fleet can be asked about whatever has a number.
    let can_ask = ordered.contains(&operator) && !metric.is_duration();
    let judgement = match can_ask && dice.once_in(4) {
        true => {
            let statistic = Percentile::parse(dice.one_of(&["p0", "p10", "p50", "p90", "p100"]));
            Judgement::Statistical { operator, statistic: statistic.unwrap() }
        }
        false => Judgement::Static(Comparison::new(operator, value).unwrap()),
    };
    let is_windowed = metric.needs_duration() || matches!(judgement, Judgement::Statistical { .. });
    let duration_seconds = is_windowed.then(|| dice.one_of(&[1, 1, 2, 3, 5]));
    let datapoints = |dice: &mut Dice| dice.once_in(2).then(|| 1 + dice.below(3) as u8);
    let side = dice.one_of(&[DimensionOperator::In, DimensionOperator::NotIn]);
    let narrow = [Metric::MessagesSent, Metric::MessageByteSize, Metric::SourceIpAddress];
    let is_narrowed = narrow.contains(&metric) && dice.once_in(2);
    Behavior {
        name: BehaviorName::parse(format!("b{number}")).unwrap(),
        dimension: is_narrowed.then(|| dimension(side)),
        criteria: Some(Criteria {
            judgement,
            duration_seconds,
            datapoints_to_alarm: datapoints(dice),
            datapoints_to_clear: datapoints(dice),
        }),
        metric: Some(metric),
        suppress_alerts: dice.once_in(4),
        export_metric: Some(dice.once_in(2)),
    }
}

/// A profile of up to six behaviors.
pub(crate) fn profile(dice: &mut Dice, name: &str) -> SecurityProfile {
    let count = 1 + dice.below(6) as usize;
    let behaviors = (0..count).map(|number| behavior(dice, number)).collect();
    SecurityProfile {
        name: ProfileName::parse(name).unwrap(),
        description: None,
        behaviors,
        alert_targets: vec![AlertTarget { arn: format!("arn:{name}"), role_arn: String::new() }],
        metrics_to_retain: Vec::new(),
        // Nobody's verdicts depend on what is exported beside them.
        metrics_export: Some(MetricsExport {
            mqtt_topic: "exports".to_owned(),
            role_arn: String::new(),
        }),
        tags: Vec::new(),
        version: 1,
        created_ms: 0,
        modified_ms: 0,
    }
}

/// The same profile, in which some things are otherwise.
pub(crate) fn changed(dice: &mut Dice, before: &SecurityProfile) -> SecurityProfile {
    let mut changed = before.clone();
    changed.version += 1;
    changed.behaviors.retain(|_| !dice.once_in(8));
    for (number, own) in changed.behaviors.iter_mut().enumerate() {
        match dice.below(8) {
            0 | 1 => own.suppress_alerts = !own.suppress_alerts,
            2 => own.export_metric = Some(own.export_metric != Some(true)),
            3 => *own = Behavior { name: own.name.clone(), ..behavior(dice, number) },
            _ => {}
        }
    }
    if dice.once_in(4) {
        let number = 10 + changed.version as usize;
        let place = dice.below(changed.behaviors.len() as u64 + 1) as usize;
        changed.behaviors.insert(place, behavior(dice, number));
    }
    changed
}

/// What a profile is attached to: mostly something.
pub(crate) fn targets(dice: &mut Dice) -> Vec<Target> {
    let mut all = vec![Target::AllThings, Target::RegisteredThings, Target::UnregisteredThings];
    all.extend(GROUPS.map(|name| Target::Group(group(name))));
    let one = dice.one_of(&all);
    match dice.below(4) {
        0 | 1 => vec![Target::AllThings],
        2 => vec![one],
        _ => dice.some_of(&all, 3),
    }
}
