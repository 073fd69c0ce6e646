//! Changes of the registry and of profiles.

use fleetward_domain::{Change, Effects, EpochMs, GroupName, ThingName};

use super::Partition;
use crate::catalog::{AudienceKey, UNREGISTERED};
use crate::migration::Migration;
use crate::thing_state::ThingState;

impl Partition {
    /// Takes a change, unless it was taken before.
    pub(super) fn apply_change(
        &mut self,
        seq: u64,
        at_ms: EpochMs,
        change: &Change,
        effects: &mut Effects,
    ) {
        if seq <= self.changes_applied {
            return;
        }
        self.changes_applied = seq;
        self.reach(at_ms);
        match change {
            Change::Thing { name, registered, groups } => {
                self.change_thing(name, *registered, groups, effects);
            }
            Change::Profile(profile, targets) => {
                let migrations = self.catalog.put(profile, targets, &self.settings);
                self.migrate_all(&migrations, effects);
            }
            Change::ProfileDeleted(name) => {
                let migrations = self.catalog.remove(name);
                self.migrate_all(&migrations, effects);
            }
            // Front doors count by these; what they counted says all that a detector needs.
            Change::Dimension(_) | Change::Certificate(_) | Change::Policy(_) => {}
            Change::GroupDeleted(group) => self.delete_group(group, effects),
            // A profile carries its tags, which say it.
            Change::Severities { .. } => {}
        }
    }

    fn change_thing(
        &mut self,
        name: &ThingName,
        registered: bool,
        groups: &[GroupName],
        effects: &mut Effects,
    ) {
        let known = self.things.find(name.as_str().as_bytes());
        if known.is_none() && !registered {
            return;
        }
        let audience = match AudienceKey::new(registered, groups) {
            key if registered => self.catalog.audience(key),
            _ => UNREGISTERED,
        };
        match known {
            Some(place) => self.move_thing(place, audience, effects),
            None => self.register(name, audience),
        }
    }

    /// A group is no more: whoever was in it has one group less.
    fn delete_group(&mut self, group: &GroupName, effects: &mut Effects) {
        for place in 0..self.things.end() {
            let Some(thing) = self.things.get(place) else { continue };
            let Some(audience) = self.catalog.audiences.get(thing.judged.audience) else {
                continue;
            };
            if !audience.key.groups.contains(group) {
                continue;
            }
            let left: Vec<GroupName> =
                audience.key.groups.iter().filter(|other| *other != group).cloned().collect();
            let audience = self.catalog.audience(AudienceKey::new(true, &left));
            self.move_thing(place, audience, effects);
        }
    }

    fn register(&mut self, name: &ThingName, audience: u32) {
        let Some(plan) = self.catalog.plan(audience) else { return };
        let thing = ThingState::new(name, audience, plan, self.clock.now_ms);
        if self.things.insert(thing).is_some() {
            self.catalog.audiences.join(audience);
        }
    }

    fn move_thing(&mut self, place: u32, audience: u32, effects: &mut Effects) {
        let Some(thing) = self.things.get(place) else { return };
        let old_audience = thing.judged.audience;
        if old_audience == audience {
            return;
        }
        let plans = (self.catalog.plan(old_audience), self.catalog.plan(audience));
        let (Some(old), Some(new)) = plans else { return };
        let migration = Migration::new(old.clone(), new.clone());
        if let Some(thing) = self.things.change(place) {
            migration.migrate(thing, self.clock.now_ms, effects);
            thing.judged.audience = audience;
        }
        self.catalog.audiences.join(audience);
        self.catalog.audiences.leave(old_audience);
        self.forget_if_idle(place, effects);
    }

    /// After a profile changed: `migrations` by audience.
    fn migrate_all(&mut self, migrations: &[Option<Migration>], effects: &mut Effects) {
        let now_ms = self.clock.now_ms;
        for place in 0..self.things.end() {
            let Some(audience) = self.things.get(place).map(|thing| thing.judged.audience) else {
                continue;
            };
            let migration = migrations.get(audience as usize).and_then(Option::as_ref);
            let Some(migration) = migration.filter(|it| !it.changes_nothing()) else { continue };
            if let Some(thing) = self.things.change(place) {
                migration.migrate(thing, now_ms, effects);
            }
            self.forget_if_idle(place, effects);
        }
    }
}
