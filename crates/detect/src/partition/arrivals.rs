//! What was seen of a thing: a report, or an activity that a front door counted.

use fleetward_domain::{Activity, Effects, EpochMs, Report};

use super::Partition;
use crate::cursor::Cursor;
use crate::plan::Plan;

impl Partition {
    /// Takes a report that came at `at_ms`. For a known thing that conforms this allocates
    /// nothing.
    pub fn apply_report(
        &mut self,
        thing: &str,
        at_ms: EpochMs,
        report: &Report,
        effects: &mut Effects,
    ) {
        self.tell_owed(effects);
        self.reach(at_ms);
        let takes_reports = |plan: &Plan| plan.measures.takes_reports();
        let found = self.things.find(thing.as_bytes());
        let Some(place) = found.or_else(|| self.admit(thing, at_ms, takes_reports, effects)) else {
            return;
        };
        let line_ms = self.clock.closed_until(self.settings.grace_ms);
        let Some(thing) = self.things.change(place) else { return };
        let Some(plan) = self.catalog.plan(thing.judged.audience) else { return };
        let (measured, mut cursor) = Cursor::measuring(thing, plan, effects);
        measured.report(&plan.measures, at_ms.max(line_ms), report, &mut cursor);
    }

    /// Takes what a front door counted of one thing.
    pub(super) fn apply_activity(&mut self, activity: &Activity, effects: &mut Effects) {
        let before_ms = self.clock.now_ms;
        self.reach(activity.until_ms);
        let now_ms = self.clock.now_ms;
        let Activity { door, boot, seq, .. } = activity;
        let Some(heard) = self.doors.counted(door, *boot, *seq, now_ms) else { return };
        if heard.restarted {
            self.lose_connections(heard.bit, before_ms, effects);
        }
        // The stretch ends before `until_ms`, so that is the window it belongs to.
        let at_ms = activity.until_ms.saturating_sub(1);
        let name = activity.thing.as_str();
        let is_of_use = |plan: &Plan| activity.connected || plan.measures.takes_activity();
        let found = self.things.find(name.as_bytes());
        let Some(place) = found.or_else(|| self.admit(name, at_ms, is_of_use, effects)) else {
            return;
        };
        let line_ms = self.clock.closed_until(self.settings.grace_ms);
        let Some(thing) = self.things.change(place) else { return };
        let Some(plan) = self.catalog.plan(thing.judged.audience) else { return };
        let (measured, mut cursor) = Cursor::measuring(thing, plan, effects);
        measured.see(&plan.measures, at_ms.max(line_ms), &mut cursor);
        measured.set_connected(heard.bit, activity.connected);
        measured.count(&plan.measures, &activity.counts, &mut cursor);
        self.forget_if_idle(place, effects);
    }
}
