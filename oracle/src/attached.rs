//! Which behaviors a thing is judged by, and which of them are the same as before.

use std::collections::BTreeMap;

use fleetward_domain::{Behavior, GroupName, Metric, ProfileName, SecurityProfile, Target};

/// The behaviors that a thing is judged by, each once whatever it is attached to. Who is not
/// registered owes nobody a report.
pub(crate) fn applying(
    profiles: &BTreeMap<ProfileName, (SecurityProfile, Vec<Target>)>,
    (is_registered, groups): &(bool, Vec<GroupName>),
) -> Vec<(ProfileName, Behavior)> {
    let is_meant = |target: &Target| target.includes(*is_registered, groups);
    let applying = profiles.values().filter(|(_, targets)| targets.iter().any(is_meant));
    let behaviors = applying.flat_map(|(profile, _)| {
        profile.behaviors.iter().map(|behavior| (profile.name.clone(), behavior.clone()))
    });
    let is_judged = |behavior: &Behavior| {
        let owes = *is_registered || behavior.metric != Some(Metric::SecondsSinceReport);
        behavior.metric.is_some() && behavior.criteria.is_some() && owes
    };
    behaviors.filter(|(_, behavior)| is_judged(behavior)).collect()
}

/// Changed means: metric, dimension or criteria.
pub(crate) fn is_same(old: &Behavior, new: &Behavior) -> bool {
    let of = |it: &Behavior| (it.metric.clone(), it.dimension.clone(), it.criteria.clone());
    of(old) == of(new)
}
