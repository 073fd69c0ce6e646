//! Random values of what is stored: all that the domain can say. Tests of several rooms include
//! this file.

#![allow(dead_code, reason = "each room makes what it writes")]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fmt::Debug;

use fleetward_domain::security_profile::{AlertTarget, MetricsExport};
use fleetward_domain::{
    Behavior, Change, Comparison, ComparisonOperator, Criteria, DimensionOperator, Judgement,
    Metric, MetricDimension, MetricToRetain, MetricValue, NameError, SecurityProfile, Target,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

pub(crate) fn name<T: TryFrom<String, Error = NameError> + Debug>() -> impl Strategy<Value = T> {
    "[a-zA-Z0-9_-]{1,12}".prop_map(|name| T::try_from(name).unwrap())
}

/// JSON says these to the last bit, which it does not of every number.
pub(crate) fn number() -> impl Strategy<Value = f64> {
    any::<i32>().prop_map(|quarters| f64::from(quarters) / 4.0)
}

/// One that the first level says.
pub(crate) fn metric() -> impl Strategy<Value = Metric> {
    let mut built_in = Metric::BUILT_IN.to_vec();
    built_in.retain(|metric| metric.facts().number < Metric::CUSTOM_NUMBER);
    prop_oneof![select(built_in), name().prop_map(Metric::Custom),]
}

pub(crate) fn value() -> impl Strategy<Value = MetricValue> {
    prop_oneof![scalar(), cidrs(), ports(), set()]
}

fn scalar() -> impl Strategy<Value = MetricValue> {
    prop_oneof![any::<u64>().prop_map(MetricValue::Count), number().prop_map(MetricValue::Number),]
}

fn cidrs() -> impl Strategy<Value = MetricValue> {
    let network = prop_oneof![
        (any::<[u8; 4]>(), 0_u8..=32)
            .prop_map(|([a, b, c, d], length)| format!("{a}.{b}.{c}.{d}/{length}")),
        (any::<u16>(), 0_u8..=128)
            .prop_map(|(part, length)| format!("2001:db8:{part:x}::/{length}")),
    ];
    vec(network, 0..4).prop_map(|networks| {
        MetricValue::Cidrs(networks.iter().map(|network| network.parse().unwrap()).collect())
    })
}

fn ports() -> impl Strategy<Value = MetricValue> {
    vec(any::<u16>(), 0..6).prop_map(MetricValue::Ports)
}

fn set() -> impl Strategy<Value = MetricValue> {
    prop_oneof![
        vec(number(), 0..4).prop_map(MetricValue::Numbers),
        vec(any::<String>(), 0..4).prop_map(MetricValue::Strings),
    ]
}

fn comparison() -> impl Strategy<Value = Comparison> {
    use ComparisonOperator as Op;
    let bounds = [Op::LessThan, Op::LessThanEquals, Op::GreaterThan, Op::GreaterThanEquals];
    prop_oneof![
        (select(bounds.to_vec()), scalar()),
        (select(vec![Op::InCidrSet, Op::NotInCidrSet]), cidrs()),
        (select(vec![Op::InPortSet, Op::NotInPortSet]), ports()),
        (select(vec![Op::InSet, Op::NotInSet]), set()),
    ]
    .prop_map(|(operator, value)| Comparison::new(operator, value).unwrap())
}

fn criteria() -> impl Strategy<Value = Criteria> {
    let datapoints = || of(any::<u8>());
    (comparison(), of(any::<u32>()), datapoints(), datapoints()).prop_map(
        |(comparison, duration_seconds, datapoints_to_alarm, datapoints_to_clear)| Criteria {
            judgement: Judgement::Static(comparison),
            duration_seconds,
            datapoints_to_alarm,
            datapoints_to_clear,
        },
    )
}

pub(crate) fn dimension() -> impl Strategy<Value = MetricDimension> {
    (name(), select(vec![DimensionOperator::In, DimensionOperator::NotIn]))
        .prop_map(|(name, operator)| MetricDimension { name, operator })
}

pub(crate) fn behavior() -> impl Strategy<Value = Behavior> {
    let parts = (name(), of(metric()), of(dimension()), of(criteria()), any::<bool>());
    (parts, of(any::<bool>())).prop_map(
        |((name, metric, dimension, criteria, suppress_alerts), export_metric)| Behavior {
            name,
            metric,
            dimension,
            criteria,
            suppress_alerts,
            export_metric,
        },
    )
}

pub(crate) fn profile() -> impl Strategy<Value = SecurityProfile> {
    let pair = || any::<(String, String)>();
    let retained = (metric(), of(dimension()), of(any::<bool>())).prop_map(
        |(metric, dimension, export_metric)| MetricToRetain { metric, dimension, export_metric },
    );
    let target = pair().prop_map(|(arn, role_arn)| AlertTarget { arn, role_arn });
    let export = pair().prop_map(|(mqtt_topic, role_arn)| MetricsExport { mqtt_topic, role_arn });
    let lists = (vec(behavior(), 0..4), vec(target, 0..2), vec(retained, 0..3), vec(pair(), 0..3));
    let parts = (name(), of(any::<String>()), lists, of(export), any::<[i64; 3]>());
    parts.prop_map(|(name, description, lists, metrics_export, [version, created, modified])| {
        let (behaviors, alert_targets, metrics_to_retain, tags) = lists;
        SecurityProfile {
            name,
            description,
            behaviors,
            alert_targets,
            metrics_to_retain,
            metrics_export,
            tags,
            version,
            created_ms: created,
            modified_ms: modified,
        }
    })
}

fn target() -> impl Strategy<Value = Target> {
    prop_oneof![
        name().prop_map(Target::Group),
        Just(Target::RegisteredThings),
        Just(Target::UnregisteredThings),
        Just(Target::AllThings),
    ]
}

pub(crate) fn change() -> impl Strategy<Value = Change> {
    let certificate = "[0-9a-f]{64}".prop_map(|id| Change::Certificate(id.try_into().unwrap()));
    prop_oneof![
        (name(), any::<bool>(), vec(name(), 0..3))
            .prop_map(|(name, registered, groups)| Change::Thing { name, registered, groups }),
        (profile(), vec(target(), 0..4))
            .prop_map(|(profile, targets)| Change::Profile(profile, targets)),
        name().prop_map(Change::ProfileDeleted),
        name().prop_map(Change::Dimension),
        certificate,
        name().prop_map(Change::Policy),
    ]
}
