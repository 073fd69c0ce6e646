//! Time passed, or a front door started: what ends when nobody says anything.

use fleetward_domain::EpochMs;

use crate::clock::Clock;
use crate::effects::Effects;
use crate::partition::Partition;
use crate::plan::audience::UNREGISTERED;

impl Partition {
    /// Closes windows whose end and grace have passed, and looks for silent things.
    pub(crate) fn apply_tick(&mut self, at_ms: EpochMs, effects: &mut Effects) {
        let before = self.clock;
        self.reach(at_ms);
        self.clock.ticked_ms = before.ticked_ms.max(at_ms);
        let grace_ms = self.settings.grace_ms;
        let line_ms = self.clock.closed_until(grace_ms);
        let closes = self
            .catalog
            .window_lengths_ms()
            .iter()
            .any(|length_ms| crossed(before.closed_until(grace_ms), line_ms, *length_ms));
        if closes {
            self.close_all(line_ms, effects);
        }
        let step_ms = self.settings.silence_step_ms();
        if crossed(before.ticked_ms, self.clock.ticked_ms, step_ms) {
            self.end_silent(effects);
        }
    }

    /// A front door (re)started: nothing is connected through it.
    pub(crate) fn apply_door_started(
        &mut self,
        door: &str,
        boot: u64,
        at_ms: EpochMs,
        effects: &mut Effects,
    ) {
        let before_ms = self.clock.now_ms;
        self.reach(at_ms);
        let Some(heard) = self.doors.started(door, boot, self.clock.now_ms) else { return };
        if heard.restarted {
            self.lose_connections(heard.bit, before_ms, effects);
        }
    }

    /// What was connected through this door was so until `until_ms`: the last that was heard of
    /// anything before the door started again. How long the door was gone before is not known.
    pub(crate) fn lose_connections(&mut self, bit: u64, until_ms: EpochMs, effects: &mut Effects) {
        for place in 0..self.things.end() {
            if self.things.get(place).is_none_or(|thing| thing.doors & bit == 0) {
                continue;
            }
            let Some(thing) = self.things.change(place) else { continue };
            let Some(plan) = self.catalog.plan(thing.audience) else { continue };
            thing.close_windows(plan, until_ms.max(thing.seen_ms), effects);
            thing.seen_ms = thing.seen_ms.max(until_ms);
            thing.doors &= !bit;
            self.forget_if_idle(place, effects);
        }
    }

    fn close_all(&mut self, line_ms: EpochMs, effects: &mut Effects) {
        for place in 0..self.things.end() {
            let Some(thing) = self.things.get(place) else { continue };
            let Some(plan) = self.catalog.plan(thing.audience) else { continue };
            if !plan.has_windows || !thing.has_windows_to_close(plan, line_ms) {
                continue;
            }
            if let Some(thing) = self.things.change(place) {
                thing.close_windows(plan, line_ms, effects);
            }
        }
    }

    fn end_silent(&mut self, effects: &mut Effects) {
        let Clock { now_ms, ticked_ms } = self.clock;
        let silence_ms = self.settings.silence_ms;
        for place in 0..self.things.end() {
            let Some(thing) = self.things.get(place) else { continue };
            let is_silent = ticked_ms.saturating_sub(thing.datapoint_ms) >= silence_ms;
            let is_gone = thing.audience == UNREGISTERED
                && !thing.is_connected()
                && ticked_ms.saturating_sub(thing.seen_ms) >= silence_ms;
            if is_silent && !thing.open.is_empty() {
                let Some(thing) = self.things.change(place) else { continue };
                let Some(plan) = self.catalog.plan(thing.audience) else { continue };
                thing.invalidate_all(plan, now_ms, effects);
            }
            if is_gone {
                self.forget(place, effects);
            }
        }
    }
}

/// Whether a multiple of the step lies after the one and not after the other.
fn crossed(before_ms: EpochMs, after_ms: EpochMs, step_ms: EpochMs) -> bool {
    before_ms.div_euclid(step_ms) != after_ms.div_euclid(step_ms)
}
