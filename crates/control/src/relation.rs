//! Relations between documents: which there are, and the edges that each is kept in.
//!
//! An edge is looked up from one of its ends. A relation that is looked up from both is kept in
//! two, and nobody draws one of them without the other.

use std::collections::BTreeSet;

use fleetward_domain::{CustomMetric, Dimension, Metric, SecurityProfile};
use fleetward_store::{Kind, Noun, Tx};

#[cfg(test)]
mod tests;

/// A relation from one document to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Relation {
    /// The edges from the first to the second.
    pub(crate) forth: Kind,
    /// The edges from the second to the first, where they are looked up. Elsewhere the document
    /// of the second names the first.
    pub(crate) back: Option<Kind>,
}

/// From a profile, by name, to its targets, by ARN.
pub(crate) const PROFILE_TO_TARGET: Relation =
    Relation { forth: Kind::TargetOfProfile, back: Some(Kind::ProfileOfTarget) };
/// From a group to the things in it, by name.
pub(crate) const GROUP_TO_THING: Relation = Relation { forth: Kind::ThingOfGroup, back: None };
/// From what policies are attached to, by ARN, to the policies, by name.
pub(crate) const PRINCIPAL_TO_POLICY: Relation =
    Relation { forth: Kind::PolicyOfTarget, back: None };

/// What security profiles use, and cannot be deleted meanwhile.
pub(crate) trait UsedByProfiles: Noun {
    /// From it to the profiles that use it, by name.
    const USERS: Relation;

    /// The names of those that a profile uses.
    fn used_by(profile: &SecurityProfile) -> BTreeSet<&str>;
}

impl UsedByProfiles for Dimension {
    const USERS: Relation = Relation { forth: Kind::ProfileOfDimension, back: None };

    fn used_by(profile: &SecurityProfile) -> BTreeSet<&str> {
        let of_behaviors = profile.behaviors.iter().filter_map(|b| b.dimension.as_ref());
        let of_metrics = profile.metrics_to_retain.iter().filter_map(|m| m.dimension.as_ref());
        of_behaviors.chain(of_metrics).map(|dimension| dimension.name.as_str()).collect()
    }
}

impl UsedByProfiles for CustomMetric {
    const USERS: Relation = Relation { forth: Kind::ProfileOfCustomMetric, back: None };

    fn used_by(profile: &SecurityProfile) -> BTreeSet<&str> {
        let of_behaviors = profile.behaviors.iter().filter_map(|b| b.metric.as_ref());
        let retained = profile.metrics_to_retain.iter().map(|retained| &retained.metric);
        of_behaviors.chain(retained).filter_map(custom_name).collect()
    }
}

fn custom_name(metric: &Metric) -> Option<&str> {
    match metric {
        Metric::Custom(name) => Some(name.as_str()),
        _ => None,
    }
}

impl Relation {
    /// Every relation of two documents that is drawn as edges with nothing to say. Attachments of
    /// certificates to things say something; they are a [`Noun`].
    #[cfg(test)]
    pub(crate) const ALL: [Self; 5] = [
        PROFILE_TO_TARGET,
        GROUP_TO_THING,
        PRINCIPAL_TO_POLICY,
        Dimension::USERS,
        CustomMetric::USERS,
    ];

    /// Relates the two, or does so again.
    pub(crate) fn draw(self, tx: &mut Tx, first: &str, second: &str) {
        tx.draw_edge(self.forth, first, second);
        if let Some(back) = self.back {
            tx.draw_edge(back, second, first);
        }
    }

    /// Ends the relation of the two, if there is one.
    pub(crate) fn erase(self, tx: &mut Tx, first: &str, second: &str) {
        tx.remove_edge(self.forth, first, second);
        if let Some(back) = self.back {
            tx.remove_edge(back, second, first);
        }
    }
}
