//! The catalogue: all profiles with their targets, and which of them apply to whom.

mod audience;

use std::collections::BTreeMap;
use std::sync::Arc;

use fleetward_domain::{EpochMs, ProfileName, SecurityProfile, Target};

use crate::migration::Migration;
use crate::plan::Plan;
use crate::rule::Rule;
use crate::settings::Settings;

pub(crate) use audience::{AudienceKey, Audiences, UNREGISTERED};

use audience::Audience;

/// All profiles with their targets, and which of them apply to whom.
#[derive(Debug)]
pub(crate) struct Catalog {
    profiles: BTreeMap<ProfileName, Attached>,
    /// One plan for each set of profiles that some audience has.
    plans: BTreeMap<Vec<ProfileName>, Arc<Plan>>,
    pub(crate) audiences: Audiences,
    /// The lengths of windows in any attached profile, each once, shortest first.
    window_lengths_ms: Vec<EpochMs>,
}

/// A profile, and what it is attached to.
#[derive(Debug)]
struct Attached {
    profile: SecurityProfile,
    targets: Vec<Target>,
    /// Its behaviors that are judged, made ready.
    rules: Vec<Rule>,
}

impl Attached {
    fn applies_to(&self, key: &AudienceKey) -> bool {
        self.targets.iter().any(|target| target.includes(key.registered, &key.groups))
    }
}

impl Catalog {
    pub(crate) fn new() -> Self {
        Self {
            profiles: BTreeMap::new(),
            plans: BTreeMap::new(),
            audiences: Audiences::new(Arc::default()),
            window_lengths_ms: Vec::new(),
        }
    }

    /// The profiles and targets, to be stored.
    pub(crate) fn profiles(&self) -> impl Iterator<Item = (&SecurityProfile, &[Target])> {
        self.profiles.values().map(|attached| (&attached.profile, &attached.targets[..]))
    }

    /// Puts a profile in, or in the place of the one of its name.
    pub(crate) fn put(
        &mut self,
        profile: &SecurityProfile,
        targets: &[Target],
        settings: &Settings,
    ) -> Vec<Option<Migration>> {
        let rules = Rule::of_profile(profile, settings);
        let attached = Attached { profile: profile.clone(), targets: targets.to_vec(), rules };
        self.profiles.insert(profile.name.clone(), attached);
        self.plan_anew(&profile.name)
    }

    /// Takes a profile out.
    pub(crate) fn remove(&mut self, name: &ProfileName) -> Vec<Option<Migration>> {
        self.profiles.remove(name);
        self.plan_anew(name)
    }

    /// The audience of things with this key; made if there is none.
    pub(crate) fn audience(&mut self, key: AudienceKey) -> u32 {
        if let Some(place) = self.audiences.find(&key) {
            return place;
        }
        let plan = plan_for(&key, &self.profiles, &mut self.plans);
        self.audiences.insert(key, plan)
    }

    pub(crate) fn plan(&self, audience: u32) -> Option<&Arc<Plan>> {
        self.audiences.get(audience).map(|audience| &audience.plan)
    }

    pub(crate) fn unregistered(&self) -> Option<&Audience> {
        self.audiences.get(UNREGISTERED)
    }

    /// The lengths of windows in any attached profile, each once, shortest first.
    pub(crate) fn window_lengths_ms(&self) -> &[EpochMs] {
        &self.window_lengths_ms
    }

    /// After a profile changed: what each audience (by place) has to change, none if nothing.
    fn plan_anew(&mut self, changed: &ProfileName) -> Vec<Option<Migration>> {
        self.plans.retain(|names, _| !names.contains(changed));
        let mut migrations = Vec::new();
        for (_, audience) in self.audiences.iter_mut() {
            let plan = plan_for(&audience.key, &self.profiles, &mut self.plans);
            let old = std::mem::replace(&mut audience.plan, plan.clone());
            migrations.push((!Arc::ptr_eq(&old, &plan)).then(|| Migration::new(old, plan)));
        }
        self.plans.retain(|_, plan| Arc::strong_count(plan) > 1);
        self.window_lengths_ms = self
            .profiles
            .values()
            .filter(|attached| !attached.targets.is_empty())
            .flat_map(|attached| attached.rules.iter().filter_map(|rule| rule.series.window_ms()))
            .collect();
        self.window_lengths_ms.sort_unstable();
        self.window_lengths_ms.dedup();
        migrations
    }
}

fn plan_for(
    key: &AudienceKey,
    profiles: &BTreeMap<ProfileName, Attached>,
    plans: &mut BTreeMap<Vec<ProfileName>, Arc<Plan>>,
) -> Arc<Plan> {
    let applying = || profiles.iter().filter(|(_, attached)| attached.applies_to(key));
    let names: Vec<ProfileName> = applying().map(|(name, _)| name.clone()).collect();
    let plan = plans.entry(names).or_insert_with(|| {
        Arc::new(Plan::new(applying().flat_map(|(_, attached)| &attached.rules)))
    });
    plan.clone()
}
