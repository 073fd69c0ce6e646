//! Time passed, or a front door started: what ends when nobody says anything.

use fleetward_domain::{Effects, EpochMs};

use super::Partition;
use crate::catalog::UNREGISTERED;
use crate::cursor::Cursor;
use crate::measure::Clock;

impl Partition {
    /// Closes windows whose end and grace have passed, and looks for silent things.
    pub(super) fn apply_tick(&mut self, at_ms: EpochMs, effects: &mut Effects) {
        let before = self.clock;
        self.reach(at_ms);
        self.clock.tick(at_ms);
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
    pub(super) fn apply_door_started(
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
    pub(super) fn lose_connections(&mut self, bit: u64, until_ms: EpochMs, effects: &mut Effects) {
        for place in 0..self.things.end() {
            if self.things.get(place).is_none_or(|thing| thing.measured.doors & bit == 0) {
                continue;
            }
            let Some(thing) = self.things.change(place) else { continue };
            let Some(plan) = self.catalog.plan(thing.judged.audience) else { continue };
            let (measured, mut cursor) = Cursor::measuring(thing, plan, effects);
            measured.see(&plan.measures, until_ms, &mut cursor);
            measured.set_connected(bit, false);
            self.forget_if_idle(place, effects);
        }
    }

    fn close_all(&mut self, line_ms: EpochMs, effects: &mut Effects) {
        for place in 0..self.things.end() {
            let Some(thing) = self.things.get(place) else { continue };
            let Some(plan) = self.catalog.plan(thing.judged.audience) else { continue };
            if !thing.measured.has_windows_to_close(&plan.measures, line_ms) {
                continue;
            }
            if let Some(thing) = self.things.change(place) {
                let (measured, mut cursor) = Cursor::measuring(thing, plan, effects);
                measured.close(&plan.measures, line_ms, &mut cursor);
            }
        }
    }

    fn end_silent(&mut self, effects: &mut Effects) {
        let Clock { now_ms, ticked_ms } = self.clock;
        let silent_ms = ticked_ms.saturating_sub(self.settings.silence_ms);
        for place in 0..self.things.end() {
            let Some(thing) = self.things.get(place) else { continue };
            let mut open = thing.judged.open.as_slice().iter();
            let has_silent = open.any(|open| open.datapoint_ms <= silent_ms);
            let is_gone = thing.judged.audience == UNREGISTERED
                && !thing.is_connected()
                && thing.measured.seen_ms() <= silent_ms;
            if has_silent {
                let Some(thing) = self.things.change(place) else { continue };
                let Some(plan) = self.catalog.plan(thing.judged.audience) else { continue };
                Cursor::new(thing, plan, effects).invalidate_silent(silent_ms, now_ms);
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
