//! Plans: what to judge for a thing, made ready once for all things that the same profiles apply
//! to.

pub(crate) mod audience;
pub(crate) mod catalog;
pub(crate) mod check;
pub(crate) mod cidr_set;
pub(crate) mod feed;
pub(crate) mod migration;
pub(crate) mod port_set;
pub(crate) mod rule;

use std::sync::Arc;

use fleetward_domain::{EpochMs, ProfileName, SecurityProfile};

use crate::plan::feed::Feed;
use crate::plan::rule::Rule;
use crate::settings::Settings;
use crate::thing_state::{Flags, RuleState, ThingState};
use crate::window::start_of;

/// A profile made ready: its rules, and who hears of them.
#[derive(Debug)]
pub(crate) struct ActiveProfile {
    pub(crate) name: ProfileName,
    pub(crate) alert_targets: Vec<String>,
    pub(crate) rules: Vec<Rule>,
}

impl ActiveProfile {
    /// Leaves out the behaviors that only retain, and those that cannot be judged yet.
    pub(crate) fn new(profile: &SecurityProfile, settings: &Settings) -> Self {
        let rules = profile.behaviors.iter().filter_map(|b| Rule::new(b, settings));
        Self {
            name: profile.name.clone(),
            alert_targets: profile.alert_targets.iter().map(|t| t.arn.clone()).collect(),
            rules: rules.collect(),
        }
    }
}

/// Everything to judge for the things of an audience: rules by profile name, then in the
/// profile's order. A thing's `rules` stand in the same order.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) rules: Vec<PlannedRule>,
    /// Whether reports are of use.
    pub(crate) takes_reports: bool,
    /// Whether activity is of use beyond presence.
    pub(crate) takes_activity: bool,
    /// Whether any rule has windows.
    pub(crate) has_windows: bool,
}

/// A rule, and the profile it stands in.
#[derive(Clone, Debug)]
pub(crate) struct PlannedRule {
    pub(crate) profile: Arc<ActiveProfile>,
    pub(crate) rule: Rule,
}

impl Plan {
    pub(crate) fn new<'a>(profiles: impl Iterator<Item = &'a Arc<ActiveProfile>>) -> Self {
        let mut plan = Self::default();
        for profile in profiles {
            for rule in &profile.rules {
                let cloud = matches!(rule.feed, Feed::Activity(_));
                plan.takes_activity |= cloud;
                plan.takes_reports |= !cloud;
                plan.has_windows |= rule.window_ms.is_some();
                plan.rules.push(PlannedRule { profile: profile.clone(), rule: rule.clone() });
            }
        }
        plan
    }

    /// States of a thing that was never seen before `line_ms`.
    pub(crate) fn first_states(&self, line_ms: EpochMs) -> Box<[RuleState]> {
        self.rules.iter().map(|planned| planned.rule.first_state(line_ms)).collect()
    }

    /// States of a thing to which this plan begins to apply at `line_ms`: what it did before that
    /// in the same window went uncounted.
    pub(crate) fn states_from(&self, line_ms: EpochMs, thing: &ThingState) -> Box<[RuleState]> {
        let mut states = self.first_states(line_ms);
        for (state, planned) in states.iter_mut().zip(&self.rules) {
            let Some(window_ms) = planned.rule.window_ms else { continue };
            if thing.is_connected() || thing.seen_ms >= start_of(state.window, window_ms) {
                state.flags.set(Flags::PARTIAL);
            }
        }
        states
    }
}
