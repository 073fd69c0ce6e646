//! What is remembered of the verdicts over a thing. Most have none of it, so that they get eight
//! bytes.

use fleetward_domain::EpochMs;

use super::OpenViolation;
use crate::measure::ReaderId;
use crate::plan::Plan;
use crate::rule::Run;

/// What is remembered of the verdicts over a thing; nothing as long as it conforms.
#[derive(Debug, Default)]
pub(crate) struct Judged(Option<Box<Remembered>>);

#[derive(Debug, Default, PartialEq)]
struct Remembered {
    /// How many violations it has opened: makes the ids of its violations differ.
    transitions: u32,
    unsettled: Option<Box<Unsettled>>,
}

/// What ends when all is well again. Each in the order of the rules.
#[derive(Debug, Default, PartialEq)]
struct Unsettled {
    /// The rules of which something is to be said.
    runs: Vec<(ReaderId, Run)>,
    open: Vec<OpenViolation>,
}

impl Judged {
    /// How many violations it has opened.
    pub(crate) fn transitions(&self) -> u32 {
        self.0.as_ref().map_or(0, |remembered| remembered.transitions)
    }

    pub(crate) fn set_transitions(&mut self, transitions: u32) {
        if transitions != self.transitions() {
            self.0.get_or_insert_default().transitions = transitions;
        }
    }

    /// One more violation opens: its number among those of the thing.
    pub(crate) fn next_transition(&mut self) -> u32 {
        let next = self.transitions().wrapping_add(1);
        self.set_transitions(next);
        next
    }

    /// What is remembered of rules: those that say something.
    #[inline]
    pub(crate) fn runs(&self) -> &[(ReaderId, Run)] {
        self.unsettled().map_or(&[], |unsettled| &unsettled.runs)
    }

    /// That of a rule.
    #[inline]
    pub(crate) fn run(&self, rule: ReaderId) -> Run {
        let found = self.runs().iter().find(|(of, _)| *of == rule);
        found.map_or_else(Run::default, |(_, run)| *run)
    }

    /// What a rule's has become.
    #[inline]
    pub(crate) fn set_run(&mut self, rule: ReaderId, run: Run) {
        if !run.says_nothing() || self.unsettled().is_some() {
            self.change_run(rule, run);
        }
    }

    #[inline(never)]
    fn change_run(&mut self, rule: ReaderId, run: Run) {
        let runs = &mut self.unsettled_mut().runs;
        match runs.binary_search_by_key(&rule, |(of, _)| *of) {
            Ok(place) if run.says_nothing() => drop(runs.remove(place)),
            Ok(place) => runs.get_mut(place).into_iter().for_each(|known| known.1 = run),
            Err(_) if run.says_nothing() => {}
            Err(place) => insert(runs, place, (rule, run)),
        }
        self.tidy_up();
    }

    /// Violations that are open now.
    #[inline]
    pub(crate) fn open(&self) -> &[OpenViolation] {
        self.unsettled().map_or(&[], |unsettled| &unsettled.open)
    }

    /// That of a rule, to be changed.
    pub(crate) fn open_mut(&mut self, rule: ReaderId) -> Option<&mut OpenViolation> {
        let unsettled = self.0.as_mut()?.unsettled.as_mut()?;
        unsettled.open.iter_mut().find(|open| open.rule == rule)
    }

    pub(crate) fn open_violation(&mut self, violation: OpenViolation) {
        let open = &mut self.unsettled_mut().open;
        let after = open.partition_point(|other| other.rule < violation.rule);
        insert(open, after, violation);
    }

    /// That of a rule ends.
    pub(crate) fn close(&mut self, rule: ReaderId) -> Option<OpenViolation> {
        let open = &mut self.0.as_mut()?.unsettled.as_mut()?.open;
        let place = open.iter().position(|open| open.rule == rule)?;
        let closed = open.remove(place);
        self.tidy_up();
        Some(closed)
    }

