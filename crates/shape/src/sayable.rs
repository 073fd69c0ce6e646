//! From which level on what can be said: asked by every shape, in CBOR and in JSON, before it
//! writes.
//!
//! Everything is named here that a release before might not know: each field and each variant of
//! what profiles, changes and violations hold. What is new does not compile until it has its level
//! here; below that level it is [`Unsayable`], and never written.

use fleetward_domain::{
    Behavior, Change, ComparisonOperator, Criteria, DimensionOperator, FormatLevel, Judgement,
    Metric, MetricValue, SecurityProfile, Target, Unsayable,
};

/// Whether the level can say it.
pub type Sayable = Result<(), Unsayable>;

/// The kind of a change.
///
/// # Errors
/// [`Unsayable`] below its level.
pub fn change(level: FormatLevel, change: &Change) -> Sayable {
    match change {
        Change::Thing { name: _, registered: _, groups: _ }
        | Change::Profile(..)
        | Change::ProfileDeleted(_)
        | Change::Dimension(_)
        | Change::Certificate(_)
        | Change::Policy(_) => level.require(FormatLevel::First, "A change"),
        Change::GroupDeleted { name: _, ancestors: _ } => {
            level.require(FormatLevel::Proven, "That a group was deleted")
        }
    }
}

/// A profile's own fields.
///
/// # Errors
/// [`Unsayable`] below the level of one that has a value.
pub fn profile(level: FormatLevel, profile: &SecurityProfile) -> Sayable {
    let SecurityProfile {
        name: _,
        description: _,
        behaviors: _,
        alert_targets: _,
        metrics_to_retain: _,
        metrics_export: _,
        tags: _,
        version: _,
        created_ms: _,
        modified_ms: _,
    } = profile;
    level.require(FormatLevel::First, "A security profile")
}

/// A behavior's own fields, and how its criteria judge.
///
/// # Errors
/// [`Unsayable`] below the level of one that has a value.
pub fn behavior(level: FormatLevel, behavior: &Behavior) -> Sayable {
    let Behavior {
        name: _,
        metric: _,
        dimension: _,
        criteria,
        suppress_alerts: _,
        export_metric: _,
    } = behavior;
    criteria.as_ref().map_or(Ok(()), |it| self::criteria(level, it))
}

fn criteria(level: FormatLevel, criteria: &Criteria) -> Sayable {
    let Criteria {
        judgement,
        // No field of the first level needs a later one.
        duration_seconds: _,
        datapoints_to_alarm: _,
        datapoints_to_clear: _,
    } = criteria;
    match judgement {
        Judgement::Static(comparison) => operator(level, comparison.operator()),
        Judgement::Statistical { operator: _, statistic: _ } => {
            level.require(FormatLevel::Proven, "A statistical criterion")
        }
    }
}

fn operator(level: FormatLevel, operator: ComparisonOperator) -> Sayable {
    match operator {
        ComparisonOperator::LessThan
        | ComparisonOperator::LessThanEquals
        | ComparisonOperator::GreaterThan
        | ComparisonOperator::GreaterThanEquals
        | ComparisonOperator::InCidrSet
        | ComparisonOperator::NotInCidrSet
        | ComparisonOperator::InPortSet
        | ComparisonOperator::NotInPortSet
        | ComparisonOperator::InSet
        | ComparisonOperator::NotInSet => level.require(FormatLevel::First, "A comparison"),
    }
}

/// A metric.
///
/// # Errors
/// [`Unsayable`] below its level.
pub fn metric(level: FormatLevel, metric: &Metric) -> Sayable {
    match metric {
        Metric::MessagesSent
        | Metric::MessagesReceived
        | Metric::MessageByteSize
        | Metric::AuthorizationFailures
        | Metric::ConnectionAttempts
        | Metric::Disconnects
        | Metric::DisconnectDuration
        | Metric::SourceIpAddress
        | Metric::AllBytesIn
        | Metric::AllBytesOut
        | Metric::AllPacketsIn
        | Metric::AllPacketsOut
        | Metric::EstablishedTcpConnections
        | Metric::ListeningTcpPortCount
        | Metric::ListeningUdpPortCount
        | Metric::DestinationIpAddresses
        | Metric::ListeningTcpPorts
        | Metric::ListeningUdpPorts
        | Metric::Custom(_) => level.require(FormatLevel::First, "A metric"),
        Metric::SecondsSinceReport => level.require(FormatLevel::Proven, "A metric of our own"),
    }
}

/// How a dimension narrows a metric.
///
/// # Errors
/// [`Unsayable`] below its level.
pub fn dimension_operator(level: FormatLevel, operator: DimensionOperator) -> Sayable {
    match operator {
        DimensionOperator::In | DimensionOperator::NotIn => {
            level.require(FormatLevel::First, "A dimension's operator")
        }
    }
}

/// The kind of a value.
///
/// # Errors
/// [`Unsayable`] below its level.
pub fn value(level: FormatLevel, value: &MetricValue) -> Sayable {
    match value {
        MetricValue::Count(_)
        | MetricValue::Cidrs(_)
        | MetricValue::Ports(_)
        | MetricValue::Number(_)
        | MetricValue::Numbers(_)
        | MetricValue::Strings(_) => level.require(FormatLevel::First, "A metric's value"),
    }
}

/// The kind of a target.
///
/// # Errors
/// [`Unsayable`] below its level.
pub fn target(level: FormatLevel, target: &Target) -> Sayable {
    match target {
        Target::Group(_)
        | Target::RegisteredThings
        | Target::UnregisteredThings
        | Target::AllThings => level.require(FormatLevel::First, "A profile's target"),
    }
}
