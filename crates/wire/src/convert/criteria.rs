//! The criteria of a behavior: operator, value and window.

use fleetward_domain::limits::DURATIONS_SECONDS;
use fleetward_domain::{Comparison, ComparisonOperator, Criteria, CustomMetricType, Judgement};
use fleetward_domain::{Metric, MetricKind, MetricValue, Percentile};

use super::value::{read_value, show_value};
use super::{BehaviorRules, Problems};
use crate::types;

pub(super) fn read(
    criteria: &types::BehaviorCriteria,
    metric: &Metric,
    rules: &BehaviorRules,
    problems: &mut Problems<'_>,
) -> Option<Criteria> {
    if refuse_unjudged(criteria, metric, problems) {
        return None;
    }
    let form = Form::of(metric, rules);
    let judgement = match &criteria.statistical_threshold {
        None => read_comparison(criteria, metric, &form, problems).map(Judgement::Static),
        Some(threshold) => read_statistical(criteria, threshold, (metric, &form), problems),
    };
    // A percentile ranks one value a window, also of what is a datapoint as it comes.
    let needs_duration = metric.needs_duration() || criteria.statistical_threshold.is_some();
    let duration = match criteria.duration_seconds {
        Some(seconds) => read_duration(seconds, metric, (&form, rules), problems),
        None if needs_duration && !form.is_list => {
            let who = if metric.needs_duration() { "metric" } else { "a statisticalThreshold on" };
            problems.add(
                "criteria.durationSeconds",
                format_args!("is missing: {who} {metric} needs it"),
            );
            None
        }
        None => None,
    };
    let to_alarm = criteria.consecutive_datapoints_to_alarm;
    let to_clear = criteria.consecutive_datapoints_to_clear;
    let to_alarm = read_datapoints(to_alarm, "consecutiveDatapointsToAlarm", problems);
    let to_clear = read_datapoints(to_clear, "consecutiveDatapointsToClear", problems);
    Some(Criteria {
        judgement: judgement?,
        duration_seconds: duration,
        datapoints_to_alarm: to_alarm,
        datapoints_to_clear: to_clear,
    })
}

pub(super) fn show(criteria: &Criteria) -> types::BehaviorCriteria {
    let (operator, value, statistic) = match &criteria.judgement {
        Judgement::Static(comparison) => {
            (comparison.operator(), Some(show_value(comparison.value())), None)
        }
        Judgement::Statistical { operator, statistic } => (*operator, None, Some(*statistic)),
    };
    types::BehaviorCriteria {
        comparison_operator: Some(show_operator(operator)),
        value,
        duration_seconds: criteria.duration_seconds.and_then(|seconds| seconds.try_into().ok()),
        consecutive_datapoints_to_alarm: criteria.datapoints_to_alarm.map(i32::from),
        consecutive_datapoints_to_clear: criteria.datapoints_to_clear.map(i32::from),
        statistical_threshold: statistic.map(|statistic| types::StatisticalThreshold {
            statistic: Some(statistic.as_str().to_owned()),
        }),
        ml_detection_config: None,
    }
}

/// Criteria that would never be judged are refused rather than kept: a user would wait for alarms
/// in vain.
fn refuse_unjudged(
    criteria: &types::BehaviorCriteria,
    metric: &Metric,
    problems: &mut Problems<'_>,
) -> bool {
    let before = problems.found.len();
    if criteria.ml_detection_config.is_some() {
        problems.add(
            "criteria.mlDetectionConfig",
            "is not supported yet: behaviors are judged against a fixed value or a \
             statisticalThreshold only",
        );
    }
    if !metric.is_measured() {
        problems.add(
            "criteria",
            format_args!(
                "cannot be judged for metric {metric}, which is not measured yet; \
                 without criteria the behavior is accepted"
            ),
        );
    }
    problems.found.len() > before
}

/// What may be asked of a metric's values.
struct Form {
    operators: &'static [ComparisonOperator],
    /// The member that holds the value.
    member: &'static str,
    /// Whether values are lists: such are judged report by report and have no windows.
    is_list: bool,
}

