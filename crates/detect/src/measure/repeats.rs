//! Repeated reports: a device that did not hear `accepted` sends its report again.
//!
//! Every report of the last ten minutes is remembered, whatever their number: front doors bound
//! it, since they accept no more than they can remember. A report and its time are eight bytes.

mod generation;

use std::collections::BTreeMap;

use fleetward_domain::EpochMs;
use fleetward_domain::limits::REPEATED_REPORT_MS;

use generation::{GENERATION_MS, Generation};

/// How many generations back a repetition may reach.
const GENERATIONS: EpochMs = REPEATED_REPORT_MS / GENERATION_MS + 1;

/// In which of the last generations a thing reported, a bit each: spares most looks. One that is
/// over may be named still.
pub(crate) type Generations = u16;

/// The reports of the last ten minutes.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    generations: BTreeMap<EpochMs, Generation>,
    /// Until then reports are known by their id alone that an older release remembered.
    by_id_until_ms: Option<EpochMs>,
}

/// A report, by [`super::fingerprint`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) report: u64,
    /// When, in elapsed time.
    pub(crate) at_ms: EpochMs,
}

impl Repeats {
    /// Remembers a report; false if it is a repetition, which must not be counted. `reported` is
    /// its thing's, `at_ms` elapsed time, `report` what is known of it, and `by_id` of its id.
    pub(crate) fn is_new(
        &mut self,
        (place, reported): (u32, &mut Generations),
        at_ms: EpochMs,
        (report, by_id): (u64, u64),
    ) -> bool {
        if self.by_id_until_ms.is_some_and(|until_ms| at_ms < until_ms)
            && self.holds(place, *reported, at_ms, by_id)
        {
            return false;
        }
        if *reported != 0 && self.holds(place, *reported, at_ms, report) {
            return false;
        }
        self.remember(place, reported, Seen { report, at_ms });
        true
    }

    /// Remembers a report that was counted.
    pub(crate) fn remember(&mut self, place: u32, reported: &mut Generations, seen: Seen) {
        let number = seen.at_ms.div_euclid(GENERATION_MS);
        let newest = self.generations.last_key_value().map(|(number, _)| *number);
        if newest.is_none_or(|newest| newest < number) {
            self.begin(number);
        }
        let after_ms = seen.at_ms.rem_euclid(GENERATION_MS);
        let after_ms = u16::try_from(after_ms).unwrap_or(u16::MAX);
        let generation = self.generations.entry(number).or_default();
        generation.insert(place, seen.report, after_ms);
        *reported |= bit(number);
    }

    /// Remembers the id of a report of which an older release knew nothing else.
    pub(crate) fn remember_id(&mut self, place: u32, reported: &mut Generations, seen: Seen) {
        let until_ms = seen.at_ms.saturating_add(REPEATED_REPORT_MS);
        self.by_id_until_ms = self.by_id_until_ms.max(Some(until_ms));
        self.remember(place, reported, seen);
    }

    /// Forgets the reports of a thing that is no more: another may get its place.
    pub(crate) fn forget(&mut self, place: u32, reported: Generations) {
        for (number, generation) in &mut self.generations {
            if reported & bit(*number) != 0 {
                generation.forget(place);
            }
        }
    }

    /// What is remembered of a thing, in the order of time.
    pub(crate) fn of_thing(&self, place: u32, reported: Generations) -> Vec<Seen> {
        let mut seen = Vec::new();
        for (number, generation) in &self.generations {
            if reported & bit(*number) != 0 {
                let begin_ms = number.saturating_mul(GENERATION_MS);
                generation.of_thing(place, |report, after_ms| {
                    let at_ms = begin_ms.saturating_add(after_ms.into());
                    seen.push(Seen { report, at_ms });
                });
            }
        }
        seen.sort_unstable_by_key(|seen| (seen.at_ms, seen.report));
        seen
    }

    fn holds(&self, place: u32, reported: Generations, at_ms: EpochMs, report: u64) -> bool {
        let number = at_ms.div_euclid(GENERATION_MS);
        let near = number.saturating_sub(GENERATIONS)..=number.saturating_add(GENERATIONS);
        self.generations.range(near).any(|(number, generation)| {
            let found = || generation.get(place, report);
            let begin_ms = number.saturating_mul(GENERATION_MS);
            let is_near = |after_ms: u16| {
                let then_ms = begin_ms.saturating_add(after_ms.into());
                at_ms.saturating_sub(then_ms).saturating_abs() < REPEATED_REPORT_MS
            };
            reported & bit(*number) != 0 && found().is_some_and(is_near)
        })
    }

    /// A generation begins: the one before it will hardly change, and old ones are forgotten.
    fn begin(&mut self, number: EpochMs) {
        if let Some(mut newest) = self.generations.last_entry() {
            newest.get_mut().end();
        }
        let oldest = number.saturating_sub(GENERATIONS);
        self.generations = self.generations.split_off(&oldest);
        let is_over = |until_ms: &EpochMs| *until_ms <= number.saturating_mul(GENERATION_MS);
        self.by_id_until_ms = self.by_id_until_ms.filter(|until_ms| !is_over(until_ms));
    }
}

fn bit(number: EpochMs) -> Generations {
    1 << (number & 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reports of one thing: `(at_ms, report, whether it is new)`.
    fn check(reports: &[(EpochMs, u64, bool)]) {
        let (mut repeats, mut reported) = (Repeats::default(), 0);
        for (at_ms, report, is_new) in reports {
            let found = repeats.is_new((7, &mut reported), *at_ms, (*report, 0));
            assert_eq!(found, *is_new, "{report} at {at_ms}");
        }
    }

    #[test]
    fn a_repeated_report_counts_once_within_ten_minutes() {
        check(&[
            (1_000, 5, true),
            (600_999, 5, false),
            (601_000, 5, true),
            (601_000, 6, true),
            (601_000, 5, false),
            (1_200_999, 5, false),
        ]);
    }

    #[test]
    fn however_many_there_are_in_between() {
        let many = (0..5_000).map(|report| (1_000 + report as i64, report, true));
        let again = (0..5_000).map(|report| (300_000 + report as i64, report, false));
        check(&many.chain(again).collect::<Vec<_>>());
    }

    #[test]
    fn what_comes_out_of_order_is_known_too() {
        check(&[(700_000, 1, true), (650_000, 2, true), (640_000, 2, false), (720_000, 1, false)]);
    }

    #[test]
    fn what_is_remembered_of_a_thing_can_be_told_and_restored() {
        let (mut repeats, mut one, mut other) = (Repeats::default(), 0, 0);
        for n in 0..100 {
            repeats.is_new((1, &mut one), n * 9_000, (n as u64, 0));
            repeats.is_new((2, &mut other), n * 9_000 + 1, (n as u64, 0));
        }
        let seen = repeats.of_thing(1, one);
        assert_eq!(seen.last(), Some(&Seen { report: 99, at_ms: 891_000 }));
        let (mut again, mut reported) = (Repeats::default(), 0);
        seen.iter().for_each(|seen| again.remember(9, &mut reported, *seen));
        assert_eq!(again.of_thing(9, reported), seen);
        assert!(!again.is_new((9, &mut reported), 900_000, (60, 0)));
    }
}
