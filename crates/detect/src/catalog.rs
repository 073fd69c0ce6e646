//! The catalogue: all profiles with their targets, and which of them apply to whom.

mod audience;
mod fleet;

use std::collections::BTreeMap;
use std::sync::Arc;

use fleetward_domain::{EpochMs, GroupName, ProfileName, SecurityProfile, Target};

use crate::export::Exporter;
use crate::measure::{Begins, Clock, Scene, Series};
use crate::migration::{Migration, Planned};
use crate::plan::Plan;
use crate::rule::Rule;
use crate::settings::Settings;

pub(crate) use audience::{Audience, AudienceKey, Audiences, UNREGISTERED};

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

/// Where the things of an audience go, and on which way.
#[derive(Debug)]
pub(crate) struct Move {
    /// Their audience from here on.
    pub(crate) to: u32,
    pub(crate) migration: Migration,
}

/// Where the things of each audience (by its place) go; none where nothing changes for them.
pub(crate) type Moves = Vec<Option<Move>>;

/// A profile, and what it is attached to.
#[derive(Debug)]
struct Attached {
    profile: SecurityProfile,
    targets: Vec<Target>,
    /// Its behaviors that are judged, made ready.
    rules: Vec<Rule>,
    /// What it exports.
    exporters: Vec<Exporter>,
}

impl Attached {
    fn window_lengths_ms(&self) -> impl Iterator<Item = EpochMs> {
        let judged = self.rules.iter().map(|rule| &rule.series);
        let exported = self.exporters.iter().map(|exporter| &exporter.series);
        judged.chain(exported).filter_map(Series::window_ms)
    }

    fn applies_to(&self, key: &AudienceKey) -> bool {
        self.targets.iter().any(|target| target.includes(key.registered, &key.groups))
    }
}

impl Catalog {
    pub(crate) fn new() -> Self {
        Self {
            profiles: BTreeMap::new(),
            plans: BTreeMap::new(),
            audiences: Audiences::new(),
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
        at_ms: EpochMs,
    ) -> Moves {
        let mut rules = Rule::of_profile(profile, settings);
        self.share_fleets(&profile.name, &mut rules, at_ms);
        let exporters = Exporter::of_profile(profile, settings.period_ms);
        let (profile, targets) = (profile.clone(), targets.to_vec());
        let attached = Attached { profile, targets, rules, exporters };
        let profile = &attached.profile.name.clone();
        self.profiles.insert(profile.clone(), attached);
        self.plan_anew(profile, at_ms)
    }

    /// Takes a profile out.
    pub(crate) fn remove(&mut self, name: &ProfileName, at_ms: EpochMs) -> Moves {
        self.profiles.remove(name);
        self.plan_anew(name, at_ms)
    }

    /// A group is no more: whoever was in it is in those that are left. It was in the groups above
    /// by this one alone, since a thing is in one group of a hierarchy only.
    pub(crate) fn remove_group(&mut self, group: &GroupName, ancestors: &[GroupName]) -> Moves {
        let left = |key: &AudienceKey| {
            let stays = |of: &&GroupName| *of != group && !ancestors.contains(of);
            let groups = key.groups.iter().filter(stays).cloned().collect();
            AudienceKey { registered: key.registered, groups }
        };
        let all: Vec<_> =
            self.audiences.iter_mut().map(|(place, a)| (place, a.key.clone())).collect();
        let moves = all.into_iter().map(|(place, key)| {
            let to = key.groups.contains(group).then(|| self.audience(left(&key)))?;
            Some(Move { to, migration: self.way(place, to)? })
        });
        moves.collect()
    }

    /// The way from one audience to another.
    pub(crate) fn way(&self, from: u32, to: u32) -> Option<Migration> {
        let planned = |audience| Some(self.audiences.get(audience)?.planned.clone());
        Some(Migration::new(planned(from)?, planned(to)?))
    }

    /// The audience of things with this key; made if there is none.
    pub(crate) fn audience(&mut self, key: AudienceKey) -> u32 {
        if let Some(place) = self.audiences.find(&key) {
            return place;
        }
        let plan = plan_for(&key, &self.profiles, &mut self.plans);
        self.audiences.insert(key, Planned { plan, begins: Arc::default() })
    }

    /// Since when the rules of an audience count, as it was stored.
    pub(crate) fn set_begins(&mut self, audience: u32, begins: Begins) {
        if let Some(audience) = self.audiences.get_mut(audience) {
            audience.planned.begins = Arc::new(begins);
        }
    }

    pub(crate) fn plan(&self, audience: u32) -> Option<&Arc<Plan>> {
        self.audiences.get(audience).map(|audience| &audience.planned.plan)
    }

    /// What an audience is judged by, and how it is measured.
    #[inline]
    pub(crate) fn scene<'a>(
        &'a self,
        audience: u32,
        clock: &'a Clock,
    ) -> Option<(&'a Plan, Scene<'a>)> {
        let planned = &self.audiences.get(audience)?.planned;
        Some((&planned.plan, planned.scene(clock)))
    }

    pub(crate) fn unregistered(&self) -> Option<&Audience> {
        self.audiences.get(UNREGISTERED)
    }

    /// The lengths of windows in any attached profile, each once, shortest first.
    pub(crate) fn window_lengths_ms(&self) -> &[EpochMs] {
        &self.window_lengths_ms
    }

    /// After a profile changed: where the things of each audience go.
    fn plan_anew(&mut self, changed: &ProfileName, at_ms: EpochMs) -> Moves {
        self.plans.retain(|names, _| !names.contains(changed));
        let mut moves = Vec::new();
        for (place, audience) in self.audiences.iter_mut() {
            let plan = plan_for(&audience.key, &self.profiles, &mut self.plans);
            let moved = (!Arc::ptr_eq(&audience.planned.plan, &plan)).then(|| {
                let migration = Migration::of_all(audience.planned.clone(), plan, at_ms);
                audience.planned = migration.planned().clone();
                Move { to: place, migration }
            });
            moves.push(moved);
        }
        self.plans.retain(|_, plan| Arc::strong_count(plan) > 1);
        self.window_lengths_ms = self
            .profiles
            .values()
            .filter(|attached| !attached.targets.is_empty())
            .flat_map(Attached::window_lengths_ms)
            .collect();
        self.window_lengths_ms.sort_unstable();
        self.window_lengths_ms.dedup();
        moves
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
        let rules = applying().flat_map(|(_, attached)| &attached.rules);
        Arc::new(Plan::new(rules, applying().flat_map(|(_, attached)| &attached.exporters)))
    });
    plan.clone()
}