impl Form {
    fn of(metric: &Metric, rules: &BehaviorRules) -> Self {
        use ComparisonOperator as Op;
        let number = |member| Self {
            operators: &[Op::LessThan, Op::LessThanEquals, Op::GreaterThan, Op::GreaterThanEquals],
            member,
            is_list: false,
        };
        let list = |operators, member| Self { operators, member, is_list: true };
        let cidrs = || list(&[Op::InCidrSet, Op::NotInCidrSet], "cidrs");
        let custom = match metric {
            Metric::Custom(name) => rules.custom_metrics.get(name),
            _ => None,
        };
        match (metric.kind(), custom) {
            (MetricKind::Sum | MetricKind::Gauge | MetricKind::Extreme, _) => number("count"),
            // Source: AWS's guide on `aws:disconnect-duration`: nothing is wrong with being there.
            (MetricKind::Duration, _) => {
                Self { operators: &[Op::LessThan, Op::LessThanEquals], ..number("count") }
            }
            (MetricKind::Ports, _) => list(&[Op::InPortSet, Op::NotInPortSet], "ports"),
            (MetricKind::Addresses, _) => cidrs(),
            // A custom metric is registered, or its behavior was refused before.
            (MetricKind::Custom, None | Some(CustomMetricType::Number)) => number("number"),
            (MetricKind::Custom, Some(CustomMetricType::NumberList)) => {
                list(&[Op::InSet, Op::NotInSet], "numbers")
            }
            (MetricKind::Custom, Some(CustomMetricType::StringList)) => {
                list(&[Op::InSet, Op::NotInSet], "strings")
            }
            (MetricKind::Custom, Some(CustomMetricType::IpAddressList)) => cidrs(),
        }
    }
}

/// The member of AWS's `MetricValue` that a value stands in.
fn member_of(value: &MetricValue) -> &'static str {
    match value {
        MetricValue::Count(_) => "count",
        MetricValue::Cidrs(_) => "cidrs",
        MetricValue::Ports(_) => "ports",
        MetricValue::Number(_) => "number",
        MetricValue::Numbers(_) => "numbers",
        MetricValue::Strings(_) => "strings",
    }
}

fn read_comparison(
    criteria: &types::BehaviorCriteria,
    metric: &Metric,
    form: &Form,
    problems: &mut Problems<'_>,
) -> Option<Comparison> {
    let operator = read_fitting_operator(criteria.comparison_operator, metric, form, problems);
    let value = read_fitting_value(criteria.value.as_ref(), metric, form, problems);
    match Comparison::new(operator?, value?) {
        Ok(comparison) => Some(comparison),
        Err(problem) => {
            problems.add("criteria", problem);
            None
        }
    }
}

/// Source: the service model on `StatisticalThreshold` and on `BehaviorCriteria`, and AWS's guide
/// on metrics: percentiles of numbers only. The service model's pattern knows the percentiles.
fn read_statistical(
    criteria: &types::BehaviorCriteria,
    threshold: &types::StatisticalThreshold,
    (metric, form): (&Metric, &Form),
    problems: &mut Problems<'_>,
) -> Option<Judgement> {
    let field = "criteria.statisticalThreshold";
    let before = problems.found.len();
    if criteria.value.is_some() {
        problems.add(field, "cannot be used beside criteria.value: give one of them");
    }
    if form.is_list {
        problems.add(field, format_args!("cannot be used with metric {metric}, which is a list"));
        return None;
    }
    // How long a thing has been away grows with time for all alike: it has no fleet to rank in.
    if metric.is_duration() {
        problems.add(field, format_args!("cannot be used with metric {metric}: give a value"));
    }
    let operator = read_fitting_operator(criteria.comparison_operator, metric, form, problems);
    let statistic = match threshold.statistic.as_deref() {
        None => {
            problems.add(&format!("{field}.statistic"), "is missing");
            None
        }
        Some(text) => {
            let statistic = Percentile::parse(text);
            if statistic.is_none() {
                let known: Vec<&str> = Percentile::all().map(Percentile::as_str).collect();
                let known = known.join(", ");
                problems.add(
                    &format!("{field}.statistic"),
                    format_args!("{text} is not one of {known}"),
                );
            }
            statistic
        }
    };
    let (operator, statistic) = (operator?, statistic?);
    let is_whole = problems.found.len() == before;
    is_whole.then_some(Judgement::Statistical { operator, statistic })
}

