//! Changes of the registry and of profiles.

use fleetward_domain::{Change, Effects, EpochMs, GroupName, ThingName};

use super::Partition;
use super::steps::Everyone;
use crate::catalog::{AudienceKey, UNREGISTERED};
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
        let now_ms = self.clock.now_ms;
        match change {
            Change::Thing { name, registered, groups } => {
                self.change_thing(name, *registered, groups, effects);
            }
            Change::Profile(profile, targets) => {
                let moves = self.catalog.put(profile, targets, &self.settings, now_ms);
                self.steps.add(Everyone::Migrate { moves });
            }
            Change::ProfileDeleted(name) => {
                let moves = self.catalog.remove(name, now_ms);
                self.steps.add(Everyone::Migrate { moves });
            }
            // Front doors count by these; what they counted says all that a detector needs.
            Change::Dimension(_) | Change::Certificate(_) | Change::Policy(_) => {}
            Change::GroupDeleted { name, ancestors } => {
                let moves = self.catalog.remove_group(name, ancestors);
                self.steps.add(Everyone::Migrate { moves });
            }
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

    fn register(&mut self, name: &ThingName, audience: u32) {
        let found = self.catalog.scene(audience, &self.clock);
        let Some((_, scene)) = found else { return };
        let thing = ThingState::new(name, audience, scene, self.clock.now_ms);
        if let Some(place) = self.things.insert(thing) {
            self.catalog.audiences.join(audience);
            self.watch_anew(place);
        }
    }

    fn move_thing(&mut self, place: u32, audience: u32, effects: &mut Effects) {
        let Some(thing) = self.things.get(place) else { return };
        let before = thing.audience;
        if before == audience {
            return;
        }
        let Some(migration) = self.catalog.way(before, audience) else { return };
        if let Some(thing) = self.things.change(place) {
            migration.migrate(thing, &self.clock, effects);
            thing.audience = audience;
        }
        self.catalog.audiences.join(audience);
        self.catalog.audiences.leave(before);
        self.watch(place, self.clock.now_ms, |to| migration.carried(to));
        self.end_waiting(place, effects);
        self.note(place);
        self.forget_if_idle(place, effects);
    }
}
