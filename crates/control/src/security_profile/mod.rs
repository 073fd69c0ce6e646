//! Security profiles: what is normal for the devices of their targets.
//!
//! A profile is one document. Beside it stand edges: to its targets and back, and from the
//! dimensions and custom metrics that it uses. What changes any of these writes it as a `whole`.

pub(crate) mod attach;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod describe;
pub(crate) mod detach;
pub(crate) mod list;
pub(crate) mod list_for_target;
pub(crate) mod list_targets;
mod targets;
#[cfg(test)]
mod tests;
pub(crate) mod update;
mod uses;
pub(crate) mod validate_behaviors;
mod whole;

use fleetward_domain::limits::{BEHAVIORS_PER_PROFILE, VALUE_ELEMENTS_PER_PROFILE};
use fleetward_domain::security_profile::MetricsExport;
use fleetward_domain::{Behavior, FormatLevel, Judgement, Measured, ProfileName, Resource};
use fleetward_mqtt::topic::{TopicName, is_reserved};
use fleetward_wire::convert::{BehaviorRules, read_behaviors, read_metrics_export};
use fleetward_wire::types;

use crate::control::Control;
use crate::refusal::Refusal;

pub(crate) use targets::targets_of;
pub(crate) use whole::rewrite;

fn arn_of(control: &Control, name: &ProfileName) -> String {
    control.place().arn(Resource::SecurityProfile(name.as_str()))
}

fn identifier(control: &Control, name: &str) -> types::SecurityProfileIdentifier {
    types::SecurityProfileIdentifier {
        name: name.to_owned(),
        arn: control.place().arn(Resource::SecurityProfile(name)),
    }
}

/// Where metrics are exported to. AWS's API asks for 1 to 512 characters and no more; what nobody
/// can publish to is refused here and not at each message ("Reserved topics" in the AWS IoT Core
/// developer guide).
fn read_export(config: &types::MetricsExportConfig) -> Result<MetricsExport, Refusal> {
    let topic = config.mqtt_topic.as_str();
    let refused = |problem: String| Err(Refusal::field("metricsExportConfig.mqttTopic", problem));
    if let Err(error) = TopicName::parse(topic) {
        return refused(format!("{error}; give the topic of one message"));
    }
    if is_reserved(topic) {
        return refused(format!("{topic} begins with $: such topics are reserved, take another"));
    }
    Ok(read_metrics_export(config))
}

/// The behaviors of a profile, as far as they can be judged by themselves.
fn read(
    behaviors: &[types::Behavior],
    rules: &BehaviorRules,
    level: FormatLevel,
) -> Result<Vec<Behavior>, Refusal> {
    let behaviors =
        read_behaviors(behaviors, rules).map_err(|problems| Refusal::problems(&problems))?;
    if let Some(problem) = unheard_of(&behaviors, level) {
        return Err(Refusal::Invalid(problem));
    }
    match over_quota(&behaviors) {
        Some(problem) => Err(Refusal::Limit(problem)),
        None => Ok(behaviors),
    }
}

/// Criteria on what front doors cannot say at the level would wait for alarms in vain.
fn unheard_of(behaviors: &[Behavior], level: FormatLevel) -> Option<String> {
    if level >= FormatLevel::Proven {
        return None;
    }
    let judged = behaviors.iter().filter(|behavior| behavior.criteria.is_some());
    let unheard_of = judged.filter_map(|behavior| {
        let metric = behavior.metric.as_ref()?;
        let needs_level = match metric.facts().measured {
            Measured::MessageSize | Measured::Source => true,
            Measured::Absence | Measured::Silence => true,
            Measured::Counted | Measured::Network(_) | Measured::Total(_) => false,
            Measured::Ports(_) | Measured::Remotes | Measured::Custom => false,
        };
        needs_level.then_some((&behavior.name, metric))
    });
    let (name, metric) = unheard_of.into_iter().next()?;
    Some(format!(
        "Behavior '{name}': criteria on metric {metric} are judged from format level 3 on: run \
         `fleetward upgrade finish` first."
    ))
}

/// Source: AWS IoT Device Defender's quotas.
fn over_quota(behaviors: &[Behavior]) -> Option<String> {
    let count = behaviors.len();
    if count > BEHAVIORS_PER_PROFILE {
        return Some(format!(
            "The profile has {count} behaviors; the limit is {BEHAVIORS_PER_PROFILE}."
        ));
    }
    let criteria = behaviors.iter().filter_map(|behavior| behavior.criteria.as_ref());
    let elements = criteria.map(|criteria| match &criteria.judgement {
        Judgement::Static(comparison) => comparison.value().elements(),
        Judgement::Statistical { .. } => 0,
    });
    let elements = elements.fold(0_usize, usize::saturating_add);
    (elements > VALUE_ELEMENTS_PER_PROFILE).then(|| {
        format!(
            "The behaviors of the profile have {elements} value elements; the limit is \
             {VALUE_ELEMENTS_PER_PROFILE}."
        )
    })
}