fn read_fitting_operator(
    operator: Option<types::ComparisonOperator>,
    metric: &Metric,
    form: &Form,
    problems: &mut Problems<'_>,
) -> Option<ComparisonOperator> {
    let field = "criteria.comparisonOperator";
    let Some(operator) = operator else {
        problems.add(field, "is missing");
        return None;
    };
    let fitting = form.operators.iter().find(|fitting| show_operator(**fitting) == operator);
    if fitting.is_some() {
        return fitting.copied();
    }
    let names: Vec<&str> = form.operators.iter().map(|operator| operator.as_str()).collect();
    let names = names.join(", ");
    problems.add(field, format_args!("{operator} does not fit metric {metric}: use {names}"));
    None
}

fn read_fitting_value(
    value: Option<&types::MetricValue>,
    metric: &Metric,
    form: &Form,
    problems: &mut Problems<'_>,
) -> Option<MetricValue> {
    let field = "criteria.value";
    let Some(value) = value else {
        problems.add(field, "is missing");
        return None;
    };
    let value = match read_value(value) {
        Ok(value) => value,
        Err(problem) => {
            problems.add(field, problem);
            return None;
        }
    };
    let member = form.member;
    if member_of(&value) != member {
        problems.add(field, format_args!("must hold {member} for metric {metric}"));
        return None;
    }
    Some(value)
}

/// Source: the service model on `BehaviorCriteria$durationSeconds` and AWS's guide on metrics.
fn read_duration(
    duration: i32,
    metric: &Metric,
    (form, rules): (&Form, &BehaviorRules),
    problems: &mut Problems<'_>,
) -> Option<u32> {
    let field = "criteria.durationSeconds";
    if form.is_list {
        problems.add(field, format_args!("cannot be used with metric {metric}, which is a list"));
        return None;
    }
    let longest = DURATIONS_SECONDS.iter().copied().max().unwrap_or_default();
    let shortest = DURATIONS_SECONDS.iter().copied().min().unwrap_or_default();
    // Who counts in short periods wants to detect faster than AWS's shortest window.
    let is_short_period = rules.period_seconds < shortest;
    let seconds = u32::try_from(duration).ok();
    let is_allowed = |seconds: &u32| {
        DURATIONS_SECONDS.contains(seconds)
            || (is_short_period && (rules.period_seconds..=longest).contains(seconds))
    };
    let seconds = seconds.filter(is_allowed);
    if seconds.is_none() {
        let allowed = DURATIONS_SECONDS.map(|seconds| seconds.to_string()).join(", ");
        let or_shorter = if is_short_period {
            format!(", or any from the period of {} up to {longest}", rules.period_seconds)
        } else {
            String::new()
        };
        problems.add(field, format_args!("{duration} must be one of {allowed}{or_shorter}"));
    }
    seconds
}

fn read_datapoints(
    datapoints: Option<i32>,
    field: &str,
    problems: &mut Problems<'_>,
) -> Option<u8> {
    let datapoints = datapoints?;
    let read = u8::try_from(datapoints).ok().filter(|datapoints| (1..=10).contains(datapoints));
    if read.is_none() {
        problems.add(&format!("criteria.{field}"), format_args!("{datapoints} is not 1 to 10"));
    }
    read
}

fn show_operator(operator: ComparisonOperator) -> types::ComparisonOperator {
    use types::ComparisonOperator as Op;
    match operator {
        ComparisonOperator::LessThan => Op::LessThan,
        ComparisonOperator::LessThanEquals => Op::LessThanEquals,
        ComparisonOperator::GreaterThan => Op::GreaterThan,
        ComparisonOperator::GreaterThanEquals => Op::GreaterThanEquals,
        ComparisonOperator::InCidrSet => Op::InCidrSet,
        ComparisonOperator::NotInCidrSet => Op::NotInCidrSet,
        ComparisonOperator::InPortSet => Op::InPortSet,
        ComparisonOperator::NotInPortSet => Op::NotInPortSet,
        ComparisonOperator::InSet => Op::InSet,
        ComparisonOperator::NotInSet => Op::NotInSet,
    }
}
