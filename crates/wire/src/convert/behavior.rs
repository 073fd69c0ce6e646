//! Behaviors.

use std::collections::{BTreeSet, HashSet};

use fleetward_domain::{Behavior, BehaviorName, CustomMetricName, DimensionName};
use fleetward_domain::{DimensionOperator, Metric, MetricDimension};

use super::{BehaviorRules, Problems, criteria};
use crate::types;

/// The custom metrics that these texts name, so that they can be looked up.
pub fn custom_metrics_in<'a>(
    metrics: impl IntoIterator<Item = &'a str>,
) -> BTreeSet<CustomMetricName> {
    let custom = |text| match Metric::parse(text) {
        Ok(Metric::Custom(name)) => Some(name),
        _ => None,
    };
    metrics.into_iter().filter_map(custom).collect()
}

/// Reads the behaviors of a profile.
///
/// Whether their dimensions exist is left to the caller, who has the store.
///
/// # Errors
/// Every problem found, each naming the behavior and the field.
pub fn read_behaviors(
    behaviors: &[types::Behavior],
    rules: &BehaviorRules,
) -> Result<Vec<Behavior>, Vec<String>> {
    let mut names = HashSet::new();
    let mut found = Vec::new();
    let mut read = Vec::with_capacity(behaviors.len());
    for behavior in behaviors {
        let part = format!("Behavior '{}'", behavior.name);
        let mut problems = Problems::new(&part);
        if !names.insert(behavior.name.as_str()) {
            problems.add("name", "is used by more than one behavior of the profile");
        }
        read.extend(read_behavior(behavior, rules, &mut problems));
        found.append(&mut problems.found);
    }
    if found.is_empty() { Ok(read) } else { Err(found) }
}

/// The behavior as AWS shows it: what was not given is not shown, except that a `false` of
/// `suppressAlerts` is.
#[must_use]
pub fn show_behavior(behavior: &Behavior) -> types::Behavior {
    types::Behavior {
        name: behavior.name.as_str().to_owned(),
        metric: behavior.metric.as_ref().map(|metric| metric.as_str().to_owned()),
        metric_dimension: behavior.dimension.as_ref().map(show_dimension),
        criteria: behavior.criteria.as_ref().map(criteria::show),
        suppress_alerts: Some(behavior.suppress_alerts),
        export_metric: behavior.export_metric,
    }
}

fn read_behavior(
    behavior: &types::Behavior,
    rules: &BehaviorRules,
    problems: &mut Problems<'_>,
) -> Option<Behavior> {
    let name = match BehaviorName::parse(behavior.name.as_str()) {
        Ok(name) => Some(name),
        Err(error) => {
            problems.add("name", error.problem);
            None
        }
    };
    let metric =
        behavior.metric.as_deref().map(|text| read_metric(text, "metric", rules, problems));
    let mut dimension = None;
    let mut read_criteria = None;
    // What belongs to a metric is read only where the metric is known: it would be judged by the
    // wrong rules and add problems that are none.
    match &metric {
        None => {
            for (field, is_given) in [
                ("criteria", behavior.criteria.is_some()),
                ("metricDimension", behavior.metric_dimension.is_some()),
            ] {
                if is_given {
                    problems.add(field, "needs a metric, and metric is missing");
                }
            }
        }
        Some(None) => {}
        Some(Some(metric)) => {
            dimension = read_dimension(behavior.metric_dimension.as_ref(), metric, problems);
            if let Some(criteria) = &behavior.criteria {
                read_criteria = criteria::read(criteria, metric, rules, problems);
            }
        }
    }
    Some(Behavior {
        name: name?,
        metric: metric.flatten(),
        dimension,
        criteria: read_criteria,
        suppress_alerts: behavior.suppress_alerts.unwrap_or_default(),
        export_metric: behavior.export_metric,
    })
}

/// A metric of AWS's, or one of the user's own that is registered.
pub(super) fn read_metric(
    text: &str,
    field: &str,
    rules: &BehaviorRules,
    problems: &mut Problems<'_>,
) -> Option<Metric> {
    match Metric::parse(text) {
        Ok(Metric::Custom(name)) if !rules.custom_metrics.contains_key(&name) => {
            problems.add(field, format_args!("{text}: custom metric {text} does not exist"));
            None
        }
        Ok(metric) => Some(metric),
        Err(_) => {
            let problem = "is not a metric of AWS IoT Device Defender";
            problems.add(field, format_args!("{text} {problem}"));
            None
        }
    }
}

pub(super) fn read_dimension(
    dimension: Option<&types::MetricDimension>,
    metric: &Metric,
    problems: &mut Problems<'_>,
) -> Option<MetricDimension> {
    let dimension = dimension?;
    if !metric.takes_dimension() {
        problems.add("metricDimension", format_args!("cannot be used with metric {metric}"));
        return None;
    }
    match DimensionName::parse(dimension.dimension_name.as_str()) {
        // Source: the service model on `MetricDimension$operator`: absent means IN.
        Ok(name) => Some(MetricDimension {
            name,
            operator: match dimension.operator {
                Some(types::DimensionValueOperator::NotIn) => DimensionOperator::NotIn,
                Some(types::DimensionValueOperator::In) | None => DimensionOperator::In,
            },
        }),
        Err(error) => {
            problems.add("metricDimension.dimensionName", error.problem);
            None
        }
    }
}

pub(super) fn show_dimension(dimension: &MetricDimension) -> types::MetricDimension {
    types::MetricDimension {
        dimension_name: dimension.name.as_str().to_owned(),
        operator: Some(match dimension.operator {
            DimensionOperator::In => types::DimensionValueOperator::In,
            DimensionOperator::NotIn => types::DimensionValueOperator::NotIn,
        }),
    }
}
