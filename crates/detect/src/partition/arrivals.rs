//! What was seen of a thing: a report, or an activity that a front door counted.

use fleetward_domain::{Activity, Effects, EpochMs, Report};

use super::Partition;
use super::steps::Once;
use crate::catalog::UNREGISTERED;
use crate::cursor::Cursor;
use crate::measure::fingerprint;
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
        let at_ms = self.reach(at_ms);
        // What begins from here on begins after it.
        self.clock.reach(at_ms.saturating_add(1));
        let takes_reports = |plan: &Plan| plan.measures.takes_reports();
        let found = self.things.find(thing.as_bytes());
        let found = found.or_else(|| {
            let first_ms = self.first_of_stranger(at_ms);
            self.admit(thing, first_ms, takes_reports, effects)
        });
        let Some(place) = found else { return };
        let Some(thing) = self.things.change(place) else { return };
        let prints = (fingerprint::of_report(report), fingerprint::of_id(report.report_id));
        let elapsed_ms = self.clock.elapsed(at_ms);
        if !self.repeats.is_new((place, &mut thing.reported), elapsed_ms, prints) {
            return;
        }
        let found = self.catalog.scene(thing.audience, &self.clock);
        let Some((plan, scene)) = found else { return };
        let (measured, mut cursor) = Cursor::measuring(thing, plan, (effects, &mut self.exports));
        measured.report(scene, at_ms, report, &mut cursor);
        self.note_at(place, at_ms);
        self.has_reported(place, at_ms, effects);
    }

    /// Since when what a stranger did counts whose first report came at this time. What it did
    /// just before may be on its way: it is counted once a flush, and belongs to the same window.
    /// That window is not whole all the same, unless it begins here: of one that was forgotten
    /// nobody knows what it did before.
    fn first_of_stranger(&self, at_ms: EpochMs) -> EpochMs {
        let begin_of =
            |length_ms: EpochMs| at_ms.saturating_sub(at_ms.rem_euclid(length_ms.max(1)));
        let plan = self.catalog.plan(UNREGISTERED);
        // Of those that judge it: what is exported beside has no begin.
        let readers = plan.map_or(&[][..], |plan| plan.measures.beginning());
        let lengths_ms = readers.iter().filter_map(|reader| reader.series.window_ms());
        let windows = lengths_ms.map(|length_ms| begin_of(length_ms).saturating_add(1));
        // No flush reaches back beyond its period.
        let period = begin_of(self.settings.period_ms);
        windows.fold(period, EpochMs::max).min(at_ms)
    }

    /// Takes what a front door counted of one thing.
    pub(super) fn apply_activity(&mut self, activity: &Activity, effects: &mut Effects) {
        let until_ms = self.reach(activity.until_ms);
        let Activity { door, boot, seq, .. } = activity;
        let times = (until_ms, self.clock.line_ms);
        let Some(heard) = self.doors.counted(door, (*boot, *seq), times) else { return };
        if heard.restarted.is_none() {
            self.count((activity, until_ms), heard.bit, effects);
            return;
        }
        // Nobody announced this start: what was connected before goes first.
        self.lose_what_was_before(heard, until_ms);
        let activity = Box::new(Activity { until_ms, ..activity.clone() });
        self.steps.add_once(Once::Count { activity, door: heard.bit });
    }

    /// Takes what a front door counted, once its record is known to be new, at the time that it is
    /// taken at.
    pub(super) fn count(
        &mut self,
        (activity, until_ms): (&Activity, EpochMs),
        door: u64,
        effects: &mut Effects,
    ) {
        // The stretch ends before `until_ms`, so that is the window it belongs to.
        let at_ms = until_ms.saturating_sub(1);
        let name = activity.thing.as_str();
        let is_of_use = |plan: &Plan| activity.connected || plan.measures.takes_activity();
        let found = self.things.find(name.as_bytes());
        // All of what a stranger's first stretch has is of it.
        let since_ms = activity.since_ms.map_or(at_ms, |since_ms| since_ms.min(at_ms));
        let Some(place) = found.or_else(|| self.admit(name, since_ms, is_of_use, effects)) else {
            return;
        };
        let Some(thing) = self.things.change(place) else { return };
        let found = self.catalog.scene(thing.audience, &self.clock);
        let Some((plan, scene)) = found else { return };
        let was_connected = thing.is_connected();
        let (measured, mut cursor) = Cursor::measuring(thing, plan, (effects, &mut self.exports));
        measured.count(scene, (at_ms, door), activity, &mut cursor);
        self.note_at(place, at_ms);
        self.was_counted(place, (was_connected, at_ms), activity, effects);
        self.forget_if_idle(place, effects);
    }
}
