//! Who watches a thing for its absence, and what comes of it.

use fleetward_domain::{Activity, Datapoint, Effects, EpochMs, Observed};

use super::Partition;
use crate::absence::{Missed, Watch, count};
use crate::catalog::UNREGISTERED;
use crate::cursor::Cursor;
use crate::judge::Verdict;
use crate::measure::ReaderId;

impl Partition {
    /// Watches a thing by the plan that it has now. `carried`: for each reader the one of before
    /// that goes on in it; what does not begins at `begin_ms`.
    pub(crate) fn watch(
        &mut self,
        place: u32,
        begin_ms: EpochMs,
        carried: impl Fn(ReaderId) -> Option<ReaderId>,
    ) {
        let Some(thing) = self.things.get(place) else { return };
        let registered = thing.audience != UNREGISTERED;
        let found = self.catalog.scene(thing.audience, &self.clock);
        let Some((plan, scene)) = found else { return };
        let before = self.absences.of(place);
        if plan.absences.is_empty() && before.is_empty() {
            return;
        }
        let was_seen = thing.measured.seen_ms() > EpochMs::MIN;
        let is_away = was_seen && !thing.is_connected();
        let watched = plan.absences.iter().filter_map(|(reader, absence)| {
            let is_missed = match absence.missed {
                Missed::Connection => is_away,
                // Whom nobody registered owes nobody a report.
                Missed::Report if !registered => return None,
                Missed::Report => true,
            };
            let from = carried(*reader);
            let goes_on = before.iter().find(|watch| Some(watch.reader) == from);
            Some(match goes_on {
                Some(watch) => Watch { reader: *reader, ..*watch },
                None => {
                    // A stranger may have been heard of before the behavior began.
                    let begin_ms = begin_ms.max(scene.begins.of(*reader));
                    Watch::new(*reader, *absence, begin_ms, is_missed)
                }
            })
        });
        let watches = watched.collect();
        self.absences.set(place, watches);
    }

    /// Watches a thing that nobody watched before.
    pub(crate) fn watch_anew(&mut self, place: u32) {
        self.watch(place, self.clock.now_ms, |_| None);
    }

    /// A thing is not registered any more: nobody waits for its reports.
    pub(super) fn end_waiting(&mut self, place: u32, effects: &mut Effects) {
        let Some(thing) = self.things.change(place) else { return };
        let audience = thing.audience;
        let Some(plan) = self.catalog.plan(audience).filter(|_| audience == UNREGISTERED) else {
            return;
        };
        let mut cursor = Cursor::new(thing, plan, effects);
        for (reader, absence) in &plan.absences {
            if absence.missed == Missed::Report {
                cursor.invalidate(*reader, self.clock.now_ms);
            }
        }
    }

    /// A report came of it.
    pub(super) fn has_reported(&mut self, place: u32, at_ms: EpochMs, effects: &mut Effects) {
        self.has_come(place, (Missed::Report, at_ms), |_| true, effects);
    }

    /// A front door said something of it; `was_connected` until then.
    pub(super) fn was_counted(
        &mut self,
        place: u32,
        (was_connected, at_ms): (bool, EpochMs),
        activity: &Activity,
        effects: &mut Effects,
    ) {
        if self.absences.of(place).is_empty() {
            return;
        }
        if self.things.get(place).is_some_and(|thing| thing.is_connected()) {
            self.has_come(place, (Missed::Connection, at_ms), |_| true, effects);
            return;
        }
        let away_ms = match activity.away_since_ms {
            Some(away_ms) => away_ms.min(at_ms),
            // The door ended before it: nobody knows when it would have gone.
            None if was_connected => at_ms,
            None => return,
        };
        // Had it been away before, it came and went since: for those who knew that, each by itself,
        // since others may have begun later.
        let knew = |watch: &Watch| watch.since_ms.is_some_and(|since_ms| since_ms < away_ms);
        self.has_come(place, (Missed::Connection, away_ms), knew, effects);
        self.has_gone(place, away_ms);
    }

    /// It is not connected any more.
    pub(super) fn has_gone(&mut self, place: u32, at_ms: EpochMs) {
        let connections = |watch: &&mut Watch| watch.absence.missed == Missed::Connection;
        for watch in self.absences.of_mut(place).iter_mut().filter(connections) {
            watch.went(at_ms);
        }
        self.absences.arrange(place);
    }

    /// What was missed came, for those who are asked.
    fn has_come(
        &mut self,
        place: u32,
        (what, at_ms): (Missed, EpochMs),
        is_asked: impl Fn(&Watch) -> bool,
        effects: &mut Effects,
    ) {
        let missed = |watch: &&mut Watch| watch.absence.missed == what && is_asked(watch);
        let watches = self.absences.of_mut(place).iter_mut().filter(missed);
        let told =
            watches.filter_map(|watch| watch.came(at_ms).then_some((watch.reader, at_ms, 0)));
        let told: Vec<_> = told.collect();
        self.tell_absence(place, &told, Verdict::Conforms, effects);
        self.absences.arrange(place);
    }

    /// The line is where one of a thing's bounds may be crossed.
    pub(super) fn look_at_absence(&mut self, place: u32, effects: &mut Effects) {
        let (line_ms, counted_ms) = (self.clock.line_ms, self.absences.counted_ms);
        let mut told = Vec::new();
        for watch in self.absences.of_mut(place) {
            let deadline_ms = watch.deadline_ms(counted_ms).filter(|at_ms| *at_ms <= line_ms);
            let Some((at_ms, since_ms)) = deadline_ms.zip(watch.since_ms) else { continue };
            watch.is_crossed = true;
            let count = count(at_ms.saturating_sub(since_ms));
            told.push((watch.reader, at_ms, count));
        }
        self.tell_absence(place, &told, Verdict::Violates, effects);
        self.absences.arrange(place);
    }

    fn tell_absence(
        &mut self,
        place: u32,
        told: &[(ReaderId, EpochMs, u64)],
        verdict: Verdict,
        effects: &mut Effects,
    ) {
        if told.is_empty() {
            return;
        }
        // That it was told is stored with the thing.
        let Some(thing) = self.things.change(place) else { return };
        let Some(plan) = self.catalog.plan(thing.audience) else { return };
        for (reader, at_ms, count) in told {
            let Some(rule) = reader.of(&plan.rules) else { continue };
            let (measure, value) = (rule.series.measure(), Observed::Count(*count));
            let datapoint = Datapoint { measure, at_ms: *at_ms, value };
            Cursor::new(thing, plan, effects).tell(*reader, verdict, &datapoint);
        }
        self.note(place);
    }
}
