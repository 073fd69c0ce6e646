//! What a security profile holds beside its behaviors.

use std::collections::BTreeMap;

use fleetward_domain::security_profile::{AlertTarget, MetricsExport};
use fleetward_domain::{Arn, MetricToRetain, SecurityProfile};

use super::behavior::{read_dimension, read_metric, show_behavior, show_dimension};
use super::{BehaviorRules, Problems};
use crate::Timestamp;
use crate::types;

/// Reads both lists of metrics to retain, the old and the new, into one. What stands in both is
/// taken once.
///
/// # Errors
/// Every problem found, each naming the metric and the field.
pub fn read_metrics_to_retain(
    old: Option<&[String]>,
    new: Option<&[types::MetricToRetain]>,
    rules: &BehaviorRules,
) -> Result<Vec<MetricToRetain>, Vec<String>> {
    let mut problems = Vec::new();
    let mut read: Vec<MetricToRetain> = Vec::new();
    let from_old = old.unwrap_or_default().iter().map(|metric| types::MetricToRetain {
        metric: metric.clone(),
        metric_dimension: None,
        export_metric: None,
    });
    for given in new.unwrap_or_default().iter().cloned().chain(from_old) {
        let metric = read_retained(&given, rules, &mut problems);
        let is_new = |metric: &MetricToRetain| {
            !read
                .iter()
                .any(|old| (&old.metric, &old.dimension) == (&metric.metric, &metric.dimension))
        };
        read.extend(metric.filter(is_new));
    }
    if problems.is_empty() { Ok(read) } else { Err(problems) }
}

fn read_retained(
    given: &types::MetricToRetain,
    rules: &BehaviorRules,
    found: &mut Vec<String>,
) -> Option<MetricToRetain> {
    let part = format!("Metric to retain '{}'", given.metric);
    let mut problems = Problems::new(&part);
    let metric = read_metric(&given.metric, "metric", rules, &mut problems);
    let dimension = metric
        .as_ref()
        .and_then(|metric| read_dimension(given.metric_dimension.as_ref(), metric, &mut problems));
    found.append(&mut problems.found);
    Some(MetricToRetain { metric: metric?, dimension, export_metric: given.export_metric })
}

/// Reads the alert targets: ARNs of SNS topics, of any account and region.
///
/// # Errors
/// Every problem found, each naming the target.
pub fn read_alert_targets(
    targets: &BTreeMap<types::AlertTargetType, types::AlertTarget>,
) -> Result<Vec<AlertTarget>, Vec<String>> {
    let mut found = Vec::new();
    for (kind, target) in targets {
        let arn = target.alert_target_arn.as_str();
        if !Arn::parse(arn).is_ok_and(|arn| arn.service == "sns") {
            found.push(format!(
                "Alert target '{kind}': alertTargetArn '{arn}' is not the ARN of an SNS topic"
            ));
        }
    }
    let read = |target: &types::AlertTarget| AlertTarget {
        arn: target.alert_target_arn.clone(),
        role_arn: target.role_arn.clone(),
    };
    if found.is_empty() { Ok(targets.values().map(read).collect()) } else { Err(found) }
}

/// Reads where metrics are exported to.
#[must_use]
pub fn read_metrics_export(export: &types::MetricsExportConfig) -> MetricsExport {
    MetricsExport { mqtt_topic: export.mqtt_topic.clone(), role_arn: export.role_arn.clone() }
}

/// The whole profile, as `DescribeSecurityProfile` and `UpdateSecurityProfile` answer it. Empty
/// parts are left out.
#[must_use]
pub fn show_profile(
    profile: &SecurityProfile,
    arn: String,
) -> types::DescribeSecurityProfileResponse {
    let retained = &profile.metrics_to_retain;
    let old = retained.iter().filter(|metric| metric.dimension.is_none());
    let old = old.map(|metric| metric.metric.as_str().to_owned()).collect();
    types::DescribeSecurityProfileResponse {
        security_profile_name: Some(profile.name.as_str().to_owned()),
        security_profile_arn: Some(arn),
        security_profile_description: profile.description.clone(),
        behaviors: some(profile.behaviors.iter().map(show_behavior).collect()),
        alert_targets: show_alert_targets(&profile.alert_targets),
        additional_metrics_to_retain: some(old),
        additional_metrics_to_retain_v2: some(retained.iter().map(show_retained).collect()),
        version: Some(profile.version),
        creation_date: Some(Timestamp::from_epoch_ms(profile.created_ms)),
        last_modified_date: Some(Timestamp::from_epoch_ms(profile.modified_ms)),
        metrics_export_config: profile.metrics_export.as_ref().map(|export| {
            types::MetricsExportConfig {
                mqtt_topic: export.mqtt_topic.clone(),
                role_arn: export.role_arn.clone(),
            }
        }),
    }
}

fn show_retained(metric: &MetricToRetain) -> types::MetricToRetain {
    types::MetricToRetain {
        metric: metric.metric.as_str().to_owned(),
        metric_dimension: metric.dimension.as_ref().map(show_dimension),
        export_metric: metric.export_metric,
    }
}

fn show_alert_targets(
    targets: &[AlertTarget],
) -> Option<BTreeMap<types::AlertTargetType, types::AlertTarget>> {
    // SNS is the only type in the model, so there is at most one.
    let target = targets.first()?;
    let shown = types::AlertTarget {
        alert_target_arn: target.arn.clone(),
        role_arn: target.role_arn.clone(),
    };
    Some(BTreeMap::from([(types::AlertTargetType::Sns, shown)]))
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}
