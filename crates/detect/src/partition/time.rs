//! Time passed, or a front door came, went, or set its clock: what ends when nobody says anything.

use fleetward_domain::EpochMs;

use super::Partition;
use super::steps::{Everyone, Once};
use crate::measure::Heard;

impl Partition {
    /// The only front door has logged what it stamped before this. Written by releases that knew
    /// one door only, and at their format levels.
    pub(super) fn apply_tick(&mut self, at_ms: EpochMs) {
        let at_ms = self.reach_said(self.doors.counting() > 0, at_ms);
        self.doors.all_flushed(at_ms);
        self.steps.add_once(Once::DrawLine { line_ms: self.doors.line_ms().unwrap_or(at_ms) });
    }

    /// A front door has logged what it stamped before `until_ms`.
    pub(super) fn apply_watermark(&mut self, door: &str, boot: u64, until_ms: EpochMs) {
        let until_ms = self.reach_said(self.doors.counts(door, boot), until_ms);
        let Some(heard) = self.doors.flushed(door, boot, until_ms) else { return };
        self.lose_what_was_before(heard, until_ms);
        self.steps.add_once(Once::DrawLine { line_ms: self.doors.line_ms().unwrap_or(until_ms) });
    }

    /// The time that is said to have passed. A known door is believed, however late it is: the line
    /// may have stood still for days in which nobody waited for it, and nothing but this moves it.
    fn reach_said(&mut self, is_known: bool, at_ms: EpochMs) -> EpochMs {
        if is_known {
            self.clock.reach(at_ms);
            self.header_dirty = true;
            return at_ms;
        }
        self.reach(at_ms)
    }

    /// A front door (re)started: nothing is connected through it.
    pub(super) fn apply_door_started(&mut self, door: &str, boot: u64, at_ms: EpochMs) {
        self.header_dirty = true;
        let Some(heard) = self.doors.started(door, boot, at_ms) else { return };
        if at_ms < self.clock.line_ms && self.doors.counting() == 1 {
            // The machine's clock was set back while nobody counted. Windows would not close until
            // it is as late as it was.
            self.go_on_at(self.clock.now_ms, at_ms);
        }
        self.clock.reach(at_ms);
        self.lose_what_was_before(heard, at_ms);
        self.steps.add_once(Once::DrawLine { line_ms: self.doors.line_ms().unwrap_or(at_ms) });
    }

    /// Nobody counts through a front door from `until_ms` on.
    pub(super) fn apply_door_gone(&mut self, door: &str, boot: u64, until_ms: EpochMs) {
        self.header_dirty = true;
        let Some(heard) = self.doors.gone(door, boot) else { return };
        // What it counted after it said so last may be lost, and so may what it counted until
        // this was said.
        self.clock.reach(until_ms);
        self.lose_what_was_before(heard, self.clock.now_ms);
        self.steps.add_once(Once::DrawLine { line_ms: self.doors.line_ms().unwrap_or(until_ms) });
    }

    /// The clock of a front door's machine was set: records go on at `to_ms`. What is open ends,
    /// not whole, and no verdict comes of it. One that was set by nothing says that its process
    /// stood still: nobody counted for a while, and all that is open goes on.
    pub(super) fn apply_clock_set(
        &mut self,
        (door, boot): (&str, u64),
        from_ms: EpochMs,
        to_ms: EpochMs,
    ) {
        self.header_dirty = true;
        if from_ms == to_ms {
            if self.doors.counts(door, boot) {
                self.clock.miss(self.clock.line_ms, to_ms);
                self.clock.reach(to_ms);
            }
            return;
        }
        if self.doors.set_clock(door, boot, to_ms).is_none() {
            return;
        }
        self.go_on_at(from_ms, to_ms);
    }

    fn go_on_at(&mut self, from_ms: EpochMs, to_ms: EpochMs) {
        let ahead_ms = to_ms.saturating_sub(from_ms);
        let clock = &mut self.clock;
        clock.skew_ms = clock.skew_ms.saturating_add(ahead_ms);
        clock.line_ms = self.doors.line_ms().unwrap_or(to_ms);
        (clock.now_ms, clock.woke_ms) = (to_ms, to_ms);
        clock.uncounted = vec![(EpochMs::MIN, EpochMs::MAX)];
        let counted_ms = &mut self.absences.counted_ms;
        *counted_ms = counted_ms.saturating_add(ahead_ms);
        self.steps.add(Everyone::BeginAnew { ahead_ms });
    }

    /// What was connected through a door's start before this one is not any more, and what it had
    /// not logged by `until_ms` nobody counted.
    pub(super) fn lose_what_was_before(&mut self, heard: Heard, until_ms: EpochMs) {
        if let Some(from_ms) = heard.restarted {
            self.clock.miss(from_ms, until_ms);
            self.absences.count_from(until_ms);
            self.steps.add(Everyone::Lose { door: heard.bit, at_ms: until_ms });
        }
    }

    /// Everybody has logged what was stamped before this.
    pub(super) fn draw_line(&mut self, line_ms: EpochMs) {
        let before_ms = self.clock.line_ms;
        self.clock.draw_line(line_ms);
        let after_ms = self.clock.line_ms;
        let lengths_ms = self.steps_of_line_ms();
        if lengths_ms.iter().any(|length_ms| crossed(before_ms, after_ms, *length_ms)) {
            self.steps.add(Everyone::Close);
        }
        if crossed(before_ms, after_ms, self.settings.period_ms.max(1)) {
            self.steps.add_once(Once::Export);
        }
        if crossed(before_ms, after_ms, self.settings.silence_step_ms()) {
            let silent_ms = after_ms.saturating_sub(self.settings.silence_ms);
            self.steps.add(Everyone::EndSilent { silent_ms });
        }
        if self.absences.next_ms().is_some_and(|next_ms| next_ms <= after_ms) {
            self.steps.add(Everyone::EndPatience);
        }
    }
}

/// Whether a multiple of the step lies after the one and not after the other.
fn crossed(before_ms: EpochMs, after_ms: EpochMs, step_ms: EpochMs) -> bool {
    before_ms.div_euclid(step_ms) != after_ms.div_euclid(step_ms)
}