    /// The behavior of a rule whose violation is open gave a datapoint: it is not silent.
    pub(crate) fn heard(&mut self, rule: ReaderId, at_ms: EpochMs) {
        if let Some(open) = self.open_mut(rule) {
            open.datapoint_ms = at_ms;
        }
    }

    /// Those whose behavior has given no datapoint since then, and should have.
    pub(crate) fn silent(&self, silent_ms: EpochMs, plan: &Plan) -> impl Iterator<Item = ReaderId> {
        let is_silent = move |open: &&OpenViolation| {
            open.datapoint_ms <= silent_ms && !plan.lasts_in_silence(open.rule)
        };
        self.open().iter().filter(is_silent).map(|open| open.rule)
    }

    /// The clock was set ahead by this, or back: so much later was whatever is remembered, and what
    /// is under way began by the new one.
    pub(crate) fn set_ahead(&mut self, ahead_ms: EpochMs) {
        let unsettled = self.0.as_mut().and_then(|remembered| remembered.unsettled.as_mut());
        let Some(Unsettled { runs, open }) = unsettled.map(|unsettled| &mut **unsettled) else {
            return;
        };
        runs.iter_mut().for_each(|(_, run)| run.set_ahead(ahead_ms));
        for open in open {
            open.datapoint_ms = open.datapoint_ms.saturating_add(ahead_ms);
        }
    }

    /// Gives every rule its place in another plan; what is of those without one goes.
    pub(crate) fn move_rules(&mut self, place_of: impl Fn(ReaderId) -> Option<ReaderId>) {
        let Some(remembered) = &mut self.0 else { return };
        let Some(unsettled) = remembered.unsettled.take() else { return };
        for (rule, run) in unsettled.runs {
            if let Some(place) = place_of(rule) {
                self.set_run(place, run);
            }
        }
        for mut violation in unsettled.open {
            if let Some(place) = place_of(violation.rule) {
                violation.rule = place;
                self.open_violation(violation);
            }
        }
        self.tidy_up();
    }

    #[inline]
    fn unsettled(&self) -> Option<&Unsettled> {
        self.0.as_ref()?.unsettled.as_deref()
    }

    fn unsettled_mut(&mut self) -> &mut Unsettled {
        self.0.get_or_insert_default().unsettled.get_or_insert_default()
    }

    /// Does not keep the memory of what is over.
    fn tidy_up(&mut self) {
        let Some(remembered) = &mut self.0 else { return };
        remembered.unsettled.take_if(|unsettled| **unsettled == Unsettled::default());
        self.0.take_if(|remembered| **remembered == Remembered::default());
    }
}

/// Puts one in without room for more: most that have any have one.
fn insert<T>(list: &mut Vec<T>, place: usize, element: T) {
    list.reserve_exact(1);
    list.insert(place, element);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_that_say_nothing_take_nothing() {
        let mut judged = Judged::default();
        judged.set_run(ReaderId::new(3), Run::restore(0, -4));
        assert!(judged.0.is_none());
        judged.set_run(ReaderId::new(3), Run::restore(7, 2));
        judged.set_run(ReaderId::new(1), Run::restore(8, 1));
        assert_eq!(judged.run(ReaderId::new(3)), Run::restore(7, 2));
        assert_eq!(judged.runs().len(), 2);
        judged.move_rules(|rule| (rule == ReaderId::new(3)).then_some(ReaderId::new(0)));
        assert_eq!(judged.runs(), [(ReaderId::new(0), Run::restore(7, 2))]);
        judged.set_run(ReaderId::new(0), Run::default());
        assert!(judged.0.is_none());
    }

    #[test]
    fn what_is_over_leaves_the_number_of_its_violations_and_no_more() {
        let mut judged = Judged::default();
        assert_eq!(judged.next_transition(), 1);
        judged.set_run(ReaderId::new(3), Run::restore(7, 2));
        judged.set_run(ReaderId::new(3), Run::default());
        assert!(judged.0.as_ref().is_some_and(|remembered| remembered.unsettled.is_none()));
        assert_eq!(judged.next_transition(), 2);
        assert_eq!(size_of::<Remembered>(), 16);
    }
}
